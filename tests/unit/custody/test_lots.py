"""Whose grams lie where, since when, and by when they must have left: a container's story divided into lots."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.custody.lots import OPEN, Row, split
from ledger.custody.rate import Question, Rate, View, rate_of
from ledger.custody.regimes.base import later
from tests.support.told import Scene, load, verdict, weighed

OIL = "900-249-08"
NEXT_YEAR = "2027-12-31T16:00:00.000Z"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def rows(scene: Scene, *accounts: str) -> list[Row]:
    return [r for r in scene.told.account()[0] if r.account in accounts]


def grams(scene: Scene, account: str) -> int:
    return sum(r.grams for r in rows(scene, account))


def lots(scene: Scene) -> dict[tuple[str, str], int]:
    """(stage, holder) -> grams of the lots."""
    sums: dict[tuple[str, str], int] = {}
    for row in rows(scene, "open", "overdue", "lost"):
        key = (row.stage, scene.park.alias_of(row.holder))
        sums[key] = sums.get(key, 0) + row.grams
    return {key: g for key, g in sums.items() if g}


def books(scene: Scene) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for (stage, holder, _), g in scene.told.sums().items():
        if stage in ("held", "in-transit", "lost"):
            key = (stage, scene.park.alias_of(holder))
            sums[key] = sums.get(key, 0) + g
    return sums


def due(scene: Scene, holder: str) -> dict[str, int]:
    """Deadline -> grams of what somebody has in store."""
    sums: dict[str, int] = {}
    for row in rows(scene, *OPEN):
        if row.holder == scene.party(holder) and row.stage == "held":
            sums[row.deadline] = sums.get(row.deadline, 0) + row.grams
    return {deadline: g for deadline, g in sums.items() if g}


def facility(scene: Scene, of: str, view: View = "facility") -> Rate:
    start, end = "2025-12-31T16:00:00.000Z", "2026-12-31T16:00:00.000Z"
    question = Question(
        view=view, kind="hazardous", start=start, end=end, as_of=end, parties=frozenset({scene.party(of)})
    )
    return rate_of(scene.told.account()[0], question)


def here(scene: Scene, drum: str, site: str = "garage-yard", **more: Any) -> dict[str, Any]:
    return {"container": drum, "place": scene.place(site), "code": OIL} | more


def say(scene: Scene, who: str, type_: str, body: dict[str, Any], at: str = "", received_at: str = "") -> None:
    assert scene.say(who, type_, body, at=at, received_at=received_at) == ""


def birth(scene: Scene, n: int, type_: str, kind: str = "package", at: str = "", **more: Any) -> str:
    drum = scene.id("container", n)
    say(scene, "garage-clerk", type_, here(scene, drum, kind=kind, name="废机油") | more, at)
    return drum


def added(scene: Scene, drum: str, net_g: int, at: str = "") -> None:
    say(scene, "garage-clerk", "waste-added", here(scene, drum, mass=weighed(net_g)), at)


def collected(scene: Scene, drum: str, net_g: int = 100_000, n: int = 1, at: str = "", to: str = "refinery") -> None:
    say(scene, "driver", "manifest-collected", scene.run(n, to) | {"lines": [load(drum, net_g)]}, at)


def received(scene: Scene, drum: str, net_g: int = 100_000, n: int = 1, at: str = "", told: str = "") -> None:
    body = scene.run(n) | {"lines": [verdict(drum, grams=net_g)]}
    say(scene, "refinery-gate", "manifest-received", body, at, told)


def reached(scene: Scene, who: str, drum: str, n: int, at: str, to: str = "refinery") -> None:
    run = scene.run(n, to)
    body = {"manifest": run["manifest"], "place": run["to"], "carrier": run["carrier"], "arrived": [drum]}
    say(scene, who, "manifest-arrived", body, at)


def poured(scene: Scene, sources: list[dict[str, Any]], targets: list[dict[str, Any]], at: str = "") -> None:
    named = {"kind": "package", "name": "废机油"}
    body = {"place": scene.place("garage-yard"), "reason": "merge", "sources": sources}
    say(scene, "garage-clerk", "contents-transferred", body | {"targets": [named | t for t in targets]}, at)


def treated(scene: Scene, drum: str, net_g: int = 100_000, at: str = "", **more: Any) -> None:
    body = {"place": scene.place("refinery"), "facility": scene.park.story.ids["still"], "stage": "final",
            "end": "utilised", "method": "R9", "basis": "weighed", "inputs": [load(drum, net_g)]}  # fmt: skip
    say(scene, "refinery-hall", "waste-treated", body | more, at)


def adopted(scene: Scene, name: str, value: int, scope: str = "", since: str = "2026-01-01") -> None:
    body = {"name": name, "value": value, "effective_from": since} | ({"scope": scope} if scope else {})
    say(scene, "settings", "setting-adopted", body)


# -- clocks ------------------------------------------------------------------------------------------------------------


def test_a_receivers_clock_starts_when_the_drum_arrived_and_not_when_it_was_accepted(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    reached(scene, "refinery-gate", drum, 1, "2026-08-04T00:00:00.000Z")
    received(scene, drum, at="2026-08-06T00:00:00.000Z")
    assert due(scene, "refiner") == {"2027-08-04T00:00:00.000Z": 100_000}


@pytest.mark.parametrize("first", ["refinery", "incinerator"])
def test_an_arrival_that_was_refused_starts_no_clock_of_the_next_one(scene: Scene, first: str) -> None:
    drum = scene.fill()
    gate = {"refinery": "refinery-gate", "incinerator": "furnace-gate"}[first]
    collected(scene, drum, to=first)
    reached(scene, gate, drum, 1, "2026-08-04T00:00:00.000Z", to=first)
    refused = scene.run(1, first) | {"lines": [verdict(drum, "refused")]}
    say(scene, gate, "manifest-received", refused, "2026-08-04T01:00:00.000Z")
    back = {"manifest": refused["manifest"], "to": refused["from"], "carrier": refused["carrier"]}
    line = {"container": drum, "code": OIL, "mass": weighed(100_000)}
    say(scene, "garage-clerk", "manifest-return-received", back | {"lines": [line]}, "2026-08-05T00:00:00.000Z")
    assert due(scene, "garage") == {later(scene.said[0].at, days=365): 100_000}
    collected(scene, drum, n=2, at="2026-08-06T00:00:00.000Z")
    if first == "refinery":
        reached(scene, gate, drum, 2, "2026-08-07T00:00:00.000Z")
    received(scene, drum, n=2, at="2026-08-08T00:00:00.000Z")
    arrived = "2027-08-07" if first == "refinery" else "2027-08-08"
    assert due(scene, "refiner") == {f"{arrived}T00:00:00.000Z": 100_000}


def test_an_arrival_at_one_receiver_starts_no_clock_of_the_next(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum, to="incinerator")
    reached(scene, "furnace-gate", drum, 1, "2026-08-04T00:00:00.000Z", to="incinerator")
    body = scene.run(1, "incinerator") | {"lines": [verdict(drum)]}
    say(scene, "furnace-gate", "manifest-received", body, "2026-08-04T01:00:00.000Z")
    onward = scene.run(2) | {"from": scene.place("incinerator")}
    say(scene, "driver", "manifest-collected", onward | {"lines": [load(drum)]}, "2026-08-10T00:00:00.000Z")
    accepted = onward | {"lines": [verdict(drum)]}
    say(scene, "refinery-gate", "manifest-received", accepted, "2026-08-12T00:00:00.000Z")
    assert due(scene, "refiner") == {"2027-08-12T00:00:00.000Z": 100_000}


def test_who_takes_over_a_disposers_stock_has_its_time_since_the_disposer_had_it(scene: Scene) -> None:
    drum = scene.fill(at="2026-05-03T00:00:00.000Z")
    collected(scene, drum, at="2026-06-01T00:00:00.000Z")
    received(scene, drum, at="2026-06-02T00:00:00.000Z")
    sold = {"from": scene.place("refinery"), "to": scene.place("heir-yard"), "lines": [load(drum)]}
    more = {"reason": "merger", "document": "a" * 64}
    say(scene, "heir-clerk", "custody-transferred", sold | more, "2026-08-10T00:00:00.000Z")
    assert due(scene, "heir") == {"2027-06-02T00:00:00.000Z": 100_000}


def test_a_drums_clock_starts_when_it_is_opened_whatever_is_added_later(scene: Scene) -> None:
    drum = birth(scene, 1, "container-opened", at="2026-03-01T00:00:00.000Z")
    added(scene, drum, 60_000, "2026-03-05T00:00:00.000Z")
    added(scene, drum, 40_000, "2026-03-09T00:00:00.000Z")
    assert due(scene, "garage") == {"2027-03-01T00:00:00.000Z": 100_000}
    assert {r.lot for r in rows(scene, "generated")} == {drum}


@pytest.mark.parametrize("opened", [True, False])
def test_a_label_put_on_a_drum_before_anything_is_in_it_starts_no_clock(scene: Scene, opened: bool) -> None:
    drum = scene.id("container", 1)
    bound = {"label": scene.id("label", 1), "container": drum, "place": scene.place("garage-yard")}
    say(scene, "garage-clerk", "label-bound", bound, "2026-08-01T00:00:00.000Z")
    if opened:
        birth(scene, 1, "container-opened", at="2026-08-03T00:00:00.000Z")
        added(scene, drum, 10_000, "2026-08-04T00:00:00.000Z")
    else:
        scene.fill(at="2026-08-03T00:00:00.000Z")
    assert {r.born_at for r in rows(scene, "generated")} == {"2026-08-03T00:00:00.000Z"}


def test_each_addition_to_a_tank_has_its_own_clock_and_the_oldest_leaves_first(scene: Scene) -> None:
    tank = birth(scene, 1, "container-opened", kind="vessel", at="2026-03-01T00:00:00.000Z")
    added(scene, tank, 60_000, "2026-03-05T00:00:00.000Z")
    added(scene, tank, 40_000, "2026-03-09T00:00:00.000Z")
    assert due(scene, "garage") == {"2027-03-05T00:00:00.000Z": 60_000, "2027-03-09T00:00:00.000Z": 40_000}
    collected(scene, tank, 70_000, at="2026-03-10T00:00:00.000Z")
    assert due(scene, "garage") == {"2027-03-09T00:00:00.000Z": 30_000}


@pytest.mark.parametrize(("millisecond", "carried"), [("000", 0), ("001", 100_000)])
def test_what_leaves_at_its_deadline_is_in_time_and_a_moment_later_overdue_until_it_is_closed(
    scene: Scene, millisecond: str, carried: int
) -> None:
    drum = scene.fill(at="2025-08-01T00:00:00.000Z")
    collected(scene, drum, at=f"2026-08-01T00:00:00.{millisecond}Z")
    assert grams(scene, "overdue") == carried


@pytest.mark.parametrize(("told", "carried"), [("2026-08-02T23:59:00.000Z", 0), ("2026-08-03T00:01:00.000Z", 100_000)])
def test_a_departure_told_after_its_allowance_counts_for_clocks_from_when_it_was_told(
    scene: Scene, told: str, carried: int
) -> None:
    drum = scene.fill(at="2025-08-02T12:00:00.000Z")
    collect = scene.run() | {"lines": [load(drum)]}
    say(scene, "driver", "manifest-collected", collect, "2026-08-02T00:00:00.000Z", told)
    assert grams(scene, "overdue") == carried


def test_in_time_by_its_allowance_a_statement_counts_from_when_it_happened(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum, at="2026-08-04T00:00:00.000Z", told="2026-08-04T09:00:00.000Z")
    assert {r.clock_at for r in rows(scene, "arrived")} == {scene.said[0].at, "2026-08-04T00:00:00.000Z"}


@pytest.mark.parametrize(
    ("manifest", "at", "told", "late"),
    [
        (1, "2026-08-03T00:00:00.000Z", "2026-08-17T15:59:59.999Z", False),
        (1, "2026-08-03T00:00:00.000Z", "2026-08-17T16:00:00.000Z", True),
        (1, "2026-08-03T12:00:00.000Z", "2026-08-06T00:00:00.000Z", False),
        (1, "2026-08-03T12:00:00.001Z", "2026-08-06T00:00:00.000Z", True),
        (1, "2026-08-02T23:59:59.999Z", "2026-08-06T00:00:00.000Z", True),
        (2, "2026-08-03T06:00:00.000Z", "2026-08-06T00:00:00.000Z", True),
    ],
)
def test_a_paper_day_allows_ten_working_days_to_the_manifest_that_ran_on_paper(
    scene: Scene, manifest: int, at: str, told: str, late: bool
) -> None:
    drum = scene.fill(at="2026-08-01T00:00:00.000Z")
    paper = {"manifest": scene.id("manifest", manifest), "place": scene.place("garage-yard"), "on_paper": [drum]}
    outage = {"outage_from": "2026-08-03T00:00:00.000Z", "outage_until": "2026-08-03T12:00:00.000Z"}
    say(scene, "garage-clerk", "paper-manifest-backfilled", paper | outage, "2026-08-04T00:00:00.000Z")
    say(scene, "driver", "manifest-collected", scene.run() | {"lines": [load(drum)]}, at, told)
    assert ("recorded-late" in {rule for rule, *_ in scene.told.flags(NEXT_YEAR)}) == late


@pytest.mark.parametrize(("since", "late"), [("2026-08-03", True), ("2026-08-04", False)])
def test_how_long_paper_may_take_is_the_setting_of_the_day_on_which_it_happened(
    scene: Scene, since: str, late: bool
) -> None:
    adopted(scene, "paper-workdays", 2, since=since)
    test_a_paper_day_allows_ten_working_days_to_the_manifest_that_ran_on_paper(
        scene, 1, "2026-08-03T00:00:00.000Z", "2026-08-07T00:00:00.000Z", late
    )


def test_days_in_store_and_on_the_road_are_settings_of_the_party_and_of_the_day(scene: Scene) -> None:
    adopted(scene, "storage-days", 10, scene.party("garage"))
    adopted(scene, "transit-days", 3, scene.party("carrier"), since="2026-08-10")
    early, late = scene.fill(1, at="2026-08-01T00:00:00.000Z"), scene.fill(2, at="2026-08-01T00:00:00.000Z")
    assert due(scene, "garage") == {"2026-08-11T00:00:00.000Z": 200_000}
    collected(scene, early, at="2026-08-09T00:00:00.000Z")
    collected(scene, late, n=2, at="2026-08-10T00:00:00.000Z")
    road = {r.deadline for r in rows(scene, "open") if r.stage == "in-transit"}
    assert road == {"2026-08-24T00:00:00.000Z", "2026-08-13T00:00:00.000Z"}


@pytest.mark.parametrize("scope", ["party", "site"])
def test_what_went_outside_is_due_when_the_producer_itself_would_have_had_to_be_rid_of_it(
    scene: Scene, scope: str
) -> None:
    adopted(
        scene, "storage-days", 10, scene.party("garage") if scope == "party" else scene.place("garage-yard")["site"]
    )
    drum = scene.fill(at="2026-08-01T00:00:00.000Z")
    body = {"delivery": scene.id("delivery", 1), "end": "sent", "from": scene.place("garage-yard"),
            "to": {"kind": "other", "name": "外单位"}, "lines": [load(drum)]}  # fmt: skip
    say(scene, "garage-clerk", "delivery-recorded", body, "2026-08-02T00:00:00.000Z")
    assert {r.deadline for r in rows(scene, "open") if r.stage == "to-outside"} == {"2026-08-11T00:00:00.000Z"}


# -- what nobody recorded ----------------------------------------------------------------------------------------------


def test_what_is_treated_and_never_came_is_unrecorded_at_who_treats_it(scene: Scene) -> None:
    treated(scene, scene.id("container", 1))
    (row,) = rows(scene, "unrecorded")
    assert (row.producer, row.producer_site, row.grams) == (
        scene.party("refiner"), scene.place("refinery")["site"], 100_000
    )  # fmt: skip


def test_what_is_received_and_was_never_filled_is_unrecorded_at_its_sender(scene: Scene) -> None:
    received(scene, scene.id("container", 1))
    (row,) = rows(scene, "unrecorded")
    assert (row.producer, row.producer_site) == (scene.party("garage"), scene.place("garage-yard")["site"])


@pytest.mark.parametrize("got", [99_000, 100_000, 100_500])
def test_what_is_received_and_nobody_collected_left_its_producer_all_the_same(scene: Scene, got: int) -> None:
    drum = scene.fill()
    received(scene, drum, got)
    left = min(got, 100_000)
    assert grams(scene, "unrecorded") == got - left
    assert lots(scene) == ({("held", "garage"): 100_000 - left} if left < 100_000 else {}) | {("held", "refiner"): got}
    assert facility(scene, "garage").proven.whole_g == 100_000 - left
    assert facility(scene, "refiner").proven.whole_g == got
    declared = facility(scene, "garage", "origin").declared
    assert (declared.part_g, declared.whole_g) == (got, max(got, 100_000))


def test_what_was_taken_once_is_not_there_to_be_taken_again(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum, 70_000)
    received(scene, drum, 70_000)
    treated(scene, drum, 70_000)
    collected(scene, drum, 50_000, n=2)
    assert grams(scene, "unrecorded") == 20_000
    assert lots(scene) == {("in-transit", "carrier"): 50_000}


def test_what_is_lost_stays_lost_when_as_much_turns_up_elsewhere(scene: Scene) -> None:
    drum = scene.fill()
    say(scene, "garage-clerk", "container-lost", here(scene, drum, net_g=100_000, stage="held", reason="stolen"))
    received(scene, drum)
    assert lots(scene) == {("lost", "garage"): 100_000, ("held", "refiner"): 100_000}
    assert grams(scene, "unrecorded") == 100_000


def test_what_is_told_of_later_covers_what_was_unrecorded_part_by_part(scene: Scene) -> None:
    drum = scene.id("container", 1)
    treated(scene, drum, 40_000)
    treated(scene, drum, 60_000)
    assert grams(scene, "unrecorded") == 100_000
    residue = here(scene, drum, "refinery")
    say(scene, "refinery-gate", "waste-added", residue | {"mass": weighed(80_000)})
    assert (grams(scene, "unrecorded"), grams(scene, "generated")) == (20_000, 80_000)
    say(scene, "refinery-gate", "waste-added", residue | {"mass": weighed(50_000)})
    assert (grams(scene, "unrecorded"), grams(scene, "generated")) == (0, 130_000)
    assert lots(scene) == books(scene) == {("held", "refiner"): 30_000}


def test_a_gain_told_of_later_is_a_gain_and_not_unrecorded(scene: Scene) -> None:
    drum = scene.fill()
    say(scene, "garage-clerk", "manifest-issued", scene.run() | {"lines": [load(drum)]})
    collected(scene, drum, 100_400)
    assert grams(scene, "unrecorded") == 400
    weighing = here(scene, drum, mass=weighed(100_400), previous_g=100_000)
    say(scene, "garage-clerk", "container-weighed", weighing)
    assert (grams(scene, "unrecorded"), grams(scene, "gain")) == (0, 400)
    assert lots(scene) == books(scene) == {("in-transit", "carrier"): 100_400}


def test_what_nobody_says_the_source_of_is_unrecorded_also_when_a_scale_finds_it(scene: Scene) -> None:
    drum = scene.id("container", 1)
    say(scene, "garage-clerk", "container-weighed", here(scene, drum, mass=weighed(5_000), previous_g=0))
    assert (grams(scene, "unrecorded"), grams(scene, "gain")) == (5_000, 0)


@pytest.mark.parametrize(("sent", "got"), [(100_000, 100_000), (90_000, 90_000), (100_000, 90_000)])
def test_a_receipt_before_its_pick_up_by_the_clocks_leaves_everything_where_the_books_have_it(
    scene: Scene, sent: int, got: int
) -> None:
    drum = scene.fill(at="2026-08-03T01:00:00.000Z")
    received(scene, drum, got, at="2026-08-03T02:00:00.000Z")
    collected(scene, drum, sent, at="2026-08-03T02:05:00.000Z")
    kept = {("held", "garage"): 100_000 - sent} if sent < 100_000 else {}
    assert lots(scene) == books(scene) == kept | {("held", "refiner"): got}
    assert grams(scene, "unrecorded") == 0
    assert facility(scene, "garage", "origin").declared.part_g == sent


def test_a_move_told_with_the_clocks_in_the_wrong_order_ends_where_the_books_have_it(scene: Scene) -> None:
    drum = scene.fill(at="2026-08-03T01:00:00.000Z")
    there = {"party": scene.party("refiner"), "site": scene.place("incinerator")["site"]}
    moved = {"container": drum, "code": OIL, "from": scene.place("refinery"), "to": there, "net_g": 90_000}
    say(scene, "refinery-gate", "container-moved", moved, "2026-08-03T02:00:00.000Z")
    received(scene, drum, at="2026-08-03T03:00:00.000Z")
    collected(scene, drum, at="2026-08-03T04:00:00.000Z")
    sites = {r.site: 0 for r in rows(scene, "open")}
    for row in rows(scene, "open"):
        sites[row.site] += row.grams
    assert {s: g for s, g in sites.items() if g} == {there["site"]: 90_000, scene.place("refinery")["site"]: 10_000}


# -- differences -------------------------------------------------------------------------------------------------------


def test_what_the_receivers_scale_finds_more_belongs_to_the_lots_that_came(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum, 100_400)
    assert {(r.account, r.lot) for r in rows(scene, "gain", "unrecorded")} == {("gain", drum)}
    assert len(due(scene, "refiner")) == 1


def test_what_a_scale_finds_more_is_of_what_lies_there_and_not_of_the_rest_elsewhere(scene: Scene) -> None:
    drum = scene.fill(at="2026-08-01T00:00:00.000Z")
    collected(scene, drum, 70_000, at="2026-08-02T00:00:00.000Z")
    received(scene, drum, 70_000, at="2026-08-02T01:00:00.000Z")
    weighing = here(scene, drum, "refinery", mass=weighed(70_300), previous_g=70_000)
    say(scene, "refinery-gate", "container-weighed", weighing, "2026-08-09T00:00:00.000Z")
    assert due(scene, "refiner") == {"2027-08-02T01:00:00.000Z": 70_300}


def test_what_a_scale_finds_where_everything_was_lost_is_nothing_of_what_was_lost(scene: Scene) -> None:
    drum = scene.fill()
    say(scene, "garage-clerk", "container-lost", here(scene, drum, net_g=100_000, stage="held", reason="stolen"))
    say(scene, "garage-clerk", "container-weighed", here(scene, drum, mass=weighed(400), previous_g=0))
    assert (grams(scene, "unrecorded"), grams(scene, "gain")) == (400, 0)


def test_a_gain_goes_to_the_lots_in_proportion_and_the_odd_gram_to_the_first_by_name(scene: Scene) -> None:
    second, first = scene.fill(2), scene.fill(1)
    both = scene.id("container", 3)
    poured(scene, [load(second)], [load(both)])
    poured(scene, [load(first)], [load(both)])
    weighing = here(scene, both, mass=weighed(200_003), previous_g=200_000)
    say(scene, "garage-clerk", "container-weighed", weighing)
    assert {r.lot: r.grams for r in rows(scene, "gain")} == {first: 2, second: 1}
    assert facility(scene, "garage").proven.whole_g == 200_003


def test_what_is_split_over_two_drums_with_a_gap_has_the_gap_once(scene: Scene) -> None:
    drum = scene.fill()
    poured(scene, [load(drum)], [load(scene.id("container", n), grams) for n, grams in ((2, 70_000), (3, 29_900))])
    assert grams(scene, "settled") == 100
    assert lots(scene) == books(scene) == {("held", "garage"): 99_900}
    assert facility(scene, "garage").proven.whole_g == 99_900


def test_of_three_grams_poured_into_two_drums_of_one_the_third_is_the_gap(scene: Scene) -> None:
    ones = [load(scene.fill(n, 1), 1) for n in (1, 2, 3)]
    poured(scene, ones, [load(scene.id("container", n), 1) for n in (4, 5)])
    assert grams(scene, "settled") + grams(scene, "difference") == 1
    assert lots(scene) == books(scene) == {("held", "garage"): 2}


def test_lots_that_come_in_two_goes_are_one_lot_each_and_keep_every_gram(scene: Scene) -> None:
    both, drum = scene.id("container", 3), scene.id("container", 4)
    poured(scene, [load(scene.fill(1)), load(scene.fill(2))], [load(both, 200_000)])
    for _ in range(2):
        poured(scene, [load(both, 60_000)], [load(drum, 60_000)])
    (story,) = (story for story in scene.told.accounts()[2] if story.thing.id == drum)
    assert sorted(part.grams for _, part in story.lots) == [60_000, 60_000]
    assert lots(scene) == books(scene) == {("held", "garage"): 200_000}


def test_the_odd_grams_go_where_most_is_cut_off_and_not_where_most_is() -> None:
    assert split(5, [5, 3]) == [3, 2]
    assert split(5, [1, 1, 1]) == [2, 2, 1]
    assert split(5, [0, 0]) == [0, 0]


def test_a_gram_more_out_than_in_is_a_gain(scene: Scene) -> None:
    drum = scene.fill()
    poured(scene, [load(drum)], [load(scene.id("container", 2), 100_001)])
    assert (grams(scene, "gain"), grams(scene, "unrecorded")) == (1, 0)
    assert lots(scene) == books(scene) == {("held", "garage"): 100_001}
    assert facility(scene, "garage").proven.whole_g == 100_001


def test_drums_put_together_and_sent_in_two_loads_keep_every_gram(scene: Scene) -> None:
    both = scene.id("container", 3)
    poured(scene, [load(scene.fill(1)), load(scene.fill(2))], [load(both, 200_000)])
    for n in (1, 2):
        collected(scene, both, 50_000, n)
    received(scene, both, 50_000, 1)
    received(scene, both, 50_000, 2)
    assert lots(scene) == books(scene) == {("held", "garage"): 100_000, ("held", "refiner"): 100_000}


def test_a_difference_of_a_delivery_is_the_deliverys_and_settled_when_its_explanation_is_accepted(scene: Scene) -> None:
    drum = scene.id("container", 1)
    general = {"code": "900-001-S07", "container": drum}
    body = general | {"place": scene.place("garage-yard"), "kind": "package", "name": "废纸", "mass": weighed(100_000)}
    say(scene, "garage-clerk", "container-filled", body)
    way = {"delivery": scene.id("delivery", 1), "from": scene.place("garage-yard")}
    way |= {"to": {"kind": "other"} | scene.place("refinery"), "carrier": scene.party("carrier")}
    sent, got = ([general | {"net_g": g}] for g in (100_000, 90_000))
    say(scene, "garage-clerk", "delivery-recorded", way | {"end": "sent", "lines": sent})
    say(scene, "refinery-gate", "delivery-recorded", way | {"end": "received", "lines": got})
    assert grams(scene, "difference") == 10_000
    (flag,) = [f for f in scene.told.account()[1] if f.rule == "mass-difference"]
    assert flag.key == way["delivery"]
    why = {"container": drum, "rule": "mass-difference", "key": flag.key, "explanation": {"sealed": "a" * 64}}
    say(scene, "garage-clerk", "exception-explained", why)
    say(scene, "supervision", "explanation-accepted", {"container": drum, "explanation": scene.said[-1].id})
    assert (grams(scene, "difference"), grams(scene, "settled")) == (0, 10_000)


def test_a_correction_that_waits_moves_no_lots(scene: Scene) -> None:
    drum = scene.fill()
    say(scene, "garage-clerk", "container-weighed", here(scene, drum, mass=weighed(20_000), previous_g=100_000))
    body = {"container": drum, "target": scene.said[0].id, "field": "mass.net_g", "old": 100_000, "new": 30_000}
    say(scene, "garage-clerk", "entry-corrected", body | {"reason": "typing"})
    assert lots(scene) == books(scene) == {("held", "garage"): 20_000}
    assert grams(scene, "generated") == 100_000


# -- how it ends -------------------------------------------------------------------------------------------------------


def reasons(scene: Scene, account: str = "closed") -> set[str]:
    return {r.reason for r in rows(scene, account)}


@pytest.mark.parametrize(("method", "reason"), [("R9", ""), ("D10", "licence-does-not-cover")])
def test_what_is_treated_by_a_method_that_the_licence_does_not_have_is_not_closed_by_an_entitled_party(
    scene: Scene, method: str, reason: str
) -> None:
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum)
    treated(scene, drum, method=method)
    assert reasons(scene) == {reason}
    assert facility(scene, "garage", "origin").closed_ok_g == (0 if reason else 100_000)


@pytest.mark.parametrize(
    ("more", "reason"), [({}, ""), ({"method": "R9"}, ""), ({"method": "D10"}, "licence-does-not-cover")]
)
def test_a_fate_asserted_by_a_method_that_the_receivers_licence_does_not_have_is_closed_by_nobody_entitled(
    scene: Scene, more: dict[str, str], reason: str
) -> None:
    drum = scene.fill()
    body = {"delivery": scene.id("delivery", 1), "end": "sent", "from": scene.place("garage-yard"),
            "to": {"kind": "licensed", "name": "外单位", "licence": "示外证 01"}, "lines": [load(drum)]}  # fmt: skip
    say(scene, "garage-clerk", "delivery-recorded", body)
    fate = here(scene, drum, net_g=100_000, end="utilised", receiver=scene.place("refinery"), document="a" * 64)
    say(scene, "garage-clerk", "fate-asserted", fate | more)
    assert reasons(scene) == {reason}


@pytest.mark.parametrize(("end", "entitled"), [("disposed", True), ("utilised", False)])
def test_an_exemption_of_disposal_exempts_no_utilisation(scene: Scene, end: str, entitled: bool) -> None:
    ash, code, row = scene.id("container", 1), "772-002-18", "2021-12-处置-1"
    body = {"container": ash, "place": scene.place("landfill"), "kind": "package", "code": code, "name": "飞灰"}
    say(scene, "landfill-gate", "container-filled", body | {"mass": weighed(1_000)})
    done = {"place": scene.place("landfill"), "facility": scene.park.story.ids["cell"], "stage": "final", "end": end,
            "method": "D1", "basis": "weighed", "inputs": [load(ash, 1_000, code)],
            "exemption": {"row": row, "evidence": "a" * 64}}  # fmt: skip
    say(scene, "landfill-gate", "waste-treated", done)
    assert (reasons(scene) == {""}) == entitled


def test_a_successor_closes_what_it_took_over_as_its_own(scene: Scene) -> None:
    licence = {"licence": scene.id("licence", 1), "holder": scene.party("heir"), "number": "示证 H 号",
               "kind": "own-facility", "include": ["HW08"], "methods": ["R9"], "valid_from": "2026-01-01",
               "valid_until": "2026-12-31"}  # fmt: skip
    say(scene, "licensing", "licence-granted", licence)
    drum = scene.fill()
    merged = {"from": scene.place("garage-yard"), "to": scene.place("heir-yard"), "lines": [load(drum)]}
    say(scene, "heir-clerk", "custody-transferred", merged | {"reason": "merger", "document": "a" * 64})
    body = {"place": scene.place("heir-yard"), "facility": scene.id("facility", 1), "stage": "final",
            "end": "utilised", "method": "R9", "basis": "weighed", "inputs": [load(drum)]}  # fmt: skip
    say(scene, "heir-clerk", "waste-treated", body)
    assert reasons(scene) == {""}


@pytest.mark.parametrize(("method", "reason"), [("R9", ""), ("D10", "licence-does-not-cover")])
@pytest.mark.parametrize("left", [0, 60_000])
def test_what_a_pre_treatment_loses_is_a_loss_of_the_process_entitled_or_not(
    scene: Scene, method: str, reason: str, left: int
) -> None:
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum)
    rest = load(scene.id("container", 2), left) | {"kind": "package", "name": "废机油", "new": True}
    more: dict[str, Any] = {"outputs": [rest]} if left else {}
    treated(scene, drum, stage="intermediate", method=method, **more)
    assert (grams(scene, "process-loss"), reasons(scene, "process-loss")) == (100_000 - left, {reason})
    assert lots(scene) == books(scene) == ({("held", "refiner"): left} if left else {})
    whole = facility(scene, "refiner").proven.whole_g
    assert whole == (100_000 if reason else left)


def test_a_final_weight_below_what_the_additions_said_means_that_less_was_generated(scene: Scene) -> None:
    drum = birth(scene, 1, "container-opened")
    added(scene, drum, 100_000)
    say(scene, "garage-clerk", "container-closed", here(scene, drum, mass=weighed(90_000), previous_g=100_000))
    assert (grams(scene, "generated"), lots(scene)) == (90_000, {("held", "garage"): 90_000})
    assert facility(scene, "garage").proven.whole_g == 90_000


def test_each_place_has_in_its_own_view_what_came_to_it_less_what_went_on(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum, 90_000)
    received(scene, drum, 90_000)
    treated(scene, drum, 60_000)
    seen = {of: facility(scene, of).proven for of in ("garage", "refiner", "carrier")}
    assert {of: (share.part_g, share.whole_g) for of, share in seen.items()} == {
        "garage": (0, 10_000), "refiner": (60_000, 90_000), "carrier": (0, 0)
    }  # fmt: skip


def test_a_code_that_was_confirmed_stays_confirmed_beside_another(scene: Scene) -> None:
    drum, code = scene.fill(), "900-001-S07"
    for each in (code, "900-002-S07"):
        say(scene, "supervision", "identification-confirmed", here(scene, drum, evidence="a" * 64) | {"code": each})
    change = {"container": drum, "place": scene.place("garage-yard"), "old_code": OIL, "new_code": code}
    say(scene, "garage-clerk", "waste-reclassified", change | {"net_g": 100_000, "cause": "error"})
    assert sum(r.grams for r in rows(scene, "open") if r.code == code) == 100_000


def test_a_drum_stands_in_its_store_while_it_is_filled_and_until_it_is_lost(scene: Scene) -> None:
    store = scene.park.story.ids["garage-store"]
    drum = birth(scene, 1, "container-opened", facility=store)
    added(scene, drum, 60_000)
    say(scene, "garage-clerk", "container-lost", here(scene, drum, net_g=60_000, stage="held", reason="stolen"))
    (story,) = scene.told.accounts()[2]
    opened, filled, lost = (fact.at for fact in scene.said)
    assert [(s.facility, s.grams, s.since, s.until) for s in story.stays] == [
        (store, 0, opened, filled), (store, 60_000, filled, lost)
    ]  # fmt: skip


def test_of_a_tank_the_oldest_leaves_first_whenever_it_was_told_of(scene: Scene) -> None:
    tank = birth(scene, 1, "container-opened", kind="vessel", at="2026-03-01T00:00:00.000Z")
    added(scene, tank, 40_000, "2026-03-09T00:00:00.000Z")
    added(scene, tank, 60_000, "2026-03-05T00:00:00.000Z")
    collected(scene, tank, 60_000, at="2026-03-10T00:00:00.000Z")
    assert due(scene, "garage") == {"2027-03-09T00:00:00.000Z": 40_000}


def test_what_is_overdue_in_a_tank_stays_so_when_new_waste_is_added(scene: Scene) -> None:
    drum = scene.fill(at="2025-03-01T00:00:00.000Z")
    collected(scene, drum)
    received(scene, drum)
    say(scene, "refinery-gate", "waste-added", here(scene, drum, "refinery", mass=weighed(5_000)))
    shown = [f for f in scene.told.account()[1] if f.rule == "carried-overdue" and not f.closed_at]
    assert [f.grams for f in shown] == [100_000]


def test_general_waste_under_another_general_code_counts_as_that_at_once(scene: Scene) -> None:
    drum = scene.fill(code="900-001-S07")
    change = {"container": drum, "place": scene.place("garage-yard"), "old_code": "900-001-S07", "cause": "error"}
    say(scene, "garage-clerk", "waste-reclassified", change | {"new_code": "900-002-S07", "net_g": 100_000})
    assert sum(r.grams for r in rows(scene, "open") if r.code == "900-002-S07") == 100_000


@pytest.mark.parametrize(("vouched_by", "grade"), [(None, "A"), ("registrar", "B")])
def test_a_one_time_key_is_graded_below_a_device_of_ones_own(scene: Scene, vouched_by: str | None, grade: str) -> None:
    fact = scene.fact(
        "refinery-hall", "waste-added", here(scene, scene.id("container", 1), "refinery", mass=weighed(5))
    )
    scene.told.record([replace(fact, by=replace(fact.by, vouched_by=vouched_by))])
    assert {r.grade for r in rows(scene, "generated")} == {grade}


def test_a_row_of_an_old_book_is_graded_lowest_and_is_never_late(scene: Scene) -> None:
    source = {"workbook": "a" * 64, "sheet": "2025", "row": 7}
    body = here(scene, scene.id("container", 1), kind="package", name="废机油", mass=weighed(5), source=source)
    say(scene, "garage-clerk", "container-filled", body, "2026-01-05T00:00:00.000Z", "2026-08-05T00:00:00.000Z")
    (row,) = rows(scene, "generated")
    assert (row.grade, row.clock_at) == ("D", "2026-01-05T00:00:00.000Z")


def test_how_late_is_late_is_the_setting_of_the_day_on_which_it_happened(scene: Scene) -> None:
    adopted(scene, "recording-hours", 48, since="2026-08-03")
    for n, at in enumerate(("2026-08-02T15:59:00.000Z", "2026-08-02T16:00:00.000Z"), 1):
        scene.fill(n, at=at, received_at=later(at, hours=47))
    late = [f.object for f in scene.told.account()[1] if f.rule == "recorded-late"]
    assert late == [scene.id("container", 1)]


@pytest.mark.parametrize("scope", ["party", "site"])
def test_a_tolerance_in_grams_is_a_setting_of_the_party_and_of_the_site(scene: Scene, scope: str) -> None:
    adopted(scene, "tolerance-g", 1_000, scene.place("garage-yard")[scope])
    for n, lighter in ((1, 1_000), (2, 1_001)):
        weighing = here(scene, scene.fill(n), mass=weighed(100_000 - lighter), previous_g=100_000)
        say(scene, "garage-clerk", "container-weighed", weighing)
    assert (grams(scene, "settled"), grams(scene, "difference")) == (1_000, 1_001)


def test_who_drives_its_own_waste_off_has_entrusted_it_when_it_left_the_gate(scene: Scene) -> None:
    drum = scene.fill()
    body = scene.run() | {"carrier": scene.party("garage"), "lines": [load(drum)]}
    say(scene, "garage-clerk", "manifest-collected", body)
    assert facility(scene, "garage", "origin").declared.part_g == 100_000


@pytest.mark.parametrize("closed", [True, False])
def test_what_a_plant_weighs_in_was_entrusted_by_the_street_less_what_a_final_weight_takes_off(
    scene: Scene, closed: bool
) -> None:
    code = "900-001-S62"
    load_ = {"container": scene.id("container", 1), "place": scene.place("wte-plant"), "code": code}
    weighed_in = load_ | {"kind": "load", "name": "生活垃圾", "origin": scene.place("east-street")}
    say(scene, "wte-gate", "load-weighed-in", weighed_in | {"mass": weighed(10_000)})
    if closed:
        say(scene, "wte-gate", "container-closed", load_ | {"mass": weighed(9_000), "previous_g": 10_000})
    entrusted = {(r.holder, r.producer): 0 for r in rows(scene, "entrusted")}
    for row in rows(scene, "entrusted"):
        entrusted[row.holder, row.producer] += row.grams
    assert entrusted == {(scene.party("wte"), scene.party("town")): 9_000 if closed else 10_000}
