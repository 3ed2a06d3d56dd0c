"""Events that count only from a competent authority's key: licences, settings, calendars, catalogues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ledger.custody.events import Event, event
from ledger.custody.values import (
    ApprovalId,
    Code,
    CodeOrClass,
    Count,
    Day,
    Grams,
    Hash,
    LicenceId,
    MethodCode,
    Name,
    Party,
    PlanId,
    Site,
    Stream,
    Word,
)
from ledger.custody.wire import Codes, Plain, Whole, WireError


@event("licence-granted")
class LicenceGranted(Event):
    """A licence; entered by its holder it is only asserted until a licensing authority says the same of it.

    `include` holds codes or classes, empty meaning all; `exclude` takes some out again. `annual_g` is the mass a year.
    """

    licence: LicenceId
    holder: Party
    number: Name
    kind: Literal["comprehensive", "collection", "medical", "own-facility", "site-permit"]
    valid_from: Day
    valid_until: Day
    site: Site | None = None
    include: tuple[CodeOrClass, ...] = ()
    exclude: tuple[CodeOrClass, ...] = ()
    methods: tuple[MethodCode, ...] = ()
    annual_g: Grams | None = None

    def check(self, path: str, codes: Codes) -> None:
        if self.valid_until < self.valid_from:
            raise WireError(path="valid_until", expected=f"not before {self.valid_from}", got=self.valid_until)

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.licence, self.holder})

    def actors(self) -> frozenset[str]:
        return frozenset({self.holder})

    def covers(self, code: str, classes: tuple[str, ...], method: str | None) -> bool:
        """True when the licence covers the code (or one of its classes) and the method."""
        names = {code, *classes}
        if self.include and not names & set(self.include):
            return False
        if names & set(self.exclude):
            return False
        return method is None or not self.methods or method in self.methods


@event("setting-adopted")
class SettingAdopted(Event):
    """A number or text that rules read: a tolerance, a clock, an allowance; for all, or for one site or party."""

    name: Word
    value: Annotated[str | int, Plain()]
    effective_from: Day
    scope: Stream | None = None

    author = "settings"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({party, *((self.scope,) if self.scope else ())})


@event("calendar-adopted")
class CalendarAdopted(Event):
    """The days of a year that are not as the week says: days off among Monday to Friday, working days at week-ends."""

    year: Annotated[int, Whole(2000, 2200)]
    days_off: tuple[Day, ...] = ()
    working_days: tuple[Day, ...] = ()

    author = "settings"

    def check(self, path: str, codes: Codes) -> None:
        for day in (*self.days_off, *self.working_days):
            if not day.startswith(f"{self.year}-"):
                raise WireError(path="days_off", expected=f"days of {self.year}", got=day)

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({party})


@event("catalogue-adopted")
class CatalogueAdopted(Event):
    """An edition of the catalogue of hazardous wastes is in force from a day on; its content is named by its hash."""

    edition: Name
    effective_from: Day
    content: Hash
    count: Annotated[int, Whole(1, 100_000)]

    author = "settings"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({party})


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfLicence(Event):
    """What an authority does to a licence from a day on."""

    licence: LicenceId
    holder: Party
    from_: Day

    author = "licensing"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.licence, self.holder})


@event("licence-amended")
class LicenceAmended(_OfLicence):
    """New terms of a licence from a day on."""

    valid_until: Day
    include: tuple[CodeOrClass, ...] = ()
    exclude: tuple[CodeOrClass, ...] = ()
    methods: tuple[MethodCode, ...] = ()
    annual_g: Grams | None = None


@event("licence-suspended")
class LicenceSuspended(_OfLicence):
    """Nothing counts as licensed between the two days, both included."""

    until: Day


@event("licence-revoked")
class LicenceRevoked(_OfLicence):
    """Nothing counts as licensed from the day on."""


@event("exemption-confirmed")
class ExemptionConfirmed(Event):
    """The authority confirms that a row of the exemption list applies to a party's waste at a stage."""

    holder: Party
    row: Name
    codes: tuple[Code, ...]
    stage: Literal["all", "collection", "transport", "utilisation", "disposal", "storage"]
    valid_from: Day
    valid_until: Day
    evidence: Hash | None = None

    author = "licensing"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.holder})


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfCrossing(Event):
    """Waste may cross a province's border: from whom, to whom, what, how much, in how many shipments, until when; never
    for more than twelve months."""

    approval: ApprovalId
    sender: Party
    receiver: Party
    codes: tuple[Code, ...]
    valid_from: Day
    valid_until: Day
    mass_g: Grams | None = None
    number: Name | None = None
    shipments: Count | None = None

    author = "licensing"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.approval, self.sender, self.receiver})

    def covers(self, sender: str, receiver: str, code: str, day: str) -> bool:
        """True for waste of this code that goes from the one to the other on the day."""
        a_year_later = f"{int(self.valid_from[:4]) + 1}{self.valid_from[4:]}"
        return (
            (self.sender, self.receiver) == (sender, receiver)
            and code in self.codes
            and self.valid_from <= day <= self.valid_until
            and day < a_year_later
        )


@event("cross-province-approved")
class CrossProvinceApproved(_OfCrossing):
    """Approved: hazardous waste always needs it, other waste for storage and disposal."""


@event("cross-province-reported")
class CrossProvinceReported(_OfCrossing):
    """Reported beforehand: enough for the utilisation of general waste."""


@event("emergency-plan-declared")
class EmergencyPlanDeclared(Event):
    """In an emergency (an epidemic, a plant's outage) these parties may take and close these wastes."""

    plan: PlanId
    receivers: tuple[Party, ...]
    codes: tuple[CodeOrClass, ...]
    valid_from: Day
    valid_until: Day
    reason: Literal["epidemic", "plant-outage", "accident", "other"]
    order: Hash | None = None

    author = "licensing"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.plan, *self.receivers})
