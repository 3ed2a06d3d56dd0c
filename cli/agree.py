"""`agree`: whoever relied on an old value agrees with its correction; an authority may decide."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.words import say
from ledger.custody.events.correction import EntryCorrected
from ledger.log import statement


@click.command()
@click.argument("correction")
@click.option("--decide", type=click.Choice(["apply", "reject"]), help="Instead of agreeing: an authority decides.")
@click.option("--note", help="Why an authority decides so; sealed.")
@acting
def command(actor: Actor, correction: str, decide: str | None, note: str | None) -> None:
    """Agree with a correction, by its entry number, id or hash.

    \b
    Example:
    wasteledger agree 40 --as ann
    """
    said = statement.parse(actor.find.record(correction).statement)
    event = actor.ledger.event(said.type, said.body)
    if not isinstance(event, EntryCorrected):
        raise click.UsageError(say(f"{correction} 不是更正", f"{correction} is no correction but {said.type}"))
    body = {"container": event.container, "correction": said.id}
    if decide is None:
        actor.says("correction-agreed", body, "同意更正", "the correction is agreed")
    else:
        body |= {"outcome": decide}
        more = {"note": {"clear": note}} if note else {}
        actor.says("correction-decided", body | more, f"更正裁定：{decide}", f"the correction is decided: {decide}")
