"""Figures over the edge of a period: what an earlier one left open, lost or unexplained never makes more than 100 %."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.lots import Row
from ledger.custody.missing import Gap, gaps_from, heaps_of, unresolved
from ledger.custody.rate import Question, Rate, Share, View, rate_of
from tests.support.told import CN, Scene, load, verdict, weighed

MAY = "2026-05-10T02:00:00.000Z"
START, END = "2026-05-31T16:00:00.000Z", "2026-12-31T16:00:00.000Z"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def rate(scene: Scene, view: View = "origin", of: str = "garage", start: str = START) -> Rate:
    question = Question(
        view=view, kind="hazardous", start=start, end=END, as_of=END, parties=frozenset({scene.party(of)})
    )
    return rate_of(scene.told.account()[0], question)


def garage(scene: Scene, drum: str, **more: Any) -> dict[str, Any]:
    return {"container": drum, "place": scene.place("garage-yard"), "code": "900-249-08"} | more


def sent(scene: Scene, drum: str, got: int = 100_000, at: str = "") -> None:
    """A drum of 100 kg collected and received; with `at`, both at that moment."""
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]}, at=at) == ""
    body = scene.run() | {"lines": [verdict(drum, grams=got)]}
    assert scene.say("refinery-gate", "manifest-received", body, at=at and at.replace("T02", "T03")) == ""


def treated(scene: Scene, drum: str, grams: int = 100_000, at: str = "") -> None:
    body = {"place": scene.place("refinery"), "facility": scene.id("facility", 1), "stage": "final", "end": "utilised",
            "method": "R9", "basis": "weighed", "inputs": [load(drum, grams)]}  # fmt: skip
    assert scene.say("refinery-hall", "waste-treated", body, at=at) == ""


def test_what_was_lost_before_a_period_found_and_closed_in_it_is_no_more_than_100_percent(scene: Scene) -> None:
    drum, other = scene.fill(1, at=MAY), scene.fill(2)
    lost = garage(scene, drum, net_g=100_000, stage="held", reason="stolen")
    assert scene.say("garage-clerk", "container-lost", lost, at=MAY.replace("T02", "T03")) == ""
    before = rate(scene)
    assert (before.opening_g, before.proven.part_g, before.proven.whole_g) == (100_000, 0, 200_000)
    found = garage(scene, drum, net_g=100_000, lost_by=scene.place("garage-yard"))
    assert scene.say("garage-clerk", "container-found", found) == ""
    for each in (drum, other):
        assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(each)]}) == ""
        assert scene.say("refinery-gate", "manifest-received", scene.run() | {"lines": [verdict(each)]}) == ""
        treated(scene, each)
    after = rate(scene)
    assert (after.proven.part_g, after.proven.whole_g, after.proven.percent) == (200_000, 200_000, "100.00")
    assert (after.declared.part_g, after.declared.whole_g) == (200_000, 200_000)
    assert (after.proven_with_stock.part_g, after.proven_with_stock.whole_g) == (200_000, 200_000)


@pytest.mark.parametrize("view", ["origin", "facility"])
def test_a_difference_of_before_that_is_explained_in_the_period_takes_nothing_from_the_denominator(
    scene: Scene, view: View
) -> None:
    drum = scene.fill(1, at="2026-05-09T02:00:00.000Z")
    weighing = garage(scene, drum, mass=weighed(90_000), previous_g=100_000)
    assert scene.say("garage-clerk", "container-weighed", weighing, at=MAY) == ""
    (key,) = {f.key for f in scene.told.account()[1] if f.rule == "mass-difference"}
    explained = {"container": drum, "rule": "mass-difference", "key": key, "explanation": {"sealed": "a" * 64}}
    assert scene.say("garage-clerk", "exception-explained", explained) == ""
    explanation = {"container": drum, "explanation": scene.said[-1].id}
    assert scene.say("supervision", "explanation-accepted", explanation) == ""
    seen = rate(scene, view)
    assert (seen.opening_g, seen.settled_g, seen.proven.whole_g) == (100_000, 10_000, 90_000)
    left = [row.grams for row in scene.told.account()[0] if row.account == "difference"]
    assert left == [10_000, -10_000]


@pytest.mark.parametrize("view", ["origin", "facility"])
def test_a_loss_that_the_authority_settles_leaves_the_facility_only_once(scene: Scene, view: View) -> None:
    drum = scene.fill(1)
    leak = garage(scene, drum, lost_g=10_000, stage="held", into="floor")
    assert scene.say("garage-clerk", "leak-reported", leak) == ""
    settled = garage(scene, drum, net_g=10_000, outcome="process-loss")
    assert scene.say("supervision", "loss-determined", settled) == ""
    assert rate(scene, view).proven.whole_g == 90_000


def test_stock_declared_in_a_period_and_closed_in_it_stands_once_in_the_second_denominator(scene: Scene) -> None:
    drum = scene.id("container", 1)
    stock = garage(scene, drum, kind="package", name="废机油", mass=weighed(100_000), since="2025-06-01")
    assert scene.say("garage-clerk", "stock-declared", stock) == ""
    sent(scene, drum)
    treated(scene, drum)
    assert (rate(scene).proven_with_stock.part_g, rate(scene).proven_with_stock.whole_g) == (100_000, 100_000)


def test_a_gain_on_stock_of_before_stands_once_in_the_second_denominator(scene: Scene) -> None:
    drum = scene.fill(1, at=MAY)
    sent(scene, drum, got=100_200)
    treated(scene, drum, 100_200)
    assert (rate(scene).proven_with_stock.part_g, rate(scene).proven_with_stock.whole_g) == (100_200, 100_200)
    assert rate(scene).proven.percent == "100.00"


# -- a step told in the wrong order of happening -----------------------------------------------------------------------


def lots(scene: Scene) -> dict[tuple[str, str], int]:
    """(stage, holder) -> grams of the lots; what the books say of the same accounts must be no other."""
    sums: dict[tuple[str, str], int] = {}
    for row in scene.told.account()[0]:
        if row.account in ("open", "overdue", "lost"):
            sums[row.stage, row.holder] = sums.get((row.stage, row.holder), 0) + row.grams
    return {place: grams for place, grams in sums.items() if grams}


def books(scene: Scene) -> dict[tuple[str, str], int]:
    return {
        (stage, holder): grams
        for (stage, holder, _), grams in scene.told.sums().items()
        if stage in ("held", "in-transit", "lost")
    }


def test_a_receipt_that_happened_before_its_pick_up_by_the_clocks_leaves_no_phantom_on_the_road(scene: Scene) -> None:
    drum = scene.fill(1, at="2026-08-03T01:00:00.000Z")
    received = scene.run() | {"lines": [verdict(drum, grams=100_400)]}
    assert scene.say("refinery-gate", "manifest-received", received, at="2026-08-03T02:00:00.000Z") == ""
    collected = scene.run() | {"lines": [load(drum)]}
    assert scene.say("driver", "manifest-collected", collected, at="2026-08-03T02:05:00.000Z") == ""
    assert lots(scene) == books(scene) == {("held", scene.party("refiner")): 100_400}
    treated(scene, drum, 100_400, at="2026-08-03T04:00:00.000Z")
    assert (rate(scene).proven.part_g, rate(scene).proven.whole_g) == (100_400, 100_400)


def test_a_filling_that_happened_after_its_pick_up_by_the_clocks_counts_its_mass_once(scene: Scene) -> None:
    drum = scene.id("container", 1)
    collected = scene.run() | {"lines": [load(drum)]}
    assert scene.say("driver", "manifest-collected", collected, at="2026-08-03T02:00:00.000Z") == ""
    scene.fill(1, at="2026-08-03T02:05:00.000Z")
    body = scene.run() | {"lines": [verdict(drum)]}
    assert scene.say("refinery-gate", "manifest-received", body, at="2026-08-03T03:00:00.000Z") == ""
    assert lots(scene) == books(scene) == {("held", scene.party("refiner")): 100_000}
    treated(scene, drum, at="2026-08-03T04:00:00.000Z")
    seen = rate(scene)
    assert (seen.proven.part_g, seen.proven.whole_g) == (100_000, 100_000)
    assert (seen.came_in_g["generated"], seen.came_in_g["unrecorded"]) == (100_000, 0)


# -- nobody weighed what came ------------------------------------------------------------------------------------------


def unweighed(drum: str) -> dict[str, Any]:
    return verdict(drum) | {"mass": {"basis": "counted"}}


@pytest.mark.parametrize("late", [False, True])
def test_an_acceptance_of_unknown_mass_takes_over_what_was_sent_until_somebody_weighs_it(
    scene: Scene, late: bool
) -> None:
    drum = scene.fill(1, at="2026-08-03T01:00:00.000Z")
    told = [
        ("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]}, "2026-08-03T02:00:00.000Z"),
        ("refinery-gate", "manifest-received", scene.run() | {"lines": [unweighed(drum)]}, "2026-08-03T03:00:00.000Z"),
    ]
    for who, type_, body, at in reversed(told) if late else told:
        assert scene.say(who, type_, body, at=at) == ""
    assert lots(scene) == books(scene) == {("held", scene.party("refiner")): 100_000}
    thing = scene.container(drum)
    assert (thing.status, thing.holder, thing.net_g, thing.mass_unknown) == (
        "held", scene.party("refiner"), 100_000, True
    )  # fmt: skip
    rules = {rule for rule, *_ in scene.told.flags(END)}
    assert "mass-unknown" in rules and "mass-difference" not in rules
    weighing = {"container": drum, "place": scene.place("refinery"), "code": "900-249-08", "mass": weighed(99_000)}
    noon = "2026-08-03T04:00:00.000Z"
    assert scene.say("refinery-gate", "container-weighed", weighing | {"previous_g": 100_000}, at=noon) == ""
    assert lots(scene) == books(scene) == {("held", scene.party("refiner")): 99_000}
    assert "mass-difference" in {rule for rule, _, _, closed in scene.told.flags(END) if not closed}


def test_a_return_of_unknown_mass_is_back_with_what_was_sent(scene: Scene) -> None:
    drum = scene.fill()
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]}) == ""
    refused = scene.run() | {"lines": [verdict(drum, "refused")]}
    assert scene.say("refinery-gate", "manifest-received", refused) == ""
    way = {"manifest": scene.run()["manifest"], "to": scene.place("garage-yard"), "carrier": scene.party("carrier")}
    back = {"container": drum, "code": "900-249-08", "mass": {"basis": "counted"}}
    assert scene.say("garage-clerk", "manifest-return-received", way | {"lines": [back]}) == ""
    assert lots(scene) == books(scene) == {("held", scene.party("garage")): 100_000}
    assert scene.container(drum).mass_unknown
    assert "mass-difference" not in {rule for rule, *_ in scene.told.flags(END)}


# -- the producer's gate, and its heir's -------------------------------------------------------------------------------


def inherited(scene: Scene, drum: str, by: str, place: str, at: str = "") -> None:
    body = {"from": scene.place("garage-yard"), "to": scene.place(place), "lines": [load(drum)], "reason": "merger",
            "document": "ab" * 32}  # fmt: skip
    assert scene.say(by, "custody-transferred", body, at=at) == ""


def declared(scene: Scene, **asked: Any) -> tuple[int, int]:
    share = rate(scene, **asked).declared
    return share.part_g, share.whole_g


def test_what_an_heir_treats_itself_was_declared_of_its_first_producer(scene: Scene) -> None:
    drum = scene.fill(at=MAY)
    inherited(scene, drum, "refinery-hall", "refinery", at=MAY.replace("T02", "T03"))
    assert declared(scene) == (0, 100_000)
    treated(scene, drum)
    assert declared(scene) == (100_000, 100_000) and rate(scene).proven == Share(part_g=100_000, whole_g=100_000)
    assert declared(scene, of="refiner") == (0, 0)


def test_in_the_facility_view_the_stock_departs_from_one_and_arrives_at_the_other(scene: Scene) -> None:
    inherited(scene, scene.fill(at=MAY), "heir-clerk", "heir-yard")
    shares = [rate(scene, "facility", of=of).proven for of in ("garage", "heir")]
    assert shares == [Share(part_g=0, whole_g=0), Share(part_g=0, whole_g=100_000)]


def test_a_carrier_that_collects_at_the_moment_of_filling_is_no_heir(scene: Scene) -> None:
    drum = scene.fill(at=MAY)
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]}, at=MAY) == ""
    missing = scene.run() | {"lines": [verdict(drum, "missing")]}
    assert scene.say("refinery-gate", "manifest-received", missing, at=MAY.replace("T02", "T03")) == ""
    assert declared(scene, start="2026-05-01T00:00:00.000Z") == (100_000, 100_000)
    assert declared(scene) == (0, 0)


def test_a_drum_lost_on_the_road_and_found_at_its_senders_is_declared_once(scene: Scene) -> None:
    drum = scene.fill()
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]}) == ""
    missing = scene.run() | {"lines": [verdict(drum, "missing")]}
    assert scene.say("refinery-gate", "manifest-received", missing) == ""
    assert declared(scene) == (100_000, 100_000)
    lost_by = {"party": scene.party("carrier"), "site": scene.place("garage-yard")["site"]}
    assert scene.say("garage-clerk", "container-found", garage(scene, drum, net_g=100_000, lost_by=lost_by)) == ""
    assert declared(scene) == (0, 100_000)
    for who, what in (("driver", "manifest-collected"), ("refinery-gate", "manifest-received")):
        line = load(drum) if who == "driver" else verdict(drum)
        assert scene.say(who, what, scene.run(2) | {"lines": [line]}) == ""
    assert declared(scene) == (100_000, 100_000)


def test_what_was_treated_before_anybody_told_how_it_came_there_has_left_its_gate(scene: Scene) -> None:
    drum = scene.fill()
    assert scene.say("garage-clerk", "manifest-issued", scene.run() | {"lines": [load(drum)]}) == ""
    treated(scene, drum)
    assert declared(scene) == (100_000, 100_000) and rate(scene).proven.part_g == 100_000


def test_what_is_identified_at_its_receivers_stays_declared_as_what_it_left_as(scene: Scene) -> None:
    drum = scene.fill()
    sent(scene, drum)
    here = {"container": drum, "place": scene.place("refinery")}
    other = {"old_code": "900-249-08", "new_code": "900-001-S07", "net_g": 100_000, "cause": "error"}
    assert scene.say("refinery-hall", "waste-reclassified", here | other) == ""
    confirmed = here | {"code": "900-001-S07", "evidence": "ab" * 32}
    assert scene.say("supervision", "identification-confirmed", confirmed) == ""
    assert rate(scene).proven.whole_g == 0
    assert declared(scene) == (100_000, 100_000)


# -- every term from rows made by hand ---------------------------------------------------------------------------------

BEFORE, EARLY, LATE = "2026-05-01T00:00:00.000Z", "2026-06-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z"


def row(account: str, grams: int, **more: Any) -> Row:
    """A row of a lot born and changed in the period, at its producer's."""
    told: dict[str, Any] = {
        "container": "c", "statement": "s", "at": EARLY, "clock_at": EARLY, "lot": "l", "producer": "p",
        "producer_site": "ps", "holder": "p", "site": "ps", "stage": "held", "code": "900-249-08", "kind": "hazardous",
        "born_at": EARLY, "deadline": "", "grade": "A", "reason": "",
    }  # fmt: skip
    told |= more
    return Row(account=account, grams=grams, **{"by_producer": told["holder"] == told["producer"]} | told)


