"""`count`: a store counted by scanning what is there."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.words import say


@click.command()
@click.argument("facility")
@click.argument("containers", nargs=-1, metavar="[CONTAINER]...")
@click.option("--handler", help="Who counted; sealed.")
@acting
def command(actor: Actor, facility: str, containers: tuple[str, ...], handler: str | None) -> None:
    """Count FACILITY: the containers scanned are there, what else the books have in it was not found.

    \b
    Example:
    wasteledger count STORE-1 drum-30 --as ann
    """
    store = actor.find.facility(facility)
    present = {thing.id for thing in actor.find.containers(containers)}
    held = (actor.find.container(str(row["id"])) for row in actor.queries.containers(holder=actor.party))
    absent = {thing.id for thing in held if thing.facility == store.facility and thing.status == "held"} - present
    body = {
        "place": {"party": actor.party, "site": store.site},
        "facility": store.facility,
        "present": sorted(present),
        "absent": sorted(absent),
        "handler": actor.person(handler),
    }
    missing = ", ".join(actor.find.name(each) for each in sorted(absent)) or say("无", "none")
    zh = f"{facility} 盘点：在库 {len(present)}，未找到 {missing}"
    actor.says("store-counted", body, zh, f"{facility}: {len(present)} there, not found: {missing}")
