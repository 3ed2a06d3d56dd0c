"""The `wasteledger` command's manners: exit codes, and refusals in the reader's language."""

from __future__ import annotations

import sys
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, main
from ledger.errors import ProofError


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a command that refuses whatever it is asked."""

    @click.command()
    def command() -> None:
        raise ProofError(detail="root", expected="aa", got="bb")

    module = ModuleType("refusing")
    module.__dict__["command"] = command
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(COMMANDS, "refuse", module.__name__)
    return "refuse"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "证明不成立：root；应为 aa，实为 bb"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "proof does not hold: root; expected aa, got bb"),
        ({"LANG": "", "LC_ALL": ""}, "proof does not hold: root; expected aa, got bb"),
    ],
)
def test_a_refusal_exits_1_and_speaks_the_readers_language(
    refusing: str, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: str
) -> None:
    for variable in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(variable, raising=False)
    result = CliRunner().invoke(main, [refusing], env=environment)
    assert result.exit_code == 1
    assert words in result.stderr


@pytest.mark.parametrize("misuse", [["no-such-command"], ["--no-such-option"]])
def test_a_misuse_exits_2(misuse: list[str]) -> None:
    assert CliRunner().invoke(main, misuse).exit_code == 2
