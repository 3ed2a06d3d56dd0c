"""`backfill`: a manifest that ran on paper while the system was out."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.values import moment_at
from ledger import bootstrap


@click.command()
@click.argument("manifest")
@click.option("--from", "start", required=True, help="When the outage began, for instance '2026-03-01 08:00'.")
@click.option("--until", "end", required=True, help="When it ended.")
@click.option("--number", help="Of the paper.")
@click.option("--site", help="Of the party that says so (its only one).")
@acting
def command(actor: Actor, manifest: str, start: str, end: str, number: str | None, site: str | None) -> None:
    """Say that MANIFEST ran on paper: its statements have ten working days to be recorded.

    \b
    Example:
    wasteledger backfill 20261506000031 --from "2026-03-01 08:00" --until "2026-03-02 18:00" --as ann
    """
    found = actor.find.manifest(manifest)
    offset, now = actor.ledger.regime.offset, bootstrap.clock()
    body = {
        "manifest": found.id,
        "place": actor.find.place(site),
        "on_paper": sorted(found.lines),
        "outage_from": moment_at(start, now, offset),
        "outage_until": moment_at(end, now, offset),
        "paper_number": number,
    }
    actor.says("paper-manifest-backfilled", body, f"联单 {manifest} 曾走纸质", f"manifest {manifest} ran on paper")
