"""`hand-on`: a merger or a sale, stock that becomes another legal person's."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting
from ledger.log.hashing import sha256


@click.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--to", required=True, help="The party or site whose they are from now on.")
@click.option("--reason", type=click.Choice(["merger", "sale", "division"]), default="merger", show_default=True)
@click.option("--document", type=click.File("rb"), required=True, help="What it rests on; the ledger keeps its hash.")
@acting
def command(actor: Actor, containers: tuple[str, ...], to: str, reason: str, document: IO[bytes]) -> None:
    """Hand stock on to another legal person, where it lies; its clocks go on and its first producer stays.

    \b
    Example:
    wasteledger hand-on drum-33 --to Secondburn --reason sale --document report.txt --as ann
    """
    things = actor.find.containers(containers)
    body = {
        "from": {"party": actor.party, "site": things[0].site},
        "to": actor.find.end(to),
        "lines": [{"container": each.id, "code": each.code, "net_g": each.net_g} for each in things],
        "reason": reason,
        "document": sha256(document.read()).hex(),
    }
    names = ", ".join(containers)
    actor.says("custody-transferred", body, f"{names} 权属转移至 {to}", f"{names} handed on to {to}")
