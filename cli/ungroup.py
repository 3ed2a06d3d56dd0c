"""`ungroup`: containers taken out of a bin or off a pallet."""

from __future__ import annotations

import click

from cli.acting import Actor, acting


@click.command()
@click.argument("outer")
@click.argument("members", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--site", help="Where (the party's only site).")
@acting
def command(actor: Actor, outer: str, members: tuple[str, ...], site: str | None) -> None:
    """Take containers out of OUTER.

    \b
    Example:
    wasteledger ungroup pallet-1 drum-30 drum-31 --as ann
    """
    inside = actor.find.containers(members)
    known = {thing.outer for thing in inside} - {""}
    body = {
        "place": actor.find.place(site),
        "outer": next(iter(known), "") or actor.new("container", outer),
        "members": sorted(thing.id for thing in inside),
    }
    names = ", ".join(members)
    actor.says("containers-ungrouped", body, f"{names} 取出自 {outer}", f"{names} out of {outer}")
