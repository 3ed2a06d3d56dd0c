"""`show`: the whole story of a container or a manifest; what lies at a party, site or facility."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from cli.acting import open_ledger, reading
from cli.lookup import Lookup
from cli.telling import KINDS, LINES, STATUS, exception, exception_document, happened, word
from cli.words import local, mass, say, short
from ledger.custody.container import Manifest, thing_from
from ledger.custody.decide import unwrapped
from ledger.custody.events import body_of
from ledger.custody.flags import Flag
from ledger.log import entry, statement
from ledger.queries import Queries, Step, Unknown
from ledger.service import Ledger, Record


@click.command()
@click.argument("thing")
@reading
def command(thing: str, as_json: bool) -> None:
    """Show a container or manifest: what it is, where, who holds it, every step with its seal, what is wrong. Of a
    party, site or facility: what lies there with when it must be gone, and the manifests under way.

    THING is a code on a container or label, a manifest number, a registered name, an id or the start of one. The number
    before a step is its place in the log: `receipt NUMBER` proves it.

    \b
    Example:
    wasteledger show Workshop
    wasteledger show drum-1
    """
    with open_ledger() as (ledger, queries):
        find = Lookup(ledger, queries, "")
        try:
            found = queries.find(thing, "container", "manifest")
        except Unknown:
            found = queries.find(thing, *_SHOWN)
        shown = _SHOWN[found.kind](ledger, queries, find, found.id)
        if as_json:
            click.echo(json.dumps(shown.document(), ensure_ascii=False, indent=1))
        else:
            click.echo("\n".join(shown.lines()))


class _Story:
    """What both have: steps, refused attempts, words."""

    def __init__(self, ledger: Ledger, queries: Queries, find: Lookup, id_: str, steps: Sequence[Step]) -> None:
        self.ledger, self.queries, self.find, self.id, self.steps = ledger, queries, find, id_, steps
        self.regime = ledger.regime
        self.refused = list(_refused(ledger, steps, id_))

    def flags(self) -> Sequence[Flag]:
        raise NotImplementedError

    def head(self) -> Iterator[str]:
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        raise NotImplementedError

    def lines(self) -> Iterator[str]:
        yield from self.head()
        yield ""
        yield say("经过（当地时间，左为条目号）", "what happened (local time; the number is the entry)")
        for step in self.steps:
            fact = unwrapped(step.fact)
            when, what = local(fact.at, self.regime.offset), happened(fact.event, self.id, self.find.name)
            yield f"  {f'#{step.index}':>6}  {when}  {what}"
            yield f"          {self._author(step)}"
        for record in self.refused:
            said, received = statement.parse(record.statement), entry.parse(record.entry)
            words = say(f"被拒绝：{received.refused}", f"refused: {received.refused}")
            yield f"  #{record.index}  {local(said.at, self.regime.offset)}  {said.type} · {words}"
        open_, closed = ([f for f in self.flags() if bool(f.closed_at) == ended] for ended in (False, True))
        for title, flags in (
            (say("异常", "exceptions"), open_),
            (say("已结束的异常", "exceptions that ended"), closed),
        ):
            if flags:
                yield ""
                yield title
                yield from (f"  {line}" for flag in flags for line in exception(flag, self.find.name, self.regime))
        if not open_:
            yield ""
            yield say("没有未结的异常", "no exception stands")

    def document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            **self.state(),
            "steps": [self._step(step) for step in self.steps],
            "refused": [_attempt(record) for record in self.refused],
            "exceptions": [exception_document(f, self.find.name, self.regime) for f in self.flags()],
        }

    def _author(self, step: Step) -> str:
        """Who said it, how their key stands, who handled it (where the name may still be read), when it came."""
        fact = step.fact
        by = f"{self.find.name(fact.by.party)} {short(fact.by.person)}"
        if fact.by.server:
            by += say("（代管密钥）", " (custodial key)")
        if fact.by.vouched_by:
            guarantor = self.find.name(fact.by.vouched_by)
            by += say(f"（一次性密钥，{guarantor} 担保）", f" (one-time key, vouched for by {guarantor})")
        named = [v for path, v in self.ledger.clear_text(fact.id).items() if path.endswith("handler.name")]
        by += "".join(say(f"，经办人 {name}", f", handled by {name}") for name in named)
        received = local(fact.received_at, self.regime.offset)
        late = (
            ""
            if received == local(fact.at, self.regime.offset)
            else say(f"，{received} 收到", f", received {received}")
        )
        return by + late

    def _step(self, step: Step) -> dict[str, Any]:
        fact = step.fact
        return {
            "index": step.index,
            "statement": fact.statement,
            "id": fact.id,
            "type": fact.event.type,
            "at": fact.at,
            "received_at": fact.received_at,
            "party": fact.by.party,
            "party_name": self.find.name(fact.by.party),
            "by": fact.by.person,
            "words": happened(unwrapped(fact).event, self.id, self.find.name),
            "body": body_of(fact.event),
        }


class _Container(_Story):
    def __init__(self, ledger: Ledger, queries: Queries, find: Lookup, id_: str) -> None:
        self.story = queries.container(id_)
        self.clocks = queries.clocks(id_)
        super().__init__(ledger, queries, find, id_, self.story.steps)

    def flags(self) -> Sequence[Flag]:
        return sorted(self.story.flags, key=lambda f: (f.opened_at, f.rule))

    def state(self) -> dict[str, Any]:
        thing = dataclasses.asdict(self.story.thing)
        lots = [{**account._asdict(), "lot": part._asdict()} for account, part in self.story.lots]
        clocks = [dataclasses.asdict(clock) for clock in self.clocks]
        return {"kind": "container", "state": thing, "lots": lots, "clocks": clocks}

    def head(self) -> Iterator[str]:
        thing, name = self.story.thing, self.find.name
        yield f"{thing.container_code or name(self.id)} · {thing.name} · {thing.code}"
        yield say(
            f"  容器 {self.id}（{word(KINDS, thing.kind)}）", f"  container {self.id} ({word(KINDS, thing.kind)})"
        )
        where = [word(STATUS, thing.status)]
        where += [name(x) for x in (thing.holder, thing.site, thing.facility) if x] + (
            [thing.zone] if thing.zone else []
        )
        yield "  " + say("现状 ", "now ") + " · ".join(where)
        yield "  " + say("重量 ", "mass ") + (say("未知", "unknown") if thing.mass_unknown else mass(thing.net_g))
        for account, part in self.story.lots:
            made = say(
                f"最初产生单位 {name(part.producer)}，{local(part.born_at, self.regime.offset)}",
                f"first produced by {name(part.producer)}, {local(part.born_at, self.regime.offset)}",
            )
            yield f"  {mass(part.grams)} · {made} · {name(account.holder)}"
        for clock in self.clocks:
            grams, holder, until = mass(clock.grams), name(clock.holder), local(clock.deadline, self.regime.offset)
            words = say(f"时限 {grams} 须在 {until} 前离开 {holder}", f"clock: {grams} must leave {holder} by {until}")
            yield f"  {words}"
        if thing.manifest:
            yield "  " + say(f"联单 {name(thing.manifest)}", f"on manifest {name(thing.manifest)}")


class _Manifest(_Story):
    def __init__(self, ledger: Ledger, queries: Queries, find: Lookup, id_: str) -> None:
        thing = thing_from(id_, ledger.state(id_) or Manifest(id=id_).to_bytes())
        assert isinstance(thing, Manifest)
        self.thing = thing
        super().__init__(ledger, queries, find, id_, queries.history(id_))

    def flags(self) -> Sequence[Flag]:
        stories = (self.queries.container(container) for container in self.thing.lines)
        return [f for story in stories for f in story.flags if f.key.startswith(self.id)]

    def state(self) -> dict[str, Any]:
        return {"kind": "manifest", "state": dataclasses.asdict(self.thing) | {"status": self.thing.status}}

    def head(self) -> Iterator[str]:
        thing, name = self.thing, self.find.name
        yield say(
            f"联单 {thing.number or '（国家联单编号未登记）'} · {word(STATUS, thing.status)}",
            f"manifest {thing.number or '(no national number)'} · {word(STATUS, thing.status)}",
        )
        yield f"  {self.id}"
        for role_zh, role_en, party, site in (
            ("移出人", "sender", thing.sender, thing.sender_site),
            ("承运人", "carrier", thing.carrier, ""),
            ("接受人", "receiver", thing.receiver, thing.receiver_site),
        ):
            where = f"{name(party)} {name(site) if site else ''}".strip() if party else say("未记录", "not recorded")
            yield f"  {say(role_zh, role_en)} {where}"
        for container, status in sorted(thing.lines.items()):
            listed = f" · {mass(thing.listed[container])}" if container in thing.listed else ""
            yield f"  - {name(container)}{listed} · {word(LINES, status)}"


class _Place:
    """A party, a site or a facility: what lies there, and the manifests of the party that are under way."""

    def __init__(self, ledger: Ledger, queries: Queries, find: Lookup, id_: str) -> None:
        self.find, self.id, self.regime, self.now = find, id_, ledger.regime, ledger.now()
        self.kind, known = id_.partition(":")[0], find.registry
        registered = known.sites.get(id_) or known.facilities.get(id_)
        self.party = id_ if registered is None else registered.holder
        column = "holder" if self.kind == "party" else self.kind
        self.held = [
            row | {"due": min((clock.deadline for clock in queries.clocks(str(row["id"]))), default="")}
            for row in queries.containers(holder=self.party)
            if row[column] == id_ and row["status"] in ("filling", "held", "in-transit")
        ]
        manifests = (m for m in queries.manifests(party=self.party) if m["status"] not in ("done", "cancelled"))
        self.under_way = [m for m in manifests if id_ in (self.party, m["sender_site"], m["receiver_site"])]

    def document(self) -> dict[str, Any]:
        named = {"id": self.id, "kind": self.kind, "name": self.find.name(self.id), "party": self.party}
        return named | {"held": self.held, "manifests": self.under_way}

    def lines(self) -> Iterator[str]:
        name, total = self.find.name, mass(sum(row["net_g"] for row in self.held))
        yield name(self.id) if self.id == self.party else f"{name(self.id)} · {name(self.party)}"
        yield say(f"在手 {len(self.held)} 件，{total}", f"holds {len(self.held)} containers, {total}")
        for row in sorted(self.held, key=lambda row: (row["due"] or "~", row["container_code"], row["id"])):
            weight = say("重量未知", "mass unknown") if row["mass_unknown"] else mass(row["net_g"])
            where = " ".join(name(x) for x in (row["site"], row["facility"]) if x and x != self.id)
            due = local(row["due"], self.regime.offset) if row["due"] else ""
            told = (
                f"{row['container_code'] or row['id']}  {row['name']} {row['code']}",
                weight,
                word(STATUS, row["status"]),
                f"{where} {row['zone']}".strip(),
                due and say(f"{due} 前离开", f"to leave by {due}"),
                say("已逾期", "overdue") if row["due"] and row["due"] < self.now else "",
            )
            yield "  " + " · ".join(filter(None, told))
        if self.under_way:
            yield say("进行中的联单", "manifests under way")
        for row in self.under_way:
            ends = f"{name(row['sender'])} → {name(row['receiver'])}"
            yield f"  {row['number'] or row['id']} · {word(STATUS, row['status'])} · {ends}"


_SHOWN: dict[str, type[_Container | _Manifest | _Place]] = {
    "container": _Container,
    "manifest": _Manifest,
    "party": _Place,
    "site": _Place,
    "facility": _Place,
}


def _refused(ledger: Ledger, steps: Sequence[Step], id_: str) -> Iterator[Record]:
    """Refused statements about the thing by those who spoke of it: they stand in their authors' key streams."""
    for key in sorted({step.fact.by.key for step in steps}):
        author = ledger.author(key)
        for record in ledger.stream(author.stream) if author is not None else ():
            if entry.parse(record.entry).refused is not None and id_ in statement.parse(record.statement).about:
                yield record


def _attempt(record: Record) -> dict[str, Any]:
    said, received = statement.parse(record.statement), entry.parse(record.entry)
    return {"index": record.index, "id": said.id, "type": said.type, "at": said.at, "party": said.party,
            "refused": received.refused}  # fmt: skip
