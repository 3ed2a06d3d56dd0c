"""Opens the database the way the ledger needs it, and brings its schema up to date."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from importlib.resources import files
from typing import Any, Final

import psycopg
import sqlalchemy.exc
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text

from ledger.store.tables import HEADS, INSERT_ONLY, PROJECTIONS

__all__ = [
    "UNREACHABLE", "Connection", "Engine", "asking", "current", "newest", "open_engine", "roles_sql", "unusable",
    "upgrade", "writing",
]  # fmt: skip

UNREACHABLE: Final = (
    sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, sqlalchemy.exc.TimeoutError,
    sqlite3.OperationalError, psycopg.OperationalError, psycopg.InterfaceError,
)  # fmt: skip
"""What a database raises that is away, stopping or too busy: what was not answered can be sent again."""

DEFAULT_SCHEMA: Final = "wasteledger"
_BUSY_S: Final = 30.0


def unusable(error: Exception) -> str:
    """What is wrong with the database itself, in its own words: away, too busy, no database, damaged; "" when it is
    something else."""
    if isinstance(error, UNREACHABLE) or type(error) is sqlalchemy.exc.DatabaseError:
        return str(getattr(error, "orig", error)).partition("\n")[0]
    return ""


def open_engine(url: str, schema: str = DEFAULT_SCHEMA) -> Engine:
    """An engine on SQLite (WAL, every commit synced) or PostgreSQL (one schema per ledger, names unqualified)."""
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            sqlite3.register_adapter(bytes, bytes)  # without one, each is asked whether it can adapt itself
            engine = create_engine(
                parsed, connect_args={"timeout": _BUSY_S, "check_same_thread": False}, hide_parameters=True
            )
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        case "postgresql":
            if not schema.isidentifier() or schema != schema.lower():
                raise ValueError(f"schema: expected a lowercase identifier, got {schema!r}")
            named = {} if "options" in parsed.query else {"options": f"-c search_path={schema}"}
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                connect_args=named,
                pool_size=8,
                max_overflow=24,
                hide_parameters=True,  # an error is logged; what it was about is nobody's business there
            )
        case other:
            raise ValueError(f"database: expected sqlite or postgresql, got {other}")


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: writers say BEGIN IMMEDIATE
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # a promise must survive a power cut
        "foreign_keys=ON",
        "recursive_triggers=ON",  # otherwise INSERT OR REPLACE deletes past the append-only triggers
        "secure_delete=ON",  # erased means overwritten
        "cache_size=-65536",
        "wal_autocheckpoint=8000",  # 32 MB: pages written again and again are copied back once
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def writing(engine: Engine) -> AbstractContextManager[Connection]:
    """A transaction that will write: on SQLite the only one from its start, so that it never fails half way."""
    return engine.execution_options(writes=True).begin()


def asking(engine: Engine) -> Connection:
    """For questions that need not see one moment: on PostgreSQL each is one round trip, without a transaction."""
    connection = engine.connect()
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
    return connection


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the migrations that are missing, in one transaction."""
    scripts = _scripts()
    with engine.connect() as connection:
        schema = _schema(connection)
        if schema is not None:
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        with EnvironmentContext(
            Config(), scripts, fn=lambda rev, _context: scripts._upgrade_revs(revision, rev)
        ) as environment:
            environment.configure(
                connection=connection, version_table_schema=schema, transactional_ddl=True, render_as_batch=False
            )
            environment.run_migrations()
        connection.commit()


def current(engine: Engine) -> str | None:
    """The revision this database is at; None when it is empty."""
    with engine.connect() as connection:
        options = {"version_table_schema": _schema(connection)}
        return MigrationContext.configure(connection, opts=options).get_current_revision()


def newest() -> str:
    """The revision this program needs."""
    head = _scripts().get_current_head()
    assert head is not None
    return head


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(files("migrations")))


def _schema(connection: Connection) -> str | None:
    if connection.dialect.name != "postgresql":
        return None
    return str(connection.execute(text("SHOW search_path")).scalar_one())


def roles_sql(schema: str = DEFAULT_SCHEMA) -> str:
    """The statements that a PostgreSQL administrator runs once, after `upgrade`, to split the rights.

    `<schema>_owner` owns the tables and runs migrations; `_app` appends, sequences and erases; `_signer` reads the log
    and adds checkpoints; `_reader` reads the log and what is derived from it. These two are granted table by table: a
    new table is closed to them until somebody decides otherwise. None of them can change evidence: not even the owner
    gets past the triggers without disabling them, which verification is there to find.
    """
    owner, app, signer, reader = (f"{schema}_{name}" for name in ("owner", "app", "signer", "reader"))
    evidence = ", ".join(INSERT_ONLY)
    signed = "statement, leaf, log_state, checkpoint, cosignature, alembic_version"
    read = ", ".join((*INSERT_ONLY, *HEADS, *PROJECTIONS, "document", "alembic_version"))
    lines = [
        f"CREATE ROLE {owner} NOLOGIN; CREATE ROLE {app} NOLOGIN; CREATE ROLE {signer} NOLOGIN;"
        f" CREATE ROLE {reader} NOLOGIN;",
        f"SET LOCAL search_path = {schema};",
        f"ALTER SCHEMA {schema} OWNER TO {owner};",
        f"DO $$ DECLARE t record; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = '{schema}' LOOP"
        f" EXECUTE 'ALTER TABLE ' || quote_ident(t.tablename) || ' OWNER TO {owner}'; END LOOP; END $$;",
        f"GRANT USAGE ON SCHEMA {schema} TO {app}, {signer}, {reader};",
        f"GRANT SELECT ON {signed} TO {signer};",
        f"GRANT SELECT ON {read} TO {reader};",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {app};",
        f"REVOKE UPDATE, DELETE ON {evidence} FROM {app};",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {app};",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {app};",
        f"GRANT INSERT ON checkpoint, cosignature TO {signer};",
        f"REVOKE INSERT ON checkpoint FROM {app};",
    ]
    return "\n".join(lines) + "\n"
