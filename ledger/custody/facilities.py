"""What is wrong with a facility as a whole: a store over its capacity or the 3 t of a storage point, incompatible
neighbours, treatment that leaves residues of which nobody recorded any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from ledger.custody.events.registry import FacilityRegistered
from ledger.custody.flags import Flag
from ledger.custody.regimes.base import Regime, later, local_day
from ledger.custody.registry import Registry


class Stay(NamedTuple):
    """A container's content in one zone of a facility, unchanged from `since` until `until` ("" while it is there)."""

    container: str
    facility: str
    zone: str
    code: str
    grams: int
    since: str
    until: str


class Treatment(NamedTuple):
    """What a facility did to the content of one container for good; `residues` when the statement recorded any."""

    container: str
    facility: str
    method: str
    batch: str
    at: str
    statement: str
    grams: int
    residues: bool


def facility_flags(
    facility: FacilityRegistered,
    stays: Iterable[Stay],
    treatments: Iterable[Treatment],
    regime: Regime,
    registry: Registry,
) -> list[Flag]:
    """The exceptions of a facility over time, from all that ever stood in it and all that it treated."""
    return [
        *_of_store(facility, stays, regime, registry),
        *_without_residues(facility, treatments, regime, registry),
    ]


def _without_residues(
    facility: FacilityRegistered, treatments: Iterable[Treatment], regime: Regime, registry: Registry
) -> Iterator[Flag]:
    """Residues may be recorded with a later treatment of the same batch (or of no batch), within the days allowed."""
    waiting: dict[str, list[Treatment]] = {}

    def flag(batch: list[Treatment], by: Treatment | None) -> Flag | None:
        first = batch[0]
        days = regime.setting(registry, "residue-days", local_day(first.at, regime.offset), facility.site)
        due = later(first.at, days=days)
        if by is not None and by.at <= due:
            return None
        return Flag(
            rule="no-residues",
            object=facility.facility,
            key=first.at,
            grams=sum(t.grams for t in batch),
            holder=facility.holder,
            site=facility.site,
            detail=first.method,
            opened_at=due,
            opened_by=first.statement,
            closed_at=by.at if by is not None else "",
            closed_by=by.statement if by is not None else "",
        )

    found: list[Flag | None] = []
    for treatment in sorted(treatments, key=lambda t: (t.at, t.statement, t.container)):
        if treatment.residues:
            done = [b for b in waiting if b == treatment.batch or not treatment.batch]
            found += [flag(waiting.pop(b), treatment) for b in done]
        elif treatment.method in regime.residue_methods(
            registry, local_day(treatment.at, regime.offset), facility.site
        ):
            waiting.setdefault(treatment.batch, []).append(treatment)
    found += [flag(batch, None) for batch in waiting.values()]
    yield from (f for f in found if f is not None)


def _of_store(facility: FacilityRegistered, stays: Iterable[Stay], regime: Regime, registry: Registry) -> list[Flag]:
    changes: dict[str, list[tuple[int, Stay]]] = {}
    for stay in stays:
        changes.setdefault(stay.since, []).append((1, stay))
        if stay.until:
            changes.setdefault(stay.until, []).append((-1, stay))
    present: dict[tuple[str, str, str], int] = {}
    opened: dict[tuple[str, str], Flag] = {}
    closed: list[Flag] = []
    for moment in sorted(changes):
        for sign, stay in changes[moment]:
            place = (stay.zone, stay.code, stay.container)
            present[place] = present.get(place, 0) + sign * stay.grams
            if not present[place]:
                del present[place]
        wrong = {(f.rule, f.key): f for f in standing(facility, present, moment, regime, registry)}
        for key in [k for k in opened if k not in wrong]:
            closed.append(replace(opened.pop(key), closed_at=moment))
        for key, flag in wrong.items():
            opened[key] = replace(opened[key], grams=flag.grams) if key in opened else flag
    return [*closed, *opened.values()]


def standing(
    facility: FacilityRegistered,
    present: dict[tuple[str, str, str], int],
    moment: str,
    regime: Regime,
    registry: Registry,
) -> Iterator[Flag]:
    """What is wrong with a store in which these grams stand, by (zone, code, container)."""
    day = local_day(moment, regime.offset)

    def flag(rule: str, key: str, grams: int, detail: str) -> Flag:
        return Flag(
            rule=rule,
            object=facility.facility,
            key=key,
            grams=grams,
            holder=facility.holder,
            site=facility.site,
            detail=detail,
            opened_at=moment,
            opened_by="",
        )

    if facility.capacity_g is not None and (total := sum(present.values())) > facility.capacity_g:
        yield flag("over-capacity", "", total - facility.capacity_g, f"{total} / {facility.capacity_g}")
    if facility.store_kind == "point":
        limit = regime.setting(registry, "point-limit-g", day, facility.site, facility.holder)
        hazardous = sum(g for (_, code, _), g in present.items() if regime.listed(code))
        if hazardous > limit:
            yield flag("point-over-limit", "", hazardous - limit, f"{hazardous} / {limit}")
    pairs = regime.incompatible(registry, day, facility.site)
    zones: dict[str, dict[str, int]] = {}
    for (zone, code, _), grams in present.items() if pairs else ():
        for name in (code, *regime.classes_of(code)):
            zones.setdefault(zone, {})[name] = zones.get(zone, {}).get(name, 0) + grams
    for zone, names in sorted(zones.items()):
        for one, other in sorted(pairs):
            if one in names and other in names:
                grams = min(names[one], names[other])
                yield flag("incompatible-neighbours", f"{zone} {one}+{other}", grams, f"{one} {other}")
