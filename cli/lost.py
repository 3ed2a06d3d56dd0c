"""`lost`: containers not to be found any more."""

from __future__ import annotations

import click

from cli.acting import Actor, acting


@click.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@click.option(
    "--reason",
    type=click.Choice(["missing-at-count", "stolen", "fell-off", "unknown"]),
    default="unknown",
    show_default=True,
)
@acting
def command(actor: Actor, containers: tuple[str, ...], reason: str) -> None:
    """Report containers lost, at a site or on the road, by who should have them.

    \b
    Example:
    wasteledger lost drum-2 --reason missing-at-count --as ann
    """
    for name in containers:
        thing = actor.find.container(name)
        # On the road the loss is counted where the journey began.
        leg = thing.legs.get(thing.manifest)
        site = thing.site or (leg.sender_site if leg else "") or actor.find.site(None)
        body = {
            "container": thing.id,
            "place": {"party": actor.party, "site": site},
            "code": thing.code,
            "net_g": thing.net_g,
            "stage": "in-transit" if thing.status == "in-transit" else "held",
            "reason": reason,
        }
        actor.says("container-lost", body, f"{name} 遗失", f"{name} is lost")
        actor.then(f"wasteledger found {name}")
