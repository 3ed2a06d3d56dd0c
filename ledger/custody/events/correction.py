"""Corrections: events of today that put an old value right, once those who relied on it agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from ledger.custody.events import Event, body_of, event
from ledger.custody.events.oversight import Period
from ledger.custody.values import ContainerId, Sealed, StatementId
from ledger.custody.wire import Plain, text, value_at

FieldPath = Annotated[
    str, text(r"[a-z][a-z0-9_]*(?:\.(?:[a-z][a-z0-9_]*|\d{1,3}))*", "a field path such as lines.0.mass.net_g")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfRecord(Event):
    """An event about what was recorded of one container."""

    container: ContainerId

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.container})

    def containers(self) -> tuple[str, ...]:
        return (self.container,)


@event("entry-corrected")
class EntryCorrected(_OfRecord):
    """`field` of statement `target` should read `new`, not `old`. Proposed until every party that relied on the old
    value agrees, or while it would take the container below zero. `closed` names the author's closed
    period in which it lowers what was generated or raises what was closed: then it waits for the authority."""

    target: StatementId
    field: FieldPath
    old: Annotated[str | int, Plain()]
    new: Annotated[str | int, Plain()]
    reason: Literal["typing", "unit", "scale", "wrong-container", "other"]
    closed: Period | None = None
    note: Sealed | None = None

    def streams(self, party: str) -> frozenset[str]:
        # The author's party too: whether a period was closed is judged against it.
        return frozenset({self.container, party})


@event("correction-agreed")
class CorrectionAgreed(_OfRecord):
    """A party that relied on the old value agrees with the correction."""

    correction: StatementId


@event("correction-decided")
class CorrectionDecided(_OfRecord):
    """The authority decides a correction on which the parties do not agree."""

    correction: StatementId
    outcome: Literal["apply", "reject"]
    note: Sealed | None = None

    author = "supervision"


def figures(said: Event, container: str) -> Iterator[tuple[str, int]]:
    """(path, grams) of every figure of an event that `entry-corrected` may name for this container."""
    body = body_of(said)
    for path in said.correctable:
        head, _, rest = path.rpartition(".*.")
        for n, part in enumerate(body.get(head, ()) if head else (body,)):
            grams = value_at(part, rest)
            if part["container"] == container and grams is not None:
                yield (f"{head}.{n}.{rest}" if head else rest), grams
