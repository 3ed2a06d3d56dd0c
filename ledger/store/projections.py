"""Follows the log by index and keeps what is derived from it: containers, manifests, lots, exceptions.

Never evidence: `rebuild` makes it all anew, and `differences` says where it is not what the log gives. One transaction
a batch; a crash leaves the projections where they were, a little behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Select, Table, delete, func, select, update

from ledger.custody.account import Flows, Story, account_for
from ledger.custody.container import Manifest
from ledger.custody.decide import fold, unwrapped
from ledger.custody.events.containers import LabelBound, LabelIssued
from ledger.custody.events.registry import FacilityRegistered
from ledger.custody.events.stock import LabelReplaced
from ledger.custody.facilities import Stay, Treatment, facility_flags
from ledger.custody.fact import Fact
from ledger.custody.flags import Flag
from ledger.custody.hauls import Haul
from ledger.custody.involved import involved
from ledger.custody.labels import label_flags
from ledger.custody.lots import Part, Row
from ledger.custody.regimes.base import Regime
from ledger.custody.registry import CHANGES_VERDICTS, REGISTRY_EVENTS, Edition, Registry
from ledger.store import facts
from ledger.store import tables as t

BATCH = 2_000
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
        done = 0
        while True:
            with self.engine.begin() as connection:
                # The first statement writes, so that two followers queue instead of meeting half-way.
                connection.execute(update(t.projection_state).values(size=t.projection_state.c.size))
                start = connection.execute(select(t.projection_state.c.size)).scalar_one()
                end = connection.execute(select(t.log_state.c.size)).scalar() or 0
                stop = min(end, start + BATCH)
                if start == stop:
                    return done
                self._take_in(connection, start, stop)
                connection.execute(update(t.projection_state).values(size=stop))
            done += stop - start
            if progress is not None:
                progress(stop, end)

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Drop every projection and follow the log from its first entry."""
        with self.engine.begin() as connection:
            for name in t.PROJECTIONS:
                if name != "projection_state":
                    connection.execute(delete(t.metadata.tables[name]))
            connection.execute(update(t.projection_state).values(size=0))
        self._registry = None
        return self.follow(progress)

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

    def _take_in(self, connection: Connection, start: int, stop: int) -> None:
        registry = self._registry_at(connection, start)
        touched: set[str] = set()
        manifests: set[str] = set()
        registered: list[dict[str, Any]] = []
        verdicts: list[Fact] = []
        parts: set[tuple[str, str]] = set()
        stores: set[str] = set()
        labels: set[str] = set()
        looked_at: set[str] = set()
        known = dict(facts.sequenced(connection, start, stop))
        for index, fact in known.items():
            if fact is None:
                continue
            if isinstance(fact.event, REGISTRY_EVENTS):
                registry.add(fact)
                registered.append({"index": index, "statement": bytes.fromhex(fact.statement)})
                verdicts += [fact] if isinstance(fact.event, CHANGES_VERDICTS) else []
            if isinstance(fact.event, FacilityRegistered):
                stores.add(fact.event.facility)
            touched |= set(fact.event.containers())
            parts |= set(involved(fact))
            named = {s for s in fact.event.streams(fact.by.party) if s.startswith("label:")}
            labels |= named
            looked_at |= named if isinstance(unwrapped(fact).event, LABEL_EVENTS) else set()
            manifests |= {s for s in fact.event.streams(fact.by.party) if s.startswith("manifest:")}
        self._registry = stop, registry
        _write(connection, t.registry_fact, registered)
        registry = self._registry_at(connection, stop)
        touched |= set(_judged_anew(connection, verdicts))
        stores = self._account(connection, sorted(touched), stop, registry, known) | stores
        self._judge_stores(connection, sorted(stores), registry)
        _judge_labels(connection, looked_at | set(_used_again(connection, sorted(labels - looked_at))), stop)
        _write_manifests(connection, sorted(manifests), stop)
        _write_involved(connection, parts)

    def _account(
        self,
        connection: Connection,
        containers: Sequence[str],
        size: int,
        registry: Registry,
        known: Mapping[int, Fact | None],
    ) -> set[str]:
        """Write the stories anew; the facilities in which something stands or stood differently."""
        stores: set[str] = set()
        for first in range(0, len(containers), _CHUNK):
            chunk = containers[first : first + _CHUNK]
            histories = facts.of_streams(connection, chunk, size, known)

            def facts_of(name: str, histories: dict[str, list[Fact]] = histories) -> list[Fact]:
                if name not in histories:
                    histories.update(facts.of_streams(connection, [name], size))
                return histories[name]

            flows = _Flows(connection)
            stories = account_for(chunk, facts_of, flows, self.regime, registry)
            flows.write()
            stores |= write_stories(connection, stories)
        return stores

    def _judge_stores(self, connection: Connection, facilities: Sequence[str], registry: Registry) -> None:
        for name in facilities:
            connection.execute(delete(t.flag).where(t.flag.c.object == name))
            rows = _flag_rows(store_flags(connection, name, self.regime, registry))
            _write(connection, t.flag, rows)


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
        _write(self._connection, t.lot_flow, rows)

    def __delitem__(self, key: tuple[str, str]) -> None:
        raise NotImplementedError("a flow is replaced, never removed")

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def parts_to(parts: Sequence[Part]) -> bytes:
    """Lots as a row's bytes."""
    return orjson.dumps([astuple(part) for part in parts])


