"""Follows the log by index and keeps what is derived from it: containers, manifests, lots, exceptions.

Never evidence: `rebuild` makes it all anew, and `differences` says where it is not what the log gives. One transaction
a batch; a crash leaves the projections where they were, a little behind.
"""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Engine,
    Integer,
    Select,
    Table,
    delete,
    exists,
    or_,
    select,
    type_coerce,
    update,
)

from ledger.custody.account import Flows, Story, account_for
from ledger.custody.decide import unwrapped
from ledger.custody.events.registry import FacilityRegistered
from ledger.custody.facilities import Stay, Treatment, facility_flags
from ledger.custody.fact import Fact
from ledger.custody.flags import Flag
from ledger.custody.involved import SHARED, involved
from ledger.custody.labels import label_flags
from ledger.custody.lots import Part, Row
from ledger.custody.regimes.base import Regime
from ledger.custody.registry import CHANGES_VERDICTS, REGISTRY_EVENTS, Edition, Registry
from ledger.custody.totals import Total
from ledger.store import facts, rebuilding
from ledger.store import tables as t
from ledger.store.garbage import uncollected
from ledger.store.others import Others
from ledger.store.stories import (
    FLAG,
    LABEL_EVENTS,
    LOT,
    STAY,
    STORY_ROWS,
    TREATMENT,
    Totals,
    columns_of,
    flag_rows,
    manifest_row,
    parts_from,
    parts_to,
    write,
    write_rows,
)  # fmt: skip

BATCH = 2_000  # entries taken in together
COMMIT = 20_000  # entries in one transaction: stores are judged once in each
_CHUNK = 500

# Reads the content of a document that an event names by hash: an edition of the catalogue.
CatalogueReader = Callable[[bytes], Edition]


