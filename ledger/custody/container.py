"""What is known of a container and of a manifest, folded from their events alone, in the order of happening."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from ledger.custody.postings import Account, Posting, move


@dataclass(slots=True, kw_only=True)
class Leg:
    """One container's journey on one manifest or delivery: what was sent and what came of it, in grams."""

    manifest: bool = True
    listed: bool = False
    consignee: str = ""
    sent_g: int | None = None
    sender: str = ""
    sender_site: str = ""
    carrier: str = ""
    code: str = ""
    accepted_g: int | None = None
    missing_g: int | None = None
    returned_g: int | None = None
    part: bool = False
    unweighed: bool = False
    refused: bool = False
    returning: bool = False
    receiver: str = ""
    receiver_site: str = ""
    collected_at: str = ""
    arrived_at: str = ""
    decided_at: str = ""
    decided_by: list[str] = field(default_factory=list)
    returned_at: str = ""
    paper_from: str = ""
    paper_until: str = ""
    exemption: str = ""
    papers: str = ""

    @property
    def done(self) -> bool:
        """True when every part of the load has come to rest."""
        if self.returned_g is not None or self.missing_g is not None:
            return True
        return self.accepted_g is not None and not self.part

    @property
    def went_g(self) -> int:
        """What went on it, as it was sent, else as it came; 0 while nobody told or weighed it."""
        return self.sent_g or self.accepted_g or 0

    def gap(self, container: str) -> tuple[Posting, ...]:
        """What was sent less what came: posted by whichever of the two comes second. What came unweighed counts as
        what was sent until somebody weighs it."""
        if self.sent_g is None or not self.done:
            return ()
        came = (self.accepted_g or 0) + (self.missing_g or 0) + (self.returned_g or 0)
        road = Account("in-transit", self.carrier, "", self.code, container)
        if self.unweighed:
            back = self.returned_g is not None
            place = (self.sender, self.sender_site) if back else (self.receiver, self.receiver_site)
            return move(self.sent_g - came, road, Account("held", *place, self.code, container), "came-unweighed")
        gap = Account("difference", self.sender, self.sender_site, self.code, container)
        return move(self.sent_g - came, road, gap, "transit-difference", self.sent_g)


@dataclass(slots=True, kw_only=True)
class Container:
    """One filling of something. `status`: unknown (heard of only), filling, held, in-transit, lost, emptied."""

    id: str
    last: tuple[str, str, int] | None = None
    born: bool = False
    corrected: bool = False
    kind: str = ""
    code: str = ""
    name: str = ""
    status: str = "unknown"
    holder: str = ""
    site: str = ""
    facility: str = ""
    zone: str = ""
    born_at: str = ""
    born_site: str = ""
    net_g: int = 0
    mass_unknown: bool = False
    manifest: str = ""
    label: str = ""
    asset: str = ""
    container_code: str = ""
    lost_by: str = ""
    leaked_g: int = 0
    outer: str = ""
    absent_at: str = ""
    emptied_at: str = ""
    closed: bool = False
    impounded_at: str = ""
    confirmed_code: str = ""
    defects: dict[str, str] = field(default_factory=dict)
    explained: dict[str, tuple[str, str, str, str, str]] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)

    def leg(self, journey: str, manifest: bool = True) -> Leg:
        """The container's part of a manifest or delivery, begun when first heard of."""
        if journey not in self.legs:
            self.legs[journey] = Leg(manifest=manifest)
        return self.legs[journey]

    def accepted(self, rule: str, key: str) -> bool:
        """True when an explanation of this exception was accepted."""
        return bool(self.acceptance(rule, key)[0])

    def acceptance(self, rule: str, key: str) -> tuple[str, str]:
        """When and by which statement an explanation of this exception was accepted; ("", "") when none was."""
        accepted = [(at, by) for r, k, _, at, by in self.explained.values() if (r, k) == (rule, key) and at]
        return min(accepted, default=("", ""))

    def gaps(self) -> tuple[Posting, ...]:
        """The differences of all its journeys."""
        return tuple([p for leg in self.legs.values() for p in leg.gap(self.id)])

    def held_by(self, party: str, site: str) -> None:
        """Somebody has it in hand, at a site or (site "") on the road."""
        self.holder, self.site = party, site
        self.status = "held" if site else "in-transit"
        if not site:
            self.facility = self.zone = ""

    def add(self, grams: int | None, party: str, site: str) -> None:
        """Grams come in; None means that nobody knows how many."""
        self.net_g += grams or 0
        self.mass_unknown |= grams is None
        self.in_hand(party, site)

    def weighed(self, grams: int, previous: int, party: str, site: str) -> None:
        """A scale says how many grams there are; of a mass that nobody knew it says nothing, where it takes off more
        than the books had."""
        self.mass_unknown &= previous > max(0, self.net_g)
        self.net_g += grams - previous
        self.in_hand(party, site)

    def in_hand(self, party: str, site: str) -> None:
        """Somebody has it there: if it was unheard of, or empty and no longer is."""
        if self.status == "unknown" or (self.status == "emptied" and (self.net_g > 0 or self.mass_unknown)):
            self.held_by(party, site)
            self.closed = False

    def draw(self, grams: int, at: str) -> None:
        """Grams leave; then perhaps nothing is left."""
        self.net_g -= grams
        if self.net_g <= 0 and not self.mass_unknown:
            self.status, self.emptied_at = "emptied", at

    def to_bytes(self) -> bytes:
        return _fitted(orjson.dumps(self))

    @classmethod
    def from_bytes(cls, row: bytes) -> Container:
        wire: dict[str, Any] = orjson.loads(row)
        wire["last"] = tuple(wire["last"]) if wire["last"] else None
        wire["legs"] = {journey: Leg(**leg) for journey, leg in wire["legs"].items()}
        return cls(**wire)


