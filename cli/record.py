"""`record`: any event, from JSON drafts or from statements signed elsewhere."""

from __future__ import annotations

from typing import TextIO

import click

from cli.acting import finish, open_actor, open_to_record, reading
from cli.drafts import read_items
from cli.lookup import Lookup
from cli.values import moment_at
from cli.words import say
from ledger import bootstrap


@click.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--as", "as_", envvar="WASTELEDGER_AS", help="Who signs drafts; signed statements need nobody.")
@reading
def command(file: TextIO, as_: str | None, as_json: bool) -> None:
    """Record FILE (`-` reads standard input): signed statements as they are, drafts signed by the acting person.

    A draft is {"type": …, "body": {…}, "at": …}; a text to be sealed is written {"clear": "…"}.

    \b
    Example:
    wasteledger record signed.jsonl
    """
    drafts, signed = read_items(file.read())
    if drafts and signed:
        raise click.UsageError(say("草稿与已签声明请分开", "keep drafts and signed statements apart"))
    if drafts:
        with open_actor(as_, None) as actor:
            offset = actor.ledger.regime.offset
            for item in drafts:
                at = moment_at(item.get("at"), bootstrap.clock(), offset)
                actor.says(item["type"], item["body"], item["type"], item["type"], at, item.get("id"))
            actor.deliver(as_json)
        return
    with open_to_record() as (ledger, queries):
        answers = ledger.record(signed)
        words = [f"{answer.id or '?'}" for answer in answers]
        finish(ledger, queries, Lookup(ledger, queries, ledger.opened.operator), answers, words, {}, as_json)
