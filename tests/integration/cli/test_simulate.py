"""`simulate` makes a real ledger: signed, recorded, verified; what was planted is in a file; people go on acting."""

from __future__ import annotations

import json
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
