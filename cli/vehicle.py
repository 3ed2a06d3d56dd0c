"""`vehicle`: what carriers drive."""

from __future__ import annotations

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from ledger.custody.events.registry import VehicleRegistered

command = click.Group("vehicle", help=__doc__)


@command.command()
@click.argument("plate")
@click.option("--permit", help="The number of its permit to carry dangerous goods.")
@acting
def register(actor: Actor, plate: str, permit: str | None) -> None:
    """Register a vehicle of the acting person's party by its PLATE.

    \b
    Example:
    wasteledger vehicle register DEMO-001 --permit X-15-01 --as hal
    """
    body = {"holder": actor.party, "vehicle": actor.new("vehicle"), "plate": plate.upper(), "permit": permit}
    actor.says("vehicle-registered", body, f"已登记车辆 {plate}", f"vehicle {plate} is registered")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every registered vehicle.

    \b
    Example:
    wasteledger vehicle list
    """
    with open_ledger() as (_, queries):
        registry = queries.registry()
        found = [fact.event for fact in queries.told_of(registry.parties, VehicleRegistered)]
    rows = [
        {"vehicle": v.vehicle, "plate": v.plate, "permit": v.permit or "", "party": registry.name_of(v.holder)}
        for v in found
        if isinstance(v, VehicleRegistered)
    ]
    rows_out(rows, as_json)
