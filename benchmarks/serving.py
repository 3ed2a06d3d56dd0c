"""What HTTP costs: statements, tiles and receipts through two workers of granian on PostgreSQL, beside a hello world on
the same server and batches recorded in this process."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import orjson

from benchmarks.load import Load, load, request
from benchmarks.measure import Row, folder, in_turn
from ledger.service import Submission
from ledger.settings import Settings, from_environment
from tests.support.api_world import wire_of
from tests.support.served import Server, ask, environment_of, free_port, jobs, served_world, token_of, until
from tests.support.world import Device, World

CONNECTIONS, WORKERS = 32, 2
ROUNDS = 5
WHERE = f"postgres, {WORKERS} workers"


@dataclass(slots=True)
class Clerk:
    """Who scans: a device, where it does, and the token that it sends with."""

    world: World
    device: Device
    site: str
    token: str

    def scans(self, count: int) -> list[Submission]:
        device = self.device
        return [device.sign("container-filled", self.world.filled(device, self.site)) for _ in range(count)]

    def posts(self, each: int) -> list[bytes]:
        return [self.post(wire_of(scan)) for scan in self.scans(each)]

    def post_of_100(self) -> bytes:
        return self.post({"statements": [wire_of(each) for each in self.scans(100)]})

    def post(self, body: object) -> bytes:
        return request("POST", "/v1/statements", orjson.dumps(body), self.token)


def _clerks(world: World, settings: Settings) -> tuple[list[Clerk], list[Clerk]]:
    """As many as there are connections: each of an enterprise of its own; and all of one, at one site."""
    shops = [world.party() for _ in range(CONNECTIONS)]
    own = [Clerk(world, shop, world.site(shop), token_of(world, settings, shop.party, f"admin{n}"))
           for n, shop in enumerate(shops)]  # fmt: skip
    first = own[0]
    devices = [world.enrol(first.device, party=first.device.party) for _ in range(CONNECTIONS)]
    return own, [Clerk(world, device, first.site, first.token) for device in devices]


def rows(url: str) -> Iterator[Row]:
    """The rows of TARGETS.md §2 that go over HTTP."""
    with ExitStack() as stack:
        database = url.replace("postgresql+psycopg://", "postgresql://")
        settings = from_environment({"WASTELEDGER_HOME": str(folder() / "home"), "WASTELEDGER_DATABASE": database})
        world = stack.enter_context(served_world(settings))
        clerks = _clerks(world, settings)
        environment = environment_of(settings)
        stack.enter_context(jobs(environment))
        hello = Server(free_port(), environment, "benchmarks.hello:app", "/", WORKERS)
        ours = Server(free_port(), environment, workers=WORKERS)
        for server in (hello, ours):
            server.start()
            stack.callback(server.stop)
        yield from _all(*clerks, hello.port, ours.port)


def _all(own: Sequence[Clerk], together: Sequence[Clerk], hello_port: int, port: int) -> Iterator[Row]:
    loads: list[Load] = []
    greetings: list[Load] = []

    def hello() -> int:
        greetings.append(load(hello_port, [[request("GET", "/")] * 250] * CONNECTIONS))
        return greetings[-1].count

    def work(requests: Sequence[Sequence[bytes]]) -> int:
        loads.append(load(port, requests))
        return loads[-1].count

    batch = own[0].world.ledger
    for clerks, where in ((own, "a site each"), (together, "all at one site")):
        what = f"POST of one signed scan, 32 connections, {where}"
        load(port, [clerk.posts(10) for clerk in clerks])  # connections, caches, plans
        posts = iter([[clerk.posts(25) for clerk in clerks] for _ in range(ROUNDS)])
        loads.clear()
        value, baseline, ratio = in_turn(map(work, posts).__next__, hello, ROUNDS)
        size = batch.size()
        yield _row(what, size, value, baseline, ratio, 0.12, 0.25)
        slowest = statistics.median(each.percentile_ms(99) for each in loads)
        yield Row(what=f"{what}, p99", where=WHERE, size=size, value=slowest, unit="ms",
                  baseline=None, against="", ratio=None, floor=100, aim=60, least=True)  # fmt: skip
    yield _own("load client's own share of a core: hello world", greetings, size)

    inside = iter([own[1].scans(100) for _ in range(3 * ROUNDS)])
    outside = iter([[own[0].post_of_100() for _ in range(3)] for _ in range(ROUNDS)])

    def in_process() -> int:
        answers = [answer for _ in range(3) for answer in batch.record(next(inside))]
        assert all(each.outcome == "recorded" for each in answers)
        return len(answers)

    value, baseline, ratio = in_turn(lambda: 100 * work([next(outside)]), in_process, ROUNDS)
    yield _row("POST of 100, one connection", batch.size(), value, baseline, ratio, 0.5, 0.8, "100 recorded in process")

    until(lambda: batch.newest_seen().size >= 256, "no full tile is signed")
    tile = request("GET", "/tile/0/000")
    yield _gets("GET warm tile", tile, work, hello, size, 0.5, 0.7)
    id_ = batch.record(own[0].scans(1))[0].id
    until(lambda: ask(port, "GET", f"/v1/receipts/{id_}", token=own[0].token).status == 200, "no receipt")
    yield _gets("GET receipt", request("GET", f"/v1/receipts/{id_}", token=own[0].token), work, hello, size, 0.2, 0.4)


def _gets(
    what: str, asked: bytes, work: Callable[[Sequence[Sequence[bytes]]], int], hello: Callable[[], int], size: int,
    floor: float, aim: float,
) -> Row:  # fmt: skip
    value, baseline, ratio = in_turn(lambda: work([[asked] * 100] * CONNECTIONS), hello, ROUNDS)
    return _row(what, size, value, baseline, ratio, floor, aim)


def _row(
    what: str, size: int, value: float, baseline: float, ratio: float, floor: float, aim: float,
    against: str = "hello world",
) -> Row:  # fmt: skip
    return Row(what=what, where=WHERE, size=size, value=value, unit="/s", baseline=baseline, against=against,
               ratio=ratio, floor=floor, aim=aim)  # fmt: skip


def _own(what: str, loads: Sequence[Load], size: int) -> Row:
    return Row(what=what, where=WHERE, size=size, value=statistics.median(each.own for each in loads), unit="",
               baseline=None, against="", ratio=None)  # fmt: skip
