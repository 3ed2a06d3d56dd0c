"""Every command explains itself with an example, and what runs outside loads the log only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from cli.main import COMMANDS, main
from tests.support.repository import ROOT


def leaves(
    command: click.Command, path: str, parent: click.Context | None = None
) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    ctx = click.Context(command, parent=parent, info_name=path)
    for name in command.list_commands(ctx):
        child = command.get_command(ctx, name)
        assert child is not None, f"{path} lists {name} but has no such command"
        yield from leaves(child, f"{path} {name}", ctx)


def test_every_commands_help_ends_with_an_example_of_it() -> None:
    without = []
    for path, command in leaves(main, "wasteledger"):
        lines = (command.help or "").strip().splitlines() or [""]
        if path not in lines[-1] or not (command.help or "").splitlines()[0].strip():
            without.append(path)
    assert without == []


def test_every_module_of_the_command_line_is_in_the_table_of_commands() -> None:
    modules = {f"cli.{path.stem}" for path in (ROOT / "cli").glob("*.py") if defines_command(path.read_text())}
    assert modules == set(COMMANDS.values())


def defines_command(source: str) -> bool:
    return "\ndef command(" in source or "\ncommand = " in source


@pytest.mark.parametrize("outside", ["verify-receipt", "witness"])
def test_what_runs_outside_loads_nothing_of_ours_but_the_log(outside: str) -> None:
    script = (
        f"import sys; from cli.main import main; main(['{outside}', '--help'], standalone_mode=False);"
        "print(*(name for name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(done.stderr.split())
    allowed = {"ledger", "ledger.errors", "ledger.log"}
    assert "ledger.log" in loaded
    assert {
        n for n in loaded if n.startswith("ledger") and n not in allowed and not n.startswith("ledger.log.")
    } == set()
    assert loaded & {"sqlalchemy", "alembic", "flask", "marshmallow", "psycopg"} == set()
