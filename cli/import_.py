"""`import`: what an enterprise already has: its books as the five tables of HJ 1259-2022."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import click

from cli import keyring
from cli.acting import Actor, Refused, open_actor, person_id, reading, settle
from cli.books import rows_of
from cli.progress import progress
from cli.words import language, say
from ledger.custody.events import parse
from ledger.exchange.hj1259 import Context, Plan, plan, read_workbook
from ledger.log.hashing import seal_commitment
from ledger.service import Answer, SealedText

command = click.Group("import", help=__doc__)
BATCH = 1_000


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "as_", envvar="WASTELEDGER_AS", help="Who signs: a name in the keyring, or a key folder.")
@click.option("--site", help="Where the books were kept (the party's only site).")
@click.option("--register-facilities", is_flag=True, help="Register facilities that the books name and nobody knows.")
@click.option("--accept-good-rows", is_flag=True, help="Import the rows without fault although others have some.")
@click.option("--dry-run", is_flag=True, help="Only say what would be imported.")
@reading
def hj1259(
    file: Path,
    as_: str | None,
    site: str | None,
    register_facilities: bool,
    accept_good_rows: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import an enterprise's books (a workbook with the tables B.1 to B.5), each row signed as a transcription.

    Nothing is written while any row is faulty: all faults are listed at once, with sheet, row, column and what to do.
    Rows that the ledger holds are skipped; where it holds something else, the correction to make is listed. What B.5
    says was delivered stays asserted until its receiver says so too.

    \b
    Example:
    wasteledger import hj1259 books.xlsx --register-facilities --as ann
    """
    with open_actor(as_, None) as actor:
        planned = plan_of(actor, file.read_bytes(), site)
        unregistered = () if register_facilities else planned.needs
        stopped = bool(planned.faults and not accept_good_rows) or bool(unregistered)
        written = None if stopped or dry_run else record(actor, planned, accept_good_rows)
        if as_json:
            click.echo(json.dumps(document(planned, written), ensure_ascii=False, indent=1))
        else:
            say_plan(planned, unregistered, stopped)
            if written is not None:
                say_written(written)
    if stopped or (written is not None and written.failed):
        raise Refused("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of an import's statements."""

    recorded: int
    failed: tuple[Answer, ...]
    first: int | None
    last: int | None


def plan_of(actor: Actor, content: bytes, site: str | None = None) -> Plan:
    """What importing the workbook as this person would do."""
    ledger, queries = actor.ledger, actor.queries
    workbook = read_workbook(content, ledger.regime)
    context = Context.of(
        queries.registry(),
        origin=ledger.origin,
        party=actor.party,
        site=actor.find.site(site),
        recorded=rows_of(ledger, queries, actor.party),
        person=cache(lambda name: person_id(actor, name)),
        regime=ledger.regime,
    )
    return plan(workbook, context)


def record(actor: Actor, planned: Plan, accept_good_rows: bool = False) -> Written:
    """Sign and record everything, a thousand statements at a time: what is recorded stays if the rest is cut off, and
    the same import goes on from there."""
    drafts = planned.drafts(_sealed, accept_good_rows=accept_good_rows)
    total, done = len(planned.needs) + len(planned.told), 0
    recorded, failed, places = 0, list[Answer](), list[int]()
    with progress(say("导入", "importing")) as bar:
        while batch := list(islice(drafts, BATCH)):
            submissions = []
            for draft in batch:
                event = parse(draft.type, draft.body, actor.ledger.regime)
                made = actor.me.chain.statement(event, draft.at, draft.id, draft.body)
                submissions.append(keyring.signed(made, draft.sealed, actor.me.note))
            actor.me.put(submissions)
            for answer in actor.me.deliver(actor.ledger.record):
                recorded += answer.outcome == "recorded"
                failed += [answer] if answer.outcome != "recorded" else []
                places += [answer.index] if answer.index is not None else []
            done += len(batch)
            bar(done, max(total, done))
    settle(actor.ledger, actor.queries)
    return Written(
        recorded=recorded,
        failed=tuple(failed),
        first=min(places, default=None),
        last=max(places, default=None),
    )


def say_plan(planned: Plan, unregistered: tuple[Any, ...], stopped: bool) -> None:
    """Everything there is to say of the rows."""
    lang = language()
    for remark in (*planned.faults, *planned.corrections):
        click.echo(f"! {remark.says(lang)}")
    for notice in planned.notices:
        click.echo(notice.says(lang))
    for draft in unregistered:
        code = draft.body["code"]
        click.echo(
            say(
                f"! 设施 {code} 未登记：先 facility register，或加 --register-facilities",
                f"! facility {code} is not registered: facility register it, or add --register-facilities",
            )
        )
    new, differing, faults = len(planned.told), len(_differing(planned)), len(planned.faults)
    same = planned.skipped - differing
    zh = f"新行 {new}，已有相同内容跳过 {same}，内容不同待更正 {differing}，有误 {faults}"
    en = f"{new} new rows, {same} skipped: same content, {differing} to be corrected: other content, {faults} faults"
    click.echo(say(zh, en))
    if stopped:
        click.echo(say("未写入任何内容", "nothing was written"))


def say_written(written: Written) -> None:
    if written.recorded:
        span = f"#{written.first}–#{written.last}"
        click.echo(
            say(
                f"已签署并记录 {written.recorded} 条声明（{span}）",
                f"{written.recorded} statements signed and recorded ({span})",
            )
        )
    for answer in written.failed:
        words = answer.error.says(language()) if answer.error is not None else ""
        click.echo(
            say(f"! 未记录 {answer.id}：{answer.code} {words}", f"! not recorded {answer.id}: {answer.code} {words}")
        )


def document(planned: Plan, written: Written | None) -> dict[str, Any]:
    lang = language()

    def remarks(found: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [{"code": r.code, "message": r.says(lang), **{k: str(v) for k, v in r.fields.items()}} for r in found]

    return {
        "workbook": planned.workbook.sha256,
        "new": len(planned.told),
        "skipped": planned.skipped - len(_differing(planned)),
        "faults": remarks(planned.faults),
        "corrections": remarks(planned.corrections),
        "notices": remarks(planned.notices),
        "facilities": [draft.body["code"] for draft in planned.needs],
        "recorded": None if written is None else written.recorded,
        "not_recorded": [] if written is None else [{"id": a.id, "code": a.code} for a in written.failed],
    }


def _differing(planned: Plan) -> set[tuple[str, int]]:
    """The rows that the ledger holds with other content."""
    return {correction.place for correction in planned.corrections}


def _sealed(path: str, clear: str) -> tuple[str, SealedText]:
    salt = os.urandom(32)
    return seal_commitment(salt, path, clear), SealedText(path=path, salt=salt, value=clear)
