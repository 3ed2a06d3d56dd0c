"""`wasteledger restore` as an operator uses it: from a folder and over https, refused in words, and then going on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.command import Home
from tests.support.mirror import changed


def fill(home: Home, *drums: str) -> None:
    for drum in drums:
        home.does(f"wasteledger fill {drum} --mass 180kg --as ann")


def mirror_of(home: Home) -> Path:
    folder = home.folder / "mirror"
    folder.mkdir(exist_ok=True)
    home.does(
        "wasteledger checkpoint --unwitnessed > mirror/checkpoint", "wasteledger export entries -o mirror/entries.jsonl"
    )
    return folder


def lose_the_database(home: Home) -> None:
    for file in home.path.glob("ledger.db*"):
        file.unlink()


def test_a_lost_database_comes_back_and_the_people_go_on(home: Home) -> None:
    fill(home, "drum-1", "drum-2")
    mirror_of(home)
    before = home.does("wasteledger export entries")
    drum = home.does("wasteledger show drum-1")
    lose_the_database(home)
    assert home.run("wasteledger show drum-1").exit_code == 1
    told = home.does("wasteledger restore --from-mirror mirror")
    size = len(before.splitlines())
    assert f"entries 0 to {size - 1} are back" in told
    assert "accounts" in told
    assert home.does("wasteledger export entries") == before
    assert home.does("wasteledger show drum-1") == drum
    home.does("wasteledger verify", "wasteledger signer run")
    fill(home, "drum-3")
    again = home.run("wasteledger restore --from-mirror mirror")
    assert again.exit_code == 1
    assert f"at least {size + 1} entries, got {size}" in again.stderr


def test_an_old_backup_takes_nothing_in_and_every_door_names_the_command_that_helps(home: Home) -> None:
    with_backup = home.path / "ledger.db"
    for_later = home.folder / "backup.db"
    home.does("wasteledger rebuild")
    shutil.copy(with_backup, for_later)
    assert not (home.path / "ledger.db-wal").exists()
    fill(home, "drum-1", "drum-2", "drum-3")
    mirror_of(home)
    lose_the_database(home)
    shutil.copy(for_later, with_backup)
    for command in (
        "signer run",
        "fill drum-4 --mass 180kg --as ann",
        "record -",
        "erase ann --yes",
        "serve --port 8999",
    ):
        refused = home.run(f"wasteledger {command}", stdin="")
        assert (refused.exit_code, "wasteledger restore --from-mirror" in refused.stderr) == (1, True), command
    answer = home.answers("wasteledger restore --from-mirror mirror")
    assert answer["size"] == answer["start"] + 3
    assert answer["lost"] == {"sealed": 0, "custodial_keys": 0, "adopted": 0}
    home.does("wasteledger signer run", "wasteledger verify")


def test_a_bad_mirror_is_refused_in_either_language_and_nothing_is_written(home: Home) -> None:
    mirror = mirror_of(home)
    changed(mirror, 6, "statement", '"v":1', '"v":2')
    lose_the_database(home)
    refused = home.run("wasteledger restore --from-mirror mirror")
    assert refused.exit_code == 1
    assert "the mirror's entry 6 is not what the log signed" in refused.stderr
    assert "镜像第 6 条不是日志所签" in home.run("wasteledger restore --from-mirror mirror --lang zh").stderr
    assert home.run("wasteledger export entries").exit_code == 1


@pytest.mark.parametrize("place", ["nowhere", "http://mirror.example/", "ftp://mirror.example/"])
def test_a_place_that_can_be_no_mirror_is_a_misuse(home: Home, place: str) -> None:
    assert home.run(f"wasteledger restore --from-mirror {place}").exit_code == 2
    assert home.run("wasteledger restore").exit_code == 2


def test_a_folder_without_a_mirror_names_the_file_that_is_not_there(home: Home) -> None:
    (home.folder / "empty").mkdir()
    refused = home.run("wasteledger restore --from-mirror empty")
    assert refused.exit_code == 1
    assert "empty/checkpoint" in refused.stderr


def test_a_mirror_is_fetched_over_https_with_its_token(home: Home, https: str) -> None:
    mirror_of(home)
    before = home.does("wasteledger export entries")
    lose_the_database(home)
    restore = f"wasteledger restore --ca ca.pem --from-mirror {https}"
    refused = home.run(f"{restore}/mirror")
    assert (refused.exit_code, "expected 200, got 401" in refused.stderr) == (1, True)
    home.does(f"{restore}/mirror/ --token-file token.txt")
    assert home.does("wasteledger export entries") == before
