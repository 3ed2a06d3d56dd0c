"""Decides what each row of a workbook is: known already, a correction to make, a fault, or something to be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ledger.custody.regimes.base import later, local_day
from ledger.exchange.hj1259.cells import is_midnight
from ledger.exchange.hj1259.drafting import Context, Draft, Sealer, Told, Writer, derive, happened, purpose
from ledger.exchange.hj1259.reading import Workbook
from ledger.exchange.hj1259.recorded import Recorded, Share
from ledger.exchange.hj1259.remarks import (
    BeforeOrigin,
    CodeDiffers,
    ContainerNotInBatch,
    Correction,
    DescriptionDiffers,
    Fault,
    InFuture,
    NothingLeft,
    Notice,
    QuantityOff,
    ReferenceFaulty,
    ReferenceUnknown,
    RowsRefused,
    Transcribed,
)
from ledger.exchange.hj1259.tables import KEPT, Identity, Row, Table, heading_of

_SOURCES: Final[dict[Table, tuple[Table, ...]]] = {
    "B.2": ("B.1",),
    "B.3": ("B.2",),
    "B.4": ("B.3", "B.1"),
    "B.5": ("B.3", "B.1"),
}


_FAR_OFF: Final = 10  # no scale and no drying differs by so much


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would do. `needs` are facilities that the rows name and the registry lacks: recorded first, they
    are registered by the party itself. `new` rows will be told, `skipped` ones are in the ledger already; `workbook` is
    the SHA-256 of its bytes."""

    workbook: str
    context: Context
    faults: tuple[Fault, ...]
    corrections: tuple[Correction, ...]
    notices: tuple[Notice, ...]
    needs: tuple[Draft, ...]
    new: int
    skipped: int
    told: list[Told] = field(repr=False)

    def drafts(self, seal: Sealer, *, accept_good_rows: bool = False) -> Iterator[Draft]:
        """The statements to record, `needs` first, then in order of happening; once, as each row is let go of when it
        is told: they are many. Raises RowsRefused while there are faults, unless the good rows alone are wanted."""
        if self.faults and not accept_good_rows:
            raise RowsRefused(self.faults)
        return self._drafts(seal)

    def _drafts(self, seal: Sealer) -> Iterator[Draft]:
        yield from self.needs
        writer = Writer(self.workbook, self.context, self.needs, seal)
        self.told.reverse()
        while self.told:
            yield from writer.drafts(self.told.pop())


def plan(workbook: Workbook, context: Context) -> Plan:
    """What importing the workbook would do, with everything that is to be said about it."""
    return _Planner(workbook, context).plan()


@dataclass(slots=True)
class _Held:
    """A container as the books go on telling of it; `left_g` is None while its mass is unknown."""

    id: str
    code: str
    name: str
    catalogue_name: str
    container_code: str
    container_type: str
    left_g: int | None


@dataclass(slots=True)
class _Entry:
    """A container in a batch of one table, with what no later table has taken from there of its `net_g`."""

    held: _Held
    at: str
    left_g: int | None
    net_g: int | None


