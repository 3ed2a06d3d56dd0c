"""`facility`: what generates, stores, utilises or disposes of waste at a site."""

from __future__ import annotations

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.values import MASS, Quantity

command = click.Group("facility", help=__doc__)


@command.command()
@click.argument("code")
@click.option("--purpose", type=click.Choice(["generate", "store", "utilise", "dispose"]), required=True)
@click.option("--site", help="Where (the party's only site).")
@click.option("--name")
@click.option("--kind", type=click.Choice(["store", "point", "yard", "pool", "tank-farm"]), help="Of a store.")
@click.option("--capacity", type=MASS, help="For instance 3t.")
@click.option("--zone", "zones", multiple=True, help="A zone inside it; may be given several times.")
@acting
def register(
    actor: Actor,
    code: str,
    purpose: str,
    site: str | None,
    name: str | None,
    kind: str | None,
    capacity: Quantity | None,
    zones: tuple[str, ...],
) -> None:
    """Register a facility by its code.

    \b
    Example:
    wasteledger facility register KILN-1 --purpose dispose --as dee
    wasteledger facility register STORE-1 --purpose store --capacity 3t --zone A --as ann
    """
    body = {
        "holder": actor.party,
        "facility": actor.new("facility"),
        "site": actor.find.site(site),
        "code": code,
        "purpose": purpose,
        "name": name,
        "store_kind": kind or ("store" if purpose == "store" else None),
        "capacity_g": capacity.whole if capacity else None,
        "zones": list(zones),
    }
    actor.says("facility-registered", body, f"已登记设施 {code}", f"facility {code} is registered")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every registered facility.

    \b
    Example:
    wasteledger facility list
    """
    with open_ledger() as (_, queries):
        registry = queries.registry()
    rows = [
        {
            "facility": stream,
            "code": f.code,
            "purpose": f.purpose,
            "party": registry.name_of(f.holder),
            "site": registry.name_of(f.site),
        }
        for stream, f in registry.facilities.items()
    ]
    rows_out(rows, as_json)
