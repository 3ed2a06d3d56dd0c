"""What stands where: stores with zones, loads and clocks, and what would be wrong if one more container stood there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ledger.access import Viewer
from ledger.custody.events.containers import ContainerLost
from ledger.custody.events.movement import ManifestReceived
from ledger.custody.events.registry import FacilityRegistered
from ledger.custody.facilities import standing
from ledger.custody.flags import Flag
from ledger.custody.regimes.base import local_day, moment_of
from ledger.custody.values import Place
from ledger.errors import FormError
from ledger.queries import ContainerStory, Queries, Step, Unknown
from ledger.reading import Reading
from ledger.store import clocks

ROWS_MAX: Final = 5_000  # containers read at a time
_DAY_S: Final = 86_400


class NeverLost(FormError):
    """Only what was reported lost or missing can be found."""

    code = "never-lost"
    zh = "该容器没有遗失记录"
    en = "the container was never reported lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Open mass of a container and when it must have left its holder's hands."""

    container: str
    holder: str
    site: str
    since: str
    deadline: str
    grams: int

    def days_left(self, now: str) -> int:
        """Whole days until it runs out; below 0 when it has."""
        return int((moment_of(self.deadline) - moment_of(now)).total_seconds() // _DAY_S)

    def share(self, now: str) -> int:
        """How much of the time is used up, in per cent, 100 at most."""
        whole = (moment_of(self.deadline) - moment_of(self.since)).total_seconds()
        gone = (moment_of(now) - moment_of(self.since)).total_seconds()
        return max(0, min(100, int(100 * gone / whole))) if whole > 0 else 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A part of a store ("" where it has none) and the containers that stand there, as rows of the reading side."""

    name: str
    rows: tuple[Mapping[str, Any], ...]

    @property
    def grams(self) -> int:
        return sum(int(row["net_g"]) for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A facility with what stands in it and what is wrong with that; `limit_g` is what it may hold, if known."""

    facility: FacilityRegistered
    zones: tuple[Zone, ...]
    limit_g: int | None
    flags: tuple[Flag, ...]

    @property
    def grams(self) -> int:
        return sum(zone.grams for zone in self.zones)

    @property
    def rows(self) -> Iterator[Mapping[str, Any]]:
        for zone in self.zones:
            yield from zone.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place where a container may be put down, and what would newly be wrong if it were."""

    room: Room
    zone: Zone
    after_g: int
    warnings: tuple[Flag, ...]


class Stores:
    """The stores of a ledger for one reader, as of one moment."""

    def __init__(self, reading: Reading, queries: Queries, viewer: Viewer, now: str) -> None:
        self._reading, self._queries, self._viewer, self._now = reading, queries, viewer, now
        self._registry = queries.registry()

    def sites(self) -> list[str]:
        """The reader's own sites, by name."""
        own = (s for s, event in self._registry.sites.items() if self._viewer.is_own(event.holder))
        return sorted(own, key=self._registry.name_of)

    def rooms(self, site: str) -> list[Room]:
        """The stores of a site, and every other facility in which something stands; raises Unknown."""
        known = {f: event for f, event in self._registry.facilities.items() if event.site == self._own(site)}
        rows: dict[str, list[Mapping[str, Any]]] = {}
        for row in self._present(site):
            rows.setdefault(row["facility"], []).append(row)
        wanted = [f for f, event in known.items() if event.purpose == "store" or f in rows]
        return [self._room(known[f], rows.get(f, [])) for f in sorted(wanted, key=lambda f: known[f].code)]

    def elsewhere(self, site: str) -> list[Mapping[str, Any]]:
        """What is at a site and in none of its facilities."""
        known = {f for f, event in self._registry.facilities.items() if event.site == self._own(site)}
        return [row for row in self._present(site) if row["facility"] not in known]

    def spots(self, site: str, containers: Sequence[Mapping[str, Any]]) -> list[Spot]:
        """Where at a site containers may be put down together, each with what would be wrong."""
        found, moved = [], {container["id"] for container in containers}
        for room in self.rooms(site):
            if room.facility.purpose != "store":
                continue
            others = [row for row in room.rows if row["id"] not in moved]
            before = {(f.rule, f.key) for f in self._wrong(room.facility, others)}
            for zone in room.zones:
                after = [*others, *({**container, "zone": zone.name} for container in containers)]
                wrong = tuple(f for f in self._wrong(room.facility, after) if (f.rule, f.key) not in before)
                grams = sum(int(row["net_g"]) for row in after)
                found.append(Spot(room=room, zone=zone, after_g=grams, warnings=wrong))
        return found

    def clocks(self, site: str = "", before: str = "") -> dict[str, Clock]:
        """The nearest clock of each container in the reader's own hands, by container, the nearest first."""
        with self._queries.engine.connect() as connection:
            own = None if self._viewer.everything else self._viewer.own
            rows = clocks.running(connection, own, site, before)
        found: dict[str, Clock] = {}
        for container, holder, where, since, deadline, grams in rows:
            clock = Clock(container=container, holder=holder, site=where, since=since, deadline=deadline, grams=grams)
            found.setdefault(container, clock)
        return found

    def clocks_of(self, story: ContainerStory) -> list[Clock]:
        """The running clocks of one container, the nearest first."""
        name, born = story.thing.id, story.thing.born_at
        return [
            Clock(
                container=name,
                holder=clock.holder,
                site=clock.site,
                since=min((s for _, part in story.lots if (s := part.since(clock.holder))), default=born),
                deadline=clock.deadline,
                grams=clock.grams,
            )
            for clock in self._queries.clocks(name)
        ]

    def _own(self, site: str) -> str:
        event = self._registry.sites.get(site)
        if event is None or not self._viewer.is_own(event.holder):
            raise Unknown(name=site)
        return site

    def _present(self, site: str) -> Iterator[Mapping[str, Any]]:
        """Every container at a site; a group is none, it stands where its members stand."""
        for status in ("held", "filling"):
            wanted, cursor, more = {"site": site, "status": status}, "", True
            while more:
                page = self._reading.containers(self._viewer, wanted, cursor, ROWS_MAX)
                yield from (row for row in page.items if row["kind"] != "group")
                cursor, more = page.next, bool(page.next)

    def _room(self, facility: FacilityRegistered, rows: list[Mapping[str, Any]]) -> Room:
        names = sorted({*facility.zones, *(row["zone"] for row in rows)}) or [""]
        zones = tuple(Zone(name=n, rows=tuple(row for row in rows if row["zone"] == n)) for n in names)
        return Room(
            facility=facility, zones=zones, limit_g=self._limit(facility), flags=tuple(self._wrong(facility, rows))
        )

    def _limit(self, facility: FacilityRegistered) -> int | None:
        if facility.store_kind != "point":
            return facility.capacity_g
        regime = self._queries.regime
        day = local_day(self._now, regime.offset)
        return regime.setting(self._registry, "point-limit-g", day, facility.site, facility.holder)

    def _wrong(self, facility: FacilityRegistered, rows: Iterable[Mapping[str, Any]]) -> Iterator[Flag]:
        present = {(row["zone"], row["code"], row["id"]): int(row["net_g"]) for row in rows}
        return standing(facility, present, self._now, self._queries.regime, self._registry)


def lost_by(container: str, steps: Iterable[Step]) -> tuple[Place, int]:
    """The place whose loss a lost container is, and how many grams were lost; raises NeverLost."""
    for step in reversed(list(steps)):
        match step.fact.event:
            case ContainerLost(place=place, net_g=grams):
                return place, grams
            case ManifestReceived(lines=lines, carrier=carrier, from_=start):
                for line in lines:
                    if line.container == container and line.decision == "missing":
                        return Place(party=carrier, site=start.site), line.listed_g or 0
    raise NeverLost()