@dataclass(slots=True)
class Projector:
    """Keeps one ledger's projections; `read_catalogue` reads an adopted edition's bytes."""

    engine: Engine
    regime: Regime
    read_catalogue: CatalogueReader
    _registry: tuple[int, Registry] | None = None  # as of so many entries

    def follow(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Take in every sequenced entry not yet taken in; how many there were."""
        done = self._catch_up(progress)
        while True:
            with uncollected(), self.engine.begin() as connection:
                # The first statement writes, so that two followers queue instead of meeting half-way.
                connection.execute(update(t.projection_state).values(size=t.projection_state.c.size))
                start, end = _waiting(connection)
                stop = min(end, start + COMMIT)
                if start == stop:
                    return done
                stores: set[str] = set()
                totals = Totals(self.regime.offset)
                for first in range(start, stop, BATCH):
                    stores |= self._take_in(connection, first, min(stop, first + BATCH), totals)
                totals.write(connection)
                self._judge_stores(connection, sorted(stores), self._registry_at(connection, stop))
                connection.execute(update(t.projection_state).values(size=stop))
            done += stop - start
            if progress is not None:
                progress(stop, end)

    def rebuild(self, progress: Callable[[int, int], None] | None = None, processes: int | None = None) -> int:
        """Drop every projection and make it anew from the first entry on; by default on all cores. What a large log has
        is written in one transaction: readers see what was there until then, and on SQLite no other writes."""
        self._registry = None
        others = Others.begun(self.engine, rebuilding.WORTH, processes or os.cpu_count() or 1, rebuilding.__name__)
        try:
            with uncollected(), self.engine.begin() as connection:
                connection.execute(update(t.projection_state).values(size=0))
                connection.execute(delete(t.registry_fact))
                done = self._at_once(connection, others, progress)
        finally:
            others.end()
        return done + self.follow(progress)

    def _catch_up(self, progress: Callable[[int, int], None] | None) -> int:
        """Where many entries wait whose objects all begin among them, and a copy of this process can share in it, take
        them in as a rebuild does; how many there were."""
        with self.engine.connect() as connection:
            start, stop = _waiting(connection)
        if stop - start <= rebuilding.WAITING[0]:
            return 0
        others = Others.begun(self.engine, rebuilding.WAITING, os.cpu_count() or 1, rebuilding.__name__)
        try:
            if others.pool is None:
                return 0
            with uncollected(), self.engine.begin() as connection:
                connection.execute(update(t.projection_state).values(size=t.projection_state.c.size))
                start, stop = _waiting(connection)
                cut = rebuilding.cut(connection, start, stop)
                return 0 if cut is None else self._tell(connection, others, cut, (start, stop), progress)
        finally:
            others.end()

    def _at_once(self, connection: Connection, others: Others, progress: Callable[[int, int], None] | None) -> int:
        """Take in the log in groups of neighbours, several at a time; how many entries: none where that is not worth
        it, or where one group is too large for it."""
        size = connection.execute(select(t.log_state.c.size)).scalar() or 0
        cut = rebuilding.cut(connection, 0, size) if others.pool is not None else None
        if cut is None:
            _empty(connection)
            return 0
        return self._tell(connection, others, cut, (0, size), progress)

    def _tell(
        self,
        connection: Connection,
        others: Others,
        cut: rebuilding.Cut,
        span: tuple[int, int],
        progress: Callable[[int, int], None] | None,
    ) -> int:
        """Take in the entries from one index to another, of which `cut` are the tasks; how many. What was told before
        stays, but none of it when all entries are told."""
        start, size = span
        write(connection, t.registry_fact, cut.registered)
        connection.execute(update(t.projection_state).values(size=size))
        registry, totals = self._registry_at(connection, size), Totals(self.regime.offset)
        registered = list(facts.at_indices(connection, [row["index"] for row in cut.registered]))
        stores = {fact.event.facility for fact in registered if isinstance(fact.event, FacilityRegistered)}
        done = size - sum(map(len, cut.tasks))
        told = rebuilding.told(connection, self.regime.name, registry)
        own = partial(rebuilding.made, connection, self.regime, registry)
        results = others.share(rebuilding.made_apart, told, own, [(task,) for task in cut.tasks], rebuilding.AHEAD)
        # While others tell the first groups:
        indexes = rebuilding.set_aside(connection) if start == 0 else []
        if start == 0:
            _empty(connection)
        else:
            again = _judged_anew(connection, [fact for fact in registered if isinstance(fact.event, CHANGES_VERDICTS)])
            stores |= self._account(connection, sorted(set(again)), _Batch(connection, size), registry, totals)
        for made in results:
            for table, names, rows in made.rows:
                write_rows(connection, t.metadata.tables[table], names, rows)
            totals.merge(made.sums)
            stores |= made.stores
            done += made.entries
            if progress is not None:
                progress(done, size)
        for index in indexes:
            index.create(connection)
        totals.write(connection)
        self._judge_stores(connection, sorted(stores), registry)
        return size - start

    def registry(self, connection: Connection) -> Registry:
        """The registry as far as the projections go."""
        size = connection.execute(select(t.projection_state.c.size)).scalar_one()
        return self._registry_at(connection, size)

    def flows(self, connection: Connection) -> Flows:
        """What flowed between containers, as far as the projections go; changes are not kept."""
        return _Flows(connection)

    def _registry_at(self, connection: Connection, size: int) -> Registry:
        known, registry = self._registry or (size + 1, Registry())
        if known > size or (known < size and _registry_changed(connection, known, size)):
            query = select(t.registry_fact.c.index).where(t.registry_fact.c.index < size).order_by("index")
            indices = list(connection.execute(query).scalars())
            registry = registry_of(facts.at_indices(connection, indices))
        self._registry = size, registry
        for edition in registry.catalogues:
            if edition.content not in registry.editions:
                query_text = select(t.document.c.bytes).where(t.document.c.hash == bytes.fromhex(edition.content))
                text = connection.execute(query_text).scalar()
                if text is not None:
                    registry.editions[edition.content] = self.read_catalogue(text)
        return registry

    def _take_in(self, connection: Connection, start: int, stop: int, totals: Totals) -> set[str]:
        """Take in the entries [start, stop); the facilities in which something stands or stood differently."""
        registry = self._registry_at(connection, start)
        touched: set[str] = set()
        manifests: set[str] = set()
        registered: list[dict[str, Any]] = []
        verdicts: list[Fact] = []
        parts: set[tuple[str, str]] = set()
        stores: set[str] = set()
        labels: set[str] = set()
        looked_at: set[str] = set()
        batch = _Batch(connection, stop)
        for index, fact in batch.read(start):
            if isinstance(fact.event, REGISTRY_EVENTS):
                registry.add(fact)
                registered.append({"index": index, "statement": bytes.fromhex(fact.statement)})
                verdicts += [fact] if isinstance(fact.event, CHANGES_VERDICTS) else []
            if isinstance(fact.event, FacilityRegistered):
                stores.add(fact.event.facility)
            touched.update(fact.event.containers())
            streams = fact.event.streams(fact.by.party)
            parts.update(product([s for s in streams if s.startswith(SHARED)], involved(fact)))
            named = [s for s in streams if s.startswith("label:")]
            labels.update(named)
            looked_at.update(named if isinstance(unwrapped(fact).event, LABEL_EVENTS) else ())
            manifests.update([s for s in streams if s.startswith("manifest:")])
        self._registry = stop, registry
        write(connection, t.registry_fact, registered)
        registry = self._registry_at(connection, stop)
        touched.update(_judged_anew(connection, verdicts))
        stores |= self._account(connection, sorted(touched), batch, registry, totals)
        _judge_labels(connection, looked_at | batch.told_again(labels - looked_at), stop)
        _write_manifests(connection, sorted(manifests), batch)
        _write_involved(connection, parts, batch)
        return stores

    def _account(
        self, connection: Connection, containers: Sequence[str], batch: _Batch, registry: Registry, totals: Totals
    ) -> set[str]:
        """Write the stories anew; the facilities in which something stands or stood differently."""
        stores: set[str] = set()
        written: set[str] = set()  # a chunk's stories may tell of containers of a later chunk
        for first in range(0, len(containers), _CHUNK):
            chunk = containers[first : first + _CHUNK]
            histories = batch.histories(chunk)

            def facts_of(name: str, histories: dict[str, list[Fact]] = histories) -> list[Fact]:
                if name not in histories:
                    histories.update(batch.histories([name]))
                return histories[name]

            flows = _Flows(connection)
            stories = account_for(chunk, facts_of, flows, self.regime, registry)
            flows.write()
            stores |= write_stories(connection, stories, batch.begun - written, totals)
            written.update(stories)
        return stores

    def _judge_stores(self, connection: Connection, facilities: Sequence[str], registry: Registry) -> None:
        for name in facilities:
            connection.execute(delete(t.flag).where(t.flag.c.object == name))
            rows = flag_rows(store_flags(connection, name, self.regime, registry))
            write_rows(connection, t.flag, ("n", *FLAG), rows)


def _empty(connection: Connection) -> None:
    """Drop what was told before, but for what says where the registry is and how far the projections go."""
    for name in t.PROJECTIONS:
        if name not in ("projection_state", "registry_fact"):
            connection.execute(delete(t.metadata.tables[name]))


class _Batch:
    """The entries that are taken in together: what is in them need not be asked for. `begun` are the objects of which
    nothing was known before."""

    def __init__(self, connection: Connection, size: int) -> None:
        self.begun: set[str] = set()
        self._connection = connection
        self._size = size
        self._known: dict[int, Fact | None] = {}
        self._told: dict[str, list[Fact]] = {}

    def read(self, start: int) -> Iterator[tuple[int, Fact]]:
        """The accepted facts with their indices, in order."""
        for index, fact, links in facts.linked(self._connection, start, self._size):
            self._known[index] = fact
            if fact is None:
                continue
            for link in links:
                self._told.setdefault(link["stream"], []).append(fact)
                if link["seq"] == 1:
                    self.begun.add(link["stream"])
            yield index, fact

    def histories(self, streams: Sequence[str]) -> dict[str, list[Fact]]:
        """The accepted facts of each object, up to the end of the batch."""
        known = {name: self._told[name] for name in streams if name in self.begun}
        earlier = [name for name in streams if name not in known]
        return known | (facts.of_streams(self._connection, earlier, self._size, self._known) if earlier else {})

    def told_again(self, streams: Iterable[str]) -> set[str]:
        """Those of these objects, each told of in this batch, that more than one record names."""
        return {name for name in streams if name not in self.begun or len(self._told[name]) > 1}


def _waiting(connection: Connection) -> tuple[int, int]:
    """From which index to which entries are not taken in yet."""
    start = connection.execute(select(t.projection_state.c.size)).scalar_one()
    return start, connection.execute(select(t.log_state.c.size)).scalar() or 0


def _registry_changed(connection: Connection, start: int, stop: int) -> bool:
    index = t.registry_fact.c.index
    return connection.execute(select(index).where(index >= start, index < stop).limit(1)).first() is not None


def registry_of(accepted: Iterable[Fact]) -> Registry:
    """The registry that these facts make, in the order of the log."""
    registry = Registry()
    for fact in accepted:
        registry.add(fact)
    return registry


def _judged_anew(connection: Connection, verdicts: Sequence[Fact]) -> Iterator[str]:
    """The containers whose entitlement, clocks or tolerances a registry fact can change."""
    if not verdicts:
        return
    parties: set[str] = set()
    for fact in verdicts:
        holder = getattr(fact.event, "holder", None)
        if holder is None:
            # A setting, calendar or catalogue: it can concern any container.
            yield from connection.execute(select(t.container.c.id)).scalars()
            return
        parties |= {holder, getattr(fact.event, "with_", holder)}
    query = select(t.lot_row.c.container).where(t.lot_row.c.holder.in_(parties)).distinct()
    yield from connection.execute(query).scalars()
    to_or_from = or_(t.haul.c.sender.in_(parties), t.haul.c.receiver.in_(parties))
    yield from connection.execute(select(t.haul.c.container).where(to_or_from).distinct()).scalars()


class _Flows(MutableMapping[tuple[str, str], Sequence[Part]]):
    """What flowed out of containers, read when asked for and written at the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, str], Sequence[Part]] = {}
        self._changed: set[tuple[str, str]] = set()

    def __getitem__(self, key: tuple[str, str]) -> Sequence[Part]:
        if key not in self._known:
            query = select(t.lot_flow.c.parts).where(t.lot_flow.c.id == key[0], t.lot_flow.c.container == key[1])
            found = self._connection.execute(query).scalar()
            self._known[key] = () if found is None else parts_from(found)
        return self._known[key]

    def __setitem__(self, key: tuple[str, str], parts: Sequence[Part]) -> None:
        self._known[key] = parts
        self._changed.add(key)

    def write(self) -> None:
        for id_, container in self._changed:
            self._connection.execute(
                delete(t.lot_flow).where(t.lot_flow.c.id == id_, t.lot_flow.c.container == container)
            )
        rows = [{"id": i, "container": c, "parts": parts_to(self._known[i, c])} for i, c in sorted(self._changed)]
        write(self._connection, t.lot_flow, rows)

    def __delitem__(self, key: tuple[str, str]) -> None:
        raise NotImplementedError("a flow is replaced, never removed")

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


