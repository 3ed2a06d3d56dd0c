"""The gate on its page: a decision on each container, one confirmation, and what refused containers do next."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, label_link, text

LIGHT, REFUSED, ABSENT = 180_000, 90_000, 60_000


@pytest.fixture
def gate(api: ApiWorld) -> AtWork:
    return at_work(api, "disposer")


def collected(api: ApiWorld, *drums: tuple[str, int]) -> str:
    """The address of a manifest on the road with these containers."""
    lines = [{"container": drum, "code": "900-214-08", "net_g": grams} for drum, grams in drums]
    manifest = api.manifest(drums[0][0], lines=lines)
    body = api.ends(manifest, drums[0][0]) | {"lines": lines}
    api.world.clock.advance(ms=60_000)
    assert api.say("carrier", "manifest-collected", body).status_code == 201
    api.follow()
    return f"/manifests/{manifest}"


def confirm(gate: AtWork, where: str, form: dict[str, Any]) -> str:
    """Go to the summary, send what it holds; where that leads to."""
    summary = gate.post(f"{where}/gate", form)
    assert summary.status_code == 200, text(summary)
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', summary.text)
    kept: dict[str, Any] = {}
    for name, value in inputs:
        kept.setdefault(name, []).append(value)
    return gate.does(f"{where}/received", kept)


def test_one_confirmation_says_what_came_light_what_was_refused_and_what_is_missing(
    api: ApiWorld, gate: AtWork
) -> None:
    light, refused, absent = api.drum(grams=LIGHT), api.drum(grams=REFUSED), api.drum(grams=ABSENT)
    where = collected(api, (light, LIGHT), (refused, REFUSED), (absent, ABSENT))
    assert "180 kg" in gate.open(f"{where}/gate")
    pallet = {"place": api.yard["shop"], "outer": api.world.new("container"), "members": [api.drum()]}
    assert api.say("shop", "containers-grouped", pallet).status_code == 201
    outer = gate.post(f"{where}/gate", {"unlisted_text": pallet["outer"], "unlisted_mass": "500", "unlisted_code": ""})
    assert (outer.status_code, "逐个扫描" in text(outer)) == (422, True), text(outer)
    form = {
        f"mass:{light}": "179.2", f"discrepancy:{light}": "quantity", "told": "李女士", "method": "R9",
        f"decision:{refused}": "refused", f"note:{refused}": "封口破损", f"decision:{absent}": "missing",
    }  # fmt: skip
    summary = text(gate.post(f"{where}/gate", form))
    assert "-800 g 超差" in summary and "拒收" in summary and "缺失" in summary
    assert "已到达" not in gate.open(where), "nothing was recorded by looking at the summary"
    confirm(gate, where, form)
    page = gate.open(where)
    assert "接受 数量不符" in page and "拒收" in page and "缺失" in page and "超差 -800 g" in page
    told = [step.fact.event.type for step in api.queries.history(where.rpartition("/")[2])]
    assert told == ["manifest-issued", "manifest-collected", "manifest-arrived", "manifest-received"]
    assert api.queries.container(light).thing.net_g == 179_200
    assert "收发重量差超过容许范围" in page and "到货缺少容器" in page and "第18条" in page
    assert "退运" in page and "改送" in at_work(api, "shop").open(where)


def test_what_was_not_decided_stays_expected_and_a_decision_is_made_once(api: ApiWorld, gate: AtWork) -> None:
    first, second = api.drum(), api.drum()
    where = collected(api, (first, 180_000), (second, 180_000))
    confirm(gate, where, {f"mass:{first}": "180"})
    page = gate.get(f"{where}/gate").text
    assert second in page and first not in page
    assert [s.fact.event.type for s in api.queries.history(where.rpartition("/")[2])].count("manifest-arrived") == 1
    confirm(gate, where, {f"mass:{second}": "180"})
    assert "已办结" in gate.open(where)
    assert gate.get(f"{where}/gate").status_code == 404


def test_a_container_is_accepted_only_with_a_mass_in_whole_grams(api: ApiWorld, gate: AtWork) -> None:
    drum = api.drum()
    where = collected(api, (drum, 180_000))
    for form, words in (
        ({}, "尚未对任何容器作出结论"),
        ({f"decision:{drum}": "accepted"}, "请填写重量"),
        ({f"mass:{drum}": "180.0005"}, "重量不正确"),
        ({f"mass:{drum}": "-1"}, "重量不正确"),
    ):
        answer = gate.post(f"{where}/gate", form)
        assert (answer.status_code, words in text(answer)) == (422, True), form


def test_what_came_unlisted_is_added_by_its_label_with_or_without_a_record(api: ApiWorld, gate: AtWork) -> None:
    listed, extra, unknown = api.drum(), api.drum(grams=50_000), api.world.new("container")
    where = collected(api, (listed, 180_000))
    without = {"unlisted_text": [unknown], "unlisted_mass": ["7"], "unlisted_code": [""]}
    answer = gate.post(f"{where}/gate", without)
    assert (answer.status_code, "请填写废物代码" in text(answer)) == (422, True)
    form = {
        f"mass:{listed}": "180",
        "unlisted_text": [label_link(extra, api.world.new("label")), unknown],
        "unlisted_mass": ["50", "7"],
        "unlisted_code": ["", "900-249-08"],
    }
    assert text(gate.post(f"{where}/gate", form)).count("联单未列") == 2
    confirm(gate, where, form)
    assert gate.get(where).text.count(">联单未列<") == 2
    assert {f.rule for f in api.queries.container(extra).flags} >= {"not-on-manifest"}


def test_what_was_said_to_stay_behind_and_came_is_no_unlisted_container(api: ApiWorld, gate: AtWork) -> None:
    drum, behind = api.drum(), api.drum(grams=20_000)
    lines = [{"container": each, "code": "900-214-08", "net_g": g} for each, g in ((drum, 180_000), (behind, 20_000))]
    manifest = api.manifest(drum, lines=lines)
    left = [{"container": behind, "reason": "no-room"}]
    api.world.clock.advance(ms=60_000)
    body = api.ends(manifest, drum) | {"left_behind": left}
    assert api.say("carrier", "manifest-collected", body).status_code == 201
    api.follow()
    form = {f"mass:{drum}": "180", "unlisted_text": behind, "unlisted_mass": "20", "unlisted_code": ""}
    assert "未记装运" in text(gate.post(f"/manifests/{manifest}/gate", form))
    confirm(gate, f"/manifests/{manifest}", form)
    assert ">联单未列<" not in gate.get(f"/manifests/{manifest}").text
    assert "not-on-manifest" not in {flag.rule for flag in api.queries.container(behind).flags}


def test_another_partys_containers_cannot_be_looked_up_by_their_code(api: ApiWorld, gate: AtWork) -> None:
    drum = api.drum()
    where = collected(api, (drum, 180_000))
    secret = api.world.new("container")
    body = api.filling(secret, "stranger") | {"container_code": "S-001"}
    assert api.say("stranger", "container-filled", body).status_code == 201
    api.follow()
    form = {"unlisted_text": ["S-001"], "unlisted_mass": ["5"], "unlisted_code": [""]}
    answer = gate.post(f"{where}/gate", form)
    assert answer.status_code == 404 and "废机油" not in text(answer)


def test_of_a_load_accepted_in_part_the_rest_is_still_expected_or_goes_back(api: ApiWorld, gate: AtWork) -> None:
    load, shop = api.world.new("container"), at_work(api, "shop")
    assert api.say("shop", "container-filled", api.filling(load) | {"kind": "load"}).status_code == 201
    where = collected(api, (load, 180_000))
    form = {f"mass:{load}": "100", f"decision:{load}": "accepted-in-part"}
    assert "部分接受" in text(gate.post(f"{where}/gate", form))
    confirm(gate, where, form)
    assert "80 kg" in gate.open(f"{where}/gate") and "80 kg" in gate.open(f"{where}/return")
    gate.does(f"{where}/return", {"container": load})
    shop.does(f"{where}/take-back", {"container": load, f"mass:{load}": "80"})
    page = shop.open(where)
    assert "已退回" in page and "一致" in page, "100 kg stayed, 80 kg came back: nothing is missing"


def test_refused_containers_go_back_and_are_weighed_again(api: ApiWorld, gate: AtWork) -> None:
    drum, shop = api.drum(), at_work(api, "shop")
    where = collected(api, (drum, 180_000))
    confirm(gate, where, {f"decision:{drum}": "refused"})
    gate.does(f"{where}/return", {"container": drum, "vehicle": "蒙K00001"})
    assert "收回退运" in shop.open("/manifests?show=mine")
    lacking = shop.post(f"{where}/take-back", {"container": drum})
    assert (lacking.status_code, "重量不正确" in text(lacking)) == (422, True)
    shop.does(f"{where}/take-back", {"container": drum, f"mass:{drum}": "179"})
    assert "已退回" in shop.open(where) and api.queries.container(drum).thing.net_g == 179_000


def test_refused_containers_go_on_to_another_consignee_whose_gate_they_reach(api: ApiWorld, gate: AtWork) -> None:
    drum, shop, other = api.drum(), at_work(api, "shop"), at_work(api, "stranger")
    where = collected(api, (drum, 180_000))
    confirm(gate, where, {f"decision:{drum}": "refused"})
    shop.does(f"{where}/redirect", {"container": drum, "to": api.yard["stranger"]["site"]})
    assert "已改送" in shop.open(where)
    confirm(other, where, {f"mass:{drum}": "180"})
    assert "已办结" in other.open(where)


def test_the_driver_says_that_the_load_is_at_the_gate_and_decides_nothing(api: ApiWorld) -> None:
    drum = api.drum()
    where = collected(api, (drum, 180_000))
    carrier, driver = at_work(api, "carrier"), at_work(api, "dan", "driver", "carrier")
    carrier.does(f"{where}/trip", {"vehicle": "蒙K00001", "driver": api.actor["dan"].person})
    driver.does(f"{where}/arrive", {"container": drum})
    assert "已到达" in driver.open(where)
    assert driver.get(f"{where}/gate").status_code == 403
    assert driver.post(f"{where}/received", {f"mass:{drum}": "180"}).status_code == 403
