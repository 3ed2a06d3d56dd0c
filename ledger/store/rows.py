"""One writer's hands on the database: lock, read and write many rows in few steps, on SQLite and on PostgreSQL.

Rows go through the drivers' own bulk calls. Every write asserts how many rows it made: a silent conflict would be a
lost event.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from struct import Struct
from typing import Any, Final, Protocol

import orjson
import psycopg
from psycopg import errors as pg
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Engine

from ledger.errors import LedgerError
from ledger.store.failpoints import wrote
from ledger.store.tables import author_head, metadata

Row = tuple[Any, ...]


class RowsLost(LedgerError):
    """The database took another number of rows than it was given; the transaction is rolled back."""

    code = "rows-lost"
    zh = "写入 {table} 的行数不符"
    en = "the number of rows written to {table} differs"


class Conflict(Exception):
    """Somebody else's transaction came between; the whole flush is to be tried again."""


@dataclass(slots=True)
class StreamHead:
    """The end of one object's chain: newest seq (0: none), its leaf hash, the object's current state."""

    seq: int = 0
    leaf: bytes | None = None
    state: bytes | None = None


@dataclass(slots=True, kw_only=True)
class AuthorHead:
    """One row of `author_head`, field by field."""

    key: bytes
    stream: str
    public_key: bytes
    party: str
    person: str
    roles: str = ""
    admin: bool = False
    purpose: str = "statement"
    server: bool = False
    uses: int | None = None
    vouched_by: str | None = None
    seq: int = 0
    hash: bytes | None = None
    seen_size: int = 0
    revoked_last_seq: int | None = None
    revoked_at_seq: int | None = None

    def row(self) -> Row:
        return tuple(getattr(self, name) for name in AUTHOR_COLUMNS)

    def end(self) -> Row:
        """What moves, and the key."""
        return (self.seq, self.hash, self.seen_size, self.revoked_last_seq, self.revoked_at_seq, self.key)


AUTHOR_COLUMNS: Final = tuple(f.name for f in fields(AuthorHead))
assert tuple(c.name for c in author_head.columns) == AUTHOR_COLUMNS
_AUTHOR: Final = ", ".join(AUTHOR_COLUMNS)
_COLUMNS: Final = {name: tuple(c.name for c in table.columns) for name, table in metadata.tables.items()}


@dataclass(slots=True)
class Changes:
    """What one flush writes."""

    statement: list[Row] = field(default_factory=list)
    link: list[Row] = field(default_factory=list)
    posting: list[Row] = field(default_factory=list)
    streams: dict[str, StreamHead] = field(default_factory=dict)
    authors: dict[bytes, AuthorHead] = field(default_factory=dict)
    before: dict[str | bytes, int] = field(default_factory=dict)  # `seq` of the heads that moved, as it was
    born: set[bytes] = field(default_factory=set)  # keys in `authors` that are new rows
    others: dict[str, list[Row]] = field(default_factory=dict)  # rare tables, by name

    def add(self, table: str, row: Row) -> None:
        """One row of a rare table."""
        self.others.setdefault(table, []).append(row)


