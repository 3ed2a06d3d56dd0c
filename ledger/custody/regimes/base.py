"""What every regime answers: shapes of codes, kinds of waste, clocks, entitlement, citations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

from ledger.custody.registry import Registry
from ledger.custody.wire import Codes
from ledger.errors import FormError

Kind = Literal["hazardous", "medical", "industrial", "construction", "household", "sludge"]
KINDS: tuple[Kind, ...] = ("hazardous", "medical", "industrial", "construction", "household", "sludge")


class Act(NamedTuple):
    """Somebody takes or closes waste: what is asked of `Regime.entitled`."""

    deed: Literal["receive", "close"]
    code: str
    party: str
    site: str
    producer: str
    day: str
    method: str | None = None
    end: str = ""
    exemption: str = ""


class PeriodError(FormError):
    """A period is a year, a quarter, a month or a day."""

    code = "bad-period"
    zh = "时段写法不正确"
    en = "the period is not written correctly"


class Regime(Codes, Protocol):
    """One jurisdiction in one published version."""

    name: str
    offset: timedelta
    defaults: Mapping[str, int | str]

    def kind_of(self, code: str) -> Kind:
        """The kind of waste; kinds are never added together."""

    def classes_of(self, code: str) -> tuple[str, ...]:
        """The classes a licence may name instead of the code, such as HW08."""

    def listed(self, code: str) -> bool:
        """True when the catalogue of hazardous wastes must contain the code."""

    def border(self, region: str) -> str:
        """The part of the country out of which waste goes only with an approval; "" where no approval is needed."""

    def entitled(self, act: Act, registry: Registry) -> str:
        """ "" when the party may do this, else the reason why not (a key of `REASONS`)."""

    def methods(self, code: str, end: str) -> frozenset[str] | None:
        """The methods by which waste of this code may be utilised or disposed of; None where the list has none."""

    def residue_methods(self, registry: Registry, day: str, site: str) -> frozenset[str]:
        """The methods whose treatment leaves residues, so that none recorded is an exception."""

    def deadline(self, start: str, code: str, holder: str, site: str, registry: Registry) -> str:
        """When waste that somebody held since `start` must have left its hands (a moment)."""

    def incompatible(self, registry: Registry, day: str, site: str) -> frozenset[tuple[str, str]]:
        """Pairs of codes or classes that must not stand together, as adopted for the site or for all."""

    def cite(self, key: str, day: str) -> str:
        """The law behind a rule, as in force on the day."""

    def day_of(self, moment: str) -> str:
        """The local calendar day of a moment."""

    def period(self, name: str) -> tuple[str, str]:
        """The moments [start, end) of a year 2026, a quarter 2026-Q1, a month 2026-03 or a day 2026-03-31."""

    def setting(self, registry: Registry, name: str, day: str, *scopes: str) -> int:
        """A number that rules read: as adopted for one of the scopes, as adopted for all, else the regime's own."""


def moment_of(text: str) -> datetime:
    """A wire moment as a datetime."""
    return datetime.fromisoformat(text)


def text_of(moment: datetime) -> str:
    """A datetime as a wire moment."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


@lru_cache(maxsize=4096)
def later(moment: str, days: int = 0, hours: int = 0, minutes: int = 0) -> str:
    """The moment so much later."""
    return text_of(moment_of(moment) + timedelta(days=days, hours=hours, minutes=minutes))


@lru_cache(maxsize=4096)
def local_day(moment: str, offset: timedelta) -> str:
    """The local calendar day of a moment."""
    return (moment_of(moment) + offset).date().isoformat()


def period_of(name: str, offset: timedelta) -> tuple[str, str]:
    """The moments [start, end) of a local year, quarter, month or day; raises PeriodError."""
    parts = re.fullmatch(r"([0-9]{4})(?:-Q([1-4])|-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?)?", name)
    try:
        if parts is None:
            raise ValueError
        year, quarter, month, day = (int(p) if p else 0 for p in parts.groups())
        if day:
            first = date(year, month, day)
            last = first + timedelta(days=1)
        else:
            start, months = (quarter * 3 - 2, 3) if quarter else (month or 1, 1 if month else 12)
            first = date(year, start, 1)
            last = date(year + (start + months > 12), (start + months - 1) % 12 + 1, 1)
        return start_of_day(first, offset), start_of_day(last, offset)
    except (ValueError, OverflowError):
        raise PeriodError(expected="2026, 2026-Q1, 2026-03 or 2026-03-31", got=name) from None


def start_of_day(day: date, offset: timedelta) -> str:
    """The first moment of a local day."""
    return text_of(datetime(day.year, day.month, day.day, tzinfo=UTC) - offset)


def end_of_day(day: date, offset: timedelta) -> str:
    """The last millisecond of a local day."""
    return text_of(moment_of(start_of_day(day + timedelta(days=1), offset)) - timedelta(milliseconds=1))


def working_days_later(moment: str, days: int, registry: Registry, offset: timedelta) -> str:
    """The end of the local day that is so many working days after the moment's own day."""
    day = date.fromisoformat(local_day(moment, offset))
    while days > 0:
        day += timedelta(days=1)
        days -= registry.is_working_day(day)
    return end_of_day(day, offset)