def asked(view: View = "origin", **more: Any) -> Question:
    terms: dict[str, Any] = {"kind": "hazardous", "start": START, "end": END, "as_of": END}
    return Question(view=view, **terms | more)


OLD: dict[str, Any] = {"at": BEFORE, "clock_at": BEFORE, "born_at": BEFORE}
AWAY: dict[str, Any] = {"holder": "c", "site": "", "stage": "in-transit"}


def test_each_term_of_the_origin_view_is_where_the_definition_has_it() -> None:
    rows = [
        row("open", 1, **OLD), row("open", 2, **OLD | AWAY), row("lost", 4, **OLD | {"stage": "lost"}),
        row("difference", 8, **OLD), row("dumped", 16, **OLD), row("closed", 32, **OLD),
        row("generated", 1_000), row("gain", 10, **AWAY), row("gain", 20, born_at=BEFORE),
        row("settled", 100, **AWAY), row("settled", 200, born_at=BEFORE),
        row("process-loss", 400), row("process-loss", 500, born_at=BEFORE), row("process-loss", 800, reason="no"),
        row("closed", 5_000, holder="d", site="ds"), row("closed", 6_000, born_at=BEFORE, grade="B"),
        row("closed", 7_000, holder="d", reason="no"), row("closed", 40, holder="d", grade="C"),
        row("closed", 50, holder="d", grade="D"), row("entrusted", 3_000, holder="d"),
        row("lost", 60), row("dumped", 70), row("difference", 80), row("open", 90), row("overdue", 95, deadline=LATE),
        *(row(account, 999, **OLD) for account in ("generated", "gain", "settled", "process-loss", "entrusted")),
        row("closed", 33, **OLD | {"grade": "C"}), row("closed", 34, **OLD | {"grade": "B"}),
        row("gain", 998, **OLD | AWAY),
        row("closed", 35, born_at=BEFORE, holder="d", grade="B", reason="no"),
        row("closed", 36, holder="d", grade="C", reason="no"),
        row("open", 64, **OLD | {"holder": "d"}), row("open", 128, **OLD | {"stage": "in-transit"}),
        row("lost", 256, **OLD | AWAY | {"stage": "lost"}),
    ]  # fmt: skip
    seen = rate_of(rows, asked())
    assert seen.question == asked()
    assert seen.opening_g == 1 + 2 + 4 + 8 + 64 + 128 + 256
    assert {name: grams for name, grams in seen.came_in_g.items() if grams} == {"generated": 1_000, "gain": 30}
    assert seen.settled_g == 100 + 200 + 400 + 500
    assert seen.closed_ok_g == 5_000 + 6_000 + 40 + 50
    assert seen.bad_g == {
        "lost": 320, "dumped": 86, "difference": 88, "closed-by-unentitled": 7_071, "process-loss-by-unentitled": 800
    }  # fmt: skip
    assert (seen.overdue_g, seen.open_g) == (95, 1 + 2 + 90 + 95 + 64 + 128)
    assert (seen.verified_g, seen.asserted_g, seen.custodial_g) == (11_000, 90, 6_000)
    assert seen.proven == Share(part_g=11_090, whole_g=463 + 1_030 - 1_200)
    assert seen.proven_with_stock == Share(part_g=11_090, whole_g=1_000 + 10 - 100 - 400 + 6_000)
    assert seen.declared == Share(part_g=3_000 + 6_000, whole_g=1 + 4 + 1_000 + 20)
    assert seen.due == Share(part_g=11_090, whole_g=11_090 + 320 + 86 + 88 + 7_071 + 800 + 95)
    assert not seen.nothing_due and rate_of([row("open", 5)], asked()).nothing_due


