"""Events of journeys: the manifest from issue to receipt, return and redirection, and deliveries without one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ledger.custody.container import Container, Manifest
from ledger.custody.events import Event, Things, event
from ledger.custody.events.containers import distinct, held
from ledger.custody.postings import Account, Posting, move
from ledger.custody.rules import (
    AlreadyCollected,
    AlreadyReceived,
    AlreadyReturned,
    Impounded,
    LabelDiffers,
    ManifestExists,
    ManifestInMotion,
    OnOpenManifest,
    Refusal,
)
from ledger.custody.values import (
    BatchCode,
    Code,
    ContainerCode,
    ContainerId,
    Count,
    Day,
    Declared,
    DeliveryId,
    Exemption,
    GramsOrNone,
    Hash,
    ManifestId,
    ManifestNumber,
    Mass,
    MethodCode,
    Name,
    Named,
    Party,
    Place,
    Plate,
    Sealed,
    Site,
    Transcript,
)
from ledger.custody.wire import Codes, WireError

if TYPE_CHECKING:
    from ledger.custody.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A container of a journey with the code and the mass that its label and papers say."""

    container: ContainerId
    code: Code
    net_g: GramsOrNone
    container_code: ContainerCode | None = None
    container_type: Name | None = None
    count: Count | None = None
    declared: Declared | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """A container on the manifest that was not loaded."""

    container: ContainerId
    reason: Literal["label-differs", "damaged", "no-room", "not-found", "other"]
    note: Sealed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfManifest(Event):
    """An event of a manifest: concerns the manifest, the sites it names and its containers. With a `source` it was read
    off a document: a registrar may transcribe what others did, and it is graded as a transcription."""

    manifest: ManifestId
    source: Transcript | None = None

    def containers(self) -> tuple[str, ...]:
        return tuple(load.container for load in getattr(self, "lines", ()))

    def sites(self) -> frozenset[str]:
        places = (getattr(self, name, None) for name in ("from_", "to", "place"))
        return frozenset(p.site for p in places if isinstance(p, Place))

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.manifest, *self.containers()}) | self.sites()

    def check(self, path: str, codes: Codes) -> None:
        if not self.containers():
            raise WireError(path="lines", expected="at least one container", got="none")
        distinct(self.containers(), "lines")


def transit(carrier: str, code: str, container: str) -> Account:
    """The account of what is on the road with a carrier."""
    return Account("in-transit", carrier, "", code, container)


@event("manifest-issued")
class ManifestIssued(OfManifest):
    """The sender means to send these containers: an intention, so it must be lawful to be recorded. `carrier` takes
    them over first, `next_carriers` are those it means to hand them to, in order."""

    number: ManifestNumber | None = None
    from_: Place
    to: Place
    carrier: Party
    next_carriers: tuple[Party, ...] = ()
    lines: tuple[Load, ...]
    planned: Day | None = None
    emergency_phone: Name | None = None
    handler: Named | None = None

    def begins(self) -> tuple[str, ...]:
        return (self.manifest,)

    def actors(self) -> frozenset[str]:
        return frozenset({self.from_.party})

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        manifest = things.get(self.manifest)
        if isinstance(manifest, Manifest) and manifest.issued:
            yield ManifestExists(manifest=self.manifest)
        for load in self.lines:
            thing = things.get(load.container)
            if isinstance(thing, Container) and thing.manifest and thing.manifest != self.manifest:
                yield OnOpenManifest(container=load.container, manifest=thing.manifest)
            if isinstance(thing, Container) and thing.impounded_at:
                yield Impounded(container=load.container)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Container):
            leg = thing.leg(self.manifest)
            leg.listed, leg.consignee = True, self.to.party
            if not leg.done:
                thing.manifest = self.manifest
            return
        thing.issued, thing.issued_at = True, fact.at
        thing.number = self.number or ""
        thing.sender, thing.sender_site = self.from_.party, self.from_.site
        thing.receiver, thing.receiver_site = self.to.party, self.to.site
        thing.carrier = self.carrier
        for load in self.lines:
            thing.lines.setdefault(load.container, "listed")
            thing.listed[load.container] = load.net_g


