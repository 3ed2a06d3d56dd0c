"""Registry events: parties, sites, facilities, waste profiles and contracts, told by the party or by a registrar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ledger.custody.events import Event, event
from ledger.custody.values import (
    Code,
    ContainerCode,
    ContractId,
    Day,
    FacilityId,
    Form,
    Grams,
    GramsOrNone,
    Hash,
    Hazards,
    Identifier,
    KeyId,
    Millilitres,
    Name,
    Party,
    PlanId,
    Plate,
    ProfileId,
    Region,
    ScaleId,
    Site,
    VehicleId,
    Words,
)
from ledger.custody.wire import Codes, Whole, WireError

StoreKind = Literal["store", "point", "yard", "pool", "tank-farm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfHolder(Event):
    """A registry event of a party: told by the party itself or by a registrar."""

    holder: Party

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.holder, *self.subject()})

    def subject(self) -> tuple[str, ...]:
        return ()

    def actors(self) -> frozenset[str]:
        return frozenset({self.holder})


@event("party-registered")
class PartyRegistered(OfHolder):
    """A legal entity takes part."""

    name: Name
    identifiers: tuple[Identifier, ...] = ()
    duties: tuple[Literal["generator", "carrier", "disposer", "authority", "operator"], ...] = ()
    duty_phone: Name | None = None


@event("site-registered")
class SiteRegistered(OfHolder):
    """A place of a party. From `live_from` on, everything there is recorded as it happens."""

    site: Site
    name: Name
    region: Region | None = None
    address: Name | None = None
    live_from: Day | None = None
    use: Literal["enterprise", "medical", "collection", "disposal", "authority"] = "enterprise"

    def subject(self) -> tuple[str, ...]:
        return (self.site,)


@event("facility-registered")
class FacilityRegistered(OfHolder):
    """A facility of a site that generates, stores, utilises or disposes of waste."""

    facility: FacilityId
    site: Site
    code: ContainerCode
    purpose: Literal["generate", "store", "utilise", "dispose"]
    name: Name | None = None
    store_kind: StoreKind | None = None
    capacity_g: Grams | None = None
    zones: tuple[Name, ...] = ()

    def subject(self) -> tuple[str, ...]:
        return (self.facility, self.site)


@event("waste-profile-registered")
class WasteProfileRegistered(OfHolder):
    """A kind of waste of a party, described once; the clerk picks it and never types it."""

    profile: ProfileId
    name: Name
    code: Code
    form: Form
    site: Site | None = None
    catalogue_name: Name | None = None
    components: Words | None = None
    harmful: Words | None = None
    hazards: Hazards | None = None
    precautions: Words | None = None
    packing: Name | None = None
    capacity_ml: Millilitres | None = None
    facility: FacilityId | None = None

    def subject(self) -> tuple[str, ...]:
        return (self.profile,)


@event("contract-registered")
class ContractRegistered(OfHolder):
    """A contract of `holder` with whoever carries, utilises or disposes of its waste."""

    contract: ContractId
    with_: Party
    codes: tuple[Code, ...]
    valid_from: Day
    valid_until: Day
    number: Name | None = None

    def subject(self) -> tuple[str, ...]:
        return (self.contract, self.with_)


@event("party-amended")
class PartyAmended(PartyRegistered):
    """The party's name, identifiers or duties as they are from now on."""


@event("vehicle-registered")
class VehicleRegistered(OfHolder):
    """A vehicle of a carrier."""

    vehicle: VehicleId
    plate: Plate
    permit: Name | None = None

    def subject(self) -> tuple[str, ...]:
        return (self.vehicle,)


@event("scale-registered")
class ScaleRegistered(OfHolder):
    """A scale whose readings stand in masses."""

    scale: ScaleId
    name: Name
    site: Site | None = None
    capacity_g: Grams | None = None
    division_g: Grams | None = None

    def subject(self) -> tuple[str, ...]:
        return (self.scale,)


@event("scale-calibrated")
class ScaleCalibrated(OfHolder):
    """A scale was calibrated; the certificate is named by its hash."""

    scale: ScaleId
    valid_until: Day
    certificate: Hash

    def subject(self) -> tuple[str, ...]:
        return (self.scale,)


@event("label-codes-reserved")
class LabelCodesReserved(OfHolder):
    """A block of serial numbers of digital codes for one device: a credit code and waste code have 999 a day."""

    code: Code
    day: Day
    device: KeyId
    first: Annotated[int, Whole(1, 999)]
    last: Annotated[int, Whole(1, 999)]

    def check(self, path: str, codes: Codes) -> None:
        if self.last < self.first:
            raise WireError(path="last", expected=f"not below {self.first}", got=self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """What a site plans for one waste code in a year, in grams."""

    code: Code
    generated_g: GramsOrNone
    treated_g: GramsOrNone = 0
    entrusted_g: GramsOrNone = 0
    measures: Words | None = None


@event("plan-filed")
class PlanFiled(OfHolder):
    """The year's management plan of a site; a later one replaces it."""

    plan: PlanId
    site: Site
    year: Annotated[int, Whole(2000, 2200)]
    lines: tuple[PlanLine, ...]

    def subject(self) -> tuple[str, ...]:
        return (self.plan, self.site)
