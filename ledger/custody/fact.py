"""A fact: one event with who said it and when; the only thing that a fold reads."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.custody.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who signed, as their key stood when the statement was received."""

    party: str
    person: str
    key: str
    roles: frozenset[str] = frozenset()
    admin: bool = False
    server: bool = False
    vouched_by: str | None = None
    late: bool = False

    @property
    def own_device(self) -> bool:
        """True when the person's own device holds the key; false for custodial and one-time keys."""
        return not self.server and self.vouched_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """`at` is when it happened, `received_at` when the ledger got it; both RFC 3339 UTC with milliseconds, so that
    text order is time order. `id` is the statement's uuid7, `statement` its hash in hex, `ahead` says that
    its author's clock put it so far ahead that `at` is when it was received."""

    event: Event
    by: Author
    at: str
    received_at: str
    seq: int
    id: str
    statement: str
    ahead: bool = False

    @property
    def order(self) -> tuple[str, str, int]:
        """The order of happening; ties go by author chain, never by arrival."""
        return (self.at, self.by.key, self.seq)
