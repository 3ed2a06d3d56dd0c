"""`period`: a party's declaration of a period is closed."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting
from ledger.log.hashing import sha256

command = click.Group("period", help=__doc__)


@command.command()
@click.argument("period")
@click.option("--site", help="Of this site only (of all).")
@click.option("--declaration", type=click.File("rb"), help="What was declared; the ledger keeps its hash.")
@acting
def close(actor: Actor, period: str, site: str | None, declaration: IO[bytes] | None) -> None:
    """Close a year 2026, a quarter 2026-Q1 or a month 2026-03: from then on, less generated or more closed needs the
    authority.

    \b
    Example:
    wasteledger period close 2025-12 --as ann
    """
    start, end = actor.ledger.regime.period(period)
    body = {
        "holder": actor.party,
        "period": period,
        "start": start,
        "end": end,
        "site": actor.find.site(site) if site else None,
        "declaration": sha256(declaration.read()).hex() if declaration is not None else None,
    }
    actor.says("period-closed", body, f"{period} 已结账", f"{period} is closed")
