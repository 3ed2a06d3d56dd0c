"""Stories told in memory: facts with invented keys, judged by `decide` in any order of arrival, then accounted for."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from ledger.custody.account import Flows, account_for
from ledger.custody.account import Story as Accounted
from ledger.custody.assets import Use, asset_flags
from ledger.custody.container import Container, Manifest, thing_from
from ledger.custody.decide import decide
from ledger.custody.duties import overdue_duties
from ledger.custody.events import parse
from ledger.custody.events.authority import CatalogueAdopted
from ledger.custody.events.ledger import LedgerOpened
from ledger.custody.facilities import facility_flags
from ledger.custody.fact import Author, Fact
from ledger.custody.flags import Flag, ledger_flags, overdue
from ledger.custody.hauls import approval_flags, net_gap_flags
from ledger.custody.labels import label_flags
from ledger.custody.lots import Row
from ledger.custody.postings import Posting, balances
from ledger.custody.quantities import quantity_flags
from ledger.custody.rate import Question, Rate, rate_of
from ledger.custody.regimes import regime
from ledger.custody.regimes.base import later, local_day, text_of
from ledger.custody.registry import Edition, Registry
from ledger.custody.rules import Refusal
from ledger.custody.silence import silence_flags
from ledger.exchange.catalogue import carried, edition_of
from ledger.exchange.stories import Park, Player, Step, Story, in_order_of_arrival, shipped
from ledger.log.hashing import sha256

CN = regime("cn.1")
NEVER = "9999"


@cache
def told() -> tuple[Park, dict[str, Story]]:
    """The shipped park and its stories by name."""
    park, stories = shipped()
    return park, {story.name: story for story in stories}


def author(player: Player, parties: Mapping[str, str]) -> Author:
    """`parties` are everybody's by alias."""
    return Author(
        party=player.party,
        person=player.person,
        key=sha256(f"key of {player.alias}".encode()).hex(),
        roles=frozenset(player.roles),
        admin=player.admin,
        vouched_by=parties[player.vouched_by] if player.vouched_by else None,
    )


def facts_of(steps: Iterable[Step]) -> list[Fact]:
    """The steps as facts in the order of arrival, but what is quarantined; each person's are numbered in the order of
    happening."""
    steps = [step for step in steps if step.refused != "quarantined"]
    revoked = {step.body["key"]: step.received_at for step in steps if step.type == "key-revoked"}
    parties = {s.by.alias: s.by.party for s in steps}
    numbers: dict[str, int] = {}
    seq = {}
    for step in sorted(steps, key=lambda s: s.at):
        numbers[step.by.alias] = seq[step.id] = numbers.get(step.by.alias, 0) + 1
    return [
        Fact(
            event=parse(step.type, step.body, CN),
            by=replace(author(step.by, parties), late=step.received_at > revoked.get(step.by.key, NEVER)),
            at=step.at,
            received_at=step.received_at,
            seq=seq[step.id],
            id=step.id,
            statement=sha256(step.id.encode()).hex(),
        )
        for step in in_order_of_arrival(steps)
    ]


@cache
def catalogue() -> tuple[Fact, Edition]:
    """The adoption of the catalogue 2021, with what rules read of it."""
    edition = carried("2021")
    settings = told()[0].players["settings"]
    event = parse("catalogue-adopted", edition.body("2021", "2021-01-01"), CN)
    at = "2025-01-03T03:00:00.000Z"
    fact = Fact(event=event, by=author(settings, {}), at=at, received_at=at, seq=99, id="catalogue", statement="0" * 64)
    return fact, edition_of(edition.content)