# ---------------------------------------------------------------------------------------------------- rows


def store_flags(connection: Connection, name: str, regime: Regime, registry: Registry) -> list[Flag]:
    """The exceptions of one facility, from what stood in it."""
    facility = registry.facilities.get(name)
    if facility is None:
        return []
    rows = connection.execute(select(*(t.stay.c[each] for each in STAY)).where(t.stay.c.facility == name))
    stays = [Stay(*row) for row in rows]
    done = connection.execute(
        select(*(t.treatment.c[each] for each in TREATMENT)).where(t.treatment.c.facility == name)
    )
    treatments = [Treatment(*row) for row in done]
    return facility_flags(facility, stays, treatments, regime, registry)


def write_stories(connection: Connection, stories: dict[str, Story], begun: Container[str], totals: Totals) -> set[str]:
    """Replace all rows of these containers; the facilities they stood or stand in. Of those just `begun` there are
    none."""
    names = sorted(stories)
    stores = {stay.facility for story in stories.values() for stay in story.stays}
    stores |= {done.facility for story in stories.values() for done in story.treatments}
    earlier = [name for name in names if name not in begun]
    for first in range(0, len(earlier), _CHUNK):
        chunk = earlier[first : first + _CHUNK]
        totals.add(lot_rows(connection, chunk), -1)
        for table, key, *_ in STORY_ROWS:
            mine = table.c[key].in_(chunk)
            if table is t.stay or table is t.treatment:
                stores |= set(connection.execute(select(table.c.facility).where(mine).distinct()).scalars())
            connection.execute(delete(table).where(mine))
    for name in names:
        totals.add(stories[name].rows)
    for table, _, columns, rows in STORY_ROWS:
        write_rows(connection, table, columns, [row for name in names for row in rows(stories[name])])
    return stores