def test_each_term_of_the_facility_view_is_where_the_definition_has_it() -> None:
    rows = [
        row("open", 1, **OLD), row("open", 2, **OLD | AWAY), row("difference", 4, **OLD),
        row("difference", 8, **OLD | AWAY), row("lost", 16, **OLD | {"stage": "lost"}),
        row("arrived", 3_000), row("departed", 20), row("reclassified", 7), row("reclassified", 3, **AWAY),
        row("settled", 11), row("settled", 13, **AWAY), row("process-loss", 17),
        row("process-loss", 19, stage="lost"), row("process-loss", 23, reason="no"), row("generated", 99),
        row("closed", 100), row("closed", 200, born_at=BEFORE), row("entrusted", 5),
        row("process-loss", 29, stage="lost", reason="no"), row("process-loss", 998, **OLD | {"stage": "lost"}),
        row("settled", 997, **OLD | AWAY), row("reclassified", 996, **OLD), row("arrived", 995, **OLD),
        *(row(account, 999, **OLD) for account in ("departed", "settled", "process-loss", "closed")),
    ]  # fmt: skip
    seen = rate_of(rows, asked("facility"))
    new = 3_000 - 20 + 7 - 11 - 17
    assert (seen.opening_g, seen.settled_g) == (5, 28)
    assert seen.proven == seen.declared == Share(part_g=300, whole_g=5 + new)
    assert seen.proven_with_stock == Share(part_g=300, whole_g=new + 200)


