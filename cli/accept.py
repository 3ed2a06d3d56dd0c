"""`accept`: explanations of exceptions accepted."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.words import say


@click.command()
@click.argument("container")
@acting
def command(actor: Actor, container: str) -> None:
    """Accept, as the other end of its journey or as authority, every explanation of CONTAINER that waits.

    \b
    Example:
    wasteledger accept drum-32 --as bureau
    """
    thing = actor.find.container(container)
    waiting = {id_: said for id_, said in thing.explained.items() if not said[3]}
    if not waiting:
        raise click.UsageError(say(f"{container} 没有待认可的说明", f"no explanation of {container} waits"))
    for id_, (rule, *_) in waiting.items():
        body = {"container": thing.id, "explanation": id_}
        actor.says("explanation-accepted", body, f"{container} {rule} 的说明已认可", f"{container}: {rule} accepted")