class _Planner:
    def __init__(self, workbook: Workbook, context: Context) -> None:
        self._workbook, self._context = workbook, context
        self._faults = list(workbook.faults)
        self._notices = list(workbook.notices)
        self._corrections: list[Correction] = []
        self._told: list[Told] = []
        self._held: dict[str, _Held] = {}
        self._stock: dict[tuple[Table, str], list[_Entry]] = {}
        self._faulty = dict(workbook.faulty)
        self._latest = later(context.now, minutes=5)

    def plan(self) -> Plan:
        for known in sorted(self._context.recorded.values(), key=lambda k: (k.row.table, k.row.at)):
            self._remember(known)
        new = []
        for row in self._workbook.rows:
            known_row = self._context.recorded.get(row.identity)
            if known_row is None:
                new.append(row)
            else:
                self._compare(row, known_row)
        # What is taken out of a container is divided in order of time; treatment and delivery take from the same.
        new.sort(key=lambda row: (min(row.table, "B.4"), row.at))
        for row in new:
            shares, at = self._resolve(row)
            if shares:
                self._told.append(Told(row, at, shares))
        self._told.sort(key=lambda told: (happened(told), told.row.table))
        needs = tuple(self._needs())
        if self._told:
            first, last = (local_day(t.at, self._context.regime.offset) for t in (self._told[0], self._told[-1]))
            self._notices.append(Transcribed(count=len(self._told), first=first, last=last))
        return Plan(
            workbook=self._workbook.sha256,
            context=self._context,
            faults=tuple(sorted(self._faults, key=lambda fault: fault.place)),
            corrections=tuple(self._corrections),
            notices=tuple(self._notices),
            needs=needs,
            new=len(self._told),
            skipped=len(self._workbook.rows) - len(new),
            told=self._told,
        )

    # ---------------------------------------------------------------- what the ledger has

    def _remember(self, known: Recorded) -> None:
        row = known.row
        for share in known.shares:
            held = self._held.get(share.container)
            if held is None:
                held = self._held[share.container] = _held(share.container, row, share.net_g)
            if row.table == "B.1":
                held.left_g = share.net_g
            for entry in self._candidates(row):
                if entry.held is held:
                    self._take(row.table, entry, share.net_g)
                    break
            if row.table in ("B.1", "B.2", "B.3"):
                self._stock.setdefault((row.table, row.batch), []).append(
                    _Entry(held, row.at, share.net_g, share.net_g)
                )

    def _compare(self, row: Row, known: Recorded) -> None:
        for name in KEPT[row.table]:
            new, old = getattr(row, name), getattr(known.row, name)
            if new == old or old is None:
                continue
            match name:
                case "at" | "ended" if new and old and self._same(new, old):
                    continue
                case "count" if not (new and old) or len(known.shares) > 1:
                    continue
                case "net_g" if new is None:  # a volume: the mass is not of the book
                    continue
                case "from_batches" if set(new) == set(old):
                    continue
            correction = Correction(
                sheet=row.sheet,
                row=row.number,
                column=heading_of(row.table, name),
                field=name,
                statement=known.statement,
                expected=_shown(old),
                got=_shown(new),
            )
            self._corrections.append(correction)

    def _same(self, new: str, old: str) -> bool:
        # A book that names the day alone agrees with any moment of that day.
        day = local_day(old, self._context.regime.offset)
        return is_midnight(new, self._context.regime) and local_day(new, self._context.regime.offset) == day

    # ---------------------------------------------------------------- what a new row says

    def _resolve(self, row: Row) -> tuple[tuple[Share, ...], str]:
        """The containers that the row is about, each with its grams, and when; none when it is faulty."""
        if late := next((name for name in ("at", "ended") if getattr(row, name) > self._latest), ""):
            now, got = (
                local_day(each, self._context.regime.offset) for each in (self._context.now, getattr(row, late))
            )
            self._fault(InFuture, row, late, expected=f"≤ {now}", got=got)
            return (), row.at
        if row.table == "B.1":
            container = f"container:{derive(self._context, row, 'container')}"
            held = self._held[container] = _held(container, row, row.net_g)
            self._stock.setdefault(("B.1", row.batch), []).append(_Entry(held, row.at, row.net_g, row.net_g))
            return (Share(container, row.code, row.net_g),), row.at
        entries = self._entries(row)
        if not entries or self._is_off(row, entries):
            return (), row.at
        divided = self._divide(row, entries)
        if not divided:
            self._fault(NothingLeft, row, "quantity", got=f"{row.net_g} g")
            return (), row.at
        at = self._at(row, max(entry.at for entry, _ in divided))
        if not at:
            return (), row.at
        self._describe(row, divided[0][0].held)
        for entry, grams in divided:
            self._take(row.table, entry, grams)
            if row.table in ("B.2", "B.3"):
                self._stock.setdefault((row.table, row.batch), []).append(_Entry(entry.held, at, grams, grams))
        return tuple(Share(entry.held.id, entry.held.code, grams) for entry, grams in divided), at

    def _entries(self, row: Row) -> list[_Entry]:
        found = self._candidates(row)
        wanted = [e for e in found if not row.container_code or e.held.container_code == row.container_code]
        faulty = [self._faulty[s, b] for b in row.from_batches for s in _SOURCES[row.table] if (s, b) in self._faulty]
        if faulty and not (wanted and row.container_code):
            sheet, number = faulty[0]
            self._fault(ReferenceFaulty, row, "from_batches", other_sheet=sheet, other=number)
            return []
        unknown = [b for b in row.from_batches if not any((s, b) in self._stock for s in _SOURCES[row.table])]
        if unknown:
            self._fault(ReferenceUnknown, row, "from_batches", got=" ".join(unknown))
            return []
        if not wanted:
            codes = list(dict.fromkeys(e.held.container_code or "（无编码）" for e in found))
            self._fault(
                ContainerNotInBatch, row, "container_code", expected=" | ".join(codes[:8]), got=row.container_code
            )
            return []
        of_code = [e for e in wanted if not row.code or e.held.code == row.code]
        if not of_code:
            self._fault(CodeDiffers, row, "code", expected=wanted[0].held.code, got=row.code)
        return of_code

    def _is_off(self, row: Row, entries: list[_Entry]) -> bool:
        """Whether the row's mass and that of what it refers to cannot both be right; said, if so."""
        held = sum(entry.net_g or 0 for entry in entries)
        if not row.net_g or not all(entry.net_g for entry in entries):
            return False
        # All of a batch is put into store; of what is there, any part may be taken, treated or sent.
        off = row.net_g > _FAR_OFF * held or (row.table == "B.2" and held in (row.net_g * 1_000, row.net_g * 1_000_000))
        if off:
            self._fault(QuantityOff, row, "quantity", expected=f"{held} g", got=f"{row.net_g} g")
        return off

    def _candidates(self, row: Row) -> list[_Entry]:
        found: list[_Entry] = []
        for batch in row.from_batches:
            for source in _SOURCES.get(row.table, ()):
                if entries := self._stock.get((source, batch)):
                    found.extend(entries)
                    break
        return found

    def _divide(self, row: Row, entries: list[_Entry]) -> list[tuple[_Entry, int | None]]:
        """The row's grams over the containers it refers to, in their order; what is too much goes to the last (and is
        flagged by the ledger). Nothing when treatment or delivery finds every one of them empty."""
        if row.net_g is None or len(entries) == 1:
            divided: list[tuple[_Entry, int | None]] = [(entry, row.net_g) for entry in entries]
        else:
            left, divided = row.net_g, []
            for entry in entries:
                room = min(r for r in (entry.left_g, entry.held.left_g, left) if r is not None)
                if room > 0:
                    divided.append((entry, room))
                    left -= room
            if left or not divided:
                last, grams = divided.pop() if divided else (entries[-1], 0)
                divided.append((last, (grams or 0) + left))
        ends = row.table in ("B.4", "B.5")
        empty = all(e.held.left_g is not None and e.held.left_g <= 0 for e, _ in divided)
        return [] if ends and empty else divided

    def _take(self, table: Table, entry: _Entry, grams: int | None) -> None:
        if entry.left_g is not None:
            entry.left_g -= grams or 0
        if table in ("B.4", "B.5") and entry.held.left_g is not None:
            entry.held.left_g -= grams or 0

    def _at(self, row: Row, origin: str) -> str:
        """When it happened: a day alone is no earlier than what the row refers to. "" when it cannot be."""
        if row.at >= origin:
            return row.at
        if row.whole_day and origin < later(row.at, days=1):
            return origin
        days = (local_day(moment, self._context.regime.offset) for moment in (origin, row.at))
        self._fault(BeforeOrigin, row, "at", **dict(zip(("expected", "got"), (f"≥ {d}" for d in days), strict=True)))
        return ""

    def _describe(self, row: Row, held: _Held) -> None:
        for name in ("name", "catalogue_name", "container_type"):
            new, old = getattr(row, name), getattr(held, name)
            if new and old and new != old and new != held.name:
                place = {"sheet": row.sheet, "row": row.number, "column": heading_of(row.table, name)}
                self._notices.append(DescriptionDiffers(**place, expected=old, got=new))

    def _fault(self, kind: type[Fault], row: Row, name: str, **fields: object) -> None:
        self._faulty.setdefault((row.table, row.batch), (row.sheet, row.number))
        place = {"sheet": row.sheet, "row": row.number, "column": heading_of(row.table, name)}
        self._faults.append(kind(**place, **fields))

    # ---------------------------------------------------------------- facilities to register

    def _needs(self) -> Iterator[Draft]:
        context = self._context
        needed: dict[str, Told] = {}
        for told in self._told:
            code = told.row.facility
            if code and code not in context.facilities:
                needed.setdefault(code, told)
        for code, told in needed.items():
            identity = Identity(told.row.table, "", code, 0)
            made = Row(table=told.row.table, batch="", container_code=code, at=told.at)
            assert made.identity == identity
            body = {
                "holder": context.party,
                "facility": f"facility:{derive(context, made, 'facility')}",
                "site": context.site,
                "code": code,
                "purpose": purpose(told.row),
            }
            if told.row.store_kind:
                body["store_kind"] = told.row.store_kind
            yield Draft(
                type="facility-registered", id=derive(context, made, "facility-registered"), at=told.at, body=body
            )


def _held(container: str, row: Row, net_g: int | None) -> _Held:
    return _Held(container, row.code, row.name, row.catalogue_name, row.container_code, row.container_type, net_g)


def _shown(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)