@dataclass(slots=True)
class Told:
    """A ledger of lists and dictionaries."""

    facts: dict[str, list[Fact]] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)
    refusals: list[tuple[Fact, Refusal]] = field(default_factory=list)
    registry: Registry = field(default_factory=Registry)
    flows: Flows = field(default_factory=dict)
    accounted: tuple[list[Row], list[Flag], list[Accounted]] | None = None

    def __post_init__(self) -> None:
        adoption, edition = catalogue()
        assert isinstance(adoption.event, CatalogueAdopted)
        self.registry.add(adoption)
        self.registry.editions[adoption.event.content] = edition

    @classmethod
    def opened(cls, operator: str) -> Told:
        """A ledger that this party opened."""
        made, key = cls(), {"stream": f"key:{_uid(1)}", "person": f"person:{_uid(1)}", "public_key": "0" * 64}
        body: dict[str, Any] = {"origin": "ledger.example/park", "operator": operator, "operator_name": "运营方"}
        body |= {"log_key": "x", "promise_key": "0" * 64, "promise_hours": 24, "regime": "cn.1", "schema": 1}
        opening = parse("ledger-opened", body | {"system_key": key, "authorities": []}, CN)
        assert isinstance(opening, LedgerOpened)
        made.registry.opened = opening
        return made

    def record(self, facts: Iterable[Fact]) -> Told:
        self.accounted = None
        for fact in facts:
            decision = decide(fact, self.states, lambda stream: self.facts.get(stream, []))
            if decision.refused is not None:
                self.refusals.append((fact, decision.refused))
                continue
            self.states |= decision.states
            self.postings += decision.postings
            self.registry.add(fact)
            for stream in fact.event.streams(fact.by.party):
                self.facts.setdefault(stream, []).append(fact)
        return self

    def thing(self, stream: str) -> Container | Manifest:
        return thing_from(stream, self.states[stream])

    def sums(self) -> dict[tuple[str, str, str], int]:
        """(stage, holder, container) -> grams, zeros left out."""
        sums: dict[tuple[str, str, str], int] = {}
        for account, grams in balances(self.postings).items():
            key = (account.stage, account.holder, account.container)
            sums[key] = sums.get(key, 0) + grams
        return {key: grams for key, grams in sums.items() if grams}

    def account(self) -> tuple[list[Row], list[Flag]]:
        """The rows and the flags of every container, facility and label, time-driven ones left out."""
        return self.accounts()[:2]

    def accounts(self) -> tuple[list[Row], list[Flag], list[Accounted]]:
        """The same with the stories of the containers."""
        if self.accounted is None:
            self.accounted = self._account()
        return self.accounted

    def _account(self) -> tuple[list[Row], list[Flag], list[Accounted]]:
        containers = [stream for stream in self.facts if stream.startswith("container:")]
        stories = account_for(containers, lambda c: self.facts.get(c, []), self.flows, CN, self.registry)
        flags = [f for s in stories.values() for f in s.flags]
        for name, facility in self.registry.facilities.items():
            stays = [x for s in stories.values() for x in s.stays if x.facility == name]
            treated = [x for s in stories.values() for x in s.treatments if x.facility == name]
            flags += facility_flags(facility, stays, treated, CN, self.registry)
        for label in (stream for stream in self.facts if stream.startswith("label:")):
            flags += label_flags(label, self.facts[label])
        return [r for s in stories.values() for r in s.rows], flags, list(stories.values())

    def together(self, as_of: str) -> list[Flag]:
        """What only many records together show."""
        _, _, stories = self.accounts()
        hauls = [h for story in stories for h in story.hauls if h.collected_at <= as_of]
        weighed = [h for h in hauls if h.decided_at and h.decided_at <= as_of]
        uses = [
            Use(
                container=thing.id,
                asset=thing.asset,
                holder=self.registry.sites[thing.born_site].holder,
                site=thing.born_site,
                since=thing.born_at,
                until=thing.emptied_at if thing.status == "emptied" else "",
            )
            for thing in (story.thing for story in stories)
            if thing.asset
        ]
        last_words: dict[str, str] = {}
        for fact in (*(f for history in self.facts.values() for f in history), *(f for f, _ in self.refusals)):
            last_words[fact.by.party] = max(last_words.get(fact.by.party, ""), fact.received_at)
        return [
            *net_gap_flags(weighed, CN, self.registry),
            *approval_flags(hauls, CN, self.registry),
            *asset_flags(uses),
            *silence_flags(last_words, CN, self.registry, as_of),
        ]

    def flags(self, as_of: str) -> list[tuple[str, str, str, str]]:
        """(rule, object, opened, closed or "") of everything that had become an exception by then; local days."""
        rows, flags = self.account()

        def arrivals(holder: str, start: str, end: str) -> list[tuple[str, str, str, int]]:
            came: dict[tuple[str, str, str], tuple[str, int]] = {}
            for r in rows:
                sign = {"arrived": 1, "departed": -1}.get(r.account)
                if sign and r.holder == holder and not r.by_producer and start <= r.at < end:
                    site, grams = came.get((r.statement, r.code, r.at), ("", 0))
                    came[r.statement, r.code, r.at] = (r.site if sign > 0 else site, grams + sign * r.grams)
            return [(code, site, at, grams) for (_, code, at), (site, grams) in came.items() if grams > 0]

        known = [*flags, *self.together(as_of), *overdue(rows, as_of), *ledger_flags(CN, self.registry, as_of)]
        known += quantity_flags(arrivals, CN, self.registry, as_of)

        def generated_at(site: str, start: str, end: str) -> list[Row]:
            return [r for r in rows if r.producer_site == site and start <= r.at < end]

        known += overdue_duties(as_of, generated_at, CN, self.registry)
        return sorted(
            (f.rule, f.object, local(f.opened_at), local(f.closed_at) if f.closed_at and f.closed_at <= as_of else "")
            for f in known
            if f.opened_at <= as_of
        )

    def rate(self, *, of: str, kind: str, start: str, until: str, as_of: str) -> Rate:
        """The figures of a first producer for the local days from `start` until and with `until`."""
        after = date.fromisoformat(until) + timedelta(days=1)
        question = Question(
            view="origin",
            kind=kind,
            start=_midnight(date.fromisoformat(start)),
            end=_midnight(after),
            as_of=as_of,
            parties=frozenset({of}),
        )
        return rate_of(self.account()[0], question)


