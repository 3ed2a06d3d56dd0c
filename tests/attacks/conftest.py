"""A varied ledger for each module of attacks, and a small one for each test, on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import new_database
from tests.support.varied import Varied, no_codes, varied
from tests.support.world import World


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


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A ledger of one test's own, which may leave it broken."""
    made = World.create(database_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def sound(world: World) -> Iterator[World]:
    """A ledger that must verify in full when the attack is over."""
    yield world
    world.look()
    assert world.ledger.verify(read_catalogue=no_codes).differences == ()
