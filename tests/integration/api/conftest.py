"""An application over a ledger on each database, checked when the test is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api_world import ApiWorld
from tests.support.check import check_ledger


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[ApiWorld]:
    """On SQLite, and again on PostgreSQL."""
    made = ApiWorld.create(database_url, tmp_path)
    yield made
    made.follow()
    check_ledger(made.world.ledger)
    made.close()


@pytest.fixture
def api_on_sqlite(sqlite_url: str, tmp_path: Path) -> Iterator[ApiWorld]:
    """On SQLite only, where the database makes no difference."""
    made = ApiWorld.create(sqlite_url, tmp_path)
    yield made
    check_ledger(made.world.ledger)
    made.close()
