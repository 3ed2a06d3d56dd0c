"""A correction is an event of today: it waits for whoever relied on the old value and never takes a drum below zero."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.decide import effective
from ledger.custody.events.movement import ManifestReceived
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


def waiting(scene: Scene) -> list[str]:
    """What the open corrections wait for."""
    found = [f for f in scene.told.account()[1] if f.rule == "correction-waiting" and not f.closed_at]
    return [f.detail for f in found]


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


def garage(scene: Scene, drum: str, **more: Any) -> dict[str, Any]:
    return {"container": drum, "place": scene.place("garage-yard"), "code": "900-249-08"} | more


def corrected(scene: Scene, drum: str, n: int, field: str, old: Any, new: Any, who: str = "garage-clerk") -> None:
    assert scene.say(who, "entry-corrected", correction(scene, drum, n, field, old, new)) == ""


@pytest.mark.parametrize(("grams", "waits"), [(80_000, []), (79_999, ["below-zero"])])
def test_a_correction_to_a_gram_below_zero_waits_until_what_is_missing_was_added(
    scene: Scene, grams: int, waits: list[str]
) -> None:
    drum = scene.fill()
    assert (
        scene.say("garage-clerk", "container-weighed", garage(scene, drum, mass=weighed(20_000), previous_g=100_000))
        == ""
    )
    corrected(scene, drum, 0, "mass.net_g", 100_000, grams)
    assert waiting(scene) == waits
    assert (scene.container(drum).net_g, stages(scene)["generated"]) == ((20_000, -100_000) if waits else (0, -80_000))
    # Told later, but it happened before the weighing.
    early = "2026-08-01T00:00:00.000Z"
    assert scene.say("garage-clerk", "waste-added", garage(scene, drum, mass=weighed(1)), at=early) == ""
    assert (waiting(scene), stages(scene)["generated"]) == ([], -grams - 1)


def test_a_correction_no_longer_holds_when_more_leaves_than_it_left(scene: Scene) -> None:
    drum = scene.fill()
    corrected(scene, drum, 0, "mass.net_g", 100_000, 80_000)
    lost = garage(scene, drum, net_g=90_000, stage="held", reason="stolen")
    assert scene.say("garage-clerk", "container-lost", lost) == ""
    assert stages(scene) == {"generated": -100_000, "held": 10_000, "lost": 90_000}


def shown(scene: Scene) -> list[tuple[str, str, str, str]]:
    """(what it waits for, opened, by, closed) of every correction that waits or waited, in the order of opening."""
    found = [f for f in scene.told.account()[1] if f.rule == "correction-waiting"]
    return [(f.detail, f.opened_at, f.opened_by, f.closed_at) for f in sorted(found, key=lambda f: f.opened_at)]


def test_a_correction_that_no_longer_holds_waits_from_the_statement_that_undid_it(scene: Scene) -> None:
    drum = scene.fill()
    corrected(scene, drum, 0, "mass.net_g", 100_000, 80_000)
    lost = garage(scene, drum, net_g=80_000, stage="held", reason="stolen")
    assert scene.say("garage-clerk", "container-lost", lost) == ""
    assert shown(scene) == []
    assert scene.say("garage-clerk", "container-lost", lost | {"net_g": 1}) == ""
    undid = scene.said[-1]
    for _ in range(3):
        assert scene.say("garage-clerk", "container-lost", lost | {"net_g": 1}) == ""
    assert shown(scene) == [("below-zero", undid.at, undid.statement, "")]
    # Told later, but it happened before the losses.
    assert scene.say("garage-clerk", "waste-added", garage(scene, drum, mass=weighed(4)), at=scene.said[0].at) == ""
    assert shown(scene) == []


def test_a_correction_that_was_agreed_to_and_no_longer_holds_waits_a_second_time(scene: Scene) -> None:
    drum = scene.fill()
    assert scene.say("garage-clerk", "manifest-issued", scene.run(to="coating-yard") | {"lines": [load(drum)]}) == ""
    weighing = {"container": drum, "place": scene.place("coating-yard"), "code": "900-249-08", "previous_g": 100_000}
    assert scene.say("coating-clerk", "container-weighed", weighing | {"mass": weighed(100_000)}) == ""
    corrected(scene, drum, 0, "mass.net_g", 100_000, 80_000)
    asked = scene.said[-1]
    assert scene.say("coating-clerk", "correction-agreed", {"container": drum, "correction": asked.id}) == ""
    agreed = scene.said[-1]
    lost = garage(scene, drum, net_g=90_000, stage="held", reason="stolen")
    assert scene.say("garage-clerk", "container-lost", lost) == ""
    undid = scene.said[-1]
    assert shown(scene) == [
        (scene.party("coating"), asked.at, asked.statement, agreed.at),
        ("below-zero", undid.at, undid.statement, ""),
    ]
    found = [f for f in scene.told.account()[1] if f.rule == "correction-waiting"]
    assert {(f.key, f.closed_by) for f in found} == {(asked.id, agreed.statement), (asked.id, "")}


def test_what_is_below_zero_already_may_be_put_right_in_part(scene: Scene) -> None:
    drum = scene.fill()
    lost = garage(scene, drum, net_g=120_000, stage="held", reason="stolen")
    assert scene.say("garage-clerk", "container-lost", lost) == ""
    corrected(scene, drum, 0, "mass.net_g", 100_000, 110_000)
    assert (waiting(scene), stages(scene)) == ([], {"generated": -110_000, "held": -10_000, "lost": 120_000})


def test_only_what_is_held_can_go_below_zero(scene: Scene) -> None:
    drum = scene.id("container", 1)
    assert scene.say("refinery-gate", "manifest-received", scene.run() | {"lines": [verdict(drum, grams=99_000)]}) == ""
    corrected(scene, drum, 0, "lines.0.mass.net_g", 99_000, 100_000, "refinery-gate")
    assert waiting(scene) == [scene.party("garage")]
    assert scene.say("garage-clerk", "correction-agreed", {"container": drum, "correction": scene.said[-1].id}) == ""
    assert stages(scene) == {"in-transit": -100_000, "held": 100_000}


def test_the_other_end_of_a_journey_relied_on_it_before_it_said_anything(scene: Scene) -> None:
    drum = scene.fill()
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]}) == ""
    corrected(scene, drum, 1, "lines.0.net_g", 100_000, 90_000, "driver")
    assert waiting(scene) == [" ".join(sorted([scene.party("garage"), scene.party("refiner")]))]


def test_an_authority_puts_right_at_once_what_only_its_author_said(scene: Scene) -> None:
    drum = scene.fill()
    corrected(scene, drum, 0, "mass.net_g", 100_000, 90_000, "supervision")
    assert (waiting(scene), stages(scene)["generated"]) == ([], -90_000)


@pytest.mark.parametrize(("outcomes", "generated"), [("reject apply", -110_000), ("apply reject", -100_000)])
def test_the_authoritys_last_word_counts(scene: Scene, outcomes: str, generated: int) -> None:
    drum = sent(scene)
    corrected(scene, drum, 0, "mass.net_g", 100_000, 110_000)
    decision = {"container": drum, "correction": scene.said[-1].id}
    for outcome in outcomes.split():
        assert scene.say("supervision", "correction-decided", decision | {"outcome": outcome}) == ""
    assert stages(scene)["generated"] == generated


def test_what_comes_late_to_a_corrected_drum_is_posted_too(scene: Scene) -> None:
    drum = scene.fill()
    corrected(scene, drum, 0, "mass.net_g", 100_000, 90_000)
    early = "2026-08-01T00:00:00.000Z"
    assert scene.say("garage-clerk", "waste-added", garage(scene, drum, mass=weighed(5_000)), at=early) == ""
    assert stages(scene) == {"generated": -95_000, "held": 95_000}
    assert scene.container(drum).net_g == 95_000


def test_a_corrected_net_weight_leaves_no_gross_and_tare_beside_it(scene: Scene) -> None:
    drum = scene.fill()
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]}) == ""
    mass = {"basis": "weighbridge", "gross_g": 119_000, "tare_g": 20_000, "net_g": 99_000}
    body = scene.run() | {"lines": [verdict(drum) | {"mass": mass}]}
    assert scene.say("refinery-gate", "manifest-received", body) == ""
    corrected(scene, drum, 2, "lines.0.mass.net_g", 99_000, 99_900, "refinery-gate")
    assert scene.say("garage-clerk", "correction-agreed", {"container": drum, "correction": scene.said[-1].id}) == ""
    said = effective(drum, sorted(scene.told.facts[drum], key=lambda f: f.order))[2].event
    assert isinstance(said, ManifestReceived) and said.lines[0].mass is not None
    assert (said.lines[0].mass.net_g, said.lines[0].mass.gross_g, said.lines[0].mass.tare_g) == (99_900, None, None)


def test_a_field_that_concerns_another_container_is_corrected_there(scene: Scene) -> None:
    drum, other = scene.fill(1), scene.id("container", 2)
    target = load(other) | {"kind": "package", "name": "废机油"}
    body = {"place": scene.place("garage-yard"), "reason": "repack", "sources": [load(drum)], "targets": [target]}
    assert scene.say("garage-clerk", "contents-transferred", body) == ""
    there = correction(scene, other, 1, "sources.0.net_g", 100_000, 90_000)
    assert scene.say("garage-clerk", "entry-corrected", there) == "correction-target-unknown"


@pytest.mark.parametrize(
    ("who", "closed", "code", "detail"),
    [
        ("garage-clerk", None, "period-is-closed", []),
        ("garage-clerk", "2026-08", "", ["authority"]),
        ("supervision", None, "", []),
        ("supervision", "2026-08", "", []),
    ],
)
def test_in_a_closed_period_less_is_generated_only_with_the_authority(
    scene: Scene, who: str, closed: str | None, code: str, detail: list[str]
) -> None:
    drum = scene.id("container", 1)
    assert scene.say("garage-clerk", "waste-added", garage(scene, drum, mass=weighed(100_000))) == ""
    period = {"period": "2026-08", "start": "2026-07-31T16:00:00.000Z", "end": "2026-08-31T16:00:00.000Z"}
    period |= {"holder": scene.party("garage"), "site": scene.place("garage-yard")["site"]}
    assert scene.say("garage-clerk", "period-closed", period, at="2026-09-01T00:00:00.000Z") == ""
    body = correction(scene, drum, 0, "mass.net_g", 100_000, 90_000) | ({"closed": closed} if closed else {})
    assert scene.say(who, "entry-corrected", body, at="2026-09-02T00:00:00.000Z") == code
    assert waiting(scene) == detail
    assert stages(scene)["generated"] == (-100_000 if code or detail else -90_000)


@pytest.mark.parametrize(("grams", "code"), [(110_000, "period-is-closed"), (90_000, "")])
def test_in_a_closed_period_more_is_closed_only_with_the_authority(scene: Scene, grams: int, code: str) -> None:
    drum, ids = scene.fill(), scene.park.story.ids
    body = {"place": scene.place("refinery"), "facility": ids["still"], "stage": "final", "end": "utilised",
            "method": "R9", "basis": "weighed", "inputs": [load(drum)]}  # fmt: skip
    assert scene.say("refinery-hall", "waste-treated", body) == ""
    period = {"period": "2026-08", "start": "2026-07-31T16:00:00.000Z", "end": "2026-08-31T16:00:00.000Z"}
    period |= {"holder": scene.party("refiner")}
    assert scene.say("refinery-gate", "period-closed", period, at="2026-09-01T00:00:00.000Z") == ""
    change = correction(scene, drum, 1, "inputs.0.net_g", 100_000, grams)
    assert scene.say("refinery-hall", "entry-corrected", change, at="2026-09-02T00:00:00.000Z") == code


def test_a_correction_that_waits_is_not_yet_what_the_next_one_corrects(scene: Scene) -> None:
    drum = scene.fill()
    weighing = garage(scene, drum, mass=weighed(20_000), previous_g=100_000)
    assert scene.say("garage-clerk", "container-weighed", weighing) == ""
    corrected(scene, drum, 0, "mass.net_g", 100_000, 30_000)
    corrected(scene, drum, 0, "mass.net_g", 100_000, 90_000)
    assert (waiting(scene), stages(scene)["generated"]) == (["below-zero"], -90_000)


def test_a_hand_over_that_both_carriers_told_of_is_put_right_by_one_of_them(scene: Scene) -> None:
    drum, run, second = scene.fill(), scene.run(), scene.party("carrier-2")
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]}) == ""
    ends = {"manifest": run["manifest"], "from_carrier": run["carrier"], "to_carrier": second}
    for who in ("driver", "driver-2"):
        assert scene.say(who, "manifest-handed-over", ends | {"lines": [load(drum)]}) == ""
    received = run | {"carrier": second, "lines": [verdict(drum)]}
    assert scene.say("refinery-gate", "manifest-received", received) == ""
    assert scene.told.sums()["in-transit", second, drum] == 100_000
    body = correction(scene, drum, 3, "lines.0.net_g", 100_000, 0)
    assert scene.say("driver", "entry-corrected", body) == "not-own"
    assert scene.say("driver-2", "entry-corrected", body) == ""
    agreed = {"container": drum, "correction": scene.said[-1].id}
    assert scene.say("refinery-gate", "correction-agreed", agreed) == ""
    assert stages(scene) == {"generated": -100_000, "held": 100_000}
    assert not any(rule == "step-missing" and not closed for rule, _, _, closed in flags(scene))
