"""`export`: what others read: entries for mirrors, books as HJ 1259-2022 has them, manifests as EPA has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import click

from cli.acting import open_ledger, reading
from cli.lookup import Lookup
from cli.progress import progress
from cli.words import say
from ledger.books import Reveal, rows_of
from ledger.exchange import emanifest as epa
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

    It is all that a mirror needs to recompute the log, and `restore` to bring it back: with what was adopted from
    quarantine, and notes of a split view. Personal data is in none of it, only commitments to it.

    \b
    Example:
    wasteledger export entries -o entries.jsonl
    """
    with open_ledger() as (ledger, _), progress(say("导出", "exporting")) as bar:
        size, grounds = ledger.size(), ledger.grounds()
        stop = size if stop is None else min(stop, size)
        for record in ledger.records(start, stop):
            output.write(line(record, grounds) + "\n")
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


@command.command()
@click.argument("manifest")
@click.option("-o", "--output", type=click.File("w", encoding="utf-8", atomic=True), default="-", help="To a file.")
@reading
def emanifest(manifest: str, output: IO[str], as_json: bool) -> None:
    """A manifest as a document of EPA's e-Manifest (JSON schema 1.3), from imported and from native records.

    \b
    Example:
    wasteledger export emanifest 900000017ZZZ -o again.json
    """
    with open_ledger() as (ledger, queries):
        if ledger.regime.name != epa.REGIME.name:
            raise epa.OtherRegime(expected=epa.REGIME.name, got=ledger.regime.name)
        stream = Lookup(ledger, queries, "").manifest(manifest).id
        facts = {f.id: f for f in ledger.facts(stream)}
        containers = {name for f in facts.values() for name in f.event.containers()}
        facts |= {f.id: f for name in sorted(containers) for f in ledger.facts(name)}
        known = epa.recorded_manifest(facts.values(), stream, queries.registry(), Reveal(ledger, facts.values()))
    output.write(epa.document_text(known, stream))
    _said(output, as_json, len(known.lines), say("行", "lines"))


def line(record: Record, grounds: Mapping[str, dict[str, Any]]) -> str:
    """One entry for a mirror, with what it rests on that is no entry."""
    received = entry.parse(record.entry)
    document = {
        "index": record.index,
        "entry": record.entry.decode(),
        "statement": record.statement.decode(),
        "signature": received.signature,
        "public_key": record.public_key.hex(),
        **grounds.get(received.statement, {}),
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
