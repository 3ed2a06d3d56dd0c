"""Two real servers on one PostgreSQL under 64 clients that double-submit, hang up and meet a killed server."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ledger import bootstrap
from ledger.log.checkpoint import Policy
from ledger.log.keys import PrivateKey
from ledger.log.proof import verify_receipt
from ledger.log.trust import Trust
from ledger.service import RootAuthority, Submission
from ledger.settings import Settings, from_environment
from tests.support.api_world import wire_of
from tests.support.check import check_ledger
from tests.support.repository import ROOT
from tests.support.world import ALL_ROLES, ORIGIN, Clock, Device, World

CLIENTS, EACH = 64, 4
SECONDS = 120


class WallClock(Clock):
    """The servers' own."""

    def __call__(self) -> int:
        return bootstrap.clock()


@dataclass(slots=True)
class Server:
    """A server process of the product's own."""

    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(self.port)]
        command += [
            "--workers",
            "1",
            "--blocking-threads",
            "16",
            "--respawn-failed-workers",
            "--workers-kill-timeout",
            "20",
            "api.wsgi:app",
        ]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=subprocess.DEVNULL)
        until(lambda: self.answers(), f"server on {self.port} does not answer")

    def answers(self) -> bool:
        try:
            return bool(ask(self.port, "GET", "/health").status == 200)
        except OSError:
            return False

    def workers(self) -> list[int]:
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        return [int(each) for each in found.stdout.split()]

    def stop(self) -> None:
        until(self.answers, f"server on {self.port} did not come back")
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0


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


def hang_up(port: int, body: Any, token: str) -> None:
    """Send a statement and leave before it can be answered."""
    raw = json.dumps(body).encode()
    head = f"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}"
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        wire.sendall(f"{head}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)


def until(holds: Any, otherwise: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)


@pytest.fixture
def settings(postgres_url: str, tmp_path: Path) -> Settings:
    schemed = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    return from_environment({"WASTELEDGER_HOME": str(tmp_path / "home"), "WASTELEDGER_DATABASE": schemed})


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    """People who sign against a ledger that the servers open by their environment."""
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


def test_nothing_is_lost_nothing_is_double_and_every_receipt_comes(world: World, settings: Settings) -> None:
    shop = world.party()
    site = world.site(shop)
    accounts = bootstrap.open_accounts(world.ledger, settings)
    accounts.create(name="shop", password="correct horse battery", roles=["admin"], party=shop.party)
    admin = accounts.actor_for_session(accounts.log_in("shop", "correct horse battery", address="192.0.2.1"))
    assert admin is not None
    token = accounts.issue_token(admin, name="load", scopes=["read", "statements:write"], days=1)[1]
    devices = [world.enrol(shop, party=shop.party) for _ in range(CLIENTS)]
    work = [[d.sign("container-filled", world.filled(d, site)) for _ in range(EACH)] for d in devices]
    environment = os.environ | {
        "WASTELEDGER_HOME": str(settings.home),
        "WASTELEDGER_DATABASE": settings.database,
        "WASTELEDGER_RATE_LIMIT": "1000000/second",
    }
    servers = [Server(free_port(), dict(environment)) for _ in range(2)]
    jobs = subprocess.Popen([sys.executable, "-m", "cli.jobs"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    told: dict[str, dict[str, Any]] = {}
    try:
        for server in servers:
            server.start()
        end = time.monotonic() + SECONDS
        clients = [
            threading.Thread(target=client, args=(n, each, [s.port for s in servers], token, told, end))
            for n, each in enumerate(work)
        ]
        for each in clients:
            each.start()
        time.sleep(1)
        (victim,) = servers[0].workers()[:1]
        os.kill(victim, signal.SIGKILL)  # in the middle of it: granian starts another
        for each in clients:
            each.join()
        assert len(told) == CLIENTS * EACH, "somebody gave up"
        statements = {answer["statement"] for answer in told.values()}
        assert len(statements) == CLIENTS * EACH
        policy, trust = Policy.parse(settings.policy.read_bytes()), Trust.parse(settings.trust.read_bytes())
        for id_, answer in random.Random(1).sample(sorted(told.items()), 40):
            until(lambda id_=id_: ask(servers[1].port, "GET", f"/v1/receipts/{id_}", token=token).status == 200, id_)
            receipt = ask(servers[1].port, "GET", f"/v1/receipts/{id_}", token=token).told
            assert verify_receipt(receipt, policy, trust).statement.hash.hex() == answer["statement"]
    finally:
        for server in servers:
            server.stop()
        jobs.send_signal(signal.SIGTERM)
        jobs.wait(30)
    ledger = world.ledger
    ledger.sequence()
    ledger.sign()
    for submissions in work:
        for submission in submissions:
            assert isinstance(ledger.receipt(idof(submission)), str), "an accepted statement without a receipt"
    assert check_ledger(ledger) == ledger.size()
    assert len(ledger.stream(site)) == 1 + CLIENTS * EACH, "the site's chain holds each filling once"


def client(n: int, work: list[Submission], ports: list[int], token: str, told: dict[str, Any], end: float) -> None:
    """Sends its statements in order, some twice, some without waiting; goes on until each is answered with 201."""
    chance = random.Random(n)
    for submission in work:
        body = wire_of(submission)
        while time.monotonic() < end:
            port = chance.choice(ports)
            try:
                if chance.random() < 0.2:
                    hang_up(port, body, token)
                answer = ask(port, "POST", "/v1/statements", body, token)
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 201:
                found = json.loads(answer.told)
                told[found["id"]] = found
                break
            assert answer.status == 503, answer.told


def idof(submission: Submission) -> str:
    return str(json.loads(submission.raw)["id"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
