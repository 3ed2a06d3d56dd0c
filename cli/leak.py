"""`leak`: grams escaped from a container."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.values import MASS, Quantity
from cli.words import mass


@click.command()
@click.argument("container")
@click.option("--mass", "lost", type=MASS, required=True, help="How much.")
@click.option(
    "--into", type=click.Choice(["floor", "sump", "soil", "water", "air"]), default="floor", show_default=True
)
@acting
def command(actor: Actor, container: str, lost: Quantity, into: str) -> None:
    """Report a leak: what escaped is lost until the authority says what became of it.

    \b
    Example:
    wasteledger leak drum-30 --mass 500g --into sump --as ann
    """
    thing = actor.find.container(container)
    leg = thing.legs.get(thing.manifest)
    body = {
        "container": thing.id,
        "place": {
            "party": actor.party,
            "site": thing.site or (leg.sender_site if leg else "") or actor.find.site(None),
        },
        "code": thing.code,
        "lost_g": lost.whole,
        "stage": "in-transit" if thing.status == "in-transit" else "held",
        "into": into,
    }
    actor.says("leak-reported", body, f"{container} 泄漏 {mass(lost.whole)}", f"{container}: {mass(lost.whole)} leaked")
