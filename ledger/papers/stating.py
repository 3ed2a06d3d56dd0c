"""What a paper states, computed from facts alone: by the maker from the ledger, by a verifier from proven entries.

Both run these functions over a `Source`. What the maker's source is asked for is what travels with the paper, so a
paper can never rest on an entry that its holder does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal, Protocol

from ledger.custody.account import account_for, sources_of, targets_of
from ledger.custody.container import Container, Manifest
from ledger.custody.decide import effective, fold, unwrapped
from ledger.custody.events import Event
from ledger.custody.events.authority import LicenceAmended, LicenceGranted, LicenceRevoked, LicenceSuspended
from ledger.custody.events.containers import Birth, LabelBound
from ledger.custody.events.movement import (
    ManifestArrived,
    ManifestCollected,
    ManifestHandedOver,
    ManifestIssued,
    ManifestReceived,
    ManifestRedirected,
    ManifestReturnReceived,
    ManifestReturnStarted,
    OfManifest,
    Verdict,
)
from ledger.custody.events.registry import (
    FacilityRegistered,
    PartyAmended,
    PartyRegistered,
    SiteRegistered,
    WasteProfileRegistered,
)
from ledger.custody.events.treatment import FateAsserted, WasteTreated
from ledger.custody.fact import Fact
from ledger.custody.registry import Registry
from ledger.custody.values import Mass, Named, Place
from ledger.papers.facts import (
    Asked,
    Carriage,
    Certificate,
    Ended,
    EndedSum,
    Inventory,
    Line,
    LoadList,
    ManifestPaper,
    NothingToState,
    Paper,
    ReceiptNote,
    Source,
    Stock,
    StockSum,
    Unit,
    Waste,
    Weighbridge,
)

_LICENCES: Final = (LicenceGranted, LicenceAmended, LicenceSuspended, LicenceRevoked)


def state(asked: Asked, source: Source) -> Paper:
    """What the paper asked for states, by the facts of the source alone."""
    match asked.kind:
        case "manifest":
            return _Journey(source, asked.subject).manifest()
        case "load-list":
            return _Journey(source, asked.subject).load_list()
        case "receipt-note":
            return _Journey(source, asked.subject).receipt_note()
        case "certificate":
            return _certificate(source, asked.subject, asked.period)
        case "inventory":
            return _inventory(source, asked.subject)


# ---------------------------------------------------------------------------------------------- registered things


class _Registered:
    """The registry, as far as a paper asks it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.known = Registry()
        self._read: set[str] = set()

    def take(self, stream: str, *types: type[Event], last: bool = True) -> None:
        """Read what was registered of a thing, once."""
        if stream and stream not in self._read:
            self._read.add(stream)
            found = list(self.source.registered(stream, *types))
            for fact in found[-1:] if last else found:
                self.known.add(fact)

    def name(self, party: str) -> str:
        self.take(party, PartyRegistered, PartyAmended)
        return self.known.name_of(party)

    def site(self, site: str) -> str:
        self.take(site, SiteRegistered)
        return self.known.names.get(site, "")

    def facility(self, facility: str) -> str:
        self.take(facility, FacilityRegistered)
        found = self.known.facilities.get(facility)
        return "" if found is None else " ".join(filter(None, (found.code, found.name)))

    def profile(self, profile: str | None) -> WasteProfileRegistered | None:
        self.take(profile or "", WasteProfileRegistered)
        return self.known.profiles.get(profile or "")

    def licences(self, party: str, day: str) -> tuple[str, ...]:
        """The numbers of the licences that stood on the day, by a licensing authority's word."""
        if party not in self.known.licences:
            self.known.licences[party] = []
            for fact in self.source.registered(party, *_LICENCES):
                self.known.add(fact)
        return tuple(licence.terms.number for licence in self.known.licence_for(party, day))

    def unit(self, party: str, site: str = "", licensed_on: str = "") -> Unit:
        name = self.name(party)
        site_name = self.site(site)
        registered, place = self.known.parties.get(party), self.known.sites.get(site)
        codes = [i.value for i in registered.identifiers if i.scheme == "uscc"] if registered is not None else []
        return Unit(
            party=party,
            name=name,
            credit_code=codes[0] if codes else "",
            phone=(registered.duty_phone if registered is not None else None) or "",
            site=site,
            site_name=site_name,
            address=(place.address if place is not None else None) or "",
            licences=self.licences(party, licensed_on) if licensed_on else (),
        )