@event("manifest-cancelled")
class ManifestCancelled(OfManifest):
    """The journey will not take place; its containers are free for another manifest."""

    place: Place
    free: tuple[ContainerId, ...]
    reason: Literal["mistake", "carrier-did-not-come", "consignee-cannot", "other"]

    def containers(self) -> tuple[str, ...]:
        return self.free

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party})

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        thing = things.get(self.manifest)
        if isinstance(thing, Manifest) and (thing.arrived_at or set(thing.lines.values()) - {"listed", "left-behind"}):
            yield ManifestInMotion(manifest=self.manifest, expected="issued", got=thing.status)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Manifest):
            thing.cancelled = True
        elif thing.manifest == self.manifest:
            thing.manifest = ""


@event("manifest-collected")
class ManifestCollected(OfManifest):
    """Each container scanned and loaded; told by the sender or by the carrier."""

    from_: Place
    to: Place
    carrier: Party
    lines: tuple[Load, ...]
    left_behind: tuple[LeftBehind, ...] = ()
    vehicle: Plate | None = None
    driver: Named | None = None
    handler: Named | None = None

    correctable = ("lines.*.net_g",)

    def containers(self) -> tuple[str, ...]:
        return (*(load.container for load in self.lines), *(left.container for left in self.left_behind))

    def actors(self) -> frozenset[str]:
        return frozenset({self.from_.party, self.carrier})

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        for load in self.lines:
            thing = things.get(load.container)
            if not isinstance(thing, Container):
                continue
            leg = thing.legs.get(self.manifest)
            if leg is not None and leg.sent_g is not None:
                yield AlreadyCollected(container=load.container)
            # What was received was loaded, told late or not; it may bear another code by now.
            if thing.born and thing.code != load.code and not (leg is not None and leg.decided_at):
                yield LabelDiffers(container=load.container, expected=thing.code, got=load.code)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Manifest):
            thing.carrier, thing.collected_at = self.carrier, fact.at
            thing.lines |= {load.container: "collected" for load in self.lines}
            thing.lines |= {left.container: "left-behind" for left in self.left_behind}
            return
        load = next((load for load in self.lines if load.container == thing.id), None)
        if load is None:
            if thing.manifest == self.manifest:
                thing.manifest = ""
            return
        leg = thing.leg(self.manifest)
        leg.sent_g, leg.sender, leg.sender_site = load.net_g, self.from_.party, self.from_.site
        leg.collected_at, leg.carrier, leg.code = fact.at, leg.carrier or self.carrier, leg.code or load.code
        if not leg.decided_at and not leg.arrived_at:
            thing.manifest = self.manifest
            thing.held_by(self.carrier, "")

    def post(self, fact: Fact) -> Iterator[Posting]:
        for load in self.lines:
            sender = held(self.from_, load.code, load.container)
            yield from move(load.net_g, sender, transit(self.carrier, load.code, load.container), "collected")


@event("manifest-handed-over")
class ManifestHandedOver(OfManifest):
    """From one carrier to the next, or to another vehicle of the same one."""

    from_carrier: Party
    to_carrier: Party
    lines: tuple[Load, ...]
    where: Name | None = None
    vehicle: Plate | None = None
    driver: Named | None = None

    # Both ends may have told of it.
    correctable = ("lines.*.net_g",)

    def actors(self) -> frozenset[str]:
        return frozenset({self.from_carrier, self.to_carrier})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Manifest):
            thing.carrier = self.to_carrier
        elif thing.status in ("in-transit", "unknown"):
            thing.held_by(self.to_carrier, "")

    def post(self, fact: Fact) -> Iterator[Posting]:
        if self.from_carrier != self.to_carrier:
            for load in self.lines:
                giver = transit(self.from_carrier, load.code, load.container)
                yield from move(load.net_g, giver, transit(self.to_carrier, load.code, load.container), "handed-over")


