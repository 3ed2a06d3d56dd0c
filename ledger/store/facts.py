"""Facts read back from the log: an accepted statement with its author's standing, as every fold takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from ledger.custody.events import parse
from ledger.custody.fact import Author, Fact
from ledger.custody.wire import ANY_CODES
from ledger.log import entry, statement
from ledger.store import tables as t

_CHUNK = 500

_FACT: Select[Any] = (
    select(
        t.statement.c.bytes,
        t.entry.c.bytes,
        t.leaf.c.index,
        t.author_head.c.party,
        t.author_head.c.person,
        t.author_head.c.roles,
        t.author_head.c.admin,
        t.author_head.c.server,
        t.author_head.c.vouched_by,
        t.author_head.c.revoked_at_seq,
    )
    .join_from(t.leaf, t.entry, t.entry.c.statement == t.leaf.c.statement)
    .join(t.statement, t.statement.c.hash == t.leaf.c.statement)
    .join(t.author_head, t.author_head.c.key == t.statement.c.key)
)


def sequenced(connection: Connection, start: int, stop: int) -> Iterator[tuple[int, Fact | None]]:
    """The facts at indices [start, stop), in order; None where an entry was refused."""
    query = _FACT.where(t.leaf.c.index >= start, t.leaf.c.index < stop).order_by(t.leaf.c.index)
    for row in connection.execute(query):
        yield row[2], _fact(row)


def at_indices(connection: Connection, indices: Sequence[int]) -> Iterator[Fact]:
    """The accepted facts at these indices."""
    for first in range(0, len(indices), _CHUNK):
        query = _FACT.where(t.leaf.c.index.in_(indices[first : first + _CHUNK])).order_by(t.leaf.c.index)
        yield from (fact for row in connection.execute(query) if (fact := _fact(row)) is not None)


def of_streams(connection: Connection, streams: Iterable[str], size: int) -> dict[str, list[Fact]]:
    """The accepted facts of each object among the leaves [0, size); one parse for a statement of several objects."""
    names = sorted(set(streams))
    facts: dict[str, list[Fact]] = {name: [] for name in names}
    parsed: dict[int, Fact | None] = {}
    for first in range(0, len(names), _CHUNK):
        query = (
            _FACT.add_columns(t.link.c.stream)
            .join(t.link, t.link.c.statement == t.leaf.c.statement)
            .where(t.link.c.stream.in_(names[first : first + _CHUNK]), t.leaf.c.index < size)
        )
        for row in connection.execute(query):
            if row[2] not in parsed:
                parsed[row[2]] = _fact(row)
            fact = parsed[row[2]]
            if fact is not None:
                facts[row[-1]].append(fact)
    return facts


def as_stored(connection: Connection, streams: Iterable[str]) -> dict[str, list[Fact]]:
    """The accepted facts of each object, those that wait for their index included."""
    facts: dict[str, list[Fact]] = {name: [] for name in streams}
    query = (
        select(*_FACT.selected_columns, t.link.c.stream)
        .select_from(t.link)
        .join(t.entry, t.entry.c.statement == t.link.c.statement)
        .join(t.statement, t.statement.c.hash == t.link.c.statement)
        .join(t.author_head, t.author_head.c.key == t.statement.c.key)
        .outerjoin(t.leaf, t.leaf.c.statement == t.link.c.statement)
        .where(t.link.c.stream.in_(sorted(facts)))
    )
    for row in connection.execute(query):
        if (fact := _fact(row)) is not None:
            facts[row[-1]].append(fact)
    return facts


def _fact(row: Any) -> Fact | None:
    said_raw, entry_raw, _, party, person, roles, admin, server, vouched_by, revoked_at_seq = row[:10]
    accepted = entry.parse(entry_raw)
    if accepted.refused is not None:
        return None
    said = statement.parse(said_raw)
    return Fact(
        event=parse(said.type, said.body, ANY_CODES),
        by=Author(
            party=party,
            person=person,
            key=said.key,
            roles=frozenset(roles.split()),
            admin=bool(admin),
            server=bool(server),
            vouched_by=vouched_by,
            late=revoked_at_seq is not None and said.seq > revoked_at_seq,
        ),
        at=said.at,
        received_at=accepted.received_at,
        seq=said.seq,
        id=said.id,
        statement=said.hash.hex(),
    )
