"""`import`: what there is already: an enterprise's books as HJ 1259-2022 has them, EPA's e-Manifest documents."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import click

from cli import keyring
from cli.acting import Actor, Refused, open_actor, person_id, reading, settle
from cli.progress import progress
from cli.words import language, say
from ledger.books import rows_of
from ledger.custody.events import parse
from ledger.custody.regimes.base import Regime
from ledger.exchange import emanifest as epa
from ledger.exchange.author import Signed
from ledger.exchange.hj1259 import Context, Draft, Plan, plan, read_workbook
from ledger.log import statement
from ledger.log.hashing import seal_commitment
from ledger.log.keys import PublicKey
from ledger.service import Answer, Ledger, NotFound, SealedText
from ledger.store.door import signed_hash
from ledger.store.garbage import uncollected
from ledger.store.others import ahead

command = click.Group("import", help=__doc__)
BATCH = 2_000  # what one transaction takes
FIRST = 200  # statements that are waited for, with nothing to record meanwhile


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
    with uncollected(), open_actor(as_, None) as actor:
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
        del planned  # as large as the books: those who share in following would carry it too
        if written is not None:
            follow(actor)
    if stopped or (written is not None and written.failed):
        raise Refused("")


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "as_", envvar="WASTELEDGER_AS", help="Who signs: a name in the keyring, or a key folder.")
@click.option("--register-parties", is_flag=True, help="Register parties and sites that nobody knows yet.")
@click.option("--accept-good-files", is_flag=True, help="Import the documents without fault although others have some.")
@click.option("--dry-run", is_flag=True, help="Only say what would be imported.")
@reading
def emanifest(
    files: tuple[Path, ...],
    as_: str | None,
    register_parties: bool,
    accept_good_files: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import manifests of EPA's e-Manifest (JSON schema 1.3), each step signed as a transcription of the document.

    A registrar tells all steps; any other party its own ones, and what is left for others is listed, as is every value
    that has no place here. The signatures in a document are quoted, not ours. A faulty document is refused with all
    its faults, and nothing is written. Steps that the ledger holds are skipped; other content is a correction to make.

    \b
    Example:
    wasteledger import emanifest manifest.json --register-parties --as bureau
    """
    with open_actor(as_, None) as actor:
        documents, faults = read_documents(actor.ledger, files)
        stopped = bool(faults) and not accept_good_files
        planned = plan_documents(actor, documents)
        stopped = stopped or bool(planned.faults) or bool(planned.needs and not register_parties)
        written = None if stopped or dry_run else record_drafts(actor, planned.drafts, len(planned.drafts))
        if as_json:
            answer = document_of(planned, faults, written)
            click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
        else:
            say_documents(planned, faults, register_parties, stopped)
            if written is not None:
                say_written(written)
                follow(actor)
    if stopped or faults or (written is not None and written.failed):
        raise Refused("")


def read_documents(ledger: Ledger, files: Iterable[Path]) -> tuple[list[epa.Document], list[epa.Fault]]:
    """The documents that can be taken, and every fault of the others."""
    if ledger.regime.name != epa.REGIME.name:
        raise epa.OtherRegime(expected=epa.REGIME.name, got=ledger.regime.name)
    documents, faults = list[epa.Document](), list[epa.Fault]()
    for file in files:
        try:
            documents.append(epa.read_document(file.read_bytes(), file.name, ledger.now()))
        except epa.DocumentRefused as refused:
            faults += refused.remarks
    return documents, faults


def plan_documents(actor: Actor, documents: list[epa.Document]) -> epa.Plan:
    """What importing the documents as this person would do."""
    ledger = actor.ledger
    standing = ledger.author(actor.me.chain.key.public.hash.hex())

    def known(id_: str) -> dict[str, Any] | None:
        try:
            return statement.parse(ledger.record_of(id_).statement).body
        except NotFound:
            return None

    context = epa.Context(
        origin=ledger.origin,
        party=actor.party,
        registrar=standing is not None and "registrar" in standing.roles,
        registry=actor.queries.registry(),
        known=known,
        person=cache(lambda name: person_id(actor, name)),
        now=ledger.now(),
    )
    return epa.plan(documents, context, _sealed)


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
        now=ledger.now(),
        regime=ledger.regime,
    )
    return plan(workbook, context)


def record(actor: Actor, planned: Plan, accept_good_rows: bool = False) -> Written:
    """Sign and record everything, two thousand statements at a time: what is recorded stays if the rest is cut off, and
    the same import goes on from there."""
    drafts = planned.drafts(_sealed, accept_good_rows=accept_good_rows)
    return record_drafts(actor, drafts, len(planned.needs) + planned.new)


def follow(actor: Actor) -> None:
    """Sequence, sign and take in what was recorded."""
    actor.ledger.rest()
    settle(actor.ledger, actor.queries)


