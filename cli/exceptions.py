"""`exceptions`: everything that should not be so, with its law, its grams and what ends it."""

from __future__ import annotations

import json

import click

from cli.acting import open_ledger, reading
from cli.lookup import Lookup
from cli.telling import exception, exception_document
from cli.values import moment_at
from cli.words import local, say
from ledger import bootstrap
from ledger.custody.flags import RULES


@click.command()
@click.option("--as-of", help="What stood at that moment (now).")
@click.option("--party", "parties", multiple=True, help="Only with this party.")
@click.option(
    "--rule", "rules", multiple=True, type=click.Choice(sorted(RULES)), metavar="RULE", help="Only this rule."
)
@click.option("--closed", is_flag=True, help="Also those that ended.")
@reading
def command(as_of: str | None, parties: tuple[str, ...], rules: tuple[str, ...], closed: bool, as_json: bool) -> None:
    """What stands and should not: rule, law of that day, grams, with whom, since when, and what ends it.

    \b
    Example:
    wasteledger exceptions --party Garage
    """
    with open_ledger() as (ledger, queries):
        find = Lookup(ledger, queries, "")
        moment = moment_at(as_of, bootstrap.clock(), ledger.regime.offset)
        wanted = [find.any_party(each) for each in parties]
        found = [f for f in queries.exceptions(moment, parties=wanted, closed=closed) if not rules or f.rule in rules]
        if as_json:
            rows = [exception_document(flag, find.name, ledger.regime) for flag in found]
            click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        when = local(moment, ledger.regime.offset)
        click.echo(say(f"{when}：{len(found)} 项异常", f"{when}: {len(found)} exceptions"))
        for flag in found:
            click.echo("\n".join(exception(flag, find.title, ledger.regime)))
