"""A ledger made by the composition root: its files, its reopening, and what stops both."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.bootstrap import HomeTaken, KeyFileBad, SchemaOld, engine, init_ledger, open_ledger
from ledger.log.checkpoint import Policy, verify_checkpoint
from ledger.log.trust import Trust
from ledger.service import KeyAbsent
from ledger.settings import Settings, from_environment
from ledger.store.database import upgrade
from ledger.store.genesis import NoLedger
from tests.support.check import check_ledger


def settings(folder: Path, url: str) -> Settings:
    return from_environment({"WASTELEDGER_HOME": str(folder / "home"), "WASTELEDGER_DATABASE": url})


def test_a_new_ledger_is_signed_whole_and_opens_again(database_url: str, tmp_path: Path) -> None:
    chosen = settings(tmp_path, database_url)
    made = init_ledger(chosen, origin="ledger.example/park", operator_name="演示园区")
    head = verify_checkpoint(made.unwitnessed_checkpoint(), Policy.parse(chosen.policy.read_text())).checkpoint
    assert (head.origin, head.size) == ("ledger.example/park", 1)
    assert Trust.parse(chosen.trust.read_bytes()) == made.trust()
    assert chosen.signer_state.exists() and not chosen.signer_state.is_relative_to(chosen.home)
    made.close()
    again = open_ledger(chosen)
    assert again.trust() == Trust.parse(chosen.trust.read_bytes())
    assert check_ledger(again) == 1
    again.close()


def test_its_keys_can_be_read_by_their_owner_alone(sqlite_url: str, tmp_path: Path) -> None:
    chosen = settings(tmp_path, sqlite_url)
    init_ledger(chosen, origin="ledger.example/park", operator_name="演示园区").close()
    modes = {path.name: path.stat().st_mode & 0o777 for path in chosen.keys.iterdir()}
    assert modes == dict.fromkeys(("log.key", "promise.key", "system.key", "kek.key"), 0o600)
    assert chosen.keys.stat().st_mode & 0o777 == 0o700


def test_the_logs_key_can_lie_where_the_signer_alone_sees_it(sqlite_url: str, tmp_path: Path) -> None:
    apart = {"WASTELEDGER_LOG_KEY": str(tmp_path / "signer" / "log.key")}
    environment = {"WASTELEDGER_HOME": str(tmp_path / "home"), "WASTELEDGER_DATABASE": sqlite_url}
    init_ledger(from_environment(environment | apart), origin="ledger.example/park", operator_name="演示园区").close()
    assert {each.name for each in (tmp_path / "home" / "keys").iterdir()} == {"promise.key", "system.key", "kek.key"}
    assert (tmp_path / "signer" / "log.key").stat().st_mode & 0o777 == 0o600
    app = open_ledger(from_environment(environment))
    with pytest.raises(KeyAbsent):
        app.sign()
    app.close()
    signer = open_ledger(from_environment(environment | apart))
    assert signer.sign() is None, "nothing is new"
    signer.close()


def test_keys_that_are_there_are_never_overwritten(sqlite_url: str, tmp_path: Path) -> None:
    chosen = settings(tmp_path, sqlite_url)
    init_ledger(chosen, origin="ledger.example/park", operator_name="演示园区").close()
    before = {path.name: path.read_bytes() for path in chosen.keys.iterdir()}
    with pytest.raises(HomeTaken):
        init_ledger(chosen, origin="ledger.example/other", operator_name="另一园区")
    assert {path.name: path.read_bytes() for path in chosen.keys.iterdir()} == before


def test_what_is_missing_is_named_when_a_ledger_is_opened(sqlite_url: str, tmp_path: Path) -> None:
    chosen = settings(tmp_path, sqlite_url)
    with pytest.raises(KeyFileBad, match=r"promise\.key"):
        open_ledger(chosen)
    init_ledger(chosen, origin="ledger.example/park", operator_name="演示园区").close()
    empty = settings(tmp_path, f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with pytest.raises(SchemaOld):
        open_ledger(empty)
    upgrade(engine(empty))
    with pytest.raises(NoLedger):
        open_ledger(empty)
    (chosen.keys / "kek.key").write_text("ab" * 31)
    with pytest.raises(KeyFileBad, match=r"kek\.key"):
        open_ledger(chosen)


def test_without_the_log_key_everything_works_but_signing(sqlite_url: str, tmp_path: Path) -> None:
    """Where another process signs."""
    chosen = settings(tmp_path, sqlite_url)
    init_ledger(chosen, origin="ledger.example/park", operator_name="演示园区").close()
    (chosen.keys / "log.key").unlink()
    ledger = open_ledger(chosen)
    assert ledger.snapshot_heads().outcome == "recorded"
    with pytest.raises(KeyAbsent):
        ledger.sign()
    ledger.close()
