"""A small packet of a log in memory, and facts written by hand, so that drawings are the same on every run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.log.tiles import TileReader
from ledger.papers.facts import (
    Carriage,
    Certificate,
    Ended,
    EndedSum,
    Inventory,
    Line,
    LoadList,
    ManifestPaper,
    Paper,
    ReceiptNote,
    Stock,
    StockSum,
    Unit,
    Waste,
    Weighbridge,
)
from ledger.papers.packet import Carried, Packet
from tests.support import log_world as world

MANIFEST = world.stream("manifest", 7)
SUBJECTS = {"certificate": world.PARTY, "inventory": world.SITE}


def a_packet(kind: str = "manifest", size: int = 5) -> Packet:
    log = world.a_world(size)
    tiles = TileReader(log.read_tile, size)
    return Packet(
        kind=kind,
        subject=SUBJECTS.get(kind, MANIFEST),
        checkpoint=log.note().encode().decode(),
        entries=tuple(
            Carried(
                index=n,
                entry=log.entries[n],
                statement=log.statements[n],
                public_key=(world.SYSTEM if n == 0 else world.AUTHOR).public.raw,
                hashes=tuple(tiles.inclusion(n)),
            )
            for n in range(size)
        ),
        facts={"number": "20261506000001"},
        filled={f"{world.uuid7(3)}/handler.name": "李示例"},
        layout=1,
        link=f"https://ledger.example/v1/papers/{kind}/{SUBJECTS.get(kind, MANIFEST)}.pdf",
    )


UNIT = Unit(
    party=world.PARTY,
    name="示例汽车维修有限公司（虚构）",
    credit_code="91150600MA0EXAMP0W",
    phone="0477-0000000",
    site=world.SITE,
    site_name="一号厂区",
    address="示例市示例区经三路以东、纬五路以南 18 号",
    licences=("示危废证 0001 号（虚构）",),
)
AT = "2026-02-25T06:13:20.000Z"


def a_line(n: int, **changes: object) -> Line:
    fields: dict[str, object] = {
        "container": world.stream("container", n),
        "container_code": f"DRUM-{n:03}",
        "name": "废矿物油与含矿物油废物",
        "code": "900-214-08",
        "classes": ("HW08",),
        "hazards": "T,I",
        "form": "liquid",
        "harmful": "石油烃、重金属",
        "packing": "200 L 闭口钢桶",
        "state": "accepted",
        "listed_g": 182_500,
        "loaded_g": 182_500,
        "decision": "accepted",
        "method": "R9",
        "accepted_g": 182_000,
        "difference_g": -500,
        "entries": (4, 7, 9),
    }
    return Line(**(fields | changes))  # type: ignore[arg-type]


def a_paper(kind: str, count: int = 3) -> Paper:
    lines = tuple(a_line(n) for n in range(count))
    road = Carriage(what="collected", at=AT, carrier=UNIT, vehicle="示A00001", where="一号厂区", count=count, entry=7)
    match kind:
        case "manifest":
            waste = Waste(
                name="废矿物油", code="900-214-08", count=count, listed_g=1, loaded_g=1, accepted_g=1, accepted=count,
                refused=0, missing=0,
            )  # fmt: skip
            return ManifestPaper(
                manifest=MANIFEST, number="20261506000001", status="done", issued_at=AT, planned="2026-02-26",
                emergency_phone="12369", sender=UNIT, sender_handler=f"{world.uuid7(3)}/handler.name",
                carriages=(road,), receiver=UNIT, received_at=AT, receiver_handler="", wastes=(waste,), lines=lines,
                listed_g=1, loaded_g=1, accepted_g=1, entries=(4,),
            )  # fmt: skip
        case "load-list":
            return LoadList(
                manifest=MANIFEST, number="20261506000001", collected_at=AT, sender=UNIT, carriages=(road,),
                receiver=UNIT, emergency_phone="12369", lines=lines, loaded=count, left_behind=0, loaded_g=1,
                entries=(4,),
            )  # fmt: skip
        case "receipt-note":
            return ReceiptNote(
                manifest=MANIFEST, number="20261506000001", received_at=AT, handler="", sender=UNIT, carrier=UNIT,
                receiver=UNIT, weighbridge=(Weighbridge(gross_g=3, tare_g=2, net_g=1, entry=9),), lines=lines,
                accepted=count, refused=0, missing=0, undecided=0, accepted_g=1, difference_g=-500, entries=(9,),
            )  # fmt: skip
        case "certificate":
            ended = Ended(
                container=world.DRUM, container_code="DRUM-001", name="废矿物油", code="900-214-08", born_at=AT,
                last_in="", grams=182_000, end="utilised", method="R9", facility="KILN-1 一号窑", holder=UNIT.name,
                site="一号厂区", licences=UNIT.licences, ended_at=AT, batch="HWZXCZ20260225001", grade="A", entry=9,
            )  # fmt: skip
            total = EndedSum(code="900-214-08", end="utilised", method="R9", holder=UNIT.name, grams=182_000)
            return Certificate(producer=UNIT, period="2026", lines=(ended,) * count, sums=(total,), entries=(9,))
        case _:
            stock = Stock(
                container=world.DRUM, container_code="DRUM-001", label_code="", name="废矿物油", code="900-214-08",
                kind="package", status="held", facility="STORE-1 危废库", zone="A", producer=UNIT.name, born_at=AT,
                since=AT, net_g=182_000, entry=4,
            )  # fmt: skip
            total_g = StockSum(code="900-214-08", count=count, net_g=182_000 * count)
            return Inventory(holder=UNIT, lines=(stock,) * count, sums=(total_g,), entries=(4,))


@pytest.fixture
def packet() -> Packet:
    return a_packet()


@pytest.fixture
def drawn() -> Callable[[str, int], Paper]:
    return a_paper
