"""A load that was refused in part, treated and recorded, and the papers of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from ledger.custody.regimes import regime
from ledger.custody.regimes.base import Regime
from ledger.labels.shapes import Drawing
from ledger.log.trust import Trust
from ledger.papers import redrawn
from ledger.papers.packet import Packet
from ledger.papers.proving import Proven, verify_packet
from ledger.papers.sheets import sheets
from tests.support.command import Home, park

NUMBER = "20261506000001"
STORY = (
    "wasteledger fill drum-1 --mass 182.5kg --as ann",
    "wasteledger fill drum-2 --mass 40kg --as ann",
    "wasteledger fill drum-3 --mass 90kg --as ann",
    "wasteledger fill drum-4 --mass 10kg --as ann",
    "wasteledger store drum-4 --facility STORE-1 --zone A --as ann",
    f"wasteledger manifest issue drum-1 drum-2 drum-3 --to Cleanburn --carrier Hauler --number {NUMBER}"
    ' --phone 12369 --handler "Li Demo" --as ann',
    f"wasteledger manifest collect {NUMBER} --left-behind drum-3=damaged --vehicle DEMO-001"
    ' --driver "Wang Demo" --as hal',
    f"wasteledger manifest arrive {NUMBER} --vehicle DEMO-001 --as dee",
    f"wasteledger manifest receive {NUMBER} drum-1=182kg --refuse drum-2 --discrepancy drum-2=packaging"
    " --method D10 --gross 12.222t --tare 12t --as dee",
    "wasteledger treat drum-1 --method D10 --facility KILN-1 --output ash-1=12kg --as dee",
)
KINDS = {
    "manifest": f"manifest {NUMBER}",
    "load-list": f"load-list {NUMBER}",
    "receipt-note": f"receipt-note {NUMBER}",
    "certificate": "certificate Garage",
    "inventory": "inventory Workshop",
}


@dataclass(frozen=True)
class Made:
    """A paper that the command line made, and what a stranger finds in it."""

    file: bytes
    trust: Trust

    @cached_property
    def packet(self) -> Packet:
        return redrawn.packet_in(self.file)

    @cached_property
    def proven(self) -> Proven:
        return verify_packet(self.packet, self.trust)

    @property
    def regime(self) -> Regime:
        return regime("cn.1")

    @cached_property
    def drawings(self) -> list[Drawing]:
        return sheets(self.proven.paper, self.packet, self.regime)


def made(home: Home, line: str) -> Made:
    """The paper of a command."""
    home.does(f"wasteledger paper {line} -o paper.pdf")
    trust = Trust.parse((home.path / "trust.json").read_bytes())
    return Made(file=(home.folder / "paper.pdf").read_bytes(), trust=trust)


@pytest.fixture(scope="package")
def told(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home in which the story was told; nobody adds to it."""
    home = park(tmp_path_factory.mktemp("told"))
    home.does(*STORY)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A park of this test's own."""
    folder = tmp_path / "own"
    folder.mkdir()
    return park(folder)


@pytest.fixture(scope="package")
def paper(told: Home) -> Iterator[Callable[[str], Made]]:
    """Papers of the story by kind, each made once."""
    known: dict[str, Made] = {}

    def of(kind: str) -> Made:
        if kind not in known:
            known[kind] = made(told, KINDS[kind])
        return known[kind]

    yield of


@pytest.fixture
def stranger(told: Home, tmp_path: Path) -> Home:
    """A folder with trust.json and nothing else of that ledger."""
    (tmp_path / "trust.json").write_bytes((told.path / "trust.json").read_bytes())
    return Home(tmp_path)