@pytest.mark.parametrize(("view", "mine"), [("origin", ("p", "ps")), ("facility", ("h", "hs"))])
def test_a_scope_is_a_kind_a_code_parties_and_sites_and_each_narrows_it(view: View, mine: tuple[str, str]) -> None:
    it = row("open", 5, holder="h", site="hs")
    party, site = mine

    def there(**more: Any) -> bool:
        return rate_of([it], asked(view, **more)).open_g == 5

    assert there() and there(parties=frozenset({party, "x"})) and there(sites=frozenset({site, "x"}))
    assert there(code=it.code, parties=frozenset({party}), sites=frozenset({site}))
    assert not there(kind="medical") and not there(code="900-214-08")
    assert not there(parties=frozenset({"x"})) and not there(sites=frozenset({"x"}))
    assert not there(parties=frozenset({"p", "h"} - {party})) and not there(sites=frozenset({"ps", "hs"} - {site}))


def test_a_period_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    just_before = "2026-05-31T15:59:59.999Z"
    assert rate_of([row("generated", 1, at=START)], asked()).came_in_g["generated"] == 1
    assert rate_of([row("generated", 1, at=just_before)], asked()).came_in_g["generated"] == 0
    assert rate_of([row("generated", 1, at=END)], asked()).came_in_g["generated"] == 0
    stock = [rate_of([row("closed", 1, born_at=b)], asked()).proven_with_stock.whole_g for b in (just_before, START)]
    assert stock == [1, 0]


