"""`plan`: the year's management plan of a site, and what became of it."""

from __future__ import annotations

from dataclasses import asdict

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.lookup import Lookup
from cli.values import WEIGHED, Quantity
from cli.words import mass, say

command = click.Group("plan", help=__doc__)


@command.command("file")
@click.argument("year", type=int)
@click.argument("lines", nargs=-1, required=True, type=WEIGHED, metavar="CODE=MASS...")
@click.option("--site", help="The site (the party's only one).")
@acting
def file_(actor: Actor, year: int, lines: tuple[tuple[str, Quantity], ...], site: str | None) -> None:
    """File the plan of YEAR: how much of each waste code the site will generate.

    \b
    Example:
    wasteledger plan file 2026 900-214-08=2t --site Workshop --as ann
    """
    body = {
        "plan": actor.new("plan"),
        "holder": actor.party,
        "site": actor.find.site(site),
        "year": year,
        "lines": [{"code": code, "generated_g": planned.whole} for code, planned in lines],
    }
    actor.says("plan-filed", body, f"{year} 年管理计划已报", f"the plan of {year} is filed")


@command.command()
@click.argument("site")
@click.argument("year", type=int)
@reading
def show(site: str, year: int, as_json: bool) -> None:
    """The plan of a site's year against what was generated, treated there and sent away, by code.

    \b
    Example:
    wasteledger plan show Workshop 2026
    """
    with open_ledger() as (ledger, queries):
        found = queries.planned(Lookup(ledger, queries, "").party_or_site(site), year)
    if as_json or not found:
        rows_out([asdict(each) for each in found], as_json)
    for each in () if as_json else found:
        told = [
            say(f"{zh} {mass(was)}（计划 {mass(planned)}）", f"{en} {mass(was)} (planned {mass(planned)})")
            for zh, en, was, planned in (
                ("产生", "generated", each.generated_g, each.planned_generated_g),
                ("自行利用处置", "treated", each.treated_g, each.planned_treated_g),
                ("委托外单位", "sent away", each.entrusted_g, each.planned_entrusted_g),
            )
        ]
        named = "" if each.planned else say("（不在计划内）", " (not in the plan)")
        click.echo(f"{each.code}{named}  " + " · ".join(told))


@command.command()
@click.argument("site")
@click.argument("year", type=int)
@reading
def duties(site: str, year: int, as_json: bool) -> None:
    """What a site owes the authority for a year by its tier, with the days, and what was received: nothing where
    there is no hazardous waste.

    What is past due is an exception where the authority takes it through this ledger (the setting declarations-from);
    elsewhere it may have been filed by other ways.

    \b
    Example:
    wasteledger plan duties Workshop 2026
    """
    with open_ledger() as (ledger, queries):
        tier, found = queries.duties(Lookup(ledger, queries, "").party_or_site(site), year)
        day, now = ledger.regime.day_of, ledger.now()
    rows = [
        {
            "kind": d.kind,
            "period": d.period,
            "due": day(d.due_at),
            "received": day(d.done_at) if d.done_at else "",
            "state": "received" if d.done_at else "past due" if d.overdue_at(now) else "to come",
        }
        for d in found
    ]
    if not as_json:
        tiers = {"key": "重点", "simplified": "简化", "registered": "登记"}
        click.echo(say(f"{site} {year}：{tiers[tier]}管理", f"{site} {year}: tier {tier}"))
        states = {"received": "已收到", "past due": "已过期限", "to come": "未到期"}
        kinds = {"plan": "管理计划", "declaration": "申报"}
        rows = [
            row | {"kind": say(kinds[row["kind"]], row["kind"]), "state": say(states[row["state"]], row["state"])}
            for row in rows
        ]
        if not rows:
            click.echo(say("无应报事项", "owes nothing"))
    rows_out(rows, as_json)