def lot_rows(connection: Connection, containers: Sequence[str]) -> Iterator[Row]:
    """The lot rows that are kept of these containers."""
    query = select(*(t.lot_row.c[name] for name in LOT)).where(t.lot_row.c.container.in_(containers))
    for row in connection.execute(query):
        yield Row(*row)


def _judge_labels(connection: Connection, labels: Iterable[str], size: int) -> None:
    names = sorted(labels)
    for first in range(0, len(names), _CHUNK):
        chunk = names[first : first + _CHUNK]
        connection.execute(delete(t.flag).where(t.flag.c.object.in_(chunk)))
        histories = facts.of_streams(connection, chunk, size)
        rows = [row for n in chunk for row in flag_rows(label_flags(n, histories[n]))]
        write_rows(connection, t.flag, ("n", *FLAG), rows)


def _write_manifests(connection: Connection, names: Sequence[str], batch: _Batch) -> None:
    for first in range(0, len(names), _CHUNK):
        chunk = names[first : first + _CHUNK]
        histories = batch.histories(chunk)
        earlier = [name for name in chunk if name not in batch.begun]
        if earlier:
            connection.execute(delete(t.manifest).where(t.manifest.c.id.in_(earlier)))
        rows = [manifest_row(name, histories[name]) for name in chunk]
        write_rows(connection, t.manifest, columns_of(t.manifest), rows)


