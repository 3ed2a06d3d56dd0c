"""A person acting in the ledger at this machine: says what happened, signs it, delivers it and reads out the answer."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from cli import keyring
from cli.keyring import Member
from cli.lookup import Lookup
from cli.values import moment_at
from cli.words import language, local, mass, say, speak
from ledger import bootstrap
from ledger.custody.events import parse
from ledger.custody.flags import RULES
from ledger.custody.postings import Posting
from ledger.custody.rules import Refusal
from ledger.exchange.author import seal
from ledger.log import statement
from ledger.queries import Queries
from ledger.service import Answer, KeyAbsent, Ledger, Submission

F = TypeVar("F", bound=Callable[..., Any])
_FLAGS_MAX = 8
_STREAM = re.compile(r"\b[a-z]{1,11}:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class Waste(Protocol):
    """What a new container holds: a profile's or another container's."""

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...


class Refused(click.ClickException):
    """Something was refused: everything about it has been said already."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        if self.message:
            super().show(file)


@dataclass(slots=True)
class _Said:
    """One event to be signed, with its words for the reader."""

    type: str
    body: dict[str, Any]
    at: str
    words: str
    id: str


@dataclass(slots=True, kw_only=True)
class Actor:
    """Who acts, on which ledger, when it happened. Commands call `says`; signing and delivery come at their end."""

    ledger: Ledger
    queries: Queries
    find: Lookup
    me: Member
    at: str
    people: Path
    _said: list[_Said] = field(default_factory=list)
    _made: dict[str, str] = field(default_factory=dict)
    _next: str = ""

    @property
    def party(self) -> str:
        return self.me.chain.party

    def new(self, kind: str, name: str = "") -> str:
        """A fresh id; `name` is what --json calls it."""
        made = f"{kind}:{self.ledger.new_id()}"
        self._made[name or kind] = made
        return made

    def person(self, name: str | None) -> dict[str, Any] | None:
        """Somebody named in a statement: a random id, always the same for one name in one party, and a sealed name."""
        return None if name is None else {"person": person_id(self, name), "name": {"clear": name}}

    def into(self, name: str, grams: int, waste: Waste | None, kind: str) -> dict[str, Any]:
        """What is put into a container: one in use keeps what it is, another code begins as `waste`."""
        if self.find.in_use(name):
            known = self.find.container(name)
            return {
                "container": known.id,
                "code": known.code,
                "kind": known.kind,
                "name": known.name,
                "net_g": grams,
            }
        assert waste is not None
        return {
            "container": self.new("container", name),
            "code": waste.code,
            "kind": kind,
            "name": waste.name,
            "new": True,
            "container_code": name,
            "net_g": grams,
        }

    def says(
        self,
        type_: str,
        body: dict[str, Any],
        zh: str,
        en: str,
        at: str | None = None,
        id: str | None = None,
    ) -> None:
        """Something happened; absent values are left out of the body."""
        said = _Said(type_, present(body), at or self.at, say(zh, en), id or self.ledger.new_id())
        self._said.append(said)

    def then(self, command: str) -> None:
        """What to do next."""
        self._next = command

    def signed(self) -> list[Submission]:
        """Everything said, signed in order and safely in the outbox."""
        batch = []
        # All forms are checked before the first is signed: a signed statement has its place in the chain.
        sealed = [(said, *seal(said.body, os.urandom)) for said in self._said]
        events = [parse(said.type, body, self.ledger.regime) for said, body, _ in sealed]
        for event, (said, body, texts) in zip(events, sealed, strict=True):
            made = self.me.chain.statement(event, said.at, said.id, body)
            batch.append(keyring.signed(made, texts, self.me.note))
        self.me.put(batch)
        return batch

    def deliver(self, as_json: bool) -> None:
        """Sign, send, follow, sign the log, and say what became of it; raises Refused when any of it was refused."""
        self.signed()
        answers = self.me.deliver(self.ledger.record) if self._said else []
        words = [said.words for said in self._said]
        finish(self.ledger, self.queries, self.find, answers, words, self._made, as_json)
        if self._next and not as_json:
            click.echo(say("下一步：", "next: ") + self._next)


def present(value: Any) -> Any:
    """A body without what was not given."""
    if isinstance(value, dict):
        return {k: present(v) for k, v in value.items() if v is not None and v is not False and v not in ("", [], ())}
    return [present(v) for v in value] if isinstance(value, (list, tuple)) else value