def arrival_orders(facts: Sequence[Fact], intentions: frozenset[str], count: int, seed: int) -> Iterable[list[Fact]]:
    """`count` random orders of arrival in which every person's facts stay in their order, an intention stays before
    what its objects do later, a correction after its target, what agrees to it (or to an explanation) after that, the
    scan that leaves a container behind before the manifest that takes it then, a manifest before the next journey."""
    facts = sorted(facts, key=lambda f: f.order)
    before: dict[str, set[str]] = {f.id: set() for f in facts}
    for n, second in enumerate(facts):
        for first in facts[:n]:
            same_key = first.by.key == second.by.key
            shared = set(first.event.containers()) & set(second.event.containers())
            competing = shared and {first.event.type, second.event.type} <= intentions
            body = tuple(getattr(second.event, name, "") for name in ("target", "correction", "explanation"))
            left = {each.container for each in getattr(first.event, "left_behind", ())}
            freed = second.event.type in intentions and left & set(second.event.containers())
            other = getattr(first.event, "manifest", "") != getattr(second.event, "manifest", "")
            onward = (
                shared and other and (first.event.type, second.event.type) == ("manifest-issued", "manifest-collected")
            )
            if same_key or competing or freed or onward or first.id in body:
                before[second.id].add(first.id)
    chance = random.Random(seed)
    for _ in range(count):
        waiting, arrived = list(facts), []
        seen: set[str] = set()
        while waiting:
            free = [f for f in waiting if before[f.id] <= seen]
            fact = chance.choice(free)
            waiting.remove(fact)
            arrived.append(fact)
            seen.add(fact.id)
        yield arrived


def moment(local: datetime) -> str:
    return text_of(local)


def local(at: str) -> str:
    """The day in the park."""
    return local_day(at, CN.offset)


def _midnight(day: date) -> str:
    return text_of(datetime.fromisoformat(f"{day.isoformat()}T00:00:00+08:00"))


class Scene:
    """The park with its people, ready to be told single events; every event is ten minutes after the one before."""

    def __init__(self) -> None:
        self.park, _ = told()
        self.told = Told().record(facts_of(self.park.steps))
        self.seq: dict[str, int] = {}
        self.minutes = 0
        self.said: list[Fact] = []

    def id(self, kind: str, n: int) -> str:
        return f"{kind}:{_uid(n)}"

    def place(self, site: str) -> dict[str, str]:
        return dict(self.park.places[site])

    def party(self, alias: str) -> str:
        return self.park.story.ids[alias]

    def fact(self, who: str, type_: str, body: dict[str, Any], *, at: str = "", received_at: str = "") -> Fact:
        """The next fact of a person, not yet recorded."""
        self.minutes += 10
        self.seq[who] = self.seq.get(who, 1000) + 1
        at = at or later("2026-08-03T00:00:00.000Z", minutes=self.minutes)
        id_ = _uid(10_000 + self.minutes)
        return Fact(
            event=parse(type_, body, CN),
            by=author(self.park.players[who], {a: p.party for a, p in self.park.players.items()}),
            at=at,
            received_at=received_at or at,
            seq=self.seq[who],
            id=id_,
            statement=sha256(id_.encode()).hex(),
        )

    def say(self, who: str, type_: str, body: dict[str, Any], **when: str) -> str:
        """Record it: "" or the code of the refusal."""
        fact = self.fact(who, type_, body, **when)
        before = len(self.told.refusals)
        self.told.record([fact])
        self.said.append(fact)
        return self.told.refusals[-1][1].code if len(self.told.refusals) > before else ""

    def fill(self, n: int = 1, grams: int = 100_000, code: str = "900-249-08", **when: str) -> str:
        """A drum filled at the garage; its id."""
        drum = self.id("container", n)
        body = {
            "container": drum,
            "place": self.place("garage-yard"),
            "kind": "package",
            "code": code,
            "name": "废机油",
        }
        assert self.say("garage-clerk", "container-filled", body | {"mass": weighed(grams)}, **when) == ""
        return drum

    def run(self, n: int = 1, to: str = "refinery") -> dict[str, Any]:
        """What every event of one manifest from the garage says."""
        ends = {"from": self.place("garage-yard"), "to": self.place(to), "carrier": self.party("carrier")}
        return {"manifest": self.id("manifest", n)} | ends

    def container(self, stream: str) -> Container:
        thing = self.told.thing(stream)
        assert isinstance(thing, Container)
        return thing


def weighed(grams: int) -> dict[str, Any]:
    return {"basis": "weighed", "net_g": grams}


def load(container: str, grams: int = 100_000, code: str = "900-249-08") -> dict[str, Any]:
    return {"container": container, "code": code, "net_g": grams}


def verdict(container: str, decision: str = "accepted", grams: int = 100_000) -> dict[str, Any]:
    line = {"container": container, "code": "900-249-08", "decision": decision, "listed_g": grams}
    return line | ({"mass": weighed(grams)} if decision.startswith("accepted") else {})


def _uid(n: int) -> str:
    return f"00000000-0000-7000-8000-{n:012x}"