def _write_involved(connection: Connection, parts: set[tuple[str, str]], batch: _Batch) -> None:
    things = sorted({thing for thing, _ in parts} - batch.begun)
    known: set[tuple[str, str]] = set()
    for first in range(0, len(things), _CHUNK):
        query = select(t.involved.c.object, t.involved.c.who).where(
            t.involved.c.object.in_(things[first : first + _CHUNK])
        )
        known |= {(row.object, row.who) for row in connection.execute(query)}
    write_rows(connection, t.involved, ("object", "who"), sorted(parts - known))


# ---------------------------------------------------------------------------------------------------- comparing


def differences(
    connection: Connection, regime: Regime, read_catalogue: CatalogueReader
) -> Iterator[tuple[str, str, str, str]]:
    """(table, row, expected, got) wherever the projections are not what the log up to their size gives."""
    size = connection.execute(select(t.projection_state.c.size)).scalar_one()
    indices = [
        i for i, f in facts.sequenced(connection, 0, size) if f is not None and isinstance(f.event, REGISTRY_EVENTS)
    ]
    stored = list(connection.execute(select(t.registry_fact.c.index).order_by("index")).scalars())
    if stored != indices:
        yield "registry_fact", "index", str(indices), str(stored)
    registry = registry_of(facts.at_indices(connection, indices))
    for edition in registry.catalogues:
        text = connection.execute(
            select(t.document.c.bytes).where(t.document.c.hash == bytes.fromhex(edition.content))
        ).scalar()
        if text is None:
            yield "document", f"{edition.content} hash", "a row: an adopted edition names it", "no row"
        else:
            registry.editions[edition.content] = read_catalogue(text)
    containers = _sequenced_streams(connection, "container", size)
    flows: dict[tuple[str, str], Sequence[Part]] = {}
    for row in connection.execute(select(t.lot_flow)):
        flows[row.id, row.container] = parts_from(row.parts)
    yield from _compare_table(connection, t.container, "id", set(containers))
    totals = Totals(regime.offset)
    for first in range(0, len(containers), _CHUNK):
        chunk = containers[first : first + _CHUNK]
        histories = facts.of_streams(connection, chunk, size)
        yield from _compare_involved(connection, chunk, histories)
        changed: dict[tuple[str, str], Sequence[Part]] = {}
        made = ChainMap(changed, flows)

        def facts_of(name: str, known: dict[str, list[Fact]] = histories) -> list[Fact]:
            return _history(connection, known, name, size)

        stories = account_for(chunk, facts_of, made, regime, registry)
        for flow, flowed in changed.items():
            if list(flows.get(flow, ())) != list(flowed):
                yield "lot_flow", " ".join(flow), str(flowed), str(flows.get(flow))
        for table, key, columns, rows in STORY_ROWS:
            kept = _kept(connection, table, key, chunk)
            for name in chunk:
                yield from _compare_rows(table, name, _named(columns, rows(stories[name])), kept.get(name, []))
        for name in chunk:
            totals.add(stories[name].rows)
    for table, key, *_ in STORY_ROWS:
        if table is not t.flag:
            yield from _unheard(connection, table, key, frozenset())
    yield from _compare_totals(connection, totals.sums())
    labels = _sequenced_streams(connection, "label", size)
    yield from _unheard(connection, t.flag, "object", frozenset(registry.facilities).union(labels))
    for name in sorted(registry.facilities):
        want = _named(("n", *FLAG), flag_rows(store_flags(connection, name, regime, registry)))
        got = [dict(r._mapping) for r in connection.execute(select(t.flag).where(t.flag.c.object == name))]
        yield from _compare_rows(t.flag, name, want, got)
    for names, histories in _in_chunks(connection, "label", size):
        flagged = _kept(connection, t.flag, "object", names)
        for name in names:
            want = _named(("n", *FLAG), flag_rows(label_flags(name, histories[name])))
            yield from _compare_rows(t.flag, name, want, flagged.get(name, []))
    yield from _compare_table(connection, t.manifest, "id", set(_sequenced_streams(connection, "manifest", size)))
    for names, histories in _in_chunks(connection, "manifest", size):
        yield from _compare_involved(connection, names, histories)
        kept = _kept(connection, t.manifest, "id", names)
        for name in names:
            want = _named(columns_of(t.manifest), [manifest_row(name, histories[name])])
            yield from _compare_rows(t.manifest, name, want, kept.get(name, []))
    for names, histories in _in_chunks(connection, "delivery", size):
        yield from _compare_involved(connection, names, histories)
    unheard = select(t.involved).where(~exists().where(t.link.c.stream == t.involved.c.object))
    for row in connection.execute(unheard):
        yield "involved", f"{row.object} {row.who}", "no row", "a row"


