"""Real databases for tests: a file of SQLite's, a database of PostgreSQL's, or each in turn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.postgres import new_database, shared_server


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The socket folder of the run's PostgreSQL server."""
    own = tmp_path_factory.getbasetemp()
    return shared_server(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture
def postgres_url(postgres_server: Path) -> str:
    """An SQLAlchemy URL to a PostgreSQL database of this test's own, its search path an empty schema."""
    return new_database(postgres_server).render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLAlchemy URL to a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Runs the test on SQLite and again on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