def parts_from(row: bytes) -> list[Part]:
    """Lots from a row's bytes."""
    parts = []
    for lot, producer, site, code, born_at, clocks, grams, carried in orjson.loads(row):
        since = tuple((who, start) for who, start in clocks)
        parts.append(Part(lot, producer, site, code, born_at, since, grams, carried))
    return parts


# ---------------------------------------------------------------------------------------------------- rows


def container_row(story: Story) -> dict[str, Any]:
    """The `container` row of a story."""
    return {column.name: getattr(story.thing, column.name) for column in t.container.columns}


def lot_rows(story: Story) -> list[dict[str, Any]]:
    """The `lot_row` rows of a story."""
    return [{"n": n} | {name: getattr(row, name) for name in _LOT} for n, row in enumerate(story.rows)]


def flag_rows(story: Story) -> list[dict[str, Any]]:
    """The `flag` rows of a story."""
    return _flag_rows(story.flags)


def _flag_rows(flags: Iterable[Flag]) -> list[dict[str, Any]]:
    ordered = sorted(flags, key=lambda f: (f.opened_at, f.rule, f.key, f.closed_at))
    return [{"n": n} | {name: getattr(flag, name) for name in _FLAG} for n, flag in enumerate(ordered)]


def stay_rows(story: Story) -> list[dict[str, Any]]:
    """The `stay` rows of a story."""
    return [{"n": n} | {name: getattr(stay, name) for name in _STAY} for n, stay in enumerate(story.stays)]


def treatment_rows(story: Story) -> list[dict[str, Any]]:
    """The `treatment` rows of a story."""
    return [{"n": n} | {name: getattr(t_, name) for name in _TREATMENT} for n, t_ in enumerate(story.treatments)]


def haul_rows(story: Story) -> list[dict[str, Any]]:
    """The `haul` rows of a story, in the order of their journeys' ids."""
    hauls = sorted(story.hauls, key=lambda haul: haul.journey)
    return [{name: getattr(haul, name) for name in _HAUL} for haul in hauls]


def store_flags(connection: Connection, name: str, regime: Regime, registry: Registry) -> list[Flag]:
    """The exceptions of one facility, from what stood in it."""
    facility = registry.facilities.get(name)
    if facility is None:
        return []
    rows = connection.execute(select(t.stay).where(t.stay.c.facility == name))
    stays = [Stay(**{field: getattr(row, field) for field in _STAY}) for row in rows]
    done = connection.execute(select(t.treatment).where(t.treatment.c.facility == name))
    treatments = [Treatment(**{field: getattr(row, field) for field in _TREATMENT}) for row in done]
    return facility_flags(facility, stays, treatments, regime, registry)


_LOT = tuple(Row.__dataclass_fields__)
_FLAG = tuple(Flag.__dataclass_fields__)
_STAY = tuple(Stay.__dataclass_fields__)
_TREATMENT = tuple(Treatment.__dataclass_fields__)
_HAUL = tuple(Haul.__dataclass_fields__)
# A label that was only printed with its container says nothing new; these do.
LABEL_EVENTS = (LabelIssued, LabelBound, LabelReplaced)


