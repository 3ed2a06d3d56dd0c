"""Tells a party's events as rows of the five tables, whether they were imported or recorded as they happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.custody.decide import effective, unwrapped
from ledger.custody.events.containers import (
    ContainerClosed,
    ContainerFilled,
    ContainerOpened,
    ContainerStored,
    ContainerTakenOut,
    ContentsTransferred,
    Pour,
    WasteAdded,
)
from ledger.custody.events.correction import EntryCorrected
from ledger.custody.events.movement import (
    DeliveryRecorded,
    ManifestCollected,
    ManifestIssued,
    ManifestReceived,
    ManifestReturnReceived,
)
from ledger.custody.events.treatment import WasteTreated
from ledger.custody.fact import Fact
from ledger.custody.regimes.base import Regime, local_day
from ledger.custody.regimes.cn import REGIME
from ledger.custody.registry import Registry
from ledger.custody.values import GRAMS_MAX, Declared, Mass, Named, Sealed
from ledger.exchange.hj1259.cells import GRAMS, MILLILITRES, in_unit, is_midnight, purpose_of, whole
from ledger.exchange.hj1259.tables import BATCH_PREFIXES, Row, Table

Reveal = Callable[[str], str | None]
"""The clear text behind a commitment; None when it was erased or may not be seen."""


class Share(NamedTuple):
    """What a row says of one container; `net_g` is None where nobody knows."""

    container: str
    code: str
    net_g: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A row as the ledger holds it, the containers it is about, and the statement (uuid7) that says so."""

    row: Row
    shares: tuple[Share, ...]
    statement: str


def recorded_rows(
    facts: Iterable[Fact], *, party: str, registry: Registry, reveal: Reveal, regime: Regime = REGIME
) -> list[Recorded]:
    """Every row of the party's five tables, by table and in order of happening.

    `facts` are all that concern the party's containers, those of others included; corrections in force are applied.
    The tables are a generator's: what the party received from others, and never generated, is not in them.
    Where an event carries no batch code, one is made from its day: prefix, YYYYMMDD and a running number.
    """
    teller = _Teller(party, registry, reveal, regime)
    for fact in corrected(list(facts)):
        teller.tell(fact)
    return teller.recorded()


def corrected(facts: list[Fact]) -> list[Fact]:
    """The facts in the order of happening, corrections in force applied."""
    facts = sorted((unwrapped(fact) for fact in facts), key=lambda fact: fact.order)
    put_right: dict[str, Fact] = {}
    for container in {f.event.container for f in facts if isinstance(f.event, EntryCorrected)}:
        of_one = [f for f in facts if container in f.event.containers()]
        put_right |= {f.id: f for f in effective(container, of_one) if not isinstance(f.event, EntryCorrected)}
    return [put_right.get(fact.id, fact) for fact in facts]


@dataclass(slots=True, eq=False)
class _Line:
    """A row in the making: its cells, what it is about, and the rows it follows from."""

    table: Table
    statement: str
    at: str
    cells: dict[str, Any]
    shares: list[Share] = field(default_factory=list)
    declared: Declared | None = None
    follows: tuple[_Line, ...] = ()


@dataclass(slots=True)
class _Known:
    """What is known of a container: its description, its grams, the newest row of each table about it."""

    cells: dict[str, Any]
    unit: str
    net_g: int | None
    births: tuple[_Line, ...] = ()
    stored: tuple[_Line, ...] = ()
    out: tuple[_Line, ...] = ()


