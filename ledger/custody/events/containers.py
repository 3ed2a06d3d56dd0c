"""Events of containers: labels, filling, storing, moving, weighing, repacking, loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ledger.custody.container import Container, Manifest
from ledger.custody.events import Event, Things, event
from ledger.custody.postings import Account, Posting, move
from ledger.custody.rules import ContainerExists, Refusal
from ledger.custody.values import (
    BatchCode,
    Code,
    ContainerCode,
    ContainerId,
    ContainerKind,
    Count,
    Declared,
    FacilityId,
    Form,
    Grams,
    GramsOrNone,
    Hazards,
    LabelId,
    Mass,
    Name,
    Named,
    Place,
    ProfileId,
    Sealed,
    Transcript,
)
from ledger.custody.wire import Codes, WireError

if TYPE_CHECKING:
    from ledger.custody.fact import Fact


def held(place: Place, code: str, container: str) -> Account:
    """The account of what lies at a place in a container."""
    return Account("held", place.party, place.site, code, container)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfOne(Event):
    """An event of one container at one place, told by the party of that place."""

    container: ContainerId
    place: Place

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.container})

    def containers(self) -> tuple[str, ...]:
        return (self.container,)

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party})


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth(OfOne):
    """A container begins: its identity, what is in it, how it looks (HJ 1259-2022 table B.1)."""

    kind: ContainerKind
    code: Code
    name: Name
    catalogue_name: Name | None = None
    profile: ProfileId | None = None
    facility: FacilityId | None = None
    form: Form | None = None
    hazards: Hazards | None = None
    container_code: ContainerCode | None = None
    container_type: Name | None = None
    count: Count | None = None
    label: LabelId | None = None
    asset: ContainerCode | None = None
    batch_code: BatchCode | None = None
    handler: Named | None = None
    destination: Sealed | None = None
    source: Transcript | None = None

    def streams(self, party: str) -> frozenset[str]:
        label = {self.label} if self.label else set()
        return frozenset({self.container, self.place.site, *label})

    def begins(self) -> tuple[str, ...]:
        return (self.container,)

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        thing = things.get(self.container)
        if isinstance(thing, Container) and thing.born:
            yield ContainerExists(container=self.container)

    def begin(self, thing: Container, fact: Fact) -> None:
        """Fold the birth of a container."""
        thing.born, thing.born_at, thing.born_site = True, fact.at, self.place.site
        thing.kind, thing.code, thing.name = self.kind, self.code, self.name
        thing.label = self.label or thing.label
        thing.asset = self.asset or ""
        thing.container_code = self.container_code or ""
        # A journey told of earlier in the order of happening wins over the place of birth.
        if thing.status == "unknown":
            thing.held_by(self.place.party, self.place.site)
            thing.facility = self.facility or ""
        elif not thing.holder:
            thing.holder, thing.site = self.place.party, self.place.site


@event("label-issued")
class LabelIssued(Event):
    """A blank label was printed, to be bound to a container at its first scan."""

    label: LabelId
    place: Place

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.label, self.place.site})

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party})


@event("label-bound")
class LabelBound(OfOne):
    """A label was stuck on a container."""

    label: LabelId
    digital_code: ContainerCode | None = None

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.container, self.label})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.label = self.label


@event("container-opened")
class ContainerOpened(Birth):
    """Filling starts: the storage clock starts with it."""

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        self.begin(thing, fact)
        if thing.status == "held":
            thing.status = "filling"


@event("waste-added")
class WasteAdded(OfOne):
    """Waste went into a container; also the daily meter reading of a vessel."""

    code: Code
    mass: Mass
    facility: FacilityId | None = None
    batch_code: BatchCode | None = None
    handler: Named | None = None
    source: Transcript | None = None

    correctable = ("mass.net_g",)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.add(self.mass.net_g, self.place.party, self.place.site)

    def post(self, fact: Fact) -> Iterator[Posting]:
        yield from _generated(self.place, self.code, self.container, self.mass.net_g or 0)


@event("container-closed")
class ContainerClosed(OfOne):
    """Filling ends with the final weight; what the additions said before is `previous_g`."""

    code: Code
    mass: Mass
    previous_g: GramsOrNone
    handler: Named | None = None

    correctable = ("mass.net_g",)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        if self.mass.net_g is not None:
            thing.weighed(self.mass.net_g, self.previous_g, self.place.party, self.place.site)
        if thing.status == "filling":
            thing.status = "held"

    def post(self, fact: Fact) -> Iterator[Posting]:
        if self.mass.net_g is not None:
            yield from _generated(self.place, self.code, self.container, self.mass.net_g - self.previous_g)


@event("container-filled")
class ContainerFilled(Birth):
    """Generated, packed and weighed at once: opened, added and closed in one."""

    mass: Mass

    correctable = ("mass.net_g",)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        self.begin(thing, fact)
        thing.add(self.mass.net_g, thing.holder, thing.site)

    def post(self, fact: Fact) -> Iterator[Posting]:
        yield from _generated(self.place, self.code, self.container, self.mass.net_g or 0)


def _generated(place: Place, code: str, container: str, grams: int) -> tuple[Posting, ...]:
    return move(
        grams, Account("generated", place.party, place.site, code, ""), held(place, code, container), "generated"
    )


@event("container-stored")
class ContainerStored(OfOne):
    """Put down in a storage facility (入库, table B.2)."""

    facility: FacilityId
    zone: Name | None = None
    container_code: ContainerCode | None = None
    count: Count | None = None
    net_g: Grams | None = None
    declared: Declared | None = None
    batch_code: BatchCode | None = None
    from_batches: tuple[BatchCode, ...] = ()
    carried_by: Named | None = None
    handler: Named | None = None
    source: Transcript | None = None

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        if thing.status in ("held", "filling", "unknown"):
            if thing.status == "unknown":
                thing.held_by(self.place.party, self.place.site)
            thing.facility, thing.zone = self.facility, self.zone or ""


@event("container-moved")
class ContainerMoved(Event):
    """Moved by its holder to another zone, facility or site of its own."""

    container: ContainerId
    from_: Place
    to: Place
    code: Code
    net_g: GramsOrNone
    facility: FacilityId | None = None
    zone: Name | None = None

    def streams(self, party: str) -> frozenset[str]:
        sites = {self.from_.site, self.to.site} if self.from_.site != self.to.site else set()
        return frozenset({self.container, *sites})

    def containers(self) -> tuple[str, ...]:
        return (self.container,)

    def actors(self) -> frozenset[str]:
        return frozenset({self.from_.party})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        filling = thing.status == "filling"
        thing.held_by(self.to.party, self.to.site)
        thing.status = "filling" if filling else thing.status
        thing.facility, thing.zone = self.facility or "", self.zone or ""

    def post(self, fact: Fact) -> Iterator[Posting]:
        if self.from_ != self.to:
            yield from move(
                self.net_g,
                held(self.from_, self.code, self.container),
                held(self.to, self.code, self.container),
                "moved",
            )


@event("container-taken-out")
class ContainerTakenOut(OfOne):
    """Taken out of store (出库, table B.3); the grams stay with their holder."""

    facility: FacilityId | None = None
    container_code: ContainerCode | None = None
    count: Count | None = None
    net_g: Grams | None = None
    declared: Declared | None = None
    batch_code: BatchCode | None = None
    from_batches: tuple[BatchCode, ...] = ()
    destination: Sealed | None = None
    carried_by: Named | None = None
    handler: Named | None = None
    source: Transcript | None = None

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        if self.net_g is None or self.net_g >= thing.net_g:
            thing.facility = thing.zone = ""


@event("container-weighed")
class ContainerWeighed(OfOne):
    """Weighed again: what the books said before is `previous_g`, the gap is posted with its cause."""

    code: Code
    mass: Mass
    previous_g: GramsOrNone

    correctable = ("mass.net_g",)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        if self.mass.net_g is not None:
            thing.weighed(self.mass.net_g, self.previous_g, self.place.party, self.place.site)

    def post(self, fact: Fact) -> Iterator[Posting]:
        if self.mass.net_g is not None:
            yield from move(
                self.previous_g - self.mass.net_g,
                held(self.place, self.code, self.container),
                Account("difference", self.place.party, self.place.site, self.code, self.container),
                "weighing-difference",
                self.previous_g,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Grams taken out of a container; `count` of its pieces when it is a lot."""

    container: ContainerId
    code: Code
    net_g: Grams
    container_code: ContainerCode | None = None
    count: Count | None = None
    declared: Declared | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pour:
    """Grams put into a container, which begins here if it is new."""

    container: ContainerId
    code: Code
    net_g: Grams
    kind: ContainerKind
    name: Name
    new: bool = False
    label: LabelId | None = None
    container_code: ContainerCode | None = None