def write_stories(connection: Connection, stories: dict[str, Story]) -> set[str]:
    """Replace all rows of these containers; the facilities they stood or stand in."""
    names = sorted(stories)
    stores = {stay.facility for story in stories.values() for stay in story.stays}
    stores |= {done.facility for story in stories.values() for done in story.treatments}
    for first in range(0, len(names), _CHUNK):
        chunk = names[first : first + _CHUNK]
        connection.execute(delete(t.container).where(t.container.c.id.in_(chunk)))
        connection.execute(delete(t.lot_row).where(t.lot_row.c.container.in_(chunk)))
        connection.execute(delete(t.flag).where(t.flag.c.object.in_(chunk)))
        connection.execute(delete(t.haul).where(t.haul.c.container.in_(chunk)))
        for table in (t.stay, t.treatment):
            there = select(table.c.facility).where(table.c.container.in_(chunk)).distinct()
            stores |= set(connection.execute(there).scalars())
            connection.execute(delete(table).where(table.c.container.in_(chunk)))
        _write(connection, t.haul, [row for n in chunk for row in haul_rows(stories[n])])
        _write(connection, t.treatment, [row for n in chunk for row in treatment_rows(stories[n])])
        _write(connection, t.stay, [row for n in chunk for row in stay_rows(stories[n])])
        _write(connection, t.container, [container_row(stories[n]) for n in chunk])
        _write(connection, t.lot_row, [row for n in chunk for row in lot_rows(stories[n])])
        _write(connection, t.flag, [row for n in chunk for row in flag_rows(stories[n])])
    return stores


def _used_again(connection: Connection, labels: Sequence[str]) -> Iterator[str]:
    """Those of the labels that more than one record names."""
    for first in range(0, len(labels), _CHUNK):
        named = select(t.link.c.stream).where(t.link.c.stream.in_(labels[first : first + _CHUNK]))
        yield from connection.execute(named.group_by(t.link.c.stream).having(func.count() > 1)).scalars()


def _judge_labels(connection: Connection, labels: Iterable[str], size: int) -> None:
    names = sorted(labels)
    for first in range(0, len(names), _CHUNK):
        chunk = names[first : first + _CHUNK]
        connection.execute(delete(t.flag).where(t.flag.c.object.in_(chunk)))
        histories = facts.of_streams(connection, chunk, size)
        _write(connection, t.flag, [row for n in chunk for row in _flag_rows(label_flags(n, histories[n]))])


def manifest_row(name: str, history: Iterable[Fact]) -> dict[str, Any]:
    """The `manifest` row of a manifest's facts."""
    thing = fold(name, history)
    assert isinstance(thing, Manifest)
    return {column.name: getattr(thing, column.name) for column in t.manifest.columns}


def _write_manifests(connection: Connection, names: Sequence[str], size: int) -> None:
    for first in range(0, len(names), _CHUNK):
        chunk = names[first : first + _CHUNK]
        histories = facts.of_streams(connection, chunk, size)
        connection.execute(delete(t.manifest).where(t.manifest.c.id.in_(chunk)))
        _write(connection, t.manifest, [manifest_row(name, histories[name]) for name in chunk])


def _write_involved(connection: Connection, parts: set[tuple[str, str]]) -> None:
    things = sorted({thing for thing, _ in parts})
    known: set[tuple[str, str]] = set()
    for first in range(0, len(things), _CHUNK):
        query = select(t.involved.c.object, t.involved.c.who).where(
            t.involved.c.object.in_(things[first : first + _CHUNK])
        )
        known |= {(row.object, row.who) for row in connection.execute(query)}
    _write(connection, t.involved, [{"object": thing, "who": who} for thing, who in sorted(parts - known)])


