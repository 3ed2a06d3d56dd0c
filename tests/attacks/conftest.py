"""A varied ledger for each module of attacks, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import new_database
from tests.support.varied import Varied, varied


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Varied]:
    """Shared by a module's tests: each leaves it as it found it."""
    folder: Path = tmp_path_factory.mktemp("varied")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'ledger.db'}"
    else:
        url = new_database(request.getfixturevalue("postgres_server")).render_as_string(hide_password=False)
    made = varied(url, folder, waiting=request.param == "postgres")
    yield made
    assert made.verify().differences == ()
    made.world.close()
