"""What was imported or recorded is written as the five tables and reads back as the same content."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.custody.events import parse
from ledger.custody.fact import Fact
from ledger.custody.regimes.cn import REGIME
from ledger.exchange.hj1259 import Row, read_workbook, recorded_rows, write_workbook
from ledger.exchange.hj1259.tables import KEPT, TABLES
from tests.support.books import B1, B5, FILLED, PARTY, SENT, SITE, World, book
from tests.support.sample_workbook import sample_workbook
from tests.support.told import facts_of, told

DRUM = "container:019b8b74-1800-740c-8c1a-318721a14ce9"
TANK = "container:019b8b74-1800-740c-8c1a-318721a14cea"
PLACE = {"party": PARTY, "site": SITE}


def kept(row: Row) -> dict[str, Any]:
    """What a table keeps of a row, and its identity; a count left blank is written as one."""
    cells = {name: getattr(row, name) for name in KEPT[row.table]}
    return cells | {"identity": row.identity, "from_batches": set(row.from_batches), "count": row.count or 1}


def told_by(world: World, *events: tuple[str, str, dict[str, Any]]) -> list[Row]:
    """The rows of events recorded as they happened: moment, type, body."""
    for at, type_, body in events:
        number = len(world.facts) + 1
        before: Fact = told_author()
        event = parse(type_, body, REGIME)
        world.facts.append(replace(before, event=event, at=at, received_at=at, seq=number, id=f"{number}"))
    return [one.row for one in world.recorded()]


def told_author() -> Fact:
    world = World()
    world.take(book({"B.1": [B1, FILLED]}))
    return world.facts[0]


def test_the_sample_written_and_read_again_has_the_same_content() -> None:
    world = World()
    world.take(sample_workbook())
    written = write_workbook(one.row for one in world.recorded())
    again = read_workbook(written)
    assert (again.faults, again.notices) == ((), ())
    by_identity = {row.identity: kept(row) for row in again.rows}
    rows = read_workbook(sample_workbook()).rows
    for row in rows:
        assert kept(row) == by_identity[row.identity]
    assert len(again.rows) == len(rows)


def test_the_ledgers_own_export_imports_as_nothing_new() -> None:
    world = World()
    world.take(sample_workbook())
    written = write_workbook(one.row for one in world.recorded())
    again = world.plan(written)
    assert (again.skipped, again.faults, again.corrections, again.needs) == (31, (), (), ())


def test_an_export_imported_into_an_empty_ledger_exports_the_same_bytes() -> None:
    first, second = World(), World()
    first.take(sample_workbook())
    written = write_workbook(one.row for one in first.recorded())
    second.take(written)
    assert write_workbook(one.row for one in second.recorded()) == written


def test_erased_names_are_blank_and_no_correction() -> None:
    world = World()
    world.take(book({"B.1": [(*B1, "经办人"), (*FILLED, "张示例")]}))
    world.clear.clear()
    (known,) = world.recorded()
    assert known.row.handler is None
    assert b"\xe5\xbc\xa0\xe7\xa4\xba\xe4\xbe\x8b" not in write_workbook([known.row])
    assert world.plan(book({"B.1": [(*B1, "经办人"), (*FILLED, "张示例")]})).corrections == ()


@given(
    st.lists(
        st.tuples(st.integers(1, 10**9), st.sampled_from(["t", "kg", "g"]), st.integers(1, 40), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None)
def test_any_filling_and_delivery_comes_back_to_the_gram(fillings: list[tuple[int, str, int, bool]]) -> None:
    factors = {"t": 6, "kg": 3, "g": 0}
    rows, sent = [], []
    for n, (grams, unit, count, coded) in enumerate(fillings):
        text = f"{grams:0{factors[unit] + 1}}"
        mass = f"{text[: len(text) - factors[unit]]}.{text[len(text) - factors[unit] :]}0"
        batch = f"HWCS20260105{n:03}"
        rows.append((batch, "2026-01-05", "废机油", "900-249-08", mass, unit, f"D-{n}" if coded else "", count))
        out = (f"HWWWLY20260110{n:03}", "2026-01-10", "", max(grams // 2, 1) / 1000, SENT[4], SENT[5], batch)
        sent.append(out)
    world = World()
    books = book({"B.1": [B1, *rows], "B.5": [B5, *sent]})
    assert world.take(books).faults == ()
    again = read_workbook(write_workbook(one.row for one in world.recorded()))
    assert again.faults == ()
    expected = {r.identity: (r.net_g, r.quantity, r.at, r.name) for r in read_workbook(books).rows if r.table == "B.1"}
    assert {r.identity: (r.net_g, r.quantity, r.at, r.name) for r in again.rows if r.table == "B.1"} == expected
    assert [r.net_g for r in again.rows if r.table == "B.5"] == [max(g // 2, 1) for g, *_ in fillings]


def test_an_opened_filling_with_its_additions_is_one_row_and_an_addition_with_a_batch_another() -> None:
    mass = {"basis": "weighed", "net_g": 1000}
    opened = {"container": DRUM, "place": PLACE, "kind": "package", "code": "900-249-08", "name": "废机油"}
    added = {"container": DRUM, "place": PLACE, "code": "900-249-08", "mass": mass}
    closed = added | {"mass": {"basis": "weighed", "net_g": 3500}, "previous_g": 3000}
    rows = told_by(
        World(),
        ("2026-01-05T01:00:00.000Z", "container-opened", opened),
        ("2026-01-06T01:00:00.000Z", "waste-added", added),
        ("2026-01-07T01:00:00.000Z", "waste-added", added | {"batch_code": "HWCS20260107001"}),
        ("2026-01-08T01:00:00.000Z", "waste-added", added),
        ("2026-01-09T01:00:00.000Z", "container-closed", closed),
    )
    assert [(row.batch, row.net_g, row.at[:10]) for row in rows] == [
        ("HWCS20260107001", 1000, "2026-01-07"),
        ("HWCS20260109001", 2500, "2026-01-09"),
    ]


def test_what_treatment_leaves_behind_is_generated_anew() -> None:
    filled = {"container": TANK, "place": PLACE, "kind": "vessel", "code": "900-007-09", "name": "废切削液"}
    treated = {
        "place": PLACE,
        "facility": "facility:019b8b74-1800-740c-8c1a-318721a14ceb",
        "stage": "final",
        "end": "disposed",
        "method": "D9",
        "basis": "weighed",
        "inputs": [{"container": TANK, "code": "900-007-09", "net_g": 5000}],
        "outputs": [
            {
                "container": DRUM,
                "code": "772-006-49",
                "net_g": 400,
                "kind": "package",
                "name": "污泥",
                "new": True,
            }
        ],
    }
    rows = told_by(
        World(),
        ("2026-01-05T01:00:00.000Z", "container-filled", filled | {"mass": {"basis": "weighed", "net_g": 5000}}),
        ("2026-01-06T01:00:00.000Z", "waste-treated", treated),
    )
    assert [(row.table, row.batch, row.code, row.net_g, row.from_batches) for row in rows] == [
        ("B.1", "HWCS20260105001", "900-007-09", 5000, ()),
        ("B.1", "HWCS20260106001", "772-006-49", 400, ()),
        ("B.4", "HWZXCZ20260106001", "900-007-09", 5000, ("HWCS20260105001",)),
    ]


def test_every_story_of_the_park_is_written_as_tables_that_read_without_a_fault() -> None:
    park, stories = told()
    world = World()
    written = 0
    for story in stories.values():
        facts = facts_of(step for step in (*park.steps, *story.steps) if not step.refused)
        for fact in facts:
            world.registry.add(fact)
        for party in sorted({fact.by.party for fact in facts}):
            rows = recorded_rows(facts, party=party, registry=world.registry, reveal=lambda _: "示例人员")
            read = read_workbook(write_workbook(one.row for one in rows))
            assert [str(fault) for fault in read.faults] == [], (story, party)
            assert len(read.rows) == len(rows)
            assert sorted(r.net_g or 0 for r in read.rows) == sorted(o.row.net_g or 0 for o in rows)
            written += len(rows)
    assert written > len(TABLES)
