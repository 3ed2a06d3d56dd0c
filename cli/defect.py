"""`defect`: what came to light after a load was accepted."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.manifest import KINDS


@click.command()
@click.argument("manifest")
@click.argument("containers", nargs=-1, required=True, metavar="CONTAINER...")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="In what it differs (Art. 18).")
@click.option("--told", help="Who was told; sealed.")
@click.option("--note", help="Sealed.")
@acting
def command(
    actor: Actor, manifest: str, containers: tuple[str, ...], kind: str, told: str | None, note: str | None
) -> None:
    """Record, as receiver, a defect found after acceptance; it stands until the sender's explanation is accepted.

    \b
    Example:
    wasteledger defect 20261506000001 drum-1 --kind packaging --told "Li Demo" --as dee
    """
    found = actor.find.manifest(manifest)
    body = {
        "manifest": found.id,
        "place": {"party": found.receiver, "site": found.receiver_site},
        "concerned": [thing.id for thing in actor.find.containers(containers, found.lines)],
        "kind": kind,
        "told": actor.person(told),
        "note": {"clear": note} if note else None,
    }
    names = " ".join(containers)
    actor.says("discrepancy-found-later", body, f"{names}：事后发现不符", f"{names}: a defect found later")
    actor.then(f"wasteledger explain {containers[0]} defect-found-later ...")
