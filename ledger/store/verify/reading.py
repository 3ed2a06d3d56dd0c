"""Reads stored rows as they are, through the driver, and finds again what a changed key has torn apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Engine

from ledger.log import entry, statement
from ledger.log.entry import Entry, Link
from ledger.log.hashing import leaf_hash
from ledger.log.note import Note
from ledger.log.statement import Seen, Statement, statement_hash
from ledger.store.verify.findings import Difference, shown

Row = tuple[Any, ...]

# One entry with everything that is stored about it; `moved` leaves stand at another index than their own.
INDEX, LEAF, HASH, ID, RAW, KEY, SEQ, SAID, SIGNATURE = range(9)
_JOINED: Final = (
    "FROM leaf l LEFT JOIN entry e ON e.statement = l.statement LEFT JOIN statement s ON s.hash = l.statement"
)
_COLUMNS: Final = 'SELECT l."index", l.hash, l.statement, e.id, e.bytes, s.key, s.seq, s.bytes, s.signature'
_RECORD: Final = f"{_COLUMNS} {_JOINED}"
# A SQLite ledger's rows lie in the order of the log: read so, nothing has to be looked up by its hash.
_IN_ORDER: Final = (
    f'{_COLUMNS} FROM leaf l LEFT JOIN entry e ON e.rowid = l."index" + 1 AND +e.statement = l.statement'
    ' LEFT JOIN statement s ON s.rowid = l."index" + 1 AND +s.hash = l.statement'
)
_WAITING: Final = (
    "SELECT p.id, NULL, p.statement, e.id, e.bytes, s.key, s.seq, s.bytes, s.signature FROM pending p"
    " LEFT JOIN entry e ON e.statement = p.statement LEFT JOIN statement s ON s.hash = p.statement ORDER BY p.id"
)
_ORPHAN_ENTRIES: Final = (
    "SELECT e.statement, e.id, e.bytes FROM entry e LEFT JOIN leaf l ON l.statement = e.statement"
    " LEFT JOIN pending p ON p.statement = e.statement WHERE l.statement IS NULL AND p.statement IS NULL"
)
_ORPHAN_STATEMENTS: Final = (
    "SELECT s.hash, s.key, s.seq, s.bytes, s.signature FROM statement s LEFT JOIN entry e ON e.statement = s.hash"
    " WHERE e.statement IS NULL"
)


_CACHE_KB: Final = 8_192
_LISTED: Final = 500  # names in one query

# What reading a document loosely can raise when it is not what it should be.
UNREADABLE: Final = (AttributeError, KeyError, TypeError, ValueError)


class Reader:
    """One connection in one read transaction. Values are what the driver gives, of whatever type they came to have."""

    def __init__(self, engine: Engine) -> None:
        self.sqlite = engine.dialect.name == "sqlite"
        isolation = {} if self.sqlite else {"isolation_level": "REPEATABLE READ"}
        self.connection = engine.connect().execution_options(**isolation)
        self.connection.exec_driver_sql("SELECT 1")  # begins the transaction
        self._driver: Any = self.connection.connection.driver_connection
        self._orphans: tuple[list[Row], list[Row]] | None = None
        self._streams = 0
        self._in_order = self.sqlite
        if self.sqlite:
            self.rows(f"PRAGMA cache_size=-{_CACHE_KB}")  # what is read once in order needs none

    def close(self) -> None:
        self.connection.close()

    def rows(self, sql: str) -> list[Row]:
        """All rows of a SELECT without parameters."""
        cursor = self._driver.cursor()
        found: list[Row] = cursor.execute(sql).fetchall()
        cursor.close()
        return found

    def stream(self, sql: str) -> Iterator[Row]:
        """Rows one after another, never all of them in memory."""
        self._streams += 1
        cursor = self._driver.cursor() if self.sqlite else self._driver.cursor(f"verify{self._streams}", binary=True)
        cursor.arraysize = 5_000
        cursor.execute(sql)
        while some := cursor.fetchmany(5_000):
            yield from some
        cursor.close()

    def records(self, start: int, stop: int) -> list[Row]:
        """Everything stored under the indices [start, stop), in order."""
        where = f'WHERE l."index" >= {start} AND l."index" < {stop} ORDER BY l."index"'
        if self._in_order:
            found = self.rows(f"{_IN_ORDER} {where}")
            strays = sum(row[RAW] is None or row[SAID] is None for row in found)
            if not strays:
                return found
            self._in_order = 2 * strays < len(found)
        return self.rows(f"{_RECORD} {where}")

    def records_at(self, indices: list[int]) -> list[Row]:
        """Everything stored under these indices, in order."""
        if _close(indices):
            wanted = set(indices)
            return [row for row in self.records(min(indices), max(indices) + 1) if row[INDEX] in wanted]
        return self.rows(f'{_RECORD} WHERE {among(indices)} ORDER BY l."index"')

    def entries(self, start: int, stop: int) -> list[Row]:
        """The entries' bytes of the indices [start, stop), in order."""
        return self.rows(
            "SELECT e.bytes FROM leaf l JOIN entry e ON e.statement = l.statement"
            f' WHERE l."index" >= {start} AND l."index" < {stop} ORDER BY l."index"'
        )

    def waiting(self) -> list[Row]:
        """Entries without an index yet, in the order of their queue; INDEX holds the queue's number."""
        return self.rows(_WAITING)

    def links_of(self, hash_: bytes) -> list[tuple[str, int]]:
        """The rows of `link` for one statement: what stands in for an entry that cannot be read."""
        literal = _blob(hash_, self.sqlite)
        found = self.rows(f"SELECT stream, seq FROM link WHERE statement = {literal} ORDER BY stream")
        return [(name, seq) for name, seq in found if type(name) is str and type(seq) is int]

    def links_between(self, spans: Sequence[tuple[str, int, int]]) -> Iterator[Row]:
        """The rows of `link` of these objects, each from one number up to another."""
        for first in range(0, len(spans), _LISTED):
            listed = ",".join(
                [f"({_text(name)},{start},{stop})" for name, start, stop in spans[first : first + _LISTED]]
            )
            yield from self.rows(
                f"WITH span(stream, start, stop) AS (VALUES {listed}) SELECT k.stream, k.seq, k.statement FROM span"
                " JOIN link k ON k.stream = span.stream AND k.seq >= span.start AND k.seq < span.stop"
            )

    def indices_of(self, stream: str, before: int) -> list[int]:
        """Where the entries of a stream stand in the log, below an index."""
        found = self.rows(
            'SELECT l."index" FROM link k JOIN leaf l ON l.statement = k.statement'
            f' WHERE k.stream = {_text(stream)} AND l."index" < {before} ORDER BY k.seq'
        )
        return [index for (index,) in found]

    def heads(self, streams: Sequence[str]) -> Iterator[Row]:
        """(stream, seq, leaf, whether it has a state) of these objects' heads."""
        for first in range(0, len(streams), _LISTED):
            listed = ",".join(map(_text, streams[first : first + _LISTED]))
            yield from self.rows(
                f"SELECT stream, seq, leaf, state IS NOT NULL FROM stream_head WHERE stream IN ({listed})"
            )

    def index_of(self, stream: str, seq: int) -> int | None:
        """Where the entry with this link stands in the log, by the rows beside it."""
        found = self.rows(
            'SELECT l."index" FROM link k JOIN leaf l ON l.statement = k.statement'
            f" WHERE k.stream = {_text(stream)} AND k.seq = {seq}"
        )
        return found[0][0] if found else None

    def orphans(self) -> tuple[list[Row], list[Row]]:
        """Entries that no leaf and no queue names, and statements that no entry names."""
        if self._orphans is None:
            self._orphans = (self.rows(_ORPHAN_ENTRIES), self.rows(_ORPHAN_STATEMENTS))
        return self._orphans

    def only_orphan(self, index: int) -> Row | None:
        """The one entry that no leaf names, as the leaf at `index`."""
        entries = self.orphans()[0]
        if len(entries) != 1 or type(entries[0][2]) is not bytes:
            return None
        hash_, id_, raw = entries[0]
        return self._statement_of((index, leaf_hash(raw), hash_, id_, raw, None, None, None, None))

    def repaired(self, row: Row, differences: list[Difference]) -> Row:
        """The row with what belongs to it although a changed key hides it; says which key was changed."""
        if row[RAW] is None:
            row = self._with_entry(row, differences)
        if row[SAID] is None:
            row = self._with_statement(row, differences)
        return row

    def _with_entry(self, row: Row, differences: list[Difference]) -> Row:
        table = "leaf" if row[LEAF] is not None else "pending"
        index = row[INDEX] if table == "leaf" else None
        for hash_, id_, raw in self.orphans()[0]:
            if type(raw) is not bytes:
                continue
            named = said_by(raw)
            if named == row[HASH]:  # the entry names the statement that the leaf names: its own row's key was changed
                differences.append(_torn("entry", "statement", index, expected=row[HASH], got=hash_))
                return (*row[:ID], id_, raw, *row[KEY:])
            if table == "leaf" and leaf_hash(raw) == row[LEAF] and named == hash_:
                differences.append(_torn("leaf", "statement", index, expected=hash_, got=row[HASH]))
                return self._statement_of((*row[:HASH], hash_, id_, raw, *row[KEY:]))
        if table == "pending" and len(self.orphans()[0]) == 1:
            hash_, id_, raw = self.orphans()[0][0]
            differences.append(_torn("pending", "statement", None, expected=hash_, got=row[HASH]))
            return self._statement_of((*row[:HASH], hash_, id_, raw, *row[KEY:]))
        differences.append(_torn("entry", "statement", index, expected=row[HASH], got=None))
        return row

    def _statement_of(self, row: Row) -> Row:
        literal = _blob(row[HASH], self.sqlite)
        found = self.rows(f"SELECT key, seq, bytes, signature FROM statement WHERE hash = {literal}")
        return (*row[:KEY], *(found[0] if found else (None,) * 4))

    def _with_statement(self, row: Row, differences: list[Difference]) -> Row:
        index = row[INDEX] if row[LEAF] is not None else None
        for hash_, *rest in self.orphans()[1]:
            if type(rest[2]) is bytes and statement_hash(rest[2]) == row[HASH]:
                differences.append(_torn("statement", "hash", index, expected=row[HASH], got=hash_))
                return (*row[:KEY], *rest)
        differences.append(_torn("statement", "hash", index, expected=row[HASH], got=None))
        return row


