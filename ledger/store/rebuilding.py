"""Makes projections of the whole log at once, on all cores: groups of objects that share no entry are told by processes
of their own, and one writes what they made."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import forkserver, get_context
from typing import Any, Final

from sqlalchemy import Connection, Engine, Index, event

from ledger.custody.account import Flows, account_for
from ledger.custody.decide import unwrapped
from ledger.custody.events import event_types
from ledger.custody.fact import Fact
from ledger.custody.involved import SHARED, involved
from ledger.custody.labels import label_flags
from ledger.custody.regimes import regime
from ledger.custody.registry import REGISTRY_EVENTS, Registry
from ledger.custody.totals import Total
from ledger.store import facts
from ledger.store import tables as t
from ledger.store.database import open_engine
from ledger.store.neighbours import Groups, in_order, tasks
from ledger.store.stories import FLAG, LABEL_EVENTS, STORY_ROWS, Totals, columns_of, flag_rows, manifest_row, parts_to

_SMALL: Final = 30_000  # entries: one process has done as many before others have begun
_TASK: Final = 1_000
_LARGE: Final = 20_000  # entries of one group: more are not held in memory
_LABEL: Final = "label:"
_MAPPED: Final = 2**33  # bytes of the file at most
_REGISTRY: Final = {name.encode() for name, kind in event_types().items() if issubclass(kind, REGISTRY_EVENTS)}
_JOINING: Final = tuple(kind.encode() for kind in (*SHARED, _LABEL))

Rows = tuple[str, tuple[str, ...], list[tuple[Any, ...]]]
"""A table, its columns, and what is to be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A log cut into tasks of whole groups, and the rows that say where its registry is."""

    tasks: list[list[int]]
    registered: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a task gives: rows by table, sums to add to the totals, the facilities where something stood."""

    rows: list[Rows]
    sums: dict[Total, int]
    stores: set[str]
    entries: int


def worth(engine: Engine, size: int) -> bool:
    """True for a log that other processes can read and that is large enough for them."""
    return size >= _SMALL and engine.url.database not in (None, "", ":memory:")


def cut(connection: Connection, size: int) -> Cut | None:
    """The first `size` entries cut into tasks; None when one group has too many of them."""
    get_context("forkserver").set_forkserver_preload(["__main__", __name__])  # read once, not by each process
    forkserver.ensure_running()  # and while this one cuts
    groups, owners, registered = Groups(), [0] * size, []
    for index, statement, type_, streams in facts.looked_at(connection, size):
        owners[index] = groups.owner([s for s in streams if s.startswith(_JOINING)])
        if type_ in _REGISTRY:
            registered.append({"index": index, "statement": statement})
    whole = [[index for index in task if owners[index]] for task in tasks(owners, groups.of, 0, _TASK)]
    if max(map(len, whole), default=0) > _LARGE:
        return None
    return Cut(tasks=[task for task in whole if task], registered=registered)


def set_aside(connection: Connection) -> list[Index]:
    """Drops the indexes of the tables that are written whole, to be made when they are full: in the order of an index
    that costs less than half. Not on PostgreSQL, where readers would wait for it."""
    if connection.dialect.name == "postgresql":
        return []
    tables = [*(table for table, *_ in STORY_ROWS), t.manifest, t.involved]
    indexes = [index for table in tables for index in table.indexes]
    for index in indexes:
        index.drop(connection)
    return indexes


def made(
    engine: Engine, regime_name: str, work: Sequence[list[int]], registry: Registry, processes: int
) -> Iterator[Made]:
    """What each task gives, in their order; `registry` is that of the whole log."""
    schema = ""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            schema = str(connection.exec_driver_sql("SHOW search_path").scalar_one())
    job = (engine.url.render_as_string(hide_password=False), schema, regime_name, registry)
    with ProcessPoolExecutor(processes, mp_context=get_context("forkserver"), initializer=_start, initargs=job) as pool:
        yield from in_order(pool, _made, ((task,) for task in work), 2 * processes)


_engine: Engine
_regime_name: str
_registry: Registry


def _start(url: str, schema: str, regime_name: str, registry: Registry) -> None:
    """A process opens its own connection; it reads entries that have an index, which never change."""
    global _engine, _regime_name, _registry
    gc.disable()  # it would look in vain: nothing here refers in circles
    _engine = open_engine(url, schema) if schema else open_engine(url)
    if not schema:
        event.listen(_engine, "connect", _map)
    _regime_name, _registry = regime_name, registry


def _map(connection: Any, _record: Any) -> None:
    """On SQLite, entries are read where the operating system has them, without a copy."""
    connection.execute(f"PRAGMA mmap_size={_MAPPED}")


def _made(indices: list[int]) -> Made:
    told: dict[str, list[Fact]] = {}
    shown: dict[str, set[str]] = {}
    labels: set[str] = set()
    with _engine.connect() as connection:
        for fact, streams in facts.told_at(connection, indices):
            for stream in streams:
                told.setdefault(stream, []).append(fact)
            things, everybody = involved(fact)
            for who in everybody:
                shown.setdefault(who, set()).update(things)
            if isinstance(unwrapped(fact).event, LABEL_EVENTS):
                labels.update(s for s in streams if s.startswith(_LABEL))
    labels.update(s for s, history in told.items() if s.startswith(_LABEL) and len(history) > 1)
    containers = sorted(s for s in told if s.startswith("container:"))
    flows: Flows = {}
    law = regime(_regime_name)
    stories = account_for(containers, told.__getitem__, flows, law, _registry)
    totals = Totals(law.offset)
    for name in containers:
        totals.add(stories[name].rows)
    rows: list[Rows] = [
        (table.name, columns, [row for name in containers for row in of(stories[name])])
        for table, _, columns, of in STORY_ROWS
    ]
    manifests = sorted(s for s in told if s.startswith("manifest:"))
    rows += [
        ("flag", ("n", *FLAG), [row for name in sorted(labels) for row in flag_rows(label_flags(name, told[name]))]),
        ("lot_flow", ("id", "container", "parts"), [(*key, parts_to(flows[key])) for key in sorted(flows)]),
        ("manifest", columns_of(t.manifest), [manifest_row(name, told[name]) for name in manifests]),
        ("involved", ("who", "object"), [(who, thing) for who in sorted(shown) for thing in sorted(shown[who])]),
    ]
    stores = {stay.facility for story in stories.values() for stay in story.stays}
    stores |= {done.facility for story in stories.values() for done in story.treatments}
    return Made(rows=rows, sums=totals.parts(), stores=stores, entries=len(indices))
