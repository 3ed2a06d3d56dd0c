"""The demo park behind a real server in a process of its own, and people who can log in to it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from ledger import bootstrap
from ledger.settings import from_environment
from tests.support.repository import ROOT
from tests.support.served import free_port

PASSWORD = "browser tests only"
WASTELEDGER = (str(Path(sys.executable).with_name("wasteledger")),)
Person = Callable[[str], Page]
"""`person("clerk")`: a page of somebody with a browser of their own, logged in."""
LogIn = Callable[..., Page]
"""`log_in("clerk")`: a page of a person of the park who has come in; `path` is where they go."""


@dataclass(frozen=True, slots=True)
class Park:
    """A served demo park: its address, its folder, and the environment in which commands reach the same ledger."""

    url: str
    home: Path
    environment: Mapping[str, str]


def make(folder: Path) -> dict[str, str]:
    """Make the demo park in a folder, with PASSWORD for everybody; the environment of its commands."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WASTELEDGER_")} | {"PYTHONPATH": str(ROOT)}
    made = subprocess.run(
        [*WASTELEDGER, "demo", "--home", str(folder)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    chosen = {"WASTELEDGER_HOME": str(folder / "ledger"), "WASTELEDGER_RATE_LIMIT": "1000000/second"}
    settings = from_environment(chosen)
    ledger = bootstrap.open_ledger(settings)
    accounts = bootstrap.open_accounts(ledger, settings)
    for person in accounts.everybody():
        accounts.set_password(person.name, PASSWORD)
    ledger.close()
    return environment | chosen


@contextmanager
def served(folder: Path, environment: Mapping[str, str], port: int = 0) -> Iterator[Park]:
    """`wasteledger serve` over a made park until the block ends; on the given port or a free one."""
    port = port or free_port()
    with open(folder / f"serve-{port}.log", "wb") as log:
        server = subprocess.Popen(
            [*WASTELEDGER, "serve", "--port", str(port)], env=dict(environment), stdout=log, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _await(url, server, folder / f"serve-{port}.log")
            yield Park(url, folder / "ledger", environment)
        finally:
            server.terminate()
            server.wait(60)


def _await(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            urllib.request.urlopen(f"{url}/health", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"no answer at {url}: {log.read_text()[-2000:]}")
