"""An application over a ledger on SQLite, checked when the test is over: the database makes no difference to pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import browser
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork
from tests.support.check import check_ledger


@pytest.fixture
def api(sqlite_url: str, tmp_path: Path) -> Iterator[ApiWorld]:
    made = ApiWorld.create(sqlite_url, tmp_path)
    yield made
    made.follow()
    check_ledger(made.world.ledger)
    made.close()


@pytest.fixture
def regulator(api: ApiWorld) -> AtWork:
    """The authority's browser: no key of an authority ever lies with the server."""
    secret, client = api.session("regulator"), api.app.test_client()
    client.set_cookie(browser.LOCAL_COOKIE, secret)
    return AtWork(api, client, secret)
