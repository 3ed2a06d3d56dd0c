"""T1: what an operator puts beside the rows that should be there, under them, or before them, is named as well."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ledger.custody.rules import Refusal
from ledger.exchange.catalogue import carried, edition_of
from ledger.log.checkpoint import Policy
from ledger.store.genesis import GenesisTorn
from ledger.store.projections import Projector
from ledger.store.seen import SeenRule
from ledger.store.standing import SeenUnknown
from ledger.store.tables import metadata
from ledger.store.verify import LEVELS, Level, Verdict
from tests.support.tamper import changed, delete, place, put, rows_of, unguarded
from tests.support.varied import Varied, no_codes
from tests.support.world import World

GHOST = "container:019f1b30-a280-7775-b53e-b378244c4bb9"
OF_CONTAINERS = ("lot_row", "clock", "flag", "stay", "treatment", "haul")


def named(verdict: Verdict) -> list[tuple[str, str]]:
    return [(each.table, each.column) for each in verdict.differences]


@contextmanager
def added(engine: Engine, table: str, row: dict[str, Any]) -> Iterator[None]:
    with unguarded(engine) as connection:
        connection.execute(metadata.tables[table].insert(), row)
    yield
    delete(engine, place(table, next(iter(row)), row))


@pytest.mark.parametrize("table", OF_CONTAINERS)
def test_a_row_about_a_container_that_nobody_recorded_is_named(ledger: Varied, table: str) -> None:
    columns = metadata.tables[table].columns
    of = {"TEXT": "", "BOOLEAN": False}
    row = {each.name: of.get(str(each.type), 5) for each in columns} | {columns.keys()[0]: GHOST}
    with added(ledger.world.ledger.engine, table, row):
        verdict = ledger.verify()
    assert [(each.table, each.row, each.got) for each in verdict.differences] == [(table, GHOST, "a row")]


@pytest.mark.parametrize(("table", "column"), [("lot_total", "whole"), ("lot_row", "by_producer")])
@pytest.mark.parametrize("value", [2, 0.5])
def test_what_is_neither_true_nor_false_does_not_pass_for_true(
    ledger: Varied, table: str, column: str, value: float
) -> None:
    """A sum asks for what is 1: with 2 the row is in no figure."""
    engine = ledger.world.ledger.engine
    if engine.dialect.name == "postgresql":
        return
    row = next(each for each in rows_of(engine, table) if each[column])
    with changed(engine, place(table, column, row), value):
        assert {name for name, _ in named(ledger.verify())} == {table}


def test_a_state_of_an_object_that_nobody_recorded_is_named(ledger: Varied) -> None:
    engine = ledger.world.ledger.engine
    kept = next(each for each in rows_of(engine, "stream_head") if each["state"])
    with added(engine, "stream_head", {"stream": GHOST, "seq": 0, "leaf": None, "state": kept["state"]}):
        verdict = ledger.verify(level="signatures")
    assert [(each.table, each.stream, each.expected) for each in verdict.differences] == [
        ("stream_head", GHOST, "no row")
    ]
    with added(engine, "stream_head", {"stream": GHOST, "seq": 0, "leaf": None, "state": None}):
        assert ledger.verify(level="signatures").ok  # a flush locked it and wrote nothing


def test_an_adopted_edition_whose_text_was_removed_is_named(world: World) -> None:
    """Exemptions stand in it: without it they do not apply, and the figures are others."""
    ledger, edition = world.ledger, carried("2021")
    ledger.keep_document(edition.content)
    assert world.authority.say("catalogue-adopted", edition.body("2021", "2021-01-01")).outcome == "recorded"
    world.look()
    Projector(ledger.engine, ledger.regime, edition_of).follow()
    assert ledger.verify(read_catalogue=edition_of).ok
    with unguarded(ledger.engine) as connection:
        connection.execute(text("DELETE FROM document"))
    verdict = ledger.verify(read_catalogue=edition_of)
    assert [(each.table, each.row) for each in verdict.differences] == [("document", edition.sha256)]


def test_a_refusal_because_a_checkpoint_is_unknown_that_the_log_had_signed_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an operator could leave any statement without effect and call its author's checkpoint unknown."""
    shop = world.party()
    world.look()
    world.clock.advance(ms=11_000)

    def refuses(*_: Any) -> Refusal:
        return SeenUnknown(size=world.seen.size, expected="a checkpoint of this ledger", got=world.seen.root)

    with monkeypatch.context() as made:
        made.setattr(SeenRule, "refusal", refuses)
        answer = shop.say("container-filled", world.filled(shop, world.new("site")))
    assert answer.code == "seen-unknown"
    world.look()
    index = world.ledger.record_of(answer.id or "").index
    verdict = world.ledger.verify(level="signatures")
    assert [(each.check, each.table, each.column, each.index) for each in verdict.differences] == [
        ("seen", "statement", "entry", index)
    ]