@event("manifest-arrived")
class ManifestArrived(OfManifest):
    """At the consignee's gate: the receiver's clock starts here, not with acceptance."""

    place: Place
    carrier: Party
    arrived: tuple[ContainerId, ...]
    vehicle: Plate | None = None

    def containers(self) -> tuple[str, ...]:
        return self.arrived

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party, self.carrier})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Manifest):
            thing.arrived_at = fact.at
            return
        leg = thing.leg(self.manifest)
        leg.arrived_at, leg.receiver, leg.receiver_site = fact.at, self.place.party, self.place.site


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the receiver decides on one container (令23 Art. 18). `listed_g` is the mass of the manifest."""

    container: ContainerId
    code: Code
    decision: Literal["accepted", "accepted-in-part", "refused", "missing"]
    listed_g: GramsOrNone | None = None
    mass: Mass | None = None
    unlisted: bool = False
    method: MethodCode | None = None
    discrepancy: Literal["name", "quantity", "characteristic", "form", "packaging"] | None = None
    told: Named | None = None
    note: Sealed | None = None
    exemption: Exemption | None = None

    def check(self, path: str, codes: Codes) -> None:
        if self.accepted and self.mass is None:
            raise WireError(path=f"{path}.mass", expected="a mass, as the container was accepted", got="absent")
        if self.decision == "missing" and self.listed_g is None:
            raise WireError(path=f"{path}.listed_g", expected="the grams on the manifest", got="absent")

    @property
    def accepted(self) -> bool:
        """True when all or some of it was accepted."""
        return self.decision in ("accepted", "accepted-in-part")

    @property
    def accepted_g(self) -> int | None:
        """The receiver's grams, when something was accepted and its mass is known."""
        return self.mass.net_g if self.mass is not None and self.accepted else None


@event("manifest-received")
class ManifestReceived(OfManifest):
    """The receiver's decision on each container that came, did not come, or came unlisted."""

    from_: Place
    to: Place
    carrier: Party
    lines: tuple[Verdict, ...]
    weighbridge: Mass | None = None
    handler: Named | None = None

    correctable = ("lines.*.mass.net_g",)

    def actors(self) -> frozenset[str]:
        return frozenset({self.to.party})

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        for verdict in self.lines:
            thing = things.get(verdict.container)
            leg = thing.legs.get(self.manifest) if isinstance(thing, Container) else None
            # Another receiver's decision, or a return, may be in before an earlier refusal: only one's own is a second.
            if leg is not None and self.to.party in leg.decided_by:
                yield AlreadyReceived(container=verdict.container)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Manifest):
            thing.received_at = fact.at
            for verdict in self.lines:
                thing.lines[verdict.container] = (
                    "in-part" if verdict.decision == "accepted-in-part" else verdict.decision
                )
            return
        verdict = next(v for v in self.lines if v.container == thing.id)
        leg = thing.leg(self.manifest)
        leg.carrier, leg.code, leg.decided_at = self.carrier, verdict.code, fact.at
        leg.receiver, leg.receiver_site = self.to.party, self.to.site
        leg.exemption = verdict.exemption.row if verdict.exemption else leg.exemption
        leg.arrived_at = leg.arrived_at or fact.at
        leg.refused = verdict.decision == "refused"
        before, guessed = ((leg.accepted_g or 0), leg.unweighed) if leg.part else (0, False)
        # Of what was accepted in part, the rest may yet be accepted, go back or go on, here or elsewhere.
        leg.part = verdict.decision == "accepted-in-part" or (leg.part and leg.refused)
        if verdict.decision in ("accepted", "missing"):
            leg.decided_by.append(self.to.party)
        if verdict.decision == "missing":
            leg.missing_g = verdict.listed_g
            thing.status, thing.lost_by, thing.manifest = "lost", self.carrier, ""
        elif verdict.decision == "refused":
            thing.manifest = self.manifest
            thing.held_by(self.carrier, "")
        else:
            leg.accepted_g = before + (verdict.accepted_g or 0)
            leg.unweighed = thing.mass_unknown = guessed or verdict.accepted_g is None
            if verdict.accepted_g is not None:
                kept = thing.net_g if before and thing.holder == self.to.party else 0
                thing.net_g = kept + verdict.accepted_g
            thing.held_by(self.to.party, self.to.site)
            if not leg.part:
                thing.manifest = ""

    def post(self, fact: Fact) -> Iterator[Posting]:
        for verdict in self.lines:
            road = transit(self.carrier, verdict.code, verdict.container)
            if verdict.decision == "missing":
                lost = Account("lost", self.carrier, self.from_.site, verdict.code, verdict.container)
                yield from move(verdict.listed_g or 0, road, lost, "missing")
            elif verdict.accepted_g:
                yield from move(verdict.accepted_g, road, held(self.to, verdict.code, verdict.container), "received")


