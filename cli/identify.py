"""`identify`: the authority confirms what a waste was identified as."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting
from ledger.log.hashing import sha256


@click.command()
@click.argument("container")
@click.argument("report", type=click.File("rb"))
@acting
def command(actor: Actor, container: str, report: IO[bytes]) -> None:
    """Confirm, as supervising authority, that CONTAINER is what its code now says, resting on REPORT.

    \b
    Example:
    wasteledger identify drum-31 report.txt --as bureau
    """
    thing = actor.find.container(container)
    body = {
        "container": thing.id,
        "place": {"party": thing.holder, "site": thing.site},
        "code": thing.code,
        "evidence": sha256(report.read()).hex(),
    }
    zh, en = f"确认 {container} 为 {thing.code}", f"{container} is confirmed as {thing.code}"
    actor.says("identification-confirmed", body, zh, en)
