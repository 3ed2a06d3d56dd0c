"""What a site owes the authority: its tier, its declarations and plan with their days; plan against actual."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ledger.custody.flags import Flag
from ledger.custody.lots import Row
from ledger.custody.regimes.base import Regime, end_of_day, later
from ledger.custody.registry import Registry

Tier = Literal["key", "simplified", "registered"]
Rows = Callable[[str, str, str], Iterable[Row]]
"""The lot rows of what a site generated, at moments from the second on and before the third."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One thing a site owes: the declaration of a period, or the plan of a year. `due_at` is the last moment for it,
    `done_at` when it was received ("" when it was not)."""

    site: str
    kind: Literal["declaration", "plan"]
    period: str
    due_at: str
    done_at: str = ""

    def overdue_at(self, moment: str) -> bool:
        """True when it was still owed after its time."""
        return self.due_at < moment and not (self.done_at and self.done_at <= moment)


def tier_of(site: str, generated_g: int, day: str, regime: Regime, registry: Registry) -> Tier:
    """重点 (much waste in a year, an own facility or a licence), 简化 or 登记 (HJ 1259-2022), from a year's grams."""
    holder = registry.sites[site].holder if site in registry.sites else ""
    licensed = any(x.terms.site in (None, site) for x in registry.licence_for(holder, day))
    if licensed or any(f.purpose in ("utilise", "dispose") for f in registry.facilities_of(site)):
        return "key"
    if generated_g >= regime.setting(registry, "tier-key-g", day, site, holder):
        return "key"
    simplified = regime.setting(registry, "tier-simplified-g", day, site, holder)
    return "simplified" if generated_g >= simplified else "registered"


def duties_of(site: str, tier: Tier, year: int, regime: Regime, registry: Registry) -> list[Duty]:
    """What the site owes for a year, by the day it is due: the plan by 31 March of the year itself; declarations by the
    15th after the month (重点) or quarter (简化), and the year's by 31 March of the next."""
    owed: list[tuple[Literal["declaration", "plan"], str, date]] = [("plan", str(year), date(year, 3, 31))]
    if tier == "key":
        owed += [("declaration", f"{year}-{m:02d}", _fifteenth(year, m + 1)) for m in range(1, 13)]
    elif tier == "simplified":
        owed += [("declaration", f"{year}-Q{q}", _fifteenth(year, 3 * q + 1)) for q in range(1, 5)]
    owed.append(("declaration", str(year), date(year + 1, 3, 31)))
    made = [
        Duty(
            site=site,
            kind=kind,
            period=period,
            due_at=end_of_day(day, regime.offset),
            done_at=_done(site, kind, period, registry),
        )
        for kind, period, day in owed
    ]
    return sorted(made, key=lambda duty: (duty.due_at, duty.kind, duty.period))


def owed(site: str, year: int, rows: Rows, regime: Regime, registry: Registry) -> tuple[Tier, list[Duty]]:
    """The site's tier by what it generated in the year, and what it owes for it: nothing unless, in the year or the one
    before, it generated listed waste or planned to, or was licensed for others' or its own; and nothing of before the
    site was live."""
    (before, _), (_, end) = regime.period(str(year - 1)), regime.period(str(year))
    listed = [row for row in rows(site, before, end) if regime.listed(row.code)]
    generated = sum(p.generated_g for p in plan_against_actual(site, year, listed, regime, registry))
    tier = tier_of(site, generated, f"{year}-12-31", regime, registry)
    planned = registry.plans_of(site, year) or registry.plans_of(site, year - 1)
    if not planned and not any(_ACTUAL.get(row.account) == "generated" for row in listed):
        holder = registry.sites[site].holder if site in registry.sites else ""
        held = (x.terms for x in registry.licence_for(holder, f"{year}-12-31"))
        if not any(x.site in (None, site) and x.kind != "site-permit" for x in held):
            return tier, []
    live = registry.live_from(site)
    return tier, [duty for duty in duties_of(site, tier, year, regime, registry) if _ends(duty, regime) >= live]


