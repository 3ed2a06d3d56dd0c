"""Projections on real databases: live equals rebuilt, late facts and late licences are judged anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.access import ALL, Viewer
from ledger.custody.rate import Question
from ledger.custody.regimes.base import later
from ledger.custody.registry import Edition
from ledger.log import statement
from ledger.queries import Queries
from ledger.reading import Reading
from ledger.store.projections import Projector, differences
from tests.support.world import OIL, Device, World

YEAR = ("2024-12-31T16:00:00.000Z", "2025-12-31T16:00:00.000Z")


def no_codes(_: bytes) -> Edition:
    return Edition()


class Park:
    """A repair shop, a carrier and a disposer with the things they speak of."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.shop = world.enrol(world.authority, party=world.new("party"), admin=True)
        self.carrier = world.enrol(world.authority, party=world.new("party"), admin=True)
        self.disposer = world.enrol(world.authority, party=world.new("party"), admin=True)
        self.yard = {"party": self.shop.party, "site": world.new("site")}
        self.plant = {"party": self.disposer.party, "site": world.new("site")}
        self.projector = Projector(world.ledger.engine, world.ledger.regime, no_codes)
        self.queries = Queries(engine=world.ledger.engine, regime=world.ledger.regime, projector=self.projector)

    def fill(self, grams: int, at: str, by: Device | None = None) -> str:
        drum = self.world.new("container")
        self.said(
            by or self.shop,
            "container-filled",
            at,
            container=drum,
            place=self.yard,
            kind="package",
            code=OIL,
            name="废润滑油",
            mass={"basis": "weighed", "net_g": grams},
        )
        return drum

    def said(self, by: Device, type_: str, at: str, **body: Any) -> None:
        answer = by.say(type_, body, at=at)
        assert answer.outcome == "recorded", answer

    def journey(self, drum: str, sent: int, got: int, day: str, *, late_pick_up: bool = False) -> None:
        manifest = self.world.new("manifest")
        ends = {"manifest": manifest, "from": self.yard, "to": self.plant, "carrier": self.carrier.party}
        load = [{"container": drum, "code": OIL, "net_g": sent}]
        verdict = {"container": drum, "code": OIL, "decision": "accepted", "mass": {"basis": "weighed", "net_g": got}}
        self.said(self.shop, "manifest-issued", f"{day}T01:00:00.000Z", **ends, lines=load)
        steps = [
            (self.carrier, "manifest-collected", f"{day}T02:00:00.000Z", load),
            (self.disposer, "manifest-received", f"{day}T05:00:00.000Z", [verdict]),
        ]
        for by, type_, at, lines in reversed(steps) if late_pick_up else steps:
            self.said(by, type_, at, **ends, lines=lines)
            self.world.ledger.sequence()
            self.projector.follow()

    def treat(self, drum: str, grams: int, at: str) -> None:
        self.said(
            self.disposer,
            "waste-treated",
            at,
            place=self.plant,
            facility=self.world.new("facility"),
            stage="final",
            end="utilised",
            method="R9",
            basis="weighed",
            inputs=[{"container": drum, "code": OIL, "net_g": grams}],
        )

    def licence(self, holder: str = "") -> None:
        self.said(
            self.world.authority,
            "licence-granted",
            "2025-10-09T08:00:00.000Z",
            licence=self.world.new("licence"),
            holder=holder or self.disposer.party,
            number="示例危证001号",
            kind="comprehensive",
            valid_from="2025-01-01",
            valid_until="2029-12-31",
        )

    def follow(self) -> None:
        self.world.ledger.sequence()
        self.projector.follow()

    def rate(self) -> Any:
        q = Question(view="origin", kind="hazardous", start=YEAR[0], end=YEAR[1], as_of="2025-10-20T00:00:00.000Z")
        return self.queries.rate(q)

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        with self.world.ledger.engine.connect() as connection:
            return {
                name: sorted(map(tuple, connection.exec_driver_sql(f'SELECT * FROM "{name}"')), key=str)
                for name in ("container", "manifest", "lot_row", "lot_total", "clock", "lot_flow", "flag")
            }

    def check(self) -> None:
        with self.world.ledger.engine.connect() as connection:
            assert list(differences(connection, self.world.ledger.regime, no_codes)) == []
        live = self.rows()
        Projector(self.world.ledger.engine, self.world.ledger.regime, no_codes).rebuild()
        assert self.rows() == live


@pytest.fixture
def park(database_url: str, tmp_path: Path) -> Iterator[Park]:
    world = World.create(database_url, tmp_path)
    yield Park(world)
    world.close()


def test_a_drum_treated_by_a_licensed_disposer_is_proven_in_full(park: Park) -> None:
    park.licence()
    drum = park.fill(182_500, "2025-10-01T01:00:00.000Z")
    park.journey(drum, 182_500, 182_500, "2025-10-08")
    park.treat(drum, 182_500, "2025-10-09T06:00:00.000Z")
    park.follow()
    rate = park.rate()
    assert (rate.proven.part_g, rate.proven.whole_g) == (182_500, 182_500)
    assert (rate.declared.part_g, rate.due.part_g, rate.due.whole_g) == (182_500, 182_500, 182_500)
    assert rate.proven.percent == "100.00"
    park.check()


