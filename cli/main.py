"""The `wasteledger` command: finds the module of the command asked for and says refusals in the reader's language."""

from __future__ import annotations

import os
from importlib import import_module

import click

from ledger.errors import LedgerError

COMMANDS: dict[str, str] = {}
"""Command name → module, whose click command is called `command`: so the offline verifier loads no database."""


class LazyGroup(click.Group):
    """Imports a command's module when it is invoked; `--help` of the group loads them all for their one-line helps."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = import_module(module).command
        assert isinstance(command, click.Command), f"{module}.command: expected a click command, got {command!r}"
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; a refusal leaves with exit code 1 and its words, a misuse with click's 2."""
        try:
            return super().invoke(ctx)
        except LedgerError as refusal:
            raise click.ClickException(refusal.says(language())) from refusal


def language() -> str:
    """The reader's language, "zh" or "en", by the environment alone: a new machine has no Chinese locale installed."""
    names = (os.environ.get(variable) for variable in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, names), "").startswith("zh") else "en"


@click.group(cls=LazyGroup)
@click.version_option(package_name="wasteledger")
def main() -> None:
    """A chain-of-custody ledger for hazardous and solid waste: record, prove, verify, rate.

    \b
    wasteledger --version
    """
