"""An application over a ledger on SQLite, checked when the test is over: the database makes no difference to pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api_world import ApiWorld
from tests.support.check import check_ledger


@pytest.fixture
def api(sqlite_url: str, tmp_path: Path) -> Iterator[ApiWorld]:
    made = ApiWorld.create(sqlite_url, tmp_path)
    yield made
    made.follow()
    check_ledger(made.world.ledger)
    made.close()
