"""`rectification`: what an authority orders to be put right, and its closing."""

from __future__ import annotations

from typing import IO

import click

from cli.acting import Actor, acting
from cli.words import say
from ledger.log import statement
from ledger.log.hashing import sha256

command = click.Group("rectification", help=__doc__)


@command.command()
@click.argument("holder")
@click.argument("order", type=click.File("rb"))
@click.option("--until", required=True, help="YYYY-MM-DD")
@click.option("--concerns", help="The thing that an exception names, by name or id (the party itself).")
@acting
def order(actor: Actor, holder: str, order: IO[bytes], until: str, concerns: str | None) -> None:
    """Order, as supervising authority, that HOLDER puts something right until a day.

    \b
    Example:
    wasteledger rectification order Garage report.txt --until 2026-12-31 --concerns Workshop --as bureau
    """
    party = actor.find.any_party(holder)
    body = {
        "holder": party,
        "concerns": actor.queries.find(concerns).id if concerns else party,
        "until": until,
        "order": sha256(order.read()).hex(),
    }
    actor.says(
        "rectification-ordered", body, f"责令 {holder} 整改，限 {until}", f"{holder} is to put it right by {until}"
    )
    actor.then(f"wasteledger rectification close {holder}")


@command.command()
@click.argument("holder")
@click.option("--order", "number", help="The order's entry number, id or hash (the party's oldest open one).")
@click.option("--evidence", type=click.File("rb"), help="What was seen; the ledger keeps its hash.")
@acting
def close(actor: Actor, holder: str, number: str | None, evidence: IO[bytes] | None) -> None:
    """Close, as supervising authority, a rectification that was seen to be done.

    \b
    Example:
    wasteledger rectification close Garage --evidence report.txt --as bureau
    """
    party, registry = actor.find.any_party(holder), actor.queries.registry()
    orders = (id_ for id_, (ordered, _) in registry.orders.items() if ordered.holder == party)
    still_open = [id_ for id_ in orders if id_ not in registry.rectified]
    if number is None and not still_open:
        raise click.UsageError(say(f"{holder} 没有未完成的整改", f"{holder} has no open rectification"))
    body = {
        "holder": party,
        "ordered": still_open[0] if number is None else statement.parse(actor.find.record(number).statement).id,
        "evidence": sha256(evidence.read()).hex() if evidence is not None else None,
    }
    actor.says("rectification-closed", body, f"{holder} 的整改已关闭", f"the rectification of {holder} is closed")
