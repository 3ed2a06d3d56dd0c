"""Reads stored rows as they are, through the driver, and finds again what a changed key has torn apart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import Engine

from ledger.errors import LedgerError
from ledger.log import entry, statement
from ledger.log.entry import Entry, Link
from ledger.log.hashing import leaf_hash
from ledger.log.note import Note
from ledger.log.statement import Statement
from ledger.log.wire import SIZE_MAX
from ledger.store.verify.findings import Difference, shown

Row = tuple[Any, ...]

# One entry with everything that is stored about it; `moved` leaves stand at another index than their own.
INDEX, LEAF, N, HASH, ID, RAW, KEY, SEQ, SAID, SIGNATURE = range(10)
_STATEMENT: Final = "s.hash, s.id, s.entry, s.key, s.seq, s.bytes, s.signature"
_RECORD: Final = f'SELECT l."index", l.hash, l.n, {_STATEMENT} FROM leaf l LEFT JOIN statement s ON s.n = l.n'
_LEAVES: Final = 'SELECT l."index", l.hash, l.n FROM leaf l'
_NUMBERED: Final = f"SELECT s.n, {_STATEMENT} FROM statement s WHERE s.n >= %b AND s.n <= %b"
_NOTHING: Final = (None,) * 7  # of a statement that is not there
_WAITING: Final = f"SELECT p.n, NULL, p.n, {_STATEMENT} FROM pending p LEFT JOIN statement s ON s.n = p.n ORDER BY p.n"
_ORPHANS: Final = (
    "SELECT s.n, s.id, s.entry FROM statement s LEFT JOIN leaf l ON l.n = s.n LEFT JOIN pending p ON p.n = s.n"
    " WHERE l.n IS NULL AND p.n IS NULL"
)
_UNDER_LEAVES: Final = "SELECT s.n, s.entry, l.hash FROM statement s LEFT JOIN leaf l ON l.n = s.n"


# Many names are a parameter, so that no statement is ever read twice by the database: on PostgreSQL one text, as the
# driver writes lists element by element.
_SEPARATOR: Final = "\x1f"
_NAMES: Final = "string_to_array(%b, E'\\x1f')"
_HEADS: Final = "SELECT h.stream, h.seq, h.leaf, h.state IS NOT NULL FROM"
_HEADS_SQLITE: Final = f"{_HEADS} json_each(?) j CROSS JOIN stream_head h ON h.stream = j.value"
_HEADS_POSTGRES: Final = f"{_HEADS} stream_head h WHERE h.stream = ANY({_NAMES})"
_STATES_SQLITE: Final = (
    "SELECT h.stream, h.leaf, h.state FROM json_each(?) j CROSS JOIN stream_head h ON h.stream = j.value"
)
_STATES_POSTGRES: Final = f"SELECT h.stream, h.leaf, h.state FROM stream_head h WHERE h.stream = ANY({_NAMES})"
_LINKS_SQLITE: Final = (
    "SELECT k.seq, k.n FROM json_each(?) j CROSS JOIN link k"
    " ON k.stream = j.key AND k.seq >= j.value AND k.seq < j.value + ?"
)
# Sorted inside, so that each object is sought: joined otherwise, the whole table would be read every time.
_LINKS_POSTGRES: Final = (
    f"SELECT k.seq, k.n FROM unnest({_NAMES}, string_to_array(%b, ',')::bigint[], string_to_array(%b, ',')::bigint[])"
    " AS span(stream, first, last) CROSS JOIN"
    " LATERAL (SELECT * FROM link WHERE stream = span.stream AND seq >= first AND seq <= last ORDER BY seq) k"
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
        self._orphans: list[Row] | None = None
        self._strays: dict[bytes, int] | None = None
        self._streams = 0
        if self.sqlite:
            self.rows(f"PRAGMA cache_size=-{_CACHE_KB}")  # what is read once in order needs none

    def close(self) -> None:
        if self.sqlite:
            self._driver.text_factory = str
        self.connection.close()

    def rows(self, sql: str, *parameters: Any) -> list[Row]:
        """All rows of a SELECT; its parameters are written as the driver wants them."""
        if not self.sqlite:
            with self._driver.cursor(binary=True) as cursor:
                found: list[Row] = cursor.execute(sql, parameters or None).fetchall()
                return found
        try:
            return self._driver.execute(sql, parameters).fetchall()  # type: ignore[no-any-return]
        except sqlite3.OperationalError as error:
            self._read_any_text(error)
            return self._driver.execute(sql, parameters).fetchall()  # type: ignore[no-any-return]

    def stream(self, sql: str) -> Iterator[Row]:
        """Rows one after another, never all of them in memory."""
        if not self.sqlite:
            self._streams += 1
            with self._driver.cursor(f"verify{self._streams}", binary=True) as cursor:
                cursor.execute(sql)
                while some := cursor.fetchmany(5_000):
                    yield from some
            return
        done, rows = 0, self._driver.execute(sql)
        while True:
            try:
                some = rows.fetchmany(5_000)
            except sqlite3.OperationalError as error:
                self._read_any_text(error)
                rows = self._driver.execute(f"{sql} LIMIT -1 OFFSET {done}")
                continue
            if not some:
                return
            done += len(some)
            yield from some

    def _read_any_text(self, error: sqlite3.OperationalError) -> None:
        """From now on read also what no text has, which SQLite takes for one: bytes that are not UTF-8."""
        if "decode" not in str(error) or self._driver.text_factory is not str:
            raise error
        self._driver.text_factory = partial(str, encoding="utf-8", errors="backslashreplace")

    def records(self, start: int, stop: int) -> list[Row]:
        """Everything stored under the indices [start, stop), in order."""
        where = f' WHERE l."index" >= {start} AND l."index" < {stop} ORDER BY l."index"'
        if self.sqlite:
            return self.rows(_RECORD + where)
        # Nearly always statements lie in the order of their leaves: read one after another, and not each sought.
        leaves = self.rows(_LEAVES + where)
        numbers = [leaf[N] for leaf in leaves if type(leaf[N]) is int]
        if not numbers or max(numbers) - min(numbers) > 2 * len(numbers):
            return self.rows(_RECORD + where)
        said = {row[0]: row[1:] for row in self.rows(_NUMBERED, min(numbers), max(numbers))}
        return [leaf + said.get(leaf[N], _NOTHING) for leaf in leaves]

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

    def kinds(self) -> dict[str, str]:
        """What each name in the schema is; "table" is a plain one, which shows everybody the same and no row twice."""
        if self.sqlite:
            found = self.rows(
                "SELECT name, CASE WHEN sql LIKE 'CREATE VIRTUAL%' THEN 'virtual' WHEN type = 'table' AND NOT EXISTS"
                " (SELECT 1 FROM pragma_table_info(m.name) WHERE pk > 0) THEN 'no primary key' ELSE type END"
                " FROM sqlite_master m"
            )
        else:
            found = self.rows(
                "SELECT relname::text, CASE WHEN relrowsecurity THEN 'row security' WHEN relhasrules THEN 'rules'"
                " WHEN relkind <> 'r' THEN 'relkind ' || relkind::text WHEN NOT EXISTS (SELECT 1 FROM pg_index i"
                " WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid) THEN 'no primary key' ELSE 'table' END"
                " FROM pg_class c WHERE pg_table_is_visible(oid)"
            )
        return {row[0]: row[1] for row in found}

    def torn_indexes(self) -> Iterator[tuple[str, str]]:
        """(table, what is wrong) of indexes that do not have what their table has. Only SQLite has a look that needs
        nothing installed; and only its file is handed over as it is, a dump makes its indexes anew."""
        if not self.sqlite:
            return
        of = {row[0]: row[1] for row in self.rows("SELECT name, tbl_name FROM sqlite_master")}
        for (said,) in self.rows("PRAGMA integrity_check"):
            if said != "ok":
                yield next((of[word] for word in reversed(said.split()) if word in of), "sqlite_master"), said

    def waiting(self) -> list[Row]:
        """Entries without an index yet, in the order of their queue; INDEX holds their number."""
        return self.rows(_WAITING)

    def links_of(self, n: Any) -> list[tuple[str, int]]:
        """The rows of `link` for one statement: what stands in for an entry that cannot be read."""
        if type(n) is not int:
            return []
        found = self.rows(f"SELECT stream, seq FROM link WHERE n = {n} ORDER BY stream")
        return [(name, seq) for name, seq in found if type(name) is str and "\0" not in name and type(seq) is int]

    def holds(self, linked: Mapping[str, Sequence[tuple[int, Any]]]) -> bool:
        """Whether `link` holds these (seq, n) of each object: so many, one after another, from its first seq."""
        if self.sqlite:
            alike: dict[int, dict[str, int]] = {}
            for stream, places in linked.items():
                alike.setdefault(len(places), {})[stream] = places[0][0]
            return all(
                self.rows(_LINKS_SQLITE, orjson.dumps(firsts).decode(), count)
                == [place for stream in firsts for place in linked[stream]]
                for count, firsts in alike.items()
            )
        begin = [places[0][0] for places in linked.values()]
        end = [min(places[0][0] + len(places) - 1, SIZE_MAX) for places in linked.values()]
        spans = (_joined(linked), ",".join(map(str, begin)), ",".join(map(str, end)))
        return self.rows(_LINKS_POSTGRES, *spans) == [place for places in linked.values() for place in places]

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
            listed = streams[first : first + _LISTED]
            if self.sqlite:
                yield from self.rows(_HEADS_SQLITE, orjson.dumps(listed).decode())
            else:
                yield from self.rows(_HEADS_POSTGRES, _joined(listed))

    def objects(self, *, exact: bool) -> int:
        """How many objects `stream_head` tells of; not `exact`: on SQLite also rows that tell of nothing are counted.

        A row with seq 0 was locked once by a flush that wrote nothing there, which SQLite knows nothing of.
        """
        if self.sqlite and not exact:
            # By the index, which is a fraction of the table: numbered without a gap, there are no rows but these.
            ((count, first, last),) = self.rows(
                "SELECT (SELECT count(*) FROM stream_head), (SELECT min(rowid) FROM stream_head),"
                " (SELECT max(rowid) FROM stream_head)"
            )
            if count and last - first + 1 == count:
                return int(count)
        told = "seq <> 0 OR leaf IS NOT NULL OR state IS NOT NULL"
        return int(self.rows(f"SELECT count(*) FROM stream_head WHERE {told}")[0][0])

    def states(self, streams: Sequence[str]) -> list[Row]:
        """(stream, leaf, state) of these objects' heads."""
        if self.sqlite:
            return self.rows(_STATES_SQLITE, orjson.dumps(streams).decode())
        return self.rows(_STATES_POSTGRES, _joined(streams))

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
        one = "SELECT n FROM link WHERE stream = {} AND seq = {}"
        return {n for link in links for (n,) in self.rows(one.format(_text(link.stream), link.seq))}


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


def entry_document(raw: bytes) -> dict[str, Any]:
    """The document of an entry, its form as strictly looked at as by `entry.parse`, which raises where it is wrong."""
    document = entry.glance(raw)
    if document is None:
        entry.parse(raw)
        document = orjson.loads(raw)
    return document


def known_statement(raw: bytes, hash_: bytes) -> Statement:
    """A statement whose form was checked before, read without checking it again."""
    return statement.known(orjson.loads(raw), raw, hash_)


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


def _joined(names: Iterable[str]) -> str:
    """Names as one parameter; one that holds the separator is no object's, and left out."""
    return _SEPARATOR.join([name for name in names if _SEPARATOR not in name])
