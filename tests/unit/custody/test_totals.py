"""What a lot row adds to the kept sums, and which open mass has a clock."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.lots import Row
from ledger.custody.regimes.cn import REGIME as CN
from ledger.custody.totals import (
    OVERDUE,
    Clock,
    Total,
    clocks_of,
    day_start,
    due_at,
    month_start,
    totals_of,
    with_wholes,
)

FEBRUARY, MARCH, MAY = "2026-01-31T16:00:00.000Z", "2026-02-28T16:00:00.000Z", "2026-04-30T16:00:00.000Z"
AT, BORN = "2026-03-15T01:00:00.000Z", "2026-02-27T01:00:00.000Z"
DEADLINE, LATE = "2026-05-10T03:00:00.000Z", "2026-05-20T03:00:00.000Z"
DUE_DAY, LATE_DAY = "2026-05-09T16:00:00.000Z", "2026-05-19T16:00:00.000Z"


def row(account: str, grams: int = 7, **other: Any) -> Row:
    """Oil of a garage's in a neighbour's yard."""
    made = Row(
        container="drum", statement="s", at=AT, clock_at=AT, account=account, lot="l", producer="garage",
        producer_site="garage-yard", holder="neighbour", site="neighbour-yard", stage="held", code="900-249-08",
        kind="hazardous", grams=grams, born_at=BORN, deadline="", grade="A", reason="no-licence", by_producer=False,
    )  # fmt: skip
    return made._replace(**other)


def total(account: str, **other: Any) -> Total:
    """The sum that the row of this account is added to."""
    made = Total(
        whole=False, kind="hazardous", account=account, at=MARCH, born_at="", stage="held", grade="",
        reason="no-licence", by_producer=False, producer="garage", producer_site="garage-yard", holder="neighbour",
        site="neighbour-yard", code="900-249-08",
    )  # fmt: skip
    return made._replace(**other)


@pytest.mark.parametrize(
    ("account", "also"),
    [
        ("generated", {"born_at": FEBRUARY}),
        ("settled", {"born_at": FEBRUARY}),
        ("process-loss", {"born_at": FEBRUARY}),
        ("closed", {"born_at": FEBRUARY, "grade": "A"}),
        ("open", {}),
        ("entrusted", {}),
    ],
)
def test_a_row_is_added_to_the_local_month_it_happened_in_and_where_it_is_asked_to_that_of_its_birth(
    account: str, also: dict[str, str]
) -> None:
    assert list(totals_of([row(account)], CN.offset)) == [(total(account, **also), 7)]


def test_open_mass_with_a_clock_is_added_once_more_on_the_local_day_from_which_it_is_overdue() -> None:
    told = list(totals_of([row("open", deadline=DEADLINE)], CN.offset))
    assert told == [(total("open"), 7), (total(OVERDUE, at=DUE_DAY, reason=""), 7)]
    assert list(totals_of([row("closed", deadline=DEADLINE)], CN.offset)) == [
        (total("closed", born_at=FEBRUARY, grade="A"), 7)
    ]


@pytest.mark.parametrize(
    ("account", "deadline", "clock_at", "due"),
    [
        ("open", DEADLINE, AT, DEADLINE),
        ("open", DEADLINE, LATE, LATE),
        ("open", "", AT, ""),
        ("overdue", DEADLINE, AT, AT),
        ("overdue", "", LATE, LATE),
        ("closed", DEADLINE, AT, ""),
    ],
)
def test_open_mass_is_due_at_its_deadline_or_when_what_counts_was_told_after_it(
    account: str, deadline: str, clock_at: str, due: str
) -> None:
    assert due_at(row(account, deadline=deadline, clock_at=clock_at)) == due


def test_sums_of_all_parties_stand_beside_each_partys_and_none_is_zero() -> None:
    mine, other, gone = total("open"), total("open", producer="coating", code="900-252-12"), total("lost", holder="x")
    whole = Total(True, "hazardous", "open", MARCH, "", "held", "", "no-licence", False)
    assert whole[9:] == ("", "", "", "", "")
    assert with_wholes({mine: 7, other: 5, gone: 0}) == {mine: 7, other: 5, whole: 12}
    assert with_wholes({mine: 7, other: -7}) == {mine: 7, other: -7}


def test_a_containers_clocks_are_of_what_is_still_there() -> None:
    rows = [
        row("open", 7, deadline=DEADLINE),
        row("open", 5, deadline=DEADLINE),
        row("open", -4, deadline=DEADLINE, clock_at=LATE),
        row("open", 3, deadline=LATE),
        row("open", -3, deadline=LATE),
        row("overdue", 2, deadline=DEADLINE),
        row("open", 9),
        row("closed", 4, deadline=DEADLINE),
    ]
    where = ("garage", "garage-yard", "neighbour", "neighbour-yard", "held", "900-249-08", "hazardous")
    assert clocks_of(rows) == [
        Clock("drum", "open", *where, DEADLINE, DEADLINE, 12),
        Clock("drum", "open", *where, DEADLINE, LATE, -4),
        Clock("drum", "overdue", *where, DEADLINE, AT, 2),
    ]


@pytest.mark.parametrize(
    ("moment", "day", "month"),
    [
        ("2026-04-30T15:59:59.999Z", "2026-04-29T16:00:00.000Z", "2026-03-31T16:00:00.000Z"),
        (MAY, MAY, MAY),
        ("2026-05-20T15:59:59.999Z", LATE_DAY, MAY),
    ],
)
def test_days_and_months_begin_at_the_parks_midnight(moment: str, day: str, month: str) -> None:
    assert (day_start(moment, CN.offset), month_start(moment, CN.offset)) == (day, month)