def test_what_nobody_licensed_treated_is_bad_until_an_authority_confirms(park: Park) -> None:
    drum = park.fill(1_000, "2025-10-01T01:00:00.000Z")
    park.journey(drum, 1_000, 1_000, "2025-10-08")
    park.treat(drum, 1_000, "2025-10-09T06:00:00.000Z")
    park.follow()
    assert park.rate().due.percent == "0.00"
    assert "closed-by-unentitled" in {f.rule for f in park.queries.exceptions("2025-10-20T00:00:00.000Z")}
    park.licence()
    park.follow()
    assert park.rate().due.percent == "100.00"
    assert "closed-by-unentitled" not in {f.rule for f in park.queries.exceptions("2025-10-20T00:00:00.000Z")}
    park.check()


def test_a_pick_up_that_comes_after_its_receipt_gives_the_same_books(park: Park) -> None:
    park.licence()
    for late in (False, True):
        drum = park.fill(2_000, "2025-10-01T01:00:00.000Z")
        park.journey(drum, 2_000, 1_900, "2025-10-08", late_pick_up=late)
    park.follow()
    first, second = (
        sorted((r[4], r[12], r[13], r[14], r[15]) for r in park.rows()["lot_row"] if r[0] == name)
        for name in sorted({r[0] for r in park.rows()["lot_row"]})
    )
    assert [row[:1] + row[2:] for row in first] == [row[:1] + row[2:] for row in second]
    assert [f.rule for f in park.queries.exceptions("2025-10-20T00:00:00.000Z") if f.rule == "mass-difference"] == [
        "mass-difference",
        "mass-difference",
    ]
    park.check()


def test_the_figure_as_of_an_earlier_entry_is_replayed_exactly(park: Park) -> None:
    park.licence()
    drum = park.fill(1_000, "2025-10-01T01:00:00.000Z")
    park.journey(drum, 1_000, 1_000, "2025-10-08")
    park.follow()
    before, then = park.rate(), park.queries.projected()
    park.treat(drum, 1_000, "2025-10-09T06:00:00.000Z")
    park.follow()
    assert park.rate() != before
    assert park.queries.rate(before.question, size=then) == before


def test_mass_still_open_after_its_deadline_is_overdue(park: Park) -> None:
    park.fill(5_000, "2024-09-01T01:00:00.000Z")
    park.follow()
    rate = park.rate()
    assert (rate.overdue_g, rate.due.percent, rate.proven.percent) == (5_000, "0.00", "0.00")
    flags = park.queries.exceptions("2025-10-20T00:00:00.000Z")
    assert [(f.rule, f.grams, f.opened_at) for f in flags if f.rule == "stored-too-long"] == [
        ("stored-too-long", 5_000, "2025-09-01T01:00:00.000Z")
    ]


def test_what_came_late_from_its_producer_is_in_stock_where_it_stands(park: Park) -> None:
    drum = park.fill(5_000, "2024-09-01T01:00:00.000Z")
    park.journey(drum, 5_000, 5_000, "2025-10-10")
    (row,) = Reading(park.queries).stock(ALL, {}, "", 10).items
    assert (row["holder"], row["site"], row["stage"]) == (park.disposer.party, park.plant["site"], "held")
    assert (row["grams"], row["deadline"]) == (5_000, "2026-10-10T05:00:00.000Z")


def test_a_site_registered_late_or_again_leaves_what_a_replay_finds(park: Park) -> None:
    park.fill(5_000, "2025-10-01T01:00:00.000Z")
    park.follow()
    site = {"holder": park.shop.party, "site": park.yard["site"], "name": "一号厂区"}
    for use in ("collection", "disposal"):
        park.licence(park.shop.party)
        park.said(park.shop, "site-registered", park.world.ledger.now(), **site, use=use)
        park.follow()
        park.check()
        park.world.clock.advance(hours=24)


def test_who_registers_anothers_site_is_shown_nothing_of_it(park: Park) -> None:
    thief, yard = park.carrier, {"site": park.yard["site"], "name": "院"}
    park.said(park.shop, "site-registered", park.world.ledger.now(), holder=park.shop.party, **yard)
    park.fill(5_000, "2025-10-01T01:00:00.000Z")
    park.said(thief, "site-registered", park.world.ledger.now(), holder=thief.party, **yard)
    park.follow()
    assert park.queries.registry().sites[park.yard["site"]].holder == park.shop.party
    seen, _ = Reading(park.queries).changes(Viewer(who=frozenset({thief.party}), own=frozenset({thief.party})), 0, 100)
    assert [statement.parse(each.statement).type for each in seen] == ["key-enrolled", "site-registered"]
    park.check()


def test_neither_a_date_to_come_nor_old_books_hide_whether_devices_are_silent(park: Park) -> None:
    now = park.world.ledger.now()
    park.said(park.shop, "site-registered", now, holder=park.shop.party, site=park.yard["site"], name="一号厂区")
    plan = {"plan": park.world.new("plan"), "holder": park.shop.party, "site": park.yard["site"]}
    lines = [{"code": OIL, "generated_g": 10_000_000}]
    park.said(park.shop, "plan-filed", now, **plan, year=int(now[:4]), lines=lines)

    def silent() -> bool:
        park.follow()
        flags = park.queries.exceptions(park.world.ledger.now())
        return any(flag.rule == "silent-devices" for flag in flags)

    park.fill(5_000, later(now, days=30))
    park.world.clock.advance(hours=24 * 15)
    assert silent()
    park.fill(5_000, later(now, days=-60))
    assert not silent()
    assert park.shop.say("container-filled", park.world.filled(park.carrier, park.yard["site"])).outcome == "refused"
    park.world.clock.advance(hours=24 * 13)
    assert not silent()
    park.check()
