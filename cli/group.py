"""`group`: bags in a bin, drums on a pallet."""

from __future__ import annotations

import click

from cli.acting import Actor, acting


@click.command()
@click.argument("outer")
@click.argument("members", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--site", help="Where (the party's only site).")
@acting
def command(actor: Actor, outer: str, members: tuple[str, ...], site: str | None) -> None:
    """Put containers into OUTER (a bin, a pallet): scanning it names them all.

    \b
    Example:
    wasteledger group pallet-1 drum-30 drum-31 --as ann
    """
    inside = actor.find.containers(members)
    known = {thing.outer for thing in inside} - {""}
    body = {
        "place": actor.find.place(site),
        "outer": next(iter(known), "") or actor.new("container", outer),
        "members": sorted(thing.id for thing in inside),
    }
    names = ", ".join(members)
    actor.says("containers-grouped", body, f"{names} 编入 {outer}", f"{names} into {outer}")