def test_a_view_in_the_place_of_a_table_is_named(world: World) -> None:
    """It can ask how it is read, and show the verification something else."""
    with unguarded(world.ledger.engine) as connection:
        connection.execute(text("ALTER TABLE lot_total RENAME TO lot_total_kept"))
        connection.execute(text("CREATE VIEW lot_total AS SELECT * FROM lot_total_kept"))
    assert named(world.ledger.verify(level="signatures")) == [("lot_total", "*")]


def test_a_second_row_in_the_place_of_one_is_named(world: World) -> None:
    """Verification might read the one, and everybody else the other."""
    with unguarded(world.ledger.engine) as connection:
        if world.url.startswith("postgresql"):
            connection.execute(text("ALTER TABLE statement DROP CONSTRAINT pk_statement CASCADE"))
            connection.execute(text("ALTER TABLE statement DROP CONSTRAINT uq_statement_hash CASCADE"))
        else:
            connection.execute(text("ALTER TABLE statement RENAME TO statement_kept"))
            connection.execute(text("CREATE TABLE statement AS SELECT * FROM statement_kept"))
    verdict = world.ledger.verify(level="signatures")
    assert [(each.table, each.got) for each in verdict.differences] == [("statement", "no primary key")]


def test_rows_that_only_some_readers_are_shown_are_named(postgres_url: str, tmp_path: Path) -> None:
    world = World.create(postgres_url, tmp_path)
    with unguarded(world.ledger.engine) as connection:
        connection.execute(text("ALTER TABLE posting ENABLE ROW LEVEL SECURITY"))
    (found,) = world.ledger.verify(level="signatures").differences
    assert (found.table, "row security" in found.got) == ("posting", True)
    world.close()


def test_an_index_that_leaves_out_what_its_table_has_is_named(sqlite_url: str, tmp_path: Path) -> None:
    """Figures are read by indexes: a rate would be another than the one that was verified."""
    world = World.create(sqlite_url, tmp_path)
    shop = world.party()
    world.ledger.record([shop.sign("container-filled", world.filled(shop, world.new("site")))])
    world.look()
    Projector(world.ledger.engine, world.ledger.regime, no_codes).follow()
    assert world.ledger.verify(read_catalogue=no_codes).ok
    with unguarded(world.ledger.engine) as connection:
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        name = "ix_lot_row_kind_at"
        (said,) = driver.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        driver.executescript(
            f"DROP INDEX {name}; CREATE INDEX {name} ON lot_row (kind, at) WHERE grams < 0; PRAGMA writable_schema=ON"
        )
        driver.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (said, name))
    verdict = world.another_process().verify(read_catalogue=no_codes)
    assert set(named(verdict)) == {("lot_row", "*")}
    assert all(name in each.got for each in verdict.differences)
    world.close()