def record_drafts(actor: Actor, drafts: Iterable[Draft], total: int) -> Written:
    """Sign and record drafts in their order; many are signed by another process while this one records those before."""
    ledger, me, done, numbered = actor.ledger, actor.me, 0, enumerate(drafts)
    recorded, failed, places = 0, list[Answer](), list[int]()
    with progress(say("导入", "importing")) as bar:
        broken = True
        while broken:
            broken = False
            rest = partial(_signed, me, ledger.regime, numbered, done)
            with ahead(ledger.engine, rest) if total - done > BATCH else nullcontext(rest()) as batches:
                for first, verified, written in batches:
                    me.keep(first, written)
                    for answer in me.deliver(partial(ledger.record, verified=verified)):
                        recorded += answer.outcome == "recorded"
                        failed += [answer] if answer.outcome != "recorded" else []
                        places += [answer.index] if answer.index is not None else []
                    count = len(verified)
                    done += count
                    bar(done, max(total, done))
                    if me.chain.seq != first + count - 1:  # one was not received: what is signed on top has no place
                        broken = True
                        break
    return Written(
        recorded=recorded,
        failed=tuple(failed),
        first=min(places, default=None),
        last=max(places, default=None),
    )


def _signed(
    me: keyring.Member, regime: Regime, numbered: Iterable[tuple[int, Draft]], done: int
) -> Iterator[tuple[int, set[bytes], bytes]]:
    """The drafts beyond those done in batches, each as a file of the outbox: its first seq, the `signed_hash` of each
    statement, whose signature was verified here, and its lines."""
    chain, left, size = replace(me.chain), (draft for n, draft in numbered if n >= done), FIRST
    while batch := list(islice(left, size)):
        first, size = chain.seq + 1, BATCH
        made = [chain.statement(parse(d.type, d.body, regime), d.at, d.id, d.body) for d in batch]
        verified = {_verified(each, chain.key.public) for each in made}
        signed = (keyring.signed(each, draft.sealed, me.note) for each, draft in zip(made, batch, strict=True))
        yield first, verified, keyring.lines(signed)


def _verified(made: Signed, public: PublicKey) -> bytes:
    raw = statement.verify_signature(made.raw, made.signature, public)
    return signed_hash(statement.statement_hash(raw), made.signature)


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
    new, differing, faults = planned.new, len(_differing(planned)), len(planned.faults)
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


def say_documents(planned: epa.Plan, faults: list[epa.Fault], register_parties: bool, stopped: bool) -> None:
    """Everything there is to say of the documents."""
    lang = language()
    for remark in (*faults, *planned.faults, *planned.corrections):
        click.echo(f"! {remark.says(lang)}")
    for notice in planned.notices:
        click.echo(notice.says(lang))
    for draft in () if register_parties else planned.needs:
        name = draft.body["name"]
        click.echo(
            say(
                f"! {name} 未登记：先 party register 与 site register，或加 --register-parties",
                f"! {name} is not registered: party register and site register it, or add --register-parties",
            )
        )
    count, new, known = len(planned.documents), len(planned.told), planned.skipped
    zh = f"文件 {count}，新声明 {new}，已有跳过 {known}，有误 {len(faults)}"
    click.echo(say(zh, f"{count} documents, {new} new statements, {known} known already, {len(faults)} faults"))
    if stopped:
        click.echo(say("未写入任何内容", "nothing was written"))


def document_of(planned: epa.Plan, faults: list[epa.Fault], written: Written | None) -> dict[str, Any]:
    return {
        "documents": [
            {
                "file": d.file,
                "sha256": d.sha256,
                "number": d.manifest.number,
                "lines": len(d.manifest.lines),
                "not_mapped": [{"path": path, "value": str(value)} for path, value in d.unmapped],
            }
            for d in planned.documents
        ],
        "new": len(planned.told),
        "skipped": planned.skipped,
        "faults": _remarks((*faults, *planned.faults)),
        "corrections": _remarks(planned.corrections),
        "notices": _remarks(planned.notices),
        "parties": [draft.body["name"] for draft in planned.needs if draft.type == "party-registered"],
        "recorded": None if written is None else written.recorded,
        "not_recorded": [] if written is None else [{"id": a.id, "code": a.code} for a in written.failed],
    }


def _remarks(found: Iterable[Any]) -> list[dict[str, Any]]:
    lang = language()
    return [{"code": r.code, "message": r.says(lang), **{k: str(v) for k, v in r.fields.items()}} for r in found]


def document(planned: Plan, written: Written | None) -> dict[str, Any]:
    return {
        "workbook": planned.workbook,
        "new": planned.new,
        "skipped": planned.skipped - len(_differing(planned)),
        "faults": _remarks(planned.faults),
        "corrections": _remarks(planned.corrections),
        "notices": _remarks(planned.notices),
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
