"""`key`: people's keys: made at their own device, enrolled by an administrator, revoked, listed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from cli import keyring
from cli.acting import Actor, acting, open_ledger, people_folder, reading, rows_out
from cli.lookup import Lookup
from cli.words import say
from ledger import bootstrap
from ledger.custody.regimes import MODULES
from ledger.log.ids import is_stream
from ledger.log.keys import possession_message
from ledger.log.trust import Trust
from ledger.log.wire import encode_base64

command = click.Group("key", help=__doc__)


@command.command()
@click.argument("name")
@click.option("--party", help="The registered party, by name or id.")
@click.option("--new-party", is_flag=True, help="For a party not registered yet, or an authority before `init`.")
@click.option("--origin", help="The ledger's origin, where there is no trust.json here.")
@click.option(
    "--regime", type=click.Choice(sorted(MODULES)), help="The ledger's regime (as it says itself, else cn.1)."
)
@reading
def new(name: str, party: str | None, new_party: bool, origin: str | None, regime: str | None, as_json: bool) -> None:
    """Make a key for a person at this device, with a request.json for whoever enrols it.

    The key never leaves its folder; the request holds the public key and a proof that its maker holds the other half.

    \b
    Example:
    wasteledger key new ann --party Garage
    """
    if (party is None) == (not new_party):
        raise click.UsageError(say("请给出 --party 或 --new-party", "give either --party or --new-party"))
    origin = origin or Trust.parse(bootstrap.settings().trust.read_bytes()).origin
    if party is None:
        holder = f"party:{bootstrap.new_id()}"
    elif is_stream(party):
        holder = party
    else:
        with open_ledger() as (ledger, queries):
            holder = Lookup(ledger, queries, "").any_party(party)
            regime = ledger.regime.name
    person, stream = f"person:{bootstrap.new_id()}", f"key:{bootstrap.new_id()}"
    people = people_folder()
    chain = keyring.create(
        people,
        name,
        seed=os.urandom(32),
        ledger=origin,
        party=holder,
        person=person,
        stream=stream,
        regime=regime or "cn.1",
    )
    public = chain.key.public.raw.hex()
    proof = chain.key.sign(possession_message(origin, stream, holder, person, public))
    request = {
        "key": stream,
        "public_key": public,
        "holder": holder,
        "person": person,
        "purpose": "statement",
        "proof": encode_base64(proof),
    }
    file = people / name / "request.json"
    file.write_text(json.dumps(request, indent=1) + "\n", encoding="utf-8")
    if as_json:
        click.echo(json.dumps(request | {"request": str(file)}))
        return
    click.echo(say(f"{name} 的密钥已生成，登记申请在 {file}", f"{name} has a key; its request is {file}"))
    click.echo(say("下一步：", "next: ") + f"wasteledger key enrol {name} --as ADMIN")


@command.command()
@click.argument("who")
@click.option("--admin", is_flag=True, help="May enrol and revoke keys of its own party.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(["registrar", "licensing", "settings", "supervision"])
)
@click.option("--once", is_flag=True, help="For one statement only: anybody enrolled may vouch for it.")
@acting
def enrol(actor: Actor, who: str, admin: bool, roles: tuple[str, ...], once: bool) -> None:
    """Enrol a key: WHO is a person of this keyring, the path of a request.json that came from elsewhere, or the id
    key:<uuid7> of one that a browser offered.

    \b
    Example:
    wasteledger key enrol ann --admin --as bureau
    """
    request = _offered(actor, who) if is_stream(who) else _requested(actor, who)
    body = request | {"admin": admin, "roles": sorted(roles), "uses": 1 if once else None}
    name = actor.find.name(request["holder"])
    actor.says("key-enrolled", body, f"{who} 可代表 {name} 签署", f"{who} may sign for {name}")


def _requested(actor: Actor, who: str) -> dict[str, Any]:
    file = Path(who) if who.endswith(".json") else actor.people / who / "request.json"
    if not file.exists():
        raise click.UsageError(say(f"没有 {file}", f"there is no {file}"))
    request: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return request


def _offered(actor: Actor, key: str) -> dict[str, Any]:
    """What somebody's browser offered to this server; an authority's own key is enrolled only so."""
    return bootstrap.open_accounts(actor.ledger, bootstrap.settings()).keys.offered(key).body


@command.command()
@click.argument("who")
@click.option("--reason", type=click.Choice(["lost", "stolen", "left", "replaced", "used"]), required=True)
@click.option("--last-seq", type=click.IntRange(0), help="The last statement that counts (what has arrived so far).")
@acting
def revoke(actor: Actor, who: str, reason: str, last_seq: int | None) -> None:
    """Revoke a key: of a person of this keyring, or by its id key:<uuid7>.

    Statements up to --last-seq still enter afterwards; later ones wait in quarantine until `adopt`.

    \b
    Example:
    wasteledger key revoke tom --reason left --as ann
    """
    stream = who if is_stream(who) else str(keyring.standing(actor.people, who)["stream"])
    known = next((each for each in actor.ledger.authors() if each.stream == stream), None)
    if known is None:
        raise click.UsageError(say(f"密钥 {stream} 未登记", f"key {stream} is not enrolled"))
    body = {
        "key": stream,
        "holder": known.party,
        "last_seq": known.seq if last_seq is None else last_seq,
        "reason": reason,
    }
    actor.says("key-revoked", body, f"{who} 的密钥已撤销", f"the key of {who} is revoked")


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every enrolled key: whose, what for, how far its chain goes.

    \b
    Example:
    wasteledger key list
    """
    people = people_folder()
    here = {keyring.standing(people, name)["stream"]: name for name in keyring.names(people)}
    with open_ledger() as (ledger, queries):
        names = queries.registry()
        rows = [
            {
                "key": each.stream,
                "name": here.get(each.stream, ""),
                "party": names.name_of(each.party),
                "rights": sorted(each.roles | ({"admin"} if each.admin else set())),
                "seq": each.seq,
                "revoked": "" if each.revoked_last_seq is None else f"after {each.revoked_last_seq}",
            }
            for each in ledger.authors()
        ]
    rows_out(rows, as_json)
