"""`verify-receipt`: proves one record offline, with the file and two pinned files alone; knows the log only."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli.words import language, say, speak
from ledger.errors import LedgerError
from ledger.log.checkpoint import Policy
from ledger.log.proof import VerifiedReceipt, verify_receipt
from ledger.log.trust import Trust

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_file)
@click.option(
    "--policy", type=_file, required=True, help="The policy you pinned: whose logs and witnesses you believe."
)
@click.option("--trust", type=_file, required=True, help="The trust.json you pinned: origin and genesis.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.option("--lang", type=click.Choice(["zh", "en"]), expose_value=False, callback=speak, is_eager=True)
def command(file: Path, policy: Path, trust: Path, as_json: bool) -> None:
    """Verify a receipt without the ledger: says what was proven and what was not, or which step failed (exit 1).

    \b
    Example:
    wasteledger verify-receipt receipt.txt --policy wasteledger/policy.txt --trust wasteledger/trust.json
    """
    try:
        proven = verify_receipt(file.read_bytes(), Policy.parse(policy.read_bytes()), Trust.parse(trust.read_bytes()))
    except LedgerError as error:
        if as_json:
            failed = {"verified": False, "code": error.code, "message": error.says(language())}
            click.echo(json.dumps(failed, ensure_ascii=False))
        raise
    if as_json:
        click.echo(json.dumps(_document(proven), ensure_ascii=False, indent=1))
        return
    said = proven.statement
    click.echo(proven.says(language()))
    click.echo(f"  {said.type} · {said.id} · {said.at}")
    click.echo(f"  {said.party} · {', '.join(said.about)}")
    click.echo(say(f"  收到 {proven.entry.received_at}", f"  received {proven.entry.received_at}"))
    click.echo(f"  {json.dumps(said.body, ensure_ascii=False, sort_keys=True)}")


def _document(proven: VerifiedReceipt) -> dict[str, object]:
    said = proven.statement
    return {
        "verified": True,
        "says": proven.says(language()),
        "index": proven.index,
        "size": proven.checkpoint.size,
        "origin": proven.checkpoint.origin,
        "level": say(proven.level_zh, proven.level),
        "witnesses": [{"name": name, "time": time} for name, time in proven.witnesses],
        "id": said.id,
        "type": said.type,
        "party": said.party,
        "by": said.by,
        "key": said.key,
        "at": said.at,
        "received_at": proven.entry.received_at,
        "refused": proven.entry.refused,
        "about": list(said.about),
        "body": said.body,
        "leaf_hash": proven.leaf_hash.hex(),
    }
