"""Makes projections of the whole log at once: groups of objects that share no entry can be told by several processes,
and one writes what they made."""

from __future__ import annotations

import gc
import pickle
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Engine, Index, event

from ledger.custody.account import Flows, account_for
from ledger.custody.decide import unwrapped
from ledger.custody.fact import Fact
from ledger.custody.involved import SHARED, involved
from ledger.custody.labels import label_flags
from ledger.custody.regimes import regime
from ledger.custody.regimes.base import Regime
from ledger.custody.registry import REGISTRY_EVENTS, Registry
from ledger.custody.totals import Total
from ledger.store import facts
from ledger.store import tables as t
from ledger.store.database import open_engine
from ledger.store.neighbours import Groups, number_of, tasks
from ledger.store.stories import FLAG, LABEL_EVENTS, STORY_ROWS, Totals, columns_of, flag_rows, manifest_row, parts_to

WORTH: Final = (10_000, 40_000)  # entries: fewer are followed
WAITING: Final = (10_000, sys.maxsize)  # the same of entries that wait: only a copy of this process takes a share
AHEAD: Final = 4  # tasks that each other process has waiting: this one writes as well
_TASK: Final = 1_000
_LARGE: Final = 20_000  # entries of one group: more are not held in memory
_LABEL: Final = "label:"
_CACHE_KB: Final = 8_192  # of SQLite's pages: what a task reads lies together, and is read once
_JOINING: Final = (*SHARED, _LABEL)

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


def cut(connection: Connection, start: int, stop: int) -> Cut | None:
    """The entries [start, stop) cut into tasks; None where an object was told of before, or one group has too many."""
    if start and facts.told_before(connection, start, stop, _JOINING):
        return None
    groups, owners = Groups(), [0] * (stop - start)
    for stream, index in facts.linked_to(connection, start, stop, _JOINING):
        number, place = number_of(stream.encode()), index - start
        if owners[place]:
            groups.join(owners[place], number)
        else:
            owners[place] = number
    whole = [[start + place for place in task if owners[place]] for task in tasks(owners, groups.of, 0, _TASK)]
    if max(map(len, whole), default=0) > _LARGE:
        return None
    # As all are that the registry is made of.
    alone = [start + place for place, owner in enumerate(owners) if not owner]
    registered = [
        {"index": index, "statement": bytes.fromhex(fact.statement)}
        for index, fact, _ in facts.told_at(connection, alone)
        if isinstance(fact.event, REGISTRY_EVENTS)
    ]
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


def told(connection: Connection, regime_name: str, registry: Registry) -> bytes:
    """What another process must know; `registry` is that of the whole log."""
    url, schema = connection.engine.url.render_as_string(hide_password=False), ""
    if connection.dialect.name == "postgresql":
        schema = str(connection.exec_driver_sql("SHOW search_path").scalar_one())
    return pickle.dumps((url, schema, regime_name, registry))


def made_apart(packed: bytes, indices: list[int]) -> Made:
    """What a task gives in another process, which was `told` so much."""
    engine, law, registry = _unpacked(packed)
    with engine.connect() as connection:
        return made(connection, law, registry, indices)


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> tuple[Engine, Regime, Registry]:
    """Each process opens its own connection; it reads entries that have an index, which never change."""
    gc.disable()  # it would look in vain: nothing here refers in circles
    url, schema, regime_name, registry = pickle.loads(packed)
    engine = open_engine(url, schema) if schema else open_engine(url)
    if not schema:
        event.listen(engine, "connect", _keep_little)
    return engine, regime(regime_name), registry


def _keep_little(connection: Any, _record: Any) -> None:
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KB}")


def made(connection: Connection, law: Regime, registry: Registry, indices: list[int]) -> Made:
    """What a task gives."""
    told: dict[str, list[Fact]] = {}
    shown: defaultdict[str, set[str]] = defaultdict(set)
    labels: set[str] = set()
    for _, said, streams in facts.told_at(connection, indices):
        fact = unwrapped(said)
        for stream in streams:
            told.setdefault(stream, []).append(fact)
        things = [s for s in streams if s.startswith(SHARED)]
        for who in involved(fact):
            shown[who].update(things)
        if isinstance(fact.event, LABEL_EVENTS):
            labels.update(s for s in streams if s.startswith(_LABEL))
    labels.update(s for s, history in told.items() if s.startswith(_LABEL) and len(history) > 1)
    containers = sorted(s for s in told if s.startswith("container:"))
    flows: Flows = {}
    stories = account_for(containers, told.__getitem__, flows, law, registry)
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