@event("manifest-return-started")
class ManifestReturnStarted(OfManifest):
    """Refused containers go back to their sender."""

    from_: Place
    to: Place
    carrier: Party
    lines: tuple[Load, ...]
    vehicle: Plate | None = None
    driver: Named | None = None

    def actors(self) -> frozenset[str]:
        return frozenset({self.from_.party, self.carrier})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Manifest):
            thing.lines |= {load.container: "returning" for load in self.lines}
        else:
            leg = thing.leg(self.manifest)
            leg.returning = True
            if leg.returned_g is None:
                thing.held_by(self.carrier, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """A container that came back, with what it weighs now."""

    container: ContainerId
    code: Code
    mass: Mass


@event("manifest-return-received")
class ManifestReturnReceived(OfManifest):
    """The sender has the refused containers in hand again; their clocks never stopped."""

    to: Place
    carrier: Party
    lines: tuple[Back, ...]
    handler: Named | None = None

    correctable = ("lines.*.mass.net_g",)

    def actors(self) -> frozenset[str]:
        return frozenset({self.to.party})

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        for back in self.lines:
            thing = things.get(back.container)
            leg = thing.legs.get(self.manifest) if isinstance(thing, Container) else None
            if leg is not None and leg.returned_g is not None:
                yield AlreadyReturned(container=back.container)
            elif leg is not None and leg.done:
                yield AlreadyReceived(container=back.container)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Manifest):
            thing.lines |= {back.container: "returned" for back in self.lines}
            return
        back = next(b for b in self.lines if b.container == thing.id)
        leg = thing.leg(self.manifest)
        leg.returned_g, leg.returned_at = back.mass.net_g or 0, fact.at
        leg.carrier, leg.code, leg.refused = self.carrier, back.code, False
        leg.unweighed = thing.mass_unknown = back.mass.net_g is None
        thing.manifest = ""
        thing.net_g = thing.net_g if leg.unweighed else leg.returned_g
        thing.held_by(self.to.party, self.to.site)

    def post(self, fact: Fact) -> Iterator[Posting]:
        for back in self.lines:
            road = transit(self.carrier, back.code, back.container)
            yield from move(back.mass.net_g or 0, road, held(self.to, back.code, back.container), "returned")


