"""Events that count only from a competent authority's key: licences, settings, calendars, catalogues."""

from __future__ import annotations

from typing import Annotated, Literal

from ledger.custody.events import Event, event
from ledger.custody.values import Day, Grams, Hash, LicenceId, MethodCode, Name, Party, Site, Stream, Word
from ledger.custody.wire import Codes, Plain, Whole, WireError, text

CodePattern = Annotated[str, text(r"[A-Z0-9]{2,5}(?:-[A-Z0-9]{2,5}){0,2}", "a waste code or a class such as HW08")]


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
    include: tuple[CodePattern, ...] = ()
    exclude: tuple[CodePattern, ...] = ()
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
