"""`setting`: tolerances, clocks and allowances that rules read; each an entry of a competent authority."""

from __future__ import annotations

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.words import say
from ledger.custody.registry import UNSET

command = click.Group("setting", help=__doc__)


@command.command()
@click.argument("name")
@click.argument("value")
@click.option("--from", "effective_from", required=True, help="YYYY-MM-DD")
@click.option("--for", "scope", help="Only for this party or site.")
@acting
def adopt(actor: Actor, name: str, value: str, effective_from: str, scope: str | None) -> None:
    """Adopt a value from a day on. The names and the regime's own values: `setting list`.

    \b
    Example:
    wasteledger setting adopt tolerance-ppm 5000 --from 2026-01-01 --as bureau
    """
    own = actor.ledger.regime.defaults
    known = {*own, *UNSET}
    if name not in known:
        raise click.UsageError(say(f"没有设置 {name}：", f"there is no setting {name}: ") + ", ".join(sorted(known)))
    number = name == "declarations-from" or isinstance(own.get(name), int)
    if number and not (value.isascii() and value.isdigit()):
        raise click.UsageError(say(f"{name}：应为整数，实为 {value}", f"{name}: expected a whole number, got {value}"))
    body = {
        "name": name,
        "value": int(value) if number else value,
        "effective_from": effective_from,
        "scope": scope and actor.find.party_or_site(scope),
    }
    actor.says(
        "setting-adopted", body, f"自 {effective_from} 起 {name} = {value}", f"{name} = {value} from {effective_from}"
    )


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every setting: the regime's own value and what was adopted.

    \b
    Example:
    wasteledger setting list
    """
    with open_ledger() as (ledger, queries):
        registry = queries.registry()
        own = dict.fromkeys(UNSET, "") | dict(ledger.regime.defaults)
        rows = [{"name": n, "value": v, "by": ledger.regime.name} for n, v in sorted(own.items())]
    for name, adopted in sorted(registry.settings.items()):
        rows += [
            {
                "name": name,
                "value": s.value,
                "by": registry.name_of(fact.by.party),
                "from": s.effective_from,
                "for": registry.name_of(s.scope) if s.scope else "",
            }
            for s, fact in adopted
        ]
    rows_out(rows, as_json)
