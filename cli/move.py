"""`move`: containers moved by their holder to another zone, facility or site of its own."""

from __future__ import annotations

import click

from cli.acting import Actor, acting


@click.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--site", help="To this site (where it is).")
@click.option("--facility", help="To this facility.")
@click.option("--zone", help="To this zone.")
@acting
def command(
    actor: Actor, containers: tuple[str, ...], site: str | None, facility: str | None, zone: str | None
) -> None:
    """Move containers within the acting person's party.

    \b
    Example:
    wasteledger move drum-2 --facility STORE-1 --zone B --as ann
    """
    for name in containers:
        thing = actor.find.container(name)
        where = actor.find.facility(facility) if facility else None
        here = thing.site or actor.find.site(None)
        there = actor.find.site(site) if site else where.site if where else here
        body = {
            "container": thing.id,
            "from": {"party": actor.party, "site": here},
            "to": {"party": actor.party, "site": there},
            "code": thing.code,
            "net_g": thing.net_g,
            "facility": where.facility if where else None,
            "zone": zone,
        }
        to = " ".join(filter(None, (site, facility, zone)))
        actor.says("container-moved", body, f"{name} 移至 {to}", f"{name} moved to {to}")
