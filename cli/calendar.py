"""`calendar`: the working days of a year, by which some clocks run."""

from __future__ import annotations

from typing import Any

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.words import say
from ledger.exchange.holidays import announced_calendar

command = click.Group("calendar", help=__doc__)


@command.command()
@click.argument("year", type=click.IntRange(2000, 2200))
@click.option("--off", "off", multiple=True, help="A day off (YYYY-MM-DD), instead of the kept calendar's.")
@click.option("--work", "work", multiple=True, help="A working day at a week-end, instead of the kept calendar's.")
@acting
def adopt(actor: Actor, year: int, off: tuple[str, ...], work: tuple[str, ...]) -> None:
    """Adopt the working days of a year, by default as the kept library knows them to be announced.

    A year that is not adopted counts Monday to Friday, and verdicts that use it are marked provisional.

    \b
    Example:
    wasteledger calendar adopt 2026 --as bureau
    """
    own: dict[str, Any] = {"year": year, "days_off": sorted(off), "working_days": sorted(work)}
    body = own if off or work else announced_calendar(year)
    off_count, work_count = len(body["days_off"]), len(body["working_days"])
    words = say(
        f"{off_count} 个休息日，{work_count} 个补班日", f"{off_count} days off, {work_count} working week-end days"
    )
    actor.says("calendar-adopted", body, f"已采用 {year} 年日历：{words}", f"calendar {year} is adopted: {words}")


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
