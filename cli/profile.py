"""`profile`: a party's kinds of waste, described once so that the clerk picks and never types."""

from __future__ import annotations

from typing import Any

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out

command = click.Group("profile", help=__doc__)


@command.command()
@click.argument("name")
@click.option("--code", required=True, help="Its waste code, for instance 900-214-08.")
@click.option("--form", type=click.Choice(["solid", "semi-solid", "liquid", "gas"]), required=True)
@click.option("--catalogue-name", help="The name of the national catalogue.")
@click.option("--hazards", help="Among T, C, I, R, In: 'T,I' or 'T/In'.")
@click.option("--components")
@click.option("--harmful", help="Harmful components.")
@click.option("--precautions")
@click.option("--packing", help="How it is packed.")
@click.option("--facility", help="The facility that generates it.")
@click.option("--site", help="Only at this site.")
@acting
def register(actor: Actor, name: str, facility: str | None, site: str | None, **described: Any) -> None:
    """Register a kind of waste of the acting person's party.

    \b
    Example:
    wasteledger profile register "boiler ash" --code 772-003-18 --form solid --as dee
    wasteledger profile register "waste oil" --code 900-214-08 --form liquid --hazards T,I --as ann
    """
    body = described | {
        "holder": actor.party,
        "profile": actor.new("profile"),
        "name": name,
        "facility": facility and actor.find.facility(facility).facility,
        "site": site and actor.find.site(site),
    }
    actor.says("waste-profile-registered", body, f"已登记废物 {name}", f"waste profile {name} is registered")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every registered waste profile.

    \b
    Example:
    wasteledger profile list
    """
    with open_ledger() as (_, queries):
        registry = queries.registry()
    rows = [
        {"profile": stream, "name": p.name, "code": p.code, "form": p.form, "party": registry.name_of(p.holder)}
        for stream, p in registry.profiles.items()
    ]
    rows_out(rows, as_json)
