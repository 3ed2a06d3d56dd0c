"""`receipt`: one record's proof in a file that verifies anywhere, without this ledger."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli.acting import open_ledger, reading
from cli.lookup import Lookup
from cli.words import local, say
from ledger import bootstrap
from ledger.log import promise, statement
from ledger.log.checkpoint import Policy
from ledger.log.wire import encode_base64
from ledger.service import NotFound, NotYet


class NotSigned(NotFound):
    """No checkpoint that meets the policy holds the entry so far."""

    code = "not-signed-yet"
    zh = "第 {index} 条尚无检查点；已承诺不迟于 {deadline} 收录"
    en = "no checkpoint holds entry {index} yet; one is promised by {deadline}"


@click.command()
@click.argument("name")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="To a file (standard output).")
@reading
def command(name: str, output: Path | None, as_json: bool) -> None:
    """A receipt (C2SP tlog-proof) for the record NAME: its place in the log, its id or its statement hash.

    Whoever has it, the policy and trust.json verifies it offline: see verify-receipt.

    \b
    Example:
    wasteledger receipt 1 -o receipt.txt
    """
    with open_ledger() as (ledger, queries):
        record = Lookup(ledger, queries, "").record(name)
        said = statement.parse(record.statement)
        path = bootstrap.settings().policy
        made = ledger.receipt(said.id, Policy.parse(path.read_text(encoding="utf-8")) if path.exists() else None)
        offset = ledger.regime.offset
    if isinstance(made, NotYet):
        deadline = promise.parse(made.promise).deadline
        raise NotSigned(index=made.index, deadline=local(deadline, offset), got=encode_base64(made.promise_signature))
    if output is not None:
        output.write_text(made, encoding="utf-8")
    if as_json:
        click.echo(json.dumps({"index": record.index, "id": said.id, "type": said.type, "receipt": made}))
    elif output is None:
        click.echo(made, nl=False)
    else:
        click.echo(
            say(
                f"第 {record.index} 条（{said.type}）的收据：{output}",
                f"receipt of entry {record.index} ({said.type}): {output}",
            )
        )
