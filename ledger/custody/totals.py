"""What a rate of whole months follows from without its lot rows: their sums by month, and the clocks of open mass.

A row adds its grams to the month of its `at`; where a rate asks from which year's stock they are, to the month of its
birth as well. Open mass whose clock has run out is added a second time, to OVERDUE, on the day that it is overdue from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from ledger.custody.lots import OPEN, Row
from ledger.custody.rate import CAME_IN
from ledger.custody.regimes.base import local_day, start_of_day

_new = tuple.__new__
# The account of the second series: no lot row has it.
OVERDUE = "overdue-from"
# The accounts of which a rate asks whether the mass was born before its period.
BORN = CAME_IN | {"closed", "settled", "process-loss"}


class Total(NamedTuple):
    """The grain of a maintained sum; "" where a figure does not ask. `whole`: of all parties, sites and codes."""

    whole: bool
    kind: str
    account: str
    at: str
    born_at: str
    stage: str
    grade: str
    reason: str
    by_producer: bool
    producer: str = ""
    producer_site: str = ""
    holder: str = ""
    site: str = ""
    code: str = ""


class Clock(NamedTuple):
    """Open mass of one container that has a clock: the grain of a first deadline. `due_at`: from when on, at the
    latest, the clock was run out and the change counted; overdue is what is due before the moment asked about."""

    container: str
    account: str
    producer: str
    producer_site: str
    holder: str
    site: str
    stage: str
    code: str
    kind: str
    deadline: str
    due_at: str
    grams: int


def due_at(row: Row) -> str:
    """The moment after which a change of open mass is one of overdue mass; "" when it never is."""
    if row.account == "overdue":
        return row.clock_at
    return max(row.deadline, row.clock_at) if row.account == "open" and row.deadline else ""


def totals_of(rows: Iterable[Row], offset: timedelta) -> Iterator[tuple[Total, int]]:
    """What each row adds to the sums of its parties, sites and code."""
    for row in rows:
        (
            _, _, at, _, account, _, producer, producer_site, holder, site, stage, code, kind, grams, born_at, _, grade,
            reason, by_producer,
        ) = row  # fmt: skip
        born = _starts(born_at[:16], offset)[1] if account in BORN else ""
        month = _starts(at[:16], offset)[1]
        graded = grade if account == "closed" else ""
        yield _new(Total, (
            False, kind, account, month, born, stage, graded, reason, by_producer, producer, producer_site, holder,
            site, code,
        )), grams  # fmt: skip
        if account in OPEN and (due := due_at(row)):
            day = day_start(due, offset)
            yield _new(Total, (
                False, kind, OVERDUE, day, "", stage, "", "", by_producer, producer, producer_site, holder, site, code,
            )), grams  # fmt: skip


def with_wholes(sums: dict[Total, int]) -> dict[Total, int]:
    """These sums and those of all parties, sites and codes together, where they are not zero."""
    made = dict(sums)
    for total, grams in sums.items():
        whole = Total(True, *total[1:9])
        made[whole] = made.get(whole, 0) + grams
    return {total: grams for total, grams in made.items() if grams}


def clocks_of(rows: Iterable[Row]) -> list[Clock]:
    """A container's open mass by its clocks, without what came and went again in time."""
    sums: dict[tuple[str, ...], int] = {}
    for r in rows:
        if r.account in OPEN and (due := due_at(r)):
            key = (
                r.container, r.account, r.producer, r.producer_site, r.holder, r.site, r.stage, r.code, r.kind,
                r.deadline, due,
            )  # fmt: skip
            sums[key] = sums.get(key, 0) + r.grams
    return [Clock._make((*key, grams)) for key, grams in sorted(sums.items()) if grams]


def day_start(moment: str, offset: timedelta) -> str:
    """The first moment of the local day of a moment."""
    return _starts(moment[:16], offset)[0]


def month_start(moment: str, offset: timedelta) -> str:
    """The first moment of the local month of a moment."""
    return _starts(moment[:16], offset)[1]


@lru_cache(maxsize=65_536)
def _starts(minute: str, offset: timedelta) -> tuple[str, str]:
    day = date.fromisoformat(local_day(f"{minute}Z", offset))
    return start_of_day(day, offset), start_of_day(day.replace(day=1), offset)