def _sequenced_streams(connection: Connection, kind: str, size: int) -> list[str]:
    of_leaves = select(t.link.c.stream).join(t.leaf, t.leaf.c.n == t.link.c.n)
    of_kind = of_leaves.where(t.leaf.c.index < size, t.link.c.stream >= f"{kind}:", t.link.c.stream < f"{kind};")
    return sorted(connection.execute(of_kind.distinct()).scalars())


def _unheard(
    connection: Connection, table: Table, key: str, others: frozenset[str]
) -> Iterator[tuple[str, str, str, str]]:
    """Rows of a table about what is neither a container nor one of these."""
    query = select(table.c[key]).where(~exists().where(t.container.c.id == table.c[key])).distinct()
    for name in sorted(set(connection.execute(query).scalars()) - others):
        yield table.name, name, "no row", "a row"


def _as_stored(table: Table) -> Select[Any]:
    """Its rows; what is neither true nor false, as SQLite can hold it, is read as it is, and not as true."""
    return select(*(type_coerce(c, Integer).label(c.name) if isinstance(c.type, Boolean) else c for c in table.c))


def _in_chunks(connection: Connection, kind: str, size: int) -> Iterator[tuple[list[str], dict[str, list[Fact]]]]:
    """The objects of a kind with their accepted facts, some at a time."""
    names = _sequenced_streams(connection, kind, size)
    for first in range(0, len(names), _CHUNK):
        chunk = names[first : first + _CHUNK]
        yield chunk, facts.of_streams(connection, chunk, size)


