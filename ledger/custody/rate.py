"""The safe-disposal rate: declared, proven and due, in the origin or the facility view, from sums over lot rows.

A rate is a function of scope, kind, period and as-of. Kinds are never added, nor are the views. Percentages are rounded
down, and where nothing is due the figure says so instead of 100 %.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ledger.custody.lots import OPEN, Row

View = Literal["origin", "facility"]
CAME_IN = frozenset({"generated", "derived", "opening", "found", "unrecorded", "gain", "reclassified"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: [start, end) as moments, `as_of` the moment up to which clocks are read (end, if that is earlier).

    `sites` and `parties` narrow the scope; empty means the whole ledger. In the origin view they are first producers,
    in the facility view they are where the mass lies.
    """

    view: View
    kind: str
    start: str
    end: str
    as_of: str
    parties: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    code: str = ""

    @property
    def horizon(self) -> str:
        """Until when clocks run for this question."""
        return min(self.end, self.as_of)

    def in_scope(self, row: Row) -> bool:
        """True when a row belongs to the scope, the kind and the code."""
        party, site = (row.producer, row.producer_site) if self.view == "origin" else (row.holder, row.site)
        return (
            row.kind == self.kind
            and (not self.code or row.code == self.code)
            and (not self.parties or party in self.parties)
            and (not self.sites or site in self.sites)
        )


class Cell(NamedTuple):
    """The grain of a sum: when (before or during the period), what, by whom, how sure, from which year's stock."""

    account: str
    during: bool
    entitled: bool
    grade: str
    from_before: bool
    by_producer: bool
    held: bool
    overdue: bool


def cell_of(row: Row, question: Question) -> Cell | None:
    """The cell a row is added to, or None when it lies outside the question."""
    if row.at >= question.end or not question.in_scope(row):
        return None
    return Cell(
        account=row.account,
        during=row.at >= question.start,
        entitled=not row.reason,
        grade=row.grade,
        from_before=row.born_at < question.start,
        by_producer=row.by_producer,
        held=row.stage == "held",
        overdue=(row.account == "overdue" or "" < row.deadline < question.horizon) and row.clock_at < question.horizon,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A figure with its two terms in grams."""

    part_g: int
    whole_g: int

    @property
    def percent(self) -> str | None:
        """Two decimals, rounded down; None when there is no mass to speak of."""
        if self.whole_g <= 0:
            return None
        hundredths = max(self.part_g, 0) * 10_000 // self.whole_g
        return f"{hundredths // 100}.{hundredths % 100:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The three figures and every term they are made of, in grams."""

    question: Question
    declared: Share
    proven: Share
    proven_with_stock: Share
    due: Share
    opening_g: int
    came_in_g: dict[str, int]
    settled_g: int
    closed_ok_g: int
    bad_g: dict[str, int]
    overdue_g: int
    open_g: int
    verified_g: int
    asserted_g: int
    custodial_g: int

    @property
    def nothing_due(self) -> bool:
        """True when no mass has come to its time: the due figure is then no percentage at all."""
        return self.due.whole_g == 0


def rate_of(rows: Iterable[Row], question: Question) -> Rate:
    """The rate straight from lot rows."""
    sums: dict[Cell, int] = {}
    for row in rows:
        cell = cell_of(row, question)
        if cell is not None:
            sums[cell] = sums.get(cell, 0) + row.grams
    return rate_from(sums, question)


def rate_from(sums: dict[Cell, int], question: Question) -> Rate:
    """The rate from sums by cell. Each line is a term of DOMAIN's definition."""

    def total(*accounts: str, **wanted: bool | str) -> int:
        return sum(
            grams
            for cell, grams in sums.items()
            if cell.account in accounts and all(getattr(cell, name) == value for name, value in wanted.items())
        )

    origin = question.view == "origin"
    came_in = {a: total(a, during=True) for a in sorted(CAME_IN)}
    # What earlier periods left: open, or lost or unexplained, which may yet be found and closed, or settled.
    left_over = (*OPEN, "difference", "lost")
    opening = total(*left_over, during=False) if origin else total(*left_over, during=False, held=True)
    settled = total("settled", during=True) + total("process-loss", during=True, entitled=True)
    closed_ok = total("closed", during=True, entitled=True)
    if origin:
        whole = opening + sum(came_in.values()) - settled
        # Nothing happens to a lot before it is born: what is not from before came and went in the period.
        new = total(*CAME_IN, from_before=False) - total("settled", from_before=False)
        generated = new - total("process-loss", entitled=True, from_before=False)
    else:
        # What the road lost or gained is in what arrived; what was lost here had departed.
        settled -= total("settled", during=True, held=False)
        settled -= total("process-loss", during=True, entitled=True, held=False)
        reclassified = total("reclassified", during=True, held=True)
        generated = total("arrived", during=True) - total("departed", during=True) + reclassified - settled
        whole = opening + generated
    bad = {
        "lost": total("lost"),
        "dumped": total("dumped"),
        "difference": total("difference"),
        "closed-by-unentitled": total("closed", entitled=False),
        "process-loss-by-unentitled": total("process-loss", entitled=False),
    }
    overdue = total(*OPEN, overdue=True)
    stock = total("closed", during=True, entitled=True, from_before=True)
    left = total("entrusted", during=True) + total("closed", during=True, by_producer=True)
    # What a producer declares ends at its gate, which is its successor's once that has taken the stock over: its stock,
    # what it lost of it, not what others' scales found more, nor as what it was identified there.
    at_gate = total(*OPEN, during=False, by_producer=True, held=True) + total("lost", during=False, by_producer=True)
    declared_whole = at_gate + sum(came_in.values()) - total("gain", "reclassified", during=True, by_producer=False)
    declared_whole = declared_whole if origin else whole
    due = closed_ok + sum(bad.values()) + overdue
    return Rate(
        question=question,
        declared=Share(part_g=left if origin else closed_ok, whole_g=declared_whole),
        proven=Share(part_g=closed_ok, whole_g=whole),
        proven_with_stock=Share(part_g=closed_ok, whole_g=generated + stock),
        due=Share(part_g=closed_ok, whole_g=due),
        opening_g=opening,
        came_in_g=came_in,
        settled_g=settled,
        closed_ok_g=closed_ok,
        bad_g=bad,
        overdue_g=overdue,
        open_g=total(*OPEN),
        verified_g=sum(total("closed", during=True, entitled=True, grade=g) for g in "AB"),
        asserted_g=sum(total("closed", during=True, entitled=True, grade=g) for g in "CD"),
        custodial_g=total("closed", during=True, entitled=True, grade="B"),
    )
