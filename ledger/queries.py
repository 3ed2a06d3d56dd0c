"""The read side: what doors show of containers, manifests, rates and exceptions; answers are frozen dataclasses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, func, literal, or_, select

from ledger.custody.account import Story, account_for
from ledger.custody.container import Container
from ledger.custody.decide import fold
from ledger.custody.fact import Fact
from ledger.custody.flags import Flag, ledger_flags, overdue_flag
from ledger.custody.lots import OPEN, Part, Row
from ledger.custody.missing import ACCOUNTS, Gap, Heap, gaps_from, heaps_of, unresolved
from ledger.custody.postings import Account
from ledger.custody.rate import Cell, Question, Rate, rate_from, rate_of
from ledger.custody.regimes.base import Regime
from ledger.custody.registry import REGISTRY_EVENTS, Registry
from ledger.errors import LedgerError
from ledger.store import facts
from ledger.store import tables as t
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
            return int(connection.execute(select(t.projection_state.c.size)).scalar_one())

    # ------------------------------------------------------------------------------------ the rate

    def rate(self, question: Question, size: int | None = None) -> Rate:
        """The rate as of the newest entry taken in, or by exact replay as of the first `size` entries."""
        with self.engine.connect() as connection:
            if size is None or size == connection.execute(select(t.projection_state.c.size)).scalar_one():
                return rate_from(dict(self._cells(connection, question)), question)
            return rate_of(self._replayed(connection, size), question)

    def _cells(self, connection: Connection, q: Question) -> Iterator[tuple[Cell, int]]:
        r = t.lot_row.c
        keys = (
            r.account,
            r.at >= q.start,
            r.reason == "",
            r.grade,
            r.born_at < q.start,
            r.holder == r.producer,
            r.stage == "held",
            _overdue_by(q),
        )
        labelled = [_flag_column(k).label(name) for k, name in zip(keys, Cell._fields, strict=True)]
        query = select(*labelled, func.sum(r.grams)).where(*_scope(q)).group_by(*(c.name for c in labelled))
        for *key, grams in connection.execute(query):
            account, during, entitled, grade, *rest = key
            yield Cell(account, bool(during), bool(entitled), grade, *map(bool, rest)), int(grams)

    def gaps(self, question: Question, size: int | None = None) -> list[Gap]:
        """What keeps the rate from 100 %, largest first; for the same question and size as `rate`."""
        with self.engine.connect() as connection:
            if size is None or size == connection.execute(select(t.projection_state.c.size)).scalar_one():
                return gaps_from(dict(self._heaps(connection, question)))
            return gaps_from(heaps_of(self._replayed(connection, size), question))

    def unresolved(self, question: Question, size: int | None = None) -> list[str]:
        """The containers in scope whose mass is unknown; while there are any, nothing is 100 %."""
        with self.engine.connect() as connection:
            if size is not None:
                stories, known = self._replay(connection, size)
                return sorted(
                    name for name, s in stories.items() if unresolved(s.thing, known[name], question, self.regime)
                )
            c = t.container.c
            names = connection.execute(select(c.id).where(c.mass_unknown, c.status != "emptied")).scalars().all()
            end = connection.execute(select(t.log_state.c.size)).scalar() or 0
            histories = facts.of_streams(connection, names, end)
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
            r = t.lot_row.c
            query = (
                select(r.deadline)
                .where(*_scope(question), r.account == "open", r.deadline >= question.horizon)
                .group_by(r.deadline, r.container)
                .having(func.sum(r.grams) > 0)
                .order_by(r.deadline)
                .limit(1)
            )
            return connection.execute(query).scalar() or ""

    def _heaps(self, connection: Connection, q: Question) -> Iterator[tuple[Heap, int]]:
        r = t.lot_row.c
        overdue = _flag_column(_overdue_by(q)).label("overdue")
        keys = (r.account, r.stage, r.reason, overdue)
        query = (
            select(*keys, func.sum(r.grams))
            .where(*_scope(q), r.account.in_(ACCOUNTS))
            .group_by(r.account, r.stage, r.reason, "overdue")
        )
        for account, stage, reason, late, grams in connection.execute(query):
            yield Heap(account, stage, reason, bool(late)), int(grams)

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
        registry.catalogue_codes = self.projector.registry(connection).catalogue_codes
        known: dict[str, list[Fact]] = {}
        for fact in accepted:
            for name in fact.event.containers():
                known.setdefault(name, []).append(fact)
        made = account_for(known, known.__getitem__, {}, self.regime, registry), known
        self._replayed_to = size, made
        return made

    # ------------------------------------------------------------------------------------ exceptions

    def exceptions(self, as_of: str, *, parties: Sequence[str] = (), closed: bool = False) -> list[Flag]:
        """What stands at the moment `as_of`, oldest first; with `closed` also what stood before."""
        f = t.flag.c
        with self.engine.connect() as connection:
            query = select(t.flag).where(f.opened_at <= as_of)
            if not closed:
                query = query.where(or_(f.closed_at == "", f.closed_at > as_of))
            if parties:
                query = query.where(f.holder.in_(parties))
            found = [_flag_of(row) for row in connection.execute(query)]
            found += self._overdue(connection, as_of, parties)
            registry = self.projector.registry(connection)
            found += self._licence_quantities(connection, registry, as_of)
        found += ledger_flags(self.regime, registry, as_of)
        wanted = [x for x in found if (closed or x.open_at(as_of)) and (not parties or x.holder in parties)]
        return sorted(wanted, key=lambda x: (x.opened_at, x.rule, x.object, x.key))

    def _overdue(self, connection: Connection, as_of: str, parties: Sequence[str]) -> Iterator[Flag]:
        r = t.lot_row.c
        keys = (r.container, r.stage, r.holder, r.site, r.deadline)
        query = (
            select(*keys, func.sum(r.grams))
            .where(r.account.in_(OPEN), r.deadline != "", r.deadline < as_of, r.clock_at <= as_of)
            .group_by(*keys)
            .having(func.sum(r.grams) > 0)
        )
        if parties:
            query = query.where(r.holder.in_(parties))
        for container, stage, holder, site, deadline, grams in connection.execute(query):
            yield overdue_flag(container, stage, holder, site, deadline, int(grams))

    def _licence_quantities(self, connection: Connection, registry: Registry, as_of: str) -> Iterator[Flag]:
        """More received in the year than the licence allows (a warning at 100 %, a flag at 120 %)."""
        day = self.regime.day_of(as_of)
        start, end = self.regime.period(day[:4])
        for holder in registry.licences:
            for licence in registry.licence_for(holder, day):
                limit = licence.terms.annual_g
                if limit is None:
                    continue
                r = t.lot_row.c
                query = (
                    select(r.code, func.sum(r.grams), func.max(r.at))
                    .where(r.account == "arrived", r.holder == holder, r.producer != holder, r.at >= start, r.at < end)
                    .group_by(r.code)
                )
                got = [row for row in connection.execute(query) if self._covers(licence.terms, row[0])]
                grams = sum(int(g) for _, g, _ in got)
                percent = self.regime.setting(registry, "licence-limit-percent", day, holder)
                if grams * 100 > limit * percent:
                    yield Flag(
                        rule="licence-quantity",
                        object=licence.terms.licence,
                        key=day[:4],
                        grams=grams - limit,
                        holder=holder,
                        site="",
                        detail=f"{grams} / {limit}",
                        opened_at=max(at for *_, at in got),
                        opened_by="",
                    )

    def _covers(self, terms: Any, code: str) -> bool:
        return bool(terms.covers(code, self.regime.classes_of(code), None))

    # ------------------------------------------------------------------------------------ stories and names

    def container(self, name: str) -> ContainerStory:
        """One container's whole story, folded afresh from its records."""
        with self.engine.connect() as connection:
            size = connection.execute(select(t.log_state.c.size)).scalar() or 0
            registry = self.projector.registry(connection)
            known = facts.of_streams(connection, [name], size)
            if not known[name]:
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
        r = t.lot_row.c
        keys = (r.holder, r.site, r.stage, r.deadline)
        query = (
            select(*keys, func.sum(r.grams))
            .where(r.container == name, r.account.in_(OPEN), r.deadline != "")
            .group_by(*keys)
            .having(func.sum(r.grams) > 0)
            .order_by(r.deadline)
        )
        with self.engine.connect() as connection:
            rows = list(connection.execute(query))
        return [RunningClock(holder=h, site=s, stage=g, deadline=d, grams=int(m)) for h, s, g, d, m in rows]

    def history(self, stream: str) -> list[Step]:
        """What was recorded of an object, in the order of happening."""
        with self.engine.connect() as connection:
            size = connection.execute(select(t.log_state.c.size)).scalar() or 0
            return _steps(connection, facts.of_streams(connection, [stream], size)[stream])

    def concerning(self, party: str) -> list[Fact]:
        """Everything recorded of the containers that a party's sites ever had, by whomever, in order of happening."""
        with self.engine.connect() as connection:
            size = connection.execute(select(t.log_state.c.size)).scalar() or 0
            sites = [name for name, s in self.projector.registry(connection).sites.items() if s.holder == party]
            # Birth, change of holder or site, and end concern the sites too: no container can come in beside them.
            here = facts.of_streams(connection, sites, size).values()
            containers = {name for history in here for fact in history for name in fact.event.containers()}
            known = facts.of_streams(connection, containers, size).values()
        return sorted({f.id: f for history in known for f in history}.values(), key=lambda f: f.order)

    def containers(self, *, holder: str = "", status: str = "", code: str = "") -> list[dict[str, Any]]:
        """The containers of a holder, in a state, with a code on them; newest first."""
        c = t.container.c
        query = select(t.container).order_by(c.born_at.desc(), c.id)
        if holder:
            query = query.where(c.holder == holder)
        if status:
            query = query.where(c.status == status)
        if code:
            query = query.where(c.container_code == code)
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

    def manifests(self, *, party: str = "") -> list[dict[str, Any]]:
        """The manifests that a party sends, carries or receives, newest first."""
        m = t.manifest.c
        query = select(t.manifest).order_by(m.issued_at.desc(), m.id)
        if party:
            query = query.where(or_(m.sender == party, m.receiver == party, m.carrier == party))
        with self.engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]

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
        prefix = name + "%" if len(name) >= 4 else name
        with self.engine.connect() as connection:
            c, m = t.container.c, t.manifest.c
            like = [c.id == name, c.container_code == name, c.label == name, c.id.like(f"container:{prefix}")]
            for row in connection.execute(select(c.id, c.container_code, c.name).where(or_(*like)).limit(10)):
                yield Found(id=row.id, kind="container", name=row.container_code or row.name)
            by_number = [m.id == name, m.number == name, m.id.like(f"manifest:{prefix}")]
            for id_, number in connection.execute(select(m.id, m.number).where(or_(*by_number)).limit(10)):
                yield Found(id=id_, kind="manifest", name=number or id_)
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


