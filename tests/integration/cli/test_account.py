"""Accounts on the command line: who has the machine lets in the first people, and helps who forgot a password."""

from __future__ import annotations

import json
from pathlib import Path

from ledger import bootstrap
from ledger.settings import from_environment
from tests.support.command import Home


def test_the_first_operator_is_let_in_and_a_forgotten_password_replaced(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.does('wasteledger init --origin ledger.example/park --operator "Park office"')
    (made,) = json.loads(home.does("wasteledger account create Root --role operator --json"))
    assert made["name"] == "root" and home.run("wasteledger account create root --role operator").exit_code == 1
    assert home.run("wasteledger account create x --role admin").exit_code == 2  # whose?
    (again,) = json.loads(home.does("wasteledger account reset root --json"))
    assert made["password"] != again["password"] and made["password"] not in home.does("wasteledger account list")
    settings = from_environment({"WASTELEDGER_HOME": str(home.path)})
    ledger = bootstrap.open_ledger(settings)
    accounts = bootstrap.open_accounts(ledger, settings)
    accounts.log_in("root", again["password"], address="")
    ledger.close()
    refused = home.run("wasteledger account reset nobody")
    assert refused.exit_code == 1 and "nobody" in refused.output
