"""`weigh`: a container weighed again."""

from __future__ import annotations

from typing import Any

import click

from cli.acting import Actor, acting
from cli.values import mass_of, weighed
from cli.words import mass


@click.command()
@click.argument("container")
@weighed
@acting
def command(actor: Actor, container: str, **weights: Any) -> None:
    """Weigh a container again; the gap to what the books said is posted as a difference.

    \b
    Example:
    wasteledger weigh drum-2 --mass 119.5kg --as ann
    """
    thing = actor.find.container(container)
    weight = mass_of(**weights)
    body = {
        "container": thing.id,
        "place": {"party": actor.party, "site": thing.site or actor.find.site(None)},
        "code": thing.code,
        "mass": weight,
        "previous_g": thing.net_g,
    }
    now, before = mass(weight.get("net_g", 0)), mass(thing.net_g)
    actor.says(
        "container-weighed", body, f"{container} 复称 {now}，账面 {before}", f"{container}: {now}, books {before}"
    )
