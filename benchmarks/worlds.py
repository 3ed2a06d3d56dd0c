"""Ledgers of any size for benchmarks: drums of waste oil filled at many sites, stored, and sent on manifests.

Run `python -m benchmarks.worlds URL COUNT` to make one, or call `grown` from a benchmark.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.service import Submission
from tests.support.world import OIL, Device, World

BATCH = 1_000
SITES = 20
TICK_MS = 1_000


def grown(url: str, folder: Path, count: int, *, mixed: bool = False, seed: int = 1) -> World:
    """A ledger of about `count` entries. Plain: every entry a filling, with one container and one site link and about
    900 bytes of statement. Mixed: each drum filled, stored, issued, collected and received as well."""
    world = World.create(url, folder, seed)
    shops = [world.party(f"示例汽修厂{n}") for n in range(SITES)]
    yards = [world.site(shop) for shop in shops]
    carrier, plant = world.party("示例运输"), world.party("示例处置")
    works = {"party": plant.party, "site": world.site(plant)}
    said = _journeys(world, shops, yards, carrier, plant, works) if mixed else _fillings(world, shops, yards)
    done = world.ledger.size()
    while done < count:
        batch = [next(said) for _ in range(min(BATCH, count - done))]
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


def _journeys(
    world: World, shops: list[Device], yards: list[str], carrier: Device, plant: Device, works: dict[str, str]
) -> Iterator[Submission]:
    facilities = [world.new("facility") for _ in shops]
    while True:
        for shop, yard, facility in zip(shops, yards, facilities, strict=True):
            drum, here = world.new("container"), {"party": shop.party, "site": yard}
            yield shop.sign("container-filled", world.filled(shop, yard, drum))
            yield shop.sign("container-stored", {"container": drum, "place": here, "facility": facility})
            ends: dict[str, Any] = {
                "manifest": world.new("manifest"),
                "from": here,
                "to": works,
                "carrier": carrier.party,
            }
            load = [{"container": drum, "code": OIL, "net_g": 180_000}]
            yield shop.sign("manifest-issued", {**ends, "lines": load})
            yield carrier.sign("manifest-collected", {**ends, "lines": load})
            mass = {"basis": "weighed", "net_g": 179_900}
            verdict = {"container": drum, "code": OIL, "decision": "accepted", "mass": mass}
            yield plant.sign("manifest-received", {**ends, "lines": [verdict]})


def main() -> None:
    """Make a ledger at a database URL."""
    url, count = sys.argv[1], int(sys.argv[2])
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else ".")
    world = grown(url, folder, count, mixed="--mixed" in sys.argv)
    print(f"{world.ledger.size()} entries")
    world.close()


if __name__ == "__main__":
    main()
