"""What a database administrator can do: change any stored value, triggers and foreign keys out of the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, select, text, update

from ledger.log import entry
from ledger.log.checkpoint import Checkpoint, sign_checkpoint
from ledger.log.entry import Entry
from ledger.log.hashing import leaf_hash
from ledger.log.merkle import Frontier, root_of
from ledger.log.note import SignerKey
from ledger.store import tables as t
from ledger.store.tables import INSERT_ONLY, metadata


@dataclass(frozen=True, slots=True)
class Place:
    """One value of one row; `key` are the primary key's columns as they were."""

    table: str
    column: str
    key: Mapping[str, Any]
    value: Any


def rows_of(engine: Engine, table: str) -> list[dict[str, Any]]:
    """All rows of a table, in the order of its primary key; statements by hash, so that each stands anywhere."""
    keys = [column.name for column in metadata.tables[table].primary_key.columns]
    order = "hash" if table == "statement" else ", ".join(f'"{name}"' for name in keys)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f'SELECT * FROM "{table}" ORDER BY {order}')
        return [dict(row._mapping) for row in found]


def place(table: str, column: str, row: Mapping[str, Any]) -> Place:
    keys = [each.name for each in metadata.tables[table].primary_key.columns]
    return Place(table, column, {name: row[name] for name in keys}, row[column])


def put(engine: Engine, there: Place, value: Any) -> None:
    """Write `value` there, past every guard rail, and commit."""
    with unguarded(engine) as connection:
        _update(connection, there, there.key, value)


@contextmanager
def changed(engine: Engine, there: Place, value: Any) -> Iterator[None]:
    """The ledger with `value` there; afterwards as it was."""
    put(engine, there, value)
    try:
        yield
    finally:
        key = {**there.key, there.column: value} if there.column in there.key else there.key
        with unguarded(engine) as connection:
            _update(connection, there, key, there.value)


@contextmanager
def unguarded(engine: Engine) -> Iterator[Connection]:
    """A transaction of somebody whom triggers and foreign keys do not stop."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
            driver.execute("PRAGMA foreign_keys=OFF")
            for table in INSERT_ONLY:
                for verb in ("update", "delete"):
                    driver.execute(f"DROP TRIGGER IF EXISTS {table}_refuses_{verb}")
        else:
            connection.execute(text("SET session_replication_role = replica"))
        yield connection
        connection.commit()
        if engine.dialect.name == "sqlite":
            driver.execute("PRAGMA foreign_keys=ON")
        else:
            connection.execute(text("SET session_replication_role = origin"))
            connection.commit()


def _update(connection: Connection, there: Place, key: Mapping[str, Any], value: Any) -> None:
    where = " AND ".join(f'"{name}" = :k_{name}' for name in key)
    parameters = {f"k_{name}": part for name, part in key.items()} | {"value": value}
    done = connection.execute(text(f'UPDATE "{there.table}" SET "{there.column}" = :value WHERE {where}'), parameters)
    assert done.rowcount == 1, f"{there}: expected to change one row, changed {done.rowcount}"


def delete(engine: Engine, there: Place) -> None:
    """Remove a whole row."""
    with unguarded(engine) as connection:
        where = " AND ".join(f'"{name}" = :{name}' for name in there.key)
        assert connection.execute(text(f'DELETE FROM "{there.table}" WHERE {where}'), dict(there.key)).rowcount == 1


def exchange(engine: Engine, table: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    """Give each of two rows the other's number; a second time puts them back."""
    keys = [column.name for column in metadata.tables[table].columns if column.name != "n"]
    where = " AND ".join(f'"{name}" = :{name}' for name in keys)
    with unguarded(engine) as connection:
        named = [{name: row[name] for name in keys} for row in (one, other)]
        select_n = text(f'SELECT n FROM "{table}" WHERE {where}')
        mine, theirs = (connection.execute(select_n, each).scalar_one() for each in named)
        for each, n in ((named[0], -1), (named[1], mine), (named[0], theirs)):
            put_n = text(f'UPDATE "{table}" SET n = :new WHERE {where}')
            assert connection.execute(put_n, each | {"new": n}).rowcount == 1


def another(table: Table, column: str, value: Any) -> Any:
    """A value of the same kind that differs in one bit or one letter."""
    match value:
        case None:
            kind = str(table.columns[column].type)
            return {"BLOB": b"\x01" * 32, "BIGINT": 7, "INTEGER": 7}.get(kind, "x")
        case bool():
            return not value
        case int():
            return 1 - value if str(table.columns[column].type) == "BOOLEAN" else value + 1_000
        case bytes():
            return value[:-5] + bytes([value[-5] ^ 1]) + value[-4:] if len(value) > 4 else value + b"\x01"
        case str():
            return value[:-1] + ("1" if value[-1:] != "1" else "2")
        case _:
            raise AssertionError(f"{table.name}.{column}: expected a stored value, got {value!r}")


def rewritten(engine: Engine, log: SignerKey, index: int, change: Callable[[Entry], Entry]) -> None:
    """What an operator with the log's key can do: change one entry and recompute every hash that follows from it.

    Links, leaves, heads, tiles, frontier and checkpoints agree with each other afterwards, and the log key signs them.
    """
    leaves: dict[str, str] = {}
    hashes: list[bytes] = []
    newest = ""
    with unguarded(engine) as connection:
        query = select(t.leaf.c.index, t.leaf.c.n, t.statement.c.entry).join(t.statement, t.statement.c.n == t.leaf.c.n)
        for place_, n, stored in connection.execute(query.order_by(t.leaf.c.index)).all():
            was = entry.parse(stored)
            new = change(was) if place_ == index else was
            links = [link._replace(prev=leaves.get(link.stream)) for link in new.links]
            raw = entry.build(
                statement=new.statement,
                signature=new.signature,
                received_at=new.received_at,
                refused=new.refused,
                links=links,
            )
            leaf = leaf_hash(raw)
            hashes.append(leaf)
            newest = max(newest, new.received_at)
            leaves |= {link.stream: leaf.hex() for link in links}
            connection.execute(update(t.statement).where(t.statement.c.n == n).values(entry=raw))
            connection.execute(update(t.leaf).where(t.leaf.c.index == place_).values(hash=leaf))
        for stream, leaf_hex in leaves.items():
            connection.execute(
                update(t.stream_head).where(t.stream_head.c.stream == stream).values(leaf=bytes.fromhex(leaf_hex))
            )
        frontier, signed = Frontier(), dict[int, bytes]()
        for leaf in hashes:
            frontier.append(leaf)
            signed[frontier.size] = frontier.root()
        state = {"root": frontier.root(), "frontier": frontier.to_bytes(), "received_at": newest}
        connection.execute(update(t.log_state).values(**state))
        for size in connection.execute(select(t.checkpoint.c.size)).scalars().all():
            note = sign_checkpoint(Checkpoint(origin=log.name, size=size, root=signed[size]), log).encode()
            row_of = t.checkpoint.c.size == size
            connection.execute(update(t.checkpoint).where(row_of).values(root=signed[size], note=note))
        for number in range(len(hashes) // 256):
            tile = hashes[number * 256 : number * 256 + 256]
            row_of_tile = (t.tile.c.level == 0) & (t.tile.c.number == number)
            connection.execute(update(t.tile).where(row_of_tile).values(root=root_of(tile), hashes=b"".join(tile)))
