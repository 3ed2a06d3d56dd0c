"""The crash table: wherever a process dies, what it had answered stays, what it had signed never changes, and sending
everything again completes it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ledger.bootstrap import clock
from ledger.log import statement
from ledger.log.checkpoint import parse_checkpoint
from ledger.log.note import Note
from ledger.service import Submission
from ledger.store import tables as t
from ledger.store.failpoints import NAMES
from tests.support.check import check_ledger
from tests.support.repository import ROOT
from tests.support.world import Device, World

KILLS = int(os.environ.get("CRASH_KILLS", "20"))

# SQLite gives an index inside the append: it has no sequencer that could die.
ON_SQLITE = [name for name in NAMES if not name.startswith("sequence.")]
# PostgreSQL writes an entry's tables in one statement: there is no place between them.
_IN_ONE = {f"wrote.{table}" for table in ("statement", "link", "posting", "stream_head", "author_head")}
ON_POSTGRES = [name for name in NAMES if name not in _IN_ONE]


@dataclass(slots=True)
class Crashes:
    """A world, what its processes said before they died, and what is to be sent again until all of it is there."""

    world: World
    folder: Path
    clerk: Device
    stolen: Device
    site: str
    sent: list[Submission] = field(default_factory=list)
    answered: dict[str, str | None] = field(default_factory=dict)  # statement -> entry
    signed: dict[int, str] = field(default_factory=dict)  # size -> root

    @classmethod
    def create(cls, url: str, folder: Path) -> Crashes:
        world = World.create(url, folder)
        clerk = world.party()
        stolen = world.enrol(clerk, party=clerk.party)
        revocation = {"key": stolen.stream, "holder": clerk.party, "last_seq": 0, "reason": "stolen"}
        assert clerk.say("key-revoked", revocation).outcome == "recorded"
        world.look()
        made = cls(world, folder, clerk, stolen, world.new("site"))
        made.heard({"size": world.seen.size, "root": world.seen.root})
        world.ledger.close()
        return made

    def plan(self, count: int, batch: int) -> list[Submission]:
        """`count` more fillings, and one statement of a stolen key, for the next process to send."""
        drums = [self.clerk.sign("container-filled", self.world.filled(self.clerk, self.site)) for _ in range(count)]
        work = [self.stolen.sign("container-filled", self.world.filled(self.stolen, self.site)), *drums]
        self.sent += work
        keys = self.world.keys
        assert keys.log is not None
        document = {
            "url": self.world.url,
            "signer_state": str(self.world.signer_state),
            "batch": batch,
            "keys": {
                "log": keys.log.encode(),
                "promise": keys.promise.seed.hex(),
                "system": keys.system.seed.hex(),
                "kek": keys.kek.hex(),
            },
            "submissions": [(each.raw.decode(), each.signature.hex()) for each in work],
        }
        (self.folder / "plan.json").write_text(json.dumps(document))
        return work

    def start(self, turns: str, fail_at: str | None = None) -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WASTELEDGER_")}
        if fail_at is not None:
            environment["WASTELEDGER_FAIL_AT"] = fail_at
        return subprocess.Popen(
            [sys.executable, "-m", "tests.crash.worker", str(self.folder), turns],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
        )

    def heard(self, said: dict[str, Any]) -> None:
        """Note an answer or a signature; two roots for one size fail here."""
        if "statement" in said:
            before = self.answered.setdefault(said["statement"], said["entry"])
            assert before == said["entry"], f"{said['statement']}: answered once with another entry"
        if "size" in said:
            assert self.signed.setdefault(said["size"], said["root"]) == said["root"], f"size {said['size']}: two roots"

    def look_again(self) -> None:
        """Reopen: everything answered and everything signed is there, as it was."""
        self.world.clock.ms = clock()
        self.world.ledger = self.world.another_process()
        with self.world.ledger.engine.connect() as connection:
            entries = {row.hash.hex(): row.entry.hex() for row in connection.execute(select(t.statement))}
            kept = connection.execute(select(t.checkpoint).order_by(t.checkpoint.c.size)).all()
            evidence = set(connection.execute(select(t.quarantine.c.statement)).scalars())
        for hash_, entry in self.answered.items():
            assert entry is None or entries[hash_] == entry, f"{hash_}: answered, and not as it was"
        for row in kept:
            self.heard({"size": row.size, "root": row.root.hex()})
            assert parse_checkpoint(Note.parse(row.note).text).root == row.root
        assert set(self.signed) == {row.size for row in kept}, "a size was signed and is not there any more"
        assert {bytes.fromhex(hash_) for hash_, entry in self.answered.items() if entry is None} <= evidence
        high = json.loads(self.world.signer_state.read_text())
        assert high["size"] >= max(self.signed), "the high-water mark is lower than what was signed"

    def complete(self) -> None:
        """Send everything again: all of it is there once, sequenced, signed, and checked."""
        ledger = self.world.ledger
        for answer in ledger.record(self.sent):
            assert answer.outcome in ("recorded", "quarantined"), answer
            assert answer.statement is not None
            self.heard({"statement": answer.statement, "entry": None if answer.entry is None else answer.entry.hex()})
        assert set(self.answered) == {statement.statement_hash(each.raw).hex() for each in self.sent}
        ledger.sequence()
        ledger.sign()
        head = ledger.newest_seen()
        assert head.size == ledger.size() == check_ledger(ledger) >= max(self.signed)
        self.heard({"size": head.size, "root": head.root.hex()})


@pytest.fixture
def crashes(database_url: str, tmp_path: Path) -> Iterator[Crashes]:
    made = Crashes.create(database_url, tmp_path)
    yield made
    made.world.close()


def died_at(crashes: Crashes, point: str) -> None:
    """A process dies there; what it had said is noted."""
    crashes.plan(300 if point == "wrote.tile" else 40, 20)
    process = crashes.start("in-turn", point)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, f"{point} was never reached: exit {process.returncode}"
    for line in output.splitlines():
        crashes.heard(json.loads(line))


@pytest.mark.parametrize("point", ON_SQLITE)
def test_a_process_that_dies_here_broke_nothing(point: str, sqlite_url: str, tmp_path: Path) -> None:
    _dies(Crashes.create(sqlite_url, tmp_path), point)


@pytest.mark.parametrize("point", ON_POSTGRES)
def test_a_process_that_dies_here_on_postgresql_broke_nothing(point: str, postgres_url: str, tmp_path: Path) -> None:
    _dies(Crashes.create(postgres_url, tmp_path), point)


def _dies(crashes: Crashes, point: str) -> None:
    died_at(crashes, point)
    crashes.look_again()
    crashes.complete()
    crashes.world.close()


def test_processes_killed_at_any_moment_broke_nothing(crashes: Crashes) -> None:
    """As often as CRASH_KILLS says, in halves on either database; every process sends and signs as fast as it can."""
    chance = random.Random(os.environ.get("CRASH_SEED", "1"))
    work = crashes.plan(600, 7)
    cut_short = 0
    for _ in range((KILLS + 1) // 2):
        if len(crashes.answered) == len(crashes.sent):
            work = crashes.plan(600, 7)
        process = crashes.start("side-by-side")
        assert process.stdout is not None
        assert "ready" in json.loads(process.stdout.readline())
        time.sleep(chance.uniform(0, 0.25))
        process.kill()
        said = process.stdout.read().splitlines()
        assert process.wait() == -signal.SIGKILL
        for line in said:
            crashes.heard(json.loads(line))
        cut_short += len(crashes.answered) < len(crashes.sent)
        crashes.look_again()
        crashes.world.ledger.close()
    assert cut_short, "every process had finished before it was killed"
    assert work[0] in crashes.sent
    crashes.look_again()
    crashes.complete()
