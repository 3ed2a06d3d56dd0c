"""The schema: upgrades on an empty and on a filled ledger, and tables that refuse to forget."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger.store.database import current, newest, open_engine, roles_sql, upgrade
from ledger.store.tables import INSERT_ONLY, metadata
from tests.support.world import World


def test_an_empty_database_becomes_the_schema_of_the_metadata_and_a_second_upgrade_changes_nothing(
    database_url: str,
) -> None:
    engine = open_engine(database_url)
    assert current(engine) is None
    upgrade(engine)
    upgrade(engine)
    assert current(engine) == newest()
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    assert [each for each in found if each[0] != "remove_table"] == []
    engine.dispose()


def test_a_filled_ledger_stays_as_it_is_through_an_upgrade(world: World) -> None:
    clerk = world.party()
    answer = clerk.say("container-filled", world.filled(clerk, world.site(clerk)))
    upgrade(world.ledger.engine)
    assert world.ledger.record_of(answer.id or "").entry == answer.entry
    assert clerk.say("container-filled", world.filled(clerk, world.new("site"))).outcome == "recorded"


def test_sqlite_syncs_every_commit_and_keeps_a_write_ahead_log(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "secure_delete")
        ]
    assert pragmas == ["wal", 2, 1, 1, 1]
    engine.dispose()


def test_evidence_cannot_be_updated_deleted_or_truncated(database_url: str, tmp_path: Path) -> None:
    world = World.create(database_url, tmp_path)  # not the fixture: what is written here is no ledger any more
    postgres = world.url.startswith("postgresql")
    hash_ = b"\x01" * 32
    with world.ledger.engine.connect() as connection:
        genesis = bytes(connection.exec_driver_sql("SELECT statement FROM entry").scalar_one())
        # SQLite's triggers fire by row, so each table needs one; the log's own tables hold entry 0.
        for table, row in {
            "author_fork": (hash_, hash_, 1, b"", b"", "", genesis),
            "quarantine": (hash_, hash_, 1, "x", b"", b"", ""),
            "adoption": (hash_, genesis),
            "split_view": (genesis, b"", b""),
            "posting": (genesis, 0, 1, "", 0, *[""] * 10),
            "tile": (0, 99, hash_, b""),
            "cosignature": (1, b"1234", ""),
        }.items():
            columns = [column.name for column in metadata.tables[table].columns]
            connection.execute(metadata.tables[table].insert(), dict(zip(columns, row, strict=True)))
        connection.commit()
    for table in INSERT_ONLY:
        column = next(iter(metadata.tables[table].columns)).name
        verbs = [f'UPDATE {table} SET "{column}" = "{column}"', f"DELETE FROM {table}"]
        for verb in [*verbs, f"TRUNCATE {table} CASCADE"] if postgres else verbs:
            with world.ledger.engine.connect() as connection, pytest.raises(DBAPIError, match="is insert-only"):
                connection.execute(text(verb))
    world.close()


def test_the_roles_split_the_rights(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    upgrade(engine)
    with engine.connect() as connection:
        schema = connection.execute(text("SHOW search_path")).scalar_one()
        prefix = schema.strip('"')
        connection.exec_driver_sql(roles_sql(prefix))
        connection.commit()

        def may(role: str, right: str, table: str) -> bool:
            query = text("SELECT has_table_privilege(:role, :table, :right)")
            return bool(
                connection.execute(
                    query, {"role": f"{prefix}_{role}", "table": f"{schema}.{table}", "right": right}
                ).scalar_one()
            )

        assert may("app", "INSERT", "entry") and not may("app", "UPDATE", "entry") and not may("app", "DELETE", "link")
        assert may("app", "DELETE", "sealed") and may("app", "UPDATE", "stream_head")
        assert may("signer", "INSERT", "checkpoint") and not may("app", "INSERT", "checkpoint")
        assert not may("signer", "INSERT", "entry") and not may("signer", "SELECT", "custodial_key")
        assert may("reader", "SELECT", "entry") and not may("reader", "SELECT", "sealed")
    engine.dispose()
