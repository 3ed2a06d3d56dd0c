"""`sign`: an event signed without any ledger at hand, into a file that `record` takes anywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

import click

from cli import keyring
from cli.acting import chosen, people_folder, present
from cli.drafts import read_items
from cli.values import moment_at
from cli.words import say
from ledger import bootstrap
from ledger.custody.events import parse
from ledger.custody.regimes import regime
from ledger.exchange.author import seal


@click.command()
@click.argument("draft", type=click.File("r", encoding="utf-8"))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where to write it.")
@click.option("--as", "as_", envvar="WASTELEDGER_AS", help="Who signs: a name in the keyring, or a key folder.")
@click.option("--at", help="When it happened (as the draft says, else now).")
def command(draft: TextIO, out: Path, as_: str | None, at: str | None) -> None:
    """Sign DRAFT (JSON: type, body, perhaps at; `-` reads standard input) into a file, offline.

    It takes its place in the key's own chain and stays in its outbox, so this device sends it too once it is online.

    \b
    Example:
    wasteledger sign draft.json --out signed.jsonl --as ann
    """
    people = people_folder()
    with keyring.member(people, chosen(people, as_)) as me:
        codes = regime(me.regime)
        drafts, signed = read_items(draft.read())
        if signed or not drafts:
            raise click.UsageError(say("应为草稿：含 type 与 body", "expected drafts, each with type and body"))
        ready = []
        for item in drafts:
            body, texts = seal(present(item["body"]), os.urandom)
            moment = moment_at(at or item.get("at"), bootstrap.clock(), codes.offset)
            ready.append((parse(item["type"], body, codes), body, texts, moment, item.get("id") or bootstrap.new_id()))
        batch = [
            keyring.signed(me.chain.statement(event, moment, id_, body), texts, me.note)
            for event, body, texts, moment, id_ in ready
        ]
        me.put(batch)
        out.write_bytes(keyring.lines(batch))
    click.echo(say(f"{len(batch)} 条已签署：{out}", f"{len(batch)} signed: {out}"))
    click.echo(say("下一步：", "next: ") + f"wasteledger record {out}")