# ---------------------------------------------------------------------------------------------- journeys


class _Journey:
    """A manifest with its containers, everything corrected that was corrected."""

    def __init__(self, source: Source, manifest: str) -> None:
        self.source = source
        self.registered = _Registered(source)
        facts = [unwrapped(f) for f in source.chain(manifest)]
        if not facts:
            raise NothingToState(detail=manifest)
        thing = fold(manifest, facts)
        assert isinstance(thing, Manifest)
        self.thing = thing
        names = sorted({c for f in facts for c in f.event.containers()})
        self.containers = {name: _Told(source, name) for name in names}
        # Masses are corrected in each container's own chain, from which its line is read; nothing else ever is.
        self.facts = sorted(facts, key=lambda f: f.order)
        self.lines = tuple(self._line(told) for told in self.containers.values())
        self.entries = tuple(sorted(source.index(f) for f in facts))
        issued = next((f for f in self.facts if isinstance(f.event, ManifestIssued)), None)
        self.issued = issued
        self.day = source.regime.day_of(self.facts[-1].at)

    def manifest(self) -> ManifestPaper:
        intent = self.issued.event if self.issued is not None else None
        assert intent is None or isinstance(intent, ManifestIssued)
        received = self._last(ManifestReceived)
        return ManifestPaper(
            manifest=self.thing.id,
            number=self.thing.number,
            status=self.thing.status,
            issued_at=self.thing.issued_at,
            planned=(intent.planned if intent is not None else None) or "",
            emergency_phone=(intent.emergency_phone if intent is not None else None) or "",
            sender=self._sender(),
            sender_handler=_ref(self.issued, "handler") or _ref(self._last(ManifestCollected), "handler"),
            carriages=self._carriages(),
            receiver=self._receiver(),
            received_at=self.thing.received_at,
            receiver_handler=_ref(received, "handler"),
            wastes=tuple(_wastes(self.lines)),
            lines=self.lines,
            listed_g=_sum(line.listed_g for line in self.lines),
            loaded_g=_sum(line.loaded_g for line in self.lines),
            accepted_g=_sum(line.accepted_g for line in self.lines),
            entries=self.entries,
        )

    def load_list(self) -> LoadList:
        intent = self.issued.event if self.issued is not None else None
        assert intent is None or isinstance(intent, ManifestIssued)
        loaded = [line for line in self.lines if line.loaded_g is not None]
        return LoadList(
            manifest=self.thing.id,
            number=self.thing.number,
            collected_at=self.thing.collected_at,
            sender=self._sender(),
            carriages=self._carriages(),
            receiver=self._receiver(),
            emergency_phone=(intent.emergency_phone if intent is not None else None) or "",
            lines=self.lines,
            loaded=len(loaded),
            left_behind=sum(bool(line.reason) for line in self.lines),
            loaded_g=_sum(line.loaded_g for line in loaded),
            entries=self.entries,
        )

    def receipt_note(self) -> ReceiptNote:
        received = [f for f in self.facts if isinstance(f.event, ManifestReceived)]
        if not received:
            raise NothingToState(detail=self.thing.number or self.thing.id, expected="manifest-received", got="none")
        last = received[-1].event
        assert isinstance(last, ManifestReceived)
        weighed = [
            (f.event.weighbridge, self.source.index(f))
            for f in received
            if isinstance(f.event, ManifestReceived) and f.event.weighbridge is not None
        ]
        decisions = [line.decision for line in self.lines if line.reason == "" or line.decision]
        return ReceiptNote(
            manifest=self.thing.id,
            number=self.thing.number,
            received_at=received[-1].at,
            handler=_ref(received[-1], "handler"),
            sender=self._sender(),
            carrier=self.registered.unit(last.carrier),
            receiver=self.registered.unit(last.to.party, last.to.site, self.day),
            weighbridge=tuple(_weighbridge(mass, entry) for mass, entry in weighed),
            lines=self.lines,
            accepted=sum(decision.startswith("accepted") for decision in decisions),
            refused=decisions.count("refused"),
            missing=decisions.count("missing"),
            undecided=decisions.count(""),
            accepted_g=_sum(line.accepted_g for line in self.lines),
            difference_g=_sum(line.difference_g for line in self.lines),
            entries=self.entries,
        )

    def _last(self, kind: type[Event]) -> Fact | None:
        return next((f for f in reversed(self.facts) if isinstance(f.event, kind)), None)

    def _sender(self) -> Unit:
        first = self.facts[0].event
        place = getattr(first, "from_", None)
        party, site = self.thing.sender, self.thing.sender_site
        if not party and isinstance(place, Place):
            party, site = place.party, place.site
        return self.registered.unit(party, site)

    def _receiver(self) -> Unit:
        party, site = self.thing.receiver, self.thing.receiver_site
        place = getattr(self.facts[0].event, "to", None)
        if not party and isinstance(place, Place):
            party, site = place.party, place.site
        return self.registered.unit(party, site, self.day)

    def _carriages(self) -> tuple[Carriage, ...]:
        made = []
        for fact in self.facts:
            match fact.event:
                case ManifestCollected() as e:
                    where = self.registered.site(e.from_.site)
                    made.append(self._carriage(fact, "collected", e.carrier, where, len(e.lines)))
                case ManifestHandedOver() as e:
                    made.append(self._carriage(fact, "handed-over", e.to_carrier, e.where or "", len(e.lines)))
                case ManifestArrived() as e:
                    where = self.registered.site(e.place.site)
                    made.append(self._carriage(fact, "arrived", e.carrier, where, len(e.arrived)))
                case ManifestReturnStarted() as e:
                    where = self.registered.site(e.from_.site)
                    made.append(self._carriage(fact, "return-started", e.carrier, where, len(e.lines)))
                case _:
                    pass
        return tuple(made)

    def _carriage(
        self,
        fact: Fact,
        what: Literal["collected", "handed-over", "arrived", "return-started"],
        carrier: str,
        where: str,
        count: int,
    ) -> Carriage:
        return Carriage(
            what=what,
            at=fact.at,
            carrier=self.registered.unit(carrier),
            vehicle=getattr(fact.event, "vehicle", None) or "",
            driver=_ref(fact, "driver"),
            where=where,
            count=count,
            entry=self.source.index(fact),
        )

    def _line(self, told: _Told) -> Line:
        line = told.line(self.registered)
        mine = [f for f in told.facts if isinstance(f.event, OfManifest) and f.event.manifest == self.thing.id]
        for fact in mine:
            line = _told_of_journey(line, fact.event, told.thing.id)
        if line.accepted_g is not None and (sent := _first(line.loaded_g, line.listed_g)) is not None:
            line = replace(line, difference_g=line.accepted_g - sent)
        at = sorted({*line.entries, *(self.source.index(f) for f in mine)})
        return replace(line, state=self.thing.lines.get(told.thing.id, ""), entries=tuple(at))


