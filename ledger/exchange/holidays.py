"""The working days of a year as announced, from a kept library: a seed for the calendar that an authority adopts."""

from __future__ import annotations

from datetime import date
from typing import Any

from holidays import country_holidays

from ledger.errors import FormError


class CalendarUnknown(FormError):
    """The year's holidays are not announced, or the installed library does not know them yet."""

    code = "calendar-unknown"
    zh = "{year} 年的放假安排尚未公布，或所装日历库未收录；未采用前按周一至周五计，标为暂定"
    en = "the holidays of {year} are not announced or not in the installed library; until adopted, Monday to Friday"


def announced_calendar(year: int) -> dict[str, Any]:
    """The body of a `calendar-adopted` for China: days off among Monday to Friday, working days at week-ends.

    Raises CalendarUnknown for a year that the library only estimates: every announcement moves working days to
    week-ends, so a year without one is not announced.
    """
    days = country_holidays("CN", years=[year])
    working: set[date] = getattr(days, "weekend_workdays", set())
    moved = sorted(day.isoformat() for day in working if day.year == year)
    if not moved:
        raise CalendarUnknown(year=year)
    off = sorted(day.isoformat() for day in days if day.year == year and day.weekday() < 5)
    return {"year": year, "days_off": off, "working_days": moved}
