"""Exceptions beyond the stories': each opens for what is wrong, not for its nearest lawful neighbour, and closes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.custody.flags import RULES, ledger_flags
from ledger.custody.regimes.base import later
from tests.support.told import CN, Scene, load, verdict, weighed

SOON = "2026-08-04T00:00:00.000Z"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def open_rules(scene: Scene, at: str = SOON) -> set[str]:
    """What stands open then, leaving out what waits for a manifest that these scenes never issue."""
    return {rule for rule, _, _, closed in scene.told.flags(at) if not closed} - {"not-on-manifest"}


def arrived(scene: Scene, drum: str, at: str = "") -> None:
    run = scene.run()
    body = {"manifest": run["manifest"], "place": run["to"], "carrier": run["carrier"], "arrived": [drum]}
    assert scene.say("refinery-gate", "manifest-arrived", body, at=at) == ""


def collected(scene: Scene, drum: str, grams: int = 100_000) -> None:
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum, grams)]}) == ""


def received(scene: Scene, drum: str, *, to: str = "refinery", who: str = "refinery-gate", **line: Any) -> None:
    body = scene.run(to=to) | {"lines": [verdict(drum) | line]}
    assert scene.say(who, "manifest-received", body) == ""


@pytest.mark.parametrize("got", [99_000, 101_000])
@pytest.mark.parametrize(("scope", "settled"), [("garage", True), ("garage-yard", True), ("carrier", False)])
def test_light_and_heavy_loads_are_judged_by_the_senders_tolerance(
    scene: Scene, got: int, scope: str, settled: bool
) -> None:
    where = scene.place("garage-yard")["site"] if scope == "garage-yard" else scene.party(scope)
    setting = {"name": "tolerance-ppm", "value": 10_000, "effective_from": "2026-01-01", "scope": where}
    assert scene.say("settings", "setting-adopted", setting) == ""
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum, **verdict(drum, grams=got))
    assert ("mass-difference" in {rule for rule, *_ in scene.told.flags(SOON)}) is not settled


def test_a_difference_of_half_a_percent_is_settled_and_a_gram_more_is_not(scene: Scene) -> None:
    within, beyond = scene.fill(1), scene.fill(2)
    for n, (drum, grams) in enumerate(((within, 99_500), (beyond, 99_499)), 1):
        run = scene.run(n)
        scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]})
        scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum, grams=grams)]})
    assert [thing for rule, thing, *_ in scene.told.flags(SOON) if rule == "mass-difference"] == [beyond]
    rate = scene.told.rate(
        of=scene.party("garage"), kind="hazardous", start="2026-01-01", until="2026-12-31", as_of=SOON
    )
    assert (rate.settled_g, rate.bad_g["difference"]) == (500, 501)
    assert (rate.due.part_g, rate.due.whole_g) == (0, 501)


def test_another_code_at_the_gate_differs_from_the_label(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum)
    assert "code-differs" not in open_rules(scene)
    other = Scene()
    drum = other.fill()
    collected(other, drum)
    received(other, drum, code="900-214-08")
    assert "code-differs" in open_rules(other)


def test_the_consignee_is_whom_the_manifest_names_or_whom_it_was_redirected_to(scene: Scene) -> None:
    drum = scene.fill()
    run = scene.run()
    scene.say("garage-clerk", "manifest-issued", run | {"lines": [load(drum)]})
    collected(scene, drum)
    received(scene, drum, to="incinerator", who="furnace-gate")
    assert open_rules(scene) == {"wrong-consignee"}
    redirected = scene.run(to="incinerator") | {"lines": [load(drum)]}
    # Told later, but it happened before the receipt.
    assert scene.say("garage-clerk", "manifest-redirected", redirected, at=scene.said[-2].at) == ""
    assert open_rules(scene) == set()


def test_a_mass_nobody_knows_is_unknown_until_it_is_weighed(scene: Scene) -> None:
    drum = scene.id("container", 1)
    body = {"container": drum, "place": scene.place("garage-yard"), "kind": "package", "code": "900-249-08"}
    body |= {"name": "废机油", "mass": {"basis": "volume", "volume_ml": 180_000}}
    scene.say("garage-clerk", "container-filled", body)
    assert open_rules(scene) == {"mass-unknown"}
    assert scene.told.sums() == {}
    again = {"container": drum, "place": scene.place("garage-yard"), "code": "900-249-08"}
    scene.say("garage-clerk", "container-weighed", again | {"mass": weighed(150_000), "previous_g": 0})
    assert open_rules(scene) == set()


def test_a_well_formed_code_that_is_not_listed_is_recorded_and_flagged(scene: Scene) -> None:
    scene.fill(1, code="900-248-08")
    assert open_rules(scene) == {"code-not-in-catalogue"}
    for code in ("900-249-08", "900-000-08"):
        # The second is what waste in no row is called once it is identified as hazardous.
        other = Scene()
        other.fill(1, code=code)
        assert open_rules(other) == set()


@pytest.mark.parametrize(("hours", "rules"), [(24, set()), (25, {"recorded-late"})])
def test_what_comes_more_than_a_day_later_was_recorded_late(scene: Scene, hours: int, rules: set[str]) -> None:
    at = "2026-08-02T00:00:00.000Z"
    scene.fill(at=at, received_at=later(at, hours=hours))
    assert open_rules(scene) == rules


@pytest.mark.parametrize(("minutes", "rules"), [(5, set()), (6, {"clock-ahead"})])
def test_a_device_more_than_five_minutes_ahead_is_flagged(scene: Scene, minutes: int, rules: set[str]) -> None:
    at = "2026-08-02T01:00:00.000Z"
    scene.fill(at=at, received_at=later(at, minutes=-minutes))
    assert open_rules(scene) == rules


def test_what_a_revoked_key_said_before_its_end_is_recorded_and_flagged(scene: Scene) -> None:
    drum = scene.fill()
    stored = {"container": drum, "place": scene.place("garage-yard"), "facility": scene.park.story.ids["garage-store"]}
    fact = scene.fact("garage-clerk", "container-stored", stored)
    scene.told.record([replace(fact, by=replace(fact.by, late=True))])
    assert open_rules(scene) == {"after-revocation"}


def test_who_handles_what_another_holds_is_not_its_holder(scene: Scene) -> None:
    drum = scene.fill()
    stored = {
        "container": drum,
        "place": scene.place("coating-yard"),
        "facility": scene.park.story.ids["coating-store"],
    }
    assert scene.say("coating-clerk", "container-stored", stored) == ""
    assert open_rules(scene) == {"not-holder"}
    assert scene.container(drum).holder == scene.party("garage")


def test_fifteen_days_on_the_road_are_too_long_until_it_arrives(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    at = scene.said[-1].at
    assert open_rules(scene, later(at, days=15)) == set()
    assert open_rules(scene, later(at, days=15, minutes=1)) == {"transit-overtime"}
    body = scene.run() | {"lines": [verdict(drum)]}
    assert scene.say("refinery-gate", "manifest-received", body, at=later(at, days=16)) == ""
    assert open_rules(scene, later(at, days=17)) == set()
    assert "transit-overtime" in {rule for rule, *_ in scene.told.flags(later(at, days=17))}


def test_the_receiver_confirms_within_five_working_days(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    # Monday 3 August: the fifth working day after it is Monday 10 August, until midnight in the park.
    arrived(scene, drum)
    assert open_rules(scene, "2026-08-10T15:59:00.000Z") == set()
    assert open_rules(scene, "2026-08-10T16:00:00.000Z") == {"confirmation-late"}
    body = scene.run() | {"lines": [verdict(drum)]}
    scene.say("refinery-gate", "manifest-received", body, at="2026-08-11T02:00:00.000Z")
    assert open_rules(scene, "2026-08-12T00:00:00.000Z") == set()


def test_a_year_without_an_adopted_calendar_is_provisional(scene: Scene) -> None:
    registry = scene.told.registry
    registry.opened = opened(scene)
    assert [f.rule for f in ledger_flags(CN, registry, "2026-12-31T15:59:00.000Z")] == []
    assert [f.rule for f in ledger_flags(CN, registry, "2026-12-31T16:00:00.000Z")] == ["calendar-provisional"]
    calendar = {"year": 2027, "days_off": ["2027-01-01"]}
    scene.say("settings", "calendar-adopted", calendar)
    assert [f.rule for f in ledger_flags(CN, registry, "2026-12-31T16:00:00.000Z")] == []


def opened(scene: Scene) -> Any:
    key = {"stream": scene.id("key", 1), "person": scene.id("person", 1), "public_key": "0" * 64}
    body = {"origin": "ledger.example/park", "operator": scene.id("party", 1), "operator_name": "运营方（虚构）"}
    body |= {"log_key": "x", "promise_key": "0" * 64, "regime": "cn.1"}
    numbers = {"promise_hours": 24, "schema": 1, "system_key": key, "authorities": []}
    return scene.fact("registrar", "ledger-opened", body | numbers).event


def test_every_rule_says_itself_in_both_languages_and_names_a_law() -> None:
    for code, rule in RULES.items():
        assert rule.code == code
        assert rule.en.isascii() and rule.todo_en.isascii()
        assert not rule.zh.isascii() and not rule.todo_zh.isascii()
        assert CN.cite(rule.cites, "2026-08-15"), code