def _ends(duty: Duty, regime: Regime) -> str:
    """The last day that the duty is about: of a declaration its period's, of a plan the day it is due."""
    if duty.kind == "plan":
        return regime.day_of(duty.due_at)
    return regime.day_of(later(regime.period(duty.period)[1], hours=-1))


def years_owed(site: str, holder: str, day: str, registry: Registry) -> range:
    """The years until the day's for which an authority takes the site's plan and declarations through this ledger."""
    first = registry.number("declarations-from", day, site, holder)
    return range(0) if first is None else range(max(first, 2000), int(day[:4]) + 1)


def overdue_duties(as_of: str, rows: Rows, regime: Regime, registry: Registry) -> Iterator[Flag]:
    """Plans and declarations overdue, from the year on in which an authority takes them through this ledger (the
    setting `declarations-from`); without it they are filed elsewhere."""
    day = regime.day_of(as_of)
    for site, registered in registry.sites.items():
        for year in years_owed(site, registered.holder, day, registry):
            found = duty_flags(owed(site, year, rows, regime, registry)[1], registry)
            yield from (flag for flag in found if flag.opened_at <= as_of)


def duty_flags(duties: Iterable[Duty], registry: Registry) -> Iterator[Flag]:
    """What was not declared or planned in time; it counts from its day on until it was received."""
    for duty in duties:
        if duty.done_at and duty.done_at <= duty.due_at:
            continue
        registered = registry.sites.get(duty.site)
        yield Flag(
            rule="plan-overdue" if duty.kind == "plan" else "declaration-overdue",
            object=duty.site,
            key=duty.period,
            grams=0,
            holder=registered.holder if registered is not None else "",
            site=duty.site,
            detail=duty.period,
            opened_at=duty.due_at,
            opened_by="",
            closed_at=duty.done_at,
        )


def _fifteenth(year: int, month: int) -> date:
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 15)


def _done(site: str, kind: str, period: str, registry: Registry) -> str:
    """When it was received: a deadline is met by what the ledger has, not by what an author says of the time."""
    if kind == "plan":
        return min((fact.received_at for _, fact in registry.plans_of(site, int(period))), default="")
    holder = registry.sites[site].holder if site in registry.sites else ""
    closings = registry.closings.get(holder, ())
    closed = (f.received_at for event, f in closings if event.period == period and event.site in (None, site))
    return min(closed, default="")


# -- the plan against what was ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One waste code of a site in a year, in grams: what was planned (0 when it is not in the plan) and what was."""

    code: str
    planned: bool
    planned_generated_g: int
    planned_treated_g: int
    planned_entrusted_g: int
    generated_g: int
    treated_g: int
    entrusted_g: int


def plan_against_actual(site: str, year: int, rows: Iterable[Row], regime: Regime, registry: Registry) -> list[Planned]:
    """Every code that was planned or generated; `treated` is what the site itself closed, `entrusted` what left."""
    plan = registry.plan_of(site, year)
    lines = {line.code: line for line in plan.lines} if plan is not None else {}
    sums: dict[str, dict[str, int]] = {code: {} for code in lines}
    start, end = regime.period(str(year))
    for row in rows:
        if row.producer_site != site or not regime.listed(row.code) or not start <= row.at < end:
            continue
        account = _ACTUAL.get(row.account)
        if account is None or (account == "treated" and not row.by_producer):
            continue
        of_code = sums.setdefault(row.code, {})
        of_code[account] = of_code.get(account, 0) + row.grams
    return [
        Planned(
            code=code,
            planned=code in lines,
            planned_generated_g=lines[code].generated_g if code in lines else 0,
            planned_treated_g=lines[code].treated_g if code in lines else 0,
            planned_entrusted_g=lines[code].entrusted_g if code in lines else 0,
            generated_g=of_code.get("generated", 0),
            treated_g=of_code.get("treated", 0),
            entrusted_g=of_code.get("entrusted", 0),
        )
        for code, of_code in sorted(sums.items())
    ]


_ACTUAL: Mapping[str, str] = {
    "generated": "generated",
    "derived": "generated",
    "closed": "treated",
    "entrusted": "entrusted",
}
