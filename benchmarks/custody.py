"""How fast a park's custody is told from its projections: rates, stories, exceptions, and making them all anew."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from sqlalchemy import Engine, select

from benchmarks.measure import Row
from ledger.access import ALL
from ledger.custody.rate import Question, View
from ledger.custody.regimes.base import Regime
from ledger.custody.regimes.cn import REGIME as CN
from ledger.custody.registry import Edition
from ledger.queries import Queries
from ledger.reading import Reading
from ledger.store import tables as t
from ledger.store.database import open_engine
from ledger.store.projections import Projector
from tests.support.repository import ROOT

STORIES = 200
ASKED = 5
PAGE = 50
YEAR = "2025"
VIEWS: tuple[View, ...] = ("origin", "facility")


def rows(database: str, engine: Engine, regime: Regime) -> Iterator[Row]:
    """The rows of one ledger of drums that were filled, stored, sent and received; its projections are made anew."""
    size, took = _rebuilt(engine)
    yield Row(what="rebuild of all projections", where=database, size=size, value=size / took, unit="/s",
              baseline=None, against="", ratio=None, floor=20_000, aim=50_000)  # fmt: skip

    queries = Queries(engine=engine, regime=regime, projector=Projector(engine, regime, _no_edition))
    start, end = regime.period(YEAR)

    def rate() -> None:
        for view in VIEWS:
            rate = queries.rate(Question(view=view, kind="hazardous", start=start, end=end, as_of=end))
            assert rate.declared.whole_g > 0

    yield _timed("rate of a park over a year, three figures, both views", database, size, _median(rate, ASKED),
                 200, 50)  # fmt: skip

    with engine.connect() as connection:
        containers = list(connection.execute(select(t.container.c.id)).scalars())
    chance = random.Random(1)

    def story() -> None:
        assert queries.container(chance.choice(containers)).steps

    story()
    yield _timed("one container's story", database, size, _median(story, STORIES), 5, 1)

    def exceptions() -> None:
        queries.exceptions(as_of=end)

    yield _timed("list of all exceptions", database, size, _median(exceptions, ASKED), None, None)

    reading = Reading(queries)

    def first_page() -> None:
        reading.exceptions(ALL, end, False, "", PAGE)

    yield _timed(f"the first {PAGE} exceptions", database, size, _median(first_page, ASKED), None, None)


def _rebuilt(engine: Engine) -> tuple[int, float]:
    """How many entries, in how many seconds: as the command rebuilds, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.custody", engine.url.render_as_string(hide_password=False)]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.split()
    return int(said[0]), float(said[1])


def _no_edition(_: bytes) -> Edition:
    return Edition()


def main() -> None:
    """Make the projections of the ledger at a database URL anew; print of how many entries, in how many seconds."""
    projector = Projector(open_engine(sys.argv[1]), CN, _no_edition)
    started = time.perf_counter()
    print(projector.rebuild(), time.perf_counter() - started)


def _median(work: Callable[[], object], times: int) -> float:
    """What it takes, in ms."""
    took = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def _timed(what: str, database: str, size: int, ms: float, floor: float | None, aim: float | None) -> Row:
    return Row(what=what, where=database, size=size, value=ms, unit="ms", baseline=None, against="", ratio=None,
               floor=floor, aim=aim, least=True)  # fmt: skip


if __name__ == "__main__":
    main()