def acting(function: F) -> F:
    """Makes a function of an Actor and its own options the body of a command; what it returns is done once all that it
    said is recorded."""

    @click.option("--as", "as_", envvar="WASTELEDGER_AS", help="Who acts: a name in the keyring, or a key folder.")
    @click.option("--at", help="When it happened (now), for instance '2026-03-01 14:30', local time, or RFC 3339.")
    @reading
    @functools.wraps(function)
    def run(*, as_: str | None, at: str | None, as_json: bool, **options: Any) -> None:
        with open_actor(as_, at) as actor:
            afterwards = function(actor, **options)
            actor.deliver(as_json)
            if afterwards is not None:
                afterwards()

    return run  # type: ignore[return-value]


def reading(function: F) -> F:
    """The options of every command that answers: --json and --lang."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
    lang = click.option("--lang", type=click.Choice(["zh", "en"]), expose_value=False, callback=speak, is_eager=True)
    return as_json(lang(function))


@contextmanager
def open_ledger() -> Iterator[tuple[Ledger, Queries]]:
    """The ledger of this home with its read side brought up to date."""
    ledger = bootstrap.open_ledger(bootstrap.settings())
    try:
        queries = bootstrap.open_queries(ledger)
        queries.projector.follow()
        yield ledger, queries
    finally:
        ledger.close()


@contextmanager
def open_to_record() -> Iterator[tuple[Ledger, Queries]]:
    """The same, for who is going to record: not on an old backup."""
    with open_ledger() as opened:
        opened[0].verify_length()
        yield opened


@contextmanager
def open_actor(name: str | None, at: str | None) -> Iterator[Actor]:
    """The person who acts, after what the outbox still held was sent and the newest checkpoint was seen."""
    people = people_folder()
    with open_to_record() as (ledger, queries), keyring.member(people, chosen(people, name)) as me:
        resent = me.deliver(ledger.record)
        if resent:
            click.echo(say(f"已补发 {len(resent)} 条", f"re-sent {len(resent)} signed before"), err=True)
            queries.projector.follow()
        me.look(ledger.unwitnessed_checkpoint(), ledger.opened.log_key, ledger.tile)
        happened = moment_at(at, bootstrap.clock(), ledger.regime.offset)
        find = Lookup(ledger, queries, me.chain.party)
        yield Actor(ledger=ledger, queries=queries, find=find, me=me, at=happened, people=people)


def people_folder() -> Path:
    """Where the keyring lies."""
    return bootstrap.settings().home / "people"


def chosen(people: Path, name: str | None) -> str:
    """The person named, else the only one in the keyring."""
    if name is not None:
        return name
    known = keyring.names(people)
    if len(known) != 1:
        raise click.UsageError(
            say(
                f"请用 --as 指明由谁操作：{'、'.join(known)}",
                f"say who acts with --as: {', '.join(known) or 'nobody yet'}",
            )
        )
    return known[0]


def settle(ledger: Ledger, queries: Queries) -> None:
    """A command that wrote sequences, signs once and follows; where the log key is elsewhere its process signs."""
    ledger.sequence()
    try:
        ledger.sign()
    except KeyAbsent:
        click.echo(say("日志由另一进程签署", "another process signs the log"), err=True)
    queries.projector.follow()


def person_id(actor: Actor, name: str) -> str:
    """The random id that stands for a person in the acting party's statements."""
    for known in keyring.names(actor.people):
        saved = keyring.standing(actor.people, known)
        if known == name and saved["party"] == actor.party:
            return str(saved["person"])
    return keyring.remembered(actor.people, actor.party, name, f"person:{actor.ledger.new_id()}")


def rows_out(rows: list[dict[str, Any]], as_json: bool) -> None:
    """A list: a line each for people, one document for machines."""
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        cells = (" ".join(map(str, cell)) if isinstance(cell, (list, tuple)) else str(cell) for cell in row.values())
        click.echo("  ".join(cell for cell in cells if cell))


# ---------------------------------------------------------------------------------------------- what became of it


