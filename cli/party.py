"""`party`: the legal entities that take part."""

from __future__ import annotations

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out

command = click.Group("party", help=__doc__)


@command.command()
@click.argument("name")
@click.option("--uscc", help="Its unified social credit code (GB 32100), check character included.")
@click.option("--epa-id", help="Its EPA ID number, in a ledger under the regime us.1.")
@click.option(
    "--duty",
    "duties",
    multiple=True,
    type=click.Choice(["generator", "carrier", "disposer", "authority", "operator"]),
)
@click.option("--phone", help="The duty phone of the organisation, open to all.")
@click.option("--own", is_flag=True, help="Register the acting person's own party, whose key was enrolled before.")
@acting
def register(
    actor: Actor,
    name: str,
    uscc: str | None,
    epa_id: str | None,
    duties: tuple[str, ...],
    phone: str | None,
    own: bool,
) -> None:
    """Register a party: a registrar registers any, a party's own person registers it with --own.

    \b
    Example:
    wasteledger party register Cleanburn --duty disposer --as bureau
    wasteledger party register Hauler --duty carrier --as bureau
    wasteledger party register Garage --uscc 91150600MA0EXAMP0W --duty generator --as bureau
    """
    body = {
        "holder": actor.party if own else actor.new("party"),
        "name": name,
        "identifiers": [{"scheme": scheme, "value": v} for scheme, v in (("uscc", uscc), ("epa-id", epa_id)) if v],
        "duties": list(duties),
        "duty_phone": phone,
    }
    actor.says("party-registered", body, f"已登记单位 {name}", f"party {name} is registered")
    actor.then(f"wasteledger key new PERSON --party {name}")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every registered party.

    \b
    Example:
    wasteledger party list
    """
    with open_ledger() as (_, queries):
        parties = queries.registry().parties
    rows = [
        {"party": stream, "name": p.name, "codes": [i.value for i in p.identifiers], "duties": list(p.duties)}
        for stream, p in parties.items()
    ]
    rows_out(rows, as_json)
