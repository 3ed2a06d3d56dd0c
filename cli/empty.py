"""`empty`: nothing is left inside."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.words import mass


@click.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@acting
def command(actor: Actor, containers: tuple[str, ...]) -> None:
    """Say that containers are empty: what the books still have in them is posted as a difference.

    \b
    Example:
    wasteledger empty drum-31 --as ann
    """
    for name in containers:
        thing = actor.find.container(name)
        body = {
            "container": thing.id,
            "place": {"party": actor.party, "site": thing.site or actor.find.site(None)},
            "code": thing.code,
            "rest_g": max(thing.net_g, 0),
        }
        rest = mass(max(thing.net_g, 0))
        actor.says("container-emptied", body, f"{name} 已空，账面余 {rest}", f"{name} is empty, books {rest}")
