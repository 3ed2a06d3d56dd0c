"""A restore that is killed anywhere goes on when it is run again, and ends with the mirror's root."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from ledger import bootstrap
from ledger.service import Ledger
from tests.support.check import check_ledger
from tests.support.mirror import Place, mirrored
from tests.support.postgres import new_database
from tests.support.world import World

WASTELEDGER = str(Path(sys.executable).with_name("wasteledger"))
SIGNING = ["wrote.checkpoint", "sign.after-commit", "sign.before-high-water", "sign.high-water-temp-written"]
ON_SQLITE = ["wrote.statement", "wrote.leaf", "append.before-commit", "append.after-commit", *SIGNING]
ON_POSTGRES = ["append.before-commit", "append.after-commit", "wrote.leaf", "sequence.before-commit", *SIGNING[:1]]


def world_of(folder: Path, count: int) -> tuple[World, Path]:
    """A ledger of so many entries, and its mirror."""
    world = World.create(f"sqlite:///{folder / 'first.sqlite'}", folder)
    shop = world.party()
    yard = world.site(shop)
    for start in range(0, count, 500):
        world.clock.advance(ms=900)
        size = min(500, count - start)
        world.ledger.record([shop.sign("container-filled", world.filled(shop, yard)) for _ in range(size)])
    world.look()
    return world, mirrored(world.ledger, folder / "mirror")


def started(place: Place, mirror: Path, fail_at: str | None = None) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WASTELEDGER_")}
    environment |= {
        "WASTELEDGER_HOME": str(place.settings.home),
        "WASTELEDGER_DATABASE": place.settings.database,
        "WASTELEDGER_SIGNER_STATE": str(place.settings.signer_state),
        "LC_ALL": "C.UTF-8",
    }
    if fail_at is not None:
        environment["WASTELEDGER_FAIL_AT"] = fail_at
    command = [WASTELEDGER, "restore", "--from-mirror", str(mirror), "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)


def completes(place: Place, mirror: Path, world: World) -> None:
    """Run again to its end, it has all that was lost."""
    process = started(place, mirror)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    head = world.ledger.newest_seen()
    said = json.loads(output)
    assert (said["size"], said["root"]) == (head.size, head.root.hex())
    with place.ledger() as ledger:
        assert raw(ledger) == raw(world.ledger)
        assert check_ledger(ledger) == head.size
        assert ledger.waiting() == (0, "")
        assert ledger.sign() is None
    high = json.loads(place.settings.signer_state.read_text())
    assert (high["size"], high["root"]) == (head.size, head.root.hex())
    world.close()


def held(engine: Engine) -> int:
    """Entries that have an index; none while there are no tables."""
    try:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM leaf").scalar_one())
    except DBAPIError:
        return 0


def raw(ledger: Ledger) -> list[tuple[bytes, bytes]]:
    return [(each.entry, each.statement) for each in ledger.records()]


def dies(point: str, url: str, folder: Path) -> None:
    world, mirror = world_of(folder, 300)
    place = Place.of(world, url, folder / "home")
    process = started(place, mirror, point)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, f"{point} was never reached: exit {process.returncode}"
    completes(place, mirror, world)


@pytest.mark.parametrize("point", ON_SQLITE)
def test_a_restore_that_dies_here_is_completed_by_the_next(point: str, tmp_path: Path) -> None:
    dies(point, f"sqlite:///{tmp_path / 'second.sqlite'}", tmp_path)


@pytest.mark.parametrize("point", ON_POSTGRES)
def test_a_restore_on_postgresql_that_dies_here_is_completed_by_the_next(
    point: str, postgres_url: str, tmp_path: Path
) -> None:
    dies(point, postgres_url, tmp_path)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_restore_killed_in_its_middle_goes_on_from_there(kind: str, postgres_server: Path, tmp_path: Path) -> None:
    world, mirror = world_of(tmp_path, 3_200)
    url = f"sqlite:///{tmp_path / 'second.sqlite'}"
    if kind == "postgres":
        url = new_database(postgres_server).render_as_string(hide_password=False)
    place = Place.of(world, url, tmp_path / "home")
    looking = bootstrap.engine(place.settings)
    reached = 0
    for _ in range(2):
        process = started(place, mirror)
        deadline = time.monotonic() + 100
        while held(looking) <= max(reached, 1) and process.poll() is None:
            assert time.monotonic() < deadline, "no entry came back"
            time.sleep(0.005)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        back = place.entries()  # a server may commit what its client sent before it died
        assert reached < len(back) < world.ledger.size()
        assert back == raw(world.ledger)[: len(back)]
        reached = len(back)
    looking.dispose()
    completes(place, mirror, world)