def pour(thing: Container, target: Pour, place: Place, fact: Fact) -> None:
    """Fold grams poured into a container."""
    # One that is not new began before, though it may be told of later.
    if target.new:
        thing.born, thing.born_at, thing.born_site = True, fact.at, place.site
    if target.new or not thing.code:
        thing.kind, thing.code, thing.name = target.kind, target.code, target.name
        thing.label = target.label or thing.label
        thing.container_code = target.container_code or thing.container_code
    thing.add(target.net_g, place.party, place.site)


def pool(place: Place, fact: Fact) -> Account:
    """Where grams are between being taken out and put in: empty again when the event's entries are all posted."""
    return Account("at-work", place.party, place.site, "", f"work:{fact.id}")


@event("contents-transferred")
class ContentsTransferred(Event):
    """Repacked, split, merged or pumped: n sources with grams to m targets with grams; the gap is posted."""

    place: Place
    sources: tuple[Draw, ...]
    targets: tuple[Pour, ...]
    reason: Literal["repack", "split", "merge", "pump"]
    handler: Named | None = None

    correctable = ("sources.*.net_g", "targets.*.net_g")

    def streams(self, party: str) -> frozenset[str]:
        births = {self.place.site} if any(t.new for t in self.targets) else set()
        return frozenset({*self.containers(), *births, *(t.label for t in self.targets if t.label)})

    def containers(self) -> tuple[str, ...]:
        return (*(s.container for s in self.sources), *(t.container for t in self.targets))

    def begins(self) -> tuple[str, ...]:
        return tuple(t.container for t in self.targets if t.new)

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party})

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        for target in self.targets:
            thing = things.get(target.container)
            if target.new and isinstance(thing, Container) and thing.born:
                yield ContainerExists(container=target.container)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        for source in self.sources:
            if source.container == thing.id:
                thing.draw(source.net_g, fact.at)
        for target in self.targets:
            if target.container == thing.id:
                pour(thing, target, self.place, fact)

    def post(self, fact: Fact) -> Iterator[Posting]:
        between = pool(self.place, fact)
        for source in self.sources:
            yield from move(source.net_g, held(self.place, source.code, source.container), between, "transferred")
        for target in self.targets:
            yield from move(target.net_g, between, held(self.place, target.code, target.container), "transferred")
        sent = sum(s.net_g for s in self.sources)
        code = self.sources[0].code if self.sources else self.targets[0].code
        lost = Account("difference", self.place.party, self.place.site, code, "")
        yield from move(sent - sum(t.net_g for t in self.targets), between, lost, "transfer-difference", sent)

    def check(self, path: str, codes: Codes) -> None:
        distinct(self.containers(), "sources")
        if not self.sources or not self.targets:
            raise WireError(path="sources", expected="at least one source and one target", got="none")