class Rows(Protocol):
    """A connection of its own, used by one thread at a time."""

    inline: bool
    """Whether the flush sequences its own entries (one writer at a time), or leaves them in `pending`."""

    for_update: str
    """What to append to a SELECT that locks its rows."""

    def begin(self) -> bool:
        """Start a writing transaction; False when what is remembered may be out of date and nobody would notice."""

    def lock(
        self,
        keys: Iterable[bytes],
        key_streams: Iterable[str],
        streams: Iterable[str],
        ids: Sequence[str],
        now: int | None = None,
    ) -> Locked:
        """Lock author heads, then stream heads, each sorted; then read which of `ids` are taken. `now` (Unix ms) says
        since when this append is under way."""

    def oldest_append(self) -> int | None:
        """Unix seconds since when the oldest append is under way, a commit that hangs included; None for none."""

    def author(self, key: bytes) -> AuthorHead:
        """A standing, read without a lock: all but `seq` and revocation never change."""

    def query(self, sql: str, *parameters: object) -> list[Row]:
        """Rows of a SELECT written with `?` for its parameters."""

    def execute(self, sql: str, *parameters: object) -> int:
        """How many rows a statement, with `?` for its parameters, changed."""

    def insert(self, table: str, rows: Sequence[Row]) -> None: ...

    def write(self, changes: Changes, guessed: Guess | None = None) -> None:
        """Write a flush; raises RowsLost. With a guess nothing was read before: raises Conflict when a head is not
        where it was remembered or an id is taken, and commits with the same round trip to a server."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Guess:
    """When a flush that locked nothing read the clock (Unix ms), and its `received_at`."""

    started: int
    received_at: str


@dataclass(slots=True)
class Locked:
    """What `lock` read: rows that exist, taken ids with their statement hash, the newest sequenced `received_at`."""

    authors: dict[bytes, AuthorHead]
    streams: dict[str, StreamHead]
    taken: dict[str, bytes]
    received_at: str


def open_rows(engine: Engine) -> Rows:
    """The writer's connection for this engine."""
    return SqliteRows(engine) if engine.dialect.name == "sqlite" else PostgresRows(engine)


def _counted(table: str, expected: int, got: int) -> None:
    if expected != got:
        raise RowsLost(table=table, expected=expected, got=got)


# ---------------------------------------------------------------------------------------------------- SQLite


_FEW: Final = 8


class SqliteRows:
    """BEGIN IMMEDIATE makes this the only writer, so heads may be remembered until another connection commits."""

    inline = True
    for_update = ""

    def __init__(self, engine: Engine) -> None:
        self._pooled = engine.raw_connection()
        self._connection: sqlite3.Connection = self._pooled.driver_connection  # type: ignore[assignment]
        self._version = -1

    def begin(self) -> bool:
        self._connection.execute("BEGIN IMMEDIATE")
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        known = self._version == version
        self._version = version
        return bool(known)

    def lock(
        self,
        keys: Iterable[bytes],
        key_streams: Iterable[str],
        streams: Iterable[str],
        ids: Sequence[str],
        now: int | None = None,
    ) -> Locked:
        many = self._connection.execute
        authors: dict[bytes, AuthorHead] = {}
        for column, wanted in (("key", keys), ("stream", key_streams)):
            for name in wanted:
                for row in many(f"SELECT {_AUTHOR} FROM author_head WHERE {column} = ?", (name,)):
                    authors[row[0]] = _author(row)
        found = self._among("SELECT stream, seq, leaf, state FROM stream_head WHERE stream", list(streams))
        heads = {row[0]: StreamHead(*row[1:]) for row in found}
        taken = {row[0]: row[1] for row in self._among("SELECT id, hash FROM statement WHERE id", ids)}
        return Locked(authors, heads, taken, "")

    def oldest_append(self) -> int | None:
        return None  # whoever asks is the only writer

    def _among(self, select: str, names: Sequence[str]) -> list[Row]:
        """One statement for any number of names: each step through the driver costs more than the row it reads."""
        if len(names) <= _FEW:
            return self._connection.execute(f"{select} IN ({', '.join('?' * len(names))})", names).fetchall()
        every = "(SELECT value FROM json_each(?))"
        return self._connection.execute(f"{select} IN {every}", (json.dumps(names),)).fetchall()

    def author(self, key: bytes) -> AuthorHead:
        (row,) = self.query(f"SELECT {_AUTHOR} FROM author_head WHERE key = ?", key)
        return _author(row)

    def query(self, sql: str, *parameters: object) -> list[Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str, *parameters: object) -> int:
        return self._connection.execute(sql, parameters).rowcount

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            cursor = self._connection.executemany(_INSERT_SQLITE[table], rows)
            _counted(table, len(rows), cursor.rowcount)
            wrote(table)

    def write(self, changes: Changes, guessed: Guess | None = None) -> None:
        try:
            self._write_entries(changes)
        except (sqlite3.IntegrityError, RowsLost) as error:
            if guessed is None:
                raise
            raise Conflict(str(error)) from error
        for table, rows in changes.others.items():
            self.insert(table, rows)

    def _write_entries(self, changes: Changes) -> None:
        many, before = self._connection.executemany, changes.before
        heads = [(name, head.seq, head.leaf, head.state, before[name]) for name, head in changes.streams.items()]
        if heads:  # before the rows that follow from them: a drum taken for a new one is found here
            _counted("stream_head", len(heads), many(_HEAD_SQLITE, heads).rowcount)
            wrote("stream_head")
        for table in ("statement", "link", "posting"):
            self.insert(table, getattr(changes, table))
        self.insert("author_head", [changes.authors[key].row() for key in changes.born])
        moved = [author.end() for key, author in changes.authors.items() if key not in changes.born]
        if moved:
            _counted("author_head", len(moved), many(_AUTHOR_SQLITE, moved).rowcount)
            wrote("author_head")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._pooled.close()


