"""Double-entry grams: a posting takes from one account what it gives to another, so no entry can be off balance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

# Sources give what was not there before; stages hold; ends keep. Both ways: difference.
SOURCES = frozenset({"opening", "generated", "derived", "found", "additive", "from-outside"})
STAGES = frozenset({"held", "in-transit", "at-work"})
ENDS = frozenset({"utilised", "disposed", "to-outside", "lost", "dumped", "process-loss"})
BOTH_WAYS = frozenset({"difference"})


class Account(NamedTuple):
    """Where grams are: stage, legal person, site, waste code, container ("" where none)."""

    stage: str
    holder: str
    site: str
    code: str
    container: str


class Posting(NamedTuple):
    """`grams` > 0 taken from `debit` and given to `credit`. `of_g` is the mass a difference is measured against."""

    grams: int
    debit: Account
    credit: Account
    cause: str
    of_g: int = 0


def move(grams: int, debit: Account, credit: Account, cause: str, of_g: int = 0) -> tuple[Posting, ...]:
    """One posting; a negative amount goes the other way, nothing is nothing."""
    if grams > 0:
        return (Posting(grams, debit, credit, cause, of_g),)
    if grams < 0:
        return (Posting(-grams, credit, debit, cause, of_g),)
    return ()


def balances(postings: Iterable[Posting]) -> dict[Account, int]:
    """The balance of every account touched."""
    sums: dict[Account, int] = {}
    for posting in postings:
        sums[posting.debit] = sums.get(posting.debit, 0) - posting.grams
        sums[posting.credit] = sums.get(posting.credit, 0) + posting.grams
    return sums


def difference(after: Iterable[Posting], before: Iterable[Posting]) -> tuple[Posting, ...]:
    """What has to be posted so that postings `before` become worth postings `after`."""
    worth: dict[tuple[Account, Account, str], list[int]] = {}
    for sign, postings in ((1, after), (-1, before)):
        for p in postings:
            # A pair of accounts has one direction, so that a reversal meets what it reverses.
            forward = p.debit <= p.credit
            key = (p.debit, p.credit, p.cause) if forward else (p.credit, p.debit, p.cause)
            held = worth.setdefault(key, [0, p.of_g])
            held[0] += sign * (p.grams if forward else -p.grams)
            held[1] = p.of_g if sign > 0 else held[1]
    return tuple(p for (a, b, cause), (g, of_g) in worth.items() for p in move(g, a, b, cause, of_g))
