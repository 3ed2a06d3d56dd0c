"""How fast a ledger proves and verifies itself, and imports an enterprise's books."""

from __future__ import annotations

import io
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.resources import files

import psutil
import python_calamine
from pymerkle import SqliteTree  # type: ignore[import-untyped]

from benchmarks.appending import BATCH, Filler, verify_on_all_cores
from benchmarks.measure import Row, folder, memory_mb, rate
from ledger.custody.events import parse
from ledger.custody.events.ledger import LedgerOpened
from ledger.custody.regimes.cn import REGIME as CN
from ledger.exchange.hj1259 import read_workbook, write_workbook
from ledger.log import statement
from ledger.store import read
from ledger.store.database import open_engine
from ledger.store.verify import LEVELS, Level, verify
from tests.support.command import Home, park
from tests.support.repository import ROOT
from tests.support.world import World

PROOFS = 400
THEIRS = 100_000


def proof_rows(database: str, world: World, theirs: tuple[float, float]) -> Iterator[Row]:
    """Inclusion proofs from the store beside pymerkle's, both at random places."""
    size = world.ledger.size()
    chance = random.Random(1)

    def prove() -> None:
        world.ledger.inclusion(chance.randrange(size), size)

    p50, p99 = percentiles(prove)
    against = f"pymerkle p50 at {THEIRS:,}"
    yield Row(what="inclusion proof, p50", where=database, size=size, value=p50, unit="ms", baseline=theirs[0],
              against=against, ratio=theirs[0] / p50, floor=2, aim=10)  # fmt: skip
    yield Row(what="inclusion proof, p99", where=database, size=size, value=p99, unit="ms", baseline=theirs[1],
              against=against.replace("50", "99"), ratio=None, floor=3, aim=3, least=True)  # fmt: skip


def pymerkle_proofs() -> tuple[float, float]:
    """p50 and p99 in ms of pymerkle on SQLite."""
    tree = SqliteTree(str(folder() / "pymerkle.db"))
    for start in range(0, THEIRS, BATCH):
        tree.append_entries([f"{n}".encode() * 100 for n in range(start, start + BATCH)])
    chance = random.Random(1)
    return percentiles(lambda: tree.prove_inclusion(chance.randrange(THEIRS) + 1))


def percentiles(work: Callable[[], object]) -> tuple[float, float]:
    took = []
    for _ in range(PROOFS):
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1000)
    cuts = statistics.quantiles(took, n=100)
    return cuts[49], cuts[98]


FLOORS = {"hashes": (200_000, 400_000), "signatures": (0.6, 0.8), "replay": (0.3, 0.45)}


def verification_rows(database: str, world: World) -> Iterator[Row]:
    """Each level of `verify` on all cores, beside PyNaCl verifying as many signatures on all cores; how long it takes
    until processes have started and the first range is done, which a small ledger mostly waits for; and memory."""
    filler = Filler(world)
    world.look()
    size = world.ledger.size()
    checked = [(each, filler.shops[0].key.public) for each in filler.unsent(BATCH)]
    for level in LEVELS:
        theirs = statistics.median(rate(lambda: verify_on_all_cores(checked)) for _ in range(5))
        first, took, memory = _verified(world, level)
        floor, aim = FLOORS[level]
        alone = level == "hashes"
        yield Row(what=f"verify, {level}", where=database, size=size, value=size / took, unit="/s",
                  baseline=None if alone else theirs, against="" if alone else "PyNaCl verify, all cores",
                  ratio=None if alone else size / took / theirs, floor=floor, aim=aim, signed=not alone)  # fmt: skip
        yield Row(what=f"verify, {level}: until the first range is done", where=database, size=size, value=first,
                  unit="s", baseline=None, against="", ratio=None, signed=not alone)  # fmt: skip
        yield Row(what=f"verify, {level}: memory of all processes", where=database, size=size, value=memory,
                  unit="MB", baseline=None, against="", ratio=None, floor=500, aim=300, least=True,
                  signed=not alone)  # fmt: skip


def _verified(world: World, level: Level) -> tuple[float, float, float]:
    """The seconds until the first range was done and until all was, and MB of memory of all its processes: as the
    command verifies, in a process of its own that has done nothing else."""
    command = [sys.executable, "-m", "benchmarks.proving", world.url, level]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as verifying:
        most, process = 0.0, psutil.Process(verifying.pid)
        while verifying.poll() is None:
            with suppress(psutil.Error):
                most = max(most, memory_mb(process))
            time.sleep(0.2)
        assert verifying.returncode == 0 and verifying.stdout is not None
        first, took = map(float, verifying.stdout.read().split())
    return first, took, most


def main() -> None:
    """Verify the ledger at a database URL at a level; print when the first range was done and when all was."""
    url, level = sys.argv[1:]
    engine = open_engine(url)
    with engine.connect() as connection:
        genesis = read.record_by_index(connection, 0)
    assert genesis is not None
    said = statement.parse(genesis.statement)
    opened = parse(said.type, said.body, CN)
    assert isinstance(opened, LedgerOpened)
    engine.dispose()
    steps: list[float] = []
    started = time.perf_counter()
    verdict = verify(engine, opened, level=level, progress=lambda *_: steps.append(time.perf_counter() - started))  # type: ignore[arg-type]
    took = time.perf_counter() - started
    assert verdict.differences == (), verdict.differences[:3]
    print(steps[0], took)


def workbook_row(count: int) -> Row:
    """An enterprise's books of `count` rows, from the file to signed entries, beside reading the sheet."""
    sample = files("fixtures").joinpath("hj1259/sample.xlsx").read_bytes()
    first = next(row for row in read_workbook(sample).rows if row.table == "B.1")
    books = write_workbook(
        [
            replace(first, number=n, batch=f"HWCS20260105{n:06}", container_code=f"YT-{n:06}", handler="")
            for n in range(count)
        ]
    )
    home: Home = park(folder())
    (home.folder / "books.xlsx").write_bytes(books)

    def sheet() -> int:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(books))
        return sum(len(workbook.get_sheet_by_name(name).to_python()) for name in workbook.sheet_names)

    started = time.perf_counter()
    sheet()
    read_s = time.perf_counter() - started
    started = time.perf_counter()
    home.does("wasteledger import hj1259 books.xlsx --register-facilities --as ann")
    import_s = time.perf_counter() - started
    return Row(what=f"HJ 1259 import of {count:,} rows", where="sqlite", size=count, value=import_s, unit="s",
               baseline=read_s, against="calamine reads it", ratio=import_s / read_s, floor=30, aim=15,
               least=True)  # fmt: skip


if __name__ == "__main__":
    main()
