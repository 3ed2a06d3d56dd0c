"""`licence`: who may receive and close which waste, by which methods, how much a year."""

from __future__ import annotations

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.values import MASS, Quantity
from cli.words import say

command = click.Group("licence", help=__doc__)


@command.command()
@click.argument("number")
@click.option("--holder", help="Whose licence (the acting person's own party: then it is asserted only).")
@click.option(
    "--kind",
    type=click.Choice(["comprehensive", "collection", "medical", "own-facility", "site-permit"]),
    required=True,
)
@click.option("--from", "valid_from", required=True, help="YYYY-MM-DD")
@click.option("--until", "valid_until", required=True, help="YYYY-MM-DD")
@click.option("--site", help="For this site only.")
@click.option("--include", multiple=True, help="A code or class it covers (all, if none is named).")
@click.option("--exclude", multiple=True, help="A code or class it does not cover.")
@click.option("--method", "methods", multiple=True, help="A method it covers (all, if none is named).")
@click.option("--annual", type=MASS, help="Mass a year, for instance 5000t.")
@acting
def register(
    actor: Actor,
    number: str,
    holder: str | None,
    kind: str,
    valid_from: str,
    valid_until: str,
    site: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    methods: tuple[str, ...],
    annual: Quantity | None,
) -> None:
    """Register a licence. Only a licensing authority's word counts; its holder's own is asserted until then.

    \b
    Example:
    wasteledger licence register L-001 --holder Cleanburn --kind comprehensive --from 2024-01-01 --until 2029-12-31 \\
      --include HW08 --include HW18 --method D10 --annual 5000t --as bureau
    wasteledger licence register L-2 --holder Hauler --kind collection --from 2024-01-01 --until 2029-12-31 --as bureau
    """
    party = actor.find.any_party(holder) if holder else actor.party
    body = {
        "licence": actor.new("licence"),
        "holder": party,
        "number": number,
        "kind": kind,
        "valid_from": valid_from,
        "valid_until": valid_until,
        "site": site and actor.find.site(site, party),
        "include": list(include),
        "exclude": list(exclude),
        "methods": list(methods),
        "annual_g": annual.whole if annual else None,
    }
    actor.says("licence-granted", body, f"已登记许可证 {number}", f"licence {number} is registered")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every licence, and whether an authority confirmed it.

    \b
    Example:
    wasteledger licence list
    """
    with open_ledger() as (_, queries):
        registry = queries.registry()
    rows = [
        {
            "licence": each.terms.licence,
            "number": each.terms.number,
            "holder": registry.name_of(holder),
            "kind": each.terms.kind,
            "valid": f"{each.terms.valid_from}..{each.terms.valid_until}",
            "standing": say("已确认", "confirmed") if each.confirmed else say("自报", "asserted"),
        }
        for holder, licences in registry.licences.items()
        for each in licences
    ]
    rows_out(rows, as_json)
