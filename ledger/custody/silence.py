"""Enterprises whose devices say nothing any more: what is not recorded shows in no figure, so the silence does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from ledger.custody.flags import Flag
from ledger.custody.regimes.base import Regime, end_of_day
from ledger.custody.registry import Registry


def silence_flags(last_words: Mapping[str, str], regime: Regime, registry: Registry, as_of: str) -> Iterator[Flag]:
    """The sites whose holder said nothing for the days of the setting, of those that plan as much waste as the
    simplified tier: less comes too seldom to tell. `last_words` has the moment by party at which its newest statement
    came in; one later than `as_of` says nothing of then. Until the year's plan is filed that of the year before tells,
    or whoever falls silent in December would be silent unseen."""
    year = int(regime.day_of(as_of)[:4])
    for site, registered in registry.sites.items():
        plan, last = registry.plan_of(site, year), last_words.get(registered.holder, "")
        plan = plan or registry.plan_of(site, year - 1)
        if plan is None or not last or last > as_of:
            continue
        day = regime.day_of(last)
        days = regime.setting(registry, "silence-days", day, site, registered.holder)
        least = regime.setting(registry, "tier-simplified-g", day, site, registered.holder)
        due = end_of_day(date.fromisoformat(day) + timedelta(days=days), regime.offset)
        if due < as_of and sum(line.generated_g for line in plan.lines) >= least:
            yield Flag(
                rule="silent-devices",
                object=site,
                key=last,
                grams=0,
                holder=registered.holder,
                site=site,
                detail=last,
                opened_at=due,
                opened_by="",
            )
