"""`emergency`: who may take and close which waste in an epidemic, an accident or a plant's outage."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting
from ledger.log.hashing import sha256


@click.command()
@click.argument("receivers", nargs=-1, required=True, metavar="PARTY...")
@click.option("--code", "codes", multiple=True, required=True, help="A waste code or class such as HW01.")
@click.option("--from", "valid_from", required=True, help="YYYY-MM-DD")
@click.option("--until", "valid_until", required=True, help="YYYY-MM-DD")
@click.option("--reason", type=click.Choice(["epidemic", "plant-outage", "accident", "other"]), required=True)
@click.option("--order", type=click.File("rb"), help="The order; the ledger keeps its hash.")
@acting
def command(
    actor: Actor,
    receivers: tuple[str, ...],
    codes: tuple[str, ...],
    valid_from: str,
    valid_until: str,
    reason: str,
    order: IO[bytes] | None,
) -> None:
    """Declare an emergency plan, as licensing authority: from day to day, both included.

    \b
    Example:
    wasteledger emergency Cleanburn --code HW01 --from 2026-02-01 --until 2026-02-28 --reason epidemic --as bureau
    """
    body = {
        "plan": actor.new("plan"),
        "receivers": [actor.find.any_party(name) for name in receivers],
        "codes": list(codes),
        "valid_from": valid_from,
        "valid_until": valid_until,
        "reason": reason,
        "order": sha256(order.read()).hex() if order is not None else None,
    }
    names = " ".join(receivers)
    actor.says("emergency-plan-declared", body, f"应急处置预案：{names}", f"an emergency plan: {names}")
