"""`weigh-in`: a load of household waste at the plant's weighbridge, where its record begins."""

from __future__ import annotations

import click

from cli.acting import Actor, acting
from cli.values import MASS, Quantity, mass_of


@click.command()
@click.argument("load")
@click.option("--origin", required=True, help="The street or area, by its site, or by its party when it has one site.")
@click.option("--mass", "net", type=MASS, help="Net mass, for instance 8.42t; a day's total too.")
@click.option("--gross", type=MASS, help="Full.")
@click.option("--tare", type=MASS, help="Empty; net = gross - tare.")
@click.option("--profile", help="The kind of waste, by name or code (the party's only one).")
@click.option("--site", help="The plant (the party's only site).")
@click.option("--vehicle", help="Plate.")
@click.option("--handler", help="Who weighed; sealed.")
@acting
def command(
    actor: Actor,
    load: str,
    origin: str,
    net: Quantity | None,
    gross: Quantity | None,
    tare: Quantity | None,
    profile: str | None,
    site: str | None,
    vehicle: str | None,
    handler: str | None,
) -> None:
    """Weigh in a LOAD of the acting person's plant: it counts as generated in the street or area that it came from.

    \b
    Example:
    wasteledger weigh-in load-1 --origin Workshop --gross 14.2t --tare 9.1t --profile household --as dee
    """
    id_, waste = actor.find.profile(profile)
    body = {
        "container": actor.new("container"),
        "place": actor.find.place(site),
        "origin": actor.find.end(origin),
        "kind": "load",
        "code": waste.code,
        "name": waste.name,
        "profile": id_,
        "container_code": load,
        "mass": mass_of(net, gross, tare, basis="weighbridge"),
        "vehicle": vehicle,
        "handler": actor.person(handler),
    }
    actor.says("load-weighed-in", body, f"{load} 过磅进厂，来自 {origin}", f"{load} from {origin} is weighed in")
    actor.then(f"wasteledger treat {load} --method D10")
