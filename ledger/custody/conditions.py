"""Conditions (异常条件): what is wrong with a container after a step, and what one statement alone shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from ledger.custody.events import Event
from ledger.custody.events.containers import (
    Birth,
    ContainerMoved,
    ContainerStored,
    ContainerTakenOut,
    ContainerWeighed,
    ContentsTransferred,
    WasteAdded,
)
from ledger.custody.events.movement import (
    DeliveryRecorded,
    ManifestArrived,
    ManifestCollected,
    ManifestReceived,
    ManifestReturnReceived,
)
from ledger.custody.events.stock import StockDeclared
from ledger.custody.events.treatment import WasteTreated
from ledger.custody.fact import Fact
from ledger.custody.lots import INSIDE, Part, Trace, within_tolerance
from ledger.custody.regimes.base import Act, later, local_day, working_days_later


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition that holds now; `key` tells two of one rule apart, `due_at` is from when it counts."""

    rule: str
    key: str
    grams: int = 0
    holder: str = ""
    site: str = ""
    detail: str = ""
    due_at: str = ""


_HANDLING = (ContainerStored, ContainerMoved, ContainerTakenOut, ContainerWeighed, WasteTreated)
_SEEN: dict[str, tuple[type[Event], ...]] = {
    "place": (
        Birth, WasteAdded, ContainerStored, ContainerTakenOut, ContainerWeighed, ContentsTransferred, WasteTreated,
        ManifestArrived,
    ),
    "from_": (ManifestCollected,),
    "to": (ContainerMoved, ManifestReceived, ManifestReturnReceived),
}  # fmt: skip


def standing(trace: Trace) -> list[Finding]:
    """Every condition that holds now. Most containers are in order: each is asked only what there is anything to say
    of."""
    found: list[Finding] = []
    if trace.below:
        found += _balances(trace)
    if trace.thing.legs:
        found += _legs(trace)
    if trace.carried:
        found += _carried(trace)
    found += _of_thing(trace)
    if trace.registry.catalogues:
        found += _catalogue(trace)
    if trace.gaps:
        found += _gaps(trace)
    if trace.thing.legs:
        found += _crossings(trace)
    if trace.where:
        found += _received(trace)
    if trace.unentitled:
        found += _closed(trace)
    return found


def _balances(trace: Trace) -> Iterator[Finding]:
    for account, balance in trace.balances.items():
        if balance < 0 and account.stage in INSIDE:
            rule = "over-book" if account.stage == "held" else "step-missing"
            yield Finding(rule, f"{account.stage}/{account.holder}", -balance, account.holder, account.site)


def _legs(trace: Trace) -> Iterator[Finding]:
    thing, regime = trace.thing, trace.regime
    for journey, leg in thing.legs.items():
        settled_at, grams = leg.returned_at or leg.decided_at, leg.went_g or thing.net_g
        for gap in leg.gap(thing.id):
            told_by_two = not leg.unweighed and leg.sender != leg.receiver
            if told_by_two and not within_tolerance(regime, trace.registry, settled_at, gap):
                yield Finding("mass-difference", journey, gap.grams, leg.sender, leg.sender_site, leg.receiver)
        if not leg.manifest and (leg.sent_g is not None or leg.decided_at):
            exempt = _unmanifested(trace, leg.code, leg.collected_at or leg.decided_at, leg.exemption, leg.sender)
            if not leg.papers and not exempt:
                yield Finding("without-manifest", journey, grams, leg.sender, leg.sender_site, leg.receiver)
        if leg.refused:
            days = regime.setting(trace.registry, "refused-return-days", local_day(leg.decided_at, regime.offset))
            due = later(leg.decided_at, days=days)
            yield Finding("refused-not-returned", journey, thing.net_g, leg.carrier, "", leg.receiver, due)
        if leg.missing_g is not None and thing.status == "lost":
            yield Finding("missing-at-arrival", journey, leg.missing_g, leg.carrier, "", leg.receiver)
        if leg.decided_at and leg.manifest:
            if not leg.listed:
                yield Finding("not-on-manifest", journey, grams, leg.receiver, leg.receiver_site)
            elif leg.consignee != leg.receiver:
                yield Finding("wrong-consignee", journey, grams, leg.receiver, leg.receiver_site, leg.consignee)
        # The label's code at the gate, or since then, if it was put right: what it becomes later accuses nobody.
        agreed = leg.code == thing.code or trace.coded_until.get(leg.code, "") >= leg.decided_at
        if leg.decided_at and thing.born and not agreed:
            codes = f"{thing.code} {leg.code}"
            yield Finding("code-differs", journey, grams, leg.receiver, leg.receiver_site, codes)
        if leg.manifest and leg.arrived_at and not leg.decided_at:
            day = local_day(leg.arrived_at, regime.offset)
            days = regime.setting(trace.registry, "confirmation-workdays", day, leg.receiver_site, leg.receiver)
            due = working_days_later(leg.arrived_at, days, trace.registry, regime.offset)
            yield Finding("confirmation-late", journey, thing.net_g, leg.receiver, leg.receiver_site, "", due)


