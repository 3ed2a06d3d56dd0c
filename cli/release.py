"""`release`: a seizure ends."""

from __future__ import annotations

import click

from cli.acting import Actor, acting


@click.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@acting
def command(actor: Actor, containers: tuple[str, ...]) -> None:
    """Release seized containers, as supervising authority.

    \b
    Example:
    wasteledger release drum-30 --as bureau
    """
    for name in containers:
        thing = actor.find.container(name)
        body = {"container": thing.id, "place": {"party": thing.holder, "site": thing.site}}
        actor.says("container-released", body, f"{name} 已解封", f"{name} is released")
