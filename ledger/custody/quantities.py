"""What a licence allows in a year against what was received: a warning at 100 %, an exception above 120 %."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ledger.custody.flags import Flag
from ledger.custody.regimes.base import Regime
from ledger.custody.registry import Licence, Registry

# (holder, start, end) -> (code, site, moment, grams) of everything of others that arrived at the holder then.
Arrivals = Callable[[str, str, str], Iterable[tuple[str, str, str, int]]]


def quantity_flags(arrivals: Arrivals, regime: Regime, registry: Registry, as_of: str) -> Iterator[Flag]:
    """The exceptions of every year and licence; one that an authority's rectification put right is closed by it."""
    today = regime.day_of(as_of)
    for holder, licences in registry.licences.items():
        if not any(x.terms.annual_g for x in licences):
            continue
        for year in range(min(int(x.terms.valid_from[:4]) for x in licences), int(today[:4]) + 1):
            day = min(f"{year}-12-31", today)
            limited = [x for x in registry.licence_for(holder, day) if x.terms.annual_g]
            if not limited:
                continue
            start, end = regime.period(str(year))
            got = sorted(arrivals(holder, start, min(end, as_of)), key=lambda row: row[2])
            for licence in limited:
                yield from _of_year(licence, str(year), day, got, regime, registry)


def _of_year(
    licence: Licence,
    year: str,
    day: str,
    got: Iterable[tuple[str, str, str, int]],
    regime: Regime,
    registry: Registry,
) -> Iterator[Flag]:
    terms, limit = licence.terms, licence.terms.annual_g or 0
    reached = {
        rule: limit * regime.setting(registry, setting, day, terms.holder) // 100
        for rule, setting in (
            ("licence-nearly-full", "licence-warn-percent"),
            ("licence-quantity", "licence-limit-percent"),
        )
    }
    total = 0
    crossed: dict[str, str] = {}
    for code, site, at, grams in got:
        if terms.site in (None, site) and terms.covers(code, regime.classes_of(code), None):
            total += grams
            for rule, most in reached.items():
                if total >= most + (rule == "licence-quantity"):
                    crossed.setdefault(rule, at)
    for rule, at in crossed.items():
        if total < reached[rule]:
            continue
        flag = Flag(
            rule=rule,
            object=terms.licence,
            key=year,
            grams=total - limit,
            holder=terms.holder,
            site="",
            detail=f"{total} / {limit}",
            opened_at=at,
            opened_by="",
        )
        put_right = registry.put_right(terms.licence, at)
        yield flag if put_right is None else replace(flag, closed_at=put_right.at, closed_by=put_right.statement)