def _author(row: Row) -> AuthorHead:
    author = AuthorHead(**dict(zip(AUTHOR_COLUMNS, row, strict=True)))
    author.admin, author.server = bool(author.admin), bool(author.server)
    return author


def _insert_sqlite(table: str) -> str:
    columns = ", ".join(f'"{name}"' for name in _COLUMNS[table])
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(_COLUMNS[table]))})"


_INSERT_SQLITE: Final = {table: _insert_sqlite(table) for table in _COLUMNS}
_HEAD_SQLITE: Final = (
    f"{_INSERT_SQLITE['stream_head']} ON CONFLICT (stream) DO UPDATE"
    " SET seq = excluded.seq, leaf = excluded.leaf, state = excluded.state WHERE stream_head.seq = ?"
)
_AUTHOR_SQLITE: Final = (
    "UPDATE author_head SET seq = ?, hash = ?, seen_size = ?, revoked_last_seq = ?, revoked_at_seq = ? WHERE key = ?"
)


# ---------------------------------------------------------------------------------------------------- PostgreSQL


class PostgresRows:
    """Row locks in one agreed order. BEGIN, locks, rows and COMMIT are a round trip each; a flush that starts from
    remembered heads needs one for all. (psycopg's pipeline saves two on a local socket and costs more than it saves.)
    """

    inline = False
    for_update = " FOR UPDATE"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ahead_ms = 0  # the server's clock, as it was against ours when it was last asked
        self._pooled = engine.raw_connection()
        self._connection: psycopg.Connection[Row] = self._pooled.driver_connection  # type: ignore[assignment]

    def begin(self) -> bool:
        if self._connection.closed:
            self._pooled.invalidate()
            self._pooled = self._engine.raw_connection()
            self._connection = self._pooled.driver_connection  # type: ignore[assignment]
        return True  # psycopg says BEGIN with the first statement; heads are read when locked, or compared

    def lock(
        self,
        keys: Iterable[bytes],
        key_streams: Iterable[str],
        streams: Iterable[str],
        ids: Sequence[str],
        now: int | None = None,
    ) -> Locked:
        named = (("b", keys), ("t", key_streams), ("t", sorted(streams)), ("t", ids))
        with _conflicts():
            if self._connection.pgconn.transaction_status == TransactionStatus.IDLE:
                _done(self._connection.pgconn.exec_(b"BEGIN"))
            result = self._call(_LOCK, [_since(now), *(_binary(type_, names) for type_, names in named)])
        found = orjson.loads(result.get_value(0, 2) or b"")
        if now is not None:
            self._ahead_ms = int(result.get_value(0, 3) or b"") - now
        authors = [_author_in_json(each) for each in found["authors"] or ()]
        return Locked(
            {author.key: author for author in authors},
            {name: StreamHead(seq, _bytes(leaf), _bytes(state)) for name, seq, leaf, state in found["heads"] or ()},
            {id_: bytes.fromhex(hash_[2:]) for id_, hash_ in (found["taken"] or {}).items()},
            found["received_at"] or "",
        )

    def oldest_append(self) -> int | None:
        ((_, since),) = self.query(_OLDEST_APPEND)
        return None if since is None else since + _EPOCH_S

    def author(self, key: bytes) -> AuthorHead:
        (row,) = self.query(f"SELECT {_AUTHOR} FROM author_head WHERE key = ?", key)
        return _author(row)

    def query(self, sql: str, *parameters: object) -> list[Row]:
        with _conflicts():
            return self._connection.execute(_pg(sql), parameters).fetchall()

    def execute(self, sql: str, *parameters: object) -> int:
        with _conflicts():
            return self._connection.execute(_pg(sql), parameters).rowcount

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            with _conflicts():
                columns = [_array(column) for column in zip(*rows, strict=True)]
                cursor = self._connection.execute(_INSERT_PG[table].encode(), columns)
            _counted(table, len(rows), cursor.rowcount)
            wrote(table)

    def write(self, changes: Changes, guessed: Guess | None = None) -> None:
        self.insert("author_head", [changes.authors[key].row() for key in changes.born])
        if changes.statement:
            self._write_entries(changes, guessed)
        for table, rows in changes.others.items():
            self.insert(table, rows)

    def _write_entries(self, changes: Changes, guessed: Guess | None) -> None:
        before, heads = changes.before, changes.streams
        moved = [author for key, author in changes.authors.items() if key not in changes.born]
        parameters: list[bytes | None] = [None, None, None]
        if guessed is not None:
            self._connection.rollback()  # what was read before; outside a transaction the call commits by itself
            ahead = guessed.started + self._ahead_ms
            parameters = [_since(guessed.started), ahead.to_bytes(8), guessed.received_at.encode()]
        parameters += [
            *_columns("qqbqqqb", [(before.get(a.key, a.seq), *a.end()) for a in moved]),
            *_columns("tqqbb", [(name, before[name], head.seq, head.leaf, head.state) for name, head in heads.items()]),
            *_columns("bbqtbbb", [row[1:] for row in changes.statement]),
            *_columns("tqq", changes.link),
            *_columns("qqqtqtttttttttt", changes.posting),
        ]
        try:
            with _conflicts():
                self._call(_APPEND, parameters)
        except pg.AssertFailure as error:
            raise RowsLost(table="statement", detail=str(error)) from error

    def _call(self, sql: bytes, parameters: Sequence[bytes | None]) -> PGresult:
        """By libpq's own prepared statements: for one event alone psycopg took as long as the server. What psycopg
        prepares itself it forgets with a rollback, and all other statements with it: here it prepares none."""
        self._connection.prepare_threshold = None
        server, known = self._connection.pgconn, self._pooled.info.setdefault("prepared", {})
        if sql not in known:
            _done(server.prepare(b"rows%d" % len(known), sql))
            known[sql] = b"rows%d" % len(known)
        try:
            formats = [1] * len(parameters)
            return _done(server.exec_prepared(known[sql], parameters, formats))  # type: ignore[arg-type]
        except pg.InvalidSqlStatementName:  # psycopg had some of its own
            known.clear()
            raise

    def commit(self) -> None:
        with _conflicts():
            self._connection.commit()

    def rollback(self) -> None:
        if not self._connection.closed:
            self._connection.rollback()

    def close(self) -> None:
        self._pooled.close()


