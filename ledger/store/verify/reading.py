"""Reads stored rows as they are, through the driver, and finds again what a changed key has torn apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Engine

from ledger.errors import LedgerError
from ledger.log import entry, statement
from ledger.log.entry import Entry, Link
from ledger.log.hashing import leaf_hash
from ledger.log.note import Note
from ledger.log.statement import Seen, Statement
from ledger.store.verify.findings import Difference, shown

Row = tuple[Any, ...]

# One entry with everything that is stored about it; `moved` leaves stand at another index than their own.
INDEX, LEAF, N, HASH, ID, RAW, KEY, SEQ, SAID, SIGNATURE = range(10)
_STATEMENT: Final = "s.hash, s.id, s.entry, s.key, s.seq, s.bytes, s.signature"
_RECORD: Final = f'SELECT l."index", l.hash, l.n, {_STATEMENT} FROM leaf l LEFT JOIN statement s ON s.n = l.n'
_WAITING: Final = f"SELECT p.n, NULL, p.n, {_STATEMENT} FROM pending p LEFT JOIN statement s ON s.n = p.n ORDER BY p.n"
_ORPHANS: Final = (
    "SELECT s.n, s.id, s.entry FROM statement s LEFT JOIN leaf l ON l.n = s.n LEFT JOIN pending p ON p.n = s.n"
    " WHERE l.n IS NULL AND p.n IS NULL"
)
_UNDER_LEAVES: Final = "SELECT s.n, s.entry, l.hash FROM statement s LEFT JOIN leaf l ON l.n = s.n"


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
        self._orphans: list[Row] | None = None
        self._strays: dict[bytes, int] | None = None
        self._streams = 0
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
        return self.rows(f'{_RECORD} WHERE l."index" >= {start} AND l."index" < {stop} ORDER BY l."index"')

    def records_at(self, indices: list[int]) -> list[Row]:
        """Everything stored under these indices, in order."""
        if _close(indices):
            wanted = set(indices)
            return [row for row in self.records(min(indices), max(indices) + 1) if row[INDEX] in wanted]
        return self.rows(f'{_RECORD} WHERE {among(indices)} ORDER BY l."index"')

    def entries(self, start: int, stop: int) -> list[Row]:
        """The entries' bytes of the indices [start, stop), in order."""
        return self.rows(
            "SELECT s.entry FROM leaf l JOIN statement s ON s.n = l.n"
            f' WHERE l."index" >= {start} AND l."index" < {stop} ORDER BY l."index"'
        )

    def waiting(self) -> list[Row]:
        """Entries without an index yet, in the order of their queue; INDEX holds their number."""
        return self.rows(_WAITING)

    def links_of(self, n: Any) -> list[tuple[str, int]]:
        """The rows of `link` for one statement: what stands in for an entry that cannot be read."""
        if type(n) is not int:
            return []
        found = self.rows(f"SELECT stream, seq FROM link WHERE n = {n} ORDER BY stream")
        return [(name, seq) for name, seq in found if type(name) is str and type(seq) is int]

    def links_between(self, spans: Sequence[tuple[str, int, int]]) -> Iterator[Row]:
        """The rows of `link` of these objects, each from one number up to another."""
        for first in range(0, len(spans), _LISTED):
            listed = ",".join(
                [f"({_text(name)},{start},{stop})" for name, start, stop in spans[first : first + _LISTED]]
            )
            yield from self.rows(
                f"WITH span(stream, start, stop) AS (VALUES {listed}) SELECT k.stream, k.seq, k.n FROM span"
                " JOIN link k ON k.stream = span.stream AND k.seq >= span.start AND k.seq < span.stop"
            )

    def indices_of(self, stream: str, before: int) -> list[int]:
        """Where the entries of a stream stand in the log, below an index."""
        found = self.rows(
            'SELECT l."index" FROM link k JOIN leaf l ON l.n = k.n'
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
            f'SELECT l."index" FROM link k JOIN leaf l ON l.n = k.n WHERE k.stream = {_text(stream)} AND k.seq = {seq}'
        )
        return found[0][0] if found else None

    def orphans(self) -> list[Row]:
        """(n, id, entry) of statements that no leaf and no queue names."""
        if self._orphans is None:
            self._orphans = self.rows(_ORPHANS)
        return self._orphans

    def only_orphan(self, index: int) -> Row | None:
        """The one statement that no leaf names, as the leaf at `index`."""
        if len(self.orphans()) != 1 or type(self.orphans()[0][2]) is not bytes:
            return None
        n, _, raw = self.orphans()[0]
        return self._filled((index, leaf_hash(raw), n), n)

    def rightful(self, row: Row) -> tuple[Row, Difference] | None:
        """The row with the statement that belongs there, when a changed number hides it, and what was changed.

        Leaf and statement name different numbers then: the links of the entry tell which of them is the right one.
        """
        table = "pending" if row[LEAF] is None else "leaf"
        n = self._only_orphan_number() if table == "pending" else self._stray(row[LEAF])
        if n is None:
            return None
        found = self._filled((*row[:N], n), n)
        if row[N] in self._numbers_in_links(found[RAW]):
            return (*found[:N], row[N], *found[HASH:]), _torn("statement", row, expected=row[N], got=n)
        return found, _torn(table, row, expected=n, got=row[N])

    def _only_orphan_number(self) -> int | None:
        return self.orphans()[0][0] if len(self.orphans()) == 1 else None

    def _stray(self, leaf: bytes) -> int | None:
        """The number of the statement whose entry has this leaf hash and stands under another leaf, or under none."""
        if self._strays is None:
            self._strays = {}
            for n, raw, under in self.stream(_UNDER_LEAVES):
                if type(raw) is bytes and (hash_ := leaf_hash(raw)) != under:
                    self._strays[hash_] = n
        return self._strays.get(leaf)

    def _filled(self, place: Row, n: int) -> Row:
        (found,) = self.rows(f"SELECT {_STATEMENT} FROM statement s WHERE s.n = {n}")
        return (*place, *found)

    def _numbers_in_links(self, raw: Any) -> set[int]:
        """The numbers under which `link` holds the links of an entry."""
        try:
            links = entry_in(raw).links
        except LedgerError:
            return set()
        return {n for link in links for _, _, n in self.links_between([(link.stream, link.seq, link.seq + 1)])}


def _torn(table: str, row: Row, *, expected: Any, got: Any) -> Difference:
    index = None if row[LEAF] is None else row[INDEX]
    return Difference(table=table, column="n", check="row", expected=shown(expected), got=shown(got), index=index)


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


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
