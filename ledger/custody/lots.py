"""Lots: every held gram belongs to a first producer and has its clocks; a container's story divided into lots.

A projection, not evidence: recomputed from a container's facts in the order of happening. Closed packages give pro rata
(largest remainder, ties by lot id), vessels give their oldest lots first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from ledger.custody.container import Container
from ledger.custody.decide import effective
from ledger.custody.events.containers import (
    Birth,
    ContainerClosed,
    ContainerFilled,
    ContainerOpened,
    ContentsTransferred,
)
from ledger.custody.events.correction import CorrectionDecided, EntryCorrected
from ledger.custody.events.journeys import DiscrepancyFoundLater, PaperManifestBackfilled
from ledger.custody.events.oversight import ExplanationAccepted, IdentificationConfirmed
from ledger.custody.events.stock import CustodyTransferred, LoadWeighedIn, StockDeclared
from ledger.custody.events.treatment import FateAsserted, WasteTreated
from ledger.custody.fact import Fact
from ledger.custody.postings import SOURCES, Account, Posting, balances, difference
from ledger.custody.regimes.base import Act, Kind, Regime, later, local_day, start_of_day, working_days_later
from ledger.custody.registry import Registry
from ledger.custody.strangers import only_carries, strangers_words

_new = tuple.__new__
# Row accounts of mass that is neither closed nor lost: its clock runs, or once ran out at an earlier holder.
OPEN = frozenset({"open", "overdue"})
# Accounts in which a container's lots are still somebody's: where they are shown as open, or as lost until found.
INSIDE = frozenset({"held", "in-transit", "to-outside", "lost"})
# Before whom it names, a clock is that carrier's of this journey.
ROAD = "road "
# From these on a content has its final weight.
_FINAL = (ContainerFilled, ContainerClosed)
# Sources whose name mass that comes from them bears in its rows.
CAME_FROM = frozenset({"generated", "derived", "opening", "found"})


class Part(NamedTuple):
    """Grams of one lot: who first produced it, since when, and when each holder first had it. `carried`: its clock ran
    out in somebody's hands, and moving on does not undo that; it stays overdue until it is closed or settled. `heirs`:
    who took it over from its producer by legal succession, one from the other. `shed_ppm`: what was lacking
    of it at its holders before it was put in here, and was tolerated."""

    lot: str
    producer: str
    producer_site: str
    code: str
    born_at: str
    clocks: tuple[tuple[str, str], ...]
    grams: int
    carried: bool = False
    heirs: tuple[str, ...] = ()
    shed_ppm: int = 0

    def since(self, holder: str) -> str:
        """When the legal person first held the lot ("" when it never did)."""
        for who, start in self.clocks:
            if who == holder:
                return start
        return ""

    def own(self, holder: str) -> bool:
        """True for the first producer and for whoever succeeded it."""
        return holder == self.producer or holder in self.heirs

    def within(self, place: Account) -> bool:
        """True in its producer's gate: with whom it is its own, also where that has lost it, but not on the road."""
        return place.stage not in ("in-transit", "to-outside") and self.own(place.holder)


class Row(NamedTuple):
    """One change of one lot, the grain of every figure.

    `account`: generated, derived, opening, found, unrecorded, gain (mass that came in); open, overdue, lost,
    reclassified (±); closed, settled, difference, dumped, process-loss (mass that went); entrusted, arrived, departed
    (side counts). `clock_at` is when the change counts for clocks; `reason` says why a closing party was not entitled;
    `by_producer` is true of what lies or ends within its producer's gate.
    """

    container: str
    statement: str
    at: str
    clock_at: str
    account: str
    lot: str
    producer: str
    producer_site: str
    holder: str
    site: str
    stage: str
    code: str
    kind: Kind
    grams: int
    born_at: str
    deadline: str
    grade: str
    reason: str
    by_producer: bool


Inflows = Callable[[Fact], Sequence[tuple[str, Sequence[Part]]]]
# How many accounts a shortage is followed back through: more than any honest container passes.
DEEPEST = 50


