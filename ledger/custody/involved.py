"""Whom a fact involves: the parties and persons it names, and the things in which it makes them take part."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from ledger.custody.decide import unwrapped
from ledger.custody.fact import Fact

SHARED = ("container:", "delivery:", "manifest:")
"""Kinds of things that everybody who takes part in them sees whole."""


def involved(fact: Fact) -> Iterator[tuple[str, str]]:
    """(thing, party or person) of every part that somebody takes in something by this fact."""
    event = unwrapped(fact).event
    things = {*event.containers(), *(s for s in event.streams(fact.by.party) if s.startswith(SHARED))}
    everybody = {fact.by.party, fact.by.person, *_named(event)}
    return ((thing, who) for thing in sorted(things) for who in sorted(everybody))


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith(("party:", "person:")):
            yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _named(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _named(getattr(value, field.name))
