"""What the tests' databases promise: real, durable, each test its own."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from tests.support.repository import ROOT

START_AND_WAIT = """
import os, sys, time
from pathlib import Path
os.environ.pop("PYTEST_XDIST_WORKER", None)
from tests.support.postgres import shared_server
print(shared_server(Path(sys.argv[1])), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_an_empty_database_of_its_own(database_url: str, turn: str) -> None:
    with create_engine(database_url).begin() as connection:
        connection.execute(text("CREATE TABLE mark (turn text)"))
        connection.execute(text("INSERT INTO mark VALUES (:turn)"), {"turn": turn})
        assert connection.execute(text("SELECT turn FROM mark")).scalars().all() == [turn]


def test_postgres_is_a_durable_server_with_only_the_own_schema_on_its_search_path(postgres_url: str) -> None:
    with create_engine(postgres_url).connect() as connection:
        assert connection.execute(text("SHOW fsync")).scalar_one() == "on"
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        assert connection.execute(text("SHOW search_path")).scalar_one() == schema


def test_no_server_outlives_a_run_that_was_killed(tmp_path: Path) -> None:
    run = subprocess.Popen([sys.executable, "-c", START_AND_WAIT, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert run.stdout is not None
    folder = Path(run.stdout.readline().decode().strip())
    server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    run.kill()
    run.wait()
    deadline = time.monotonic() + 30
    while folder.exists() or psutil.pid_exists(server):
        assert time.monotonic() < deadline, f"expected server {server} and {folder} to be gone"
        time.sleep(0.1)
