"""The demo: made anew each time, the same figures each time, and what it suggests works as printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from tests.support.repository import ROOT

INVENTED = re.compile(r"…[0-9a-f]{8}|[0-9a-f]{16,}|[a-z]+:[0-9a-f-]{36}|\d+\.\d s|octets \d+|key [0-9a-f]+")


def demo(folder: Path, *more: str) -> str:
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = CliRunner().invoke(main, ["demo", "--lang", "en", *more], catch_exceptions=False)
    finally:
        os.chdir(before)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo(folder)


def test_it_shows_figures_gaps_exceptions_the_verdict_and_a_proof(shown: tuple[Path, str]) -> None:
    _, text = shown
    for words in (
        "safe-disposal rate · hazardous waste · the whole park · 2026",
        "safe-disposal rate · general industrial waste",
        "missing from 100 % (proven)",
        "closed by somebody not entitled: no valid licence",
        "verdict: not 100 %",
        "[serious] utilised or disposed of by a party not entitled",
        "nothing differs",
        "Proven: key ",
        "what to try next",
        "are invented",
    ):
        assert words in text, words


def test_what_it_suggests_works_as_printed(shown: tuple[Path, str]) -> None:
    folder, text = shown
    lines = text[text.index("export WASTELEDGER_HOME=") :].splitlines()
    commands = [line for line in lines if line.startswith(("export ", "wasteledger "))]
    assert len(commands) >= 8
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    script = bin_folder / "wasteledger"
    script.write_text(
        f"#!{sys.executable}\nimport sys; sys.path.insert(0, {str(ROOT)!r}); from cli.main import main; main()\n"
    )
    script.chmod(0o755)
    environment = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    home = next(line for line in commands if line.startswith("export ")).split(" PATH=")[0]
    for command in commands:
        if not command.startswith("export "):
            done = subprocess.run(
                ["sh", "-c", f"{home}; {command}"], cwd=folder, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_it_says_the_same_each_time_and_makes_its_folder_anew(tmp_path: Path) -> None:
    first, second = demo(tmp_path), demo(tmp_path)
    assert INVENTED.sub("…", first) == INVENTED.sub("…", second)
    kept = demo(tmp_path, "--keep")
    assert first[first.index("proven ") : first.index("nothing differs")].count("÷") == kept.count("÷")
    assert "recording the stories" not in kept


def test_it_never_empties_a_folder_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("years of work")
    result = CliRunner().invoke(main, ["demo", "--home", str(tmp_path / "demo")])
    assert result.exit_code == 1
    assert (tmp_path / "demo" / "thesis.txt").read_text() == "years of work"


def test_the_verification_of_the_demo_is_one_of_every_table(shown: tuple[Path, str]) -> None:
    folder, _ = shown
    environment = {"WASTELEDGER_HOME": str(folder / "demo" / "ledger")}
    result = CliRunner().invoke(main, ["verify", "--json"], env=environment)
    verdict = json.loads(result.stdout)
    assert (result.exit_code, verdict["ok"], verdict["level"]) == (0, True, "replay")
    assert verdict["counts"]["replayed"] == verdict["size"]
