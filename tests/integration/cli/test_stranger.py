"""What a stranger can do: bring books in, read the rate, prove a record elsewhere, and catch whoever touches a byte."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from tests.support.command import Home
from tests.support.repository import ROOT


def test_a_byte_changed_past_the_triggers_is_found_by_index_stream_seq_and_column(home: Home, tmp_path: Path) -> None:
    # 1. The sample workbook comes in, and its rate and what is missing from it can be read.
    (home.folder / "books.xlsx").write_bytes(files("fixtures").joinpath("hj1259/sample.xlsx").read_bytes())
    home.does("wasteledger import hj1259 books.xlsx --register-facilities --as ann")
    assert "missing from 100 %" in home.does("wasteledger rate --period 2026")
    # 2. A receipt is made, and verifies on another machine with nothing but the file, the policy and trust.json.
    filled = home.answers("wasteledger show YT-0001")["steps"][0]
    index, container = filled["index"], filled["body"]["container"]
    home.does(f"wasteledger receipt {index} -o receipt.txt")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in (home.folder / "receipt.txt", home.path / "policy.txt", home.path / "trust.json"):
        shutil.copy(file, elsewhere)
    line = ["verify-receipt", "receipt.txt", "--policy", "policy.txt", "--trust", "trust.json"]
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from cli.main import main; main({line!r})"
    proven = subprocess.run([sys.executable, "-I", "-c", script], cwd=elsewhere, capture_output=True, text=True, env={})
    assert (proven.returncode, f"entry {index} of" in proven.stdout) == (0, True)
    # 3. The ledger verifies as a whole.
    assert "nothing differs" in home.does("wasteledger verify")
    # 4. Somebody with the database in hand switches the triggers off and makes 180 kg 190 kg.
    database = sqlite3.connect(home.path / "ledger.db")
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{name}"')
    (raw,) = database.execute(
        "SELECT bytes FROM statement WHERE hash = ?", (bytes.fromhex(filled["statement"]),)
    ).fetchone()
    assert raw.count(b'"net_g":180000') == 1
    forged = raw.replace(b'"net_g":180000', b'"net_g":190000')
    database.execute("UPDATE statement SET bytes = ? WHERE hash = ?", (forged, bytes.fromhex(filled["statement"])))
    database.commit()
    database.close()
    # 5. The verification says exactly where.
    found = home.run("wasteledger verify --json")
    assert found.exit_code == 1
    told = home.run("wasteledger verify")
    assert told.exit_code == 1
    (named, *_) = [text for text in told.stdout.splitlines() if "statement.bytes" in text]
    assert f"index {index}" in named
    assert f"{container} seq 1" in named
    # 6. The receipt, made before, still proves what was signed.
    again = subprocess.run([sys.executable, "-I", "-c", script], cwd=elsewhere, capture_output=True, text=True, env={})
    assert '"net_g": 180000' in again.stdout