class _Teller:
    def __init__(self, party: str, registry: Registry, reveal: Reveal, regime: Regime) -> None:
        self._party, self._registry, self._reveal, self._regime = party, registry, reveal, regime
        self._lines: dict[object, _Line] = {}
        self._known: dict[str, _Known] = {}
        self._manifests: dict[str, ManifestIssued] = {}

    def tell(self, fact: Fact) -> None:
        """Take one fact in, in the order of happening; what is not for the books changes nothing."""
        match fact.event:
            case ContainerFilled() | ContainerOpened() as event:
                self._born(fact, event)
            case WasteAdded() | ContainerClosed() as event:
                self._filled_more(fact, event)
            case ContainerStored() as event if self._own(event.place.party, event.container, event):
                known = self._of(event.container)
                cells = self._cells(event, carried_by=self._person(event.carried_by))
                share = self._share(event.container, event.net_g, known)
                known.stored = (self._add("B.2", fact, share, cells, event, known.births),)
            case ContainerTakenOut() as event if self._own(event.place.party, event.container, event):
                known = self._of(event.container)
                cells = self._cells(
                    event,
                    carried_by=self._person(event.carried_by),
                    destination=self._clear(event.destination),
                )
                share = self._share(event.container, event.net_g, known)
                known.out = (self._add("B.3", fact, share, cells, event, known.stored or known.births),)
            case WasteTreated() as event if event.place.party == self._party:
                self._treated(fact, event)
            case ContentsTransferred() as event if event.place.party == self._party:
                births = tuple(dict.fromkeys(b for s in event.sources for b in self._of(s.container).births))
                for source in event.sources:
                    self._draw(source.container, source.net_g)
                for target in event.targets:
                    self._poured(target, births)
            case ManifestIssued() as event:
                self._manifests[event.manifest] = event
            case ManifestCollected() as event if event.from_.party == self._party:
                for load in event.lines:
                    self._collected(fact, event, load.container, load.net_g)
            case ManifestReceived() as event:
                for verdict in event.lines:
                    line = self._lines.get((event.manifest, verdict.container))
                    if line is not None and verdict.method:
                        line.cells["method"] = verdict.method
            case ManifestReturnReceived() as event if event.to.party == self._party:
                for back in event.lines:
                    self._lines.pop((event.manifest, back.container), None)
                    self._of(back.container).net_g = back.mass.net_g
            case DeliveryRecorded() as event if event.end == "sent" and event.from_.party == self._party:
                self._delivered(fact, event)
            case _:
                pass

    # ---------------------------------------------------------------- table B.1

    def _born(self, fact: Fact, event: ContainerFilled | ContainerOpened) -> None:
        mass = event.mass if isinstance(event, ContainerFilled) else Mass(basis="document", net_g=0)
        profile = self._registry.profiles.get(event.profile or "")
        known = self._known[event.container] = _Known(
            cells={
                "code": event.code,
                "name": event.name,
                "catalogue_name": event.catalogue_name or (profile.catalogue_name if profile else None) or "",
                "container_code": event.container_code or "",
                "container_type": event.container_type or "",
            },
            unit=mass.declared.unit if mass.declared and mass.declared.unit in GRAMS else "t",
            net_g=mass.net_g,
        )
        if event.place.party != self._party:
            return
        cells = self._cells(event, destination=self._clear(event.destination), volume_ml=mass.volume_ml)
        key = None if isinstance(event, ContainerFilled) else ("filling", event.container)
        share = Share(event.container, event.code, mass.net_g)
        line = self._add("B.1", fact, share, cells, event, key=key)
        line.cells["count"], line.declared = event.count or 0, mass.declared
        known.births = (line,)

    def _filled_more(self, fact: Fact, event: WasteAdded | ContainerClosed) -> None:
        """An addition with a batch code of its own is a row; others, and the final weight, belong to the filling's."""
        known = self._of(event.container)
        more = event.mass.net_g
        if isinstance(event, ContainerClosed) and more is not None:
            more -= event.previous_g
        known.net_g = None if known.net_g is None or more is None else known.net_g + more
        if event.place.party != self._party:
            return
        line = self._lines.get(("filling", event.container))
        if isinstance(event, WasteAdded) and (event.batch_code or line is None):
            share = Share(event.container, event.code, more)
            cells = self._cells(event, volume_ml=event.mass.volume_ml)
            own = self._add("B.1", fact, share, cells, event)
            own.declared = event.mass.declared
            known.births = (*known.births, own)
        elif line is not None:
            share = line.shares[0]
            total = None if share.net_g is None or more is None else share.net_g + more
            line.shares[0], line.at, line.declared = share._replace(net_g=total), fact.at, None

    # ---------------------------------------------------------------- tables B.4 and B.5

    def _treated(self, fact: Fact, event: WasteTreated) -> None:
        births = tuple(dict.fromkeys(b for d in event.inputs for b in self._of(d.container).births))
        for n, draw in enumerate(event.inputs):
            known = self._of(draw.container)
            self._draw(draw.container, draw.net_g)
            if event.stage == "final" and self._own(self._party, draw.container, event):
                cells = self._cells(event, draw, method=event.method, ended=event.ended or "")
                share = Share(draw.container, draw.code, draw.net_g)
                line = self._add("B.4", fact, share, cells, event, known.out or known.births, n=n)
                line.at = event.started or fact.at
                line.declared = draw.declared
        for output in event.outputs:
            self._poured(output, births)
            if event.stage == "final":
                share = Share(output.container, output.code, output.net_g)
                known = self._known[output.container]
                line = self._add(
                    "B.1", fact, share, {"facility": self._code_of(event.facility)}, None, n=output.container
                )
                known.births = (line,) if output.new else (*known.births, line)

    def _collected(self, fact: Fact, event: ManifestCollected, container: str, grams: int) -> None:
        key = (event.manifest, container)
        if key in self._lines:  # sender and carrier both say it: once is enough
            return
        known = self._of(container)
        issued = self._manifests.get(event.manifest)
        licences = self._registry.licence_for(event.to.party, self._regime.day_of(fact.at))
        licence = next((x.terms.number for x in licences), "")
        cells = {
            "receiver_kind": "licensed" if licence else "other",
            "receiver": self._registry.name_of(event.to.party),
            "licence": licence,
            "manifest_number": (issued.number if issued else None) or "",
            "handler": self._person(event.handler),
        }
        self._draw(container, grams)
        if not self._own(self._party, container, event):
            return
        share = Share(container, known.cells.get("code", ""), grams)
        self._add("B.5", fact, share, cells, None, known.out or known.births, key=key)

    def _delivered(self, fact: Fact, event: DeliveryRecorded) -> None:
        to = event.to
        name = to.name or (self._registry.name_of(to.party) if to.party else "")
        for n, load in enumerate(event.lines):
            known = self._of(load.container)
            cells = self._cells(
                event,
                load,
                method=event.method or "",
                receiver_kind=to.kind,
                receiver="" if name == to.licence else name,
                licence=to.licence or "",
                notice=to.notice or "",
                manifest_number=event.manifest_number or "",
            )
            if load.container_type:
                cells["container_type"] = load.container_type
            self._draw(load.container, load.net_g)
            if not self._own(self._party, load.container, event):
                continue
            share = Share(load.container, load.code, load.net_g)
            line = self._add("B.5", fact, share, cells, event, known.out or known.births, n=n)
            line.declared = load.declared

    # ---------------------------------------------------------------- what they have in common

    def _add(
        self,
        table: Table,
        fact: Fact,
        share: Share,
        cells: dict[str, Any],
        event: Any,
        follows: tuple[_Line, ...] = (),
        *,
        key: object = None,
        n: int | str = 0,
    ) -> _Line:
        source = getattr(event, "source", None)
        key = key or ((table, source) if source else (table, fact.id, n))
        line = self._lines.get(key)
        if line is None:
            batch = getattr(event, "batch_code", None) or ""
            line = self._lines[key] = _Line(table, fact.id, fact.at, cells | {"batch": batch}, follows=follows)
            line.cells["from_batches"] = getattr(event, "from_batches", ())
            line.declared = getattr(event, "declared", None)
            if source:
                line.cells |= {"sheet": source.sheet, "number": source.row}
        else:
            line.follows = tuple(dict.fromkeys((*line.follows, *follows)))
        line.shares.append(share)
        return line

    def _cells(self, event: Any, of: Any = None, **more: Any) -> dict[str, Any]:
        """What events of several tables have in common; `of` is the line about one container, if not the event."""
        facility = self._registry.facilities.get(getattr(event, "facility", None) or "")
        cells = {
            "facility": facility.code if facility else "",
            "handler": self._person(event.handler),
            "count": getattr(of or event, "count", None) or 0,
        }
        if event.source:  # a book's row is known by the container code that it wrote, or did not write
            cells["container_code"] = getattr(of or event, "container_code", None) or ""
        if isinstance(event, (ContainerStored, ContainerTakenOut)) and facility:
            cells["store_kind"] = facility.store_kind or ""
        return cells | more

    def _own(self, party: str, container: str, event: Any) -> bool:
        """False for what was received from others: an operator's books tell of it, not these."""
        return party == self._party and bool(self._of(container).births or getattr(event, "source", None))

    def _code_of(self, facility: str) -> str:
        registered = self._registry.facilities.get(facility)
        return registered.code if registered else ""

    def _of(self, container: str) -> _Known:
        return self._known.setdefault(container, _Known(cells={}, unit="t", net_g=None))

    def _poured(self, target: Pour, births: tuple[_Line, ...]) -> None:
        known = self._of(target.container)
        if not known.cells:
            code = {"container_code": target.container_code or ""}
            known.cells, known.net_g = {"code": target.code, "name": target.name, **code}, 0
        known.net_g = None if known.net_g is None else known.net_g + target.net_g
        known.births = tuple(dict.fromkeys((*known.births, *births)))

    def _draw(self, container: str, grams: int) -> None:
        known = self._of(container)
        known.net_g = None if known.net_g is None else known.net_g - grams

    def _share(self, container: str, net_g: int | None, known: _Known) -> Share:
        return Share(container, known.cells.get("code", ""), known.net_g if net_g is None else net_g)

    def _person(self, named: Named | None) -> str | None:
        return self._clear(named.name) if named and named.name else ""

    def _clear(self, sealed: Sealed | None) -> str | None:
        return self._reveal(sealed.sealed) if sealed else ""

    def recorded(self) -> list[Recorded]:
        """All rows, batch codes made where events had none."""
        lines = sorted(self._lines.values(), key=lambda line: (line.table, line.at))
        self._number(lines)
        return list(_ordinals(self._finished(line) for line in lines))

    def _number(self, lines: list[_Line]) -> None:
        used = {(line.table, line.cells["batch"]) for line in lines}
        last: dict[str, int] = {}
        for line in lines:
            if line.cells["batch"]:
                continue
            stem = _prefix(line) + local_day(line.at, self._regime.offset).replace("-", "")
            while True:
                last[stem] = last.get(stem, 0) + 1
                batch = f"{stem}{last[stem]:03}"
                if (line.table, batch) not in used:
                    break
            line.cells["batch"] = batch

    def _finished(self, line: _Line) -> Recorded:
        cells = dict(line.cells)
        known = self._known.get(line.shares[0].container)
        for name, value in (known.cells if known else {}).items():
            cells.setdefault(name, value)
        if len(line.shares) > 1:
            cells["count"] = len(line.shares)
        grams = [share.net_g for share in line.shares]
        net_g = None if None in grams else sum(g or 0 for g in grams)
        if line.declared and line.declared.unit in MILLILITRES:
            cells["volume_ml"] = whole(Decimal(line.declared.value), MILLILITRES[line.declared.unit], GRAMS_MAX)
            net_g = None
        cells["code"] = line.shares[0].code or cells.get("code", "")
        cells["from_batches"] = cells["from_batches"] or tuple(
            dict.fromkeys(before.cells["batch"] for before in line.follows)
        )
        row = Row(
            table=line.table,
            at=line.at,
            whole_day=is_midnight(line.at, self._regime),
            net_g=net_g,
            quantity=_quantity(net_g, line.declared if len(line.shares) == 1 else None, known.unit if known else "t"),
            **cells,
        )
        return Recorded(row=row, shares=tuple(line.shares), statement=line.statement)


def _prefix(line: _Line) -> str:
    prefix = BATCH_PREFIXES[line.table]
    if line.table in ("B.1", "B.2", "B.3"):
        return prefix
    if line.cells.get("receiver_kind") == "abroad":
        prefix = "HWCK"
    return prefix + ("LY" if purpose_of(line.cells.get("method", "")) == "utilise" else "CZ")


def _quantity(net_g: int | None, declared: Declared | None, unit: str) -> tuple[str, str] | None:
    """As it was written, while that is still the mass; else the grams in the container's unit."""
    if declared is not None:
        factor = GRAMS.get(declared.unit)
        if factor is None or whole(Decimal(declared.value), factor, GRAMS_MAX) == net_g:
            return declared.value, declared.unit
    if net_g is None:
        return None
    return in_unit(net_g, unit), unit


def _ordinals(told: Iterable[Recorded]) -> Iterator[Recorded]:
    seen: dict[tuple[str, str, str], int] = {}
    for one in told:
        key = one.row.identity[:3]
        ordinal = seen[key] = seen.get(key, -1) + 1
        yield replace(one, row=replace(one.row, ordinal=ordinal)) if ordinal else one