@dataclass(slots=True)
class Step:
    """A posting of the story. `left`: its grams not yet followed; `early`: lots that it brought before its own
    time, as steps after it had happened before it by the clocks."""

    fact: Fact
    posting: Posting
    left: int
    early: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Trace:
    """One container's story in lots. `rows` are its changes, `outflows` what each event took to other containers,
    `coded_until` until when it had its earlier codes, `faulted` in which journey a statement found a defect later,
    `skimmed_g` what its holders' own scales lacked so far and was tolerated, `unheard` what strangers said of it,
    `live` that it began by a statement of its own day."""

    container: str
    regime: Regime
    registry: Registry
    inflows: Inflows
    thing: Container = field(init=False)
    where: dict[Account, list[Part]] = field(default_factory=dict)
    balances: dict[Account, int] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    followed: int = 0
    story: list[Step] = field(default_factory=list)
    coming: dict[Account, list[Step]] = field(default_factory=dict)
    missing: dict[Account, int] = field(default_factory=dict)
    kind: str = ""
    bringing: set[Account] = field(default_factory=set)
    dry: set[Account] = field(default_factory=set)
    early: Step | None = None
    rows: list[Row] = field(default_factory=list)
    outflows: dict[str, list[Part]] = field(default_factory=dict)
    gaps: dict[str, list[tuple[Account, Part]]] = field(default_factory=dict)
    stays: list[tuple[str, tuple[str, str, str, int]]] = field(default_factory=list)
    papers: list[PaperManifestBackfilled] = field(default_factory=list)
    opened_at: str = ""
    confirmed: frozenset[str] = frozenset()
    holder_before: str = ""
    filled: bool = False
    skimmed_g: int = 0
    coded_until: dict[str, str] = field(default_factory=dict)
    faulted: dict[str, str] = field(default_factory=dict)
    unheard: frozenset[str] = frozenset()
    live: bool = False
    most_g: int = 0
    deadlines: dict[tuple[str, ...], str] = field(default_factory=dict)
    verdicts: dict[Act, str] = field(default_factory=dict)
    below: set[Account] = field(default_factory=set)
    too_late: list[Fact] = field(default_factory=list)
    unentitled: list[Row] = field(default_factory=list)
    carried: bool = False
    late: bool = False
    clock_at: str = ""
    fact: Fact = field(init=False)
    grade: str = ""

    def __post_init__(self) -> None:
        self.thing = Container(id=self.container)

    def steps(self, facts: Iterable[Fact]) -> Iterator[Fact]:
        """Follow the facts, unwrapped, in the order of happening, yielding each one after it took effect."""
        ordered = sorted(facts, key=attrgetter("order"))
        self.unheard = strangers_words(self.container, ordered)
        heard = (f.event for f in ordered if f.id not in self.unheard)
        self.papers = [event for event in heard if isinstance(event, PaperManifestBackfilled)]
        began = [f for f in ordered if isinstance(f.event, Birth)]
        self.live = any(grade_of(f) != "D" and not isinstance(f.event, StockDeclared) for f in began)
        self.opened_at = self._opened(began)
        self.facts = effective(self.container, [f for f in ordered if not self._too_late(f, ordered)])
        thing, gaps = self.thing, self.thing.gaps()
        for fact in self.facts:
            event = fact.event
            self.fact, self.grade, self.late = fact, grade_of(fact), self._late(fact)
            # When the present statement counts for clocks: a late one when it was received.
            self.clock_at = fact.received_at if self.late else fact.at
            self.holder_before, self.coded_until[thing.code] = thing.holder, fact.at
            if fact.id in self.unheard:
                yield fact
                continue
            self.most_g = max(self.most_g, thing.net_g)
            postings, gaps = self._posted(thing, fact, gaps)
            self.kind = thing.kind or self.kind
            for posting in postings:
                self._follow(posting)
            self._stay()
            if isinstance(event, IdentificationConfirmed):
                self._confirm(event.code)
            elif isinstance(event, ExplanationAccepted):
                self._settle_explained()
            elif isinstance(event, DiscrepancyFoundLater):
                self.faulted[fact.id] = event.manifest
            self.filled = thing.status != "emptied" and (self.filled or isinstance(event, _FINAL))
            yield fact

    def _too_late(self, fact: Fact, facts: Sequence[Fact]) -> bool:
        """True for a correction to less than was told of a content whose clock has run out: it waits for the authority,
        else whoever kept it too long would be rid of it by its own word."""
        event = fact.event
        if not isinstance(event, EntryCorrected) or "supervision" in fact.by.roles or event.field.startswith("inputs."):
            return False
        decided = [e.correction for e in (f.event for f in facts) if isinstance(e, CorrectionDecided)]
        told = next((f for f in facts if f.id == event.target), None)
        if told is None or fact.id in decided or (isinstance(event.new, int) and event.new >= int(event.old)):
            return False
        vessel = any(isinstance(f.event, Birth) and f.event.kind == "vessel" for f in facts)
        start = told.at if vessel else min(self.opened_at or told.at, told.at)
        now = fact.received_at if is_late(self.regime, self.registry, fact, live=self.live) else fact.at
        for p in told.event.post(told):
            if p.debit.stage in SOURCES or p.credit.stage in SOURCES:
                place = p.credit if p.debit.stage in SOURCES else p.debit
                if self.regime.deadline(start, place.code, place.holder, place.site, self.registry) < now:
                    self.too_late.append(fact)
                    return True
        return False

    def _posted(
        self, thing: Container, fact: Fact, before: tuple[Posting, ...]
    ) -> tuple[list[Posting], tuple[Posting, ...]]:
        """Fold the next fact into `thing`: what it posts of the container, and the gaps of all journeys then."""
        fact.event.fold(thing, fact)
        mine = [p for p in fact.event.post(fact) if self.container in (p.debit.container, p.credit.container)]
        gaps = thing.gaps()
        # What the receiver's scale found more is there before it is received, else it would be counted twice.
        if gaps != before:
            found = difference(gaps, before)
            mine = sorted((*mine, *found), key=lambda p: p not in found or p.debit.stage != "difference")
        return mine, gaps

    def _opened(self, began: Iterable[Fact]) -> str:
        """When a package's content began to be there, where that was not when it was filled."""
        opened = ""
        for fact in began:
            if isinstance(fact.event, StockDeclared):
                opened = start_of_day(date.fromisoformat(fact.event.since), self.regime.offset)
            elif isinstance(fact.event, ContainerOpened) and not opened:
                opened = fact.at
        return opened

    def _confirm(self, code: str) -> None:
        """From the authority's word on, what lies here counts as what it was identified as."""
        self.confirmed |= {code}
        for account in [a for a, parts in self.where.items() if a.code == code and any(p.code != code for p in parts)]:
            taken = self._take(account, sum(p.grams for p in self.where[account]))
            self._put(account, [part for _, part in self._recoded(taken, account)])

    def _stay(self) -> None:
        """Note where the content stands from now on, when that changed: facility, zone, code, grams."""
        thing = self.thing
        standing = thing.status in ("held", "filling") and thing.facility
        here = (thing.facility, thing.zone, thing.code, thing.net_g) if standing else ("", "", "", 0)
        if here != (self.stays[-1][1] if self.stays else ("", "", "", 0)):
            self.stays.append((self.fact.at, here))

    def parts(self) -> Iterator[tuple[Account, Part]]:
        """Where the lots are now."""
        for account, parts in self.where.items():
            for part in parts:
                yield account, part

    # -- one posting ---------------------------------------------------------------------------------------------------

    def _follow(self, posting: Posting) -> None:
        debit, credit, grams = posting.debit, posting.credit, posting.grams
        self._balance(debit, -grams)
        self._balance(credit, grams)
        self.followed += 1
        if self.story:
            step = self.story[self.followed - 1]
            grams, step.left = step.left, 0
            for part in step.early:
                self._row("unrecorded", part, credit, grams=-part.grams)
                self._row(debit.stage, part, credit)
        if grams:
            self._move(posting if grams == posting.grams else posting._replace(grams=grams), last=True)
        if self.story:
            self._catch_up()
            self.dry.clear()

    def _move(self, posting: Posting, *, last: bool = False) -> int:
        """Lots follow a posting; returns for how many of its grams. What ends has been there, as the `last` word."""
        debit, credit, grams = posting.debit, posting.credit, posting.grams
        if self._inside(debit):
            taken = self._take(debit, grams, last=last and not self._inside(credit))
            grams = sum([part.grams for _, part in taken])
            if self._inside(credit):
                self._carry(self._recoded(taken, credit), credit)
            else:
                self._leave(taken, credit, posting)
        elif self._inside(credit):
            self._put(credit, self._enter(debit, credit, posting))
        return grams

    def _balance(self, account: Account, grams: int) -> None:
        if account.container == self.container:
            self.balances[account] = balance = self.balances.get(account, 0) + grams
            if balance < 0:
                self.below.add(account)
            elif self.below:
                self.below.discard(account)

    def _catch_up(self) -> None:
        """What by the books left an account goes to where they have it: others were taken there in its stead."""
        for account in [a for a in self.where if a in self.balances]:
            beyond = self._lots_g(account) - max(0, self.balances[account])
            for other in sorted(a for a in self.balances if self._inside(a)) if beyond > 0 else ():
                grams = min(beyond, self.balances[other] - self._lots_g(other))
                if grams > 0:
                    beyond -= grams
                    self._carry(self._recoded(self._drawn(account, grams), other), other)

    def _lots_g(self, account: Account) -> int:
        return sum([part.grams for part in self.where.get(account, ())])

    def _inside(self, account: Account) -> bool:
        return account.container == self.container and account.stage in INSIDE

    def _take(self, account: Account, grams: int, *, last: bool = False) -> list[tuple[Account, Part]]:
        """Lots for so many grams: from the account, with what comes to it by later steps. Only where no step brings it,
        from wherever else the container's content is, or will be without having been here, else mass that nobody
        recorded. Fewer grams where the books lack none: they have gone on before."""
        self._bring(account, grams)
        taken = self._drawn(account, grams)
        if isinstance(self.fact.event, FateAsserted) or self._never_came(account):
            return taken  # nobody's word ends what never left, or never came
        grams -= sum([part.grams for _, part in taken])
        lacking = self.missing.get(account, 0)
        grams = grams if last else min(grams, lacking)
        if not grams:
            return taken
        self.missing[account] = max(0, lacking - grams)
        onward = self._onward(account)
        for place in sorted({*self.where, *self.coming}):
            if grams and place.stage in ("held", "in-transit"):
                if place not in onward:
                    self._bring(place, grams)
                for origin, part in self._drawn(place, grams):
                    self._passed(part, origin, account)
                    self._moved(part, origin, account)
                    grams -= part.grams
                    taken.append((account, part))
        if grams:
            sender = getattr(self.fact.event, "from_", None)
            producer, site = (sender.party, sender.site) if sender is not None else (account.holder, account.site)
            part = Part(f"unrecorded:{self.fact.id}", producer, site, account.code, self.fact.at, (), grams)
            self._row("unrecorded", part, account)
            if not part.within(account):
                self._row("entrusted", part, account)
            self._moved(part, None, account)
            taken.append((account, part))
        return taken

    def _never_came(self, account: Account) -> bool:
        """True for what a carrier says of a place of its own, where by nobody else's word it ever was."""
        by = self.fact.by
        own = account.stage == "held" and account.holder == by.party and not by.roles
        return own and only_carries(self.container, by.party, self.facts)

    def _onward(self, account: Account) -> set[Account]:
        """The account, and where the story takes what was there: what comes in only there was never here."""
        reached, before = {account}, 0
        while before < len(reached):
            before = len(reached)
            reached.update(s.posting.credit for s in self.story if s.posting.debit in reached)
        return reached

    def _drawn(self, place: Account, grams: int) -> list[tuple[Account, Part]]:
        drawn = []
        for part in self._draw(place, grams):
            deadline = self._open(place, part, -1)
            if place.stage != "in-transit" and "" < deadline < self.clock_at:
                part = part._replace(carried=True)
            drawn.append((place, part))
        return drawn

    def _bring(self, account: Account, grams: int) -> None:
        """Follow later steps now, as far as the account is to have so many grams and they bring them: what has happened
        by the clocks has happened after them."""
        if self._lots_g(account) >= grams:
            return
        if not self.story:
            self._read_on()
        if account in self.bringing or account in self.dry or len(self.bringing) > DEEPEST:
            return
        self.bringing.add(account)
        steps, before = self.coming.get(account, []), self._lots_g(account)
        while steps and not steps[-1].left:
            steps.pop()
        for step in reversed(steps):
            short = grams - self._lots_g(account)
            if short <= 0:
                break
            origin = step.posting.debit
            if step.left and (origin not in self.dry or origin in self.where):
                self._follow_early(step, min(short, step.left))
        self.bringing.discard(account)
        if self._lots_g(account) == before:
            self.dry.add(account)

    def _follow_early(self, step: Step, grams: int) -> None:
        now = self.fact, self.grade, self.early
        # It has happened by now, whatever its own clock says.
        self.fact, self.grade, self.early = replace(step.fact, at=self.fact.at), grade_of(step.fact), step
        left, step.left = step.left, 0
        moved = self._move(step.posting._replace(grams=grams))
        step.left = left - moved
        if moved:
            self.dry.clear()
        self.fact, self.grade, self.early = now

    def _read_on(self) -> None:
        """The whole story's postings, and how many grams its books never account for, account by account."""
        thing = Container(id=self.container)
        gaps = thing.gaps()
        for fact in (f for f in self.facts if f.id not in self.unheard):
            postings, gaps = self._posted(thing, fact, gaps)
            self.story += [Step(fact, p, p.grams) for p in postings]
        self.kind = thing.kind
        for step in self.story[: self.followed]:
            step.left = 0
        # Taken from the end: first mass that came to be there, then what only a scale found.
        steps = sorted(self.story, key=lambda s: s.posting.debit.stage == "difference")
        for step in steps[::-1]:
            if step.left and self._inside(step.posting.credit) and step.posting.debit.stage != "at-work":
                self.coming.setdefault(step.posting.credit, []).append(step)
        self.missing = {a: -g for a, g in balances(s.posting for s in self.story).items() if g < 0}

    def _draw(self, account: Account, grams: int) -> list[Part]:
        parts = self.where.get(account, [])
        if len(parts) == 1 and parts[0].grams <= grams:
            return self.where.pop(account)
        total = sum(p.grams for p in parts)
        grams = min(grams, total)
        if not grams:
            return []
        if self.kind == "vessel":
            shares, left = [], grams
            for part in sorted(parts, key=lambda p: (p.born_at, p.lot)):
                share = min(left, part.grams)
                shares.append((part, share))
                left -= share
        else:
            ordered = sorted(parts, key=lambda p: p.lot)
            shares = list(zip(ordered, split(grams, [p.grams for p in ordered]), strict=True))
        self.where[account] = [p._replace(grams=p.grams - g) for p, g in shares if p.grams > g]
        if not self.where[account]:
            del self.where[account]
        return [p._replace(grams=g) for p, g in shares if g]

    def _carry(self, taken: list[tuple[Account, Part]], to: Account) -> None:
        if isinstance(self.fact.event, CustodyTransferred):
            taken = [(origin, _inherited(part, self.fact.event)) for origin, part in taken]
        for origin, part in taken:
            self._passed(part, origin, to)
            self._moved(part, origin, to)
        road = to.stage == "in-transit"
        self._put(to, [_off_road(part) if not road or origin.stage != to.stage else part for origin, part in taken])

    def _passed(self, part: Part, origin: Account, to: Account) -> None:
        """Count what passes its producer's gate, out or back in; also where nobody told yet how it came where it is."""
        out = part.within(origin)
        if out != part.within(to):
            self._row("entrusted", part, to, grams=part.grams if out else -part.grams)

    def _moved(self, part: Part, origin: Account | None, to: Account | None) -> None:
        """Count arrivals at and departures from a site, for the facility view."""
        old = (origin.holder, origin.site) if origin is not None and origin.stage == "held" else None
        new = (to.holder, to.site) if to is not None and to.stage == "held" else None
        if old == new:
            return
        if origin is not None and old is not None:
            self._row("departed", part, origin)
        if to is not None and new is not None:
            self._row("arrived", part, to)

    def _put(self, account: Account, parts: Iterable[Part]) -> None:
        for part in parts:
            here = self.where.setdefault(account, [])
            part = self._clocked(part, account)
            self.carried |= part.carried
            self._open(account, part, 1)
            for n, other in enumerate(here):
                if other._replace(grams=part.grams) == part:
                    here[n] = other._replace(grams=other.grams + part.grams)
                    break
            else:
                here.append(part)

    def _clocked(self, part: Part, account: Account) -> Part:
        """The lot with its code of today and, at a new holder, a clock: from the physical arrival on. On the road a
        carrier has one for each journey, whatever it held or carried before."""
        clocks = part.clocks
        if account.stage == "in-transit" and not part.since(ROAD + account.holder):
            clocks += ((ROAD + account.holder, self.fact.at),)
        if part.since(account.holder):
            return part if clocks is part.clocks else part._replace(clocks=clocks)
        start = self.fact.at
        if account.stage == "held":
            arrived = [
                leg.arrived_at for leg in self.thing.legs.values() if leg.receiver == account.holder and leg.arrived_at
            ]
            start = min([start, *arrived[-1:]])
        if isinstance(self.fact.event, CustodyTransferred):
            # Legal succession: the new person's clock started when the old one's did.
            start = part.since(self.fact.event.from_.party) or start
        return part._replace(clocks=(*clocks, (account.holder, start)))

    def _recoded(self, taken: list[tuple[Account, Part]], to: Account) -> list[tuple[Account, Part]]:
        """The lots under the code of the account they go to. What was hazardous keeps counting under its old code
        until an authority confirms the new one."""
        recoded = []
        for origin, part in taken:
            code = to.code
            if code != part.code and self.regime.listed(part.code) and not self.regime.listed(code):
                code = code if code in self.confirmed else part.code
            if code != part.code:
                self._row("reclassified", part, origin, grams=-part.grams)
                part = part._replace(code=code)
                self._row("reclassified", part, origin)
            recoded.append((origin, part))
        return recoded

    # -- coming and going ----------------------------------------------------------------------------------------------

    def _enter(self, debit: Account, credit: Account, posting: Posting) -> list[Part]:
        fact, grams = self.fact, posting.grams
        if debit.stage == "at-work":
            return self._from_pool(credit, grams)
        if debit.stage == "difference":
            # Whose it is: its lots may not have come by the clocks, or have gone on before.
            for place in (credit, *sorted(self.coming)):
                if not self.where:
                    self._bring(place, 1)
            elsewhere = [] if self._never_came(credit) else [a for a in self.where if a.stage != "lost"]
            places = [credit] if credit in self.where else elsewhere
            here = sorted((p for place in places for p in self.where[place]), key=lambda p: p.lot)
            if here:
                if posting.cause == "weighing-difference":
                    self.skimmed_g = max(0, self.skimmed_g - grams)
                gained = [
                    p._replace(grams=g) for p, g in zip(here, split(grams, [p.grams for p in here]), strict=True) if g
                ]
                for part in gained:
                    self._row("gain", part, credit)
                    self._moved(part, None, credit)
                return gained
        account, origin = (debit.stage, debit) if debit.stage in CAME_FROM else ("unrecorded", credit)
        if isinstance(fact.event, LoadWeighedIn) and self._receiving(debit, credit):
            origin = credit  # nobody owes what somebody not entitled says that it brought
        lot = f"{self.container}/{fact.id}" if self.kind == "vessel" else self.container
        born = fact.at if self.kind == "vessel" else min(self.opened_at or fact.at, fact.at)
        part = Part(lot, origin.holder, origin.site, credit.code, born, ((credit.holder, born),), grams)
        if self.early is not None and account in CAME_FROM:
            self.early.early.append(part)
            account = "unrecorded"  # until its own time
        self._row(account, part, credit)
        if not part.within(credit):
            self._row("entrusted", part, credit)
        self._moved(part, None, credit)
        return [part]

    def _leave(self, taken: list[tuple[Account, Part]], credit: Account, posting: Posting) -> None:
        event, fact = self.fact.event, self.fact
        if posting.cause in ("weighing-difference", "generated"):
            lay = [part for _, part in taken] + [
                p for place in {a for a, _ in taken} for p in self.where.get(place, ())
            ]
            posting = self._by_own_scale(posting, sum(part.grams for part in lay), _shed_g(lay))
        elif self._to_itself(posting):
            posting = self._by_own_scale(posting, posting.of_g, 0)
        for origin, part in taken:
            if credit.stage in ("utilised", "disposed"):
                self._passed(part, origin, credit)
                self._row("closed", part, credit, reason=self._reason(part, credit))
            elif credit.stage == "at-work":
                if isinstance(event, WasteTreated) and not event.outputs:
                    self._row("process-loss", part, origin, reason=self._reason(part, credit))
                else:
                    lacked = self.skimmed_g * 1_000_000 // max(self.most_g, 1)
                    out = part._replace(shed_ppm=part.shed_ppm + lacked)
                    self.outflows.setdefault(fact.id, []).append(out)
                    self._passed(part, origin, credit)
                    self._moved(part, origin, None)
            elif credit.stage == "difference" or (credit.stage == "generated" and not self._being_filled(origin, part)):
                self._gap_row(part, origin, posting)
            elif credit.stage in ("dumped", "process-loss"):
                self._row(credit.stage, part, origin)
            else:
                # A closing weight below what the additions said: less was generated.
                self._row(credit.stage, part, origin, grams=-part.grams)
                if not part.within(origin):
                    self._row("entrusted", part, origin, grams=-part.grams)
                if origin.stage == "held":
                    self._row("departed", part, origin)

    def _being_filled(self, place: Account, part: Part) -> bool:
        """True while what was added may yet turn out to be less: until its holder weighs it for good, or its clock
        runs out."""
        return not self.filled and place.holder == self.holder_before and not part.carried

    def _to_itself(self, posting: Posting) -> bool:
        """True for the difference of a journey from a party to itself, both of whose scales are its own."""
        leg = self.thing.legs.get(self._gap_key()) if posting.cause == "transit-difference" else None
        return leg is not None and leg.sender == leg.receiver

    def _by_own_scale(self, posting: Posting, there: int, shed: int) -> Posting:
        """What a holder's own scale lacks, as it is judged: of what lay there, whatever the statement says lay there,
        and together with what was tolerated before, as many small differences are a large one."""
        judged = posting._replace(grams=posting.grams + self.skimmed_g + shed, of_g=min(posting.of_g or there, there))
        if posting.credit.stage == "difference" and self._tolerated(judged):
            self.skimmed_g += posting.grams
        return judged

    def _reason(self, part: Part, credit: Account) -> str:
        """Why the treating party was not entitled to this lot ("" when it was); an asserted fate may name no method."""
        event = self.fact.event
        day = local_day(self.fact.at, self.regime.offset)
        exemption = getattr(event, "exemption", None)
        act = Act(
            deed="close",
            code=part.code,
            party=credit.holder,
            site=credit.site,
            producer=credit.holder if part.own(credit.holder) else part.producer,
            day=day,
            method=getattr(event, "method", None),
            end=str(getattr(event, "end", "")),
            exemption=exemption.row if exemption is not None else "",
        )
        return self.entitled(act)

    def _receiving(self, sender: Account, receiver: Account) -> str:
        """Why who weighs in another's load is not entitled to it ("" when it is)."""
        day = local_day(self.fact.at, self.regime.offset)
        party, site = receiver.holder, receiver.site
        return self.entitled(Act("receive", receiver.code, party, site, sender.holder, day))

    def entitled(self, act: Act) -> str:
        """What the regime says of it; asked once, as every later step asks the same again."""
        if act not in self.verdicts:
            self.verdicts[act] = self.regime.entitled(act, self.registry)
        return self.verdicts[act]

    def _gap_row(self, part: Part, place: Account, posting: Posting) -> None:
        if posting.cause == "emptied-difference":
            # What stuck to the walls is measured against what was inside.
            posting = posting._replace(of_g=self.most_g)
        if self._tolerated(posting):
            self._row("settled", part, place)
        else:
            self._row("difference", part, place)
            self.gaps.setdefault(self._gap_key(), []).append((place, part))

    def _tolerated(self, posting: Posting) -> bool:
        return within_tolerance(self.regime, self.registry, self.fact.at, posting)

    def _gap_key(self) -> str:
        """The journey, else the statement, that a difference belongs to: the key of its exception."""
        event = self.fact.event
        return str(getattr(event, "manifest", None) or getattr(event, "delivery", None) or self.fact.id)

    def _settle_explained(self) -> None:
        """A difference whose explanation was accepted is settled from then on."""
        for key in [k for k in self.gaps if self.thing.accepted("mass-difference", k)]:
            for place, part in self.gaps.pop(key):
                self._row("difference", part, place, grams=-part.grams)
                self._row("settled", part, place)

    def _from_pool(self, credit: Account, grams: int) -> list[Part]:
        """This container's share of what an event took out of others: pro rata to what each target got."""
        event = self.fact.event
        assert isinstance(event, ContentsTransferred | WasteTreated)
        targets = event.targets if isinstance(event, ContentsTransferred) else event.outputs
        pooled = [part for _, parts in sorted(self.inflows(self.fact)) for part in parts]
        total, poured = sum(p.grams for p in pooled), sum(t.net_g for t in targets)
        shares = split(min(total, poured), [t.net_g for t in targets])
        lost = max(0, total - poured)
        mine: list[Part] = []
        pooled = sorted(pooled, key=lambda p: (p.lot, p.clocks))
        # Each lot is divided among the targets and the gap by one table, so that the targets agree without talking.
        table = _divide([p.grams for p in pooled], [*shares, lost])
        # Repacked again and again, a little each time is much: what was lacking before counts with it.
        judged = Posting(lost + _shed_g(pooled), credit, credit, "transfer-difference", total)
        if isinstance(event, ContentsTransferred) and lost and self._tolerated(judged):
            pooled = [p._replace(shed_ppm=judged.grams * 1_000_000 // total) for p in pooled]
        for n, target in enumerate(targets):
            if target.container == self.container:
                mine += [p._replace(grams=row[n]) for p, row in zip(pooled, table, strict=True) if row[n]]
        if targets[0].container == self.container and lost:
            gap = [p._replace(grams=row[-1]) for p, row in zip(pooled, table, strict=True) if row[-1]]
            for part in gap:
                # It left its container whole: what is not there afterwards was lost at the site, not sent away.
                self._moved(part, None, credit)
                if isinstance(event, WasteTreated):
                    self._row("process-loss", part, credit, reason=self._reason(part, credit))
                else:
                    self._gap_row(part, credit, judged)
        for part in mine:
            self._moved(part, None, credit)
        missing = grams - sum(p.grams for p in mine)
        if missing > 0:
            weights = [p.grams for p in mine] or [1]
            like = mine or [
                Part(f"unrecorded:{self.fact.id}", credit.holder, credit.site, credit.code, self.fact.at, (), 0)
            ]
            extra = [p._replace(grams=g) for p, g in zip(like, split(missing, weights), strict=True) if g]
            for part in extra:
                self._row("gain" if pooled else "unrecorded", part, credit)
                self._moved(part, None, credit)
            mine += extra
        return mine

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _open(self, account: Account, part: Part, sign: int) -> str:
        stage = "lost" if account.stage == "lost" else "overdue" if part.carried else "open"
        deadline = "" if stage == "lost" else self.deadline(account, part)
        self._row(stage, part, account, grams=sign * part.grams, deadline=deadline)
        return deadline

    def _late(self, fact: Fact) -> bool:
        """True when the statement came after its allowance: on a paper day that of the paper manifest."""
        if not is_late(self.regime, self.registry, fact, live=self.live):
            return False
        manifest = getattr(fact.event, "manifest", None)
        if any(p.manifest == manifest and p.outage_from <= fact.at <= p.outage_until for p in self.papers):
            day = local_day(fact.at, self.regime.offset)
            days = self.regime.setting(self.registry, "paper-workdays", day)
            return fact.received_at > working_days_later(fact.at, days, self.registry, self.regime.offset)
        return True

    def deadline(self, account: Account, part: Part) -> str:
        """By when the lot must have left these hands."""
        journey = part.since(ROAD + account.holder) if account.stage == "in-transit" else ""
        start = journey or part.since(account.holder) or part.born_at
        key = (account.stage, account.holder, account.site, part.code, start)
        if key not in self.deadlines:
            self.deadlines[key] = self._deadline(account, part.code, start)
        return self.deadlines[key]

    def _deadline(self, account: Account, code: str, start: str) -> str:
        if account.stage == "held":
            return self.regime.deadline(start, code, account.holder, account.site, self.registry)
        day = local_day(start, self.regime.offset)
        if account.stage == "to-outside":
            # Nobody here knows its fate: it is due when the producer itself would have had to be rid of it.
            return self.regime.deadline(start, code, account.holder, account.site, self.registry)
        return later(start, days=self.regime.setting(self.registry, "transit-days", day, account.holder))

    def _row(
        self,
        account: str,
        part: Part,
        place: Account,
        *,
        grams: int | None = None,
        deadline: str = "",
        reason: str = "",
    ) -> None:
        fact = self.fact
        lot, producer, producer_site, code, born_at, _, whole_g, *_ = part
        stage, holder, site, _, _ = place
        # In the order of a row's fields: by their names takes twice as long, and most of a rebuild is rows.
        row = _new(Row, (
            self.container, fact.statement, fact.at, self.clock_at, account, lot, producer, producer_site, holder, site,
            stage, code, self.regime.kind_of(code), whole_g if grams is None else grams, born_at, deadline, self.grade,
            reason, part.within(place),
        ))  # fmt: skip
        self.rows.append(row)
        if account == "closed" and reason:
            self.unentitled.append(row)


def _shed_g(parts: Iterable[Part]) -> int:
    """What was lacking of these lots before, and was tolerated."""
    return sum(part.grams * part.shed_ppm for part in parts) // 1_000_000


def _off_road(part: Part) -> Part:
    """The lot with no clock of a carrier's road: the next journey has its own."""
    clocks = tuple(clock for clock in part.clocks if not clock[0].startswith(ROAD))
    return part if len(clocks) == len(part.clocks) else part._replace(clocks=clocks)


def _inherited(part: Part, event: CustodyTransferred) -> Part:
    """The lot where a successor takes it over from its first producer, which it stays, or from that one's heir."""
    return part._replace(heirs=(*part.heirs, event.to.party)) if part.own(event.from_.party) else part


def grade_of(fact: Fact) -> str:
    """A: signed by the own device; B: by a custodial or one-time key; C: asserted by the producer; D: transcribed."""
    if isinstance(fact.event, FateAsserted):
        return "C"
    if getattr(fact.event, "source", None) is not None:
        return "D"
    return "A" if fact.by.own_device else "B"


def is_late(regime: Regime, registry: Registry, fact: Fact, *, live: bool = False) -> bool:
    """True when the statement came after the allowance of its event type. Transcripts of old books never are, but of
    what began in this ledger (`live`) only an authority transcribes."""
    transcribed = getattr(fact.event, "source", None) is not None and (fact.by.roles or not live)
    if fact.received_at <= fact.at or transcribed:
        return False
    day = local_day(fact.at, regime.offset)
    return fact.received_at > later(fact.at, hours=regime.setting(registry, fact.event.allowance, day))


def within_tolerance(regime: Regime, registry: Registry, at: str, posting: Posting) -> bool:
    """True when a difference is no larger than the tolerance of its mass adopted for that day, for the site, else the
    party, whose difference it is: on the road the sender's, whether the load came light or heavy."""
    of = posting.credit if posting.credit.stage == "difference" else posting.debit
    day = local_day(at, regime.offset)
    return posting.grams <= tolerance_g(regime, registry, day, posting.of_g, of.site, of.holder)


def tolerance_g(regime: Regime, registry: Registry, day: str, of_g: int, site: str, party: str) -> int:
    """The largest difference of a mass that is within the tolerance adopted for a day, a site and its party."""
    ppm = regime.setting(registry, "tolerance-ppm", day, site, party)
    return max(regime.setting(registry, "tolerance-g", day, site, party), of_g * ppm // 1_000_000)


def split(total: int, weights: Sequence[int]) -> list[int]:
    """`total` divided in proportion to the weights, whole grams, by largest remainder, ties in the order given."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [total * w // whole for w in weights]
    rest = total - sum(shares)
    by_remainder = sorted(range(len(weights)), key=lambda n: (-(total * weights[n] % whole), n))
    for n in by_remainder[:rest]:
        shares[n] += 1
    return shares


def _divide(rows: Sequence[int], columns: Sequence[int]) -> list[list[int]]:
    """A table of whole grams with these row and column sums (their totals are equal), each row about in proportion."""
    left = list(columns)
    table = []
    for grams in rows:
        shares = split(grams, left)
        table.append(shares)
        left = [c - s for c, s in zip(left, shares, strict=True)]
    return table