def _steps(connection: Connection, history: Sequence[Fact]) -> list[Step]:
    hashes = [bytes.fromhex(f.statement) for f in history]
    query = select(t.leaf.c.statement, t.leaf.c.index).where(t.leaf.c.statement.in_(hashes))
    places = {row[0]: row[1] for row in connection.execute(query)}
    ordered = sorted(history, key=lambda f: f.order)
    return [Step(fact=f, index=places[bytes.fromhex(f.statement)]) for f in ordered]


def _scope(q: Question) -> list[ColumnElement[bool]]:
    r = t.lot_row.c
    conditions: list[ColumnElement[bool]] = [r.kind == q.kind, r.at < q.end]
    party, site = (r.producer, r.producer_site) if q.view == "origin" else (r.holder, r.site)
    if q.parties:
        conditions.append(party.in_(q.parties))
    if q.sites:
        conditions.append(site.in_(q.sites))
    if q.code:
        conditions.append(r.code == q.code)
    return conditions


def _overdue_by(q: Question) -> ColumnElement[bool]:
    """What `cell_of` calls overdue."""
    r = t.lot_row.c
    late = or_(r.account == "overdue", and_(r.deadline != "", r.deadline < q.horizon))
    return and_(late, r.clock_at < q.horizon)


def _flag_column(expression: Any) -> ColumnElement[Any]:
    """A condition as 0 or 1, which both databases can group by; plain columns stay."""
    if str(getattr(expression, "type", "")) == "BOOLEAN":
        return case((expression, literal(1)), else_=literal(0))
    return expression  # type: ignore[no-any-return]


def _flag_of(row: Any) -> Flag:
    return Flag(**{name: getattr(row, name) for name in Flag.__dataclass_fields__})
