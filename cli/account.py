"""`account`: who may log in, said by whoever has the machine itself: the first ones, and lost passwords."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from cli.acting import open_ledger, reading, rows_out
from cli.lookup import Lookup
from cli.words import say
from ledger import bootstrap
from ledger.accounts import ROLES, Accounts, Person
from ledger.accounts.secrets import new_password
from ledger.log.ids import is_stream

command = click.Group("account", help=__doc__)


@command.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES))
@click.option("--party", help="Whose people they are, by name or id; for an operator the operator's own, if absent.")
@click.option("--region", "regions", multiple=True, help="What a regulator sees: the first digits of codes, or *.")
@click.option("--person", default="", help="The id of somebody whose key is enrolled; else it is a new person.")
@reading
def create(
    name: str, roles: tuple[str, ...], party: str | None, regions: tuple[str, ...], person: str, as_json: bool
) -> None:
    """Let somebody in, with a password that is shown once.

    \b
    Example:
    wasteledger account create ann --role admin --party Garage
    wasteledger account create bureau-wang --role regulator --region 3205 --party Garage
    wasteledger account create root --role operator
    """
    with open_ledger() as (ledger, queries), _accounts() as accounts:
        if party is None and set(roles) == {"operator"}:
            party = ledger.opened.operator
        if party is None:
            raise click.UsageError(say("请给出 --party", "give --party"))
        holder = party if is_stream(party) else Lookup(ledger, queries, "").any_party(party)
        password = new_password(os.urandom)
        made = accounts.create(name=name, password=password, roles=roles, party=holder, person=person, regions=regions)
        _told(made, password, as_json)


@command.command()
@click.argument("name")
@reading
def reset(name: str, as_json: bool) -> None:
    """A new password, shown once; sessions end, one-time codes are switched off.

    \b
    Example:
    wasteledger account reset ann
    """
    with _accounts() as accounts:
        password = new_password(os.urandom)
        _told(accounts.set_password(name, password), password, as_json)


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Everybody who may log in.

    \b
    Example:
    wasteledger account list
    """
    with _accounts() as accounts:
        people = accounts.everybody()
    words = {True: say("已停用", "disabled"), False: ""}
    rows = [
        {
            "name": p.name,
            "roles": list(p.roles),
            "party": p.party,
            "regions": list(p.regions),
            "state": words[p.disabled],
        }
        for p in people
    ]
    rows_out(rows, as_json)


@contextmanager
def _accounts() -> Iterator[Accounts]:
    settings = bootstrap.settings()
    ledger = bootstrap.open_ledger(settings)
    try:
        yield bootstrap.open_accounts(ledger, settings)
    finally:
        ledger.close()


def _told(person: Person, password: str, as_json: bool) -> None:
    row = {"name": person.name, "roles": list(person.roles), "party": person.party, "password": password}
    if as_json:
        rows_out([row], as_json)
        return
    click.echo(say(f"账号 {person.name} 可以登录", f"{person.name} can log in"))
    click.echo(say(f"  密码（只显示一次）{password}", f"  password, shown once: {password}"))


if __name__ == "__main__":
    command()