@dataclass(slots=True, kw_only=True)
class Manifest:
    """A manifest. `lines` holds per container: listed, left-behind, collected, accepted, in-part, refused, missing,
    returning, returned or redirected."""

    id: str
    last: tuple[str, str, int] | None = None
    issued: bool = False
    cancelled: bool = False
    corrected: bool = False
    number: str = ""
    sender: str = ""
    sender_site: str = ""
    receiver: str = ""
    receiver_site: str = ""
    carrier: str = ""
    lines: dict[str, str] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    issued_at: str = ""
    collected_at: str = ""
    arrived_at: str = ""
    received_at: str = ""

    @property
    def status(self) -> str:
        """cancelled, done, arrived, under way, issued, or unknown (heard of only)."""
        if self.cancelled:
            return "cancelled"
        states = set(self.lines.values()) - {"left-behind"}
        if states and states <= {"accepted", "missing", "returned"}:
            return "done"
        if self.received_at or self.arrived_at:
            return "arrived"
        if states & {"collected", "redirected", "returning"}:
            return "under-way"
        return "issued" if self.issued else "unknown"

    def open_lines(self) -> Iterator[str]:
        """The containers whose journey is not at its end."""
        if not self.cancelled:
            yield from (c for c, s in self.lines.items() if s not in ("accepted", "missing", "returned", "left-behind"))

    def to_bytes(self) -> bytes:
        return _fitted(orjson.dumps(self))

    @classmethod
    def from_bytes(cls, row: bytes) -> Manifest:
        wire: dict[str, Any] = orjson.loads(row)
        wire["last"] = tuple(wire["last"]) if wire["last"] else None
        return cls(**wire)


def new_thing(stream: str) -> Container | Manifest:
    """The empty state of a folded object."""
    return Container(id=stream) if stream.startswith("container:") else Manifest(id=stream)


def thing_from(stream: str, row: bytes) -> Container | Manifest:
    """A stored state."""
    return Container.from_bytes(row) if stream.startswith("container:") else Manifest.from_bytes(row)


def _fitted(made: bytes) -> bytes:
    """A copy of its own size: what orjson gives holds on to 8 KB or more, and many states are remembered."""
    return bytes(memoryview(made))