_CONFLICTS: Final = (
    pg.DeadlockDetected, pg.SerializationFailure, pg.UniqueViolation, pg.LockNotAvailable,
    pg.IdleInTransactionSessionTimeout,  # this process stood still: the locks are gone
    pg.InvalidSqlStatementName,  # what was prepared is forgotten
)  # fmt: skip


class _conflicts:
    """Turns what PostgreSQL says when transactions met into `Conflict`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, _CONFLICTS):
            raise Conflict(str(error)) from error


def _bytes(text: str | None) -> bytes | None:
    """PostgreSQL writes bytes into JSON as `\\x` and hex."""
    return None if text is None else bytes.fromhex(text[2:])


def _done(result: PGresult) -> PGresult:
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return result
    if result.error_field(DiagnosticField.SQLSTATE):
        raise pg.error_from_result(result)
    raise psycopg.OperationalError(result.get_error_message())  # the server is gone


def _since(now: int | None) -> bytes | None:
    return None if now is None else (now // 1000 - _EPOCH_S).to_bytes(4, signed=True)


_OIDS: Final = {"q": 20, "b": 17, "t": 25}  # bigint, bytea, text
_ARRAY: Final = Struct(">iiIii").pack  # dimensions, whether with NULLs, element type, length, lower bound
_LENGTH: Final = Struct(">i").pack
_BIGINT: Final = Struct(">iq").pack
_NULL: Final = _LENGTH(-1)


def _columns(types: str, rows: Sequence[Row]) -> list[bytes]:
    """Each column as an array in the server's binary form: it has nothing to parse."""
    columns = zip(*rows, strict=True) if rows else [()] * len(types)
    return [_binary(type_, column) for type_, column in zip(types, columns, strict=True)]


