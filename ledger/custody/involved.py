"""Whom a fact involves: the parties and persons it names take part in the things it concerns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ledger.custody import wire
from ledger.custody.decide import unwrapped
from ledger.custody.fact import Fact

_IDS = ("party:", "person:")
_UUID7 = "00000000-0000-7000-8000-000000000000"
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
        if inner is None:
            continue
        if type(inner) is not str:
            _add_named(inner, found)
        elif inner.startswith(_IDS):
            found.add(inner)


@cache
def _fields(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Reads the fields of a dataclass where a party or person can be named, in one call; anything else has none."""
    hints = get_type_hints(kind, include_extras=True)
    fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    names = [f.name for f in fields if _can_name(hints[f.name])]
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda value: (getattr(value, name),)
        case _:
            return attrgetter(*names)


@cache
def _can_name(annotation: Any) -> bool:
    """True for a field where what begins as such an id does is a value, or can be held by one."""
    if dataclasses.is_dataclass(annotation):
        return any(map(_can_name, get_type_hints(annotation, include_extras=True).values()))
    if get_origin(annotation) in (tuple, Union, UnionType):
        return any(_can_name(inner) for inner in get_args(annotation) if inner not in (Ellipsis, NoneType))
    return any(_reads(annotation, text) for text in (_IDS[0] + "1", *(kind + _UUID7 for kind in _IDS)))


def _reads(annotation: Any, text: str) -> bool:
    try:
        wire.reader(annotation)(text, "", wire.ANY_CODES)
    except wire.WireError:
        return False
    return True
