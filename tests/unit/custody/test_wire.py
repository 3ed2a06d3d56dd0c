"""Wire values become typed values or a named reason why not; what was read is written back the same."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody import wire
from ledger.custody.events import AboutDiffers, UnknownEvent, about_of, body_of, check_about, event_types, parse
from ledger.custody.wire import WireError
from ledger.exchange.stories import Step
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
