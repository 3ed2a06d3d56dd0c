"""Ledgers of any size for benchmarks: drums of waste oil filled at many sites, stored, and sent on manifests.

Run `python -m benchmarks.worlds URL COUNT` to make one, or call `grown` from a benchmark.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from ledger.service import Submission
from ledger.store.moments import moment
from tests.support.world import OIL, Device, World

BATCH = 1_000
SITES = 20
TICK_MS = 1_000
HOUR_MS = 3_600_000
# One journey in so many has one trouble of each kind.
TROUBLED = 50


def grown(url: str, folder: Path, size: int, *, mixed: bool = False, seed: int = 1) -> World:
    """A ledger of about `size` entries. Plain: every entry a filling, with one container and one site link and about
    900 bytes of statement. Mixed: each drum filled, stored, issued, collected and received as well."""
    world = World.create(url, folder, seed)
    shops = [world.party(f"示例汽修厂{n}") for n in range(SITES)]
    yards = [world.site(shop) for shop in shops]
    said = _journeys(world, shops, yards) if mixed else _fillings(world, shops, yards)
    done = world.ledger.size()
    while done < size:
        batch = [next(said) for _ in range(min(BATCH, size - done))]
        answers = world.ledger.record(batch)
        wrong = next((each for each in answers if each.outcome != "recorded"), None)
        assert wrong is None, wrong
        done += len(batch)
        world.look()
        world.clock.advance(ms=TICK_MS)
    return world


def _fillings(world: World, shops: list[Device], yards: list[str]) -> Iterator[Submission]:
    while True:
        for shop, yard in zip(shops, yards, strict=True):
            yield shop.sign("container-filled", world.filled(shop, yard))


def _journeys(world: World, shops: list[Device], yards: list[str]) -> Iterator[Submission]:
    """Lawful ones, told within a day; of every fifty one comes short, one is told late, and one goes to a plant
    without a licence."""
    carrier, plant, rogue = world.party("示例运输"), world.party("示例处置"), world.party("示例无证")
    works, elsewhere = ({"party": each.party, "site": world.site(each)} for each in (plant, rogue))
    stores = [_store(world, shop, yard) for shop, yard in zip(shops, yards, strict=True)]
    _said(world.authority, "licence-granted", {
        "licence": world.new("licence"), "holder": plant.party, "number": "示例危证001号", "kind": "comprehensive",
        "valid_from": "2025-01-01", "valid_until": "2029-12-31",
    })  # fmt: skip
    _said(world.authority, "setting-adopted", {"name": "tolerance-ppm", "value": 5_000, "effective_from": "2025-01-01"})
    for number in count():
        trouble, n = number % TROUBLED, number % SITES
        shop, here, drum = shops[n], {"party": shops[n].party, "site": yards[n]}, world.new("container")
        short, late, unlicensed = trouble == 9, trouble == 19, trouble == 29
        to, gate = (elsewhere, rogue) if unlicensed else (works, plant)
        ends = {"manifest": world.new("manifest"), "from": here, "to": to, "carrier": carrier.party}
        load = [{"container": drum, "code": OIL, "net_g": 180_000}]
        mass = {"basis": "weighed", "net_g": 150_000 if short else 179_900}
        verdict = {"container": drum, "code": OIL, "decision": "accepted", "mass": mass}
        stored = {"container": drum, "place": here, "facility": stores[n]}
        for hours, by, type_, body in (
            (60 if late else 20, shop, "container-filled", world.filled(shop, yards[n], drum)),
            (19, shop, "container-stored", stored),
            (6, shop, "manifest-issued", {**ends, "lines": load}),
            (5, carrier, "manifest-collected", {**ends, "lines": load}),
            (1, gate, "manifest-received", {**ends, "lines": [verdict]}),
        ):
            yield by.sign(type_, body, at=moment(world.clock() - hours * HOUR_MS))


def _store(world: World, holder: Device, site: str) -> str:
    store = world.new("facility")
    body = {"holder": holder.party, "facility": store, "site": site, "code": "TS001", "purpose": "store"}
    _said(holder, "facility-registered", body)
    return store


def _said(by: Device, type_: str, body: dict[str, Any]) -> None:
    answer = by.say(type_, body)
    assert answer.outcome == "recorded", answer


def main() -> None:
    """Make a ledger at a database URL."""
    url, size = sys.argv[1], int(sys.argv[2])
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else ".")
    world = grown(url, folder, size, mixed="--mixed" in sys.argv)
    print(f"{world.ledger.size()} entries")
    world.close()


if __name__ == "__main__":
    main()
