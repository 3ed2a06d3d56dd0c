"""A ledger that is lost, the mirror that somebody kept of it, and the database that takes its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.export import line
from ledger import bootstrap
from ledger.bootstrap import Restored
from ledger.service import Ledger
from ledger.settings import Settings, from_environment
from ledger.store.genesis import NoLedger
from ledger.store.restoring import CHECKPOINT, ENTRIES
from tests.support.world import World


def mirrored(ledger: Ledger, folder: Path) -> Path:
    """What `checkpoint --unwitnessed` and `export entries` give, in a folder."""
    folder.mkdir()
    grounds = ledger.grounds()
    (folder / CHECKPOINT).write_bytes(ledger.unwitnessed_checkpoint())
    (folder / ENTRIES).write_text(
        "".join(f"{line(record, grounds)}\n" for record in ledger.records()), encoding="utf-8"
    )
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a ledger is restored: a home with its keys, a database, the signer's high-water file."""

    settings: Settings

    @classmethod
    def of(cls, world: World, url: str, home: Path, *, signer_state: Path | None = None) -> Place:
        """A home with the world's keys, whose database is at `url`; without the signer's file if none is given."""
        environment = {
            "WASTELEDGER_HOME": str(home),
            "WASTELEDGER_DATABASE": url,
            "WASTELEDGER_SIGNER_STATE": str(signer_state or home.with_name(f"{home.name}-signer") / "highwater.json"),
        }
        home.mkdir()
        settings = from_environment(environment)
        bootstrap.write_keys(settings, world.keys)
        return cls(settings=settings)

    def restore(self, mirror: Path) -> Restored:
        return bootstrap.restore_ledger(self.settings, mirror, lambda done, of, stage: None)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger in that place."""
        opened = bootstrap.open_ledger(self.settings)
        try:
            yield opened
        finally:
            opened.close()

    def entries(self) -> list[tuple[bytes, bytes]]:
        """(entry, statement) by index; none while there is no ledger."""
        try:
            with self.ledger() as ledger:
                return [(record.entry, record.statement) for record in ledger.records()]
        except (bootstrap.SchemaOld, NoLedger):
            return []


def changed(mirror: Path, index: int, member: str, old: str, new: str) -> None:
    """A mirror whose line says something else."""
    path = mirror / ENTRIES
    lines = path.read_text(encoding="utf-8").splitlines()
    document = json.loads(lines[index])
    assert old in document[member], document[member]
    document[member] = document[member].replace(old, new, 1)
    lines[index] = json.dumps(document, ensure_ascii=False)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
