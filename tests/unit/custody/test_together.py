"""Exceptions that only many records together show: gaps that add up, approvals used up, drums in use twice, silence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.custody.assets import Use, asset_flags
from ledger.custody.flags import Flag
from ledger.custody.hauls import Haul, approval_flags, hauls_of, net_gap_flags
from ledger.custody.silence import silence_flags
from tests.support.told import CN, Scene, load, verdict, weighed

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


@pytest.mark.parametrize(
    ("day", "flagged"), [("2026-08-03", True), ("2026-08-04", False), ("2026-08-06", False), ("2026-08-07", True)]
)
def test_an_approval_holds_on_its_first_and_on_its_last_day(scene: Scene, day: str, flagged: bool) -> None:
    approve(scene, valid_from="2026-08-04", valid_until="2026-08-06")
    journey(scene, 1, 100_000, to="far-plant", at=f"{day}T04:00:00.000Z")
    assert ("no-approval" in {rule for rule, *_ in scene.told.flags(END)}) == flagged


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


def test_a_drum_whose_loss_was_determined_is_in_use_no_more(scene: Scene) -> None:
    lost = {"container": filled(scene, 1), "place": scene.place("garage-yard"), "code": OIL, "net_g": 10_000}
    assert scene.say("garage-clerk", "container-lost", lost | {"stage": "held", "reason": "stolen"}) == ""
    assert scene.say("supervision", "loss-determined", lost | {"outcome": "process-loss"}) == ""
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


# -- term by term, from journeys made by hand --------------------------------------------------------------------------


def haul(scene: Scene, n: int = 1, **more: Any) -> Haul:
    """A journey of 100 kg from the garage to the far plant, on 4 August, weighed with no gap."""
    told: dict[str, Any] = {
        "container": scene.id("container", n), "journey": scene.id("manifest", n), "sender": scene.party("garage"),
        "sender_site": scene.place("garage-yard")["site"], "receiver": scene.party("faraway"),
        "receiver_site": scene.place("far-plant")["site"], "code": OIL, "collected_at": f"2026-08-04T0{n}:00:00.000Z",
        "decided_at": f"2026-08-05T0{n}:00:00.000Z", "month": "2026-08", "sent_g": 100_000, "gap_g": 0,
    }  # fmt: skip
    return Haul(**told | more)


def netted(scene: Scene, *hauls: Haul) -> list[Flag]:
    return list(net_gap_flags(hauls, CN, scene.told.registry))


def test_a_net_difference_says_whose_with_whom_in_which_month_and_from_what(scene: Scene) -> None:
    hauls = [haul(scene, n, gap_g=(-1) ** n * 500) for n in range(4)] + [haul(scene, 4, gap_g=1_251)]
    site, receiver = hauls[0].sender_site, hauls[0].receiver
    assert netted(scene, *hauls) == [
        Flag(
            rule="net-difference", object=site, key=f"{receiver} 2026-08", grams=1_251, holder=scene.party("garage"),
            site=site, detail=f"{receiver} 2026-08 5 × 1251 / 500000", opened_at=hauls[4].decided_at, opened_by="",
            closed_at="", closed_by="",
        )
    ]  # fmt: skip
    assert netted(scene, *hauls[:4], haul(scene, 4, gap_g=1_250)) == []
    (gained,) = netted(scene, *hauls[:4], haul(scene, 4, gap_g=-1_251))
    assert (gained.grams, gained.detail) == (1_251, f"{receiver} 2026-08 5 × -1251 / 500000")


def test_other_senders_receivers_and_months_are_other_sums(scene: Scene) -> None:
    one_way = [haul(scene, n, gap_g=450) for n in range(4)]
    last = haul(scene, 4, gap_g=450)
    for other in (replace(last, sender_site="s"), replace(last, receiver="r"), replace(last, month="2026-09")):
        assert netted(scene, *one_way, other) == []
    assert len(netted(scene, *one_way, last)) == 1


def test_a_net_difference_opens_once_and_closes_when_it_first_evens_out_for_good(scene: Scene) -> None:
    gaps = [450, 450, 450, 450, 450, -450, -450, 450, -450, -450]
    hauls = [haul(scene, n, gap_g=gap) for n, gap in enumerate(gaps[:9])]
    # Nets over five to nine weighings: 2250, 1800, 1350, 1800, 1350 g of 500 to 900 kg at a quarter of a percent.
    (flag,) = netted(scene, *hauls)
    assert (flag.opened_at, flag.closed_at) == (hauls[4].decided_at, hauls[6].decided_at)


def test_the_order_in_which_journeys_are_read_changes_nothing(scene: Scene) -> None:
    hauls = [haul(scene, n, gap_g=450) for n in range(6)]
    assert netted(scene, *reversed(hauls)) == netted(scene, *hauls)


def test_an_approval_that_is_used_up_says_by_how_much_and_until_it_was_put_right(scene: Scene) -> None:
    approval = approve(scene, mass_g=150_000, shipments=1)
    hauls = [haul(scene, n) for n in (1, 2)]
    found = {f.key: f for f in approval_flags(hauls, CN, scene.told.registry)}
    assert found["mass"] == Flag(
        rule="approval-exceeded", object=approval, key="mass", grams=50_000, holder=scene.party("garage"), site="",
        detail="200000 / 150000", opened_at=hauls[1].collected_at, opened_by="", closed_at="", closed_by="",
    )  # fmt: skip
    assert (found["shipments"].grams, found["shipments"].detail) == (0, "2 / 1")
    order = {"holder": scene.party("garage"), "concerns": approval, "until": "2026-12-01", "order": "a" * 64}
    # Of something else, as it was ordered when this had just begun.
    assert scene.say("supervision", "rectification-ordered", order, at=hauls[1].collected_at) == ""
    earlier = {"holder": scene.party("garage"), "ordered": scene.said[-1].id}
    assert scene.say("supervision", "rectification-closed", earlier, at="2026-08-31T00:00:00.000Z") == ""
    assert {f.closed_at for f in approval_flags(hauls, CN, scene.told.registry)} == {""}
    assert scene.say("supervision", "rectification-ordered", order, at="2026-09-01T00:00:00.000Z") == ""
    closing = {"holder": scene.party("garage"), "ordered": scene.said[-1].id}
    assert scene.say("supervision", "rectification-closed", closing, at="2026-09-02T00:00:00.000Z") == ""
    ended = {(f.closed_at, f.closed_by) for f in approval_flags(hauls, CN, scene.told.registry)}
    assert ended == {("2026-09-02T00:00:00.000Z", scene.said[-1].statement)}


def test_two_containers_of_one_journey_are_one_shipment(scene: Scene) -> None:
    approve(scene, shipments=1)
    together_ = [haul(scene, n, journey=scene.id("manifest", 1)) for n in (1, 2)]
    assert list(approval_flags(together_, CN, scene.told.registry)) == []


@pytest.mark.parametrize(
    "other",
    [{"sender": "x"}, {"receiver": "x"}, {"code": "900-214-08"}, {"collected_at": "2026-07-31T15:59:59.999Z"},
     {"receiver_site": "x"}],
)  # fmt: skip
def test_what_an_approval_does_not_cover_does_not_use_it_up(scene: Scene, other: dict[str, Any]) -> None:
    approve(scene, mass_g=99_999)
    assert len(list(approval_flags([haul(scene)], CN, scene.told.registry))) == 1
    assert list(approval_flags([haul(scene, **other)], CN, scene.told.registry)) == []


def test_a_journey_is_a_haul_with_what_was_tolerated_and_from_when_it_was_weighed(scene: Scene) -> None:
    drum = journey(scene, 1, 100_000, 99_600, to="far-plant")
    (made,) = hauls_of(scene.container(drum), CN, scene.told.registry)
    collected, received = scene.said[-2].at, scene.said[-1].at
    assert made == haul(scene, 1, collected_at=collected, decided_at=received, gap_g=400)
    more = journey(scene, 2, 100_000, 100_300)
    (gained,) = hauls_of(scene.container(more), CN, scene.told.registry)
    assert (gained.gap_g, gained.receiver) == (-300, scene.party("refiner"))
    beyond = journey(scene, 3, 100_000, 90_000)
    (stolen,) = hauls_of(scene.container(beyond), CN, scene.told.registry)
    assert (stolen.gap_g, stolen.decided_at) == (0, scene.said[-1].at)


def test_on_the_road_unweighed_missing_or_returned_it_has_left_and_was_not_weighed(scene: Scene) -> None:
    def only(drum: str) -> Haul:
        (made,) = hauls_of(scene.container(drum), CN, scene.told.registry)
        return made

    drums = [scene.fill(n) for n in range(1, 5)]
    assert list(hauls_of(scene.container(drums[0]), CN, scene.told.registry)) == []
    for n, drum in enumerate(drums, 1):
        issued = scene.run(n) | {"lines": [load(drum)]}
        assert scene.say("garage-clerk", "manifest-issued", issued) == ""
        assert scene.say("driver", "manifest-collected", issued) == ""
    assert (only(drums[0]).receiver, only(drums[0]).sent_g, only(drums[0]).month) == (
        scene.party("refiner"),
        100_000,
        "",
    )
    lines = [
        (drums[1], verdict(drums[1]) | {"mass": {"basis": "counted"}}),
        (drums[2], verdict(drums[2], "missing")),
        (drums[3], verdict(drums[3], "refused")),
    ]
    for n, (_, line) in enumerate(lines, 2):
        assert scene.say("refinery-gate", "manifest-received", scene.run(n) | {"lines": [line]}) == ""
    back = {"container": drums[3], "code": OIL, "mass": weighed(99_900)}
    way = {"manifest": scene.id("manifest", 4), "to": scene.place("garage-yard"), "carrier": scene.party("carrier")}
    assert scene.say("garage-clerk", "manifest-return-received", way | {"lines": [back]}) == ""
    assert {(only(d).decided_at, only(d).month, only(d).gap_g) for d in drums} == {("", "", 0)}


def test_an_asset_in_use_says_which_and_where_and_a_moment_later_is_no_overlap(scene: Scene) -> None:
    def use(container: str, since: str, until: str = "") -> Use:
        return Use(container=container, asset="A", holder="h", site="s", since=since, until=until)

    assert list(asset_flags([use("b", "2", "5"), use("a", "1", "3")])) == [
        Flag(
            rule="asset-in-use", object="b", key="a", grams=0, holder="h", site="s", detail="a", opened_at="2",
            opened_by="", closed_at="3", closed_by="",
        )
    ]  # fmt: skip
    assert list(asset_flags([use("a", "1", "2"), use("b", "2")])) == []
    assert [f.closed_at for f in asset_flags([use("a", "1"), use("b", "2", "4")])] == ["4"]
    assert [f.key for f in asset_flags([use("a", "1"), use("b", "2"), use("c", "3")])] == ["a", "a", "b"]


def test_a_silent_site_says_whose_and_since_when(scene: Scene) -> None:
    planned(scene, 10_000_000)
    last = {scene.party("garage"): "2026-08-03T02:00:00.000Z"}
    site = scene.place("garage-yard")["site"]
    assert list(silence_flags(last, CN, scene.told.registry, END)) == [
        Flag(
            rule="silent-devices", object=site, key=last[scene.party("garage")], grams=0, holder=scene.party("garage"),
            site=site, detail=last[scene.party("garage")], opened_at="2026-08-17T15:59:59.999Z", opened_by="",
            closed_at="", closed_by="",
        )
    ]  # fmt: skip
    assert list(silence_flags({}, CN, scene.told.registry, END)) == []
    # Who files no plan for the next year is watched by the last one, for a year.
    for year, watched in ((2027, 1), (2028, 0)):
        assert len(list(silence_flags(last, CN, scene.told.registry, f"{year}-01-01T00:00:00.000Z"))) == watched


def test_a_plans_lines_add_up_to_what_is_watched(scene: Scene) -> None:
    plan = {"plan": scene.id("plan", 1), "holder": scene.party("garage"), "year": 2026}
    lines = [{"code": OIL, "generated_g": 5_000_000}, {"code": "900-214-08", "generated_g": 5_000_000}]
    body = plan | {"site": scene.place("garage-yard")["site"], "lines": lines}
    assert scene.say("garage-clerk", "plan-filed", body) == ""
    assert len(silent(scene, END)) == 1
    setting = {"name": "tier-simplified-g", "value": 10_000_001, "effective_from": "2026-01-01"}
    assert scene.say("settings", "setting-adopted", setting | {"scope": scene.party("garage")}) == ""
    assert silent(scene, END) == []