def _write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        # Straight to the driver: a figure's rows are many and small.
        names = list(rows[0])
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        columns = ", ".join(f'"{name}"' for name in names)
        sql = f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join([mark] * len(names))})"
        connection.exec_driver_sql(sql, [tuple(row.values()) for row in rows])


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
    parts = {part for _, f in facts.sequenced(connection, 0, size) if f is not None for part in involved(f)}
    for thing, who in sorted(parts ^ {(row.object, row.who) for row in connection.execute(select(t.involved))}):
        yield "involved", f"{thing} {who}", str((thing, who) in parts), str((thing, who) not in parts)
    registry = registry_of(facts.at_indices(connection, indices))
    for edition in registry.catalogues:
        text = connection.execute(
            select(t.document.c.bytes).where(t.document.c.hash == bytes.fromhex(edition.content))
        ).scalar()
        if text is not None:
            registry.editions[edition.content] = read_catalogue(text)
    containers = sorted(
        connection.execute(
            _sequenced_streams(size).where(t.link.c.stream >= "container:", t.link.c.stream < "container;")
        ).scalars()
    )
    flows: dict[tuple[str, str], Sequence[Part]] = {}
    for row in connection.execute(select(t.lot_flow)):
        flows[row.id, row.container] = parts_from(row.parts)
    yield from _compare_table(connection, t.container, "id", set(containers))
    for first in range(0, len(containers), _CHUNK):
        chunk = containers[first : first + _CHUNK]
        histories = facts.of_streams(connection, chunk, size)
        made: dict[tuple[str, str], Sequence[Part]] = dict(flows)

        def facts_of(name: str, known: dict[str, list[Fact]] = histories) -> list[Fact]:
            return _history(connection, known, name, size)

        stories = account_for(chunk, facts_of, made, regime, registry)
        for flow, flowed in made.items():
            if list(flows.get(flow, ())) != list(flowed):
                yield "lot_flow", " ".join(flow), str(flowed), str(flows.get(flow))
        for name in chunk:
            story = stories[name]
            for table, key, rows in (
                (t.container, t.container.c.id, [container_row(story)]),
                (t.lot_row, t.lot_row.c.container, lot_rows(story)),
                (t.flag, t.flag.c.object, flag_rows(story)),
                (t.stay, t.stay.c.container, stay_rows(story)),
                (t.treatment, t.treatment.c.container, treatment_rows(story)),
                (t.haul, t.haul.c.container, haul_rows(story)),
            ):
                found = select(table).where(key == name).order_by(*table.primary_key)
                got = [dict(r._mapping) for r in connection.execute(found)]
                yield from _compare_rows(table, name, rows, got)
    for name in sorted(registry.facilities):
        want = _flag_rows(store_flags(connection, name, regime, registry))
        got = [dict(r._mapping) for r in connection.execute(select(t.flag).where(t.flag.c.object == name))]
        yield from _compare_rows(t.flag, name, want, got)
    labels = sorted(
        connection.execute(
            _sequenced_streams(size).where(t.link.c.stream >= "label:", t.link.c.stream < "label;")
        ).scalars()
    )
    for first in range(0, len(labels), _CHUNK):
        chunk = labels[first : first + _CHUNK]
        histories = facts.of_streams(connection, chunk, size)
        flagged: dict[str, list[dict[str, Any]]] = {}
        for row in connection.execute(select(t.flag).where(t.flag.c.object.in_(chunk))):
            flagged.setdefault(row.object, []).append(dict(row._mapping))
        for name in chunk:
            want = _flag_rows(label_flags(name, histories[name]))
            yield from _compare_rows(t.flag, name, want, flagged.get(name, []))
    manifests = _sequenced_streams(size).where(t.link.c.stream >= "manifest:", t.link.c.stream < "manifest;")
    names = sorted(connection.execute(manifests).scalars())
    yield from _compare_table(connection, t.manifest, "id", set(names))
    for first in range(0, len(names), _CHUNK):
        chunk = names[first : first + _CHUNK]
        histories = facts.of_streams(connection, chunk, size)
        for name in chunk:
            got = [dict(r._mapping) for r in connection.execute(select(t.manifest).where(t.manifest.c.id == name))]
            yield from _compare_rows(t.manifest, name, [manifest_row(name, histories[name])], got)


def _sequenced_streams(size: int) -> Select[Any]:
    of_leaves = select(t.link.c.stream).join(t.leaf, t.leaf.c.statement == t.link.c.statement)
    return of_leaves.where(t.leaf.c.index < size).distinct()


def _history(connection: Connection, known: dict[str, list[Fact]], name: str, size: int) -> list[Fact]:
    if name not in known:
        known.update(facts.of_streams(connection, [name], size))
    return known[name]


def _compare_table(
    connection: Connection, table: Table, key: str, expected: set[str]
) -> Iterator[tuple[str, str, str, str]]:
    got = set(connection.execute(select(table.c[key])).scalars())
    for name in sorted(expected ^ got):
        yield table.name, name, "a row" if name in expected else "no row", "a row" if name in got else "no row"


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
