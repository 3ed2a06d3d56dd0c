"""Events of stock: declared, discovered, counted, grouped, emptied, leaked, reclassified, handed on as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ledger.custody.container import Container, Manifest
from ledger.custody.events import Event, event
from ledger.custody.events.containers import Birth, Draw, OfOne, distinct, held
from ledger.custody.postings import Account, Posting, move
from ledger.custody.values import (
    Code,
    ContainerId,
    Day,
    FacilityId,
    Grams,
    GramsOrNone,
    Hash,
    LabelId,
    Mass,
    Named,
    Place,
    Plate,
    Sealed,
)
from ledger.custody.wire import Codes, WireError

if TYPE_CHECKING:
    from ledger.custody.fact import Fact


@event("stock-declared")
class StockDeclared(Birth):
    """In stock already when a site goes live, held `since` that day: its clock starts then."""

    mass: Mass
    since: Day

    correctable = ("mass.net_g",)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        self.begin(thing, fact)
        thing.add(self.mass.net_g, thing.holder, thing.site)

    def post(self, fact: Fact) -> Iterator[Posting]:
        opening = Account("opening", self.place.party, self.place.site, self.code, "")
        yield from move(self.mass.net_g or 0, opening, held(self.place, self.code, self.container), "opening")


@event("waste-discovered")
class WasteDiscovered(Birth):
    """Ownerless waste was found; who found it holds it from now on."""

    mass: Mass
    found_at: Sealed | None = None

    correctable = ("mass.net_g",)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        self.begin(thing, fact)
        thing.add(self.mass.net_g, thing.holder, thing.site)

    def post(self, fact: Fact) -> Iterator[Posting]:
        found = Account("found", self.place.party, self.place.site, self.code, "")
        yield from move(self.mass.net_g or 0, found, held(self.place, self.code, self.container), "discovered")


@event("load-weighed-in")
class LoadWeighedIn(Birth):
    """A load of household waste, first recorded at the plant's weighbridge; its producer is a street or area."""

    origin: Place
    mass: Mass
    vehicle: Plate | None = None

    correctable = ("mass.net_g",)

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.container, self.place.site, self.origin.site})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        self.begin(thing, fact)
        thing.add(self.mass.net_g, thing.holder, thing.site)

    def post(self, fact: Fact) -> Iterator[Posting]:
        origin = Account("generated", self.origin.party, self.origin.site, self.code, "")
        yield from move(self.mass.net_g or 0, origin, held(self.place, self.code, self.container), "weighed-in")


@event("store-counted")
class StoreCounted(Event):
    """The store was counted by scanning: what is there, and what the books have and nobody found. A count of more than
    200 containers is told in parts."""

    place: Place
    facility: FacilityId
    present: tuple[ContainerId, ...] = ()
    absent: tuple[ContainerId, ...] = ()
    handler: Named | None = None

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.facility, *self.containers()})

    def containers(self) -> tuple[str, ...]:
        return (*self.present, *self.absent)

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party})

    def check(self, path: str, codes: Codes) -> None:
        distinct(self.containers(), "present")
        if not self.containers():
            raise WireError(path="present", expected="at least one container present or absent", got="none")

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.absent_at = fact.at if thing.id in self.absent else ""
        here = thing.id in self.present and thing.status in ("held", "filling", "unknown")
        if here and thing.facility != self.facility:
            thing.facility, thing.zone = self.facility, ""


@event("containers-grouped")
class ContainersGrouped(Event):
    """Put together in an outer one (bags in a bin, drums on a pallet): scanning the outer names all."""

    place: Place
    outer: ContainerId
    members: tuple[ContainerId, ...]

    def streams(self, party: str) -> frozenset[str]:
        return frozenset(self.containers())

    def containers(self) -> tuple[str, ...]:
        return (self.outer, *self.members)

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party})

    def check(self, path: str, codes: Codes) -> None:
        distinct(self.containers(), "members")
        if not self.members:
            raise WireError(path="members", expected="at least one container", got="none")

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        if thing.id != self.outer:
            thing.outer = self.outer
        elif thing.status == "unknown":
            thing.kind = "group"
            thing.held_by(self.place.party, self.place.site)


