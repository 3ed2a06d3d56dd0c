"""Strangers (局外单位): what they say of a thing takes nothing from whoever has it, until somebody else names them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from ledger.custody.events import Event
from ledger.custody.events.containers import (
    ContainerFound,
    ContainerLost,
    ContentsTransferred,
    Pour,
    WasteAdded,
)
from ledger.custody.events.correction import CorrectionAgreed, EntryCorrected
from ledger.custody.events.movement import DeliveryRecorded, ManifestCollected, ManifestReceived
from ledger.custody.events.oversight import ExceptionExplained, ExplanationAccepted
from ledger.custody.events.stock import CustodyTransferred
from ledger.custody.events.treatment import WasteTreated
from ledger.custody.fact import Fact

_WORDS = (ExceptionExplained, ExplanationAccepted, EntryCorrected, CorrectionAgreed)


def strangers_words(stream: str, facts: Sequence[Fact]) -> frozenset[str]:
    """The ids of what strangers said of a container or manifest whose beginning is known, where it has no effect.

    A party has a say that began the thing, or that somebody else's statement of it names as having, carrying or getting
    it; an authority has. Anybody can put mass in. Who says that it took the thing over holds it by the books, until
    somebody who has a say tells of it again without naming the taker.
    """
    strangers = _strangers(stream, facts)
    if not strangers:
        return frozenset()
    unknown = [fact for fact in facts if fact.by.party in strangers and not fact.by.roles]
    theirs = {fact.id for fact in unknown}
    heard = [fact for fact in facts if fact.id not in theirs and not isinstance(fact.event, _WORDS)]
    # A clock that is ahead at its filling shows nobody that it never left.
    again = (fact.order for fact in heard if not fact.by.roles and stream not in fact.event.begins())
    last = max(again, default=("", "", 0))
    took = {fact.by.party for fact in unknown if fact.order > last and _takes(stream, fact, heard)}
    return frozenset(
        fact.id
        for fact in unknown
        if not _adds(stream, fact.event) and not (fact.order > last and fact.by.party in took)
    )


def only_carries(stream: str, party: str, facts: Sequence[Fact]) -> bool:
    """True when nobody else says that the thing, whose beginning is known, was ever at a place of this party's."""
    began = _began(stream, facts)
    places = (place for fact in facts if fact.by.party != party for place in _places(fact.event))
    return bool(began) and party not in began and party not in places


def _strangers(stream: str, facts: Sequence[Fact]) -> set[str]:
    """Who speaks of a thing whose beginning is known, and neither began it nor is named by anybody else."""
    began = _began(stream, facts)
    unnamed = {fact.by.party for fact in facts if not fact.by.roles} - began if began else set()
    for fact in facts:
        if not unnamed:
            break  # mostly by the first that tells of a journey
        unnamed -= {party for party in _named(fact.event) if party != fact.by.party}
    return unnamed


def _began(stream: str, facts: Sequence[Fact]) -> set[str]:
    return {fact.by.party for fact in facts if stream in fact.event.begins()}


def _poured(event: Event) -> tuple[Pour, ...]:
    if isinstance(event, ContentsTransferred):
        return event.targets
    return event.outputs if isinstance(event, WasteTreated) else ()


def _places(event: Event) -> Iterator[str]:
    kind: Any = type(event)
    for name in _of(kind, ("place", "from_", "to", "origin")):
        yield getattr(getattr(event, name), "party", None) or ""


def _named(event: Event) -> Iterator[str]:
    kind: Any = type(event)
    yield from _places(event)
    for name in _of(kind, ("carrier", "from_carrier", "to_carrier")):
        yield getattr(event, name) or ""
    yield from getattr(event, "next_carriers", ())


@cache
def _of(kind: Any, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of these fields that events of a kind have."""
    return tuple(name for name in names if hasattr(kind, name))


def _adds(stream: str, event: Event) -> bool:
    """True for mass that is put in, and for mere words."""
    return isinstance(event, (WasteAdded, *_WORDS)) or any(target.container == stream for target in _poured(event))


def _takes(stream: str, fact: Fact, heard: Sequence[Fact]) -> bool:
    """True when by its author's word the thing came into its hands."""
    match fact.event:
        case ManifestReceived(lines=lines, manifest=manifest):
            return all(v.accepted for v in lines if stream in (v.container, manifest))
        case ManifestCollected(from_=giver) | CustodyTransferred(from_=giver):
            return giver.party != fact.by.party
        case DeliveryRecorded(end=end):
            return end == "received"
        case ContainerFound():
            return any(isinstance(f.event, ContainerLost) or _missing(stream, f.event) for f in heard)
        case _:
            return False


def _missing(stream: str, event: Event) -> bool:
    lines = event.lines if isinstance(event, ManifestReceived) else ()
    return any(v.container == stream and v.decision == "missing" for v in lines)
