"""What a benchmark is made of: two things timed in turn, the machine's mood meanwhile, and one row of the table."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

BUSY_FSYNC_MS = 2.0
IDLE_ENOUGH = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: `value` of `unit`, beside `baseline` of the same, and the `ratio` that the targets are
    about (`floor` None: no target, for information); `least` says that a smaller ratio is the better one."""

    what: str
    where: str
    size: int
    value: float
    unit: str
    baseline: float | None
    against: str
    ratio: float | None
    floor: float | None = None
    aim: float | None = None
    least: bool = False
    signed: bool = True

    def reached(self, target: float | None) -> bool | None:
        """Whether a target is met; None where there is none."""
        measured = self.value if self.ratio is None else self.ratio
        if target is None:
            return None
        return measured <= target if self.least else measured >= target


@dataclass(frozen=True, slots=True)
class Machine:
    """How free the machine was: the share of its cores that nobody else used, and what a sync of 4 KB took."""

    free: float
    fsync_ms: float

    def __str__(self) -> str:
        busy = "" if self.fsync_ms < BUSY_FSYNC_MS and self.free >= IDLE_ENOUGH else " (busy)"
        return f"free {self.free:.0%}, fsync p50 {self.fsync_ms:.2f} ms{busy}"


@contextmanager
def watched(said: list[Machine]) -> Iterator[None]:
    """Appends what the machine was like while the block ran, work of this process and its children not counted."""
    fsync = [fsync_ms()]
    before, own, at = psutil.cpu_times(), _own_seconds(), time.perf_counter()
    yield
    after, cores = psutil.cpu_times(), os.cpu_count() or 1
    used = sum(after[:3]) - sum(before[:3]) - (_own_seconds() - own)
    free = 1 - max(0.0, used) / (cores * (time.perf_counter() - at))
    fsync.append(fsync_ms())
    said.append(Machine(max(0.0, free), statistics.median(fsync)))


def _own_seconds() -> float:
    """CPU seconds of this process tree, a database server started by it included."""
    total = 0.0
    me = psutil.Process()
    for process in [me, *me.children(recursive=True), *_servers()]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def memory_mb(process: psutil.Process) -> float:
    """What a process and those it started have together now, what they share counted once."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):
            total += each.memory_full_info().pss
    return total / 2**20


def _servers() -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["name"]) if each.info["name"] == "postgres"]


def fsync_ms(times: int = 31) -> float:
    """The median time of a synced write of 4 KB, in the folder where benchmarks keep their databases."""
    took = []
    with tempfile.TemporaryFile() as file:
        for _ in range(times):
            file.write(bytes(4096))
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000


def in_turn(ours: Callable[[], int], theirs: Callable[[], int], rounds: int = 5) -> tuple[float, float, float]:
    """Rates per second of two things done by turns (each says how many it did), and the median of their ratios: what
    else the machine does meets both alike."""
    pairs = []
    for turn in range(rounds):
        first, second = (ours, theirs) if turn % 2 == 0 else (theirs, ours)
        rates = {first: rate(first)}
        rates[second] = rate(second)
        pairs.append((rates[ours], rates[theirs]))
    ratio = statistics.median(mine / other for mine, other in pairs)
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs), ratio


def rate(work: Callable[[], int]) -> float:
    """How many a second."""
    started = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - started)


def folder() -> Path:
    """A fresh folder for one database."""
    return Path(tempfile.mkdtemp(prefix="wasteledger-bench-"))
