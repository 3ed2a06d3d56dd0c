"""What only many journeys together show: small gaps that add up, and approvals to cross a border used beyond them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ledger.custody.container import Container
from ledger.custody.events.authority import CrossProvinceApproved, CrossProvinceReported
from ledger.custody.flags import Flag
from ledger.custody.lots import within_tolerance
from ledger.custody.regimes.base import Regime
from ledger.custody.registry import Registry

Crossing = CrossProvinceApproved | CrossProvinceReported


@dataclass(frozen=True, slots=True, kw_only=True)
class Haul:
    """One container's journey from one site to another: when it left, when (and in which local month) the receiver
    weighed it ("" while nobody did), what was sent, and the tolerated part of what came less (negative: more)."""

    container: str
    journey: str
    sender: str
    sender_site: str
    receiver: str
    receiver_site: str
    code: str
    collected_at: str
    decided_at: str
    month: str
    sent_g: int
    gap_g: int


def hauls_of(thing: Container, regime: Regime, registry: Registry) -> Iterator[Haul]:
    """The journeys of a container that began."""
    for journey, leg in thing.legs.items():
        if leg.sent_g is None:
            continue
        weighed = leg.done and leg.accepted_g is not None and not leg.unweighed and leg.returned_g is None
        gaps = [p for p in leg.gap(thing.id) if weighed and within_tolerance(regime, registry, leg.decided_at, p)]
        yield Haul(
            container=thing.id,
            journey=journey,
            sender=leg.sender,
            sender_site=leg.sender_site,
            receiver=leg.receiver or leg.consignee,
            receiver_site=leg.receiver_site,
            code=leg.code,
            collected_at=leg.collected_at,
            decided_at=leg.decided_at if weighed else "",
            month=regime.day_of(leg.decided_at)[:7] if weighed else "",
            sent_g=leg.sent_g,
            gap_g=sum(p.grams if p.debit.stage == "in-transit" else -p.grams for p in gaps),
        )


# -- gaps that add up --------------------------------------------------------------------------------------------------


def net_gap_flags(weighed: Iterable[Haul], regime: Regime, registry: Registry) -> Iterator[Flag]:
    """The signed net of tolerated gaps of a pair and month beyond its own limit: chance evens out, a hand does not. It
    counts from as many weighings on as the setting says, and stands until a rectification of the site is closed."""

    def pair(haul: Haul) -> tuple[str, str, str]:
        return haul.sender_site, haul.receiver, haul.month

    for (site, receiver, month), hauls in groupby(sorted(weighed, key=lambda h: (pair(h), h.decided_at)), key=pair):
        yield from _of_month(site, receiver, month, list(hauls), regime, registry)


def _of_month(
    site: str, receiver: str, month: str, hauls: Sequence[Haul], regime: Regime, registry: Registry
) -> Iterator[Flag]:
    day = regime.day_of(hauls[0].decided_at)
    ppm = regime.setting(registry, "net-tolerance-ppm", day, site, hauls[0].sender)
    least = regime.setting(registry, "net-tolerance-weighings", day, site, hauls[0].sender)
    net = sent = 0
    opened = closed = ""
    for count, haul in enumerate(hauls, 1):
        net, sent = net + haul.gap_g, sent + haul.sent_g
        if count >= least and abs(net) * 1_000_000 > sent * ppm:
            opened, closed = opened or haul.decided_at, ""
        elif opened:
            closed = closed or haul.decided_at
    if not opened:
        return
    put_right = registry.put_right(site, opened)
    yield Flag(
        rule="net-difference",
        object=site,
        key=f"{receiver} {month}",
        grams=abs(net),
        holder=hauls[0].sender,
        site=site,
        detail=f"{receiver} {month} {len(hauls)} × {net} / {sent}",
        opened_at=opened,
        opened_by="",
        closed_at=closed or (put_right.at if put_right is not None else ""),
        closed_by=put_right.statement if put_right is not None and not closed else "",
    )


# -- approvals ---------------------------------------------------------------------------------------------------------


def approval_flags(crossed: Iterable[Haul], regime: Regime, registry: Registry) -> Iterator[Flag]:
    """Approvals under which more went, or more often, than they allow. A journey is charged to the oldest approval that
    covers it and has room left, else to the newest."""
    used: dict[str, _Use] = {}
    for haul in sorted(crossed, key=lambda h: (h.collected_at, h.journey, h.container)):
        day = regime.day_of(haul.collected_at)
        covering = [c for c in registry.crossings if c.covers(haul.sender, haul.receiver, haul.code, day)]
        if covering and _crosses(haul, regime, registry):
            uses = [used.setdefault(c.approval, _Use(terms=c)) for c in sorted(covering, key=lambda c: c.valid_from)]
            next((use for use in uses if not any(use.too_much(haul))), uses[-1]).take(haul)
    for approval, use in used.items():
        terms = use.terms
        for key, at in use.beyond.items():
            put_right = registry.put_right(approval, at)
            mass = key == "mass"
            yield Flag(
                rule="approval-exceeded",
                object=approval,
                key=key,
                grams=use.grams - (terms.mass_g or 0) if mass else 0,
                holder=terms.sender,
                site="",
                detail=f"{use.grams} / {terms.mass_g}" if mass else f"{len(use.journeys)} / {terms.shipments}",
                opened_at=at,
                opened_by="",
                closed_at=put_right.at if put_right is not None else "",
                closed_by=put_right.statement if put_right is not None else "",
            )


def _crosses(haul: Haul, regime: Regime, registry: Registry) -> bool:
    ends = (registry.site_at(site, haul.collected_at) for site in (haul.sender_site, haul.receiver_site))
    return len({regime.border(end.region) for end in ends if end is not None and end.region}) == 2


@dataclass(slots=True, kw_only=True)
class _Use:
    """What went under one approval, and since when beyond what it allows."""

    terms: Crossing
    grams: int = 0
    journeys: set[str] = field(default_factory=set)
    beyond: dict[str, str] = field(default_factory=dict)

    def too_much(self, haul: Haul) -> Iterator[str]:
        """What the approval would lack for this journey as well: mass, shipments."""
        if self.terms.mass_g is not None and self.grams + haul.sent_g > self.terms.mass_g:
            yield "mass"
        if self.terms.shipments is not None and len(self.journeys | {haul.journey}) > self.terms.shipments:
            yield "shipments"

    def take(self, haul: Haul) -> None:
        for key in self.too_much(haul):
            self.beyond.setdefault(key, haul.collected_at)
        self.grams += haul.sent_g
        self.journeys.add(haul.journey)
