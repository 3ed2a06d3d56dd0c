"""Fill and label: at once, over days, under a blank label; printed for any printer."""

from __future__ import annotations

from io import BytesIO

import pdfplumber
import pytest

from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text
from tests.support.clerk import fills, link_of, says, workplace
from tests.support.labels import printed, read
from tests.support.world import OIL

CREDIT = "91350100M000100Y43"


@pytest.fixture
def clerk(api: ApiWorld) -> AtWork:
    return workplace(api)


def test_who_has_no_kind_of_waste_is_told_what_comes_first(api: ApiWorld) -> None:
    assert "还没有登记废物种类" in at_work(api, "stranger").open("/fill")


def test_a_drum_is_filled_from_its_profile_and_its_label_is_there_at_once(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk, container_code="D-1", net="", gross="0.2024", tare="0.02", unit="t")
    thing = api.queries.container(drum).thing
    assert (thing.code, thing.name, thing.net_g, thing.container_code) == (OIL, "废机油", 182_400, "D-1")
    page = clerk.open(f"/labels/{drum}")
    assert "打印标签（PDF）" in page and "代码待发" in page
    pdf = clerk.get(f"/labels/{drum}.pdf")
    assert pdf.mimetype == "application/pdf"
    with pdfplumber.open(BytesIO(pdf.data)) as opened:
        words = opened.pages[0].extract_text()
    assert "废机油" in words and "182.4" in words and "D-1" in words
    zpl = clerk.get(f"/labels/{drum}.zpl").data
    assert [read(page) for page in printed(zpl)] == [[link_of(clerk, drum)]]
    assert clerk.get(f"/labels/{drum}.exe").status_code == 404


def test_what_does_not_fit_is_refused_with_what_was_expected(api: ApiWorld, clerk: AtWork) -> None:
    form = {"profile": api.yard["kept"]["profile"], "site": api.yard["shop"]["site"], "unit": "kg"}
    cases = (
        ({"gross": "19", "tare": "20"}, "重量不正确"),
        ({"net": "1.0005"}, "重量不正确"),
        ({"net": ""}, "请填写净重"),
        ({"net": "1", "label": "https://example.org"}, "这不是标签"),
        ({"net": "1", "profile": api.world.new("profile")}, "找不到"),
    )
    for wrong, words in cases:
        answer = clerk.post("/fill", form | wrong)
        assert answer.status_code in (404, 422) and words in text(answer), (wrong, text(answer))
    refused = clerk.client.post("/fill", data=form | {"net": "1.0005"}, headers={"Referer": "http://localhost/fill"})
    assert "/language/en?next=/fill" in refused.text, "the other language leads back to the form, not to what it sent"
    fills(api, clerk, container_code="D-1")
    again = clerk.post("/fill", form | {"net": "5", "container_code": "D-1"})
    assert (again.status_code, "正在使用" in text(again)) == (422, True)


def test_a_form_sent_twice_is_one_drum(api: ApiWorld, clerk: AtWork) -> None:
    once = {"id": api.world.uuid7(), "container_code": "D-1"}
    assert fills(api, clerk, **once) == fills(api, clerk, **once)
    assert len(api.queries.containers(holder=api.device["shop"].party)) == 1


def test_a_form_that_was_gone_back_to_and_filled_in_anew_is_another_drum(api: ApiWorld, clerk: AtWork) -> None:
    once = {"id": api.world.uuid7()}
    first, other = fills(api, clerk, container_code="D-1", **once), fills(api, clerk, container_code="D-2", **once)
    assert first != other and fills(api, clerk, container_code="D-2", **once) == other
    assert "没有找到" not in clerk.open("/scan?q=D-2")


def test_a_new_label_is_issued_and_stuck_on_at_once_and_sent_twice_it_is_one(api: ApiWorld, clerk: AtWork) -> None:
    drum, size = api.drum(), api.world.ledger.size()
    once = {"id": api.world.uuid7()}
    clerk.does(f"/containers/{drum}/bind", once)
    clerk.does(f"/containers/{drum}/bind", once)
    assert api.world.ledger.size() == size + 2, "issued, and bound"


