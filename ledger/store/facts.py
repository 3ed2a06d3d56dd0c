"""Facts read back from the log: an accepted statement with its author's standing, as every fold takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, Select, and_, bindparam, func, or_, select

from ledger.custody import wire
from ledger.custody.events import known as event_of
from ledger.custody.fact import Author, Fact
from ledger.log.entry import accepted_at
from ledger.store import tables as t

_new: Any = object.__new__
_open = wire.open_twin(Fact)
_CHUNK = 500
_LOOK = 5_000  # rows at a time

_FACT: Select[Any] = (
    select(
        t.statement.c.bytes,
        t.statement.c.entry,
        t.leaf.c.index,
        t.statement.c.hash,
        t.author_head.c.party,
        t.author_head.c.person,
        t.author_head.c.roles,
        t.author_head.c.admin,
        t.author_head.c.server,
        t.author_head.c.vouched_by,
        t.author_head.c.revoked_at_seq,
    )
    .join_from(t.leaf, t.statement, t.statement.c.n == t.leaf.c.n)
    .join(t.author_head, t.author_head.c.key == t.statement.c.key)
)

_LINKED: Select[Any] = (
    select(*_FACT.selected_columns, t.link.c.stream)
    .select_from(t.link)
    .join(t.statement, t.statement.c.n == t.link.c.n)
    .join(t.author_head, t.author_head.c.key == t.statement.c.key)
    .outerjoin(t.leaf, t.leaf.c.n == t.link.c.n)
)
_AS_STORED: Select[Any] = _LINKED.where(t.link.c.stream.in_(bindparam("streams", expanding=True)))


def sequenced(connection: Connection, start: int, stop: int) -> Iterator[tuple[int, Fact | None]]:
    """The facts at indices [start, stop), in order; None where an entry was refused."""
    for index, fact, _ in linked(connection, start, stop):
        yield index, fact


def linked(connection: Connection, start: int, stop: int) -> Iterator[tuple[int, Fact | None, list[dict[str, Any]]]]:
    """As `sequenced`, each with its entry's links as they are on the wire."""
    query = _FACT.where(t.leaf.c.index >= start, t.leaf.c.index < stop).order_by(t.leaf.c.index)
    for row in connection.execute(query).all():
        yield row[2], _fact(row), orjson.loads(row[1])["links"]


def told_at(connection: Connection, indices: Sequence[int]) -> Iterator[tuple[int, Fact, list[str]]]:
    """The accepted facts at these indices, each with its own and the objects that it names."""
    for first in range(0, len(indices), _CHUNK):
        listed = ", ".join(map(str, indices[first : first + _CHUNK]))
        for row in _straight(connection, _FACT, f'"index" IN ({listed})'):
            said = orjson.loads(row[0])
            if (fact := _fact(row, said)) is not None:
                yield row[2], fact, said["about"]


def linked_to(connection: Connection, start: int, stop: int, kinds: Sequence[str]) -> Iterable[tuple[str, int]]:
    """(object, index) of the objects of these kinds (written "kind:") that the entries [start, stop) touch."""
    return connection.execute(_links(start, stop, kinds).execution_options(yield_per=_LOOK))


def told_before(connection: Connection, start: int, stop: int, kinds: Sequence[str]) -> bool:
    """True when one of the objects of these kinds that the entries [start, stop) touch has earlier entries."""
    first = _links(start, stop, kinds).with_only_columns(t.link.c.stream).group_by(t.link.c.stream)
    return connection.execute(first.having(func.min(t.link.c.seq) > 1).limit(1)).first() is not None


def _links(start: int, stop: int, kinds: Sequence[str]) -> Select[Any]:
    of_kind = or_(*(and_(t.link.c.stream >= kind, t.link.c.stream < f"{kind[:-1]};") for kind in kinds))
    query = select(t.link.c.stream, t.leaf.c.index).join(t.leaf, t.leaf.c.n == t.link.c.n).where(of_kind)
    # Two bounds, of which one says nothing, have PostgreSQL guess that there are few.
    return query.where(t.leaf.c.index < stop, *([t.leaf.c.index >= start] if start else []))


