"""`exemption`: rows of the exemption list that an authority confirmed for a party's waste."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting
from ledger.log.hashing import sha256


@click.command()
@click.argument("holder")
@click.argument("row")
@click.option("--code", "codes", multiple=True, required=True, help="A waste code.")
@click.option(
    "--stage",
    type=click.Choice(["all", "collection", "transport", "utilisation", "disposal", "storage"]),
    default="all",
    show_default=True,
)
@click.option("--from", "valid_from", required=True, help="YYYY-MM-DD")
@click.option("--until", "valid_until", required=True, help="YYYY-MM-DD")
@click.option("--evidence", type=click.File("rb"), help="Of the row's condition; the ledger keeps its hash.")
@acting
def command(
    actor: Actor,
    holder: str,
    row: str,
    codes: tuple[str, ...],
    stage: str,
    valid_from: str,
    valid_until: str,
    evidence: IO[bytes] | None,
) -> None:
    """Confirm, as licensing authority, that ROW of the exemption list applies to HOLDER's waste at a stage.

    \b
    Example:
    wasteledger exemption Garage 2021-12-处置-1 --code 772-002-18 --stage disposal --from 2026-01-01 \\
      --until 2026-06-30 --evidence report.txt --as bureau
    wasteledger exemption Garage 2021-2-运输-1 --code 900-401-06 --from 2026-01-01 --until 2026-03-31 --as bureau
    """
    body = {
        "holder": actor.find.any_party(holder),
        "row": row,
        "codes": list(codes),
        "stage": stage,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "evidence": sha256(evidence.read()).hex() if evidence is not None else None,
    }
    actor.says("exemption-confirmed", body, f"{holder}：豁免 {row} 已确认", f"{holder}: exemption {row} is confirmed")
