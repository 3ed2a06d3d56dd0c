"""A figure from the maintained totals is the figure from the lot rows, whatever is asked, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from ledger.access import ALL, Viewer
from ledger.custody.flags import Flag, overdue
from ledger.custody.flow import bands_from, spots_of
from ledger.custody.lots import OPEN, Row
from ledger.custody.missing import Why, gaps_from, heaps_of
from ledger.custody.rate import Question, View, rate_from, rate_of
from ledger.custody.regimes import regime
from ledger.custody.regimes.base import KINDS, later
from ledger.custody.totals import clocks_of, day_start, month_start, totals_of
from ledger.exchange.worlds import World
from ledger.store import clocks, overview, shelf, shown
from ledger.store import tables as t
from ledger.store.database import open_engine
from ledger.store.stories import Totals
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
        at, born_at = later(row.at, days=days), later(row.born_at, days=days)
        clock_at = later(row.clock_at, days=days + late)
        deadline = later(row.deadline, days=days - chance.choice((0, 0, 300))) if row.deadline else ""
        made.append(row._replace(at=at, born_at=born_at, clock_at=clock_at, deadline=deadline))
    return made


@contextmanager
def kept(url: str, rows: Sequence[Row], again: Sequence[Row] = ()) -> Iterator[Connection]:
    """The rows with totals and clocks as projections keep them; `again` were written before and are replaced."""
    engine = open_engine(url)
    with engine.connect() as connection:
        t.metadata.create_all(connection, [t.lot_row, t.lot_total, t.clock, t.flag, t.involved])
        for present, sign in ((again, 1), (again, -1), (rows, 1)):
            totals = Totals(CN.offset)
            totals.add(present, sign)
            totals.write(connection)
        by_container: dict[str, list[Row]] = {}
        for row in rows:
            by_container.setdefault(row.container, []).append(row)
        many: list[dict[str, Any]] = []
        running_: list[dict[str, Any]] = []
        for mine in by_container.values():
            many += (r._asdict() | {"n": n} for n, r in enumerate(mine))
            running_ += (clock._asdict() | {"n": n} for n, clock in enumerate(clocks_of(mine)))
        connection.execute(insert(t.lot_row), many)
        if running_:
            connection.execute(insert(t.clock), running_)
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
    check_parts(connection, rows, q)
    return bool(rate.overdue_g and gaps)


def check_parts(connection: Connection, rows: Sequence[Row], q: Question) -> None:
    """A figure's parts: by producer, by container, where the grams went, what is overdue and the clocks that run."""
    mine: dict[str, list[Row]] = {}
    for row in rows:
        mine.setdefault(row.producer, []).append(row)
    by_producer = shelf.cells_by_producer(connection, q, CN.offset)
    for producer, its in mine.items():
        assert rate_from(by_producer.pop(producer, {}), q) == rate_of(its, q)
    assert not by_producer
    ends: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.account == "closed" and not row.reason and q.start <= row.at < q.end and q.in_scope(row):
            ends[row.producer, row.stage] = ends.get((row.producer, row.stage), 0) + row.grams
    told = overview.ends_by_producer(connection, q, CN.offset)
    assert {(p, end): grams for p, sums in told.items() for end, grams in sums.items() if grams} == {
        key: grams for key, grams in ends.items() if grams
    }
    assert bands_from(overview.spots(connection, q, CN.offset)) == bands_from(spots_of(rows, q))
    by_container: dict[str, list[Row]] = {}
    for row in rows:
        by_container.setdefault(row.container, []).append(row)
    for why in get_args(Why):
        heaps = overview.heaps_by_container(connection, q, why)
        got = {name: [gap for gap in gaps_from(sums, q.view) if gap.why == why] for name, sums in heaps.items()}
        want = {name: [gap for gap in gaps_from(heaps_of(its, q), q.view) if gap.why == why]
                for name, its in by_container.items()}  # fmt: skip
        assert {k: v for k, v in got.items() if v} == {k: v for k, v in want.items() if v}
    first: dict[str, str] = {}
    for name, its in by_container.items():
        sums: dict[tuple[str, ...], int] = {}
        for row in its:
            if row.account in OPEN and row.deadline and row.at < q.end and q.in_scope(row):
                key = (row.deadline, row.holder, row.stage)
                sums[key] = sums.get(key, 0) + row.grams
        if any(grams > 0 for grams in sums.values()):
            first[name] = min(deadline for (deadline, *_), grams in sums.items() if grams > 0)
    assert overview.deadlines(connection, q) == first
    assert sorted(shelf.overdue_flags(connection, shelf.Asked(as_of=q.as_of)), key=str) == sorted(
        overdue(rows, q.as_of), key=str
    )
    some = rows[len(rows) // 2]
    for holders, site, before in ((None, "", ""), ([some.holder], "", q.as_of), (None, some.site, q.as_of)):
        want_clocks = running(rows, holders, site, before)
        assert sorted(clocks.running(connection, holders, site, before)) == want_clocks


def running(
    rows: Sequence[Row], holders: Sequence[str] | None, site: str, before: str
) -> list[tuple[str, str, str, str, str, int]]:
    """What `clocks.running` tells, from every row."""
    sums: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        its = (holders is None or row.holder in holders) and (not site or row.site == site)
        if row.account in OPEN and row.deadline and its and (not before or row.deadline < before):
            sums.setdefault((row.container, row.holder, row.site, row.deadline), []).append(row)
    return sorted(
        (name, holder, where, min(r.clock_at for r in its if r.grams > 0), deadline, sum(r.grams for r in its))
        for (name, holder, where, deadline), its in sums.items()
        if sum(r.grams for r in its) > 0
    )


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
        deadline=draw(MOMENTS) if account in OPEN else "", grade=draw(st.sampled_from("AC")),
        reason=draw(st.sampled_from(["", "no-licence"])) if account in ("closed", "process-loss") else "",
        by_producer=draw(st.booleans()),
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
            check_stock(connection, rows, chance.choice((ALL, Viewer(who=frozenset("a"), own=frozenset("a")))), chance)


@pytest.mark.parametrize("n", range(len(WORLDS)))
def test_a_reader_is_shown_page_by_page_the_exceptions_and_the_stock_that_are_its_own_and_no_other(
    n: int, database_url: str
) -> None:
    rows, chance = played(n), random.Random(n)
    moments = sorted({row.deadline for row in rows if row.deadline} | {row.at for row in rows})
    things, holders = sorted({row.container for row in rows}), sorted({row.holder for row in rows if row.holder})
    raised = [
        Flag(
            rule=chance.choice(("leak", "count-gap")), object=thing, key=f"Über-{chance.randrange(3)} a/b", grams=1,
            holder=chance.choice((*holders, "")), site="", detail="", opened_at=chance.choice(moments[:9]),
            opened_by="", closed_at=chance.choice(("", "", chance.choice(moments))), closed_by="",
        )
        for thing in chance.sample(things, 20)
    ]  # fmt: skip
    parts = {(who, thing) for who in holders for thing in things if chance.random() < 0.2}
    with kept(database_url, rows) as connection:
        connection.execute(
            insert(t.flag),
            [{f: getattr(x, f) for f in Flag.__dataclass_fields__} | {"n": n} for n, x in enumerate(raised)],
        )
        connection.execute(insert(t.involved), [{"who": who, "object": thing} for who, thing in sorted(parts)])
        told = 0
        for who in (None, *(frozenset(chance.sample(holders, chance.randrange(1, 3))) for _ in range(12)), frozenset()):
            viewer = Viewer(who=who, own=who or frozenset())
            as_of, closed = chance.choice(moments), chance.random() < 0.5
            rule, party = chance.choice(("", "", "leak", "stored-too-long")), chance.choice(("", "", holders[0]))
            want = [
                x
                for x in (*raised, *overdue(rows, as_of))
                if (who is None or x.holder in who or any((w, x.object) in parts for w in who))
                and (x.open_at(as_of) or (closed and x.opened_at <= as_of))
                and (not rule or x.rule == rule)
                and (not party or x.holder == party)
            ]
            want.sort(key=lambda x: (x.opened_at, x.rule, x.object, x.key))
            wanted = {k: v for k, v in (("rule", rule), ("holder", party)) if v}
            for size in (None, 5):
                got: list[Flag] = []
                while True:
                    asked_ = shelf.Asked(
                        as_of=as_of, closed=closed, seen=shown.seen(viewer), wanted=wanted, limit=size,
                        after=[getattr(got[-1], name) for name in shelf.ORDER] if got else (),
                    )  # fmt: skip
                    found = [*shelf.flags(connection, asked_), *shelf.overdue_flags(connection, asked_)]
                    found.sort(key=lambda x: (x.opened_at, x.rule, x.object, x.key))
                    got += found[:size]
                    if size is None or not found:
                        break
                assert got == want
            told += len(want)
            check_stock(connection, rows, viewer, chance)
        assert told > 50


def check_stock(connection: Connection, rows: Sequence[Row], viewer: Viewer, chance: random.Random) -> None:
    """Grams in hand and their first deadline, as every row together tells them, a page at a time."""
    some = chance.choice(rows)
    wanted = chance.choice(({}, {}, {"holder": some.holder}, {"site": some.site, "code": some.code}))
    lots: dict[tuple[str, ...], int] = {}
    for r in rows:
        if r.account in OPEN and viewer.is_own(r.holder) and all(getattr(r, k) == v for k, v in wanted.items()):
            key = (r.holder, r.site, r.stage, r.kind, r.code, r.container, r.deadline)
            lots[key] = lots.get(key, 0) + r.grams
    sums: dict[tuple[str, ...], int] = {}
    first: dict[tuple[str, ...], str] = {}
    for (*where, _, deadline), grams in lots.items():
        sums[tuple(where)] = sums.get(tuple(where), 0) + grams
        if grams > 0:
            first[tuple(where)] = min(deadline, first.get(tuple(where), deadline))
    size = chance.choice((1, 2, 3, 10_000))
    got: list[tuple[Any, ...]] = []
    while page := shown.stock(connection, viewer, wanted, got[-1][:5] if got else (), size):
        assert len(page) <= size
        got += ((x["holder"], x["site"], x["stage"], x["kind"], x["code"], x["grams"], x["deadline"]) for x in page)
    assert got == sorted((*where, grams, first.get(where)) for where, grams in sums.items() if grams)


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