def _torn(table: str, column: str, index: int | None, *, expected: Any, got: Any) -> Difference:
    said = "no row" if got is None else shown(got)
    return Difference(table=table, column=column, check="row", expected=shown(expected), got=said, index=index)


def said_by(raw: Any) -> bytes | None:
    """The statement hash inside an entry's bytes, when they can be read at all."""
    try:
        return bytes.fromhex(orjson.loads(raw)["statement"])
    except UNREADABLE:
        return None


def statement_in(raw: Any, hash_: bytes | None = None) -> Statement:
    """The statement in a stored value of any type; raises what `statement.parse` raises."""
    return statement.parse(raw, hash_) if type(raw) is bytes else statement.parse(b"")


def entry_in(raw: Any) -> Entry:
    """The entry in a stored value of any type; raises what `entry.parse` raises."""
    return entry.parse(raw if type(raw) is bytes else b"")


def known_statement(raw: bytes, hash_: bytes) -> Statement:
    """A statement whose form was checked before, read without checking it again."""
    document = orjson.loads(raw)
    seen = document.pop("seen")
    del document["v"]
    about = tuple(document.pop("about"))
    optional = {"custody": None, "prev": None}
    return Statement(**(optional | document), about=about, seen=Seen(**seen), raw=raw, hash=hash_)


def known_entry(raw: bytes) -> Entry:
    """An entry whose form was checked before, read without checking it again."""
    document = orjson.loads(raw)
    return Entry(
        statement=document["statement"],
        signature=document["signature"],
        received_at=document["received_at"],
        refused=document.get("refused"),
        links=tuple([Link(link["stream"], link["seq"], link.get("prev")) for link in document["links"]]),
    )


def among(indices: Sequence[int]) -> str:
    """The condition on `leaf l` for these indices or, where they lie close together, those between as well."""
    if _close(indices):
        return f'l."index" >= {min(indices)} AND l."index" <= {max(indices)}'
    return f'l."index" IN ({",".join(map(str, indices)) or "NULL"})'


def _close(indices: Sequence[int]) -> bool:
    return len(indices) > 1 and max(indices) - min(indices) < 2 * len(indices)


def note_in(raw: Any) -> Note:
    """The note in a stored value of any type; raises BadNote."""
    return Note.parse(raw if type(raw) is bytes else b"")


def _blob(value: Any, sqlite: bool) -> str:
    digits = value.hex() if isinstance(value, bytes) else ""
    return f"x'{digits}'" if sqlite else f"'\\x{digits}'::bytea"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
