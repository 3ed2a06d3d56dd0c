"""Who takes part in a thing: whoever speaks of it and whomever a statement about it names, and nobody else."""

from __future__ import annotations

import json
import re

import pytest

from ledger.custody.involved import involved
from tests.support.told import Scene, facts_of, load, told

PARK, STORIES = told()
NAMED = re.compile(r"\b(?:party|person):[0-9a-f-]{36}")


@pytest.mark.parametrize("name", ["", *STORIES])
def test_a_statement_involves_its_author_and_everybody_whom_it_names_however_deep(name: str) -> None:
    steps = {step.id: step for step in (STORIES[name] if name else PARK).steps}
    for fact in facts_of(steps.values()):
        step = steps[fact.id]
        named = set(NAMED.findall(json.dumps(step.body)))
        assert involved(fact) == {step.by.party, step.by.person} | named, step.type


def test_a_driver_takes_part_in_what_it_carries_and_who_adopts_a_statement_in_what_it_is_about() -> None:
    scene, driver = Scene(), "person:00000000-0000-7000-8000-00000000d81f"
    collected = scene.run() | {"lines": [load(scene.id("container", 1))], "driver": {"person": driver}}
    fact = scene.fact("driver", "manifest-collected", collected)
    ends = {scene.party("garage"), scene.party("refiner"), scene.party("carrier")}
    assert involved(fact) == ends | {driver, fact.by.person}
    adopted = {"statement": "a" * 64, "type": "manifest-collected", "at": fact.at, "body": collected}
    by = scene.fact("registrar", "statement-adopted", adopted)
    assert involved(by) == ends | {driver, by.by.party, by.by.person}
