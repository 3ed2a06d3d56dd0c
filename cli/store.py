"""`store`: containers put down in a storage facility (入库)."""

from __future__ import annotations

import click

from cli.acting import Actor, acting


@click.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--facility", help="The store (the only facility of the site).")
@click.option("--zone")
@click.option("--batch-code")
@click.option("--carried-by", help="Who brought it; sealed.")
@click.option("--handler", help="Who took it in; sealed.")
@acting
def command(
    actor: Actor,
    containers: tuple[str, ...],
    facility: str | None,
    zone: str | None,
    batch_code: str | None,
    carried_by: str | None,
    handler: str | None,
) -> None:
    """Put containers into store.

    \b
    Example:
    wasteledger store drum-1 drum-2 --facility STORE-1 --zone A --as ann
    """
    for name in containers:
        thing = actor.find.container(name)
        where = actor.find.facility(facility, thing.site or None)
        body = {
            "container": thing.id,
            "place": {"party": actor.party, "site": where.site},
            "facility": where.facility,
            "zone": zone,
            "net_g": thing.net_g or None,
            "batch_code": batch_code,
            "carried_by": actor.person(carried_by),
            "handler": actor.person(handler),
        }
        actor.says("container-stored", body, f"{name} 入库 {where.code}", f"{name} is in {where.code}")