@event("manifest-redirected")
class ManifestRedirected(OfManifest):
    """Refused containers go on to another consignee, by the sender's decision."""

    from_: Place
    to: Place
    carrier: Party
    lines: tuple[Load, ...]

    def actors(self) -> frozenset[str]:
        return frozenset({self.from_.party})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Manifest):
            thing.receiver, thing.receiver_site = self.to.party, self.to.site
            thing.lines |= {load.container: "redirected" for load in self.lines}
        else:
            leg = thing.leg(self.manifest)
            leg.refused, leg.consignee = False, self.to.party
            if not leg.done:
                leg.receiver, leg.receiver_site = self.to.party, self.to.site
                leg.arrived_at = leg.decided_at = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who receives a delivery: a party of this ledger with its site, or somebody outside it by name."""

    kind: Literal["licensed", "exempt", "abroad", "other"]
    party: Party | None = None
    site: Site | None = None
    name: Name | None = None
    licence: Name | None = None
    notice: Name | None = None

    def check(self, path: str, codes: Codes) -> None:
        if (self.party is None) != (self.site is None):
            raise WireError(path=f"{path}.site", expected="party and site together", got="one of them")
        if self.party is None and self.name is None:
            raise WireError(path=f"{path}.name", expected="a party of this ledger or a name", got="neither")


@event("delivery-recorded")
class DeliveryRecorded(Event):
    """A journey without a manifest, one signature at each end; to somebody outside, or transcribed from table B.5,
    it says only that the waste left."""

    delivery: DeliveryId
    end: Literal["sent", "received"]
    from_: Place
    to: Recipient
    lines: tuple[Load, ...]
    carrier: Party | None = None
    method: MethodCode | None = None
    manifest_number: Name | None = None
    contract: Name | None = None
    evidence: Hash | None = None
    exemption: Exemption | None = None
    batch_code: BatchCode | None = None
    from_batches: tuple[BatchCode, ...] = ()
    handler: Named | None = None
    source: Transcript | None = None

    correctable = ("lines.*.net_g",)

    def streams(self, party: str) -> frozenset[str]:
        sites = {self.from_.site, self.to.site} - {None}
        return frozenset({self.delivery, *self.containers(), *(s for s in sites if s)})

    def containers(self) -> tuple[str, ...]:
        return tuple(load.container for load in self.lines)

    def actors(self) -> frozenset[str]:
        return frozenset({self.from_.party if self.end == "sent" else self.to.party or ""})

    def check(self, path: str, codes: Codes) -> None:
        if not self.lines:
            raise WireError(path="lines", expected="at least one container", got="none")
        if self.end == "received" and self.to.party is None:
            raise WireError(path="to.party", expected="the receiving party", got="absent")
        distinct(self.containers(), "lines")

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        for load in self.lines:
            thing = things.get(load.container)
            leg = thing.legs.get(self.delivery) if isinstance(thing, Container) else None
            if leg is not None and self.end == "sent" and leg.sent_g is not None:
                yield AlreadyCollected(container=load.container)
            if leg is not None and self.end == "received" and leg.done:
                yield AlreadyReceived(container=load.container)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        load = next(load for load in self.lines if load.container == thing.id)
        if self.to.party is None:
            thing.draw(load.net_g, fact.at)
            return
        leg = thing.leg(self.delivery, manifest=False)
        leg.carrier, leg.code = self._carrier, load.code
        leg.sender, leg.sender_site = self.from_.party, self.from_.site
        leg.receiver, leg.receiver_site = self.to.party, self.to.site or ""
        leg.exemption = self.exemption.row if self.exemption else leg.exemption
        # A national manifest, or an old book that was transcribed, stands for a manifest of this ledger.
        leg.papers = self.manifest_number or (self.source.workbook if self.source else leg.papers)
        if self.end == "sent":
            leg.sent_g, leg.collected_at = load.net_g, fact.at
            if not leg.done:
                thing.held_by(self._carrier, "")
        else:
            leg.accepted_g, leg.decided_at = load.net_g, fact.at
            leg.arrived_at = fact.at
            thing.net_g, thing.mass_unknown = load.net_g, thing.mass_unknown and not load.net_g
            thing.held_by(self.to.party, self.to.site or "")

    @property
    def _carrier(self) -> str:
        # Both ends must name the same account, so an unnamed carrier is the sender itself.
        return self.carrier or self.from_.party

    def post(self, fact: Fact) -> Iterator[Posting]:
        for load in self.lines:
            sender = held(self.from_, load.code, load.container)
            road = transit(self._carrier, load.code, load.container)
            if self.to.party is None:
                gone = Account("to-outside", self.from_.party, self.from_.site, load.code, load.container)
                yield from move(load.net_g, sender, gone, "delivered-outside")
            elif self.end == "sent":
                yield from move(load.net_g, sender, road, "sent")
            else:
                receiver = held(Place(party=self.to.party, site=self.to.site or ""), load.code, load.container)
                yield from move(load.net_g, road, receiver, "received")
