"""Rows become events once, in order of happening; what cannot be is said before anything is written."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ledger.custody.events import parse
from ledger.custody.events.containers import ContainerFilled, ContainerStored
from ledger.custody.events.movement import DeliveryRecorded
from ledger.custody.events.registry import FacilityRegistered
from ledger.custody.events.treatment import WasteTreated
from ledger.custody.fact import Author, Fact
from ledger.custody.regimes.cn import REGIME
from ledger.exchange.hj1259 import Identity, RowsRefused, read_workbook, recorded_rows
from ledger.log.ids import new_uuid7
from tests.support.books import B1, B2, B3, B4, B5, FILLED, OUT, SENT, STORED, World, book
from tests.support.sample_workbook import PATH, sample_workbook
from tests.support.told import Told

OTHER, YARD = "party:" + new_uuid7(2, b"o" * 10), "site:" + new_uuid7(2, b"o" * 10)
SHEETS: dict[str, Any] = {"B.1": [B1, FILLED], "B.2": [B2, STORED], "B.3": [B3, OUT], "B.5": [B5, SENT]}


def changed(row: tuple[Any, ...], **at: Any) -> tuple[Any, ...]:
    """A row with the cells at these places (`_0`, `_1`, …) replaced."""
    return tuple(at.get(f"_{n}", cell) for n, cell in enumerate(row))


def faults_of(sheets: dict[str, Any]) -> list[tuple[str, str, int]]:
    made = World().plan(book(sheets))
    for fault in made.faults:
        assert "<" not in fault.says("zh") + fault.says("en")
    return [(fault.code, *fault.place) for fault in made.faults]


def test_what_is_later_than_now_is_in_no_book() -> None:
    assert faults_of({"B.1": [B1, changed(FILLED, _0="HWCS20270105001", _1="2027-01-05")]}) == [
        ("hj-1259-in-future", "B.1", 2)
    ]
    treated = ("HWZXCZ20260210001", "2026-02-10", "2027-02-11", "D-1", 180, "TW001", "D10", FILLED[0])
    assert faults_of({"B.1": [B1, FILLED], "B.4": [B4, treated]}) == [("hj-1259-in-future", "B.4", 2)]


@pytest.mark.parametrize("mass", [0.18, 180_000, 1_801])
def test_a_mass_in_the_unit_of_another_cell_is_seen_where_a_row_refers_to_another(mass: float) -> None:
    stored = {"B.1": [B1, FILLED], "B.2": [B2, changed(STORED, _3=mass)]}
    assert faults_of(stored) == [("hj-1259-quantity-off", "B.2", 2)]
    assert faults_of(stored | {"B.2": [B2, changed(STORED, _3=179.5)]}) == []


def test_the_shipped_sample_is_what_the_generator_makes() -> None:
    assert PATH.read_bytes() == sample_workbook()


def test_the_sample_becomes_events_of_every_table_and_the_facilities_they_need() -> None:
    world = World()
    made = world.take(sample_workbook())
    assert (made.faults, made.corrections) == ((), ())
    types = [fact.event.type for fact in world.facts]
    assert {name: types.count(name) for name in sorted(set(types))} == {
        "container-filled": 11,
        "container-stored": 10,
        "container-taken-out": 7,
        "delivery-recorded": 4,
        "facility-registered": 7,
        "waste-treated": 2,
    }
    needs = {f.event.code: f.event.purpose for f in world.facts if isinstance(f.event, FacilityRegistered)}
    assert needs == {f"MF000{n}": "generate" for n in range(1, 6)} | {"TS001": "store", "TW001": "dispose"}
    moments = [fact.at for fact in world.facts if fact.event.type != "facility-registered"]
    assert moments == sorted(moments)


def test_every_event_names_the_workbook_the_sheet_and_the_row() -> None:
    world = World()
    made = world.take(sample_workbook())
    told = [fact.event for fact in world.facts if not isinstance(fact.event, FacilityRegistered)]
    sources = [event.source for event in told]  # type: ignore[attr-defined]
    assert {source.workbook for source in sources} == {made.workbook}
    rows = read_workbook(sample_workbook()).rows
    assert {(s.sheet, s.row) for s in sources} == {(row.sheet, row.number) for row in rows}


def test_names_of_people_and_destinations_never_stand_in_a_body() -> None:
    world = World()
    drafts = list(world.plan(sample_workbook()).drafts(world.seal))
    bodies = str([draft.body for draft in drafts])
    clear = {text.value for draft in drafts for text in draft.sealed}
    assert clear >= {"张示例", "危废库"}
    assert [value for value in clear if value in bodies and not value.startswith("示例")] == []


def test_importing_again_skips_every_row() -> None:
    world = World()
    world.take(sample_workbook())
    before = len(world.facts)
    again = world.take(sample_workbook())
    assert (again.skipped, len(world.facts), again.corrections, again.needs) == (31, before, (), ())


def test_ids_are_the_same_whoever_imports_and_whenever() -> None:
    one, other = World(), World()
    assert [d.id for d in one.plan(sample_workbook()).drafts(one.seal)] == [
        d.id for d in other.plan(sample_workbook()).drafts(other.seal)
    ]


def test_a_longer_workbook_adds_its_new_rows_only() -> None:
    world = World()
    world.take(book({"B.1": [B1, FILLED]}))
    made = world.take(book(SHEETS))
    assert (made.skipped, made.faults) == (1, ())
    assert [f.event.type for f in world.facts][-3:] == ["container-stored", "container-taken-out", "delivery-recorded"]


def test_rows_may_refer_to_what_an_earlier_workbook_told() -> None:
    world = World()
    world.take(book({"B.1": [B1, FILLED], "B.2": [B2, STORED]}))
    made = world.take(book({"B.3": [B3, OUT], "B.5": [B5, SENT]}))
    assert made.faults == ()
    containers = {c for fact in world.facts for c in fact.event.containers()}
    assert len(containers) == 1


def test_other_content_under_a_known_identity_is_a_correction_to_make() -> None:
    world = World()
    world.take(book(SHEETS))
    before = len(world.facts)
    other = {**SHEETS, "B.1": [B1, changed(FILLED, _4="0.19", _5="t", _1="2026-01-04")]}
    made = world.take(book(other))
    assert len(world.facts) == before
    filled = next(fact for fact in world.facts if isinstance(fact.event, ContainerFilled))
    assert [(c.fields["field"], c.fields["expected"], c.fields["got"]) for c in made.corrections] == [
        ("at", "2026-01-04T16:00:00.000Z", "2026-01-03T16:00:00.000Z"),
        ("net_g", "180000", "190000"),
    ]
    assert {c.fields["statement"] for c in made.corrections} == {filled.id}


def test_the_same_mass_in_another_unit_is_the_same_content() -> None:
    world = World()
    world.take(book(SHEETS))
    made = world.take(book({**SHEETS, "B.1": [B1, changed(FILLED, _4=0.18, _5="吨")]}))
    assert (made.corrections, made.skipped) == ((), 4)


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [
        ({"B.2": [B2, STORED]}, [("hj-1259-reference-unknown", "B.2", 2)]),
        (
            {**SHEETS, "B.1": [B1, changed(FILLED, _4="?")]},
            [("hj-1259-cell-unreadable", "B.1", 2)]
            + [("hj-1259-reference-faulty", sheet, 2) for sheet in ("B.2", "B.3", "B.5")],
        ),
        (
            {"B.1": [B1, FILLED], "B.2": [B2, changed(STORED, _2="D-9")]},
            [("hj-1259-container-not-in-batch", "B.2", 2)],
        ),
        (
            {"B.1": [B1, FILLED], "B.2": [(*B2, "危险废物代码"), (*STORED, "900-041-49")]},
            [("hj-1259-code-differs", "B.2", 2)],
        ),
        (
            {"B.1": [B1, FILLED], "B.2": [B2, changed(STORED, _1="2026-01-04")]},
            [("hj-1259-before-origin", "B.2", 2)],
        ),
        (
            {**SHEETS, "B.5": [B5, SENT, changed(SENT, _0="HWWWLY20260111001", _1="2026-01-11")]},
            [("hj-1259-nothing-left", "B.5", 3)],
        ),
    ],
)
def test_what_cannot_be_is_a_fault_of_its_row(sheets: dict[str, Any], expected: list[tuple[str, str, int]]) -> None:
    assert faults_of(sheets) == expected


def test_nothing_is_told_while_a_row_is_faulty_unless_the_good_ones_are_wanted() -> None:
    sheets = {**SHEETS, "B.5": [B5, SENT, changed(SENT, _0="HWWWLY20260111001", _6="HWCK20260101001")]}
    world = World()
    with pytest.raises(RowsRefused) as refused:
        world.take(book(sheets))
    assert (len(refused.value.remarks), world.facts) == (1, [])
    world.take(book(sheets), accept_good_rows=True)
    assert [f.event.type for f in world.facts].count("delivery-recorded") == 1


def test_a_batch_taken_out_in_parts_is_divided_over_its_containers_in_order() -> None:
    two = (FILLED, changed(FILLED, _6="D-2", _4=100))
    sheets = {
        "B.1": [B1, *two],
        "B.5": [
            B5,
            changed(SENT, _2="", _3=200, _6=FILLED[0]),
            changed(SENT, _0="HWWWLY20260111001", _1="2026-01-11", _2="", _3=80, _6=FILLED[0]),
        ],
    }
    world = World()
    assert world.take(book(sheets)).faults == ()
    sent = [fact.event for fact in world.facts if isinstance(fact.event, DeliveryRecorded)]
    assert [[load.net_g for load in event.lines] for event in sent] == [[180_000, 20_000], [80_000]]


def test_more_out_than_in_is_told_for_the_ledger_to_flag() -> None:
    sheets = {"B.1": [B1, FILLED], "B.5": [B5, changed(SENT, _3=200, _6=FILLED[0])]}
    world = World()
    assert world.take(book(sheets)).faults == ()
    (sent,) = (fact.event for fact in world.facts if isinstance(fact.event, DeliveryRecorded))
    assert [load.net_g for load in sent.lines] == [200_000]


def test_many_without_a_code_are_a_lot_and_keep_their_number() -> None:
    world = World()
    world.take(book({"B.1": [B1, changed(FILLED, _6="", _7=25)]}))
    (filled,) = (fact.event for fact in world.facts if isinstance(fact.event, ContainerFilled))
    assert (filled.kind, filled.count, filled.container_code) == ("lot", 25, None)


def test_a_day_alone_is_no_earlier_than_what_it_refers_to() -> None:
    sheets = {"B.1": [B1, changed(FILLED, _1="2026-01-06 09:30")], "B.2": [B2, STORED]}
    world = World()
    assert world.take(book(sheets)).faults == ()
    stored = next(fact for fact in world.facts if isinstance(fact.event, ContainerStored))
    assert stored.at == "2026-01-06T01:30:00.000Z"
    assert (world.take(book(sheets)).skipped, world.plan(book(sheets)).corrections) == (2, ())


def test_own_treatment_closes_when_it_ended() -> None:
    treated = ("HWZXLY20260110001", "2026-01-10", "2026-01-12", "D-1", 180, "TL001", "R9", FILLED[0])
    world = World()
    world.take(book({"B.1": [B1, FILLED], "B.4": [B4, treated]}))
    fact = next(fact for fact in world.facts if isinstance(fact.event, WasteTreated))
    assert isinstance(fact.event, WasteTreated)
    assert (fact.event.stage, fact.event.end, fact.at) == ("final", "utilised", "2026-01-11T16:00:00.000Z")


def registered(world: World, *events: tuple[str, dict[str, Any]]) -> None:
    author = Author(party=OTHER, person="person:" + new_uuid7(1, b"x" * 10), key="1" * 64)
    at = "2026-01-01T00:00:00.000Z"
    for type_, body in events:
        event = parse(type_, body, REGIME)
        world.registry.add(Fact(event=event, by=author, at=at, received_at=at, seq=1, id="0", statement="0" * 64))


def delivery(world: World) -> DeliveryRecorded:
    world.take(book({"B.1": [B1, FILLED], "B.5": [B5, changed(SENT, _6=FILLED[0])]}))
    (sent,) = (fact.event for fact in world.facts if isinstance(fact.event, DeliveryRecorded))
    return sent


def test_a_delivery_says_only_that_the_waste_left_to_somebody_outside() -> None:
    sent = delivery(World())
    assert (sent.end, sent.to.kind, sent.to.party, sent.to.name, sent.to.licence) == (
        "sent",
        "licensed",
        None,
        SENT[4],
        SENT[5],
    )


def test_a_receiver_with_a_known_licence_number_is_the_registered_party() -> None:
    world = World()
    licence = {
        "licence": "licence:" + new_uuid7(2, b"l" * 10),
        "holder": OTHER,
        "number": SENT[5],
        "kind": "comprehensive",
        "valid_from": "2025-01-01",
        "valid_until": "2029-12-31",
    }
    site = {"holder": OTHER, "site": YARD, "name": "示例公司厂区（虚构）"}
    registered(world, ("site-registered", site), ("licence-granted", licence))
    sent = delivery(world)
    assert (sent.end, sent.to.party, sent.to.site) == ("sent", OTHER, YARD)


def test_a_receiver_with_several_sites_and_none_in_its_licence_stays_a_name() -> None:
    world = World()
    party = {"holder": OTHER, "name": SENT[4], "identifiers": [{"scheme": "number", "value": SENT[5]}]}
    sites = [{"holder": OTHER, "site": "site:" + new_uuid7(n, b"o" * 10), "name": "厂区"} for n in (3, 4)]
    registered(world, ("party-registered", party), *(("site-registered", site) for site in sites))
    assert delivery(world).to.party is None


def test_a_row_about_more_containers_than_a_statement_may_name_is_told_in_parts() -> None:
    many = [changed(FILLED, _6=f"D-{n}", _4=10) for n in range(450)]
    sheets = {"B.1": [B1, *many], "B.5": [B5, changed(SENT, _2="", _3=4500, _6=FILLED[0])]}
    world = World()
    assert world.take(book(sheets)).faults == ()
    parts = [fact.event for fact in world.facts if isinstance(fact.event, DeliveryRecorded)]
    assert [len(part.lines) for part in parts] == [200, 200, 50]
    assert len({part.delivery for part in parts}) == 3
    assert world.take(book(sheets)).skipped == 451


def test_identity_is_table_batch_and_container_code() -> None:
    (row,) = read_workbook(book({"B.1": [B1, FILLED]})).rows
    assert row.identity == Identity("B.1", "HWCS20260105001", "D-1", 0)


def test_only_the_partys_own_rows_are_its_rows() -> None:
    world = World()
    world.take(book({"B.1": [B1, FILLED]}))
    stranger = "party:" + new_uuid7(9, b"z" * 10)
    assert recorded_rows(world.facts, party=stranger, registry=world.registry, reveal=world.clear.get) == []


def test_the_sample_in_a_ledger_is_refused_nowhere_and_its_grams_are_those_of_the_books() -> None:
    world = World()
    world.take(sample_workbook())
    ledger = Told().record(world.facts)
    assert ledger.refusals == []
    grams: Counter[str] = Counter()
    for posting in ledger.postings:
        grams[posting.debit.stage] -= posting.grams
        grams[posting.credit.stage] += posting.grams
    # Added up by hand from the sheets: 6.3005 t generated, 2.7 t treated, 1.8735 t sent, the rest still there.
    assert grams == {"generated": -6_300_500, "disposed": 2_700_000, "to-outside": 1_873_500, "held": 1_727_000}