def _straight(connection: Connection, query: Select[Any], where: str) -> list[Any]:
    """Rows by the order of their leaves straight from the driver, and from PostgreSQL in binary: it writes bytes as
    texts of twice the length."""
    driver: Any = connection.connection.driver_connection
    sql = f'{_sql(query, connection.dialect)} WHERE {where} ORDER BY "index"'
    with closing(driver.cursor(**({"binary": True} if connection.dialect.name == "postgresql" else {}))) as cursor:
        found: list[Any] = cursor.execute(sql).fetchall()
        return found


@lru_cache(maxsize=4)
def _sql(query: Select[Any], dialect: Dialect) -> str:
    return str(query.compile(dialect=dialect))


def at_indices(connection: Connection, indices: Sequence[int]) -> Iterator[Fact]:
    """The accepted facts at these indices."""
    yield from (fact for _, fact, _ in told_at(connection, indices))


def of_streams(
    connection: Connection, streams: Iterable[str], size: int, known: Mapping[int, Fact | None] | None = None
) -> dict[str, list[Fact]]:
    """The accepted facts of each object among the leaves [0, size); `known`: facts read before, by index."""
    names = sorted(set(streams))
    places: list[tuple[str, int]] = []
    for first in range(0, len(names), _CHUNK):
        query = (
            select(t.link.c.stream, t.leaf.c.index)
            .join_from(t.link, t.leaf, t.leaf.c.n == t.link.c.n)
            .where(t.link.c.stream.in_(names[first : first + _CHUNK]), t.leaf.c.index < size)
        )
        places += [(stream, index) for stream, index in connection.execute(query)]
    read = dict(known or {})
    missing = sorted({index for _, index in places} - read.keys())
    for first in range(0, len(missing), _CHUNK):
        for row in connection.execute(_FACT.where(t.leaf.c.index.in_(missing[first : first + _CHUNK]))):
            read[row[2]] = _fact(row)
    facts: dict[str, list[Fact]] = {name: [] for name in names}
    for stream, index in places:
        fact = read[index]
        if fact is not None:
            facts[stream].append(fact)
    return facts


def as_stored(connection: Connection, streams: Iterable[str]) -> dict[str, list[Fact]]:
    """The accepted facts of each object, those that wait for their index included."""
    facts: dict[str, list[Fact]] = {name: [] for name in streams}
    for row in connection.execute(_AS_STORED, {"streams": sorted(facts)}):
        if (fact := _fact(row)) is not None:
            facts[row[-1]].append(fact)
    return facts


def newest_first(connection: Connection, stream: str) -> Iterator[Fact]:
    """The accepted facts of one object, the last of its chain first, read as they are asked for."""
    seq, of_it = t.link.c.seq, _LINKED.add_columns(t.link.c.seq).where(t.link.c.stream == stream).limit(_CHUNK)
    rows = list(connection.execute(of_it.order_by(seq.desc())))
    while rows:
        yield from (fact for row in rows if (fact := _fact(row)) is not None)
        rows = list(connection.execute(of_it.where(seq < rows[-1][-1]).order_by(seq.desc())))


def _fact(row: Any, said: dict[str, Any] | None = None) -> Fact | None:
    # Parsed strictly when they were accepted, and by every verification again: here they are only read.
    said_raw, entry_raw, _, hash_, party, person, roles, admin, server, vouched_by, revoked_at_seq = row[:11]
    received_at = accepted_at(entry_raw)
    if received_at is None:
        return None
    said = said or orjson.loads(said_raw)
    seq = said["seq"]
    late = revoked_at_seq is not None and seq > revoked_at_seq
    fact = _new(_open)
    fact.event = event_of(said["type"], said["body"])
    fact.by = enrolled(party, person, said["key"], roles, bool(admin), bool(server), vouched_by, late)
    fact.at, fact.received_at, fact.ahead = said["at"], received_at, False
    fact.seq, fact.id, fact.statement = seq, said["id"], hash_.hex()
    fact.__class__ = Fact
    return fact  # type: ignore[no-any-return]


@lru_cache(maxsize=4096)
def enrolled(
    party: str, person: str, key: str, roles: str, admin: bool, server: bool, vouched_by: str | None, late: bool
) -> Author:
    """Who speaks in one statement after another: made once."""
    return Author(
        party=party,
        person=person,
        key=key,
        roles=frozenset(roles.split()),
        admin=admin,
        server=server,
        vouched_by=vouched_by,
        late=late,
    )
