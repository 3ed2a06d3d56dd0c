"""`ungroup`: containers taken out of a bin or off a pallet."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from ledger import groups


@click.command()
@click.argument("members", nargs=-1, required=True, metavar="CONTAINER...")
@acting
def command(actor: Actor, members: tuple[str, ...]) -> None:
    """Take containers out of the group that they are in.

    \b
    Example:
    wasteledger ungroup drum-30 drum-31 --as ann
    """
    inside = actor.find.containers(members)
    outer = groups.outer(actor.find.queries, inside[0])
    among = groups.inside(actor.find.queries, outer.id) if outer else []
    body = {
        "place": {"party": inside[0].holder, "site": inside[0].site},
        "outer": outer.id if outer else "",
        "members": groups.chosen(groups.NotInGroup, [thing.id for thing in inside], among),
    }
    names = ", ".join(members)
    actor.says("containers-ungrouped", body, f"{names} 已从组中取出", f"{names} out of the group")
