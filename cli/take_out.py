"""`take-out`: containers taken out of store (出库)."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.values import PIECE, Quantity


@click.command()
@click.argument("containers", nargs=-1, required=True, type=PIECE, metavar="CONTAINER[=MASS]...")
@click.option("--destination", help="Where it goes; sealed.")
@click.option("--batch-code")
@click.option("--carried-by", help="Who took it away; sealed.")
@click.option("--handler", help="Who handed it out; sealed.")
@acting
def command(
    actor: Actor,
    containers: tuple[tuple[str, Quantity | None], ...],
    destination: str | None,
    batch_code: str | None,
    carried_by: str | None,
    handler: str | None,
) -> None:
    """Take containers out of store, wholly or in part; their grams stay with their holder.

    \b
    Example:
    wasteledger take-out drum-1 --destination "to Cleanburn" --as ann
    """
    for name, part in containers:
        thing = actor.find.container(name)
        body = {
            "container": thing.id,
            "place": {"party": actor.party, "site": thing.site or actor.find.site(None)},
            "facility": thing.facility or None,
            "net_g": part.whole if part else thing.net_g or None,
            "batch_code": batch_code,
            "destination": {"clear": destination} if destination else None,
            "carried_by": actor.person(carried_by),
            "handler": actor.person(handler),
        }
        actor.says("container-taken-out", body, f"{name} 出库", f"{name} is out of store")
