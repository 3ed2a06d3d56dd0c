"""`trip`: one vehicle's run with the manifests on board."""

from __future__ import annotations

import click

from cli.acting import Actor, acting


@click.command()
@click.argument("manifests", nargs=-1, required=True, metavar="MANIFEST...")
@click.option("--vehicle", required=True, help="Plate.")
@click.option("--waybill", help="The dangerous-goods waybill's number.")
@click.option("--driver", help="Sealed.")
@click.option("--escort", help="Sealed.")
@acting
def command(
    actor: Actor,
    manifests: tuple[str, ...],
    vehicle: str,
    waybill: str | None,
    driver: str | None,
    escort: str | None,
) -> None:
    """Start a trip, as carrier: it links the manifests of one run (a milk run has one for each sender).

    \b
    Example:
    wasteledger trip 20261506000001 --vehicle DEMO-001 --waybill W-17 --driver "Wang Demo" --as hal
    """
    body = {
        "trip": actor.new("trip"),
        "carrier": actor.party,
        "vehicle": vehicle,
        "manifests": [actor.find.manifest(name).id for name in manifests],
        "waybill": waybill,
        "driver": actor.person(driver),
        "escort": actor.person(escort),
    }
    n = len(manifests)
    actor.says("trip-started", body, f"{vehicle} 发车，{n} 张联单", f"{vehicle} sets out with {n} manifests")
