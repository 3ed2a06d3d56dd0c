"""`determine`: what became of lost grams."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.values import MASS, Quantity
from cli.words import mass, say
from ledger.custody.events.containers import ContainerLost
from ledger.custody.events.movement import ManifestReceived
from ledger.custody.events.stock import LeakReported


@click.command()
@click.argument("container")
@click.argument("outcome", type=click.Choice(["dumped", "process-loss"]))
@click.option("--mass", "lost", type=MASS, required=True, help="How much of what was lost.")
@acting
def command(actor: Actor, container: str, outcome: str, lost: Quantity) -> None:
    """Determine, as supervising authority, what became of grams that were lost or leaked.

    \b
    Example:
    wasteledger determine drum-30 process-loss --mass 500g --as bureau
    """
    thing = actor.find.container(container)
    place = None
    for step in actor.queries.history(thing.id):
        match step.fact.event:
            case ContainerLost() | LeakReported() as told:
                place = {"party": told.place.party, "site": told.place.site}
            case ManifestReceived(carrier=carrier, from_=start):
                missing = any(v.container == thing.id and v.decision == "missing" for v in step.fact.event.lines)
                place = {"party": carrier, "site": start.site} if missing else place
    if place is None:
        raise click.UsageError(say(f"{container} 没有遗失或泄漏记录", f"{container} neither was lost nor leaked"))
    body = {"container": thing.id, "place": place, "code": thing.code, "net_g": lost.whole, "outcome": outcome}
    words = f"{container}: {mass(lost.whole)} {outcome}"
    actor.says("loss-determined", body, words, words)
