"""`calendar`: the working days of a year, by which some clocks run."""

from __future__ import annotations

from datetime import date

import click
import holidays

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.words import say

command = click.Group("calendar", help=__doc__)


@command.command()
@click.argument("year", type=click.IntRange(2000, 2200))
@click.option("--off", "off", multiple=True, help="A day off (YYYY-MM-DD), instead of the kept calendar's.")
@click.option("--work", "work", multiple=True, help="A working day at a week-end, instead of the kept calendar's.")
@acting
def adopt(actor: Actor, year: int, off: tuple[str, ...], work: tuple[str, ...]) -> None:
    """Adopt the working days of a year, by default as the kept library knows the State Council's notice.

    A year that is not adopted counts Monday to Friday, and verdicts that use it are marked provisional.

    \b
    Example:
    wasteledger calendar adopt 2026 --as bureau
    """
    if not off and not work:
        off, work = kept(year)
        if not work:  # every notice so far moved some working days to week-ends: the year's is not out yet
            raise click.UsageError(
                say(
                    f"没有 {year} 年的日历，请用 --off 与 --work",
                    f"no calendar of {year} is kept: use --off and --work",
                )
            )
    body = {"year": year, "days_off": sorted(off), "working_days": sorted(work)}
    words = say(f"{len(off)} 个休息日，{len(work)} 个补班日", f"{len(off)} days off, {len(work)} working week-end days")
    actor.says("calendar-adopted", body, f"已采用 {year} 年日历：{words}", f"calendar {year} is adopted: {words}")


def kept(year: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Days off among Monday to Friday, and working days at week-ends, of the People's Republic of China."""
    china = holidays.country_holidays("CN", years=year)

    def of_year(days: set[date]) -> list[date]:
        return [day for day in days if day.year == year]

    work = of_year(china.weekend_workdays)
    off = [day for day in of_year(set(china)) if day.weekday() < 5 and day not in work]
    return tuple(day.isoformat() for day in sorted(off)), tuple(day.isoformat() for day in sorted(work))


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every adopted calendar.

    \b
    Example:
    wasteledger calendar list
    """
    with open_ledger() as (_, queries):
        calendars = queries.registry().calendars
    rows = [
        {"year": year, "days_off": list(c.days_off), "working_days": list(c.working_days)}
        for year, c in sorted(calendars.items())
    ]
    rows_out(rows, as_json)