class _Told:
    """One container's whole chain, corrections applied."""

    def __init__(self, source: Source, name: str) -> None:
        self.source = source
        said = sorted((unwrapped(f) for f in source.chain(name)), key=lambda f: f.order)
        thing = fold(name, said)
        assert isinstance(thing, Container)
        self.thing = thing
        self.facts = effective(name, said)
        self.birth = next((f for f in self.facts if isinstance(f.event, Birth)), None)

    @property
    def label_code(self) -> str:
        codes = [f.event.digital_code for f in self.facts if isinstance(f.event, LabelBound) and f.event.digital_code]
        return codes[-1] if codes else ""

    def line(self, registered: _Registered) -> Line:
        birth = self.birth.event if self.birth is not None else None
        assert birth is None or isinstance(birth, Birth)
        profile = registered.profile(birth.profile) if birth is not None else None
        same = birth is not None and birth.code == self.thing.code
        hazards = (birth.hazards if birth is not None else None) or (profile.hazards if profile is not None else None)
        form = (birth.form if birth is not None else None) or (profile.form if profile is not None else None)
        packing = (birth.container_type if birth is not None else None) or (profile.packing if profile else None)
        return Line(
            container=self.thing.id,
            container_code=self.thing.container_code,
            label_code=self.label_code,
            name=self.thing.name,
            code=self.thing.code,
            classes=self.source.regime.classes_of(self.thing.code) if self.thing.code else (),
            hazards=(hazards or "") if same else "",
            form=form or "",
            harmful=(profile.harmful if profile is not None and same else None) or "",
            packing=packing or self.thing.kind,
            count=(birth.count if birth is not None else None) or 1,
            entries=() if self.birth is None else (self.source.index(self.birth),),
        )


