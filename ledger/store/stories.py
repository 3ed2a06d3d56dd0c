"""Stories as rows: what the projections keep of a container's account or a manifest, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import Connection, Table

from ledger.custody.account import Story
from ledger.custody.container import Manifest
from ledger.custody.decide import fold
from ledger.custody.events.containers import LabelBound, LabelIssued
from ledger.custody.events.stock import LabelReplaced
from ledger.custody.facilities import Stay, Treatment
from ledger.custody.fact import Fact
from ledger.custody.flags import Flag
from ledger.custody.hauls import Haul
from ledger.custody.lots import Part, Row
from ledger.custody.totals import Clock, Total, clocks_of, totals_of, with_wholes
from ledger.store import tables as t


def columns_of(table: Table) -> tuple[str, ...]:
    """The names of a table's columns, in their order."""
    return tuple(column.name for column in table.columns)


LOT, STAY, TREATMENT, _CLOCK = Row._fields, Stay._fields, Treatment._fields, Clock._fields
FLAG, _HAUL = (tuple(kind.__dataclass_fields__) for kind in (Flag, Haul))
_flag, _haul = (attrgetter(*names) for names in (FLAG, _HAUL))
_container, _manifest = attrgetter(*columns_of(t.container)), attrgetter(*columns_of(t.manifest))


def _numbered(values: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(n, *each) for n, each in enumerate(values)]


def flag_rows(flags: Iterable[Flag]) -> list[tuple[Any, ...]]:
    """One object's exceptions, numbered in the order in which they began."""
    ordered = sorted(flags, key=lambda f: (f.opened_at, f.rule, f.key, f.closed_at))
    return _numbered(map(_flag, ordered))


# Of each table: the column that names its container, the columns of a row, and a story's rows.
STORY_ROWS: tuple[tuple[Table, str, tuple[str, ...], Callable[[Story], list[tuple[Any, ...]]]], ...] = (
    (t.container, "id", columns_of(t.container), lambda story: [_container(story.thing)]),
    (t.lot_row, "container", ("n", *LOT), lambda story: _numbered(story.rows)),
    (t.clock, "container", ("n", *_CLOCK), lambda story: _numbered(clocks_of(story.rows))),
    (t.flag, "object", ("n", *FLAG), lambda story: flag_rows(story.flags)),
    (t.stay, "container", ("n", *STAY), lambda story: _numbered(story.stays)),
    (t.treatment, "container", ("n", *TREATMENT), lambda story: _numbered(story.treatments)),
    (t.haul, "container", _HAUL, lambda story: sorted(map(_haul, story.hauls))),
)


def parts_to(parts: Sequence[Part]) -> bytes:
    """Lots as a row's bytes."""
    return orjson.dumps([tuple(part) for part in parts])


def parts_from(row: bytes) -> list[Part]:
    """Lots from a row's bytes."""
    parts = []
    for lot, producer, site, code, born_at, clocks, grams, carried, heirs, shed_ppm in orjson.loads(row):
        since = tuple((who, start) for who, start in clocks)
        parts.append(Part(lot, producer, site, code, born_at, since, grams, carried, tuple(heirs), shed_ppm))
    return parts


class Totals:
    """What a transaction adds to the maintained sums of lot rows."""

    def __init__(self, offset: timedelta) -> None:
        self._offset = offset
        self._sums: dict[Total, int] = {}

    def add(self, rows: Iterable[Row], sign: int = 1) -> None:
        """Take these rows in; with a sign of -1, out again."""
        sums = self._sums
        for total, grams in totals_of(rows, self._offset):
            sums[total] = sums.get(total, 0) + sign * grams

    def merge(self, sums: Mapping[Total, int]) -> None:
        """Take in what others summed, as `parts` gives it."""
        for total, grams in sums.items():
            self._sums[total] = self._sums.get(total, 0) + grams

    def parts(self) -> dict[Total, int]:
        """What was added to the totals of single parties."""
        return self._sums

    def sums(self) -> dict[Total, int]:
        """What was added, where it is not zero."""
        return with_wholes(self._sums)

    def write(self, connection: Connection) -> None:
        """Add it to what is kept; sums of zero are not."""
        key = ", ".join(f'"{name}"' for name in Total._fields)
        added = f"ON CONFLICT ({key}) DO UPDATE SET grams = lot_total.grams + excluded.grams"
        rows = sorted((*total, grams) for total, grams in self.sums().items())
        write_rows(connection, t.lot_total, (*Total._fields, "grams"), rows, added)
        connection.exec_driver_sql("DELETE FROM lot_total WHERE grams = 0")


def manifest_row(name: str, history: Iterable[Fact]) -> tuple[Any, ...]:
    """A manifest, folded from its facts."""
    thing = fold(name, history)
    assert isinstance(thing, Manifest)
    row: tuple[Any, ...] = _manifest(thing)
    return row


# A label that was only printed with its container says nothing new; these do.
LABEL_EVENTS = (LabelIssued, LabelBound, LabelReplaced)


def write(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows given by their columns."""
    if rows:
        write_rows(connection, table, tuple(rows[0]), [tuple(row.values()) for row in rows])


def write_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: list[tuple[Any, ...]], conflict: str = ""
) -> None:
    """Insert rows straight through the driver: a figure's are many and small."""
    columns = ", ".join(f'"{name}"' for name in names)
    if rows and not conflict and connection.dialect.name == "postgresql":
        driver: Any = connection.connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    elif rows:
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        sql = f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join([mark] * len(names))}) {conflict}"
        connection.exec_driver_sql(sql, rows)
