"""T1, T14: whoever changes any value of any row, guard rails bypassed, is named with stream, seq, index and column."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from ledger.store.tables import PROJECTIONS, metadata
from ledger.store.verify import LEVELS, UNPROVEN, Difference, Level
from tests.support.tamper import another, changed, delete, exchange, place, put, rows_of, unguarded
from tests.support.varied import Varied

EVIDENCE = (
    "statement", "link", "author_fork", "quarantine", "adoption", "split_view", "posting", "leaf", "tile",
    "checkpoint", "cosignature",
)  # fmt: skip
HEADS = ("stream_head", "author_head", "log_state")
SEALED = ("sealed", "subject_key", "custodial_key")
CHAINED = ("statement", "leaf", "link", "posting")
COLUMNS = [(table, column.name) for table in (*EVIDENCE, *HEADS, *SEALED) for column in metadata.tables[table].columns]


def test_the_ledger_itself_differs_nowhere(ledger: Varied) -> None:
    verdict = ledger.verify()
    assert verdict.differences == ()
    assert verdict.ok
    for table in (*EVIDENCE, *HEADS, *SEALED):
        assert rows_of(ledger.world.ledger.engine, table), f"{table} is empty: a change there would not be tried"


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[".".join(each) for each in COLUMNS])
def test_a_changed_value_is_named_and_nothing_else_is(ledger: Varied, table: str, column: str) -> None:
    engine = ledger.world.ledger.engine
    rows = rows_of(engine, table)
    sqlite = engine.dialect.name == "sqlite"
    places = {0, len(rows) // 2, len(rows) - 1} if sqlite else {len(rows) // 2}
    for row in (rows[n] for n in sorted(places)):
        value = another(metadata.tables[table], column, row[column])
        if f"{table}.{column}" in UNPROVEN and column.endswith("_at"):
            value = "yesterday"  # no second copy: only what cannot be a moment is found
        with changed(engine, place(table, column, row), value):
            found = ledger.verify().differences
        assert [(each.table, each.column) for each in found] == [(table, column)], [e.says("en") for e in found]
        (difference,) = found
        assert difference.expected != difference.got
        if table in CHAINED and column != "index":
            assert difference.index is not None or difference.stream is not None
        assert f"{table}.{column}" in difference.says("zh")
        assert f"{table}.{column}" in difference.says("en")


# Of a fork, a cosignature or a quarantined statement nothing else in the ledger tells: who brought it has a copy.
MISSED = [table for table in (*EVIDENCE, *HEADS) if table not in ("author_fork", "cosignature", "quarantine")]


@pytest.mark.parametrize("table", MISSED)
def test_a_row_that_is_removed_is_missed(ledger: Varied, table: str) -> None:
    engine = ledger.world.ledger.engine
    last = {"posting": -2}  # the newest may be of an entry that waits, and such are not replayed
    row = rows_of(engine, table)[last.get(table, -1)]
    delete(engine, place(table, next(iter(row)), row))
    try:
        found = ledger.verify().differences
        assert table in {each.table for each in found}, [each.says("en") for each in found]
    finally:
        with unguarded(engine) as connection:
            connection.execute(metadata.tables[table].insert(), row)


_LOOKED_AT: dict[str, tuple[Level, ...]] = {"link": ("signatures", "replay"), "posting": ("replay",)}


@pytest.mark.parametrize("table", ["statement", "leaf", "link", "posting"])
@pytest.mark.parametrize("level", LEVELS)
def test_two_numbers_that_changed_places_are_both_named(ledger: Varied, table: str, level: Level) -> None:
    """Every other value stays: only which rows belong together is changed."""
    engine = ledger.world.ledger.engine
    found: tuple[Difference, ...] = ()
    for near in (True, False):
        rows = [row for row in rows_of(engine, table) if table != "statement" or row["n"] > 1]
        pair = (rows[30], rows[33]) if near else (rows[4], rows[-9])
        exchange(engine, table, *pair)
        try:
            found = ledger.verify(level=level).differences
        finally:
            exchange(engine, table, *pair)
        if table in _LOOKED_AT and level not in _LOOKED_AT[table]:
            assert found == ()
            continue
        # Rows of links and postings are told apart by their values: two that swapped numbers swapped those.
        if table in ("statement", "leaf"):
            assert [(each.table, each.column) for each in found] == 2 * [(table, "n")], [e.says("en") for e in found]
        assert {each.table for each in found} == {table}, [each.says("en") for each in found]
        assert None not in [each.index for each in found]


def test_a_link_that_no_entry_holds_is_named(ledger: Varied) -> None:
    engine = ledger.world.ledger.engine
    row = rows_of(engine, "link")[-1]
    extra = row | {"seq": row["seq"] + 1_000}
    with unguarded(engine) as connection:
        connection.execute(metadata.tables["link"].insert(), extra)
    try:
        found = ledger.verify(level="signatures").differences
        assert [(each.table, each.expected) for each in found] == [("link", "no row")]
    finally:
        delete(engine, place("link", "seq", extra))


@pytest.mark.parametrize("table", PROJECTIONS)
def test_a_changed_projection_is_named_by_its_table(ledger: Varied, table: str) -> None:
    engine = ledger.world.ledger.engine
    for row in rows_of(engine, table)[:1]:
        for column in metadata.tables[table].columns:
            value = another(column.table, column.name, row[column.name])
            with changed(engine, place(table, column.name, row), value):
                found = ledger.verify().differences
            named = {each.table for each in found}
            # What is known of a container that is not there is named as well.
            gone = (table, column.name) == ("container", "id")
            assert named >= {table} if gone else named == {table}, [each.says("en") for each in found]


GARBAGE: tuple[Any, ...] = (b"", b"\xff\x00{", "", "{}", -1, 2**62)


@pytest.mark.parametrize("table", [*EVIDENCE, *HEADS, *SEALED])
def test_garbage_of_any_type_is_named_and_never_ends_the_run(ledger: Varied, table: str) -> None:
    engine = ledger.world.ledger.engine
    row = rows_of(engine, table)[0]
    for column in metadata.tables[table].columns:
        if engine.dialect.name == "sqlite":  # a column takes what it is given
            number = column.primary_key and (column.name in ("index", "size", "id") or table == "statement")
            values = [each for each in GARBAGE if not number or (table == "statement" and type(each) is int)]
        else:
            kind = {"BLOB": bytes, "TEXT": str}.get(str(column.type), int)
            values = [each for each in GARBAGE if type(each) is kind and (kind is not int or "BIG" in str(column.type))]
        for value in values[:2]:
            if value == row[column.name] or f"{table}.{column.name}" in UNPROVEN:
                continue
            with changed(engine, place(table, column.name, row), value):
                found = ledger.verify().differences
            assert table in {each.table for each in found}, (column.name, value, [each.says("en") for each in found])


TEXTS = [(table, name) for table, name in COLUMNS if str(metadata.tables[table].columns[name].type) == "TEXT"]


@pytest.mark.parametrize(("table", "column"), TEXTS, ids=[".".join(each) for each in TEXTS])
def test_text_that_is_none_is_named_at_every_level_that_looks_there(ledger: Varied, table: str, column: str) -> None:
    """Only SQLite takes a NUL inside text, and bytes that are not UTF-8 for text."""
    engine = ledger.world.ledger.engine
    if engine.dialect.name != "sqlite" or f"{table}.{column}" in UNPROVEN:
        return
    row = rows_of(engine, table)[0]
    for suffix in (b"\x00", b"\x00x", b"\xff"):
        was = place(table, column, row)
        torn = (row[column] or "").encode() + suffix
        with unguarded(engine) as connection:
            where = " AND ".join(f'"{name}" = :{name}' for name in was.key)
            sql = f'UPDATE "{table}" SET "{column}" = CAST(:torn_ AS TEXT) WHERE {where}'
            connection.execute(text(sql), {**was.key, "torn_": torn})
        try:
            for level in LEVELS:
                found = ledger.verify(level=level).differences
            assert table in {each.table for each in found}, (suffix, [each.says("en") for each in found])
        finally:
            with unguarded(engine) as connection:
                where = " AND ".join(
                    f'"{name}" = CAST(:torn_ AS TEXT)' if name == column else f'"{name}" = :{name}' for name in was.key
                )
                sql = f'UPDATE "{table}" SET "{column}" = :was_ WHERE {where}'
                done = connection.execute(text(sql), {**was.key, "torn_": torn, "was_": row[column]})
                assert done.rowcount == 1


def test_several_changes_are_all_named_the_lowest_index_first(ledger: Varied) -> None:
    engine = ledger.world.ledger.engine
    wanted = []
    changes = []
    for table, column, nth in (("statement", "bytes", 40), ("statement", "entry", 90), ("leaf", "hash", 200)):
        row = rows_of(engine, table)[nth]
        there = place(table, column, row)
        changes.append(there)
        wanted.append((table, column))
        put(engine, there, another(metadata.tables[table], column, there.value))
    try:
        found = ledger.verify().differences
        assert sorted((each.table, each.column) for each in found) == sorted(wanted)
        indices = [each.index for each in found]
        assert None not in indices
        assert indices == sorted(indices, key=lambda each: each or 0)
    finally:
        for there in changes:
            put(engine, there, there.value)
