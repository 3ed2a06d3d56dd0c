"""What a database administrator can do: change any stored value, triggers and foreign keys out of the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Table, text

from ledger.store.tables import INSERT_ONLY, metadata


@dataclass(frozen=True, slots=True)
class Place:
    """One value of one row; `key` are the primary key's columns as they were."""

    table: str
    column: str
    key: Mapping[str, Any]
    value: Any


def rows_of(engine: Engine, table: str) -> list[dict[str, Any]]:
    """All rows of a table, in the order of its primary key."""
    order = ", ".join(f'"{column.name}"' for column in metadata.tables[table].primary_key.columns)
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