def _told_of_journey(line: Line, event: Event, container: str) -> Line:
    """The line, brought forward by one event of its manifest."""
    match event:
        case ManifestIssued():
            for load in event.lines:
                if load.container == container:
                    return replace(line, listed_g=load.net_g, code=line.code or load.code)
        case ManifestCollected():
            for load in event.lines:
                if load.container == container:
                    return replace(line, loaded_g=load.net_g, reason="", code=line.code or load.code)
            for left in event.left_behind:
                if left.container == container:
                    return replace(line, reason=left.reason)
        case ManifestReceived():
            for verdict in event.lines:
                if verdict.container == container:
                    return _decided(line, verdict)
        case ManifestRedirected():
            if container in event.containers():
                return replace(line, decision="", discrepancy="", method="")
        case ManifestReturnReceived():
            for back in event.lines:
                if back.container == container:
                    return replace(line, returned_g=back.mass.net_g)
        case _:
            pass
    return line


def _decided(line: Line, verdict: Verdict) -> Line:
    return replace(
        line,
        code=line.code or verdict.code,
        decision=verdict.decision,
        unlisted=verdict.unlisted,
        discrepancy=verdict.discrepancy or "",
        method=verdict.method or "",
        accepted_g=verdict.accepted_g,
    )


def _wastes(lines: Sequence[Line]) -> Iterator[Waste]:
    rows: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        rows.setdefault((line.code, line.name, line.hazards, line.form, line.harmful, line.packing), []).append(line)
    for (code, name, hazards, form, harmful, packing), same in sorted(rows.items()):
        yield Waste(
            name=name,
            code=code,
            classes=same[0].classes,
            hazards=hazards,
            form=form,
            harmful=harmful,
            packing=packing,
            count=sum(line.count for line in same),
            listed_g=_sum(line.listed_g for line in same),
            loaded_g=_sum(line.loaded_g for line in same),
            accepted_g=_sum(line.accepted_g for line in same),
            accepted=sum(line.decision.startswith("accepted") for line in same),
            refused=sum(line.decision == "refused" for line in same),
            missing=sum(line.decision == "missing" for line in same),
            discrepancies=tuple(sorted({line.discrepancy for line in same if line.discrepancy})),
            methods=tuple(sorted({line.method for line in same if line.method})),
        )


def _weighbridge(mass: Mass, entry: int) -> Weighbridge:
    return Weighbridge(gross_g=mass.gross_g, tare_g=mass.tare_g, net_g=mass.net_g, entry=entry)


def _ref(fact: Fact | None, field: str) -> str:
    """Names the sealed text of a person's name: its statement and field path; "" when nobody is named."""
    named = getattr(fact.event, field, None) if fact is not None else None
    return f"{fact.id}/{field}.name" if fact is not None and isinstance(named, Named) and named.name else ""


# ---------------------------------------------------------------------------------------------- ends


def _certificate(source: Source, producer: str, period: str) -> Certificate:
    start, end = source.regime.period(period) if period else ("", "~")
    told: dict[str, _Told] = {}
    waiting = sorted(set(source.closed(producer, start, end)))
    # What was put together is divided again by where it came from: every upstream container is part of the proof.
    while waiting:
        name = waiting.pop()
        if name not in told:
            told[name] = _Told(source, name)
            waiting += [s for f in told[name].facts if name in targets_of(f.event) for s in sources_of(f.event)]
    registered = _Registered(source)
    for fact in source.settings():
        registered.known.add(fact)
    chains = {name: source.chain(name) for name in sorted(told)}
    for party, site in sorted({(t.thing.holder, t.thing.site) for t in told.values()}):
        registered.name(party)
        registered.site(site)
    stories = account_for(told, lambda name: chains.get(name, ()), {}, source.regime, registered.known)
    by_statement = {f.statement: f for each in told.values() for f in each.facts}
    lines = []
    for name, story in stories.items():
        for row in story.rows:
            closed = row.account == "closed" and row.producer == producer and start <= row.at < end
            if closed and name in told:
                # Mass that nobody recorded comes from no container: it is that in which it ended.
                origin = told.get(row.lot.partition("/")[0], told[name])
                lines.append(_ended(source, registered, by_statement[row.statement], row.grams, row, origin))
    if not lines:
        raise NothingToState(detail=producer, expected="grams that ended", got="none")
    lines.sort(key=lambda line: (line.ended_at, line.entry, line.container_code, line.container, line.last_in))
    sums: dict[tuple[str, str, str, str], int] = {}
    for line in lines:
        key = (line.code, line.end, line.method, line.holder)
        sums[key] = sums.get(key, 0) + line.grams
    return Certificate(
        producer=registered.unit(producer),
        period=period,
        lines=tuple(lines),
        sums=tuple(
            EndedSum(code=c, end=e, method=m, holder=h, grams=grams) for (c, e, m, h), grams in sorted(sums.items())
        ),
        entries=tuple(sorted({line.entry for line in lines})),
    )