def _binary(type_: str, column: Iterable[Any]) -> bytes:
    match type_:
        case "q":
            parts = [_NULL if value is None else _BIGINT(8, value) for value in column]
        case "t":
            parts = [_LENGTH(len(raw)) + raw for raw in map(str.encode, column)]
        case _:
            parts = [_NULL if value is None else _LENGTH(len(value)) + value for value in column]
    if not parts:
        return _EMPTY[type_]
    return _ARRAY(1, _NULL in parts, _OIDS[type_], len(parts), 1) + b"".join(parts)


_EMPTY: Final = {type_: Struct(">iiI").pack(0, 0, oid) for type_, oid in _OIDS.items()}


def _author_in_json(found: dict[str, Any]) -> AuthorHead:
    hashes = {name: _bytes(found[name]) for name in ("key", "public_key", "hash")}
    return AuthorHead(**found | hashes)


def _array(values: Iterable[Any]) -> str:
    """The text of an array; psycopg's own way through a list costs some fifty microseconds a column."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if type(value) is bytes:
        return f'"\\\\x{value.hex()}"'
    if type(value) is str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def _pg(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()


_PG_TYPES: Final = {"BLOB": "bytea", "BIGINT": "bigint", "INTEGER": "bigint", "TEXT": "text", "BOOLEAN": "boolean"}


def _type(table: str, column: str) -> str:
    return _PG_TYPES[str(metadata.tables[table].columns[column].type)]


def _insert_pg(table: str) -> str:
    columns = _COLUMNS[table]
    quoted = ", ".join(f'"{name}"' for name in columns)
    arrays = ", ".join(f"%s::{_type(table, name)}[]" for name in columns)
    return f"INSERT INTO {table} ({quoted}) SELECT * FROM unnest({arrays})"


_INSERT_PG: Final = {table: _insert_pg(table) for table in _COLUMNS}

# Readers rely on `received_at` stepping back by 10 s at most along the log, and a commit may hang for longer. So an
# append shows since when it is under way by a lock that its transaction holds until its rows can be seen: the
# sequencer waits for it. A process that stops half way loses its transaction, and with it the locks that others need.
_EPOCH_S: Final = 1_577_836_800  # 2020: seconds since then fit into 31 bits
_CLASS: Final = 0x5741_5354
_STOPPED: Final = "set_config('idle_in_transaction_session_timeout', '{}', true)"
_LOCK: Final = (
    f"SELECT {_STOPPED.format('5s')}, pg_advisory_xact_lock_shared({_CLASS}, $1), lock_heads($2, $3, $4, $5),"
    " (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
).encode()
_OLDEST_APPEND: Final = (
    f"SELECT {_STOPPED.format('4s')}, min(objid::bigint) FROM pg_locks"
    f" WHERE locktype = 'advisory' AND classid = {_CLASS}"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_APPEND: Final = f"SELECT append_entries({_CLASS}, {', '.join(f'${n}' for n in range(1, 41))})".encode()
