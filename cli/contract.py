"""`contract`: who carries, utilises or disposes of whose waste."""

from __future__ import annotations

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out

command = click.Group("contract", help=__doc__)


@command.command()
@click.argument("with_", metavar="PARTY")
@click.option("--code", "codes", multiple=True, required=True, help="A waste code it covers.")
@click.option("--from", "valid_from", required=True, help="YYYY-MM-DD")
@click.option("--until", "valid_until", required=True, help="YYYY-MM-DD")
@click.option("--number")
@acting
def register(
    actor: Actor, with_: str, codes: tuple[str, ...], valid_from: str, valid_until: str, number: str | None
) -> None:
    """Register a contract of the acting person's party with PARTY.

    \b
    Example:
    wasteledger contract register Cleanburn --code 900-214-08 --from 2026-01-01 --until 2027-12-31 --as ann
    """
    body = {
        "contract": actor.new("contract"),
        "holder": actor.party,
        "with": actor.find.any_party(with_),
        "codes": list(codes),
        "valid_from": valid_from,
        "valid_until": valid_until,
        "number": number,
    }
    actor.says("contract-registered", body, f"已登记与 {with_} 的合同", f"the contract with {with_} is registered")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every contract.

    \b
    Example:
    wasteledger contract list
    """
    with open_ledger() as (_, queries):
        registry = queries.registry()
    rows = [
        {
            "contract": c.contract,
            "between": f"{registry.name_of(c.holder)} - {registry.name_of(c.with_)}",
            "codes": list(c.codes),
            "valid": f"{c.valid_from}..{c.valid_until}",
        }
        for contracts in registry.contracts.values()
        for c in contracts
    ]
    rows_out(rows, as_json)
