"""`licence`: who may receive and close which waste, by which methods, how much a year."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.values import MASS, Quantity
from cli.words import say

command = click.Group("licence", help=__doc__)


def _terms(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--annual", type=MASS, help="Mass a year, for instance 5000t."),
        click.option("--method", "methods", multiple=True, help="A method it covers (all, if none is named)."),
        click.option("--exclude", multiple=True, help="A code or class it does not cover."),
        click.option("--include", multiple=True, help="A code or class it covers (all, if none is named)."),
    ):
        function = option(function)
    return function


_from = click.option("--from", "from_", required=True, help="YYYY-MM-DD: the first day of it.")


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
@_terms
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


@command.command()
@click.argument("number")
@_from
@click.option("--until", "valid_until", required=True, help="YYYY-MM-DD")
@_terms
@acting
def amend(
    actor: Actor,
    number: str,
    from_: str,
    valid_until: str,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    methods: tuple[str, ...],
    annual: Quantity | None,
) -> None:
    """Give a licence new terms from a day on, as licensing authority; they replace all that it had.

    \b
    Example:
    wasteledger licence amend L-2 --from 2026-01-01 --until 2030-12-31 --include HW08 --annual 900t --as bureau
    """
    terms = {
        "valid_until": valid_until,
        "include": list(include),
        "exclude": list(exclude),
        "methods": list(methods),
        "annual_g": annual.whole if annual else None,
    }
    _change(actor, "licence-amended", number, from_, terms, "已变更", "has new terms")


@command.command()
@click.argument("number")
@_from
@click.option("--until", required=True, help="YYYY-MM-DD: the last day of it.")
@acting
def suspend(actor: Actor, number: str, from_: str, until: str) -> None:
    """Suspend a licence, as licensing authority: between the days, both included, nothing counts as licensed.

    \b
    Example:
    wasteledger licence suspend L-2 --from 2026-03-01 --until 2026-03-31 --as bureau
    """
    _change(actor, "licence-suspended", number, from_, {"until": until}, "已暂停", "is suspended")


@command.command()
@click.argument("number")
@_from
@acting
def revoke(actor: Actor, number: str, from_: str) -> None:
    """Revoke a licence, as licensing authority: from the day on nothing counts as licensed.

    \b
    Example:
    wasteledger licence revoke L-2 --from 2026-07-01 --as bureau
    """
    _change(actor, "licence-revoked", number, from_, {}, "已吊销", "is revoked")


def _change(actor: Actor, type_: str, number: str, from_: str, terms: dict[str, Any], zh: str, en: str) -> None:
    found = actor.find.licence(number)
    body = {"licence": found.licence, "holder": found.holder, "from": from_, **terms}
    actor.says(type_, body, f"许可证 {number} {zh}", f"licence {number} {en}")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every licence, whether an authority confirmed it, and whether it is in force today.

    \b
    Example:
    wasteledger licence list
    """
    with open_ledger() as (ledger, queries):
        registry, today = queries.registry(), ledger.regime.day_of(ledger.now())
    in_force = {
        each.terms.licence
        for holder in registry.licences
        for each in registry.licence_for(holder, today, confirmed=False)
    }
    rows = [
        {
            "licence": each.terms.licence,
            "number": each.terms.number,
            "holder": registry.name_of(holder),
            "kind": each.terms.kind,
            "valid": f"{each.terms.valid_from}..{each.terms.valid_until}",
            "standing": say("已确认", "confirmed") if each.confirmed else say("自报", "asserted"),
            "today": say("有效", "in force") if each.terms.licence in in_force else say("无效", "not in force"),
        }
        for holder, licences in registry.licences.items()
        for each in licences
    ]
    rows_out(rows, as_json)