def finish(
    ledger: Ledger,
    queries: Queries,
    find: Lookup,
    answers: list[Answer],
    words: list[str],
    made: dict[str, str],
    as_json: bool,
) -> None:
    """A command that wrote sequences, says its answers, signs once and follows; raises Refused at the end when any
    statement was not recorded. Trouble with signing or following must not hide what is in the log already."""
    ledger.sequence()
    postings = {a.id: ledger.postings(a.statement) for a in answers if a.statement and a.outcome == "recorded"}
    numbered = [_numbered(ledger, answer) for answer in answers]
    if as_json:
        recorded = [_document(answer, postings.get(answer.id, [])) for answer in numbered]
        click.echo(json.dumps({"recorded": recorded, "made": made}, ensure_ascii=False, indent=1))
    else:
        for answer, said in zip(numbered, words, strict=True):
            if answer.outcome == "recorded":
                _recorded(ledger, find, answer, said, postings.get(answer.id, []))
            else:
                click.echo(_refused(ledger, find, answer, said), err=True)
    settle(ledger, queries)
    if not as_json:
        _warn(queries, find, answers, bootstrap.clock())
    if any(answer.outcome != "recorded" for answer in answers):
        raise Refused("")


def _numbered(ledger: Ledger, answer: Answer) -> Answer:
    """The answer with the place in the log that sequencing gave it since."""
    if answer.index is not None or answer.id is None or answer.entry is None:
        return answer
    return replace(answer, index=ledger.record_of(answer.id).index)


def _recorded(ledger: Ledger, find: Lookup, answer: Answer, words: str, postings: list[Posting]) -> None:
    click.echo(words)
    at = local(answer.received_at or "", ledger.regime.offset)
    place = (
        say("待编号", "no number yet")
        if answer.index is None
        else say(f"第 {answer.index} 条", f"entry {answer.index}")
    )
    name = answer.id if answer.index is None else answer.index
    click.echo(f"  {place} · {at} · wasteledger receipt {name}")
    sums: dict[tuple[str, str, str], int] = {}
    for posting in postings:
        key = (posting.debit.stage, posting.credit.stage, posting.credit.holder)
        sums[key] = sums.get(key, 0) + posting.grams
    for (taken, given, holder), grams in sums.items():
        click.echo(f"  {mass(grams)}: {taken} → {given} ({find.registry.name_of(holder)})")


def _refused(ledger: Ledger, find: Lookup, answer: Answer, words: str) -> str:
    """The rule, the law it cites, expected and got, by the names of things; and whether an entry says so."""
    error, lines = answer.error, [f"{say('未记录', 'not recorded')}: {words}"]
    reason = error.says(language()) if error is not None else ""
    lines.append(f"  {answer.code}: {_STREAM.sub(lambda stream: find.name(stream[0]), reason)}")
    if isinstance(error, Refusal) and answer.id is not None:
        # The law is that of the day on which it happened.
        day = ledger.regime.day_of(statement.parse(ledger.record_of(answer.id).statement).at)
        law = "；".join(ledger.regime.cite(key, day) for key in error.cites)
        lines.append(f"  {say('依据', 'law')}: {law}")
    if answer.index is not None:
        lines.append("  " + say(f"拒绝本身已入账，第 {answer.index} 条", f"the refusal itself is entry {answer.index}"))
    return "\n".join(lines)


def _warn(queries: Queries, find: Lookup, answers: list[Answer], now_ms: int) -> None:
    """The exceptions that stand on what was just touched; provisional, as a late statement may end them."""
    now = moment_at(None, now_ms, queries.regime.offset)
    touched = {link.stream for a in answers for link in a.links if a.outcome == "recorded"}
    standing = [
        (name, flag)
        for name in sorted(s for s in touched if s.startswith("container:"))[:_FLAGS_MAX]
        for flag in queries.container(name).flags
        if flag.open_at(now)
    ]
    for name, flag in standing[:_FLAGS_MAX]:
        rule = RULES[flag.rule]
        click.echo(f"! {find.name(name)}: {flag.rule}: {say(rule.zh, rule.en)}; {say(rule.todo_zh, rule.todo_en)}")


def _document(answer: Answer, postings: list[Posting]) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": answer.id,
        "statement": answer.statement,
        "outcome": answer.outcome,
        "code": answer.code,
        "index": answer.index,
        "received_at": answer.received_at,
        "links": [{"stream": link.stream, "seq": link.seq} for link in answer.links],
        "postings": [
            {"grams": p.grams, "debit": p.debit._asdict(), "credit": p.credit._asdict(), "cause": p.cause}
            for p in postings
        ],
    }
    if answer.error is not None:
        document["message"] = answer.error.says(language())
        document |= {k: str(v) for k, v in answer.error.fields.items() if k in ("expected", "got")}
    return {**present(document), "postings": document["postings"]}
