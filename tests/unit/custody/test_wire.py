"""Wire values become typed values or a named reason why not; what was read is written back the same."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody import wire
from ledger.custody.events import AboutDiffers, UnknownEvent, about_of, body_of, check_about, event_types, known, parse
from ledger.custody.wire import WireError
from ledger.exchange.stories import Step
from tests.support.examples import examples
from tests.support.told import CN, Scene, told, weighed

PARK, STORIES = told()
STEPS = [*PARK.steps, *(step for story in STORIES.values() for step in story.steps)]


def filled() -> dict[str, Any]:
    scene = Scene()
    return {
        "container": scene.id("container", 1),
        "place": scene.place("garage-yard"),
        "kind": "package",
        "code": "900-249-08",
        "name": "废机油",
        "mass": weighed(1),
    }


def error_of(type_: str, body: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(WireError) as caught:
        parse(type_, body, CN)
    return str(caught.value.fields["path"]), str(caught.value.fields["expected"])


@pytest.mark.parametrize("type_", sorted({step.type for step in STEPS}))
def test_what_the_stories_say_is_written_back_as_it_was_read(type_: str) -> None:
    for step in STEPS:
        if step.type == type_:
            assert body_of(parse(step.type, step.body, CN)) == step.body


def test_about_names_exactly_what_the_event_concerns() -> None:
    step = next(s for s in STEPS if s.type == "manifest-received")
    event = parse(step.type, step.body, CN)
    about = about_of(event, step.by.party)
    check_about(event, step.by.party, tuple(about))
    for wrong in (about[1:], about[::-1], [*about, about[-1]], sorted([*about, step.by.party])):
        with pytest.raises(AboutDiffers):
            check_about(event, step.by.party, tuple(wrong))


LINE = {"container": Scene().id("container", 7), "code": "900-249-08"}
BY_NAME = {"kind": "other", "name": "外地公司（虚构）"}
ACCEPTED = LINE | {"decision": "accepted", "mass": weighed(1)}
MISSING = LINE | {"decision": "missing", "listed_g": 1}
DRAW = LINE | {"net_g": 1}
HERE, THERE = Scene().place("garage-yard"), Scene().place("refinery")
A, B, L = Scene().id("container", 7), Scene().id("container", 8), Scene().id("label", 9)
POUR = {"container": B, "code": "900-249-08", "net_g": 1, "kind": "vessel", "name": "废机油"}


@pytest.mark.parametrize(
    ("type_", "change", "about"),
    [
        ("setting-adopted", {"scope": HERE["site"]}, {HERE["site"], "party:author"}),
        ("setting-adopted", {"scope": None}, {"party:author"}),
        ("container-filled", {"container": A, "place": HERE, "label": L}, {A, HERE["site"], L}),
        ("container-filled", {"container": A, "place": HERE, "label": None}, {A, HERE["site"]}),
        ("container-moved", {"container": A, "from": HERE, "to": THERE}, {A, HERE["site"], THERE["site"]}),
        ("container-moved", {"container": A, "from": HERE, "to": HERE}, {A}),
        ("contents-transferred", {"place": HERE, "sources": [DRAW], "targets": [POUR]}, {A, B}),
        ("contents-transferred", {"place": HERE, "sources": [DRAW], "targets": [POUR | {"new": True, "label": L}]},
         {A, B, L, HERE["site"]}),
        ("waste-treated", {"place": HERE, "inputs": [DRAW], "outputs": None}, {A, HERE["site"]}),
        ("waste-treated", {"place": HERE, "inputs": [DRAW], "outputs": [POUR | {"new": True, "label": L}]},
         {A, B, L, HERE["site"]}),
        ("delivery-recorded", {"delivery": "delivery:d", "from": HERE, "to": {"kind": "other"} | THERE,
                               "lines": [DRAW]}, {"delivery:d", A, HERE["site"], THERE["site"]}),
        ("delivery-recorded", {"delivery": "delivery:d", "from": HERE, "to": BY_NAME, "lines": [DRAW]},
         {"delivery:d", A, HERE["site"]}),
        ("period-closed", {"holder": HERE["party"], "site": HERE["site"]}, {HERE["party"], HERE["site"]}),
        ("period-closed", {"holder": HERE["party"], "site": None}, {HERE["party"]}),
    ],
)  # fmt: skip
def test_a_signed_statement_is_about_these_objects_for_ever(
    type_: str, change: dict[str, Any], about: set[str]
) -> None:
    body = examples()[type_] | change
    event = known(type_, {name: value for name, value in body.items() if value is not None})
    assert set(about_of(event, "party:author")) == about


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(UnknownEvent):
        parse("container-fill", filled(), CN)
    assert "container-filled" in event_types()


@pytest.mark.parametrize(
    ("change", "path", "expected"),
    [
        ({"colour": "red"}, "colour", "one of"),
        ({"name": None}, "name", "1 to 200 characters"),
        ({"name": " x"}, "name", "1 to 200 characters"),
        ({"name": "x" * 201}, "name", "1 to 200 characters"),
        ({"kind": "barrel"}, "kind", "package"),
        ({"mass": {"basis": "weighed", "net_g": 1.0}}, "mass.net_g", "whole number"),
        ({"mass": {"basis": "weighed", "net_g": True}}, "mass.net_g", "whole number"),
        ({"mass": {"basis": "weighed", "net_g": -1}}, "mass.net_g", "whole number"),
        ({"mass": {"basis": "weighed", "net_g": 10**13 + 1}}, "mass.net_g", "whole number"),
        ({"mass": "heavy"}, "mass", "an object"),
        ({"code": "900-249-51"}, "code", "900-249-08"),
        ({"code": "900-249-8"}, "code", "900-249-08"),
        ({"code": 900}, "code", "a waste code"),
        ({"container": "drum 7"}, "container", "container:<uuid7>"),
        ({"container": "party:00000000-0000-7000-8000-000000000001"}, "container", "container:<uuid7>"),
        ({"container": "container:00000000-0000-4000-8000-000000000001"}, "container", "container:<uuid7>"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_expected(change: dict[str, Any], path: str, expected: str) -> None:
    got_path, got_expected = error_of("container-filled", filled() | change)
    assert got_path == path
    assert expected in got_expected


@pytest.mark.parametrize(
    ("type_", "right", "wrong", "path"),
    [
        ("licence-granted", {"valid_until": "2026-02-01"}, {"valid_until": "2026-01-31"}, "valid_until"),
        ("calendar-adopted", {"days_off": ["2026-12-31"]}, {"days_off": ["2026-02-02", "2027-01-01"]}, "days_off"),
        ("calendar-adopted", {"working_days": ["2026-01-04"]}, {"working_days": ["2025-01-04"]}, "days_off"),
        ("label-codes-reserved", {"last": 5}, {"last": 4}, "last"),
        ("manifest-received", {"lines": [ACCEPTED]}, {"lines": [LINE | {"decision": "accepted"}]}, "lines.0.mass"),
        ("manifest-received", {"lines": [ACCEPTED | {"decision": "accepted-in-part"}]},
         {"lines": [LINE | {"decision": "accepted-in-part"}]}, "lines.0.mass"),
        ("manifest-received", {"lines": [LINE | {"decision": "refused"}]}, {"lines": []}, "lines"),
        ("manifest-received", {"lines": [MISSING]}, {"lines": [LINE | {"decision": "missing"}]}, "lines.0.listed_g"),
        ("manifest-received", {"lines": [MISSING]}, {"lines": [MISSING, MISSING]}, "lines"),
        ("delivery-recorded", {"end": "sent", "to": BY_NAME}, {"end": "received", "to": BY_NAME}, "to.party"),
        ("delivery-recorded", {"to": BY_NAME}, {"to": {"kind": "other"}}, "to.name"),
        ("delivery-recorded", {"to": BY_NAME}, {"to": BY_NAME | {"party": Scene().party("burner")}}, "to.site"),
        ("delivery-recorded", {"lines": [DRAW]}, {"lines": []}, "lines"),
        ("delivery-recorded", {"lines": [DRAW]}, {"lines": [DRAW, DRAW]}, "lines"),
        ("contents-transferred", {"sources": [DRAW]}, {"sources": []}, "sources"),
        ("contents-transferred", {"sources": [DRAW]}, {"targets": []}, "sources"),
        ("contents-transferred", {"sources": [DRAW]}, {"sources": [DRAW, DRAW]}, "sources"),
        ("waste-treated", {"inputs": [DRAW]}, {"inputs": []}, "inputs"),
        ("waste-treated", {"inputs": [DRAW]}, {"inputs": [DRAW, DRAW]}, "inputs"),
        ("waste-treated", {"started": "2026-02-01T08:00:00.000Z", "ended": "2026-02-01T08:00:00.000Z"},
         {"started": "2026-02-01T08:00:00.000Z", "ended": "2026-02-01T07:59:59.999Z"}, "ended"),
        ("store-counted", {"present": None, "absent": [LINE["container"]]}, {"present": None, "absent": None},
         "present"),
        ("store-counted", {"absent": [LINE["container"]]}, {"absent": [LINE["container"]] * 2}, "present"),
        ("containers-grouped", {"members": [LINE["container"]]}, {"members": []}, "members"),
        ("containers-grouped", {"members": [LINE["container"]]}, {"members": [LINE["container"]] * 2}, "members"),
        ("waste-reclassified", {"old_code": "900-249-08", "new_code": "900-214-08"},
         {"old_code": "900-249-08", "new_code": "900-249-08"}, "new_code"),
        ("waste-reclassified", {"cause": "error", "evidence": None}, {"cause": "report", "evidence": None}, "evidence"),
        ("custody-transferred", {"lines": [DRAW]}, {"lines": []}, "lines"),
        ("custody-transferred", {"lines": [DRAW]}, {"lines": [DRAW, DRAW]}, "lines"),
        ("custody-transferred", {}, {"to": None}, "to.party"),
    ],
)  # fmt: skip
def test_what_an_event_says_must_hold_together(
    type_: str, right: dict[str, Any], wrong: dict[str, Any], path: str
) -> None:
    example = examples()[type_]
    fixed: dict[str, dict[str, Any]] = {
        "licence-granted": {"valid_from": "2026-02-01"}, "label-codes-reserved": {"first": 5},
        "calendar-adopted": {"year": 2026, "days_off": None, "working_days": None},
    }  # fmt: skip

    def made(change: dict[str, Any]) -> dict[str, Any]:
        if "to" in change and change["to"] is None:
            change = {"to": example["from"]}
        return {k: v for k, v in (example | fixed.get(type_, {}) | change).items() if v is not None}

    assert parse(type_, made(right), CN)
    assert error_of(type_, made(wrong))[0] == path


def test_a_missing_field_is_named() -> None:
    body = filled()
    del body["place"]["site"]
    assert error_of("container-filled", body) == ("place.site", "present")


def test_the_place_in_a_list_is_named() -> None:
    body = next(s.body for s in STEPS if s.type == "manifest-collected")
    line = body["lines"][0]
    assert error_of("manifest-collected", body | {"lines": [line, {**line, "net_g": "1"}]})[0] == "lines.1.net_g"
    assert error_of("manifest-collected", body | {"lines": [line, line]}) == ("lines", "each container once")
    assert error_of("manifest-collected", body | {"lines": []})[1] == "at least one container"
    assert error_of("manifest-collected", body | {"lines": line})[1] == "a list"


def test_one_value_has_one_form_so_empty_lists_and_false_are_absent() -> None:
    stored = {**filled(), "facility": "facility:00000000-0000-7000-8000-000000000001"}
    body = {name: stored[name] for name in ("container", "place", "facility")}
    assert error_of("container-stored", body | {"from_batches": []}) == (
        "from_batches",
        "absent, as that is what absent means",
    )
    enrolled = {"admin": False, "key": "key:00000000-0000-7000-8000-000000000001", "public_key": "0" * 64}
    enrolled |= {"holder": stored["place"]["party"], "person": "person:00000000-0000-7000-8000-000000000002"}
    assert error_of("key-enrolled", {**enrolled, "purpose": "statement", "proof": "AA=="})[0] == "admin"


def test_an_adoption_is_not_adopted_but_what_it_took_over() -> None:
    shell = {"statement": "a" * 64, "at": "2026-01-01T00:00:00.000Z"}
    adopted = {**shell, "type": "container-filled", "body": filled()}
    assert parse("statement-adopted", adopted, CN).containers() == (filled()["container"],)
    twice = {**shell, "type": "statement-adopted", "body": adopted}
    assert error_of("statement-adopted", twice) == ("type", "an event of containers or manifests")


def test_a_field_is_replaced_by_its_path_and_nothing_else_changes() -> None:
    step: Step = next(s for s in STORIES["refused-returned"].steps if s.type == "manifest-received")
    changed = wire.replaced(step.body, "lines.1.mass.net_g", 7)
    assert wire.value_at(changed, "lines.1.mass.net_g") == 7
    assert wire.value_at(step.body, "lines.1.mass.net_g") == 94_800
    assert wire.replaced(changed, "lines.1.mass.net_g", 94_800) == step.body
    for path in ("lines.9.mass", "lines.x.mass", "weight", "lines.2.mass.net_g", "carrier.name"):
        with pytest.raises(WireError):
            wire.replaced(step.body, path, 7)
    assert wire.value_at(step.body, "lines.9.mass") is None
    assert wire.value_at(step.body, "carrier.name") is None


def test_sealed_texts_are_found_with_their_path_and_subject() -> None:
    person = "person:00000000-0000-7000-8000-000000000002"
    body = {
        **filled(),
        "handler": {"person": person, "name": {"sealed": "a" * 64}},
        "destination": {"sealed": "b" * 64},
    }
    sealed = list(parse("container-filled", body, CN).sealed())
    assert sorted(sealed) == [("destination", "b" * 64, ""), ("handler.name", "a" * 64, person)]
