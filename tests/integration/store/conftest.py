"""A ledger on each database, checked when the test is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.check import check_ledger
from tests.support.world import World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A ledger on SQLite, and again on PostgreSQL."""
    made = World.create(database_url, tmp_path)
    yield made
    made.ledger.sequence()
    check_ledger(made.ledger)
    made.close()