@event("containers-ungrouped")
class ContainersUngrouped(ContainersGrouped):
    """Taken out of the outer one."""

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        if thing.outer == self.outer:
            thing.outer = ""


@event("container-emptied")
class ContainerEmptied(OfOne):
    """Nothing is left inside; grams that the books still have are posted as a difference. Its asset is free again."""

    code: Code
    rest_g: GramsOrNone

    correctable = ("rest_g",)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        # What nobody weighed went somewhere, and where nobody told of that it is missing.
        thing.mass_unknown &= thing.net_g >= 0
        thing.net_g -= self.rest_g
        thing.status, thing.emptied_at = "emptied", fact.at

    def post(self, fact: Fact) -> Iterator[Posting]:
        gap = Account("difference", self.place.party, self.place.site, self.code, self.container)
        yield from move(
            self.rest_g, held(self.place, self.code, self.container), gap, "emptied-difference", self.rest_g
        )


@event("leak-reported")
class LeakReported(OfOne):
    """Grams escaped; lost until the authority says what became of them."""

    code: Code
    lost_g: Grams
    stage: Literal["held", "in-transit"]
    into: Literal["floor", "sump", "soil", "water", "air"]

    correctable = ("lost_g",)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.draw(self.lost_g, fact.at)
        thing.leaked_g += self.lost_g

    def post(self, fact: Fact) -> Iterator[Posting]:
        site = self.place.site if self.stage == "held" else ""
        origin = Account(self.stage, self.place.party, site, self.code, self.container)
        lost = Account("lost", self.place.party, self.place.site, self.code, self.container)
        yield from move(self.lost_g, origin, lost, "leaked")


@event("waste-reclassified")
class WasteReclassified(OfOne):
    """The only way a code changes. From hazardous to not, it goes on counting as hazardous until the authority
    confirms the identification."""

    old_code: Code
    new_code: Code
    net_g: GramsOrNone
    cause: Literal["report", "error", "catalogue", "provisional"]
    evidence: Hash | None = None

    def check(self, path: str, codes: Codes) -> None:
        if self.old_code == self.new_code:
            raise WireError(path="new_code", expected=f"another code than {self.old_code}", got=self.new_code)
        if self.cause == "report" and self.evidence is None:
            raise WireError(path="evidence", expected="the hash of the identification report", got="absent")

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.code = self.new_code

    def post(self, fact: Fact) -> Iterator[Posting]:
        old = held(self.place, self.old_code, self.container)
        yield from move(self.net_g, old, held(self.place, self.new_code, self.container), "reclassified")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed(Draw):
    """A container handed on with everything in it."""


@event("custody-transferred")
class CustodyTransferred(Event):
    """A merger or a sale: the stock of one legal person becomes another's, where it lies; clocks go on."""

    from_: Place
    to: Place
    lines: tuple[Handed, ...]
    reason: Literal["merger", "sale", "division"]
    document: Hash

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.from_.site, self.to.site, self.from_.party, self.to.party, *self.containers()})

    def containers(self) -> tuple[str, ...]:
        return tuple(line.container for line in self.lines)

    def actors(self) -> frozenset[str]:
        return frozenset({self.from_.party, self.to.party})

    def check(self, path: str, codes: Codes) -> None:
        distinct(self.containers(), "lines")
        if not self.lines:
            raise WireError(path="lines", expected="at least one container", got="none")
        if self.from_.party == self.to.party:
            raise WireError(path="to.party", expected="another legal person", got=self.to.party)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        filling = thing.status == "filling"
        thing.held_by(self.to.party, self.to.site)
        thing.status = "filling" if filling else thing.status

    def post(self, fact: Fact) -> Iterator[Posting]:
        for line in self.lines:
            old = held(self.from_, line.code, line.container)
            yield from move(line.net_g, old, held(self.to, line.code, line.container), "custody-transferred")


@event("label-replaced")
class LabelReplaced(OfOne):
    """A damaged label was replaced; the old one says so when it is scanned."""

    old: LabelId
    new: LabelId
    reason: Literal["damaged", "lost", "reclassified", "reprinted"]

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.container, self.old, self.new})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.label = self.new