def _kept(connection: Connection, table: Table, key: str, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows of these objects, in the order of their primary key."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in connection.execute(_as_stored(table).where(table.c[key].in_(names)).order_by(*table.primary_key)):
        found.setdefault(getattr(row, key), []).append(dict(row._mapping))
    return found


def _compare_involved(
    connection: Connection, names: Sequence[str], histories: Mapping[str, Sequence[Fact]]
) -> Iterator[tuple[str, str, str, str]]:
    want = {(name, who) for name in names for f in histories[name] for who in involved(f)}
    query = select(t.involved.c.object, t.involved.c.who).where(t.involved.c.object.in_(names))
    got = {(row.object, row.who) for row in connection.execute(query)}
    for thing, who in sorted(want ^ got):
        yield "involved", f"{thing} {who}", str((thing, who) in want), str((thing, who) in got)


def _history(connection: Connection, known: dict[str, list[Fact]], name: str, size: int) -> list[Fact]:
    if name not in known:
        known.update(facts.of_streams(connection, [name], size))
    return known[name]


def _named(columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _compare_table(
    connection: Connection, table: Table, key: str, expected: set[str]
) -> Iterator[tuple[str, str, str, str]]:
    got = set(connection.execute(select(table.c[key])).scalars())
    for name in sorted(expected ^ got):
        yield table.name, name, "a row" if name in expected else "no row", "a row" if name in got else "no row"


def _compare_totals(connection: Connection, expected: dict[Total, int]) -> Iterator[tuple[str, str, str, str]]:
    got = {Total(*key): grams for *key, grams in connection.execute(_as_stored(t.lot_total))}
    for total in sorted(expected.keys() | got.keys()):
        if expected.get(total) != got.get(total):
            where = f"{'/'.join(map(str, total))} grams"
            yield "lot_total", where, str(expected.get(total, "no row")), str(got.get(total, "no row"))


def _compare_rows(
    table: Table, name: str, expected: list[dict[str, Any]], got: list[dict[str, Any]]
) -> Iterator[tuple[str, str, str, str]]:
    def order(row: dict[str, Any]) -> int:
        return int(row.get("n", 0))

    expected, got = sorted(expected, key=order), sorted(got, key=order)
    if len(expected) != len(got):
        yield table.name, name, f"{len(expected)} rows", f"{len(got)} rows"
    for want, have in zip(expected, got, strict=False):
        for column, value in want.items():
            if have[column] != value:
                yield table.name, f"{name} {column}", str(value), str(have[column])
