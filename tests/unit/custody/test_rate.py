"""Figures over the edge of a period: what an earlier one left open, lost or unexplained never makes more than 100 %."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.rate import Question, Rate, View, rate_of
from tests.support.told import Scene, load, verdict, weighed

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
