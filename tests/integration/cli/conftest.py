"""A park with people in it, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.command import Home, park


@pytest.fixture(scope="session")
def made_park(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home in which the park is set up."""
    return park(tmp_path_factory.mktemp("park")).folder


@pytest.fixture
def home(made_park: Path, tmp_path: Path) -> Home:
    """A park of this test's own."""
    folder = tmp_path / "own"
    shutil.copytree(made_park, folder)
    return Home(folder)
