"""A figure from the maintained totals is the figure from the lot rows, whatever is asked, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from ledger.custody.lots import OPEN, Row
from ledger.custody.missing import gaps_from, heaps_of
from ledger.custody.rate import Question, View, rate_from, rate_of
from ledger.custody.regimes import regime
from ledger.custody.regimes.base import KINDS, later
from ledger.custody.totals import clocks_of, day_start, month_start, totals_of
from ledger.exchange.worlds import World
from ledger.store import shelf
from ledger.store import tables as t
from ledger.store.database import open_engine
from ledger.store.projections import Totals
from tests.support.told import Told, facts_of

CN = regime("cn.1")
VIEWS: tuple[View, ...] = ("origin", "facility")
# (seed, enterprises, days, frauds)
WORLDS = ((1, 5, 20, ()), (3, 4, 50, ("round-trips", "small-skim")), (6, 4, 16, ("double-manifest",)))


@cache
def played(n: int) -> list[Row]:
    """The rows of a world's containers, each moved by up to two years, so that clocks run out before, in and after
    any period and every lot keeps its own order of things."""
    seed, enterprises, days, frauds = WORLDS[n]
    world = World(random.Random(seed), enterprises=enterprises, days=days, frauds=frauds)
    told = Told().record(facts_of(list(world.steps())))
    chance = random.Random(seed)
    moved: dict[str, int] = {}
    made = []
    for row in told.account()[0]:
        days = moved.setdefault(row.container, chance.randrange(0, 730))
        late = chance.randrange(40) if chance.random() < 0.1 else 0
        when = {name: later(getattr(row, name), days=days) for name in ("at", "born_at")}
        when["clock_at"] = later(row.clock_at, days=days + late)
        deadline = later(row.deadline, days=days - chance.choice((0, 0, 300))) if row.deadline else ""
        made.append(Row(**{f: getattr(row, f) for f in Row.__dataclass_fields__} | when | {"deadline": deadline}))
    return made


@contextmanager
def kept(url: str, rows: Sequence[Row], again: Sequence[Row] = ()) -> Iterator[Connection]:
    """The rows with totals and clocks as projections keep them; `again` were written before and are replaced."""
    engine = open_engine(url)
    with engine.connect() as connection:
        t.metadata.create_all(connection, [t.lot_row, t.lot_total, t.clock])
        for present, sign in ((again, 1), (again, -1), (rows, 1)):
            totals = Totals(CN.offset)
            totals.add(present, sign)
            totals.write(connection)
        by_container: dict[str, list[Row]] = {}
        for row in rows:
            by_container.setdefault(row.container, []).append(row)
        many: list[dict[str, Any]] = []
        clocks: list[dict[str, Any]] = []
        for mine in by_container.values():
            many += ({f: getattr(r, f) for f in Row.__dataclass_fields__} | {"n": n} for n, r in enumerate(mine))
            clocks += (clock._asdict() | {"n": n} for n, clock in enumerate(clocks_of(mine)))
        connection.execute(insert(t.lot_row), many)
        if clocks:
            connection.execute(insert(t.clock), clocks)
        yield connection
        connection.rollback()
    engine.dispose()


def asked(rows: Sequence[Row], chance: random.Random) -> Question:
    """A question about a year, quarter, month or day and any scope, at any moment."""
    some = chance.choice(rows)
    day = day_start(chance.choice((some.at, some.at, some.deadline or some.at)), CN.offset)
    year, month = CN.day_of(day)[:4], CN.day_of(day)[:7]
    period = chance.choice((year, year, f"{year}-Q{(int(month[5:]) + 2) // 3}", month, CN.day_of(day)))
    start, end = CN.period(period)
    other = chance.choice(rows)
    as_of = chance.choice(
        (end, other.at, other.clock_at, other.deadline or end, later(other.at, hours=chance.randrange(9000)))
    )
    view = chance.choice(VIEWS)
    party, site = (some.producer, some.producer_site) if view == "origin" else (some.holder, some.site)
    parties = chance.choice(((), (), (party,), (party, other.producer), (party, other.holder)))
    sites = chance.choice(((), (), (), (site,), (site, other.site)))
    return Question(
        view=view, kind=chance.choice((some.kind, some.kind, *KINDS)), start=start, end=end, as_of=as_of,
        parties=frozenset(parties), sites=frozenset(sites), code=chance.choice(("", "", "", some.code)),
    )  # fmt: skip


def check(connection: Connection, rows: Sequence[Row], q: Question) -> bool:
    """All answers of a question, each computed three ways; True when there was something to tell."""
    rate, gaps = rate_of(rows, q), gaps_from(heaps_of(rows, q), q.view)
    assert rate_from(shelf.cells_from_rows(connection, q), q) == rate
    assert rate_from(shelf.rate_cells(connection, q, CN.offset), q) == rate
    assert gaps_from(shelf.heaps_from_rows(connection, q), q.view) == gaps
    assert gaps_from(shelf.heaps(connection, q, CN.offset), q.view) == gaps
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.account == "open" and row.at < q.end and q.in_scope(row) and row.deadline >= q.horizon:
            sums[row.deadline, row.container] = sums.get((row.deadline, row.container), 0) + row.grams
    first = min((deadline for (deadline, _), grams in sums.items() if grams > 0), default="")
    assert shelf.next_deadline(connection, q) == first
    return bool(rate.overdue_g and gaps)


@pytest.mark.parametrize("n", range(len(WORLDS)))
def test_totals_give_the_figures_that_the_rows_give_whatever_is_asked(n: int, database_url: str) -> None:
    rows = played(n)
    chance = random.Random(n)
    with kept(database_url, rows, chance.sample(rows, 200)) as connection:
        told = sum(check(connection, rows, asked(rows, chance)) for _ in range(60))
        assert connection.execute(t.lot_total.select().where(t.lot_total.c.grams == 0)).all() == []
    assert told > 8


def test_a_years_question_reads_the_totals_and_a_days_the_rows(sqlite_url: str) -> None:
    rows = played(0)
    with kept(sqlite_url, rows) as connection:
        connection.execute(t.lot_row.delete())
        some = next(row for row in rows if row.kind == "hazardous")
        for period, told in ((CN.day_of(some.at)[:4], True), (CN.day_of(some.at), False)):
            start, end = CN.period(period)
            q = Question(view="origin", kind="hazardous", start=start, end=end, as_of=end)
            assert bool(shelf.rate_cells(connection, q, CN.offset)) == told


MOMENTS = st.sampled_from(
    ["2024-12-31T15:59:59.999Z", "2024-12-31T16:00:00.000Z", "2025-01-01T00:00:00.000Z", "2025-01-31T15:59:59.999Z",
     "2025-01-31T16:00:00.000Z", "2025-02-14T16:00:00.000Z", "2025-02-14T16:00:00.001Z", "2025-02-15T15:59:59.999Z"]
)  # fmt: skip
ACCOUNTS = sorted(
    OPEN | {"generated", "gain", "lost", "closed", "settled", "difference", "dumped", "process-loss", "entrusted",
            "arrived", "departed", "reclassified"}
)  # fmt: skip


@st.composite
def any_row(draw: st.DrawFn) -> Row:
    account = draw(st.sampled_from(ACCOUNTS))
    at, clock = sorted((draw(MOMENTS), draw(MOMENTS)))
    some = st.sampled_from(["a", "b"])
    return Row(
        container=draw(some), statement="", at=at, clock_at=clock, account=account, lot="l", producer=draw(some),
        producer_site=draw(some), holder=draw(some), site=draw(some),
        stage=draw(st.sampled_from(["held", "in-transit"])), code=draw(some), kind="hazardous",
        grams=draw(st.integers(-5, 9)), born_at=min(at, draw(MOMENTS)),
        deadline=draw(MOMENTS | st.just("")) if account in OPEN else "", grade=draw(st.sampled_from("AC")),
        reason=draw(st.sampled_from(["", "no-licence"])) if account in ("closed", "process-loss") else "",
    )  # fmt: skip


@given(rows=st.lists(any_row(), min_size=1, max_size=12), seed=st.integers(0, 99), as_of=MOMENTS)
@settings(max_examples=60, deadline=None)
def test_any_rows_on_the_edges_of_days_and_months_give_the_same_by_totals(
    rows: list[Row], seed: int, as_of: str
) -> None:
    chance = random.Random(seed)
    with kept("sqlite://", rows) as connection:
        for period in ("2024", "2025", "2025-01", "2025-02", "2024-12"):
            start, end = CN.period(period)
            q = asked(rows, chance)
            asked_here = Question(
                view=q.view, kind="hazardous", start=start, end=end, as_of=as_of, parties=q.parties, sites=q.sites,
                code=q.code,
            )  # fmt: skip
            check(connection, rows, asked_here)


def test_a_row_added_and_taken_out_again_leaves_nothing() -> None:
    totals = Totals(CN.offset)
    totals.add(played(0))
    assert totals.sums()
    totals.add(played(0), -1)
    assert totals.sums() == {}


def test_the_month_and_the_day_of_a_moment_are_local() -> None:
    assert month_start("2025-03-31T15:59:59.999Z", CN.offset) == "2025-02-28T16:00:00.000Z"
    assert month_start("2025-03-31T16:00:00.000Z", CN.offset) == "2025-03-31T16:00:00.000Z"
    assert day_start("2025-03-31T15:59:59.999Z", CN.offset) == "2025-03-30T16:00:00.000Z"
    assert {total.at for total, _ in totals_of(played(1), CN.offset)} > {month_start(played(1)[0].at, CN.offset)}
