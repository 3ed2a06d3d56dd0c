"""What keeps a rate from 100 %: the grams of its scope that nobody entitled has closed, by what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ledger.custody.container import Container
from ledger.custody.decide import unwrapped
from ledger.custody.fact import Fact
from ledger.custody.lots import OPEN, Row
from ledger.custody.rate import Question, View, cell_of
from ledger.custody.regimes.base import Regime

Why = Literal["open", "overdue", "lost", "dumped", "difference", "closed-by-unentitled", "process-loss-by-unentitled"]
ACCOUNTS = (*sorted(OPEN), "closed", "difference", "dumped", "lost", "process-loss")


class Heap(NamedTuple):
    """The grain of a sum over lot rows: account, stage, why the closing party was not entitled, clock run out."""

    account: str
    stage: str
    reason: str
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Grams not safely closed. `detail`: the stage of what is open, or why whoever closed it was not entitled."""

    why: Why
    detail: str
    grams: int


def heaps_of(rows: Iterable[Row], question: Question) -> dict[Heap, int]:
    """The sums straight from lot rows."""
    sums: dict[Heap, int] = {}
    for row in rows:
        cell = cell_of(row, question)
        if cell is not None and row.account in ACCOUNTS:
            heap = Heap(row.account, row.stage, row.reason, cell.overdue)
            sums[heap] = sums.get(heap, 0) + row.grams
    return sums


def gaps_from(sums: dict[Heap, int], view: View) -> list[Gap]:
    """The gaps, largest first. What left a place is no longer missing there: the facility view knows open mass in
    store only."""
    found: dict[tuple[Why, str], int] = {}
    for heap, grams in sums.items():
        key = _why(heap)
        if view == "facility" and heap.account in OPEN and heap.stage != "held":
            continue
        if key is not None:
            found[key] = found.get(key, 0) + grams
    made = (Gap(why=why, detail=detail, grams=grams) for (why, detail), grams in found.items() if grams)
    return sorted(made, key=lambda gap: (-gap.grams, gap.why, gap.detail))


def _why(heap: Heap) -> tuple[Why, str] | None:
    match heap.account:
        case "open" | "overdue":
            return ("overdue" if heap.overdue else "open"), heap.stage
        case "lost":
            return "lost", ""
        case "dumped":
            return "dumped", ""
        case "difference":
            return "difference", ""
        case "closed" if heap.reason:
            return "closed-by-unentitled", heap.reason
        case "process-loss" if heap.reason:
            return "process-loss-by-unentitled", heap.reason
        case _:
            return None


def unresolved(thing: Container, history: Iterable[Fact], question: Question, regime: Regime) -> bool:
    """True when the container's mass is unknown and it belongs to the question, so that no verdict of 100 % holds.

    In the origin view it belongs to whoever recorded it first; one that nobody recorded belongs to everybody.
    """
    if not thing.mass_unknown or not thing.code:
        return False
    if regime.kind_of(thing.code) != question.kind or (question.code and thing.code != question.code):
        return False
    if thing.born_at >= question.end:
        return False
    if question.view == "facility":
        party, site = thing.holder, thing.site
    else:
        first = min(map(unwrapped, history), key=lambda fact: fact.order)
        # A street's waste is recorded first by the plant that weighs it in.
        place = getattr(first.event, "origin", None) or getattr(first.event, "place", None)
        if place is None:
            return True
        party, site = place.party, place.site
    return (not question.parties or party in question.parties) and (not question.sites or site in question.sites)
