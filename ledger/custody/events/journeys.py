"""Events beside a manifest's own way: trips, roadside checks, defects found later, paper days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ledger.custody.container import Container, Manifest
from ledger.custody.events import Event, event
from ledger.custody.events.movement import OfManifest
from ledger.custody.values import ContainerId, ManifestId, Moment, Name, Named, Party, Place, Plate, Sealed, TripId

if TYPE_CHECKING:
    from ledger.custody.fact import Fact


@event("trip-started")
class TripStarted(Event):
    """One vehicle's run with the manifests on board (a milk run has one for each sender)."""

    trip: TripId
    carrier: Party
    vehicle: Plate
    manifests: tuple[ManifestId, ...]
    waybill: Name | None = None
    driver: Named | None = None
    escort: Named | None = None

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.trip, *self.manifests})

    def actors(self) -> frozenset[str]:
        return frozenset({self.carrier})


@event("roadside-checked")
class RoadsideChecked(OfManifest):
    """An inspector compared the load with its papers on the road."""

    carrier: Party
    checked: tuple[ContainerId, ...]
    outcome: Literal["in-order", "differs"]
    note: Sealed | None = None

    author = "supervision"

    def containers(self) -> tuple[str, ...]:
        return self.checked


@event("discrepancy-found-later")
class DiscrepancyFoundLater(OfManifest):
    """A defect came to light after acceptance: recorded with its kind and who was told."""

    place: Place
    concerned: tuple[ContainerId, ...]
    kind: Literal["name", "quantity", "characteristic", "form", "packaging"]
    told: Named | None = None
    note: Sealed | None = None

    def containers(self) -> tuple[str, ...]:
        return self.concerned

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Container):
            thing.defects[fact.id] = self.kind


@event("paper-manifest-backfilled")
class PaperManifestBackfilled(OfManifest):
    """The manifest ran on paper while the system was out: its statements have the longer allowance."""

    place: Place
    on_paper: tuple[ContainerId, ...]
    outage_from: Moment
    outage_until: Moment
    paper_number: Name | None = None

    def containers(self) -> tuple[str, ...]:
        return self.on_paper

    def actors(self) -> frozenset[str]:
        return frozenset({self.place.party})

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        if isinstance(thing, Container):
            leg = thing.leg(self.manifest)
            leg.paper_from, leg.paper_until = self.outage_from, self.outage_until