def _unmanifested(trace: Trace, code: str, at: str, exemption: str, sender: str) -> bool:
    """True for waste that may travel without a manifest: not hazardous, or exempt on the road by a row."""
    regime = trace.regime
    if not regime.listed(code):
        return True
    names, stages = frozenset({code, *regime.classes_of(code)}), frozenset({"collection", "transport"})
    return trace.registry.exempt(exemption, frozenset({sender}), names, stages, "", local_day(at, regime.offset))


def _carried(trace: Trace) -> Iterator[Finding]:
    """Mass whose clock ran out in earlier hands: it stays overdue until it is closed, so somebody must be named."""
    sums: dict[tuple[str, str], int] = {}
    for account, part in trace.parts():
        if part.carried and account.stage != "lost" and trace.deadline(account, part) >= trace.clock_at:
            sums[account.holder, account.site] = sums.get((account.holder, account.site), 0) + part.grams
    for (holder, site), grams in sums.items():
        yield Finding("carried-overdue", holder, grams, holder, site)


def _of_thing(trace: Trace) -> Iterator[Finding]:
    thing = trace.thing
    if thing.status == "lost" and not any(leg.missing_g is not None for leg in thing.legs.values()):
        yield Finding("container-lost", thing.lost_by, thing.net_g, thing.lost_by, thing.site)
    if thing.mass_unknown:
        yield Finding("mass-unknown", "", 0, thing.holder, thing.site)
    if thing.absent_at and thing.status != "lost":
        yield Finding("count-gap", thing.absent_at, thing.net_g, thing.holder, thing.site)
    if thing.impounded_at:
        yield Finding("impounded", thing.impounded_at, thing.net_g, thing.holder, thing.site)
    if thing.leaked_g:
        yield Finding("leak", "", thing.leaked_g, thing.holder, thing.site)
    for key, kind in thing.defects.items():
        leg = thing.legs.get(trace.faulted[key])
        grams = (leg.went_g if leg else 0) or thing.net_g
        yield Finding("defect-found-later", key, grams, thing.holder, thing.site, kind)
    if (
        thing.born
        and not trace.regime.listed(thing.code)
        and any(trace.regime.listed(p.code) for _, p in trace.parts())
    ):
        yield Finding("reclassification-unconfirmed", thing.code, thing.net_g, thing.holder, thing.site, thing.code)


def _catalogue(trace: Trace) -> Iterator[Finding]:
    thing = trace.thing
    if thing.born and trace.regime.listed(thing.code):
        edition = trace.registry.edition_on(local_day(thing.born_at, trace.regime.offset))
        if edition is not None and thing.code not in edition.codes:
            yield Finding("code-not-in-catalogue", thing.code, thing.net_g, thing.holder, thing.site, thing.code)


def _gaps(trace: Trace) -> Iterator[Finding]:
    """Differences of a party's own scales, repacking and emptying; those of two are seen at their legs."""
    for key, parts in trace.gaps.items():
        leg = trace.thing.legs.get(key)
        if leg is None or leg.sender == leg.receiver:
            place = parts[0][0]
            yield Finding("mass-difference", key, sum(p.grams for _, p in parts), place.holder, place.site)


def _crossings(trace: Trace) -> Iterator[Finding]:
    """Waste that went from one province to another and lacks the approval (or the report) it needs."""
    registry, regime = trace.registry, trace.regime
    for journey, leg in trace.thing.legs.items():
        if not leg.collected_at or leg.returned_at:
            continue
        sender = registry.site_at(leg.sender_site, leg.collected_at)
        receiver = registry.site_at(leg.receiver_site, leg.collected_at)
        if not (sender and receiver and sender.region and receiver.region):
            continue
        if regime.border(sender.region) == regime.border(receiver.region):
            continue
        day = local_day(leg.collected_at, regime.offset)
        uses = {f.purpose for f in registry.facilities_of(receiver.site)} - {"generate"}
        report = not regime.listed(leg.code) and uses == {"utilise"}
        if not registry.crossing(leg.sender, leg.receiver, leg.code, day, report=report):
            yield Finding("no-approval", journey, leg.went_g, leg.sender, leg.sender_site, leg.receiver)


def _received(trace: Trace) -> Iterator[Finding]:
    unentitled: dict[tuple[str, str, str], int] = {}
    for account, parts in trace.where.items():
        for part in parts if account.stage == "held" else ():
            reason = "" if part.own(account.holder) else _receiving(trace, account.holder, account.site, part)
            if reason:
                key = (account.holder, account.site, reason)
                unentitled[key] = unentitled.get(key, 0) + part.grams
    for (holder, site, reason), grams in unentitled.items():
        yield Finding("receiver-not-entitled", f"{holder}/{reason}", grams, holder, site, reason)


