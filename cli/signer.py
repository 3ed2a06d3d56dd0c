"""`signer`: signs the log's tree heads, where no server does it."""

from __future__ import annotations

from pathlib import Path

import click

from cli.words import say
from ledger import bootstrap

command = click.Group("signer", help=__doc__)


@command.command()
def run() -> None:
    """Sign the log once, if it grew.

    \b
    Example:
    wasteledger signer run
    """
    ledger = bootstrap.open_ledger(bootstrap.settings())
    try:
        signed = ledger.sign()
    finally:
        ledger.close()
    click.echo(
        say("没有新条目", "nothing new")
        if signed is None
        else say(f"已签署至 {signed.size} 条", f"signed at size {signed.size}")
    )


@command.command()
@click.option("--note", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
def adopt(note: Path) -> None:
    """Take a signed note from a witness, a mirror or a paper as the mark below which nothing is signed again.

    Needed after the signer's own file was lost: a restored backup must not fork the log.

    \b
    Example:
    wasteledger checkpoint > note.txt
    wasteledger signer adopt --note note.txt
    """
    ledger = bootstrap.open_ledger(bootstrap.settings())
    try:
        adopted = ledger.adopt_note(note.read_bytes())
    finally:
        ledger.close()
    words = say(f"以 {adopted.size} 条为起点", f"goes on from size {adopted.size}")
    click.echo(words)