@pytest.mark.parametrize(
    ("account", "deadline", "clock_at", "late"),
    [
        ("open", "2026-12-31T15:59:59.999Z", EARLY, True),
        ("open", END, EARLY, False),
        ("open", "", EARLY, False),
        ("overdue", "", EARLY, True),
        ("overdue", "", END, False),
        ("open", LATE, END, False),
    ],
)
def test_open_mass_is_overdue_from_after_its_deadline_and_by_what_counts_for_clocks(
    account: str, deadline: str, clock_at: str, late: bool
) -> None:
    assert (rate_of([row(account, 7, deadline=deadline, clock_at=clock_at)], asked()).overdue_g == 7) == late


def test_clocks_are_read_as_of_the_question_or_at_the_periods_end_whichever_is_first() -> None:
    waiting = [row("open", 7, deadline=LATE)]
    assert rate_of(waiting, asked()).overdue_g == 7
    assert rate_of(waiting, asked(as_of=LATE)).overdue_g == 0
    assert rate_of(waiting, asked(as_of="2027-06-01T00:00:00.000Z")).overdue_g == 7
    assert rate_of(waiting, asked(end=LATE)).overdue_g == 0


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        (1, 1, "100.00"), (99_999, 100_000, "99.99"), (0, 5, "0.00"), (1, 3, "33.33"), (101, 10_000, "1.01"),
        (-5, 5, "0.00"), (5, 0, None), (5, -1, None), (1, 100, "1.00"),
    ],
)  # fmt: skip
def test_percentages_are_rounded_down_and_none_where_there_is_nothing(
    part: int, whole: int, percent: str | None
) -> None:
    assert Share(part_g=part, whole_g=whole).percent == percent


