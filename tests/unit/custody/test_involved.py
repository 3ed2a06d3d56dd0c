"""Who takes part in a thing: whoever speaks of it and whomever a statement about it names, and nobody else."""

from __future__ import annotations

import json
import re

import pytest

from ledger.custody.involved import involved
from tests.support.told import facts_of, told

PARK, STORIES = told()
NAMED = re.compile(r"\b(?:party|person):[0-9a-f-]{36}")


@pytest.mark.parametrize("name", ["", *STORIES])
def test_a_statement_involves_its_author_and_everybody_whom_it_names_however_deep(name: str) -> None:
    steps = {step.id: step for step in (STORIES[name] if name else PARK).steps}
    for fact in facts_of(steps.values()):
        step = steps[fact.id]
        named = set(NAMED.findall(json.dumps(step.body)))
        assert involved(fact) == {step.by.party, step.by.person} | named, step.type
