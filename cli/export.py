"""`export`: what others read: entries for mirrors, an enterprise's books as HJ 1259-2022 has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click

from cli.acting import open_ledger, reading
from cli.books import rows_of
from cli.lookup import Lookup
from cli.progress import progress
from cli.words import say
from ledger.exchange.hj1259 import write_workbook
from ledger.log import entry
from ledger.service import Record

command = click.Group("export", help=__doc__)


@command.command()
@click.option("--from", "start", type=click.IntRange(0), default=0, show_default=True, help="The first entry.")
@click.option("--until", "stop", type=click.IntRange(0), help="Up to and without this entry (all there are).")
@click.option("-o", "--output", type=click.File("w", encoding="utf-8", atomic=True), default="-", help="To a file.")
@reading
def entries(start: int, stop: int | None, output: IO[str], as_json: bool) -> None:
    """Every entry as a line of JSON: its place, the exact entry and statement, the signature, the author's public key.

    It is all that a mirror needs to recompute the log; personal data is in none of it, only commitments to it.

    \b
    Example:
    wasteledger export entries -o entries.jsonl
    """
    with open_ledger() as (ledger, _), progress(say("导出", "exporting")) as bar:
        size = ledger.size()
        stop = size if stop is None else min(stop, size)
        for record in ledger.records(start, stop):
            output.write(line(record) + "\n")
            bar((record.index or 0) + 1 - start, stop - start)
    _said(output, as_json, max(0, stop - start), say("条", "entries"))


@command.command()
@click.option("--party", required=True, help="Whose books.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The .xlsx file.")
@reading
def hj1259(party: str, output: Path, as_json: bool) -> None:
    """A party's five tables B.1 to B.5, from imported and from native records; imported again they are all skipped.

    \b
    Example:
    wasteledger export hj1259 --party Garage -o books.xlsx
    """
    with open_ledger() as (ledger, queries):
        found = rows_of(ledger, queries, Lookup(ledger, queries, "").any_party(party))
        output.write_bytes(write_workbook((told.row for told in found), ledger.regime))
    _report(as_json, len(found), say("行", "rows"), str(output))


def line(record: Record) -> str:
    """One entry for a mirror."""
    received = entry.parse(record.entry)
    document = {
        "index": record.index,
        "entry": record.entry.decode(),
        "statement": record.statement.decode(),
        "signature": received.signature,
        "public_key": record.public_key.hex(),
    }
    return json.dumps(document, ensure_ascii=False)


def _said(output: IO[str], as_json: bool, count: int, unit: str) -> None:
    # The lines themselves are the answer where they went to standard output.
    if output.name not in ("-", "<stdout>"):
        _report(as_json, count, unit, output.name)


def _report(as_json: bool, count: int, unit: str, where: str) -> None:
    click.echo(
        json.dumps({"count": count, "file": where}, ensure_ascii=False) if as_json else f"{where}: {count} {unit}"
    )
