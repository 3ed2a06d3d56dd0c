"""`adopt`: what a revoked key said too late, taken over by another of its party."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.words import local, say


@click.command()
@click.argument("statement", required=False)
@acting
def command(actor: Actor, statement: str | None) -> None:
    """Adopt a quarantined statement by its id or hash, under the acting person's own responsibility; without one,
    list those that wait.

    \b
    Example:
    wasteledger adopt --as ann
    """
    waiting = actor.ledger.quarantined(actor.party)
    if statement is None:
        for said in waiting:
            click.echo(f"{said.id}  {said.type}  {local(said.at, actor.ledger.regime.offset)}")
        if not waiting:
            click.echo(say("隔离区中没有本单位的声明", "nothing of this party is in quarantine"))
        return
    found = next((said for said in waiting if statement in (said.id, said.hash.hex())), None)
    if found is None:
        listed = ", ".join(said.id for said in waiting)
        raise click.UsageError(
            say(f"隔离区中没有 {statement}；有：{listed}", f"{statement} does not wait; there are: {listed}")
        )
    body = {"statement": found.hash.hex(), "type": found.type, "at": found.at, "body": found.body}
    actor.says("statement-adopted", body, f"已采纳 {found.type}", f"{found.type} is adopted")
