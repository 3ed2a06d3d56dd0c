"""`fate`: what the producer says became of waste that it sent to somebody outside this ledger."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting
from cli.values import MASS, Quantity
from cli.words import mass, say
from ledger.custody.events.movement import DeliveryRecorded
from ledger.log.hashing import sha256


@click.command()
@click.argument("container")
@click.argument("document", type=click.File("rb"))
@click.option("--receiver", required=True, help="A registered party or site, which records nothing here itself.")
@click.option("--end", type=click.Choice(["utilised", "disposed"]), required=True)
@click.option("--mass", "closed", type=MASS, help="How much of it (all that was delivered).")
@click.option("--method", help="For instance R9.")
@acting
def command(
    actor: Actor,
    container: str,
    document: IO[bytes],
    receiver: str,
    end: str,
    closed: Quantity | None,
    method: str | None,
) -> None:
    """Assert, resting on DOCUMENT, how waste ended that was delivered outside this ledger: shown as asserted, grade C.

    \b
    Example:
    wasteledger fate tank-1 report.txt --receiver Annex --end utilised --method R9 --as ann
    """
    thing = actor.find.container(container)
    told = (step.fact.event for step in actor.queries.history(thing.id))
    outside = [event for event in told if isinstance(event, DeliveryRecorded) and event.to.party is None]
    if not outside:
        raise click.UsageError(say(f"{container} 没有交外单位的记录", f"{container} was not delivered outside"))
    load = next(load for load in outside[-1].lines if load.container == thing.id)
    grams = closed.whole if closed is not None else load.net_g
    body = {
        "container": thing.id,
        "place": {"party": outside[-1].from_.party, "site": outside[-1].from_.site},
        "code": load.code,
        "net_g": grams,
        "end": end,
        "receiver": actor.find.end(receiver),
        "method": method,
        "document": sha256(document.read()).hex(),
    }
    actor.says(
        "fate-asserted", body, f"{container}：主张 {mass(grams)} {end}", f"{container}: {mass(grams)} {end}, asserted"
    )