# -- what keeps it from 100 % ------------------------------------------------------------------------------------------


VIEWS: tuple[View, ...] = ("origin", "facility")


def blocks(scene: Scene, thing: str, view: View, of: str, **more: Any) -> bool:
    question = asked(view, **{"parties": frozenset({scene.party(of)})} | more)
    return unresolved(scene.container(thing), scene.told.facts[thing], question, CN)


def test_unknown_mass_keeps_its_first_owner_and_who_has_it_from_100_percent_until_it_is_weighed(scene: Scene) -> None:
    drum, yard = scene.id("container", 1), scene.place("garage-yard")
    body = garage(scene, drum, kind="package", name="废机油", mass={"basis": "volume", "volume_ml": 200_000})
    assert scene.say("garage-clerk", "container-filled", body) == ""
    assert scene.container(drum).net_g == 0
    born_at = scene.said[-1].at
    seen = [blocks(scene, drum, view, of) for view in VIEWS for of in ("garage", "refiner")]
    assert seen == [True, False, True, False]
    for more, wanted in (
        ({"kind": "household"}, False), ({"code": "900-249-08"}, True), ({"code": "900-214-08"}, False),
        ({"end": born_at}, False), ({"sites": frozenset({yard["site"]})}, True),
        ({"sites": frozenset({scene.place("refinery")["site"]})}, False), ({"parties": frozenset()}, True),
    ):  # fmt: skip
        assert [blocks(scene, drum, view, "garage", **more) for view in VIEWS] == [wanted] * 2, more
    unweighed = {**verdict(drum), "mass": {"basis": "volume", "volume_ml": 200_000}}
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum, 0)]}) == ""
    assert scene.say("refinery-gate", "manifest-received", scene.run() | {"lines": [unweighed]}) == ""
    seen = [blocks(scene, drum, view, of) for view in VIEWS for of in ("garage", "refiner")]
    assert seen == [True, False, False, True]
    weighing = {"container": drum, "place": scene.place("refinery"), "code": "900-249-08", "previous_g": 0}
    assert scene.say("refinery-gate", "container-weighed", weighing | {"mass": weighed(170_000)}) == ""
    assert not any(blocks(scene, drum, view, of) for view in VIEWS for of in ("garage", "refiner"))


