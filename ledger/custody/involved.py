"""Whom a fact involves: the parties and persons it names, and the things in which it makes them take part."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache
from typing import Any

from ledger.custody.decide import unwrapped
from ledger.custody.fact import Fact

SHARED = ("container:", "delivery:", "manifest:")
"""Kinds of things that everybody who takes part in them sees whole."""


def involved(fact: Fact) -> Iterator[tuple[str, str]]:
    """(thing, party or person) of every part that somebody takes in something by this fact."""
    event = unwrapped(fact).event
    things = {*event.containers(), *(s for s in event.streams(fact.by.party) if s.startswith(SHARED))}
    everybody = {fact.by.party, fact.by.person}
    _add_named(event, everybody)
    return ((thing, who) for thing in sorted(things) for who in sorted(everybody))


def _add_named(value: Any, found: set[str]) -> None:
    kind: Any = type(value)
    if kind is str:
        if value.startswith(("party:", "person:")):
            found.add(value)
    elif kind is tuple:
        for each in value:
            _add_named(each, found)
    elif value is not None and kind is not int and kind is not bool:
        for name in _fields(kind):
            _add_named(getattr(value, name), found)


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    return (
        tuple(f.name for f in dataclasses.fields(kind))
        if isinstance(kind, type) and dataclasses.is_dataclass(kind)
        else ()
    )
