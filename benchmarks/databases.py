"""The databases that benchmarks run on, and the rawest insert each of them can do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from benchmarks.measure import folder
from ledger.store.database import open_engine
from tests.support.postgres import new_database, shared_server

Insert = Callable[[Sequence[bytes]], int]
DATABASES = ("sqlite", "postgres")


def new_url(database: str, server: list[Path]) -> str:
    """An empty database; `server` keeps the PostgreSQL server of this run."""
    if database == "sqlite":
        return f"sqlite:///{folder() / 'ledger.db'}"
    if not server:
        server.append(shared_server(folder()))
    return new_database(server[0]).render_as_string(hide_password=False)


def dsn(url: str) -> dict[str, str]:
    """What psycopg needs to reach the same database."""
    parsed = make_url(url)
    return {"host": str(parsed.query["host"]), "user": str(parsed.username), "dbname": str(parsed.database)}


def raw_insert(url: str) -> Insert:
    """One row for each of the given bytes, each in a transaction of its own, as durable as ours, by the bare driver,
    into a database with the same settings."""
    if url.startswith("sqlite"):
        engine = open_engine(f"sqlite:///{folder() / 'raw.db'}")
        pooled = engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        connection.execute("CREATE TABLE raw (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")

        def insert(many: Sequence[bytes]) -> int:
            for each in many:
                connection.execute("INSERT INTO raw (bytes) VALUES (?)", (each,))
            return len(many)

        return insert
    server = psycopg.connect(**dsn(url), autocommit=True)  # type: ignore[arg-type]
    server.execute("CREATE TABLE public.raw (id bigserial PRIMARY KEY, bytes bytea NOT NULL)")

    def insert_there(many: Sequence[bytes]) -> int:
        for each in many:
            server.execute("INSERT INTO public.raw (bytes) VALUES (%s)", (each,))
        return len(many)

    return insert_there