def _closed(trace: Trace) -> Iterator[Finding]:
    closed: dict[tuple[str, str, str], int] = {}
    for row in trace.unentitled:
        key = (row.holder, row.site, row.reason)
        closed[key] = closed.get(key, 0) + row.grams
    for (holder, site, reason), grams in closed.items():
        yield Finding("closed-by-unentitled", f"{holder}/{reason}", grams, holder, site, reason)


def _receiving(trace: Trace, holder: str, site: str, part: Part) -> str:
    day = local_day(part.since(holder) or part.born_at, trace.regime.offset)
    relied = [leg.exemption for leg in trace.thing.legs.values() if leg.receiver == holder and leg.exemption]
    act = Act(
        deed="receive",
        code=part.code,
        party=holder,
        site=site,
        producer=part.producer,
        day=day,
        exemption="".join(relied[-1:]),
    )
    return trace.entitled(act)


def notices(trace: Trace, fact: Fact) -> Iterator[Finding]:
    """What one statement alone shows; it stays, as nothing can undo when it came."""
    registry, regime, by = trace.registry, trace.regime, fact.by
    if trace.late:
        yield Finding("recorded-late", fact.id, holder=by.party, detail=fact.received_at)
    if fact.ahead or (fact.at > fact.received_at and fact.at > _not_ahead(trace, fact)):
        yield Finding("clock-ahead", fact.id, holder=by.party, detail=fact.received_at)
    event = fact.event
    if isinstance(event, StockDeclared):
        site = registry.sites.get(event.place.site)
        if site is not None and site.live_from is not None and local_day(fact.at, regime.offset) >= site.live_from:
            yield Finding("stock-after-go-live", fact.id, event.mass.net_g or 0, by.party, event.place.site)
    if by.late:
        yield Finding("after-revocation", fact.id, holder=by.party)
    if isinstance(event, WasteTreated):
        for draw in event.inputs:
            listed = regime.methods(draw.code, event.end)
            if draw.container == trace.container and listed is not None and event.method not in listed:
                yield Finding("method-not-listed", fact.id, draw.net_g, by.party, event.place.site, event.method)
    if isinstance(event, DeliveryRecorded) and event.to.party is None and event.source is None:
        for load in event.lines:
            row = event.exemption.row if event.exemption is not None else ""
            exempt = event.manifest_number or _unmanifested(trace, load.code, fact.at, row, event.from_.party)
            if load.container == trace.container and not exempt:
                name = event.to.name or ""
                yield Finding("without-manifest", event.delivery, load.net_g, by.party, event.from_.site, name)
    before = trace.holder_before
    others = before not in ("", by.party) and isinstance(event, _HANDLING) and trace.container in _handled(event)
    if others or fact.id in trace.unheard:
        yield Finding("not-holder", fact.id, trace.thing.net_g, by.party, detail=before)


def _not_ahead(trace: Trace, fact: Fact) -> str:
    day = local_day(fact.received_at, trace.regime.offset)
    return later(fact.received_at, minutes=trace.regime.setting(trace.registry, "clock-ahead-minutes", day))


class Sighting(NamedTuple):
    """Where and when somebody had the container in hand."""

    site: str
    at: str


def sighting(container: str, fact: Fact) -> Sighting | None:
    """None when the event shows nobody with the container in hand, or is transcribed from a book of days."""
    event = fact.event
    kind: Any = type(event)
    seen = _seen(kind)
    if not seen or getattr(event, "source", None) is not None:
        return None
    match event:
        case ManifestCollected():
            there = container in [load.container for load in event.lines]
        case ManifestReceived():
            there = any(v.container == container and v.decision != "missing" for v in event.lines)
        case _:
            there = container in event.containers()
    return Sighting(getattr(event, seen).site, fact.at) if there else None


@cache
def _seen(kind: Any) -> str:
    """The field that says where somebody had the containers of such an event in hand; "" where nobody had."""
    for field, kinds in _SEEN.items():
        if issubclass(kind, kinds):
            return field
    return ""


def travel(trace: Trace, before: Sighting, now: Sighting, fact: Fact) -> Iterator[Finding]:
    """Seen at another site than before, sooner than anybody gets there."""
    if isinstance(fact.event, ContainerMoved):
        return
    if any(leg.collected_at >= before.at and leg.sender_site == before.site for leg in trace.thing.legs.values()):
        # Somebody took it there: how fast is not ours to judge without a map.
        return
    day = local_day(now.at, trace.regime.offset)
    minutes = trace.regime.setting(trace.registry, "travel-minutes", day, now.site)
    if now.at < later(before.at, minutes=minutes):
        yield Finding(
            "impossible-travel", fact.id, trace.thing.net_g, fact.by.party, now.site, f"{before.site} {before.at}"
        )


def _handled(event: Event) -> Sequence[str]:
    return [d.container for d in event.inputs] if isinstance(event, WasteTreated) else event.containers()
