"""A correction is an event of today: it waits for whoever relied on the old value and never takes a drum below zero."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.told import Scene, load, verdict, weighed


@pytest.fixture
def scene() -> Scene:
    return Scene()


def stages(scene: Scene) -> dict[str, int]:
    sums: dict[str, int] = {}
    for (stage, _, _), grams in scene.told.sums().items():
        sums[stage] = sums.get(stage, 0) + grams
    return sums


def correction(scene: Scene, drum: str, n: int, field: str, old: Any, new: Any) -> dict[str, Any]:
    """Of the n-th thing said in the scene."""
    target = scene.said[n].id
    return {"container": drum, "target": target, "field": field, "old": old, "new": new, "reason": "typing"}


def test_what_nobody_relied_on_is_put_right_at_once(scene: Scene) -> None:
    drum = scene.fill()
    assert scene.say("garage-clerk", "entry-corrected", correction(scene, drum, 0, "mass.net_g", 100_000, 10_000)) == ""
    assert stages(scene) == {"generated": -10_000, "held": 10_000}
    assert scene.container(drum).net_g == 10_000
    again = correction(scene, drum, 0, "mass.net_g", 10_000, 12_000)
    assert scene.say("garage-clerk", "entry-corrected", again) == ""
    assert stages(scene) == {"generated": -12_000, "held": 12_000}


@pytest.mark.parametrize(
    ("who", "field", "old", "new", "code"),
    [
        ("coating-clerk", "mass.net_g", 100_000, 1, "not-own"),
        ("garage-clerk", "code", "900-249-08", "900-214-08", "field-not-correctable"),
        ("garage-clerk", "container", "x", "y", "field-not-correctable"),
        ("garage-clerk", "mass.net_g", 99_999, 1, "old-value-differs"),
        ("garage-clerk", "mass.net_g", "100000", 1, "old-value-differs"),
        ("garage-clerk", "mass.net_g", 100_000, -1, "new-value-impossible"),
        ("garage-clerk", "mass.net_g", 100_000, "1", "new-value-impossible"),
        ("supervision", "mass.net_g", 100_000, 1, ""),
    ],
)
def test_only_ones_own_correctable_value_as_it_stands_is_corrected(
    scene: Scene, who: str, field: str, old: Any, new: Any, code: str
) -> None:
    drum = scene.fill()
    assert scene.say(who, "entry-corrected", correction(scene, drum, 0, field, old, new)) == code


def test_a_correction_names_a_record_of_its_container(scene: Scene) -> None:
    drum = scene.fill(1)
    other = scene.fill(2)
    body = correction(scene, other, 0, "mass.net_g", 100_000, 1)
    assert scene.say("garage-clerk", "entry-corrected", body) == "correction-target-unknown"
    unknown = {"container": drum, "correction": scene.said[0].id}
    assert scene.say("coating-clerk", "correction-agreed", unknown) == "correction-unknown"


def sent(scene: Scene, grams: int = 100_000) -> str:
    drum = scene.fill(grams=grams)
    scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum, grams)]})
    scene.say("refinery-gate", "manifest-received", scene.run() | {"lines": [verdict(drum, grams=grams)]})
    return drum


def test_a_value_somebody_relied_on_waits_until_each_of_them_agrees(scene: Scene) -> None:
    drum = sent(scene)
    before = stages(scene)
    scene.say("garage-clerk", "entry-corrected", correction(scene, drum, 0, "mass.net_g", 100_000, 110_000))
    agreed = {"container": drum, "correction": scene.said[-1].id}
    assert stages(scene) == before
    scene.say("coating-clerk", "correction-agreed", agreed)
    scene.say("driver", "correction-agreed", agreed)
    assert stages(scene) == before
    scene.say("refinery-gate", "correction-agreed", agreed)
    assert stages(scene) == {"generated": -110_000, "held": 110_000}
    # 10 kg that never left lie at the garage, the rest at the refiner.
    assert sorted(g for (stage, _, _), g in scene.told.sums().items() if stage == "held") == [10_000, 100_000]


@pytest.mark.parametrize(("outcome", "generated"), [("apply", -110_000), ("reject", -100_000)])
def test_the_authority_decides_where_the_parties_do_not(scene: Scene, outcome: str, generated: int) -> None:
    drum = sent(scene)
    scene.say("garage-clerk", "entry-corrected", correction(scene, drum, 0, "mass.net_g", 100_000, 110_000))
    decision = {"container": drum, "correction": scene.said[-1].id, "outcome": outcome}
    for who in ("garage-clerk", "refinery-gate", "registrar"):
        assert scene.say(who, "correction-decided", decision) == "not-authorised"
    assert scene.say("supervision", "correction-decided", decision) == ""
    assert stages(scene)["generated"] == generated
    assert not any(rule == "correction-waiting" and not closed for rule, _, _, closed in flags(scene))


def test_a_correction_that_would_go_below_zero_waits_for_the_other_one(scene: Scene) -> None:
    drum = scene.fill()
    again = {"container": drum, "place": scene.place("garage-yard"), "code": "900-249-08"}
    scene.say("garage-clerk", "container-weighed", {**again, "mass": weighed(20_000), "previous_g": 100_000})
    # Filled 30 kg: weighing it down by 80 kg would leave -50 kg.
    scene.say("garage-clerk", "entry-corrected", correction(scene, drum, 0, "mass.net_g", 100_000, 30_000))
    assert stages(scene) == {"generated": -100_000, "held": 20_000, "difference": 80_000}
    assert any(rule == "correction-waiting" and not closed for rule, _, _, closed in flags(scene))
    # Weighed 90 kg: the gap is 10 kg, and now both hold.
    scene.say("garage-clerk", "entry-corrected", correction(scene, drum, 1, "mass.net_g", 20_000, 90_000))
    assert stages(scene) == {"generated": -30_000, "held": 20_000, "difference": 10_000}
    assert not any(rule == "correction-waiting" and not closed for rule, _, _, closed in flags(scene))


def test_a_corrected_receipt_corrects_the_difference_too(scene: Scene) -> None:
    drum = scene.fill()
    scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]})
    scene.say("refinery-gate", "manifest-received", scene.run() | {"lines": [verdict(drum, grams=19_000)]})
    assert stages(scene) == {"generated": -100_000, "held": 19_000, "difference": 81_000}
    assert ("mass-difference", "") in {(rule, closed) for rule, _, _, closed in flags(scene)}
    body = correction(scene, drum, 2, "lines.0.mass.net_g", 19_000, 99_900)
    scene.say("refinery-gate", "entry-corrected", body)
    scene.say("garage-clerk", "correction-agreed", {"container": drum, "correction": scene.said[-1].id})
    assert stages(scene) == {"generated": -100_000, "held": 99_900, "difference": 100}
    assert ("mass-difference", "2026-08-03") in {(rule, closed) for rule, _, _, closed in flags(scene)}


def flags(scene: Scene) -> list[tuple[str, str, str, str]]:
    return scene.told.flags("2026-08-04T00:00:00.000Z")


def test_a_net_weight_put_right_leaves_the_gross_and_tare_that_contradict_it(scene: Scene) -> None:
    drum = scene.id("container", 1)
    mass = {"basis": "weighed", "gross_g": 120_000, "tare_g": 20_000, "net_g": 100_000}
    body = {"container": drum, "place": scene.place("garage-yard"), "kind": "package", "code": "900-249-08"}
    assert scene.say("garage-clerk", "container-filled", body | {"name": "废机油", "mass": mass}) == ""
    assert scene.say("garage-clerk", "entry-corrected", correction(scene, drum, 0, "mass.net_g", 100_000, 90_000)) == ""
    assert scene.container(drum).net_g == 90_000
    assert stages(scene) == {"generated": -90_000, "held": 90_000}


@pytest.mark.parametrize(("site", "code"), [("", "period-is-closed"), ("garage-yard", "period-is-closed"), ("x", "")])
def test_a_period_closed_for_one_site_binds_corrections_of_that_site(scene: Scene, site: str, code: str) -> None:
    drum = scene.fill()
    closed: dict[str, Any] = {
        "holder": scene.party("garage"),
        "period": "2026-08",
        "start": "2026-07-31T16:00:00.000Z",
        "end": "2026-08-31T16:00:00.000Z",
    }
    if site:
        closed["site"] = scene.place("garage-yard")["site"] if site == "garage-yard" else scene.id("site", 7)
    assert scene.say("garage-clerk", "period-closed", closed, at="2026-09-01T00:00:00.000Z") == ""
    lower = correction(scene, drum, 0, "mass.net_g", 100_000, 90_000)
    assert scene.say("garage-clerk", "entry-corrected", lower, at="2026-09-02T00:00:00.000Z") == code
    higher = correction(scene, drum, 0, "mass.net_g", 90_000 if code == "" else 100_000, 110_000)
    assert scene.say("garage-clerk", "entry-corrected", higher, at="2026-09-03T00:00:00.000Z") == ""
