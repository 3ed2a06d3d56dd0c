"""Large books: signed by a copy of the process while this one records, told by both, and whole whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ledger import bootstrap
from ledger.exchange.hj1259 import Row, read_workbook, write_workbook
from ledger.settings import from_environment
from ledger.store import rebuilding
from ledger.store.projections import Projector
from ledger.store.tables import PROJECTIONS, metadata
from tests.support.command import Home
from tests.support.repository import ROOT

FILLED = next(
    row
    for row in read_workbook(files("fixtures").joinpath("hj1259/sample.xlsx").read_bytes()).rows
    if row.table == "B.1"
)
IMPORT = ("import", "hj1259", "books.xlsx", "--register-facilities", "--as", "ann", "--json")
COMMAND = "from cli.main import main; main()"
A_LIE = """
import cli.import_ as importing
from ledger.service import SealedText
sealed, told = importing._sealed, []
def lie(path, clear):
    told.append(path)
    commitment, text = sealed(path, clear)
    return commitment, SealedText(path=path, salt=text.salt, value="else") if len(told) == 1500 else text
importing._sealed = lie
"""


def books(count: int, day: str = "20260105", **changes: str) -> bytes:
    """Books of so many fillings, each of a drum of its own."""
    rows: list[Row] = [
        replace(FILLED, number=n, batch=f"HWCS{day}{n:06}", container_code=f"{day}-{n:06}", handler="", **changes)  # type: ignore[arg-type]
        for n in range(count)
    ]
    return write_workbook(rows)


def begun(home: Home, before: str = "") -> subprocess.Popen[str]:
    """The import in a process of its own, which has one thread and can be copied."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("WASTELEDGER_")}
    return subprocess.Popen(
        [sys.executable, "-c", before + COMMAND, *IMPORT], cwd=home.folder, text=True, stdout=subprocess.PIPE,
        env=ours | {"PYTHONPATH": str(ROOT), "LC_ALL": "en_GB.UTF-8"},
    )  # fmt: skip


def imported(home: Home, before: str = "") -> tuple[int, dict[str, object]]:
    """Exit status and answer of the import."""
    with begun(home, before) as process:
        answer, _ = process.communicate(timeout=300)
    return process.returncode, json.loads(answer)


def size(home: Home) -> int:
    return int(home.answers("wasteledger rate")["checkpoint"]["size"])


def test_an_import_that_is_killed_goes_on_where_it_was_and_nobody_holds_its_key(home: Home) -> None:
    (home.folder / "books.xlsx").write_bytes(books(6_000))
    before = size(home)
    outbox = home.path / "people" / "ann" / "outbox"
    with begun(home) as process:
        deadline, came = time.monotonic() + 120, set[str]()
        while len(came) < 2 and time.monotonic() < deadline:
            assert process.poll() is None
            came |= {path.name for path in outbox.glob("*.jsonl")}
        process.kill()
    status, answer = imported(home)
    assert (status, answer["not_recorded"]) == (0, [])
    recorded = answer["recorded"]
    assert isinstance(recorded, int) and 0 < recorded <= 5_801
    assert size(home) == before + 6_001  # with the facility
    assert imported(home)[1]["new"] == 0


def test_what_was_signed_on_top_of_a_statement_that_is_not_received_is_signed_anew(home: Home) -> None:
    (home.folder / "books.xlsx").write_bytes(books(3_200))
    before = size(home)
    status, answer = imported(home, A_LIE)
    failed = answer["not_recorded"]
    assert status == 1 and isinstance(failed, list)
    # The facility comes first; in its batch, the second, what follows the lie waits for what it was signed on top of.
    assert [each["code"] for each in failed] == ["seal-mismatch", *["author-gap"] * 699]
    assert answer["recorded"] == 2_501
    assert size(home) == before + 2_501
    status, answer = imported(home)
    assert (status, answer["recorded"], answer["not_recorded"]) == (0, 700, [])


def test_new_drums_told_at_once_beside_earlier_ones_stand_as_told_one_after_another(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.folder / "books.xlsx").write_bytes(books(30))
    line = f"wasteledger {' '.join(IMPORT)}"
    assert json.loads(home.does(line))["recorded"] == 31
    told: list[rebuilding.Cut | None] = []
    monkeypatch.setattr(rebuilding, "WAITING", (0, 0))
    monkeypatch.setattr(rebuilding, "_TASK", 10)
    cut = rebuilding.cut

    def watched(*span: Any) -> rebuilding.Cut | None:
        told.append(cut(*span))
        return told[-1]

    monkeypatch.setattr(rebuilding, "cut", watched)
    # Another facility is registered with it: that may change verdicts on what is there.
    (home.folder / "books.xlsx").write_bytes(books(40, "20260205", facility="MF0009"))
    assert json.loads(home.does(line))["recorded"] == 41
    assert [sum(map(len, each.tasks)) for each in told if each] == [40]
    assert rows(home.path) == rows(home.path, anew=True)


def test_drums_told_of_before_are_followed_one_after_another(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.folder / "books.xlsx").write_bytes(books(5))
    home.does(f"wasteledger {' '.join(IMPORT)}")
    monkeypatch.setattr(rebuilding, "WAITING", (0, 0))
    home.does("wasteledger store 20260105-000001 --facility STORE-1 --as ann")
    assert rows(home.path) == rows(home.path, anew=True)


def rows(path: Path, *, anew: bool = False) -> dict[str, list[str]]:
    """All projections; with `anew` made by one process from the first entry on."""
    ledger = bootstrap.open_ledger(from_environment({"WASTELEDGER_HOME": str(path)}))
    projector = bootstrap.open_queries(ledger).projector
    assert isinstance(projector, Projector)
    if anew:
        projector.rebuild(processes=1)
    with ledger.engine.connect() as connection:
        found = {name: sorted(map(str, connection.execute(select(metadata.tables[name])))) for name in PROJECTIONS}
    ledger.close()
    return found