def test_filling_over_days_has_no_mass_before_something_is_added(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk, over="days", net="", container_code="D-9")
    assert api.queries.container(drum).thing.status == "filling"
    assert "D-9" in clerk.open("/fill")
    clerk.does(f"/containers/{drum}/add", {"net": "60", "unit": "kg"})
    clerk.does(f"/containers/{drum}/add", {"net": "500", "unit": "g"})
    clerk.does(f"/containers/{drum}/close", {"gross": "80.2", "tare": "20", "unit": "kg"})
    thing = api.queries.container(drum).thing
    assert (thing.status, thing.net_g) == ("held", 60_200)
    late = clerk.post(f"/containers/{drum}/add", {"net": "1", "unit": "kg"})
    assert (late.status_code, "当前不能" in text(late)) == (409, True)


def test_a_roll_of_blank_labels_is_issued_once_and_one_is_bound_at_its_first_scan(api: ApiWorld, clerk: AtWork) -> None:
    once = {"id": api.world.uuid7(), "count": "3", "site": api.yard["shop"]["site"]}
    where = clerk.does("/labels/blank", once)
    assert clerk.does("/labels/blank", once) == where
    assert "空白标签 3 张" in clerk.open(where)
    files = where.partition("?")[0]
    links = [read(page)[0] for page in printed(clerk.get(f"{files}.zpl?count=3").data)]
    assert len(set(links)) == 3
    assert links[1:] == [read(page)[0] for page in printed(clerk.get(f"{files}.zpl?from=1&count=2").data)]
    assert "空白标签，尚未使用" in clerk.open(f"/scan?q={links[0]}")
    drum = fills(api, clerk, label=links[0])
    assert "180 kg" in clerk.open(f"/scan?q={links[0]}")
    assert api.queries.container(drum).flags == ()
    older = api.drum()
    clerk.does("/labels/bind", {"label": links[1], "container": older})
    assert "标签真实" in clerk.open(f"/scan?q={links[1]}")
    assert clerk.post("/labels/blank", once | {"id": "", "count": "1001"}).status_code == 422


def test_without_a_label_key_nothing_is_printed_and_it_says_who_makes_one(api: ApiWorld) -> None:
    carrier = at_work(api, "carrier")
    assert "还没有标签密钥" in carrier.open("/labels/blank")
    form = {"count": "3", "site": api.yard["carrier"]["site"]}
    assert "标签密钥" in text(carrier.post("/labels/blank", form))


def test_another_enterprise_prints_no_label_of_a_drum_that_it_does_not_hold(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk)
    api.manifest(drum)
    disposer = at_work(api, "disposer")
    assert disposer.get(f"/containers/{drum}").status_code == 200, "it is on a manifest to it"
    for form in ("", ".pdf", ".png"):
        assert disposer.get(f"/labels/{drum}{form}").status_code == 404, form


def test_a_digital_code_is_taken_printed_and_leads_back_to_its_drum(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk)
    refused = clerk.post(f"/labels/{drum}/digital-code", {})
    assert (refused.status_code, "信用代码未登记" in text(refused)) == (422, True)
    shop = api.device["shop"].party
    known = {"holder": shop, "name": "shop", "identifiers": [{"scheme": "uscc", "value": CREDIT}]}
    says(api, "party-amended", known)
    api.follow()
    clerk.does(f"/labels/{drum}/digital-code", {})
    given = f"{CREDIT}9002140820251009001"
    assert given in clerk.open(f"/labels/{drum}")
    with pdfplumber.open(BytesIO(clerk.get(f"/labels/{drum}.pdf").data)) as opened:
        assert given in opened.pages[0].extract_text().replace(" ", "")
    assert f"/containers/{drum}" in clerk.get(f"/scan?q={given}").text
    second = fills(api, clerk)
    clerk.does(f"/labels/{second}/digital-code", {})
    assert given[:-1] + "2" in clerk.open(f"/labels/{second}"), "from the same block"