def test_unknown_mass_that_nobody_recorded_first_is_everybodys_until_its_loss_is_determined(scene: Scene) -> None:
    drum = scene.id("container", 1)
    unknown = {"basis": "volume", "volume_ml": 200_000}
    received = scene.run() | {"lines": [verdict(drum) | {"mass": unknown}]}
    assert scene.say("refinery-gate", "manifest-received", received) == ""
    assert not blocks(scene, drum, "origin", "garage")  # nobody said yet what it is
    body = garage(scene, drum, kind="package", name="废机油", mass=unknown)
    assert scene.say("garage-clerk", "container-filled", body) == ""
    for of in ("garage", "refiner", "coating"):
        assert blocks(scene, drum, "origin", of)
        assert blocks(scene, drum, "facility", of) == (of == "refiner")
    lost = {"container": drum, "place": scene.place("refinery"), "code": "900-249-08", "net_g": 0}
    assert scene.say("refinery-gate", "container-lost", lost | {"stage": "held", "reason": "stolen"}) == ""
    assert blocks(scene, drum, "origin", "coating")
    assert scene.say("supervision", "loss-determined", lost | {"net_g": 1, "outcome": "dumped"}) == ""
    assert not blocks(scene, drum, "origin", "coating")


def test_unknown_mass_that_a_plant_weighed_in_for_a_street_is_the_streets(scene: Scene) -> None:
    cart, plant = scene.id("container", 1), scene.place("wte-plant")
    body = {"container": cart, "place": plant, "origin": scene.place("east-street"), "kind": "load", "code": "SW60"}
    body |= {"name": "生活垃圾", "mass": {"basis": "volume", "volume_ml": 8_000_000}}
    assert scene.say("wte-gate", "load-weighed-in", body) == ""
    street, works = scene.place("east-street")["party"], plant["party"]
    views: tuple[tuple[View, str], ...] = (("origin", street), ("facility", works))
    for view, party in views:
        for asked_of in (street, works):
            seen = blocks(scene, cart, view, "garage", kind="household", parties=frozenset({asked_of}))
            assert seen is (asked_of == party), view


def test_a_gap_is_named_by_what_became_of_it_and_the_largest_comes_first() -> None:
    wrongs = [
        ("lost", "", 40), ("dumped", "", 30), ("difference", "", 35), ("process-loss", "no-licence", 20),
        ("closed", "no-licence", 60), ("process-loss", "", 500), ("closed", "", 500), ("settled", "", 500),
    ]  # fmt: skip
    late = "2026-06-30T00:00:00.000Z"
    states = [
        ("held", 70, END), ("in-transit", 10, END), ("held", 80, late), ("held", 15, END), ("held", 5, late),
        ("held", -5, late),
    ]  # fmt: skip
    rows = [row(account="open", stage=stage, grams=g, deadline=deadline, at=late) for stage, g, deadline in states]
    rows += [row(account=account, reason=reason, grams=grams, at=late) for account, reason, grams in wrongs]
    rows += [row(account="lost", grams=9, at=START), row(account="lost", stage="in-transit", grams=-9, at=late)]
    rows += [row(account="overdue", stage="in-transit", grams=7, at=late, clock_at=late)]
    rows += [row(account="lost", grams=900, at=late, kind="medical"), row(account="lost", grams=900, at=END)]
    held = [("open", "held", 85), ("overdue", "held", 80), ("closed-by-unentitled", "no-licence", 60)]
    others = [("lost", "", 40), ("difference", "", 35), ("dumped", "", 30)]
    others += [("process-loss-by-unentitled", "no-licence", 20)]
    road = [("open", "in-transit", 10), ("overdue", "in-transit", 7)]
    views: tuple[tuple[View, list[Any]], ...] = (
        ("origin", [*held, *others, *road]), ("facility", [*held, *others])
    )  # fmt: skip
    for view, wanted in views:
        found = gaps_from(heaps_of(rows, asked(view)), view)
        assert [(gap.why, gap.detail, gap.grams) for gap in found] == wanted
    assert found[0] == Gap(why="open", detail="held", grams=85)
