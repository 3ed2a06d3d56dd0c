"""What the registry says: parties, sites, licences, contracts, settings, calendars, catalogues."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from ledger.custody.events.authority import (
    CalendarAdopted,
    CatalogueAdopted,
    CrossProvinceApproved,
    CrossProvinceReported,
    EmergencyPlanDeclared,
    ExemptionConfirmed,
    LicenceAmended,
    LicenceGranted,
    LicenceRevoked,
    LicenceSuspended,
    SettingAdopted,
)
from ledger.custody.events.ledger import LedgerOpened
from ledger.custody.events.oversight import PeriodClosed, RectificationClosed, RectificationOrdered
from ledger.custody.events.registry import (
    ContractRegistered,
    FacilityRegistered,
    OfHolder,
    PartyRegistered,
    PlanFiled,
    SiteRegistered,
    WasteProfileRegistered,
)
from ledger.custody.fact import Fact

UNSET = frozenset({"declarations-from", "disclosure", "incompatible-pairs"})
"""Settings that no regime has a value for: they mean something once they are adopted."""
_TIMES = ("days", "hours", "minutes")
_LONGEST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionRow:
    """A row of an edition's exemption list: the waste (codes or classes; none where only words describe it), the stages
    at which it is not managed as hazardous, the methods it is limited to (none: any), and on what condition."""

    row: str
    codes: frozenset[str]
    stages: frozenset[str]
    methods: frozenset[str]
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What rules read of an edition of the catalogue: its codes and its exemption list."""

    codes: frozenset[str] = frozenset()
    exemptions: Mapping[str, ExemptionRow] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence with who said so: `confirmed` only by a licensing authority's key."""

    terms: LicenceGranted
    confirmed: bool
    fact: Fact

    def valid_on(self, day: str) -> bool:
        """True when the licence stood on that day."""
        return self.terms.valid_from <= day <= self.terms.valid_until


