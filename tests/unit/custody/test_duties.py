"""What a site owes the authority, by its tier; who was late; what was planned against what was."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.duties import duties_of, duty_flags, plan_against_actual, tier_of
from tests.support.told import CN, Scene, load, verdict

TONNE = 1_000_000


@pytest.fixture
def scene() -> Scene:
    return Scene()


def site(scene: Scene, alias: str) -> str:
    return scene.place(alias)["site"]


@pytest.mark.parametrize(
    ("grams", "tier"),
    [
        (100 * TONNE, "key"),
        (100 * TONNE - 1, "simplified"),
        (10 * TONNE, "simplified"),
        (10 * TONNE - 1, "registered"),
        (0, "registered"),
    ],
)
def test_a_generators_tier_follows_from_a_years_grams(scene: Scene, grams: int, tier: str) -> None:
    assert tier_of(site(scene, "garage-yard"), grams, "2026-12-31", CN, scene.told.registry) == tier


@pytest.mark.parametrize("alias", ["chem-yard", "refinery", "brick-kiln"])
def test_an_own_facility_or_a_licence_makes_a_site_key_however_little_it_generates(scene: Scene, alias: str) -> None:
    assert tier_of(site(scene, alias), 0, "2026-12-31", CN, scene.told.registry) == "key"


def test_each_tier_has_its_own_dates(scene: Scene) -> None:
    def owed(tier: Any) -> list[tuple[str, str, str]]:
        found = duties_of(site(scene, "garage-yard"), tier, 2026, CN, scene.told.registry)
        return [(d.kind, d.period, CN.day_of(d.due_at)) for d in found]

    assert owed("registered") == [("plan", "2026", "2026-03-31"), ("declaration", "2026", "2027-03-31")]
    assert owed("simplified") == [
        ("plan", "2026", "2026-03-31"),
        ("declaration", "2026-Q1", "2026-04-15"),
        ("declaration", "2026-Q2", "2026-07-15"),
        ("declaration", "2026-Q3", "2026-10-15"),
        ("declaration", "2026-Q4", "2027-01-15"),
        ("declaration", "2026", "2027-03-31"),
    ]
    monthly = owed("key")
    assert len(monthly) == 14
    assert ("declaration", "2026-12", "2027-01-15") in monthly and ("declaration", "2026-01", "2026-02-15") in monthly


def test_what_was_received_in_time_is_in_order_and_a_millisecond_later_is_overdue(scene: Scene) -> None:
    yard = site(scene, "garage-yard")
    body = {"holder": scene.party("garage"), "site": yard}
    first = body | {"period": "2026-Q1", "start": "2025-12-31T16:00:00.000Z", "end": "2026-03-31T16:00:00.000Z"}
    second = body | {"period": "2026-Q2", "start": "2026-03-31T16:00:00.000Z", "end": "2026-06-30T16:00:00.000Z"}
    line = {"code": "900-249-08", "generated_g": 1}
    plan = body | {"plan": scene.id("plan", 1), "year": 2026, "lines": [line]}
    scene.say("garage-clerk", "plan-filed", plan, at="2026-03-31T15:59:59.999Z")
    scene.say("garage-clerk", "period-closed", first, at="2026-04-15T15:59:59.999Z")
    # It says that it happened in time; a deadline is met by what was received.
    scene.say(
        "garage-clerk", "period-closed", second, at="2026-07-15T15:00:00.000Z", received_at="2026-07-15T16:00:00.000Z"
    )
    duties = duties_of(yard, "simplified", 2026, CN, scene.told.registry)
    flags = list(duty_flags(duties, scene.told.registry))
    assert [(f.rule, f.key, f.closed_at) for f in flags][:1] == [
        ("declaration-overdue", "2026-Q2", "2026-07-15T16:00:00.000Z")
    ]
    assert {f.key for f in flags} == {"2026-Q2", "2026-Q3", "2026-Q4", "2026"}
    assert [d.period for d in duties if d.overdue_at("2026-10-20T00:00:00.000Z")] == ["2026-Q3"]
    assert not any(f.rule == "plan-overdue" for f in flags)
    other = duties_of(site(scene, "coating-yard"), "registered", 2026, CN, scene.told.registry)
    assert [f.rule for f in duty_flags(other, scene.told.registry)] == ["plan-overdue", "declaration-overdue"]


def test_a_closed_period_is_the_one_it_names(scene: Scene) -> None:
    body = {"holder": scene.party("garage"), "period": "2026-Q1", "start": "2026-01-01T00:00:00.000Z"}
    with pytest.raises(Exception, match="2025-12-31"):
        scene.say("garage-clerk", "period-closed", body | {"end": "2026-04-01T00:00:00.000Z"})


def test_the_plan_stands_beside_what_was_generated_and_what_left(scene: Scene) -> None:
    yard = site(scene, "garage-yard")
    line = {"code": "900-249-08", "generated_g": 150_000, "entrusted_g": 150_000}
    body = {"plan": scene.id("plan", 1), "holder": scene.party("garage"), "site": yard, "year": 2026}
    scene.say("garage-clerk", "plan-filed", body | {"lines": [line, {"code": "900-214-08", "generated_g": 5}]})
    drum, other = scene.fill(1), scene.fill(2, grams=30_000, code="900-041-49")
    scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]})
    scene.say("refinery-gate", "manifest-received", scene.run() | {"lines": [verdict(drum)]})
    found = plan_against_actual(yard, 2026, scene.told.account()[0], CN, scene.told.registry)
    assert [(p.code, p.planned, p.planned_generated_g, p.generated_g, p.entrusted_g) for p in found] == [
        ("900-041-49", False, 0, 30_000, 0),
        ("900-214-08", True, 5, 0, 0),
        ("900-249-08", True, 150_000, 100_000, 100_000),
    ]
    assert plan_against_actual(yard, 2025, scene.told.account()[0], CN, scene.told.registry) == []
    assert scene.container(other).status == "held"
