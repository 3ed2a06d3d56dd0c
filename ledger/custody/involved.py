"""Whom a fact involves: the parties and persons it names take part in the things it concerns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from ledger.custody.decide import unwrapped
from ledger.custody.fact import Fact

SHARED = ("container:", "delivery:", "manifest:")
"""Kinds of things that everybody who takes part in them sees whole."""


def involved(fact: Fact) -> set[str]:
    """The parties and persons whom this fact makes take part in the things that it concerns."""
    everybody = {fact.by.party, fact.by.person}
    _add_named(unwrapped(fact).event, everybody)
    return everybody


def _add_named(value: Any, found: set[str]) -> None:
    kind: Any = type(value)
    for inner in value if kind is tuple else _fields(kind)(value):
        kind = type(inner)
        if kind is str:
            if inner.startswith(("party:", "person:")):
                found.add(inner)
        elif inner is not None and kind is not int and kind is not bool:
            _add_named(inner, found)


@cache
def _fields(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Reads the fields of a dataclass, in one call; anything else has none."""
    names = [f.name for f in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda value: (getattr(value, name),)
        case _:
            return attrgetter(*names)