@dataclass(slots=True, kw_only=True)
class Registry:
    """The registry as of some entry; `later_than` tells what a new fact puts in question."""

    opened: LedgerOpened | None = None
    names: dict[str, str] = field(default_factory=dict)
    parties: dict[str, PartyRegistered] = field(default_factory=dict)
    sites: dict[str, SiteRegistered] = field(default_factory=dict)
    facilities: dict[str, FacilityRegistered] = field(default_factory=dict)
    profiles: dict[str, WasteProfileRegistered] = field(default_factory=dict)
    site_history: dict[str, list[tuple[str, SiteRegistered]]] = field(default_factory=dict)  # with when it was received
    licences: dict[str, list[Licence]] = field(default_factory=dict)
    contracts: dict[frozenset[str], list[ContractRegistered]] = field(default_factory=dict)
    settings: dict[str, list[tuple[SettingAdopted, Fact]]] = field(default_factory=dict)  # the last in force last
    calendars: dict[int, CalendarAdopted] = field(default_factory=dict)
    calendars_since: dict[int, Fact] = field(default_factory=dict)  # the first adoption for the year
    catalogues: list[CatalogueAdopted] = field(default_factory=list)
    licence_changes: dict[str, list[LicenceAmended | LicenceSuspended | LicenceRevoked]] = field(default_factory=dict)
    emergencies: list[EmergencyPlanDeclared] = field(default_factory=list)
    crossings: list[CrossProvinceApproved | CrossProvinceReported] = field(default_factory=list)
    exemptions: list[ExemptionConfirmed] = field(default_factory=list)
    plans: dict[tuple[str, int], list[tuple[PlanFiled, Fact]]] = field(default_factory=dict)
    closings: dict[str, list[tuple[PeriodClosed, Fact]]] = field(default_factory=dict)
    orders: dict[str, tuple[RectificationOrdered, Fact]] = field(default_factory=dict)
    rectified: dict[str, list[Fact]] = field(default_factory=dict)
    editions: dict[str, Edition] = field(default_factory=dict)

    def add(self, fact: Fact) -> None:
        """Take one fact in; facts that are not the registry's change nothing."""
        match fact.event:
            case LedgerOpened() as event:
                self.opened = event
                self.names[event.operator] = event.operator_name
                self.names |= {a.party: a.name for a in event.authorities}
            case PartyRegistered() as event:
                self.parties[event.holder] = event
                self.names[event.holder] = event.name
            case SiteRegistered() as event if _own(self.sites.get(event.site), event, fact):
                self.sites[event.site] = event
                self.site_history.setdefault(event.site, []).append((fact.received_at, event))
                self.names[event.site] = event.name
            case FacilityRegistered() as event if _own(self.facilities.get(event.facility), event, fact):
                self.facilities[event.facility] = event
                self.names[event.facility] = event.name or event.code
            case WasteProfileRegistered() as event if _own(self.profiles.get(event.profile), event, fact):
                self.profiles[event.profile] = event
                self.names[event.profile] = event.name
            case LicenceGranted() as event:
                confirmed = "licensing" in fact.by.roles
                self.licences.setdefault(event.holder, []).append(Licence(terms=event, confirmed=confirmed, fact=fact))
            case ContractRegistered() as event:
                self.contracts.setdefault(frozenset({event.holder, event.with_}), []).append(event)
            case SettingAdopted() as event:
                insort(self.settings.setdefault(event.name, []), (event, fact), key=_since)
            case CalendarAdopted() as event:
                self.calendars[event.year] = event
                self.calendars_since.setdefault(event.year, fact)
            case CatalogueAdopted() as event:
                self.catalogues.append(event)
            case LicenceAmended() | LicenceSuspended() | LicenceRevoked() as event:
                self.licence_changes.setdefault(event.licence, []).append(event)
            case EmergencyPlanDeclared() as event:
                self.emergencies.append(event)
            case CrossProvinceApproved() | CrossProvinceReported() as event:
                self.crossings.append(event)
            case ExemptionConfirmed() as event:
                self.exemptions.append(event)
            case PlanFiled() as event:
                self.plans.setdefault((event.site, event.year), []).append((event, fact))
            case PeriodClosed() as event:
                self.closings.setdefault(event.holder, []).append((event, fact))
            case RectificationOrdered() as event:
                self.orders[fact.id] = event, fact
            case RectificationClosed() as event:
                self.rectified.setdefault(event.ordered, []).append(fact)
            case _:
                pass

    def site_at(self, site: str, moment: str) -> SiteRegistered | None:
        """The site as it was registered then, before that as it was registered first: what is registered later changes
        no clock that runs and no border that was crossed."""
        known = self.site_history.get(site, ())
        for at, event in reversed(known):
            if at <= moment:
                return event
        return known[0][1] if known else None

    def live_from(self, site: str) -> str:
        """The day from which everything at the site is recorded, as it was registered first ("": not said)."""
        first = self.site_history[site][0][1] if site in self.site_history else None
        return (first.live_from if first is not None else None) or ""

    def use_at(self, site: str, moment: str, day: str) -> str:
        """What the site was for at that moment, of that local day. Collection and disposal have clocks of their own and
        count where an authority's licence stands behind them."""
        known = self.site_at(site, moment)
        if known is None or known.use not in ("collection", "disposal"):
            return "enterprise" if known is None else known.use
        licensed = any(x.terms.site in (None, site) for x in self.licence_for(known.holder, day))
        return known.use if licensed else "enterprise"

    def facilities_of(self, site: str) -> Iterator[FacilityRegistered]:
        """The facilities that whoever has the site registered there."""
        holder = self.sites[site].holder if site in self.sites else None
        return (f for f in self.facilities.values() if f.site == site and holder in (None, f.holder))

    def plans_of(self, site: str, year: int) -> list[tuple[PlanFiled, Fact]]:
        """The site's plans of the year in the order of happening, of those who had the site when they filed them."""
        filed = []
        for plan, fact in self.plans.get((site, year), ()):
            known = self.site_at(site, fact.received_at)
            if known is None or known.holder == plan.holder:
                filed.append((plan, fact))
        return sorted(filed, key=lambda pair: pair[1].order)

    def plan_of(self, site: str, year: int) -> PlanFiled | None:
        """The latest of the site's plans of the year."""
        filed = self.plans_of(site, year)
        return filed[-1][0] if filed else None

    def put_right(self, concerned: str, since: str) -> Fact | None:
        """The first closing of a rectification of this thing that was ordered and closed after `since`."""
        closed = [
            fact
            for name, (order, ordered) in self.orders.items()
            if order.concerns == concerned and ordered.at > since
            for fact in self.rectified.get(name, ())
            if fact.at > since
        ]
        return min(closed, key=lambda f: f.order) if closed else None

    def emergency(self, party: str, code: str, classes: tuple[str, ...], day: str) -> bool:
        """True when an emergency plan lets the party take and close this waste on the day."""
        names = {code, *classes}
        return any(
            plan.valid_from <= day <= plan.valid_until and party in plan.receivers and names & set(plan.codes)
            for plan in self.emergencies
        )

    def crossing(self, sender: str, receiver: str, code: str, day: str, *, report: bool) -> bool:
        """True when an approval (or, where `report` is enough, a report) covers this waste on the day."""
        return any(
            c.covers(sender, receiver, code, day) and (report or isinstance(c, CrossProvinceApproved))
            for c in self.crossings
        )

    def licence_for(self, party: str, day: str, *, confirmed: bool = True) -> Iterator[Licence]:
        """The party's licences valid on a day; by default those an authority confirmed."""
        for licence in self.licences.get(party, ()):
            stopped, current = self.stopped(licence, day), self.amended(licence, day)
            if stopped is None and current.valid_on(day) and (current.confirmed or not confirmed):
                yield current

    def amended(self, licence: Licence, day: str) -> Licence:
        """A licence with the terms that it has on a day."""
        changes = self.licence_changes.get(licence.terms.licence, ())
        amended = [c for c in changes if isinstance(c, LicenceAmended) and c.from_ <= day]
        return _amended(licence, max(amended, key=lambda c: c.from_)) if amended else licence

    def stopped(self, licence: Licence, day: str) -> LicenceSuspended | LicenceRevoked | None:
        """What stops a licence on a day: that it was revoked, else the suspension that ends last; None when nothing."""
        changes = [c for c in self.licence_changes.get(licence.terms.licence, ()) if c.from_ <= day]
        revoked = next((c for c in changes if isinstance(c, LicenceRevoked)), None)
        suspended = (c for c in changes if isinstance(c, LicenceSuspended) and day <= c.until)
        return revoked or max(suspended, key=lambda c: c.until, default=None)

    def contract_between(self, one: str, other: str, code: str, classes: tuple[str, ...], day: str) -> bool:
        """True when a contract of the two covers the code on the day."""
        names = {code, *classes}
        return any(
            c.valid_from <= day <= c.valid_until and names & set(c.codes)
            for c in self.contracts.get(frozenset({one, other}), ())
        )

    def setting(self, name: str, day: str, *scopes: str) -> int | str | None:
        """The value adopted and in force on the day: the first scope that has one, then the ledger's."""
        adopted = self.settings.get(name, [])
        for scope in (*scopes, None) if adopted else ():
            for setting, _ in reversed(adopted):
                if setting.scope == scope and setting.effective_from <= day:
                    return setting.value
        return None

    def number(self, name: str, day: str, *scopes: str) -> int | None:
        """As `setting`, where rules need a number: words have no effect, and no time is longer than a calendar."""
        value = self.setting(name, day, *scopes)
        if isinstance(value, str):
            value = int(value) if value.isascii() and value.isdigit() else None
        return min(value, _LONGEST) if value is not None and name.endswith(_TIMES) else value

    def is_working_day(self, day: date) -> bool:
        """By the adopted calendar of the year; without one Monday to Friday, provisionally."""
        calendar, text = self.calendars.get(day.year), day.isoformat()
        if calendar is not None:
            if text in calendar.days_off:
                return False
            if text in calendar.working_days:
                return True
        return day.weekday() < 5

    def catalogue_on(self, day: str) -> CatalogueAdopted | None:
        """The newest edition in force on the day."""
        in_force = [c for c in self.catalogues if c.effective_from <= day]
        return max(in_force, key=lambda c: c.effective_from) if in_force else None

    def edition_on(self, day: str) -> Edition | None:
        """The edition in force on the day, else the newest one loaded; None when none is."""
        edition = self.catalogue_on(day)
        if edition is not None and edition.content in self.editions:
            return self.editions[edition.content]
        loaded = [c for c in self.catalogues if c.content in self.editions]
        return self.editions[max(loaded, key=lambda c: c.effective_from).content] if loaded else None

    def exemptions_on(self, day: str) -> Mapping[str, ExemptionRow]:
        """The exemption list of the edition in force on the day; while that one has none, the newest one loaded."""
        edition = self.edition_on(day)
        if edition is not None and edition.exemptions:
            return edition.exemptions
        loaded = [c for c in self.catalogues if c.content in self.editions and self.editions[c.content].exemptions]
        return self.editions[max(loaded, key=lambda c: c.effective_from).content].exemptions if loaded else {}

    def exempt(
        self, row: str, parties: frozenset[str], names: frozenset[str], stages: frozenset[str], method: str, day: str
    ) -> bool:
        """True when the asserted row ("": none) of the edition of that day covers this waste at one of the stages and
        by this method ("": any), or an authority confirmed a row for one of the parties."""
        known = self.exemptions_on(day)
        stages = stages | {"all"}

        def limited(name: str) -> bool:
            return name in known and bool(method and known[name].methods) and method not in known[name].methods

        asserted = known.get(row)
        if asserted is not None and asserted.codes & names and asserted.stages & stages and not limited(row):
            return True
        return any(
            e.holder in parties
            and names & set(e.codes)
            and e.stage in stages
            and e.valid_from <= day <= e.valid_until
            and not limited(e.row)
            for e in self.exemptions
        )

    def name_of(self, stream: str) -> str:
        """The registered name, or the id where none is."""
        return self.names.get(stream, stream)


