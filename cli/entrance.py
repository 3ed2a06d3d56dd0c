"""The demo park's front door: people who can log in, and its server on this machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import click

from cli.words import say
from ledger import bootstrap
from ledger.exchange.stories import Player
from ledger.service import Ledger
from ledger.settings import Settings

Say = Callable[[str, str, dict[str, Any]], None]
"""Somebody of the demo signs: who, the event's type, its body."""

# log-in, role, the player in whose party: what a person there may do, and who vouches for the key kept for them.
PEOPLE = (
    ("bureau", "regulator", "supervision"),
    ("garage", "admin", "garage-clerk"),
    ("clerk", "clerk", "coating-clerk"),
    ("driver", "driver", "driver"),
    ("refinery", "disposer", "refinery-gate"),
)


def let_in(ledger: Ledger, settings: Settings, players: Mapping[str, Player], signs: Say) -> None:
    """Accounts without a known password; all but the authority's person and the operator get a key kept for them."""
    accounts = bootstrap.open_accounts(ledger, settings)
    accounts.create(name="operator", password=_password(), roles=["operator"], party=ledger.opened.operator)
    for name, role, alias in PEOPLE:
        party, regions = players[alias].party, ("*",) if role == "regulator" else ()
        person = accounts.create(name=name, password=_password(), roles=[role], party=party, regions=regions).person
        if role != "regulator":
            rights = {"admin": True} if role == "admin" else {}
            signs(alias, "key-enrolled", ledger.keep_key(party=party, person=person) | rights)


def open_doors(settings: Settings, port: int) -> None:
    """Say who can log in with what, and serve until Ctrl-C. Passwords are new each time and kept nowhere."""
    ledger = bootstrap.open_ledger(settings)
    accounts = bootstrap.open_accounts(ledger, settings)
    password = _password()
    click.echo("")
    click.echo(say("登录（本次有效的密码相同）：", "log-ins (one password for all, this time):"))
    for person in accounts.everybody():
        accounts.set_password(person.name, password)
        click.echo(f"  {person.name:<10} {password}   {', '.join(person.roles)}")
    ledger.close()
    click.echo(f"http://127.0.0.1:{port}/docs")
    click.echo(say("按 Ctrl-C 结束", "Ctrl-C ends it"))
    os.environ["WASTELEDGER_HOME"] = str(settings.home)
    from cli.serve import command as serve  # the server is loaded only when it is wanted

    click.get_current_context().invoke(serve, host="127.0.0.1", port=port)


def _password() -> str:
    return f"demo-{secrets.token_hex(5)}"
