"""`simulate` makes a real ledger: signed, recorded, verified; what was planted is in a file; people go on acting."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.command import Home


def test_a_simulated_park_verifies_names_what_was_planted_and_can_be_lived_in(tmp_path: Path) -> None:
    home = Home(tmp_path)
    said = home.does(
        "wasteledger simulate --enterprises 4 --days 9 --fraud weight-skim --planted planted.json --lang en"
    )
    assert "nothing differs" in said
    planted = json.loads((tmp_path / "planted.json").read_text())
    assert (planted["seed"], planted["enterprises"], planted["days"]) == (1, 4, 9)
    (fraud,) = planted["planted"]
    assert fraud["fraud"] == "weight-skim" and fraud["grams"] > 0
    caught = {o for o in fraud["objects"] if o.startswith("container:")}
    assert f"mass-difference × {len(caught)}" in said
    home.does("wasteledger party register Newcomer --duty generator --as registrar", "wasteledger verify")


def test_a_home_with_a_ledger_is_not_simulated_over(tmp_path: Path) -> None:
    home = Home(tmp_path)
    line = "wasteledger simulate --enterprises 1 --days 1 --no-verify"
    home.does(line)
    again = home.run(line)
    assert again.exit_code == 1
    assert "already holds a ledger's keys" in again.output


def test_a_merger_a_lost_phone_and_an_erased_person_are_in_a_park_that_verifies(tmp_path: Path) -> None:
    said = Home(tmp_path).does("wasteledger simulate --enterprises 4 --days 136 --lang en")
    assert "nothing differs" in said
    with closing(sqlite3.connect(Home(tmp_path).path / "ledger.db")) as kept:

        def count(query: str) -> int:
            return int(kept.execute(f"SELECT count(*) FROM {query}").fetchone()[0])

        assert count("quarantine JOIN adoption ON adoption.quarantined = quarantine.statement") == 1
        assert count("sealed") == 0
        assert count("lot_row WHERE by_producer AND holder <> producer AND account = 'arrived'") > 0
