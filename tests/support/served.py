"""A server process of the product's own, and a ledger that it opens by its environment while people sign for it."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ledger import bootstrap
from ledger.log.keys import PrivateKey
from ledger.service import RootAuthority
from ledger.settings import Settings
from tests.support.repository import ROOT
from tests.support.world import ALL_ROLES, ORIGIN, Clock, Device, World


class WallClock(Clock):
    """The servers' own."""

    def __call__(self) -> int:
        return bootstrap.clock()


@contextmanager
def served_world(settings: Settings) -> Iterator[World]:
    """People who sign against a new ledger of these settings, by the clock on the wall."""
    chance = random.Random(7)
    root = PrivateKey(chance.randbytes(32))
    made = World(clock=WallClock(), chance=chance, url=settings.database, folder=settings.home, keys=None)  # type: ignore[arg-type]
    authority = Device(made, root, made.new("key"), made.new("party"), made.new("person"))
    made.ledger = bootstrap.init_ledger(
        settings,
        origin=ORIGIN,
        operator_name="示例园区",
        authorities=[
            RootAuthority(
                party=authority.party,
                person=authority.person,
                key=authority.stream,
                public_key=root.public,
                roles=ALL_ROLES,
                name="示例主管部门",
            )
        ],
    )
    made.authority = authority
    yield made
    made.close()


def environment_of(settings: Settings) -> dict[str, str]:
    """What a process needs to open the ledger of these settings; nobody is slowed down."""
    return os.environ | {
        "WASTELEDGER_HOME": str(settings.home),
        "WASTELEDGER_DATABASE": settings.database,
        "WASTELEDGER_RATE_LIMIT": "1000000/second",
    }


def token_of(world: World, settings: Settings, party: str, name: str = "admin") -> str:
    """The secret of a token of a party's, which may read and send; its administrator is called so."""
    accounts = bootstrap.open_accounts(world.ledger, settings)
    accounts.create(name=name, password="correct horse battery", roles=["admin"], party=party)
    admin = accounts.actor_for_session(accounts.log_in(name, "correct horse battery", address="192.0.2.1"))
    assert admin is not None
    return accounts.tokens.issue(admin, name="load", scopes=["read", "statements:write"], days=1)[1]


@dataclass(slots=True)
class Server:
    """An application on granian, as `serve` runs it."""

    port: int
    environment: dict[str, str]
    target: str = "api.wsgi:app"
    path: str = "/health"
    workers: int = 1
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(self.port), "--no-ws"]
        command += ["--workers", str(self.workers), "--blocking-threads", "16", "--backpressure", "128"]
        command += ["--respawn-failed-workers", "--workers-kill-timeout", "20", self.target]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=subprocess.DEVNULL)
        until(self.answers, f"server on {self.port} does not answer")

    def answers(self) -> bool:
        try:
            return bool(ask(self.port, "GET", self.path).status == 200)
        except OSError:
            return False

    def worker_pids(self) -> list[int]:
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        return [int(each) for each in found.stdout.split()]

    def stop(self) -> None:
        until(self.answers, f"server on {self.port} did not come back")
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0


@contextmanager
def jobs(environment: dict[str, str]) -> Iterator[None]:
    """What numbers, signs and projects, in a process of its own."""
    running = subprocess.Popen([sys.executable, "-m", "cli.jobs"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


def ask(port: int, method: str, path: str, body: Any = None, token: str = "") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        answer.told = answer.read()  # type: ignore[attr-defined]
        return answer
    finally:
        connection.close()


def until(holds: Any, otherwise: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
