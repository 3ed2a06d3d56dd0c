"""Journeys as their parties see them: each container of a manifest with what was listed, loaded and received of it, who
may say what next, what may be sent, and which exceptions a plan to send it would raise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ledger.access import Viewer
from ledger.custody.container import Container, Leg, Manifest
from ledger.custody.decide import unwrapped
from ledger.custody.events import Event
from ledger.custody.events.movement import ManifestCollected, ManifestIssued, ManifestReceived
from ledger.custody.fact import Fact
from ledger.custody.flags import RULES, Flag
from ledger.custody.lots import tolerance_g, within_tolerance
from ledger.custody.regimes.base import Act, Regime
from ledger.custody.registry import Registry
from ledger.queries import Queries, Step, Unknown
from ledger.store import ended as ends
from ledger.store import read, shelf, shown
from ledger.store.ended import EndRow
from ledger.store.facts import at_indices

TO_LOAD: Final = ("listed", "left-behind")
TO_DECIDE: Final = ("collected", "redirected", "listed")
ON_THE_ROAD: Final = ("collected", "redirected", "returning")
REFUSED: Final = ("refused", "in-part")
STORE_MAX: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One container of a manifest. `code` is the manifest's, `shown` tells whether the reader may open the container,
    `tolerable` whether its difference is within the tolerance adopted for the day."""

    container: Container
    leg: Leg
    state: str
    code: str
    listed_g: int | None
    reason: str = ""
    discrepancy: str = ""
    shown: bool = False
    tolerable: bool = True

    @property
    def received_g(self) -> int | None:
        """What the receiver weighed, or the sender when it came back."""
        return self.leg.returned_g if self.leg.returned_g is not None else self.leg.accepted_g

    @property
    def difference_g(self) -> int | None:
        """Received less loaded, once both are known."""
        if not self.leg.done or self.leg.sent_g is None or self.leg.missing_g is not None or self.leg.unweighed:
            return None
        return (self.leg.accepted_g or 0) + (self.leg.returned_g or 0) - self.leg.sent_g

    @property
    def expected_g(self) -> int:
        """What should still come: what was loaded, else listed, less what was accepted of it."""
        sent = self.leg.sent_g if self.leg.sent_g is not None else self.listed_g
        return (self.container.net_g if sent is None else sent) - (self.leg.accepted_g or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A manifest with its containers and what was recorded of it, in the order of happening."""

    thing: Manifest
    lines: tuple[Line, ...]
    steps: tuple[Step, ...]

    @property
    def issued(self) -> ManifestIssued | None:
        """The sender's intention, once it is in."""
        return next((e for e in self.events if isinstance(e, ManifestIssued)), None)

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(unwrapped(step.fact).event for step in self.steps)

    def at(self, *states: str) -> tuple[Line, ...]:
        """The lines in one of these states."""
        return tuple(line for line in self.lines if line.state in states)


def journey(queries: Queries, viewer: Viewer, name: str) -> Journey:
    """One manifest's journey; raises Unknown for who takes no part in it."""
    with queries.engine.connect() as connection:
        row = read.state(connection, name) if shown.things(connection, viewer, [name]) else None
        if row is None or not name.startswith("manifest:"):
            raise Unknown(name=name)
        thing = Manifest.from_bytes(row)
        states = {c: read.state(connection, c) for c in sorted(thing.lines)}
        open_to = shown.things(connection, viewer, states)
    steps = tuple(queries.history(name))
    events = [unwrapped(step.fact).event for step in steps]
    registry = queries.registry()
    lines = (
        _line(
            Container(id=c) if row is None else Container.from_bytes(row),
            thing,
            events,
            c in open_to,
            queries.regime,
            registry,
        )
        for c, row in states.items()
    )
    return Journey(thing=thing, lines=tuple(lines), steps=steps)


def _line(
    container: Container, thing: Manifest, events: list[Event], open_: bool, regime: Regime, registry: Registry
) -> Line:
    leg = container.legs.get(thing.id, Leg())
    loads = {x.container: x.code for e in events if isinstance(e, ManifestIssued | ManifestCollected) for x in e.lines}
    left = {x.container: x.reason for e in events if isinstance(e, ManifestCollected) for x in e.left_behind}
    verdicts = {x.container: x for e in events if isinstance(e, ManifestReceived) for x in e.lines}
    verdict, at = verdicts.get(container.id), leg.returned_at or leg.decided_at
    gaps = [g for g in leg.gap(container.id) if g.cause == "transit-difference"]
    return Line(
        container=container,
        leg=leg,
        state=thing.lines[container.id],
        code=loads.get(container.id) or (verdict.code if verdict else container.code),
        listed_g=thing.listed.get(container.id),
        reason=left.get(container.id, ""),
        discrepancy=(verdict.discrepancy if verdict else None) or "",
        shown=open_,
        tolerable=all(within_tolerance(regime, registry, at, gap) for gap in gaps),
    )


def standing(queries: Queries, of: Journey, now: str) -> list[Flag]:
    """The exceptions that stand on the containers of a journey and come of it, or of who received them."""
    with queries.engine.connect() as connection:
        asked = (shelf.Asked(as_of=now, wanted={"object": c}) for c in of.thing.lines)
        found = [flag for each in asked for flag in shelf.flags(connection, each)]
    return [f for f in found if f.key == of.thing.id or f.rule == "receiver-not-entitled"]


def tolerable_g(grams: int, thing: Manifest, now: str, regime: Regime, registry: Registry) -> int:
    """The largest difference of a load of so many grams that would be within the tolerance now."""
    return tolerance_g(regime, registry, regime.day_of(now), grams, thing.sender_site, thing.sender)


def acts(thing: Manifest, party: str) -> dict[str, bool]:
    """What a party may say next of a manifest, the likely first; True where others wait for it."""
    sends, carries, receives = (party == other for other in (thing.sender, thing.carrier, thing.receiver))
    states = set() if thing.cancelled else set(thing.lines.values())
    coming, refused = bool(states & {"collected", "redirected"}), bool(states & set(REFUSED))
    found = [
        ("gate", receives and (coming or "in-part" in states), True),
        ("take-back", sends and "returning" in states, True),
        ("redirect", sends and refused, True),
        ("return", (receives or carries) and refused, receives),
        ("pick-up", (sends or carries) and "listed" in states, carries),
        ("arrive", carries and coming and not thing.arrived_at, False),
        ("hand-over", carries and bool(states & set(ON_THE_ROAD)), False),
        ("trip", carries and bool(states & {"listed", *ON_THE_ROAD}), False),
        ("roadside", bool(states & set(ON_THE_ROAD)), False),
        ("gate", receives and "listed" in states and not coming, False),
        ("cancel", sends and thing.status == "issued", False),
    ]
    return {name: due for name, may, due in found if may}


def afterthoughts(thing: Manifest, party: str) -> list[str]:
    """What a party of a manifest may add at any time: that it ran on paper, and, who received, a defect found later."""
    if thing.cancelled or party not in (thing.sender, thing.carrier, thing.receiver):
        return []
    received = party == thing.receiver and bool(set(thing.lines.values()) & {"accepted", "in-part"})
    return ["defect", "paper"] if received else ["paper"]


def manifests(queries: Queries, names: Iterable[str]) -> dict[str, Manifest]:
    """Manifests' current states, of those that the reader was shown."""
    with queries.engine.connect() as connection:
        return {name: Manifest.from_bytes(row) for name, row in read.states(connection, [*names])}


def manifest(queries: Queries, name: str) -> Manifest:
    """The same of one."""
    return manifests(queries, [name]).get(name) or Manifest(id=name)


def things(queries: Queries, names: Iterable[str]) -> dict[str, Container]:
    """The same of containers."""
    with queries.engine.connect() as connection:
        return {name: Container.from_bytes(row) for name, row in read.states(connection, sorted(names))}


def in_store(queries: Queries, party: str) -> list[Container]:
    """What a party holds at its sites, at most STORE_MAX."""
    own, wanted = Viewer(who=frozenset({party}), own=frozenset({party})), {"holder": party, "status": "held"}
    with queries.engine.connect() as connection:
        rows = shown.containers(connection, own, wanted, (), STORE_MAX)
        return [Container.from_bytes(state) for _, state in read.states(connection, [row["id"] for row in rows])]


def how_many(queries: Queries, viewer: Viewer, of: str, wanted: Mapping[str, str]) -> int:
    """How many containers or manifests with these values the reader is shown."""
    with queries.engine.connect() as connection:
        return shown.how_many(connection, viewer, of, wanted)


def may_travel(held: Iterable[Container]) -> list[Container]:
    """Those that may be put on a manifest: on no open one, and not impounded."""
    return [thing for thing in held if thing.born and not thing.manifest and not thing.impounded_at]


# ---------------------------------------------------------------------------------------------- before it is sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """One condition of a transfer: whom and which code it concerns, whether it is met, else the exception that would be
    raised (`rule`, "" where none is) with its reason, and the law as in force on the day."""

    what: str
    concerned: str
    code: str
    met: bool
    law: str
    rule: str = ""
    reason: str = ""


def foresee(
    sender: tuple[str, str],
    receiver: tuple[str, str],
    carrier: str,
    codes: Iterable[str],
    day: str,
    regime: Regime,
    registry: Registry,
) -> Iterator[Foreseen]:
    """The conditions of sending waste of these codes from one (party, site) to another by a carrier."""
    for code in sorted(set(codes)):
        act = Act(deed="receive", code=code, party=receiver[0], site=receiver[1], producer=sender[0], day=day)
        reason = regime.entitled(act, registry)
        rule = "licence-only-asserted" if reason == "licence-only-asserted" else "receiver-not-entitled"
        yield Foreseen(
            what="entitled", concerned=receiver[0], code=code, met=not reason, reason=reason,
            rule=rule if reason else "", law=regime.cite(RULES[rule].cites, day),
        )  # fmt: skip
        if _crosses(sender[1], receiver[1], regime, registry):
            report = not regime.listed(code) and _only_utilises(receiver[1], registry)
            met = registry.crossing(sender[0], receiver[0], code, day, report=report)
            yield Foreseen(
                what="approved", concerned=receiver[0], code=code, met=met, rule="" if met else "no-approval",
                law=regime.cite(RULES["no-approval"].cites, day),
            )  # fmt: skip
        for party in dict.fromkeys((receiver[0], carrier)):
            if party != sender[0]:
                met = registry.contract_between(sender[0], party, code, regime.classes_of(code), day)
                yield Foreseen(
                    what="contract", concerned=party, code=code, met=met, law=regime.cite("contract", day),
                    reason="" if met else "no-contract",
                )  # fmt: skip


def _crosses(one: str, other: str, regime: Regime, registry: Registry) -> bool:
    regions = [site.region for name in (one, other) if (site := registry.sites.get(name)) and site.region]
    return len({regime.border(region) for region in regions}) == 2


def _only_utilises(site: str, registry: Registry) -> bool:
    return {f.purpose for f in registry.facilities_of(site)} - {"generate"} == {"utilise"}


# ---------------------------------------------------------------------------------------------- how it ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Grams of one first producer that one treatment closed, with that treatment."""

    row: EndRow
    fact: Fact

    @property
    def method(self) -> str:
        return str(getattr(unwrapped(self.fact).event, "method", None) or "")

    @property
    def end(self) -> str:
        """utilised or disposed."""
        return str(getattr(unwrapped(self.fact).event, "end", ""))


def endings(queries: Queries, viewer: Viewer, *, producer: str, start: str, end: str, limit: int) -> list[Ending]:
    """What ended in [start, end) of the reader's waste or at its hands, newest first."""
    with queries.engine.connect() as connection:
        rows = ends.ended(connection, viewer, producer=producer, start=start, end=end, limit=limit)
        found = dict(zip(places := sorted({row.index for row in rows}), at_indices(connection, places), strict=True))
    return [Ending(row=row, fact=found[row.index]) for row in rows]


def how_many_ended(queries: Queries, viewer: Viewer, *, producer: str, start: str, end: str) -> int:
    """How many endings there are of these."""
    with queries.engine.connect() as connection:
        return ends.how_many(connection, viewer, producer=producer, start=start, end=end)
