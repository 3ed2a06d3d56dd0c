"""Calendars are seeded from announcements, never from estimates."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.custody.events import parse
from ledger.custody.regimes.cn import REGIME
from ledger.exchange.holidays import CalendarUnknown, announced_calendar


def test_2026_is_as_the_state_council_announced_it() -> None:
    body = announced_calendar(2026)
    assert body["days_off"] == [
        *("2026-01-01", "2026-01-02"),
        *("2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20", "2026-02-23"),
        "2026-04-06",
        *("2026-05-01", "2026-05-04", "2026-05-05"),
        "2026-06-19",
        "2026-09-25",
        *("2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"),
    ]
    assert body["working_days"] == [
        *("2026-01-04", "2026-02-14", "2026-02-28"),
        *("2026-05-09", "2026-09-20", "2026-10-10"),
    ]


@pytest.mark.parametrize("year", range(2015, 2027))
def test_an_announced_year_is_a_calendar_that_can_be_adopted(year: int) -> None:
    body = announced_calendar(year)
    parse("calendar-adopted", body, REGIME)
    assert all(date.fromisoformat(day).weekday() < 5 for day in body["days_off"])
    assert all(date.fromisoformat(day).weekday() >= 5 for day in body["working_days"])


@pytest.mark.parametrize("year", [1990, 2060])
def test_a_year_that_is_only_estimated_is_refused(year: int) -> None:
    with pytest.raises(CalendarUnknown):
        announced_calendar(year)
