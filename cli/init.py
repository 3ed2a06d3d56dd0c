"""`init`: a new ledger in this home, with its operator and (for a start on one machine) its authority."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from cli import keyring
from cli.acting import people_folder, reading
from cli.words import say
from ledger import bootstrap
from ledger.custody.regimes import MODULES
from ledger.log.keys import PublicKey, possession_message
from ledger.log.wire import decode_base64
from ledger.service import RootAuthority

ROLES = ("licensing", "registrar", "settings", "supervision")


@click.command()
@click.option("--origin", required=True, help="The ledger's name for ever: a host name, with a path if need be.")
@click.option("--operator", required=True, help="Who runs it.")
@click.option("--authority", help="The authority that entry 0 pins; without --authority-key its key is made here.")
@click.option(
    "--authority-key",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="In production: the request.json of the authority's own `key new --new-party`.",
)
@click.option("--promise-hours", type=click.IntRange(1, 720), default=24, show_default=True)
@click.option(
    "--regime", type=click.Choice(sorted(MODULES)), default="cn.1", show_default=True, help="The law it works under."
)
@reading
def command(
    origin: str,
    operator: str,
    authority: str | None,
    key_file: Path | None,
    promise_hours: int,
    regime: str,
    as_json: bool,
) -> None:
    """Open a new ledger: its keys, its database, entry 0, trust.json and policy.txt to pin.

    On one machine --authority NAME also makes that authority a person of the keyring, with all four roles. In
    production the authority keeps its key and sends its request.json: --authority-key FILE.

    \b
    Example:
    wasteledger init --origin ledger.example/park --operator "Park office" --authority bureau
    """
    if key_file is not None and authority is None:
        raise click.UsageError(say("--authority-key 需要 --authority 名称", "--authority-key needs --authority NAME"))
    settings = bootstrap.settings()
    roots = []
    if authority is not None:
        if settings.keys.exists():
            raise bootstrap.HomeTaken(path=settings.keys)
        roots.append(_brought(authority, key_file, origin) if key_file else _made(authority, origin, regime))
    ledger = bootstrap.init_ledger(
        settings,
        origin=origin,
        operator_name=operator,
        authorities=roots,
        promise_hours=promise_hours,
        regime_name=regime,
    )
    trust = ledger.trust()
    ledger.close()
    if as_json:
        document = {"origin": origin, "genesis_leaf": trust.genesis_leaf, "home": str(settings.home)}
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    click.echo(say(f"账本 {origin} 已开启", f"ledger {origin} is open"))
    click.echo(say(f"  创世叶哈希 {trust.genesis_leaf}", f"  genesis leaf {trust.genesis_leaf}"))
    click.echo(say(f"  请固定 {settings.trust} 与 {settings.policy}", f"  pin {settings.trust} and {settings.policy}"))
    if authority is not None and key_file is None:
        click.echo(
            say(f"  主管部门 {authority} 的密钥在本机", f"  the key of authority {authority} is on this machine")
        )
        click.echo(say("下一步：", "next: ") + f"wasteledger party register NAME --as {authority}")


def _made(name: str, origin: str, regime: str) -> RootAuthority:
    party, person, stream = (f"{kind}:{bootstrap.new_id()}" for kind in ("party", "person", "key"))
    chain = keyring.create(
        people_folder(),
        name,
        seed=os.urandom(32),
        ledger=origin,
        party=party,
        person=person,
        stream=stream,
        regime=regime,
    )
    return RootAuthority(party=party, person=person, key=stream, public_key=chain.key.public, roles=ROLES, name=name)


def _brought(name: str, file: Path, origin: str) -> RootAuthority:
    request = json.loads(file.read_text(encoding="utf-8"))
    public = PublicKey.from_hex(request["public_key"])
    message = possession_message(origin, request["key"], request["holder"], request["person"], request["public_key"])
    public.verify(decode_base64(request["proof"], "proof of possession"), message)
    return RootAuthority(
        party=request["holder"],
        person=request["person"],
        key=request["key"],
        public_key=public,
        roles=ROLES,
        name=name,
    )
