"""`checkpoint`: the newest signed note of the log."""

from __future__ import annotations

import click

from ledger import bootstrap


@click.command()
@click.option("--unwitnessed", is_flag=True, help="As the log alone signed it.")
def command(unwitnessed: bool) -> None:
    """Print the newest checkpoint (C2SP tlog-checkpoint) that meets the policy.

    \b
    Example:
    wasteledger checkpoint
    """
    ledger = bootstrap.open_ledger(bootstrap.settings())
    try:
        note = ledger.unwitnessed_checkpoint() if unwitnessed else ledger.checkpoint()
    finally:
        ledger.close()
    click.echo(note.decode(), nl=False)
