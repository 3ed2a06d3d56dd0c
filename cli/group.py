"""`group`: bags in a bin, drums on a pallet."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.words import say
from ledger import groups


@click.command()
@click.argument("members", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--into", metavar="GROUP", help="Id or label of the group they join (a new one).")
@acting
def command(actor: Actor, members: tuple[str, ...], into: str | None) -> None:
    """Put containers together (in a bin, on a pallet): scanning the label of the group names them all.

    \b
    Example:
    wasteledger group drum-30 drum-31 --as ann
    """
    queries, inside = actor.find.queries, actor.find.containers(members)
    group = actor.find.container(into) if into else None
    if group is not None and group.kind != groups.GROUP:
        raise click.UsageError(say(f"{into} 不是组", f"{into} is no group"))
    beside = group or inside[0]
    loose = groups.loose_beside(queries, beside)
    if group is None and groups.outer(queries, beside) is None:
        loose.append(beside)
    outer = group.id if group else actor.new("container", "group")
    body = {
        "place": {"party": beside.holder, "site": beside.site},
        "outer": outer,
        "members": groups.chosen(groups.NotLoose, [thing.id for thing in inside], loose),
    }
    names = ", ".join(members)
    actor.says("containers-grouped", body, f"{names} 编为一组 {outer}", f"{names} in one group, {outer}")
