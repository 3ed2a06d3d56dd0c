"""What a licence allows in a year against what was received: a warning at 100 %, an exception above 120 %."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date

from ledger.custody.events.authority import LicenceAmended, LicenceGranted
from ledger.custody.flags import Flag
from ledger.custody.regimes.base import Regime, start_of_day
from ledger.custody.registry import Registry

# (holder, start, end) -> (code, site, moment, grams) of everything of others that arrived at the holder then.
Arrivals = Callable[[str, str, str], Iterable[tuple[str, str, str, int]]]


_SETTINGS = {"licence-nearly-full": "licence-warn-percent", "licence-quantity": "licence-limit-percent"}


def quantity_flags(arrivals: Arrivals, regime: Regime, registry: Registry, as_of: str) -> Iterator[Flag]:
    """The exceptions of every year and licence. New terms end one, or a rectification that an authority closed."""
    today = regime.day_of(as_of)
    for holder, licences in registry.licences.items():
        first = min(int(x.terms.valid_from[:4]) for x in licences)
        for year in range(first, int(today[:4]) + 1) if any(x.terms.annual_g for x in licences) else ():
            start, end = regime.period(str(year))
            got = sorted(arrivals(holder, start, min(end, as_of)), key=lambda row: row[2])
            for name in sorted({x.terms.licence for x in licences}) if got else ():
                yield from _of_year(holder, name, str(year), got, regime, registry, min(f"{year}-12-31", today))


def _of_year(
    holder: str,
    licence: str,
    year: str,
    got: Iterable[tuple[str, str, str, int]],
    regime: Regime,
    registry: Registry,
    last: str,
) -> Iterator[Flag]:
    def allowed(day: str) -> LicenceGranted | None:
        return next((x.terms for x in registry.licence_for(holder, day) if x.terms.licence == licence), None)

    def above(rule: str, day: str) -> bool:
        terms = allowed(day)
        if terms is None or terms.annual_g is None:
            return False
        most = terms.annual_g * regime.setting(registry, _SETTINGS[rule], day, holder) // 100
        return total > most or (rule == "licence-nearly-full" and total == most)

    total = 0
    crossed: dict[str, str] = {}
    for code, site, at, grams in got:
        day = regime.day_of(at)
        terms = allowed(day)
        if terms is not None and terms.site in (None, site) and terms.covers(code, regime.classes_of(code), None):
            total += grams
            for rule in _SETTINGS:
                if above(rule, day):
                    crossed.setdefault(rule, at)
    amended = (c for c in registry.licence_changes.get(licence, ()) if isinstance(c, LicenceAmended))
    days = sorted(c.from_ for c in amended if year <= c.from_ <= last)
    for rule, at in crossed.items():
        terms = allowed(regime.day_of(at))
        assert terms is not None and terms.annual_g is not None
        flag = Flag(
            rule=rule,
            object=licence,
            key=year,
            grams=total - terms.annual_g,
            holder=holder,
            site="",
            detail=f"{total} / {terms.annual_g}",
            opened_at=at,
            opened_by="",
        )
        enough = next((d for d in days if d > regime.day_of(at) and not above(rule, d)), None)
        put_right = registry.put_right(licence, at)
        if enough is not None:
            flag = replace(flag, closed_at=start_of_day(date.fromisoformat(enough), regime.offset))
        elif put_right is not None:
            flag = replace(flag, closed_at=put_right.at, closed_by=put_right.statement)
        yield flag
