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
