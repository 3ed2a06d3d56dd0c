"""`reclassify`: the only way a container's waste code changes."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting
from ledger.log.hashing import sha256


@click.command()
@click.argument("container")
@click.argument("code")
@click.option(
    "--cause", type=click.Choice(["report", "error", "catalogue", "provisional"]), default="report", show_default=True
)
@click.option("--report", type=click.File("rb"), help="The identification report; the ledger keeps its hash.")
@acting
def command(actor: Actor, container: str, code: str, cause: str, report: IO[bytes] | None) -> None:
    """Reclassify CONTAINER as CODE. From hazardous to not, it counts as hazardous until the authority confirms.

    \b
    Example:
    wasteledger reclassify drum-31 900-249-08 --cause error --as ann
    """
    thing = actor.find.container(container)
    body = {
        "container": thing.id,
        "place": {"party": actor.party, "site": thing.site},
        "old_code": thing.code,
        "new_code": code,
        "net_g": thing.net_g,
        "cause": cause,
        "evidence": sha256(report.read()).hex() if report is not None else None,
    }
    words = f"{container}: {thing.code} → {code}"
    actor.says("waste-reclassified", body, words, words)
