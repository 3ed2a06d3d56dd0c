"""Every event type has its page, its golden vector and a story; every exception and refusal is met by somebody."""

from __future__ import annotations

import json
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from ledger.custody.events import event_types
from ledger.custody.flags import RULES
from ledger.custody.rules import Refusal
from ledger.telling import KINDS, LINES, PLAIN, TITLES, TOLD_AS_SAID, USUAL
from tests.support import event_pages, vectors
from tests.support.examples import of_the_ledger
from tests.support.repository import ROOT
from tests.support.told import told

TOLD_BY_A_LEDGER = (
    "\n".join(
        (ROOT / "tests" / "integration" / name).read_text()
        for name in ("test_lost_device.py", "test_stories_recorded.py", "store/test_answers.py")
    )
    + (ROOT / "tests" / "support" / "world.py").read_text()
)
UNIT_TESTS = "\n".join(path.read_text() for path in sorted((ROOT / "tests" / "unit" / "custody").glob("*.py")))


def test_the_pages_on_file_are_those_that_the_classes_write() -> None:
    on_file = {path.name: path.read_text("utf-8") for path in event_pages.FOLDER.glob("*.md")}
    written = event_pages.pages()
    assert set(on_file) == set(written), "see make vectors"
    assert [name for name in written if on_file[name] != written[name]] == [], "see make vectors"


def test_every_event_has_a_golden_vector() -> None:
    assert set(json.loads((vectors.FOLDER / "events.json").read_text("ascii"))) == set(event_types())


def test_every_event_is_told_in_a_story() -> None:
    park, stories = told()
    steps = [*park.steps, *(step for story in stories.values() for step in story.steps)]
    in_stories = {step.type for step in steps if not step.refused}
    of_ledger = set(event_types()) - in_stories
    assert of_ledger <= set(of_the_ledger())
    # Every ledger is opened and signs head snapshots and erasures by calls of their own.
    by_calls = {"ledger-opened": "Ledger.init(", "heads-snapshotted": ".snapshot_heads(", "subject-erased": ".erase("}
    by_calls |= {"key-enrolled": ".enrol("}
    assert [type_ for type_ in sorted(of_ledger) if by_calls.get(type_, type_) not in TOLD_BY_A_LEDGER] == []


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_exception_is_met_in_a_story_or_a_test(rule: str) -> None:
    _, stories = told()
    met = {flag[0] for story in stories.values() for expect in story.expect for flag in expect["flags"]}
    assert rule in met or f'"{rule}"' in UNIT_TESTS


def test_every_refusal_is_met_in_a_story_or_a_test() -> None:
    _, stories = told()
    met = {step.refused for story in stories.values() for step in story.steps}
    codes = {cls.code for cls in _below(Refusal)}
    assert sorted(code for code in codes - met if f'"{code}"' not in UNIT_TESTS + TOLD_BY_A_LEDGER) == []


def _below(cls: type[Refusal]) -> list[type[Refusal]]:
    return [
        each
        for child in cls.__subclasses__()
        if child.__module__ == "ledger.custody.rules"
        for each in (child, *_below(child))
    ]


def test_every_event_has_a_title_for_people() -> None:
    assert set(TITLES) == set(event_types())


def test_every_choice_that_is_told_of_an_event_has_words_for_people() -> None:
    fields = [(cls, name, hint) for cls in event_types().values() for name, hint in get_type_hints(cls).items()]
    told_of = [word for _, name, hint in fields if name in TOLD_AS_SAID for word in _choices(hint) - {USUAL.get(name)}]
    assert told_of and sorted({word for word in told_of if word not in PLAIN | KINDS | LINES}) == []


def _choices(hint: Any) -> set[str]:
    if get_origin(hint) is Literal:
        return set(get_args(hint))
    return {word for inner in get_args(hint) for word in _choices(inner)}
