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
    Hazards,
    Identifier,
    Millilitres,
    Name,
    Party,
    ProfileId,
    Site,
    Words,
)
from ledger.custody.wire import text

Region = Annotated[str, text(r"[1-9]\d{5}", "a 6-digit region code")]
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
