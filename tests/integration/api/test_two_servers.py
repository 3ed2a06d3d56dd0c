"""Two real servers on one PostgreSQL under 64 clients that double-submit, hang up and meet a killed server."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.log.checkpoint import Policy
from ledger.log.proof import verify_receipt
from ledger.log.trust import Trust
from ledger.service import Submission
from ledger.settings import Settings, from_environment
from tests.support.api_world import wire_of
from tests.support.check import check_ledger
from tests.support.served import Server, ask, environment_of, free_port, jobs, served_world, token_of, until
from tests.support.world import World

CLIENTS, EACH = 64, 4
SECONDS = 120


def hang_up(port: int, body: Any, token: str) -> None:
    """Send a statement and leave before it can be answered."""
    raw = json.dumps(body).encode()
    head = f"POST /v1/statements HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}"
    with socket.create_connection(("127.0.0.1", port), 10) as wire:
        wire.sendall(f"{head}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)


@pytest.fixture
def settings(postgres_url: str, tmp_path: Path) -> Settings:
    schemed = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    return from_environment({"WASTELEDGER_HOME": str(tmp_path / "home"), "WASTELEDGER_DATABASE": schemed})


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    with served_world(settings) as made:
        yield made


def test_nothing_is_lost_nothing_is_double_and_every_receipt_comes(world: World, settings: Settings) -> None:
    shop = world.party()
    site = world.site(shop)
    token = token_of(world, settings, shop.party)
    devices = [world.enrol(shop, party=shop.party) for _ in range(CLIENTS)]
    work = [[d.sign("container-filled", world.filled(d, site)) for _ in range(EACH)] for d in devices]
    environment = environment_of(settings)
    servers = [Server(free_port(), dict(environment)) for _ in range(2)]
    told: dict[str, dict[str, Any]] = {}
    with jobs(environment):
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
            (victim,) = servers[0].worker_pids()[:1]
            os.kill(victim, signal.SIGKILL)  # in the middle of it: granian starts another
            for each in clients:
                each.join()
            assert len(told) == CLIENTS * EACH, "somebody gave up"
            statements = {answer["statement"] for answer in told.values()}
            assert len(statements) == CLIENTS * EACH
            policy, trust = Policy.parse(settings.policy.read_bytes()), Trust.parse(settings.trust.read_bytes())
            port = servers[1].port
            for id_, answer in random.Random(1).sample(sorted(told.items()), 40):
                until(lambda id_=id_: ask(port, "GET", f"/v1/receipts/{id_}", token=token).status == 200, id_)
                receipt = ask(port, "GET", f"/v1/receipts/{id_}", token=token).told
                assert verify_receipt(receipt, policy, trust).statement.hash.hex() == answer["statement"]
        finally:
            for server in servers:
                server.stop()
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