def _own(known: OfHolder | None, event: OfHolder, fact: Fact) -> bool:
    """True when what is registered under an id may be changed: by who registered it first, or by a registrar."""
    return known is None or known.holder == event.holder or "registrar" in fact.by.roles


def _since(adopted: tuple[SettingAdopted, Fact]) -> tuple[str, tuple[str, str, int]]:
    setting, fact = adopted
    return setting.effective_from, fact.order


def _amended(licence: Licence, change: LicenceAmended) -> Licence:
    terms: LicenceGranted = replace(  # type: ignore[type-var]
        licence.terms,
        valid_until=change.valid_until,
        include=change.include,
        exclude=change.exclude,
        methods=change.methods,
        annual_g=change.annual_g,
    )
    return replace(licence, terms=terms)


CHANGES_VERDICTS = (
    LicenceGranted,
    LicenceAmended,
    LicenceSuspended,
    LicenceRevoked,
    ExemptionConfirmed,
    CrossProvinceApproved,
    CrossProvinceReported,
    EmergencyPlanDeclared,
    ContractRegistered,
    SettingAdopted,
    CalendarAdopted,
    CatalogueAdopted,
    PlanFiled,
    SiteRegistered,
    FacilityRegistered,
)
REGISTRY_EVENTS = (
    LedgerOpened,
    PartyRegistered,
    WasteProfileRegistered,
    PeriodClosed,
    RectificationOrdered,
    RectificationClosed,
    *CHANGES_VERDICTS,
)
