"""The schema: upgrades on an empty and on a filled ledger, and tables that refuse to forget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError

from ledger.service import Ledger
from ledger.store.database import current, newest, open_engine, roles_sql, upgrade
from ledger.store.projections import Projector
from ledger.store.sign import Signer
from ledger.store.tables import ERASABLE, HEADS, INSERT_ONLY, PROJECTIONS, metadata
from tests.support.check import check_ledger
from tests.support.tamper import unguarded
from tests.support.varied import no_codes, varied
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


def test_a_ledger_filled_at_the_first_revision_is_whole_at_the_newest(database_url: str, tmp_path: Path) -> None:
    """Every table of revision 0001 holds something; afterwards the ledger verifies, follows and goes on."""
    postgres = database_url.startswith("postgresql")
    old = varied(database_url, tmp_path, waiting=postgres)
    world = old.world
    kept = _rows(world.ledger.engine, _tables_of_first_revision(tmp_path) - {"entry"})
    assert [name for name, rows in kept.items() if not rows] == ([] if postgres else ["pending"])
    _as_at_first(world.ledger.engine, kept)
    upgrade(world.ledger.engine)
    world.ledger.close()
    world.ledger = world.another_process()
    assert current(world.ledger.engine) == newest()
    assert _renumbered(_rows(world.ledger.engine, kept)) == _renumbered(kept)
    Projector(world.ledger.engine, world.ledger.regime, no_codes).follow()
    assert old.verify().differences == ()
    clerk = world.party()
    assert clerk.say("container-filled", world.filled(clerk, world.new("site"))).outcome == "recorded"
    world.look()
    check_ledger(world.ledger)
    world.close()


@pytest.mark.parametrize(("before", "after"), [("0014", "0015"), ("0015", "0016")])
def test_what_earlier_rules_said_is_said_anew_after_an_upgrade(
    database_url: str, tmp_path: Path, before: str, after: str
) -> None:
    old = varied(database_url, tmp_path)
    engine = old.world.ledger.engine
    projector = Projector(engine, old.world.ledger.regime, no_codes)
    projector.follow()
    said = _rows(engine, {"flag"})
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE flag SET grams = grams + 1")
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{before}'")
    assert _rows(engine, {"flag"}) != said
    upgrade(engine, after)
    projector.follow()
    assert _rows(engine, {"flag"}) == said
    old.world.close()


def test_a_ledger_whose_rows_do_not_fit_together_stays_as_it_was(database_url: str, tmp_path: Path) -> None:
    """What was removed past the triggers must stay to be found: an upgrade neither mends nor hides it."""
    world = varied(database_url, tmp_path).world
    engine, size = world.ledger.engine, world.ledger.size()
    _as_at_first(engine, _rows(engine, _tables_of_first_revision(tmp_path) - {"entry"}))
    with unguarded(engine) as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER entry_refuses_delete")
        connection.exec_driver_sql("DELETE FROM entry WHERE id = (SELECT max(id) FROM entry)")
    with pytest.raises(RuntimeError, match="do not fit together"):
        upgrade(engine)
    assert current(engine) == "0001"
    with engine.connect() as connection:
        counts = [connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in ("entry", "leaf")]
    assert counts == [size - 1, size]
    engine.dispose()


def test_an_upgrade_leaves_owners_and_rights_as_they_were_split(postgres_url: str) -> None:
    url = make_url(postgres_url).difference_update_query(["options"]).render_as_string(hide_password=False)
    engine = open_engine(url, "elder")  # roles belong to the whole server: other tests make those of other schemas
    upgrade(engine, "0010")
    with engine.begin() as connection:
        connection.exec_driver_sql(roles_sql("elder"))
    upgrade(engine)
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = current_schema()"
    rights = (
        "SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = current_schema() AND grantee <> current_user"
    )
    draws = "SELECT has_sequence_privilege('elder_app', 'statement_n_seq', 'USAGE')"
    with engine.connect() as connection:
        assert connection.exec_driver_sql(owners).scalars().all() == ["elder_owner"]
        assert connection.exec_driver_sql(draws).scalar_one()
        upgraded = set(connection.exec_driver_sql(rights).all())
        connection.exec_driver_sql(roles_sql("elder").split("\n", 1)[1])  # but for the roles themselves
        assert set(connection.exec_driver_sql(rights).all()) == upgraded
    engine.dispose()


def _tables_of_first_revision(folder: Path) -> set[str]:
    engine = open_engine(f"sqlite:///{folder / 'first.sqlite'}")
    upgrade(engine, "0001")
    names = {name for name in inspect(engine).get_table_names() if name != "alembic_version"}
    engine.dispose()
    return names


def _as_at_first(engine: Engine, kept: dict[str, list[dict[str, Any]]]) -> None:
    """The ledger as revision 0001 kept it: rows name a statement by its hash, and its entry lies in another table."""
    _empty(engine)
    upgrade(engine, "0001")
    first = MetaData()
    first.reflect(engine)
    named = {row["n"]: {"statement": row["hash"]} for row in kept["statement"]}
    rows = kept | {
        "entry": [{"statement": row["hash"], "id": row["id"], "bytes": row["entry"]} for row in kept["statement"]],
        "pending": [{"id": 7 * row["n"]} | named[row["n"]] for row in kept["pending"]],
        "posting": [row | named[row["n"]] | {"n": row["place"]} for row in kept["posting"]],
        "leaf": [row | named[row["n"]] for row in kept["leaf"]],
        "link": [row | named[row["n"]] for row in kept["link"]],
    }
    with engine.begin() as connection:
        for table in first.sorted_tables:
            if held := rows.get(table.name):
                connection.execute(
                    table.insert(), [{each.name: row[each.name] for each in table.columns} for row in held]
                )
    assert current(engine) == "0001"


def _renumbered(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The same rows, a statement called by its hash."""
    hashes = {row["n"]: row["hash"] for row in found["statement"]}
    return {
        name: sorted([row | {"n": hashes[row["n"]]} if "n" in row else row for row in rows], key=repr)
        for name, rows in found.items()
    }


