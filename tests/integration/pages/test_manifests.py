"""Manifests on pages: issued, picked up, handed over, shown at the roadside, cancelled; strangers see none of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text


@pytest.fixture
def shop(api: ApiWorld) -> AtWork:
    return at_work(api, "shop")


def ends(api: ApiWorld) -> dict[str, Any]:
    return {"to": api.yard["disposer"]["site"], "carrier": api.device["carrier"].party}


def issued(api: ApiWorld, shop: AtWork, *containers: str, **more: Any) -> str:
    """The address of a manifest that the shop issued on its page."""
    where = shop.does("/manifests", {"container": list(containers)} | ends(api) | more)
    return where.partition("?")[0]


def test_a_manifest_is_checked_before_it_is_issued_and_then_waits_for_its_carrier(api: ApiWorld, shop: AtWork) -> None:
    drum = api.drum()
    form = {"container": drum} | ends(api) | {"emergency_phone": "0477-119", "planned": "2025-10-10"}
    checked = text(shop.post("/manifests/new", form))
    assert "有权接收 将产生异常 没有有效许可证" in checked and "第80条" in checked
    assert api.queries.manifests() == [], "checking records nothing"
    where = issued(api, shop, drum, emergency_phone="0477-119", planned="2025-10-10")
    shown = shop.open(where)
    assert "已开具" in shown and "0477-119" in shown and "2025-10-10" in shown and "180 kg" in shown
    assert "没有可转移的容器" in shop.open("/manifests/new"), "it is on an open manifest now"
    assert "起运" in at_work(api, "carrier").open("/manifests?show=mine")


def test_a_manifest_needs_a_container_that_is_in_store_and_on_no_other(api: ApiWorld, shop: AtWork) -> None:
    drum = api.drum()
    nothing = shop.post("/manifests", ends(api))
    assert (nothing.status_code, "至少选择一个容器" in text(nothing)) == (422, True)
    issued(api, shop, drum)
    again = shop.post("/manifests", {"container": drum} | ends(api))
    assert (again.status_code, "不在本单位库存中" in text(again)) == (422, True)


def test_what_is_impounded_is_not_offered(api: ApiWorld, shop: AtWork) -> None:
    drum = api.drum()
    assert drum in shop.get("/manifests/new").text
    seized = {"container": drum, "place": api.yard["shop"], "reason": "evidence"}
    assert api.world.authority.say("container-impounded", seized).outcome == "recorded"
    api.follow()
    assert "没有可转移的容器" in shop.open("/manifests/new")


def test_a_stranger_is_answered_as_if_there_were_no_manifest(api: ApiWorld, shop: AtWork) -> None:
    where = issued(api, shop, api.drum())
    stranger = at_work(api, "stranger")
    for page in ("", "/pick-up", "/gate", "/roadside", "/trip", "/cancel", "/return", "/redirect", "/hand-over"):
        assert stranger.get(where + page).status_code == 404, page
    for page in ("/pick-up", "/received", "/cancel", "/hand-over"):
        assert stranger.post(where + page, {"container": "x"}).status_code == 404, page
    assert "没有等您办理的联单" in stranger.open("/manifests")


def test_a_driver_sees_the_manifest_from_the_moment_a_trip_names_him(api: ApiWorld, shop: AtWork) -> None:
    drum, carrier = api.drum(), at_work(api, "carrier")
    where = issued(api, shop, drum)
    driver = at_work(api, "dan", "driver", "carrier")
    assert driver.get(where).status_code == 404
    carrier.does(f"{where}/trip", {"vehicle": "蒙K00001", "driver": api.actor["dan"].person})
    assert "起运" in driver.open("/manifests?show=mine")
    assert 'value="蒙K00001"' in driver.get(f"{where}/pick-up").text
    driver.does(f"{where}/pick-up", {"container": drum, "vehicle": "蒙K00001"})
    assert "在途" in shop.open(where)
    assert driver.post(f"{where}/cancel", {"reason": "mistake"}).status_code == 403


def test_every_container_is_aboard_or_its_staying_explained(api: ApiWorld, shop: AtWork) -> None:
    loaded, left = api.drum(), api.drum()
    where = issued(api, shop, loaded, left)
    carrier = at_work(api, "carrier")
    unsaid = carrier.post(f"{where}/pick-up", {"container": loaded})
    assert (unsaid.status_code, "请扫码装车，或填写未装运原因" in text(unsaid)) == (422, True)
    form = {
        "container": loaded,
        f"reason:{left}": "damaged",
        f"note:{left}": "漏油",
        f"photo:{left}": f"sha256:{'a' * 64}",
    }
    carrier.does(f"{where}/pick-up", form | {"vehicle": "蒙K00001", "driver_name": "王师傅"})
    page = carrier.open(where)
    assert "未装运 破损" in page and "王师傅" in page
    assert "王师傅" not in shop.open(where), "names are for the own party's readers"
    assert left in shop.get("/manifests/new").text, "what stayed behind may go on another manifest"


def test_a_label_that_differs_from_the_manifest_is_refused_with_the_law(api: ApiWorld, shop: AtWork) -> None:
    drum = api.drum()
    where = issued(api, shop, drum)
    body = {
        "container": drum, "place": api.yard["shop"], "old_code": "900-214-08", "new_code": "900-249-08",
        "net_g": 180_000, "cause": "error",
    }  # fmt: skip
    answer = api.say("shop", "waste-reclassified", body)
    assert answer.status_code == 201, answer.json
    api.follow()
    refused = at_work(api, "carrier").post(f"{where}/pick-up", {"container": drum})
    assert refused.status_code == 409
    assert "标签与联单不一致，不得装运" in text(refused) and "第13条" in text(refused)


def test_the_load_is_handed_over_and_proves_itself_at_the_roadside(api: ApiWorld, shop: AtWork) -> None:
    drum, carrier = api.drum(), at_work(api, "carrier")
    where = issued(api, shop, drum, emergency_phone="0477-119")
    assert carrier.get(f"{where}/roadside").status_code == 404, "nothing is on the road yet"
    carrier.does(f"{where}/pick-up", {"container": drum, "vehicle": "蒙K00001"})
    to = api.device["stranger"].party
    carrier.does(
        f"{where}/hand-over", {"container": drum, "to_carrier": to, "where": "K12 服务区", "vehicle": "蒙K00002"}
    )
    page = at_work(api, "stranger").get(f"{where}/roadside")
    assert "tel:0477-119" in page.text and "180 kg" in page.text and "废机油" in page.text
    assert page.text.count("data-receipt") == 3 and page.text.count("c2sp.org/tlog-proof@v1") == 3
    assert "蒙K00002 K12 服务区" in shop.open(where)
    again = carrier.get(f"{where}/hand-over")
    assert again.status_code == 404, "it has handed the load on"


def test_a_manifest_is_cancelled_with_its_reason_until_it_has_started(api: ApiWorld, shop: AtWork) -> None:
    first, second = api.drum(), api.drum()
    where = issued(api, shop, first)
    shop.does(f"{where}/cancel", {"reason": "carrier-did-not-come"})
    assert "已取消" in shop.open(where) and first in shop.get("/manifests/new").text
    started = issued(api, shop, second)
    at_work(api, "carrier").does(f"{started}/pick-up", {"container": second})
    refused = shop.post(f"{started}/cancel", {"reason": "mistake"})
    assert (refused.status_code, "已起运或到达，不能取消" in text(refused)) == (409, True)


def test_a_double_click_records_once_and_leads_where_the_first_one_led(api: ApiWorld, shop: AtWork) -> None:
    form = {"container": api.drum(), "id": api.world.uuid7()} | ends(api)
    assert shop.does("/manifests", form) == shop.does("/manifests", form)
    assert len(api.queries.manifests()) == 1
    where, carrier = shop.does("/manifests", form).partition("?")[0], at_work(api, "carrier")
    aboard = {"container": form["container"], "id": api.world.uuid7()}
    assert carrier.does(f"{where}/pick-up", aboard) == carrier.does(f"{where}/pick-up", aboard)
    # Somebody else's id leads nowhere: it is no way to learn of what others said.
    assert "done=" + form["id"] not in str(carrier.post("/manifests", form).headers.get("Location"))


def test_what_crosses_a_province_without_approval_is_foreseen(api: ApiWorld, shop: AtWork) -> None:
    drum, other = api.drum(), api.world.new("container")
    near, far = api.world.new("site"), api.world.new("site")
    for who, site, region in (("shop", near, "150602"), ("disposer", far, "610802")):
        body = {"holder": api.device[who].party, "site": site, "name": "远方厂区", "region": region}
        assert api.say(who, "site-registered", body).status_code == 201
    assert api.say("shop", "container-filled", api.world.filled(api.device["shop"], near, other)).status_code == 201
    api.follow()
    form = {"carrier": api.device["carrier"].party, "to": far}
    assert "跨省转移批准 将产生异常" in text(shop.post("/manifests/new", form | {"container": other}))
    assert "跨省" not in text(shop.post("/manifests/new", form | {"container": drum})), "its site names no region"


def test_the_list_filters_by_its_address_and_downloads(api: ApiWorld, shop: AtWork) -> None:
    where = issued(api, shop, api.drum(), number="20261506000001")
    issued(api, shop, api.drum())
    found = shop.get("/manifests?number=20261506000001&show=under-way").text
    assert where in found and found.count('href="/manifests/manifest:') == 1
    file = shop.get("/manifests?table=under-way&as=csv")
    assert file.data.decode("utf-8-sig").count("\n") == 3 and "20261506000001" in file.data.decode()
