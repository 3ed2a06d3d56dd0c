"""`party`: the legal entities that take part."""

from __future__ import annotations

from typing import Any

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.words import say
from ledger.custody.events import body_of

command = click.Group("party", help=__doc__)
DUTIES = ("generator", "carrier", "disposer", "authority", "operator")


@command.command()
@click.argument("name")
@click.option("--uscc", help="Its unified social credit code (GB 32100), check character included.")
@click.option("--epa-id", help="Its EPA ID number, in a ledger under the regime us.1.")
@click.option("--duty", "duties", multiple=True, type=click.Choice(DUTIES))
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
        "identifiers": _identifiers(uscc, epa_id),
        "duties": list(duties),
        "duty_phone": phone,
    }
    actor.says("party-registered", body, f"已登记单位 {name}", f"party {name} is registered")
    actor.then(f"wasteledger key new PERSON --party {name}")


@command.command()
@click.argument("party")
@click.option("--name", help="What it is called from now on.")
@click.option("--uscc", help="Its unified social credit code (GB 32100), check character included.")
@click.option("--epa-id", help="Its EPA ID number, in a ledger under the regime us.1.")
@click.option("--duty", "duties", multiple=True, type=click.Choice(DUTIES), help="Instead of all that it had.")
@click.option("--phone", help="The duty phone of the organisation, open to all.")
@acting
def amend(
    actor: Actor,
    party: str,
    name: str | None,
    uscc: str | None,
    epa_id: str | None,
    duties: tuple[str, ...],
    phone: str | None,
) -> None:
    """Amend what is registered of PARTY, by itself or by a registrar; what is not named stays as it is.

    \b
    Example:
    wasteledger party amend Garage --phone 0477-0000000 --as ann
    """
    holder = actor.find.any_party(party)
    changed: dict[str, Any] = {"name": name, "duties": list(duties), "duty_phone": phone}
    changed = {field: value for field, value in changed.items() if value}
    known = actor.find.registry.parties.get(holder)
    body: dict[str, Any] = {"holder": holder, "name": actor.find.name(holder)} if known is None else body_of(known)
    codes = _identifiers(uscc, epa_id)
    if codes:
        kept = [each for each in body.get("identifiers", []) if each["scheme"] not in {c["scheme"] for c in codes}]
        changed["identifiers"] = kept + codes
    if not changed:
        raise click.UsageError(say("请指明要变更的内容", "say what changes"))
    actor.says("party-amended", body | changed, f"已变更单位 {party}", f"party {party} is amended")


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


def _identifiers(uscc: str | None, epa_id: str | None) -> list[dict[str, str]]:
    return [{"scheme": scheme, "value": v} for scheme, v in (("uscc", uscc), ("epa-id", epa_id)) if v]
