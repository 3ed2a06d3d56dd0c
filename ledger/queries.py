"""The read side: what doors show of containers, manifests, rates and exceptions; answers are frozen dataclasses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from ledger.access import ALL, Viewer
from ledger.custody.account import Story, account_for
from ledger.custody.assets import asset_flags
from ledger.custody.container import Container
from ledger.custody.decide import fold
from ledger.custody.duties import Duty, Planned, Tier, overdue_duties, owed, plan_against_actual
from ledger.custody.events import Event
from ledger.custody.fact import Fact
from ledger.custody.flags import Flag, ledger_flags
from ledger.custody.hauls import approval_flags, net_gap_flags
from ledger.custody.lots import Part, Row
from ledger.custody.missing import Gap, gaps_from, heaps_of, unresolved
from ledger.custody.postings import Account
from ledger.custody.quantities import quantity_flags
from ledger.custody.rate import Question, Rate, rate_from, rate_of
from ledger.custody.regimes.base import Regime
from ledger.custody.registry import REGISTRY_EVENTS, Registry
from ledger.custody.silence import silence_flags
from ledger.errors import LedgerError
from ledger.store import facts, read, shelf, shown, watching
from ledger.store.database import Connection, Engine
from ledger.store.projections import Projector, registry_of

_Replay = tuple[dict[str, Story], dict[str, list[Fact]]]


class Ambiguous(LedgerError):
    """A name fits several things."""

    code = "ambiguous"
    zh = "“{name}”不止一个：{found}"
    en = "{name!r} fits more than one: {found}"


class Unknown(LedgerError):
    """A name fits nothing."""

    code = "unknown-name"
    zh = "找不到“{name}”"
    en = "nothing is called {name!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One fact of an object's story with where it stands in the log."""

    fact: Fact
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStory:
    """Everything of one container: its state, what was recorded in order of happening, lots and exceptions."""

    thing: Container
    steps: tuple[Step, ...]
    lots: tuple[tuple[Account, Part], ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClock:
    """Open mass of a container with the moment by which it must have left its holder's hands."""

    holder: str
    site: str
    stage: str
    deadline: str
    grams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A thing that a name leads to: its id, its kind (container, party …) and how people call it."""

    id: str
    kind: str
    name: str


class Queries:
    """Reads one ledger's projections; call `follow` first for what was just recorded."""

    def __init__(self, *, engine: Engine, regime: Regime, projector: Projector) -> None:
        self.engine = engine
        self.regime = regime
        self.projector = projector
        self._replayed_to: tuple[int, _Replay] | None = None

    def registry(self) -> Registry:
        """The registry as of now."""
        with self.engine.connect() as connection:
            return self.projector.registry(connection)

    def projected(self) -> int:
        """How many entries the projections have taken in: every figure is as of this size."""
        with self.engine.connect() as connection:
            return shelf.projected(connection)

    # ------------------------------------------------------------------------------------ the rate

    def rate(self, question: Question, size: int | None = None) -> Rate:
        """The rate as of the newest entry taken in, or by exact replay as of the first `size` entries."""
        with self.engine.connect() as connection:
            if size is None or size == shelf.projected(connection):
                return rate_from(shelf.rate_cells(connection, question, self.regime.offset), question)
            return rate_of(self._replayed(connection, size), question)

    def gaps(self, question: Question, size: int | None = None) -> list[Gap]:
        """What keeps the rate from 100 %, largest first; for the same question and size as `rate`."""
        with self.engine.connect() as connection:
            if size is None or size == shelf.projected(connection):
                return gaps_from(shelf.heaps(connection, question, self.regime.offset), question.view)
            return gaps_from(heaps_of(self._replayed(connection, size), question), question.view)

    def unresolved(self, question: Question, size: int | None = None) -> list[str]:
        """The containers in scope whose mass is unknown; while there are any, nothing is 100 %."""
        with self.engine.connect() as connection:
            if size is not None:
                stories, known = self._replay(connection, size)
                return sorted(
                    name for name, s in stories.items() if unresolved(s.thing, known[name], question, self.regime)
                )
            histories = facts.of_streams(connection, shelf.of_unknown_mass(connection), read.size(connection))
        things = ((name, fold(name, history)) for name, history in histories.items())
        return sorted(
            name
            for name, thing in things
            if isinstance(thing, Container) and unresolved(thing, histories[name], question, self.regime)
        )

    def next_deadline(self, question: Question, size: int | None = None) -> str:
        """When the first clock of the open mass in scope runs out after the question's moment; "" when none runs."""
        with self.engine.connect() as connection:
            if size is not None:
                sums: dict[tuple[str, str], int] = {}
                for row in self._replayed(connection, size):
                    if row.account == "open" and row.at < question.end and question.in_scope(row):
                        key = (row.deadline, row.container)
                        sums[key] = sums.get(key, 0) + row.grams
                return min((d for (d, _), grams in sums.items() if grams > 0 and d >= question.horizon), default="")
            return shelf.next_deadline(connection, question)

    def _replayed(self, connection: Connection, size: int) -> Iterator[Row]:
        for story in self._replay(connection, size)[0].values():
            yield from story.rows

    def _replay(self, connection: Connection, size: int) -> _Replay:
        """Containers' stories and facts as the first `size` entries alone give them; the newest replay is kept, as the
        questions about one figure all need it."""
        if self._replayed_to is not None and self._replayed_to[0] == size:
            return self._replayed_to[1]
        accepted = [f for _, f in facts.sequenced(connection, 0, size) if f is not None]
        registry = registry_of(f for f in accepted if isinstance(f.event, REGISTRY_EVENTS))
        registry.editions = self.projector.registry(connection).editions
        known: dict[str, list[Fact]] = {}
        for fact in accepted:
            for name in fact.event.containers():
                known.setdefault(name, []).append(fact)
        made = account_for(known, known.__getitem__, {}, self.regime, registry), known
        self._replayed_to = size, made
        return made

    # ------------------------------------------------------------------------------------ exceptions

    def exceptions(
        self,
        as_of: str,
        *,
        parties: Sequence[str] = (),
        closed: bool = False,
        viewer: Viewer = ALL,
        wanted: Mapping[str, str] = MappingProxyType({}),
        after: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[Flag]:
        """What stands at the moment `as_of`, oldest first; with `closed` also what stood before. `wanted`: values of
        rule, object, holder or site. `limit` at most of those `after` these values of `shelf.ORDER`."""
        asked = shelf.Asked(
            as_of=as_of, parties=parties, closed=closed, seen=shown.seen(viewer), wanted=wanted, after=after,
            limit=limit,
        )  # fmt: skip
        with self.engine.connect() as connection:
            kept = [*shelf.flags(connection, asked), *shelf.overdue_flags(connection, asked)]
            registry = self.projector.registry(connection)
            arrivals = partial(watching.arrivals, connection)
            found = list(quantity_flags(arrivals, self.regime, registry, as_of))
            weighed = watching.adding_up(connection, self._net_tolerance(registry), as_of, closed)
            found += net_gap_flags(weighed, self.regime, registry)
            found += approval_flags(watching.crossed(connection, registry, as_of), self.regime, registry)
            found += (flag for flag in asset_flags(watching.uses(connection, registry)) if flag.opened_at <= as_of)
            found += silence_flags(watching.last_words(connection), self.regime, registry, as_of)
            found += overdue_duties(as_of, partial(shelf.generated_at, connection), self.regime, registry)
            found += ledger_flags(self.regime, registry, as_of)
            parts = shown.things(connection, viewer, {x.object for x in found})
        standing = (
            x
            for x in found
            if (x.object in parts or viewer.is_own(x.holder))
            and all(getattr(x, n) == v for n, v in wanted.items())
            and (closed or x.open_at(as_of))
            and (not parties or x.holder in parties)
            and (not after or _order(x) > tuple(after))
        )
        return sorted([*kept, *standing], key=_order)[:limit]

    def corrections_waiting(self, viewer: Viewer, as_of: str) -> list[Flag]:
        """Of what the reader takes part in, the corrections that wait at the moment `as_of`, oldest first: those in
        whose detail a party is named wait for it."""
        asked = shelf.Asked(as_of=as_of, seen=shown.seen(viewer), wanted={"rule": "correction-waiting"})
        with self.engine.connect() as connection:
            return sorted(shelf.flags(connection, asked), key=_order)

    def _net_tolerance(self, registry: Registry) -> int:
        """The smallest limit of net differences that anybody can have."""
        adopted = [s.value for s, _ in registry.settings.get("net-tolerance-ppm", ()) if isinstance(s.value, int)]
        return min([int(self.regime.defaults["net-tolerance-ppm"]), *adopted])

    # ------------------------------------------------------------------------------------ duties

    def planned(self, site: str, year: int) -> list[Planned]:
        """A site's plan of a year against what was, by waste code."""
        start, end = self.regime.period(str(year))
        with self.engine.connect() as connection:
            registry = self.projector.registry(connection)
            rows = shelf.generated_at(connection, site, start, end)
            return plan_against_actual(site, year, rows, self.regime, registry)

    def duties(self, site: str, year: int) -> tuple[Tier, list[Duty]]:
        """A site's tier by what it generated in a year, and what it owes for it, by the day it is due."""
        with self.engine.connect() as connection:
            registry = self.projector.registry(connection)
            return owed(site, year, partial(shelf.generated_at, connection), self.regime, registry)

    # ------------------------------------------------------------------------------------ stories and names

    def container(self, name: str) -> ContainerStory:
        """One container's whole story, folded afresh from its records."""
        with self.engine.connect() as connection:
            size = read.size(connection)
            registry = self.projector.registry(connection)
            known = facts.of_streams(connection, [name], size)
            if not (name.startswith("container:") and known[name]):
                raise Unknown(name=name)

            def facts_of(stream: str) -> list[Fact]:
                if stream not in known:
                    known.update(facts.of_streams(connection, [stream], size))
                return known[stream]

            flows = self.projector.flows(connection)
            story = account_for([name], facts_of, flows, self.regime, registry)[name]
            steps = _steps(connection, known[name])
        return ContainerStory(thing=story.thing, steps=tuple(steps), lots=tuple(story.lots), flags=tuple(story.flags))

    def clocks(self, name: str) -> list[RunningClock]:
        """The clocks of a container's open mass, the nearest first."""
        with self.engine.connect() as connection:
            rows = shelf.running_clocks(connection, name)
        return [RunningClock(holder=h, site=s, stage=g, deadline=d, grams=m) for h, s, g, d, m in rows]

    def history(self, stream: str) -> list[Step]:
        """What was recorded of an object, in the order of happening."""
        with self.engine.connect() as connection:
            size = read.size(connection)
            return _steps(connection, facts.of_streams(connection, [stream], size)[stream])

    def told_of(self, parties: Collection[str], *types: type[Event]) -> list[Fact]:
        """What was recorded of parties themselves, of these types, in the order of happening."""
        with self.engine.connect() as connection:
            known = facts.of_streams(connection, parties, read.size(connection)).values()
        found = {f.id: f for history in known for f in history if isinstance(f.event, types)}
        return sorted(found.values(), key=lambda f: f.order)

    def concerning(self, party: str) -> list[Fact]:
        """Everything recorded of the containers that a party's sites ever had, by whomever, in order of happening."""
        with self.engine.connect() as connection:
            size = read.size(connection)
            sites = [name for name, s in self.projector.registry(connection).sites.items() if s.holder == party]
            # Birth, change of holder or site, and end concern the sites too: no container can come in beside them.
            here = facts.of_streams(connection, sites, size).values()
            containers = {name for history in here for fact in history for name in fact.event.containers()}
            known = facts.of_streams(connection, containers, size).values()
        return sorted({f.id: f for history in known for f in history}.values(), key=lambda f: f.order)

    def recorded_since(self, stream: str, since: str) -> list[Fact]:
        """What the ledger took in of an object from a moment on, in the order of its chain."""
        with self.engine.connect() as connection:
            newest = takewhile(lambda fact: fact.received_at >= since, facts.newest_first(connection, stream))
            return list(newest)[::-1]

    def born(self, party: str, start: str, end: str) -> list[Fact]:
        """Everything recorded of the containers that began at a party's sites at moments [start, end)."""
        with self.engine.connect() as connection:
            size = read.size(connection)
            sites = [name for name, s in self.projector.registry(connection).sites.items() if s.holder == party]
            known = facts.of_streams(connection, shelf.born(connection, sites, start, end), size).values()
        return [fact for history in known for fact in history]

    def containers(self, *, holder: str = "", status: str = "", code: str = "") -> list[dict[str, Any]]:
        """The containers of a holder, in a state, with a code on them; newest first."""
        with self.engine.connect() as connection:
            return shelf.containers(connection, holder=holder, status=status, code=code)

    def manifests(self, *, party: str = "") -> list[dict[str, Any]]:
        """The manifests that a party sends, carries or receives, newest first."""
        with self.engine.connect() as connection:
            return shelf.manifests(connection, party=party)

    def find(self, name: str, *kinds: str) -> Found:
        """The one thing of these kinds that a name leads to: an id, the start of one, a code on a container or label, a
        manifest number, a registered name or identifier. Raises Unknown or Ambiguous."""
        found = {f.id: f for f in self._candidates(name) if not kinds or f.kind in kinds}
        exact = [f for f in found.values() if f.id == name]
        if len(exact) == 1:
            return exact[0]
        if not found:
            raise Unknown(name=name)
        if len(found) > 1:
            raise Ambiguous(name=name, found=", ".join(f"{f.name} ({f.id})" for f in list(found.values())[:5]))
        return next(iter(found.values()))

    def _candidates(self, name: str) -> Iterator[Found]:
        with self.engine.connect() as connection:
            for id_, kind, title in shelf.named(connection, name):
                yield Found(id=id_, kind=kind, name=title)
            registry = self.projector.registry(connection)
        for stream, title in registry.names.items():
            kind, _, rest = stream.partition(":")
            party = registry.parties.get(stream)
            codes = {i.value for i in party.identifiers} if party is not None else set()
            facility = registry.facilities.get(stream)
            codes |= {facility.code} if facility is not None else set()
            if name in (stream, title) or name in codes or (len(name) >= 8 and rest.startswith(name)):
                yield Found(id=stream, kind=kind, name=title)
        for holder, licences in registry.licences.items():
            for licence in licences:
                if name in (licence.terms.licence, licence.terms.number):
                    yield Found(id=licence.terms.licence, kind="licence", name=registry.name_of(holder))


_order = attrgetter(*shelf.ORDER)


def _steps(connection: Connection, history: Sequence[Fact]) -> list[Step]:
    places = shelf.places(connection, history)
    ordered = sorted(history, key=lambda f: f.order)
    return [Step(fact=f, index=places[f.statement]) for f in ordered]
