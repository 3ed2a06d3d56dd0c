"""`catalogue`: the national catalogue of hazardous wastes, edition by edition."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, TextIO

import click

from cli.acting import Actor, acting, open_ledger, reading, rows_out
from cli.values import moment_at
from cli.words import say
from fixtures import open_text
from ledger import bootstrap
from ledger.custody.events import body_of
from ledger.exchange.catalogue import carried, catalogue_of, read_catalogue

command = click.Group("catalogue", help=__doc__)


@command.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--edition", required=True, help="For instance 2021: that one is carried and needs no FILE.")
@click.option("--exemptions", type=click.File("r", encoding="utf-8"), help="Its exemption list, JSON: a list of rows.")
@click.option("--from", "effective_from", help="In force from this day on (YYYY-MM-DD).")
@acting
def import_(
    actor: Actor, file: TextIO | None, edition: str, exemptions: TextIO | None, effective_from: str | None
) -> None:
    """Adopt an edition, from a CSV FILE with the columns code, category_name, industry, description, hazard.

    Rows of --exemptions have row, item, codes, waste, stage, condition, content. Without it the newest edition that
    has an exemption list goes on giving it.

    The ledger names the edition by the hash of its content and keeps the content beside it.

    \b
    Example:
    wasteledger catalogue import --edition 2021 --as bureau
    """
    with open_text("cn/editions.json") as listed:
        known: dict[str, Any] = next((e for e in json.load(listed) if e["edition"] == edition), {})
    if file is None and "catalogue" not in known:
        raise click.UsageError(say(f"未附 {edition} 年版，请给出 FILE", f"edition {edition} is not carried: give FILE"))
    day = effective_from or known.get("in_force_from")
    if day is None:
        raise click.UsageError(say("请用 --from 给出施行日期", "say with --from from which day it is in force"))
    rows = _rows(exemptions) if exemptions is not None else []
    read = read_catalogue(file, exemptions=rows) if file is not None else carried(edition)
    actor.ledger.keep_document(read.content)
    n = len(read.wastes)
    zh, en = f"已采用名录 {edition}，{n} 个代码", f"catalogue {edition} with {n} codes is adopted"
    if not read.exemptions:
        zh, en = f"{zh}（无豁免清单，沿用上一版）", f"{en} (no exemption list: the earlier one stays in use)"
    actor.says("catalogue-adopted", read.body(edition, day), zh, en)


def _rows(file: TextIO) -> list[dict[str, Any]]:
    try:
        rows = json.load(file)
    except ValueError as error:
        raise click.UsageError(
            say(f"豁免清单不是 JSON：{error}", f"the exemption list is not JSON: {error}")
        ) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise click.UsageError(say("豁免清单应为对象的列表", "the exemption list: expected a list of objects"))
    return rows


@command.command("list")
@reading
def list_(as_json: bool) -> None:
    """Every adopted edition.

    \b
    Example:
    wasteledger catalogue list
    """
    with open_ledger() as (_, queries):
        editions = queries.registry().catalogues
    rows_out([body_of(edition) for edition in editions], as_json)


@command.command()
@click.argument("code")
@click.option("--on", "day", help="The edition in force on this day (today).")
@reading
def show(code: str, day: str | None, as_json: bool) -> None:
    """What the catalogue says of a code, or of every code that begins so.

    \b
    Example:
    wasteledger catalogue show 900-214-08
    """
    with open_ledger() as (ledger, queries):
        today = ledger.regime.day_of(moment_at(None, bootstrap.clock(), ledger.regime.offset))
        edition = queries.registry().catalogue_on(day or today)
        if edition is None:
            raise click.UsageError(
                say("尚未采用名录：catalogue import", "no catalogue is adopted yet: catalogue import")
            )
        wastes = catalogue_of(ledger.document(edition.content)).wastes
    found = [asdict(waste) for waste in wastes if waste.code.startswith(code)]
    if not found:
        raise click.UsageError(
            say(f"名录 {edition.edition} 中没有 {code}", f"catalogue {edition.edition} has no {code}")
        )
    rows_out(found, as_json)