@pytest.mark.parametrize("level", LEVELS)
def test_a_head_that_its_index_leaves_out_is_named(sqlite_url: str, tmp_path: Path, level: Level) -> None:
    """Rows are counted by the index where it has as many as the table has numbers."""
    world = World.create(sqlite_url, tmp_path)
    assert world.ledger.verify(level=level).ok
    schema = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master WHERE tbl_name = 'stream_head'"
    with unguarded(world.ledger.engine) as connection:
        driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
        kept = driver.execute(schema).fetchall()
        driver.execute("PRAGMA writable_schema=ON")
        driver.execute("DELETE FROM sqlite_master WHERE tbl_name = 'stream_head' AND type = 'index'")
        plain = "CREATE TABLE stream_head (stream, seq, leaf, state)"
        driver.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'stream_head'", (plain,))
    world.ledger.engine.dispose()
    with unguarded(world.ledger.engine) as connection:
        driver = connection.connection.driver_connection  # type: ignore[assignment]
        driver.execute("INSERT INTO stream_head VALUES (?, 1, x'00', NULL)", (GHOST,))
        driver.execute("PRAGMA writable_schema=ON")
        driver.execute("DELETE FROM sqlite_master WHERE tbl_name = 'stream_head'")
        driver.executemany("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", kept)
    found = world.another_process().verify(level=level).differences
    assert [(each.table, each.stream, each.expected) for each in found] == [("stream_head", GHOST, "no row")]
    world.close()


def test_what_was_verified_less_deeply_is_verified_again(ledger: Varied) -> None:
    """A file of hashes only does not stand for signatures."""
    engine = ledger.world.ledger.engine
    hashed = ledger.verify(level="hashes").verified()
    assert hashed is not None
    row = rows_of(engine, "posting")[0]
    with changed(engine, place("posting", "grams", row), row["grams"] + 1):
        verdict = ledger.verify(since=hashed)
    assert (named(verdict), verdict.since) == ([("posting", "grams")], 0)
    assert ledger.verify(since=replace(hashed, level="replay"), level="hashes").since == hashed.size


def test_what_a_continued_verification_leaves_to_the_earlier_one_is_said(ledger: Varied) -> None:
    said = ledger.verify(since=ledger.verify().verified()).says
    assert any("not replayed again" in line for line in said("en"))
    assert any("未再重放" in line for line in said("zh"))


def test_a_log_that_is_not_signed_by_the_policys_key_is_named(ledger: Varied) -> None:
    other = Policy(logs=tuple(ledger.policy.witnesses.values()), witnesses={}, groups={}, quorum="none")
    verdict = ledger.verify(policy=other, level="signatures")
    assert [(each.check, each.table, each.column, each.index) for each in verdict.differences] == [
        ("authority", "statement", "bytes", 0)
    ]


def test_a_verdict_says_when_nothing_pins_the_first_entry(ledger: Varied) -> None:
    assert any("not pinned" in line for line in ledger.verify(level="hashes").says("en"))
    assert any("未经 trust.json 固定" in line for line in ledger.verify(level="hashes").says("zh"))
    pinned = ledger.verify(level="hashes", trust=ledger.world.ledger.trust())
    assert not any("not pinned" in line for line in pinned.says("en"))


def test_a_verdict_says_how_far_the_figures_go(world: World) -> None:
    world.look()
    Projector(world.ledger.engine, world.ledger.regime, no_codes).follow()
    size = world.ledger.size()
    shop = world.party()
    world.look()
    verdict = world.ledger.verify(read_catalogue=no_codes)
    behind = world.ledger.size() - size
    assert (verdict.ok, verdict.behind, shop.party != "") == (True, behind, True)
    assert any(f"first {size} entries only: the last {behind} are" in line for line in verdict.says("en"))
    assert any(f"其后 {behind} 条" in line for line in verdict.says("zh"))
    (row,) = rows_of(world.ledger.engine, "projection_state")
    put(world.ledger.engine, place("projection_state", "size", row), -1)
    assert named(world.ledger.verify(read_catalogue=no_codes)) == [("projection_state", "size")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE statement SET bytes = '{}' WHERE n = 1",
        "UPDATE statement SET bytes = (SELECT bytes FROM statement WHERE n = 2) WHERE n = 1",
        "UPDATE statement SET n = 1000 WHERE n = 1",
        'DELETE FROM leaf WHERE "index" = 0',
        "DELETE FROM author_head",
        "DELETE FROM statement WHERE n < 3",
    ],
)
def test_a_torn_first_entry_is_named_and_not_called_an_empty_database(world: World, statement: str) -> None:
    world.party()
    with unguarded(world.ledger.engine) as connection:
        connection.execute(text(statement))
    with pytest.raises(GenesisTorn, match="entry 0"):
        world.another_process()