def _ended(source: Source, registered: _Registered, fact: Fact, grams: int, row: _ClosedRow, origin: _Told) -> Ended:
    event = fact.event
    assert isinstance(event, WasteTreated | FateAsserted)
    treated = event if isinstance(event, WasteTreated) else None
    thing = origin.thing
    return Ended(
        container=thing.id,
        container_code=thing.container_code,
        name=thing.name,
        code=row.code,
        born_at=row.born_at,
        last_in="" if row.container == thing.id else row.container,
        grams=grams,
        end=event.end,
        method=event.method or "",
        facility=registered.facility(treated.facility) if treated is not None else "",
        holder=registered.name(row.holder),
        site=registered.site(row.site),
        licences=registered.licences(row.holder, source.regime.day_of(fact.at)),
        ended_at=fact.at,
        batch=(treated.batch_code if treated is not None else None) or "",
        grade=row.grade,
        entry=source.index(fact),
    )


class _ClosedRow(Protocol):
    """What a certificate reads of a row of the account."""

    @property
    def container(self) -> str: ...

    @property
    def lot(self) -> str: ...

    @property
    def code(self) -> str: ...

    @property
    def born_at(self) -> str: ...

    @property
    def holder(self) -> str: ...

    @property
    def site(self) -> str: ...

    @property
    def grade(self) -> str: ...


# ---------------------------------------------------------------------------------------------- stock


def _inventory(source: Source, site: str) -> Inventory:
    registered = _Registered(source)
    here = [unwrapped(f) for f in source.chain(site)]
    registered.site(site)
    place = registered.known.sites.get(site)
    if place is None:
        raise NothingToState(detail=site, expected="site-registered", got="none")
    lines = []
    for name in sorted(set(_perhaps_standing(here, site)) | set(source.standing(site))):
        told = _Told(source, name)
        thing = told.thing
        if thing.site == site and thing.status in ("held", "filling"):
            lines.append(_stock(source, registered, told))
    if not lines:
        raise NothingToState(detail=place.name, expected="a container in store", got="none")
    lines.sort(key=lambda line: (line.facility, line.zone, line.code, line.container_code, line.container))
    sums: dict[str, StockSum] = {}
    for line in lines:
        before = sums.get(line.code, StockSum(code=line.code, count=0, net_g=0))
        sums[line.code] = StockSum(
            code=line.code,
            count=before.count + 1,
            net_g=before.net_g + (line.net_g or 0),
            unknown=before.unknown + (line.net_g is None),
        )
    return Inventory(
        holder=registered.unit(place.holder, site),
        lines=tuple(lines),
        sums=tuple(sums[code] for code in sorted(sums)),
        entries=tuple(sorted(source.index(f) for f in here)),
    )


def _perhaps_standing(here: Sequence[Fact], site: str) -> Iterator[str]:
    """The containers of a site's chain that it does not show to be gone; an emptied vessel is filled again."""
    for name in sorted({c for f in here for c in f.event.containers()}):
        thing = fold(name, (f for f in here if name in f.event.containers()))
        assert isinstance(thing, Container)
        if thing.site == site and (thing.status != "emptied" or thing.kind == "vessel"):
            yield name


def _stock(source: Source, registered: _Registered, told: _Told) -> Stock:
    thing, since = Container(id=told.thing.id), ""
    for fact in told.facts:
        before = thing.site
        fact.event.fold(thing, fact)
        if thing.site != before:
            since = fact.at
    birth = told.birth
    place = getattr(birth.event, "place", None) if birth is not None else None
    return Stock(
        container=thing.id,
        container_code=thing.container_code,
        label_code=told.label_code,
        name=thing.name,
        code=thing.code,
        kind=thing.kind,
        status=thing.status,
        facility=registered.facility(thing.facility),
        zone=thing.zone,
        producer=registered.name(place.party) if isinstance(place, Place) else "",
        born_at=thing.born_at,
        since=since,
        net_g=None if thing.mass_unknown else thing.net_g,
        entry=source.index(told.facts[-1]),
    )


def _sum(grams: Iterable[int | None]) -> int:
    return sum(each or 0 for each in grams)


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)
