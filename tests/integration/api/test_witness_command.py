"""A witness's own machine beside a real server: it cosigns one history and keeps both of two."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import bootstrap
from ledger.log.checkpoint import Policy, parse_checkpoint, verify_checkpoint
from ledger.log.keys import PrivateKey
from ledger.log.note import Note, SignerKey, VerifierKey, verify_note
from ledger.settings import Settings, from_environment
from tests.support.repository import ROOT
from tests.support.served import Server, ask, environment_of, free_port, served_world
from tests.support.world import World


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return from_environment({"WASTELEDGER_HOME": str(tmp_path / "home")})


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    with served_world(settings) as made:
        made.look()
        yield made


def witness(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`wasteledger witness …` in a folder that holds no ledger."""
    command = [sys.executable, "-c", "from cli.main import main; main()", "witness", *words]
    environment = {"PYTHONPATH": str(ROOT), "LC_ALL": "en_GB.UTF-8", "PATH": "/usr/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def strange_log(origin: str) -> str:
    """The key of a log that is none of ours."""
    return SignerKey(origin, PrivateKey(bytes(32))).verifier.encode()


def believed(settings: Settings, world: World, line: str) -> Policy:
    """The policy of server and verifiers, with the witness in it."""
    text = f"log {world.ledger.opened.log_key}\n{line}quorum {line.split()[1]}\n"
    settings.policy.write_text(text)
    return Policy.parse(text)


def mirror_token(world: World, settings: Settings) -> str:
    accounts = bootstrap.open_accounts(world.ledger, settings)
    accounts.create(
        name="bureau", password="correct horse battery", roles=["regulator"], party=world.authority.party, regions=["*"]
    )
    regulator = accounts.actor_for_session(accounts.log_in("bureau", "correct horse battery", address="192.0.2.1"))
    assert regulator is not None
    return accounts.tokens.issue(regulator, name="witness", scopes=["mirror"], days=30)[1]


def test_the_witness_cosigns_a_log_that_grows(world: World, settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "bureau"
    own.mkdir()
    line = witness(own, "new", "witness.example").stdout
    policy = believed(settings, world, line)
    (own / "policy.txt").write_text(f"log {world.ledger.opened.log_key}\nquorum none\n")
    (own / "token.txt").write_text(mirror_token(world, settings) + "\n")
    server = Server(free_port(), environment_of(settings))
    server.start()
    look = ("cosign", f"http://127.0.0.1:{server.port}", "--policy", "policy.txt", "--token-file", "token.txt")
    try:
        assert ask(server.port, "GET", "/checkpoint").status == 404
        shop = world.party()
        site = world.site(shop)
        for count in range(2):
            shop.say("container-filled", world.filled(shop, site))
            size = world.look().size
            done = witness(own, *look)
            assert (done.returncode, f"at size {size}" in done.stdout) == (0, True), (count, done)
            shown = verify_checkpoint(ask(server.port, "GET", "/checkpoint").told, policy)
            assert (shown.checkpoint.size, shown.level()) == (size, "witnessed 1 of 1")
        assert witness(own, *look).returncode == 0, "again, with nothing new"
        printed = witness(own, *look[:4])
        assert printed.stdout.startswith("— witness.example "), printed
        unknown = witness(own, "new", "other.example", "--folder", "other")
        assert unknown.returncode == 0
        (own / "strange.txt").write_text(f"log {strange_log('elsewhere.example')}\nquorum none\n")
        strange = witness(own, *look[:3], "strange.txt")
        assert (strange.returncode, "elsewhere.example" in strange.stderr) == (1, True), strange
        seen = own / "witness" / "seen.note"
        kept = seen.read_bytes()
        seen.write_bytes(b"elsewhere.example\n" + kept.partition(b"\n")[2])
        moved = witness(own, *look)
        assert (moved.returncode, "elsewhere.example" in moved.stderr) == (1, True), moved
        assert not list(seen.parent.glob("other-*")), "another log is no second history"
        seen.write_bytes(kept)
        refused = witness(own, *look, "--folder", "other")
        assert (refused.returncode, "witness other.example" in refused.stderr) == (1, True), refused
    finally:
        server.stop()
    gone = witness(own, *look)
    assert (gone.returncode, "does not answer" in gone.stderr) == (1, True), gone
    assert witness(own, "cosign", "http://ledger.example", "--policy", "policy.txt").returncode == 2


def test_two_histories_are_not_cosigned_and_both_notes_are_kept(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    for each in ("home", "home-signer"):  # an operator who copies the high-water file too deceives its own signer
        shutil.copytree(tmp_path / each, tmp_path / each.replace("home", "twin"))
    own = tmp_path / "bureau"
    own.mkdir()
    witness(own, "new", "witness.example")
    (own / "policy.txt").write_text(f"log {world.ledger.opened.log_key}\nquorum none\n")
    world.party("示例汽修厂")
    world.look()
    for home, expected in (("home", 0), ("twin", 1)):
        chosen = from_environment({"WASTELEDGER_HOME": str(tmp_path / home)})
        if home == "twin":
            ledger = bootstrap.open_ledger(chosen)
            for _ in range(9):
                ledger.snapshot_heads()
            ledger.sign()
            ledger.close()
        server = Server(free_port(), environment_of(chosen))
        server.start()
        try:
            done = witness(own, "cosign", f"http://127.0.0.1:{server.port}", "--policy", "policy.txt")
        finally:
            server.stop()
        assert done.returncode == expected, done
    assert "does not extend" in done.stderr
    log = VerifierKey.parse(world.ledger.opened.log_key)
    kept = [verify_note(Note.parse(each.read_bytes()), [log]) for each in (own / "witness").glob("*.note")]
    assert len({parse_checkpoint(each.text) for each in kept}) == 2
    again = (own / "witness" / "seen.note").read_bytes()
    assert parse_checkpoint(Note.parse(again).text).size == world.ledger.size(), "what was cosigned stays the mark"