def _rows(engine: Engine, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    with engine.connect() as connection:
        query = {name: metadata.tables[name].select() for name in names}
        found = {name: connection.execute(each).mappings().all() for name, each in query.items()}
    return {name: sorted((dict(row) for row in rows), key=repr) for name, rows in found.items()}


def _empty(engine: Engine) -> None:
    """The database as it was before the first revision."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            schema = connection.exec_driver_sql("SHOW search_path").scalar_one()
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")
            return
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars().all()
        for name in tables:
            if not name.startswith("sqlite_"):
                connection.exec_driver_sql(f"DROP TABLE {name}")


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
        genesis = bytes(connection.exec_driver_sql("SELECT hash FROM statement").scalar_one())
        # SQLite's triggers fire by row, so each table needs one; the log's own tables hold entry 0.
        for table, row in {
            "author_fork": (hash_, hash_, 1, b"", b"", "", genesis),
            "quarantine": (hash_, hash_, 1, "x", b"", b"", ""),
            "adoption": (hash_, genesis),
            "split_view": (genesis, b"", b""),
            "posting": (1, 0, 1, "", 0, *[""] * 10),
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


def test_every_table_is_either_open_to_readers_or_closed() -> None:
    decided = sorted((*INSERT_ONLY, *HEADS, *PROJECTIONS, "document", *ERASABLE))
    assert decided == sorted(metadata.tables)


def test_the_roles_split_the_rights(postgres_url: str, tmp_path: Path) -> None:
    world = World.create(postgres_url, tmp_path)
    prefix = "wasteledger"
    with world.ledger.engine.begin() as connection:
        connection.exec_driver_sql(roles_sql(prefix))
        connection.exec_driver_sql("CREATE TABLE made_later (secret text)")
    engines = {role: _as(postgres_url, f"{prefix}_{role}") for role in ("app", "signer", "reader")}

    def may(role: str, sql: str) -> bool:
        with engines[role].connect() as connection:
            try:
                connection.exec_driver_sql(sql)
            except DBAPIError as error:
                assert "permission denied" in str(error), error
                return False
            return True

    for table in metadata.tables:
        select = f'SELECT * FROM "{table}"'
        assert may("app", select), table
        assert may("reader", select) == (table not in ERASABLE), table
        assert may("signer", select) == (table in ("statement", "leaf", "log_state", "checkpoint", "cosignature")), (
            table
        )
        assert not may("reader", f"DELETE FROM {table}") and not may("signer", f"DELETE FROM {table}"), table
        assert may("app", f"DELETE FROM {table} WHERE false") == (table not in INSERT_ONLY), table
    assert not any(may(role, "SELECT * FROM made_later") for role in engines)
    assert not may("app", "INSERT INTO checkpoint VALUES (9, '', '', '')")
    assert not may("signer", "INSERT INTO statement VALUES (9, '', '', 1, '', '', '', '')")

    # What each is for, it can do: the app appends and sequences, the signer signs.
    owner, world.ledger.engine = world.ledger.engine, engines["app"]
    app = Ledger(
        engine=engines["app"],
        keys=replace(world.keys, log=None),
        signer_state=world.signer_state,
        clock=world.clock,
        chance=world.chance.randbytes,
    )
    world.ledger.close()
    owner.dispose()
    world.ledger = app
    assert world.authority.say("party-registered", {"holder": world.new("party"), "name": "某厂"}).outcome == "recorded"
    assert app.sequence() == 1
    assert world.keys.log is not None
    signer = Signer(engine=engines["signer"], key=world.keys.log, state=world.signer_state, clock=world.clock)
    signed = signer.sign()
    assert signed is not None and signed.size == app.size()
    check_ledger(app)
    for engine in engines.values():
        engine.dispose()
    world.close()


def _as(url: str, role: str) -> Engine:
    """The database as one of the roles sees it."""
    engine = open_engine(url)
    event.listen(engine, "connect", lambda connection, _: connection.execute(f"SET ROLE {role}").connection.commit())
    return engine