@event("container-lost")
class ContainerLost(OfOne):
    """Not to be found any more: told by who should have it, at a site or on the road."""

    code: Code
    net_g: GramsOrNone
    stage: Literal["held", "in-transit"]
    reason: Literal["missing-at-count", "stolen", "fell-off", "unknown"]

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.status, thing.lost_by = "lost", self.place.party

    def post(self, fact: Fact) -> Iterator[Posting]:
        site = self.place.site if self.stage == "held" else ""
        yield from move(
            self.net_g,
            Account(self.stage, self.place.party, site, self.code, self.container),
            Account("lost", self.place.party, self.place.site, self.code, self.container),
            "lost",
        )


@event("container-found")
class ContainerFound(OfOne):
    """A lost container is back in somebody's hands; `lost_by` is who had reported it lost."""

    code: Code
    net_g: GramsOrNone
    lost_by: Place

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.held_by(self.place.party, self.place.site)

    def post(self, fact: Fact) -> Iterator[Posting]:
        yield from move(
            self.net_g,
            Account("lost", self.lost_by.party, self.lost_by.site, self.code, self.container),
            held(self.place, self.code, self.container),
            "found",
        )


def distinct(items: tuple[str, ...], path: str) -> None:
    """Raises WireError when a container is named twice."""
    if len(set(items)) != len(items):
        raise WireError(path=path, expected="each container once", got="a container twice")
