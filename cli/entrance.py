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
from ledger.labelling import make_key
from ledger.service import Ledger
from ledger.settings import Settings

Say = Callable[[str, str, dict[str, Any]], None]
"""Somebody of the demo signs: who, the event's type, its body."""

# log-in, role, the player in whose party: what a person there may do, and who vouches for the key kept for them.
PEOPLE = (
    ("bureau", "regulator", "supervision"),
    ("garage", "admin", "garage-clerk"),
    ("office", "admin", "coating-clerk"),
    ("clerk", "clerk", "coating-clerk"),
    ("dispatch", "admin", "driver"),
    ("driver", "driver", "driver"),
    ("refinery", "disposer", "refinery-gate"),
)
# Whose party has a label key at this machine, so that its labels can be printed.
LABELLERS = ("garage", "office")


# What the coating shop throws away: name, waste code, form, hazards, what is harmful in it.
WASTES = (
    ("漆渣", "900-252-12", "semi-solid", "T,I", "有机溶剂、重金属"),
    ("废有机溶剂", "900-404-06", "liquid", "T,I,R", "甲苯、二甲苯"),
    ("沾漆包装桶", "900-041-49", "solid", "T/In", "残留油漆"),
    ("废机油", "900-249-08", "liquid", "T,I", "石油烃"),
)
# With whom it has contracts, for which waste.
PARTNERS = {
    "furnace-gate": ("900-252-12", "900-041-49"),
    "refinery-gate": ("900-249-08",),
    "driver": ("900-252-12", "900-041-49", "900-249-08"),
}


ADDRESSES = (
    ("/", "各角色的页面（先登录）", "the pages of every role (log in)"),
    ("/verifier", "离线验证收据", "verify a receipt offline"),
    ("/docs", "接口说明", "the API"),
)


def let_in(ledger: Ledger, settings: Settings, players: Mapping[str, Player], signs: Say) -> None:
    """Accounts without a known password; all but the authority's person and the operator get a key kept for them, and
    two parties a label key."""
    accounts = bootstrap.open_accounts(ledger, settings)
    accounts.create(name="operator", password=_password(), roles=["operator"], party=ledger.opened.operator)
    for name, role, alias in PEOPLE:
        party, regions = players[alias].party, ("*",) if role == "regulator" else ()
        person = accounts.create(name=name, password=_password(), roles=[role], party=party, regions=regions).person
        if role != "regulator":
            rights = {"admin": True} if role == "admin" else {}
            signs(alias, "key-enrolled", ledger.keep_key(party=party, person=person) | rights)
        if name in LABELLERS:
            made = ledger.enrolment(make_key(settings.home, party), holder=party, person=person, purpose="label")
            signs(alias, "key-enrolled", made)


def furnish(ledger: Ledger, site: str, players: Mapping[str, Player], signs: Say) -> None:
    """What a clerk works with at the coating shop's site: kinds of waste to choose from, a second store, partners."""
    holder = players["coating-clerk"].party
    for name, code, form, hazards, harmful in WASTES:
        profile = f"profile:{ledger.new_id()}"
        body = {"holder": holder, "profile": profile, "name": name, "code": code, "form": form, "site": site,
                "hazards": hazards, "harmful": harmful, "precautions": "防火、防渗漏、戴手套"}  # fmt: skip
        signs("coating-clerk", "waste-profile-registered", body)
    store: dict[str, Any] = {"holder": holder, "facility": f"facility:{ledger.new_id()}", "site": site, "code": "TS002"}
    store |= {"purpose": "store", "store_kind": "point", "name": "涂装厂溶剂间（虚构）", "capacity_g": 3_000_000}
    signs("coating-clerk", "facility-registered", store | {"zones": ["甲区", "乙区"]})
    for alias, codes in PARTNERS.items():
        contract = {"contract": f"contract:{ledger.new_id()}", "holder": holder, "with": players[alias].party}
        dates = {"valid_from": "2026-01-01", "valid_until": "2027-12-31"}
        signs("coating-clerk", "contract-registered", contract | dates | {"codes": list(codes)})


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
    click.echo(say("打开：", "open:"))
    for path, zh, en in ADDRESSES:
        click.echo(f"  http://127.0.0.1:{port}{path:<10} {say(zh, en)}")
    click.echo(say("按 Ctrl-C 结束", "Ctrl-C ends it"))
    os.environ["WASTELEDGER_HOME"] = str(settings.home)
    from cli.serve import command as serve  # the server is loaded only when it is wanted

    click.get_current_context().invoke(serve, host="127.0.0.1", port=port)


def _password() -> str:
    return f"demo-{secrets.token_hex(5)}"
