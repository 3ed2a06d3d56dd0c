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
    # Nobody accepts its own: that would be recorded and end nothing.
    waiting = {id_: said for id_, said in thing.explained.items() if not said[3] and said[2] != actor.party}
    if not waiting:
        raise click.UsageError(
            say(f"{container} 没有他方提交的待认可说明", f"no explanation of {container} by another party waits")
        )
    for id_, (rule, *_) in waiting.items():
        body = {"container": thing.id, "explanation": id_}
        actor.says("explanation-accepted", body, f"{container} {rule} 的说明已认可", f"{container}: {rule} accepted")
