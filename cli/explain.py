"""`explain`: whose exception it is explains it."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.values import moment_at
from cli.words import say
from ledger import bootstrap


@click.command()
@click.argument("container")
@click.argument("rule")
@click.argument("explanation")
@acting
def command(actor: Actor, container: str, rule: str, explanation: str) -> None:
    """Explain the exceptions of RULE that stand on CONTAINER; they end when the other end or the authority accepts.

    \b
    Example:
    wasteledger explain drum-32 mass-difference "the scale was wet" --as ann
    """
    thing = actor.find.container(container)
    now = moment_at(None, bootstrap.clock(), actor.ledger.regime.offset)
    standing = [f for f in actor.queries.exceptions(now) if (f.object, f.rule) == (thing.id, rule)]
    if not standing:
        raise click.UsageError(say(f"{container} 没有未结异常 {rule}", f"no exception {rule} stands on {container}"))
    for flag in standing:
        body = {"container": thing.id, "rule": rule, "key": flag.key, "explanation": {"clear": explanation}}
        actor.says("exception-explained", body, f"{container} {rule} 已说明", f"{container}: {rule} explained")
        actor.then(f"wasteledger accept {container}")
