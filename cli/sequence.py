"""`sequence`: gives waiting entries their numbers, where no server does it."""

from __future__ import annotations

import click

from cli.words import say
from ledger import bootstrap


@click.command()
def command() -> None:
    """Number every waiting entry. On SQLite entries never wait.

    \b
    Example:
    wasteledger sequence
    """
    ledger = bootstrap.open_ledger(bootstrap.settings())
    try:
        count = ledger.sequence()
    finally:
        ledger.close()
    click.echo(say(f"{count} 条已编号", f"{count} entries numbered"))
