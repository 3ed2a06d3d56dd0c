"""`site`: the places of parties."""

from __future__ import annotations

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out

command = click.Group("site", help=__doc__)


@command.command()
@click.argument("name")
@click.option("--party", help="Whose site, when a registrar registers it.")
@click.option("--region", help="6-digit region code.")
@click.option("--address")
@click.option("--live-from", help="From this day on everything there is recorded as it happens (YYYY-MM-DD).")
@click.option(
    "--use",
    type=click.Choice(["enterprise", "medical", "collection", "disposal", "authority"]),
    help="What for (enterprise).",
)
@acting
def register(
    actor: Actor,
    name: str,
    party: str | None,
    region: str | None,
    address: str | None,
    live_from: str | None,
    use: str | None,
) -> None:
    """Register a site of the acting person's party.

    \b
    Example:
    wasteledger site register Furnace --use disposal --as dee
    wasteledger site register Workshop --region 150602 --as ann
    """
    body = {
        "holder": actor.find.any_party(party) if party else actor.party,
        "site": actor.new("site"),
        "name": name,
        "region": region,
        "address": address,
        "live_from": live_from,
        "use": None if use == "enterprise" else use,
    }
    actor.says("site-registered", body, f"已登记场所 {name}", f"site {name} is registered")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every registered site.

    \b
    Example:
    wasteledger site list
    """
    with open_ledger() as (_, queries):
        registry = queries.registry()
    rows = [
        {"site": stream, "name": s.name, "party": registry.name_of(s.holder), "use": s.use, "region": s.region or ""}
        for stream, s in registry.sites.items()
    ]
    rows_out(rows, as_json)
