"""`crossing`: waste that may go from one province to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from cli.acting import Actor, acting
from cli.values import MASS, Quantity

command = click.Group("crossing", help=__doc__)


def _terms(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--number", help="The document's number."),
        click.option("--shipments", type=click.IntRange(1), help="How often, at most."),
        click.option("--mass", "most", type=MASS, help="How much, at most."),
        click.option("--until", "valid_until", required=True, help="YYYY-MM-DD, at most twelve months on."),
        click.option("--from", "valid_from", required=True, help="YYYY-MM-DD"),
        click.option("--code", "codes", multiple=True, required=True, help="A waste code."),
        click.argument("receiver"),
        click.argument("sender"),
    ):
        function = option(function)
    return function


@command.command()
@_terms
@acting
def approve(actor: Actor, **terms: Any) -> None:
    """Approve, as licensing authority: hazardous waste always needs it, other waste for storage and disposal.

    \b
    Example:
    wasteledger crossing approve Garage Cleanburn --code 900-214-08 --from 2025-01-01 --until 2025-12-31 \\
      --mass 5t --shipments 12 --number DEMO-X1 --as bureau
    wasteledger crossing approve Garage Hauler --code 900-214-08 --from 2026-01-01 --until 2026-12-31 --as bureau
    """
    _say(actor, "cross-province-approved", terms)


@command.command()
@_terms
@acting
def report(actor: Actor, **terms: Any) -> None:
    """Take down, as licensing authority, a report made beforehand: enough for the utilisation of general waste.

    \b
    Example:
    wasteledger crossing report Garage Cleanburn --code 900-001-S07 --from 2026-01-01 --until 2026-12-31 --as bureau
    """
    _say(actor, "cross-province-reported", terms)


def _say(actor: Actor, type_: str, terms: dict[str, Any]) -> None:
    sender, receiver, most = terms["sender"], terms["receiver"], terms.pop("most")
    assert most is None or isinstance(most, Quantity)
    body = terms | {
        "approval": actor.new("approval"),
        "sender": actor.find.any_party(sender),
        "receiver": actor.find.any_party(receiver),
        "codes": list(terms["codes"]),
        "mass_g": most.whole if most is not None else None,
    }
    actor.says(type_, body, f"{sender} 至 {receiver}：跨省转移已登记", f"{sender} to {receiver}: the crossing stands")
