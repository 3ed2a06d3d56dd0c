"""How fast statements come in: one a call, many callers, batches; beside raw inserts, PyNaCl and eventsourcing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from unittest import mock
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.databases import dsn, raw_insert
from benchmarks.measure import Row, folder, in_turn
from ledger.custody.decide import Decision
from ledger.log import statement
from ledger.log.keys import PublicKey
from ledger.service import Submission
from tests.support.world import Device, World

CALLERS = 32
BATCH = 1_000


class Filler:
    """Devices that fill drums, each at a site of its own party's."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._began = world.clock.ms - time.monotonic_ns() // 1_000_000
        self.shops = [world.party(f"示例汽修厂 {n}") for n in range(CALLERS)]
        self.sites = [world.site(shop) for shop in self.shops]

    def signed(self, count: int, shop: int = 0) -> list[Submission]:
        """The next fillings of one shop."""
        device: Device = self.shops[shop]
        return [device.sign("container-filled", self.world.filled(device, self.sites[shop])) for _ in range(count)]

    def unsent(self, count: int) -> list[Submission]:
        """Fillings to look at only: the shop's chain does not go on with them."""
        device = replace(self.shops[0])
        return [device.sign("container-filled", self.world.filled(device, self.sites[0])) for _ in range(count)]

    def one_by_one(self, submissions: Sequence[Submission]) -> int:
        for each in submissions:
            self._tick()
            (answer,) = self.world.ledger.record([each])
            assert answer.outcome == "recorded", answer
        return len(submissions)

    def together(self, submissions: Sequence[Submission]) -> int:
        self._tick()
        answers = self.world.ledger.record(submissions)
        assert all(each.outcome == "recorded" for each in answers)
        return len(submissions)

    def hundreds(self, submissions: Sequence[Submission]) -> int:
        return sum(self.together(submissions[start : start + 100]) for start in range(0, len(submissions), 100))

    def _tick(self) -> None:
        """The ledger's clock goes on as the server's does."""
        self.world.clock.ms = self._began + time.monotonic_ns() // 1_000_000

    def at_once(self, parts: Sequence[Sequence[Submission]]) -> int:
        """Each part by a caller of its own."""
        threads = [threading.Thread(target=self.one_by_one, args=(part,)) for part in parts]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return sum(map(len, parts))


def rows(database: str, world: World, size: int) -> Iterator[Row]:
    """The rows of one ledger of a size."""
    filler = Filler(world)
    insert = raw_insert(world.url)
    payload = [each.raw for each in filler.unsent(1)]
    aims = (0.25, 0.40) if database == "sqlite" else (0.25, 0.35)

    def raw(count: int) -> Callable[[], int]:
        return lambda: insert(payload * count)

    work = iter([filler.signed(100) for _ in range(6)])
    filler.one_by_one(next(work))
    ours, theirs, ratio = in_turn(lambda: filler.one_by_one(next(work)), raw(100))
    yield Row(what="one event per call, one caller", where=database, size=size, value=ours, unit="/s", baseline=theirs,
              against="raw single insert", ratio=ratio, floor=aims[0], aim=aims[1])  # fmt: skip

    many = iter([[filler.signed(20, shop) for shop in range(CALLERS)] for _ in range(6)])
    filler.at_once(next(many))
    ours, theirs, ratio = in_turn(lambda: filler.at_once(next(many)), raw(200))
    yield Row(what="32 callers at once", where=database, size=size, value=ours, unit="/s", baseline=theirs,
              against="raw single insert", ratio=ratio, floor=0.8, aim=1.2)  # fmt: skip

    batches = iter([filler.signed(BATCH) for _ in range(4)])
    filler.together(next(batches))
    checked = [(each, filler.shops[0].key.public) for each in filler.unsent(BATCH)]
    ours, theirs, ratio = in_turn(lambda: filler.together(next(batches)), lambda: verify_on_all_cores(checked), 3)
    yield Row(what="batches of 1,000", where=database, size=size, value=ours, unit="/s", baseline=theirs,
              against="PyNaCl verify, all cores", ratio=ratio, floor=0.12, aim=0.30)  # fmt: skip


def verify_on_all_cores(checked: Sequence[tuple[Submission, PublicKey]]) -> int:
    """The same statements' signatures by PyNaCl alone, which leaves the interpreter lock while it verifies."""
    cores = os.cpu_count() or 1
    parts = [checked[start::cores] for start in range(cores)]

    def verify(part: Sequence[tuple[Submission, PublicKey]]) -> None:
        for each, public in part:
            statement.verify_signature(each.raw, each.signature, public)

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(verify, parts))
    return len(checked)


# ---------------------------------------------------------------------------------------------------- eventsourcing


class Drum(Aggregate):
    """The same statement as an event of eventsourcing's."""

    @event("Filled")  # type: ignore[untyped-decorator,unused-ignore]
    def __init__(self, said: str) -> None:
        self.said = said


def eventsourcing_rows(database: str, world: World) -> Iterator[Row]:
    """Their application's save, one aggregate and a hundred, beside ours with and without signatures and rules."""
    filler = Filler(world)
    application: Application[UUID] = Application(env=_environment(database, world.url))
    (example,) = filler.unsent(1)
    said = example.raw.decode()

    def theirs(count: int, at_once: int) -> Callable[[], int]:
        def save() -> int:
            for _ in range(count // at_once):
                application.save(*[Drum(said) for _ in range(at_once)])
            return count

        return save

    for bare in (True, False):
        for at_once in (1, 100):
            count = 100 if at_once == 1 else 1_000
            work = iter([filler.signed(count) for _ in range(4)])
            ours = partial(_next, filler.one_by_one if at_once == 1 else filler.hundreds, work)
            with without_signatures_and_rules() if bare else everything_on():
                ours()
                mine, other, ratio = in_turn(ours, theirs(count, at_once), 3)
            yield Row(
                what=f"{'signatures and rules off' if bare else 'everything on'}, {at_once} a call",
                where=database, size=world.ledger.size(), value=mine, unit="/s", baseline=other,
                against="eventsourcing app.save", ratio=ratio, floor=_floor(bare, database, at_once),
                aim=2.0 if bare else 1.0, signed=not bare,
            )  # fmt: skip
    application.close()


def _next(send: Callable[[Sequence[Submission]], int], work: Iterator[Sequence[Submission]]) -> int:
    return send(next(work))


def _floor(bare: bool, database: str, at_once: int) -> float | None:
    if bare or database == "sqlite":
        return 1.0 if bare else 0.5
    return 1.0 if at_once == 1 else None


def _environment(database: str, url: str) -> dict[str, str]:
    if database == "sqlite":
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder() / "theirs.db")}
    where = dsn(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": where["dbname"],
        "POSTGRES_HOST": where["host"],
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": where["user"],
        "POSTGRES_PASSWORD": "none",
        "POSTGRES_SCHEMA": "public",
    }


@contextmanager
def without_signatures_and_rules() -> Iterator[None]:
    """What eventsourcing does not do either: for this comparison only."""
    with (
        mock.patch("ledger.log.statement.verify_signature", lambda raw, _signature, _key: raw),
        mock.patch("ledger.store.append.decide", lambda _fact, _states, _history: Decision()),
    ):
        yield


@contextmanager
def everything_on() -> Iterator[None]:
    yield
