"""Whom a fact involves: the parties and persons it names take part in the things it concerns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

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
    names = _naming(kind) if dataclasses.is_dataclass(kind) else []
    match names:
        case []:
            return lambda _: ()
        case [name]:
            read = attrgetter(name)
            return lambda value: (read(value),)
        case _:
            return attrgetter(*names)


def _naming(kind: Any) -> list[str]:
    """The fields that can hold what begins as an id of these, those of its parts among them (`place.party`)."""
    names = []
    for name, annotation in get_type_hints(kind, include_extras=True).items():
        if dataclasses.is_dataclass(annotation):
            names += [f"{name}.{inner}" for inner in _naming(annotation)]
        elif get_origin(annotation) is not ClassVar and _can_name(annotation):
            names.append(name)
    return names


def _can_name(annotation: Any) -> bool:
    if dataclasses.is_dataclass(annotation):
        return bool(_naming(annotation))
    if get_origin(annotation) in (tuple, Union, UnionType):
        return any(_can_name(inner) for inner in get_args(annotation) if inner not in (Ellipsis, NoneType))
    return any(_reads(annotation, text) for text in (_IDS[0] + "1", *(kind + _UUID7 for kind in _IDS)))


def _reads(annotation: Any, text: str) -> bool:
    try:
        wire.reader(annotation)(text, "", wire.ANY_CODES)
    except wire.WireError:
        return False
    return True
