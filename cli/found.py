"""`found`: lost containers back in somebody's hands."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.words import say
from ledger.custody.container import Container
from ledger.custody.events.containers import ContainerLost
from ledger.custody.events.movement import ManifestReceived


@click.command()
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--site", help="Where it is now (the party's only site).")
@acting
def command(actor: Actor, containers: tuple[str, ...], site: str | None) -> None:
    """Report lost containers found.

    \b
    Example:
    wasteledger found drum-2 --as ann
    """
    for name in containers:
        thing = actor.find.container(name)
        place, grams = lost_by(actor, thing)
        body = {
            "container": thing.id,
            "place": actor.find.place(site),
            "code": thing.code,
            "net_g": grams,
            "lost_by": place,
        }
        actor.says("container-found", body, f"{name} 找到了", f"{name} is found")


def lost_by(actor: Actor, thing: Container) -> tuple[dict[str, str], int]:
    """The place whose loss it was, and how many grams were lost."""
    for step in reversed(actor.queries.history(thing.id)):
        match step.fact.event:
            case ContainerLost(place=place, net_g=grams):
                return {"party": place.party, "site": place.site}, grams
            case ManifestReceived(lines=lines, carrier=carrier, from_=start):
                for line in lines:
                    if line.container == thing.id and line.decision == "missing":
                        return {"party": carrier, "site": start.site}, line.listed_g or 0
    raise click.UsageError(
        say(f"{thing.container_code} 没有遗失记录", f"{thing.container_code} was never reported lost")
    )
