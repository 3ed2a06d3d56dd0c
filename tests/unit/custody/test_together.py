"""Exceptions that only many records together show: gaps that add up, approvals used up, drums in use twice, silence."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.flags import Flag
from tests.support.told import Scene, load, verdict, weighed

END = "2026-09-30T00:00:00.000Z"
OIL = "900-249-08"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def together(scene: Scene, rule: str, as_of: str = END) -> list[Flag]:
    return [f for f in scene.told.together(as_of) if f.rule == rule and f.opened_at <= as_of]


def journey(scene: Scene, n: int, grams: int, got: int | None = None, to: str = "refinery", **when: str) -> str:
    """A drum filled and sent, alone on a manifest; received with another weight if `got` says so."""
    drum = scene.fill(n, grams)
    run = scene.run(n, to)
    gate = {"refinery": "refinery-gate", "far-plant": "far-gate"}[to]
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum, grams)]}, **when) == ""
    line = verdict(drum, grams=grams if got is None else got) | {"listed_g": grams}
    assert scene.say(gate, "manifest-received", run | {"lines": [line]}) == ""
    return drum


# -- gaps that add up --------------------------------------------------------------------------------------------------


def test_gaps_within_the_tolerance_that_all_go_one_way_are_flagged_from_the_fifth_weighing_of_the_month(
    scene: Scene,
) -> None:
    for n in range(4):
        journey(scene, n, 100_000, 99_550)
    assert together(scene, "net-difference") == []
    journey(scene, 4, 100_000, 99_550)
    (flag,) = together(scene, "net-difference")
    assert (flag.object, flag.grams, flag.holder) == (
        scene.place("garage-yard")["site"], 5 * 450, scene.party("garage")
    )  # fmt: skip
    assert flag.key == f"{scene.party('refiner')} 2026-08"
    assert flag.opened_at == scene.said[-1].at and not flag.closed_at


def test_gaps_that_even_out_are_not_flagged_and_end_the_flag(scene: Scene) -> None:
    for n in range(5):
        journey(scene, n, 100_000, 99_550 if n % 2 else 100_450)
    assert together(scene, "net-difference") == []
    for n in range(5, 14):
        journey(scene, n, 100_000, 99_550)
    (flag,) = together(scene, "net-difference")
    assert not flag.closed_at
    for n in range(14, 24):
        journey(scene, n, 100_000, 100_450)
    (flag,) = together(scene, "net-difference")
    assert flag.closed_at


def test_a_gap_beyond_the_tolerance_has_its_own_flag_and_is_not_counted_again(scene: Scene) -> None:
    for n in range(6):
        journey(scene, n, 100_000, 90_000)
    assert together(scene, "net-difference") == []
    assert {rule for rule, *_ in scene.told.flags(END)} >= {"mass-difference"}


def test_the_limit_is_a_setting_of_the_sender(scene: Scene) -> None:
    for n in range(5):
        journey(scene, n, 100_000, 99_550)
    setting = {"name": "net-tolerance-ppm", "value": 4_500, "effective_from": "2026-01-01"}
    assert scene.say("settings", "setting-adopted", setting | {"scope": scene.party("garage")}) == ""
    assert together(scene, "net-difference") == []
    assert scene.say("settings", "setting-adopted", setting | {"scope": scene.party("garage"), "value": 4_499}) == ""
    assert len(together(scene, "net-difference")) == 1


def test_a_closed_rectification_of_the_site_ends_the_flag(scene: Scene) -> None:
    for n in range(5):
        journey(scene, n, 100_000, 99_550)
    site = scene.place("garage-yard")["site"]
    order = {"holder": scene.party("garage"), "concerns": site, "until": "2026-09-01", "order": "a" * 64}
    assert scene.say("supervision", "rectification-ordered", order) == ""
    closing = {"holder": scene.party("garage"), "ordered": scene.said[-1].id}
    assert scene.say("supervision", "rectification-closed", closing) == ""
    (flag,) = together(scene, "net-difference")
    assert (flag.closed_at, flag.closed_by) == (scene.said[-1].at, scene.said[-1].statement)


# -- approvals to cross a border ---------------------------------------------------------------------------------------


def approve(scene: Scene, n: int = 1, **terms: Any) -> str:
    body = {
        "approval": scene.id("approval", n), "sender": scene.party("garage"), "receiver": scene.party("faraway"),
        "codes": [OIL], "valid_from": "2026-08-01", "valid_until": "2027-07-31",
    }  # fmt: skip
    assert scene.say("licensing", "cross-province-approved", body | terms) == ""
    return str(body["approval"])


def test_more_than_the_mass_of_an_approval_is_flagged_on_it_and_no_gram_less(scene: Scene) -> None:
    approval = approve(scene, mass_g=200_000)
    journey(scene, 1, 100_000, to="far-plant")
    journey(scene, 2, 100_000, to="far-plant")
    assert together(scene, "approval-exceeded") == []
    journey(scene, 3, 1_000, to="far-plant")
    (flag,) = together(scene, "approval-exceeded")
    assert (flag.object, flag.key, flag.grams, flag.detail) == (approval, "mass", 1_000, "201000 / 200000")


def test_more_shipments_than_approved_are_flagged_however_small(scene: Scene) -> None:
    approve(scene, shipments=2)
    journey(scene, 1, 1_000, to="far-plant")
    journey(scene, 2, 1_000, to="far-plant")
    assert together(scene, "approval-exceeded") == []
    journey(scene, 3, 1_000, to="far-plant")
    (flag,) = together(scene, "approval-exceeded")
    assert (flag.key, flag.grams, flag.detail) == ("shipments", 0, "3 / 2")


def test_what_an_older_approval_has_no_room_for_goes_under_the_newer(scene: Scene) -> None:
    approve(scene, 1, mass_g=100_000)
    approve(scene, 2, mass_g=100_000, valid_from="2026-08-02")
    journey(scene, 1, 100_000, to="far-plant")
    journey(scene, 2, 100_000, to="far-plant")
    assert together(scene, "approval-exceeded") == []
    journey(scene, 3, 500, to="far-plant")
    (flag,) = together(scene, "approval-exceeded")
    assert flag.object == scene.id("approval", 2)


def test_journeys_within_the_province_use_no_approval_up(scene: Scene) -> None:
    approve(scene, mass_g=1_000, receiver=scene.party("refiner"))
    journey(scene, 1, 100_000)
    assert together(scene, "approval-exceeded") == []


@pytest.mark.parametrize(("day", "flagged"), [("2027-07-31", False), ("2027-08-01", True)])
def test_an_approval_holds_for_twelve_months_whatever_it_says(scene: Scene, day: str, flagged: bool) -> None:
    approve(scene, valid_until="2029-07-31")
    journey(scene, 1, 100_000, to="far-plant", at=f"{day}T04:00:00.000Z")
    rules = {rule for rule, *_ in scene.told.flags("2027-08-01T08:00:00.000Z")}
    assert ("no-approval" in rules) == flagged


# -- drums that come back ----------------------------------------------------------------------------------------------


def filled(scene: Scene, n: int, asset: str = "A-17", who: str = "garage") -> str:
    drum = scene.id("container", n)
    site = {"garage": "garage-yard", "coating": "coating-yard"}[who]
    body = {"container": drum, "place": scene.place(site), "kind": "package", "code": OIL, "name": "废机油"}
    assert scene.say(f"{who}-clerk", "container-filled", body | {"mass": weighed(10_000), "asset": asset}) == ""
    return drum


def emptied(scene: Scene, drum: str) -> None:
    body = {"container": drum, "place": scene.place("garage-yard"), "code": OIL, "rest_g": 10_000}
    assert scene.say("garage-clerk", "container-emptied", body) == ""


def test_a_drum_filled_again_before_it_was_emptied_is_flagged_until_one_of_the_two_is(scene: Scene) -> None:
    first, second = filled(scene, 1), filled(scene, 2)
    (flag,) = together(scene, "asset-in-use")
    assert (flag.object, flag.key, flag.closed_at) == (second, first, "")
    emptied(scene, first)
    (flag,) = together(scene, "asset-in-use")
    assert flag.closed_at == scene.said[-1].at


def test_a_drum_filled_again_after_it_was_emptied_is_not_flagged(scene: Scene) -> None:
    emptied(scene, filled(scene, 1))
    filled(scene, 2)
    assert together(scene, "asset-in-use") == []


def test_two_parties_may_call_a_drum_the_same(scene: Scene) -> None:
    filled(scene, 1)
    filled(scene, 2, who="coating")
    filled(scene, 3, asset="A-18")
    assert together(scene, "asset-in-use") == []


# -- what a licence allows ---------------------------------------------------------------------------------------------


def test_repacking_at_the_disposer_receives_nothing_a_second_time(scene: Scene) -> None:
    licence = {
        "licence": scene.id("licence", 1), "holder": scene.party("refiner"), "number": "示证 Q 号", "annual_g": 190_000,
        "kind": "comprehensive", "valid_from": "2026-01-01", "valid_until": "2026-12-31",
    }  # fmt: skip
    assert scene.say("licensing", "licence-granted", licence) == ""
    drum = journey(scene, 1, 100_000)
    target = {"container": scene.id("container", 2), "kind": "package", "name": "废机油", "new": True}
    repacked = {"place": scene.place("refinery"), "reason": "repack", "sources": [load(drum)]}
    body = repacked | {"targets": [load(drum) | target]}
    assert scene.say("refinery-gate", "contents-transferred", body) == ""
    assert {rule for rule, *_ in scene.told.flags(END)} & {"licence-quantity", "licence-nearly-full"} == set()
    journey(scene, 3, 90_000)
    assert "licence-nearly-full" in {rule for rule, *_ in scene.told.flags(END)}


# -- silence -----------------------------------------------------------------------------------------------------------


def planned(scene: Scene, grams: int) -> None:
    plan = {
        "plan": scene.id("plan", 1), "holder": scene.party("garage"), "site": scene.place("garage-yard")["site"],
        "year": 2026, "lines": [{"code": OIL, "generated_g": grams}],
    }  # fmt: skip
    assert scene.say("garage-clerk", "plan-filed", plan, at="2026-08-01T00:00:00.000Z") == ""


def silent(scene: Scene, as_of: str) -> list[Flag]:
    return together(scene, "silent-devices", as_of)


def test_an_enterprise_that_plans_ten_tonnes_and_says_nothing_for_a_fortnight_is_flagged(scene: Scene) -> None:
    planned(scene, 10_000_000)
    scene.fill(at="2026-08-03T02:00:00.000Z")
    assert silent(scene, "2026-08-17T15:59:59.999Z") == []
    (flag,) = silent(scene, "2026-08-17T16:00:00.000Z")
    assert (flag.object, flag.holder) == (scene.place("garage-yard")["site"], scene.party("garage"))
    scene.fill(2, at="2026-08-18T02:00:00.000Z")
    assert silent(scene, "2026-08-18T02:00:00.000Z") == []
    # What it said since tells nothing of a moment before.
    assert silent(scene, "2026-08-17T16:00:00.000Z") == []


def test_an_enterprise_with_little_waste_may_be_silent_and_so_may_one_without_a_plan(scene: Scene) -> None:
    scene.fill(at="2026-08-03T02:00:00.000Z")
    assert silent(scene, END) == []
    planned(scene, 9_999_999)
    assert silent(scene, END) == []


def test_how_long_is_a_setting_of_the_site(scene: Scene) -> None:
    planned(scene, 10_000_000)
    scene.fill(at="2026-08-03T02:00:00.000Z")
    setting = {"name": "silence-days", "value": 30, "effective_from": "2026-01-01"}
    assert scene.say("settings", "setting-adopted", setting | {"scope": scene.place("garage-yard")["site"]}) == ""
    assert silent(scene, "2026-08-31T00:00:00.000Z") == []
    assert len(silent(scene, END)) == 1
