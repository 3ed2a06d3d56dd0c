"""Intentions that break a rule are refused; what did happen is recorded, whatever came or did not come before."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import pytest

from ledger.custody.container import Container, thing_from
from ledger.custody.decide import decide, fold
from ledger.custody.events.ledger import StatementAdopted
from ledger.custody.regimes.base import later
from ledger.custody.rules import refusal_by_code
from tests.support.told import Scene, load, verdict, weighed


@pytest.fixture
def scene() -> Scene:
    return Scene()


def treated(scene: Scene, drum: str, grams: int = 100_000) -> dict[str, Any]:
    ids = scene.park.story.ids
    body = {"place": scene.place("refinery"), "facility": ids["still"], "stage": "final", "end": "utilised"}
    return body | {"method": "R9", "basis": "weighed", "inputs": [load(drum, grams)]}


# -- who may say it ---------------------------------------------------------------------------------------------------


def test_a_party_states_only_what_it_did_itself(scene: Scene) -> None:
    drum = scene.id("container", 1)
    body = {"container": drum, "place": scene.place("garage-yard"), "kind": "package", "code": "900-249-08"}
    body |= {"name": "废机油", "mass": weighed(1)}
    assert scene.say("coating-clerk", "container-filled", body) == "not-own"
    assert drum not in scene.told.states
    assert scene.say("garage-clerk", "container-filled", body) == ""


def test_sender_and_carrier_may_tell_of_a_pick_up_and_the_receiver_may_not(scene: Scene) -> None:
    drum = scene.fill()
    body = scene.run() | {"lines": [load(drum)]}
    assert scene.say("refinery-gate", "manifest-collected", body) == "not-own"
    assert scene.say("driver", "manifest-collected", body) == ""
    assert scene.say("garage-clerk", "manifest-collected", body) == "already-collected"


def test_only_an_authority_adopts_settings_and_calendars(scene: Scene) -> None:
    setting = {"name": "tolerance-ppm", "value": 900_000, "effective_from": "2026-01-01"}
    for who in ("refinery-gate", "registrar", "licensing", "supervision"):
        assert scene.say(who, "setting-adopted", setting) == "not-authorised"
    assert scene.say("settings", "setting-adopted", setting) == ""


def test_a_licence_is_entered_by_its_holder_or_by_the_licensing_authority_alone(scene: Scene) -> None:
    licence = {
        "licence": scene.id("licence", 1),
        "holder": scene.party("rogue"),
        "number": "1",
        "kind": "comprehensive",
    }
    licence |= {"valid_from": "2026-01-01", "valid_until": "2026-12-31"}
    assert scene.say("neighbour-gate", "licence-granted", licence) == "not-authorised"
    assert scene.say("registrar", "licence-granted", licence) == "not-authorised"
    assert scene.say("rogue-boss", "licence-granted", licence) == ""
    assert scene.say("licensing", "licence-granted", licence) == ""
    assert [x.confirmed for x in scene.told.registry.licences[scene.party("rogue")]] == [False, True]


def test_roles_pass_only_from_who_holds_them(scene: Scene) -> None:
    key = {"key": scene.id("key", 1), "public_key": "0" * 64, "person": scene.id("person", 1)}
    key |= {"purpose": "statement", "proof": "AA=="}
    rogue, garage = scene.party("rogue"), scene.party("garage")
    assert scene.say("rogue-boss", "key-enrolled", {**key, "holder": garage}) == "not-authorised"
    assert scene.say("rogue-boss", "key-enrolled", {**key, "holder": garage, "uses": 1}) == ""
    assert scene.say("rogue-boss", "key-enrolled", {**key, "holder": rogue, "roles": ["licensing"]}) == "roles-not-held"
    assert scene.say("registrar", "key-enrolled", {**key, "holder": rogue, "roles": ["licensing"]}) == "roles-not-held"
    bureau = {**key, "holder": scene.party("bureau")}
    assert scene.say("supervision", "key-enrolled", {**bureau, "roles": ["licensing"]}) == "roles-not-held"
    assert scene.say("supervision", "key-enrolled", {**bureau, "roles": ["supervision"], "admin": True}) != ""
    assert scene.say("supervision", "key-enrolled", bureau) == "not-authorised"
    assert scene.say("supervision", "key-enrolled", {**key, "holder": rogue, "roles": ["supervision"]}) != ""
    assert scene.say("supervision", "key-enrolled", {**bureau, "roles": ["supervision"]}) == ""
    custodial = {**key, "holder": scene.party("bureau"), "roles": ["registrar"], "custody": "server"}
    assert scene.say("registrar", "key-enrolled", custodial) == "authority-key-custodial"
    assert scene.say("refinery-hall", "key-enrolled", {**key, "holder": scene.party("refiner")}) == "not-authorised"
    assert scene.say("refinery-gate", "key-enrolled", {**key, "holder": scene.party("refiner")}) == ""


@pytest.mark.parametrize(
    ("who", "holder", "code"),
    [
        ("registrar", "garage", ""), ("garage-clerk", "garage", ""), ("refinery-hall", "refiner", "not-authorised"),
        ("rogue-boss", "garage", "not-authorised"), ("supervision", "garage", "not-authorised"),
    ],
)  # fmt: skip
def test_a_key_is_revoked_by_a_registrar_or_by_an_administrator_of_its_party(
    scene: Scene, who: str, holder: str, code: str
) -> None:
    body = {"key": scene.id("key", 1), "holder": scene.party(holder), "last_seq": 3, "reason": "lost"}
    assert scene.say(who, "key-revoked", body) == code


def test_only_the_operator_erases_a_person(scene: Scene) -> None:
    body = {"person": scene.id("person", 1), "reason": "request"}
    for who in ("garage-clerk", "registrar", "supervision"):
        assert scene.say(who, "subject-erased", body) == "not-authorised"
    fact = scene.fact("registrar", "subject-erased", body)
    operator = replace(fact, by=replace(fact.by, roles=frozenset({"operator"})))
    assert decide(operator, {}, lambda _: []).refused is None


# -- intentions -------------------------------------------------------------------------------------------------------


def test_a_container_on_an_open_manifest_goes_on_no_other(scene: Scene) -> None:
    drum = scene.fill()
    first, second = scene.run(1), scene.run(2)
    assert scene.say("garage-clerk", "manifest-issued", first | {"lines": [load(drum)]}) == ""
    assert scene.say("garage-clerk", "manifest-issued", first | {"lines": [load(drum)]}) == "manifest-exists"
    assert (
        scene.say("garage-clerk", "manifest-issued", second | {"lines": [load(drum)]}) == "container-on-open-manifest"
    )
    cancelled = {"manifest": first["manifest"], "place": first["from"], "free": [drum], "reason": "mistake"}
    assert scene.say("garage-clerk", "manifest-cancelled", cancelled) == ""
    assert scene.say("garage-clerk", "manifest-issued", second | {"lines": [load(drum)]}) == ""


def test_a_manifest_under_way_is_not_cancelled(scene: Scene) -> None:
    drum = scene.fill()
    run = scene.run()
    scene.say("garage-clerk", "manifest-issued", run | {"lines": [load(drum)]})
    scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]})
    cancelled = {"manifest": run["manifest"], "place": run["from"], "free": [drum], "reason": "mistake"}
    assert scene.say("garage-clerk", "manifest-cancelled", cancelled) == "manifest-in-motion"


def test_what_a_cancellation_forgot_is_freed_by_another_unless_it_went(scene: Scene) -> None:
    drums, run = [scene.fill(n) for n in (1, 2, 3)], scene.run()
    issued = {"lines": [load(drum) for drum in drums]}
    assert scene.say("garage-clerk", "manifest-issued", run | issued) == ""
    cancelled = {"manifest": run["manifest"], "place": run["from"], "reason": "mistake"}
    assert scene.say("garage-clerk", "manifest-cancelled", cancelled | {"free": drums[:1]}) == ""
    again = scene.run(2) | {"lines": [load(drums[1])]}
    assert scene.say("garage-clerk", "manifest-issued", again) == "container-on-open-manifest"
    assert scene.say("garage-clerk", "manifest-cancelled", cancelled | {"free": drums[1:2]}) == ""
    assert scene.say("garage-clerk", "manifest-issued", again) == ""
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drums[2])]}) == ""
    assert scene.say("garage-clerk", "manifest-cancelled", cancelled | {"free": drums[2:]}) == "manifest-in-motion"


def test_what_the_label_denies_is_not_loaded(scene: Scene) -> None:
    drum = scene.fill()
    body = scene.run() | {"lines": [load(drum, code="900-214-08")]}
    assert scene.say("driver", "manifest-collected", body) == "label-differs"
    assert scene.container(drum).status == "held"
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]}) == ""


def test_an_identity_is_used_once(scene: Scene) -> None:
    drum = scene.fill()
    body = {"container": drum, "place": scene.place("garage-yard"), "kind": "package", "code": "900-249-08"}
    assert (
        scene.say("garage-clerk", "container-filled", body | {"name": "又", "mass": weighed(1)}) == "container-exists"
    )
    assert scene.container(drum).net_g == 100_000


def test_the_same_content_is_closed_once(scene: Scene) -> None:
    drum = scene.fill()
    run = scene.run()
    scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]})
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum)]}) == ""
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum)]}) == "already-received"
    assert scene.say("refinery-hall", "waste-treated", treated(scene, drum)) == ""
    assert scene.container(drum).emptied_at == scene.said[-1].at
    assert scene.say("refinery-hall", "waste-treated", treated(scene, drum)) == "already-closed"
    stages = {stage: grams for (stage, _, _), grams in scene.told.sums().items()}
    assert stages == {"generated": -100_000, "utilised": 100_000}


@pytest.mark.parametrize(
    ("at", "code"), [("2026-08-03T06:00:00.000Z", "already-closed"), ("2026-08-03T02:00:00.000Z", "")]
)
def test_what_was_emptied_is_not_treated_afterwards(scene: Scene, at: str, code: str) -> None:
    drum = scene.fill()
    rest = {"container": drum, "place": scene.place("garage-yard"), "code": "900-249-08", "rest_g": 100_000}
    assert scene.say("garage-clerk", "container-emptied", rest, at="2026-08-03T04:00:00.000Z") == ""
    assert scene.say("refinery-hall", "waste-treated", treated(scene, drum), at=at) == code


def test_what_began_begins_no_second_time_and_what_was_received_does_not_come_back(scene: Scene) -> None:
    drum, old, run = scene.fill(1), scene.fill(2), scene.run()
    again = {"place": scene.place("garage-yard"), "reason": "repack", "sources": [load(drum)]}
    poured = load(old) | {"kind": "package", "name": "废机油", "new": True}
    assert scene.say("garage-clerk", "contents-transferred", again | {"targets": [poured]}) == "container-exists"
    residue = treated(scene, drum) | {"outputs": [poured]}
    assert scene.say("refinery-hall", "waste-treated", residue) == "container-exists"
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]}) == ""
    unknown = {"lines": [load(scene.id("container", 3)), load(drum)]}
    assert scene.say("garage-clerk", "manifest-collected", run | unknown) == "already-collected"
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum)]}) == ""
    back = {"manifest": run["manifest"], "to": run["from"], "carrier": run["carrier"]}
    back |= {"lines": [{"container": drum, "code": "900-249-08", "mass": weighed(100_000)}]}
    assert scene.say("garage-clerk", "manifest-return-received", back) == "already-received"


@pytest.mark.parametrize("how", ["waste-added", "contents-transferred", "container-weighed"])
def test_what_comes_into_an_emptied_tank_is_held_and_treated_again(scene: Scene, how: str) -> None:
    drum, tank, place = scene.fill(1, 50_000), scene.fill(2), scene.place("refinery")
    assert scene.say("refinery-hall", "waste-treated", treated(scene, tank)) == ""
    assert scene.container(tank).status == "emptied"
    one = {"container": tank, "place": place, "code": "900-249-08"}
    pumped = {"place": place, "reason": "pump", "sources": [load(drum, 50_000)]}
    bodies: dict[str, dict[str, Any]] = {
        "waste-added": one | {"mass": weighed(50_000)},
        "contents-transferred": pumped | {"targets": [load(tank, 50_000) | {"kind": "vessel", "name": "废机油"}]},
        "container-weighed": one | {"mass": weighed(50_000), "previous_g": 0},
    }
    assert scene.say("refinery-gate", how, bodies[how]) == ""
    thing = scene.container(tank)
    assert (thing.status, thing.holder, thing.site, thing.net_g) == ("held", place["party"], place["site"], 50_000)
    assert scene.say("refinery-hall", "waste-treated", treated(scene, tank, 50_000)) == ""
    assert scene.say("refinery-hall", "waste-treated", treated(scene, tank, 50_000)) == "already-closed"


@pytest.mark.parametrize(("grams", "status"), [(40_000, "held"), (100_000, "emptied")])
def test_what_was_treated_before_it_was_filled_by_the_clocks_holds_the_rest(
    scene: Scene, grams: int, status: str
) -> None:
    drum = scene.id("container", 1)
    assert scene.say("refinery-hall", "waste-treated", treated(scene, drum, grams)) == ""
    assert scene.fill() == drum
    thing, garage = scene.container(drum), scene.place("garage-yard")
    assert (thing.status, thing.net_g) == (status, 100_000 - grams)
    assert (thing.holder, thing.site) == (garage["party"], garage["site"])


def test_an_earlier_treatment_of_what_was_pumped_out_since_may_be_told_late(scene: Scene) -> None:
    tank, place = scene.fill(), scene.place("refinery")
    pumped = {"place": place, "reason": "pump", "sources": [load(tank, 50_000)]}
    pumped |= {"targets": [load(scene.id("container", 2), 50_000) | {"kind": "vessel", "name": "废机油", "new": True}]}
    more = {"container": tank, "place": place, "code": "900-249-08", "mass": weighed(50_000)}
    assert scene.say("refinery-hall", "waste-treated", treated(scene, tank)) == ""
    assert scene.say("refinery-gate", "waste-added", more) == ""
    before = later(scene.said[-1].at, minutes=5)
    assert scene.say("refinery-gate", "contents-transferred", pumped) == ""
    assert scene.container(tank).status == "emptied"
    assert scene.say("refinery-hall", "waste-treated", treated(scene, tank, 10_000), at=before) == ""


def test_a_tank_goes_on_being_filled_by_the_heir(scene: Scene) -> None:
    tank, place, heir = scene.id("container", 1), scene.place("garage-yard"), scene.place("heir-yard")
    opened = {"container": tank, "place": place, "kind": "vessel", "code": "900-249-08", "name": "废机油"}
    merger = {"from": place, "to": heir, "lines": [load(tank)], "reason": "merger", "document": "a" * 64}
    assert scene.say("garage-clerk", "container-opened", opened) == ""
    added = {"container": tank, "place": place, "code": "900-249-08", "mass": weighed(100_000)}
    assert scene.say("garage-clerk", "waste-added", added) == ""
    assert scene.say("garage-clerk", "custody-transferred", merger) == ""
    thing = scene.container(tank)
    assert (thing.status, thing.holder, thing.site) == ("filling", heir["party"], heir["site"])
    assert scene.say("heir-clerk", "waste-added", added | {"place": heir}) == ""
    assert scene.container(tank).status == "filling"


def test_a_refusal_names_its_law_and_says_itself_in_both_languages(scene: Scene) -> None:
    drum = scene.fill()
    scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum, code="900-214-08")]})
    refusal = scene.told.refusals[-1][1]
    assert refusal.cites == ("manifest-check",)
    assert drum in refusal.says("zh")
    assert "expected 900-249-08, got 900-214-08" in refusal.says("en")
    assert type(refusal_by_code("label-differs")) is type(refusal)


# -- physical facts ---------------------------------------------------------------------------------------------------


def test_physical_facts_about_an_unknown_container_are_recorded(scene: Scene) -> None:
    drum, here = scene.id("container", 9), scene.place("refinery")
    one = {"container": drum, "place": here, "code": "900-249-08"}
    for who, type_, body in (
        ("refinery-gate", "manifest-received", scene.run() | {"lines": [verdict(drum)]}),
        ("refinery-gate", "container-weighed", {**one, "mass": weighed(90_000), "previous_g": 100_000}),
        ("refinery-gate", "container-lost", {**one, "net_g": 90_000, "stage": "held", "reason": "unknown"}),
        ("refinery-gate", "container-found", {**one, "net_g": 90_000, "lost_by": here}),
        ("refinery-hall", "waste-treated", treated(scene, drum, 90_000)),
    ):
        assert scene.say(who, type_, body) == "", type_
    sums = {stage: grams for (stage, _, _), grams in scene.told.sums().items()}
    assert sums == {"in-transit": -100_000, "difference": 10_000, "utilised": 90_000}


@pytest.mark.parametrize("type_", ["contents-transferred", "waste-treated"])
def test_what_was_poured_into_a_tank_may_be_told_before_the_tanks_own_beginning(scene: Scene, type_: str) -> None:
    drum, tank, place = scene.fill(), scene.id("container", 2), scene.place("garage-yard")
    code = {"code": "900-249-08", "kind": "vessel", "name": "废机油"}
    into, opened = [load(tank) | code | {"container_code": "T-2"}], {"container": tank, "place": place} | code
    body: dict[str, Any] = {"place": place, "reason": "pump", "sources": [load(drum)], "targets": into}
    if type_ == "waste-treated":
        body = treated(scene, drum) | {"place": place, "stage": "intermediate", "outputs": into}
    assert scene.say("garage-clerk", type_, body) == ""
    thing = scene.container(tank)
    assert (thing.code, thing.container_code, thing.born) == ("900-249-08", "T-2", False)
    began = later(scene.said[0].at, minutes=-30)
    assert scene.say("garage-clerk", "container-filled", opened | {"mass": weighed(50_000)}, at=began) == ""
    thing = scene.container(tank)
    assert (thing.born_at, thing.container_code, thing.net_g, thing.status) == (began, "", 150_000, "held")
    assert scene.say("garage-clerk", "container-opened", opened) == "container-exists"


@pytest.mark.parametrize(
    ("way", "held"),
    [
        (["accepted"], {"refiner": 100_000}), (["accepted-in-part", "accepted"], {"refiner": 100_000}),
        (["refused", "redirected", "accepted"], {"refiner": 40_000, "burner": 60_000}),
        (["redirected", "accepted"], {"refiner": 40_000, "burner": 60_000}),
        (["refused", "back"], {"refiner": 40_000, "garage": 60_000}), (["back"], {"refiner": 40_000, "garage": 60_000}),
    ],
)  # fmt: skip
def test_of_a_load_accepted_in_part_the_rest_is_no_difference_wherever_it_comes_to(
    scene: Scene, way: list[str], held: dict[str, int]
) -> None:
    load_, run, gate = scene.fill(), scene.run(), "refinery-gate"
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(load_)]}) == ""
    received = [verdict(load_, "accepted-in-part", grams=40_000)]
    assert scene.say(gate, "manifest-received", run | {"lines": received}) == ""
    rest = 60_000
    for step in way:
        who, type_, line = gate, "manifest-received", verdict(load_, step)
        if step == "accepted-in-part":
            rest -= 10_000
            line = verdict(load_, step, grams=10_000)
        elif step == "accepted":
            line = verdict(load_, step, grams=rest)
        elif step == "redirected":
            run, gate = scene.run(to="incinerator"), "furnace-gate"
            who, type_, line = "garage-clerk", "manifest-redirected", load(load_, rest)
        elif step == "back":
            who, type_ = "garage-clerk", "manifest-return-received"
            line = {"container": load_, "code": "900-249-08", "mass": weighed(rest)}
        body = run | {"lines": [line]}
        if step == "back":
            body = {name: body[name] for name in ("manifest", "carrier", "lines")} | {"to": run["from"]}
        assert scene.say(who, type_, body) == "", step
    sums = {(stage, holder): grams for (stage, holder, _), grams in scene.told.sums().items()}
    assert sums == {("generated", scene.party("garage")): -100_000} | {
        ("held", scene.party(who)): grams for who, grams in held.items()
    }
    assert scene.container(load_).net_g == list(held.values())[-1]
    assert not {"mass-difference", "step-missing"} & {rule for rule, *_ in scene.told.flags("2026-08-04T00:00:00.000Z")}


def test_a_part_that_nobody_weighed_leaves_the_whole_unweighed(scene: Scene) -> None:
    tanker, run = scene.fill(), scene.run()
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(tanker)]}) == ""
    unweighed = verdict(tanker, "accepted-in-part") | {"mass": {"basis": "volume", "volume_ml": 50_000}}
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [unweighed]}) == ""
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(tanker, grams=60_000)]}) == ""
    assert {stage: grams for (stage, *_), grams in scene.told.sums().items()} == {
        "generated": -100_000, "held": 100_000,
    }  # fmt: skip
    assert scene.container(tanker).mass_unknown


@pytest.mark.parametrize(("grams", "unknown"), [(0, True), (800, False)])
def test_a_delivery_whose_receiver_says_grams_is_of_unknown_mass_no_more(
    scene: Scene, grams: int, unknown: bool
) -> None:
    bin_, place, to = scene.id("container", 1), scene.place("garage-yard"), scene.place("brick-kiln")
    filled = {"container": bin_, "place": place, "kind": "package", "code": "900-001-S07", "name": "废橡胶"}
    filled |= {"mass": {"basis": "volume", "volume_ml": 1_000}}
    assert scene.say("garage-clerk", "container-filled", filled) == ""
    ends = {"delivery": scene.id("delivery", 1), "from": place, "to": {"kind": "other"} | to}
    for who, end, said in (("garage-clerk", "sent", 0), ("kiln-gate", "received", grams)):
        assert (
            scene.say(who, "delivery-recorded", ends | {"end": end, "lines": [load(bin_, said, "900-001-S07")]}) == ""
        )
    assert (scene.container(bin_).mass_unknown, scene.container(bin_).net_g) == (unknown, grams)


def test_who_refused_a_load_may_accept_it_after_all_and_once(scene: Scene) -> None:
    drum, run = scene.fill(), scene.run()
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]}) == ""
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum, "refused")]}) == ""
    assert scene.say("garage-clerk", "manifest-redirected", run | {"lines": [load(drum)]}) == ""
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum)]}) == ""
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum)]}) == "already-received"
    assert (scene.container(drum).holder, scene.container(drum).manifest) == (scene.party("refiner"), "")


def test_two_receivers_of_one_drum_are_both_recorded_and_stand_out(scene: Scene) -> None:
    drum = scene.fill()
    scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]})
    assert scene.say("refinery-gate", "manifest-received", scene.run() | {"lines": [verdict(drum)]}) == ""
    elsewhere = scene.run(to="incinerator")
    assert scene.say("furnace-gate", "manifest-received", elsewhere | {"lines": [verdict(drum)]}) == ""
    rules = {rule for rule, *_ in scene.told.flags("2026-08-04T00:00:00.000Z")}
    assert "step-missing" in rules


def test_a_late_fact_gives_the_state_that_it_would_have_given_in_time() -> None:
    late, punctual = Scene(), Scene()
    for scene, order in ((late, (0, 2, 1)), (punctual, (0, 1, 2))):
        drum, run = scene.id("container", 1), scene.run()
        body = {"container": drum, "place": run["from"], "kind": "package", "code": "900-249-08", "name": "废机油"}
        facts = [
            scene.fact("garage-clerk", "container-filled", body | {"mass": weighed(100_000)}),
            scene.fact("driver", "manifest-collected", run | {"lines": [load(drum)]}),
            scene.fact("refinery-gate", "manifest-received", run | {"lines": [verdict(drum, grams=99_900)]}),
        ]
        scene.told.record([facts[n] for n in order])
        assert scene.told.refusals == []
    assert late.told.states == punctual.told.states
    assert late.told.sums() == punctual.told.sums()
    assert {k[0]: g for k, g in late.told.sums().items()} == {"generated": -100_000, "held": 99_900, "difference": 100}


def test_history_is_read_only_for_what_is_late(scene: Scene) -> None:
    drum = scene.fill()
    asked: list[str] = []

    def history(stream: str) -> list[Any]:
        asked.append(stream)
        return scene.told.facts[stream]

    stored = {"container": drum, "place": scene.place("garage-yard"), "facility": scene.park.story.ids["garage-store"]}
    now = scene.fact("garage-clerk", "container-stored", stored)
    assert decide(now, scene.told.states, history).refused is None
    assert asked == []
    before = scene.fact("garage-clerk", "container-stored", stored, at="2026-08-02T00:00:00.000Z")
    assert decide(before, scene.told.states, history).refused is None
    assert asked == [drum]


def test_a_drum_stands_where_it_was_put_last_and_goes_on_being_filled(scene: Scene) -> None:
    drum, place, ids = scene.id("container", 1), scene.place("garage-yard"), scene.park.story.ids
    one, store, other = {"container": drum, "place": place}, ids["garage-store"], ids["coating-store"]
    named = {"kind": "vessel", "code": "900-249-08", "name": "废机油", "container_code": "T-1"}
    moved = {"container": drum, "from": place, "to": place, "code": "900-249-08", "net_g": 50_000}
    label = f"label:{drum.partition(':')[2]}"
    for type_, body, facility, zone, status in (
        ("container-opened", one | named, "", "", "filling"),
        ("container-stored", one | {"facility": store, "zone": "A"}, store, "A", "filling"),
        ("label-bound", one | {"label": label}, store, "A", "filling"),
        ("waste-added", one | {"code": "900-249-08", "mass": weighed(50_000)}, store, "A", "filling"),
        ("container-moved", moved | {"facility": other, "zone": "B"}, other, "B", "filling"),
        ("container-stored", one | {"facility": store}, store, "", "filling"),
        ("container-stored", one | {"facility": store, "zone": "C"}, store, "C", "filling"),
        ("container-taken-out", one | {"net_g": 49_999}, store, "C", "filling"),
        ("container-taken-out", one | {"net_g": 50_000}, "", "", "filling"),
        ("container-moved", moved, "", "", "filling"),
    ):  # fmt: skip
        assert scene.say("garage-clerk", type_, body) == ""
        thing = scene.container(drum)
        assert (thing.facility, thing.zone, thing.status) == (facility, zone, status), type_
    assert (thing.label, thing.container_code) == (label, "T-1")


@pytest.mark.parametrize(
    ("type_", "more"),
    [
        ("container-stored", {"facility": Scene().park.story.ids["garage-store"]}),
        ("waste-added", {"code": "900-249-08", "mass": weighed(5)}),
        ("container-weighed", {"code": "900-249-08", "mass": weighed(5), "previous_g": 0}),
        ("container-closed", {"code": "900-249-08", "mass": weighed(5), "previous_g": 0}),
    ],
)
def test_who_puts_something_unknown_away_weighs_or_fills_it_has_it(
    scene: Scene, type_: str, more: dict[str, Any]
) -> None:
    drum, place = scene.id("container", 9), scene.place("garage-yard")
    assert scene.say("garage-clerk", type_, {"container": drum, "place": place} | more) == ""
    thing = scene.container(drum)
    assert (thing.status, thing.holder, thing.site) == ("held", place["party"], place["site"])


def test_a_drum_counted_in_another_store_stands_in_no_zone_of_the_one_before(scene: Scene) -> None:
    drum, place, ids = scene.fill(), scene.place("garage-yard"), scene.park.story.ids
    stored = {"container": drum, "place": place, "facility": ids["garage-store"], "zone": "A"}
    assert scene.say("garage-clerk", "container-stored", stored) == ""
    for facility, zone in ((ids["garage-store"], "A"), (ids["coating-store"], "")):
        count = {"place": place, "facility": facility, "present": [drum]}
        assert scene.say("garage-clerk", "store-counted", count) == ""
        assert (scene.container(drum).facility, scene.container(drum).zone) == (facility, zone)


def test_an_adopted_statement_counts_as_the_adopters_at_the_time_it_happened(scene: Scene) -> None:
    drum = scene.id("container", 1)
    body = {"container": drum, "place": scene.place("garage-yard"), "kind": "package", "code": "900-249-08"}
    body |= {"name": "废机油", "mass": weighed(5_000)}
    inner = {"statement": "a" * 64, "type_": "container-filled", "at": "2026-08-01T00:00:00.000Z", "body": body}
    wire = {("type" if k == "type_" else k): v for k, v in inner.items()}
    assert scene.say("coating-clerk", "statement-adopted", wire) == "not-own"
    assert scene.say("garage-clerk", "statement-adopted", wire) == ""
    assert isinstance(scene.said[-1].event, StatementAdopted)
    assert scene.container(drum).net_g == 5_000
    last = scene.container(drum).last
    assert last is not None
    assert last[0] == "2026-08-01T00:00:00.000Z"


def test_states_are_what_their_facts_fold_to_and_survive_storage(scene: Scene) -> None:
    drum = scene.fill()
    run = scene.run()
    scene.say("garage-clerk", "manifest-issued", run | {"lines": [load(drum)]})
    scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]})
    scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum, "refused")]})
    assert set(scene.told.states) == {drum, run["manifest"]}
    for stream, row in scene.told.states.items():
        assert fold(stream, scene.told.facts[stream]).to_bytes() == row
        assert thing_from(stream, row).to_bytes() == row


def test_a_state_takes_the_memory_of_its_own_bytes() -> None:
    thing = Container(id="container:00000000-0000-7000-8000-000000000000")
    tracemalloc.start()
    try:
        states = [thing.to_bytes() for _ in range(100)]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2 * sum(map(len, states))


def test_a_pick_up_told_late_is_recorded_although_the_drum_bears_another_code_by_now(scene: Scene) -> None:
    drum, run = scene.fill(), scene.run()
    picked_up_at = later(scene.said[0].at, minutes=1)
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum)]}) == ""
    code = {"old_code": "900-249-08", "new_code": "900-214-08", "cause": "report", "evidence": "a" * 64}
    body = {"container": drum, "place": scene.place("refinery"), "net_g": 100_000} | code
    assert scene.say("refinery-gate", "waste-reclassified", body) == ""
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]}, at=picked_up_at) == ""
