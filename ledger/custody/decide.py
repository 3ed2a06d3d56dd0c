"""One event's verdict: refused by a rule, or recorded with the new states of its objects and the grams it posts.

This one function serves the append and the verifier; states are folded in the order of happening, so a late statement
has its container folded again from its facts. Postings commute: what a container's facts post in sum does not depend
on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from ledger.custody import wire
from ledger.custody.container import Container, Manifest, new_thing, thing_from
from ledger.custody.events import body_of, parse
from ledger.custody.events.authority import LicenceGranted
from ledger.custody.events.correction import CorrectionAgreed, CorrectionDecided, EntryCorrected
from ledger.custody.events.ledger import KeyEnrolled, KeyRevoked, StatementAdopted
from ledger.custody.events.oversight import PeriodClosed
from ledger.custody.events.registry import OfHolder
from ledger.custody.fact import Fact
from ledger.custody.postings import SOURCES, Account, Posting, difference
from ledger.custody.regimes.base import later
from ledger.custody.rules import (
    AuthorityKeyCustodial,
    CorrectionTargetUnknown,
    CorrectionUnknown,
    FieldNotCorrectable,
    NewValueImpossible,
    NotAuthorised,
    NotOwn,
    OldValueDiffers,
    PeriodIsClosed,
    Refusal,
    RolesNotHeld,
)
from ledger.custody.strangers import strangers_words
from ledger.errors import FormError

History = Callable[[str], Iterable[Fact]]
FOLDED = ("container:", "manifest:")
# Stands among those who must agree, when it is not a party but the competent authority.
AUTHORITY = "authority"
CLOSED = frozenset({"utilised", "disposed"})
_CORRECTIONS = (EntryCorrected, CorrectionAgreed, CorrectionDecided)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the ledger does with a well-formed statement: `refused`, or new states by stream and postings."""

    refused: Refusal | None = None
    states: dict[str, bytes] = field(default_factory=dict)
    postings: tuple[Posting, ...] = ()


def folds(stream: str) -> bool:
    """True for objects that have a current state."""
    return stream.startswith(FOLDED)


def decide(fact: Fact, states: Mapping[str, bytes | None], history: History) -> Decision:
    """Judge one fact against the locked current states of its objects.

    `history` gives an object's accepted facts so far (in any order); it is asked only for late statements, corrections
    and refusals.
    """
    fact = unwrapped(fact)
    streams = sorted(s for s in fact.event.streams(fact.by.party) if folds(s))
    things = {s: thing_from(s, row) if (row := states.get(s)) is not None else None for s in streams}
    event = fact.event
    refusals = chain(_rights(fact), _refusals(fact, things, history))
    if corrects := isinstance(event, _CORRECTIONS):
        refusals = chain(refusals, _correction_refusals(fact, event, history))
    refused = next(refusals, None)
    if refused is not None:
        return Decision(refused)
    postings = list(event.post(fact))
    changed: dict[str, bytes] = {}
    for stream in streams:
        before = things[stream]
        gaps = before.gaps() if isinstance(before, Container) else ()
        if before is None:
            after = new_thing(stream)
            _step(after, fact)
        elif not corrects and not before.corrected and (before.last is None or before.last < fact.order):
            after = before
            _step(after, fact)
        else:
            facts = [unwrapped(f) for f in history(stream)]
            after = _as_told(stream, [*facts, fact])
            if corrects or before.corrected:
                postings += _changed_postings(stream, facts, fact)
        if isinstance(after, Container):
            new_gaps = after.gaps()
            if new_gaps != gaps:
                postings += difference(new_gaps, gaps)
        changed[stream] = after.to_bytes()
    return Decision(None, changed, tuple(postings))


def _refusals(fact: Fact, things: Mapping[str, Container | Manifest | None], history: History) -> Iterator[Refusal]:
    """What the event's own rules say; no stranger's word stands in the way of who has a say."""
    if next(fact.event.refusals(fact, things), None) is None:
        return
    facts = {stream: [unwrapped(f) for f in history(stream)] for stream in things}
    if not any(fact.id in strangers_words(stream, [*told, fact]) for stream, told in facts.items()):
        things = {stream: fold(stream, told) for stream, told in facts.items()}
    yield from fact.event.refusals(fact, things)


def unwrapped(fact: Fact) -> Fact:
    """An adopted statement's event as the adopter's own, at the time it happened. Nothing happens after it was told:
    what a clock puts more than a day ahead happened when it was received."""
    event = fact.event
    if isinstance(event, StatementAdopted):
        fact = replace(fact, event=event.inner(), at=event.at)
    if fact.at > fact.received_at and fact.at > later(fact.received_at, days=1):
        fact = replace(fact, at=fact.received_at, ahead=True)
    return fact


def fold(stream: str, facts: Iterable[Fact]) -> Container | Manifest:
    """An object's state from its facts, in the order of happening, corrections applied, strangers' words left out."""
    last = new_thing(stream)
    for _, thing in unfold(stream, facts):
        last = thing
    return last


def unfold(stream: str, facts: Iterable[Fact]) -> Iterator[tuple[Fact, Container | Manifest]]:
    """Each fact with the object as it stood right after: one and the same object, which the next step changes."""
    thing = new_thing(stream)
    ordered = sorted((unwrapped(f) for f in facts), key=lambda f: f.order)
    unheard = strangers_words(stream, ordered)
    for fact in effective(stream, ordered):
        if fact.id not in unheard:
            _step(thing, fact)
        yield fact, thing


def _as_told(stream: str, facts: Iterable[Fact]) -> Container | Manifest:
    """The state that the books rest on, whoever said what."""
    thing = new_thing(stream)
    for fact in effective(stream, sorted((unwrapped(f) for f in facts), key=lambda f: f.order)):
        _step(thing, fact)
    return thing


def _step(thing: Container | Manifest, fact: Fact) -> None:
    fact.event.fold(thing, fact)
    thing.last = max(thing.last, fact.order) if thing.last else fact.order
    if isinstance(fact.event, EntryCorrected):
        thing.corrected = True


# -- corrections ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A correction with who must still agree. When nobody must, and it is neither rejected nor applied, it would take
    the container below zero."""

    fact: Fact
    target: Fact
    waiting: frozenset[str]
    rejected: bool
    applied: bool


def effective(stream: str, ordered: Sequence[Fact]) -> list[Fact]:
    """The facts with every applied correction in place."""
    return _apply_corrections(stream, ordered)[0]


def proposals(stream: str, facts: Iterable[Fact]) -> list[Proposal]:
    """Every correction of an object with its standing."""
    return _apply_corrections(stream, sorted((unwrapped(f) for f in facts), key=lambda f: f.order))[1]


def _apply_corrections(stream: str, ordered: Sequence[Fact]) -> tuple[list[Fact], list[Proposal]]:
    facts = list(ordered)
    corrections = [f for f in facts if isinstance(f.event, EntryCorrected)]
    if not corrections:
        return facts, []
    place = {f.id: n for n, f in enumerate(facts)}
    unheard = strangers_words(stream, facts)
    standing: dict[str, Proposal] = {}
    for fact in corrections:
        assert isinstance(fact.event, EntryCorrected)
        target = facts[place[fact.event.target]] if fact.event.target in place else None
        if target is None:
            continue
        agreed = {f.by.party for f in facts if isinstance(f.event, CorrectionAgreed) and f.event.correction == fact.id}
        decided = [
            f.event.outcome for f in facts if isinstance(f.event, CorrectionDecided) and f.event.correction == fact.id
        ]
        waiting = relied(target, fact, [f for f in facts if f.id not in unheard]) - agreed
        if fact.event.closed is not None and "supervision" not in fact.by.roles:
            waiting |= {AUTHORITY}
        if "apply" in decided[-1:]:
            waiting = frozenset()
        standing[fact.id] = Proposal(
            fact=fact,
            target=target,
            waiting=waiting,
            rejected="reject" in decided[-1:],
            applied=False,
        )
    # One correction may have to wait for another: try the waiting ones again until nothing changes.
    moved = True
    while moved:
        moved = False
        for key, proposal in standing.items():
            if proposal.applied or proposal.rejected or proposal.waiting:
                continue
            trial = list(facts)
            n = place[proposal.target.id]
            trial[n] = corrected(trial[n], proposal.fact)
            if _lowest(stream, trial) < min(0, _lowest(stream, facts)):
                continue
            facts, moved = trial, True
            standing[key] = replace(proposal, applied=True)
    return facts, list(standing.values())


def corrected(target: Fact, correction: Fact) -> Fact:
    """The target with its field replaced; raises FormError when the new value has no form."""
    change = correction.event
    assert isinstance(change, EntryCorrected)
    body = wire.replaced(body_of(target.event), change.field, change.new)
    grams = change.field.rpartition(".")
    if grams[2] == "net_g":
        # A net weight that was put right no longer follows from the gross and tare beside it.
        mass = wire.value_at(body, grams[0]) if grams[0] else None
        if isinstance(mass, dict):
            mass.pop("gross_g", None)
            mass.pop("tare_g", None)
    return replace(target, event=parse(target.event.type, body, wire.ANY_CODES))


def relied(target: Fact, correction: Fact, facts: Iterable[Fact]) -> frozenset[str]:
    """The parties that relied on what the target said: who recorded anything of the container since, and the other
    end of its journey; never the correcting party itself."""
    since = {
        f.by.party for f in facts if target.order < f.order < correction.order and not isinstance(f.event, _CORRECTIONS)
    }
    ends = {getattr(getattr(target.event, name, None), "party", None) for name in ("from_", "to")}
    return frozenset({p for p in since | ends if p}) - {correction.by.party}


def _lowest(stream: str, facts: Sequence[Fact]) -> int:
    """The lowest balance that any holder of the container's content ever has of it, in grams."""
    balance: dict[Account, int] = {}
    lowest = 0
    for fact in facts:
        for posting in fact.event.post(fact):
            for account, grams in ((posting.debit, -posting.grams), (posting.credit, posting.grams)):
                if account.container == stream and account.stage == "held":
                    balance[account] = balance.get(account, 0) + grams
                    lowest = min(lowest, balance[account])
    return lowest


def _changed_postings(stream: str, facts: Sequence[Fact], fact: Fact) -> tuple[Posting, ...]:
    """The reversal and the new postings of every fact whose effective content the new fact changes."""
    before = {f.id: f for f in effective(stream, sorted(facts, key=lambda f: f.order))}
    after = effective(stream, sorted([*facts, fact], key=lambda f: f.order))
    postings: list[Posting] = []
    for now in after:
        was = before.get(now.id)  # none of the new fact itself: nothing corrects what was not there
        if was is not None and was.event != now.event:
            postings += difference(now.event.post(now), was.event.post(was))
    return tuple(postings)


def _correction_refusals(
    fact: Fact, event: EntryCorrected | CorrectionAgreed | CorrectionDecided, history: History
) -> Iterator[Refusal]:
    facts = sorted((unwrapped(f) for f in history(event.container)), key=lambda f: f.order)
    if not isinstance(event, EntryCorrected):
        if not any(f.id == event.correction and isinstance(f.event, EntryCorrected) for f in facts):
            yield CorrectionUnknown(correction=event.correction, object=event.container)
        return
    target = next((f for f in effective(event.container, facts) if f.id == event.target), None)
    if target is None:
        yield CorrectionTargetUnknown(target=event.target, object=event.container)
        return
    if fact.by.party != target.by.party and "supervision" not in fact.by.roles:
        yield NotOwn(expected=target.by.party, got=fact.by.party)
    general = ".".join("*" if part.isdigit() else part for part in event.field.split("."))
    if general not in target.event.correctable:
        yield FieldNotCorrectable(
            field=event.field, expected=" or ".join(target.event.correctable) or "none", got=event.field
        )
        return
    current = wire.value_at(body_of(target.event), event.field)
    if current != event.old:
        yield OldValueDiffers(field=event.field, expected=current, got=event.old)
        return
    try:
        new = corrected(target, fact)
    except FormError as error:
        yield NewValueImpossible(field=event.field, expected=error.fields.get("expected"), got=event.new)
        return
    period = _closed_period(fact, target, new, history)
    if period is not None and event.closed is None and "supervision" not in fact.by.roles:
        yield PeriodIsClosed(period=period, expected=f"closed: {period}", got="absent")
        return
    touched = {
        a.container
        for p in difference(new.event.post(new), target.event.post(target))
        for a in (p.debit, p.credit)
        if a.container.startswith("container:")
    }
    if touched - {event.container}:
        yield CorrectionTargetUnknown(
            target=event.target, object=event.container, expected=min(touched), got=event.container
        )


def _closed_period(correction: Fact, target: Fact, new: Fact, history: History) -> str | None:
    """The closed period of the correcting party in which the correction lowers what was generated or raises what was
    closed."""
    if not any(_grams(new, stages) < _grams(target, stages) for stages in (SOURCES, CLOSED)):
        return None
    sites = frozenset(s for s in target.event.streams(target.by.party) if s.startswith("site:")) | {
        p.site for p in (getattr(target.event, "place", None),) if p is not None
    }
    closings = (f.event for f in history(correction.by.party) if isinstance(f.event, PeriodClosed))
    return next((c.period for c in closings if c.covers(target.at, sites)), None)


def _grams(fact: Fact, stages: frozenset[str]) -> int:
    """What a fact takes out of these accounts, less what it puts in."""
    return sum(p.grams * ((p.debit.stage in stages) - (p.credit.stage in stages)) for p in fact.event.post(fact))


# -- rights -----------------------------------------------------------------------------------------------------------


def _rights(fact: Fact) -> Iterator[Refusal]:
    """Who may say this. Roles come only from keys chained to the authorities that entry 0 pins."""
    event, by = fact.event, fact.by
    right = event.author
    if isinstance(event, KeyEnrolled):
        yield from _enrolment_rights(event, fact)
    elif isinstance(event, KeyRevoked):
        if "registrar" not in by.roles and not (by.admin and by.party == event.holder):
            yield NotAuthorised(expected="registrar, or administrator of the party", got=by.party)
    elif right in ("licensing", "settings", "supervision", "operator"):
        if right not in by.roles:
            yield NotAuthorised(expected=right, got=" ".join(sorted(by.roles)) or "no authority role")
    elif isinstance(event, LicenceGranted):
        if by.party != event.holder and "licensing" not in by.roles:
            yield NotAuthorised(expected="licensing authority, or the holder (asserted only)", got=by.party)
    else:
        actors = event.actors()
        transcribed = getattr(event, "source", None) is not None
        registrar = (isinstance(event, OfHolder) or transcribed) and "registrar" in by.roles
        if actors is not None and by.party not in actors and not registrar:
            yield NotOwn(expected=" or ".join(sorted(actors)), got=by.party)


def _enrolment_rights(event: KeyEnrolled, fact: Fact) -> Iterator[Refusal]:
    by = fact.by
    registrar = "registrar" in by.roles
    # An authority's key may pass its own roles on to another key of the authority; which it holds is judged below.
    passes_on = bool(event.roles) and not event.admin
    own = (by.admin or passes_on) and by.party == event.holder
    # Anybody enrolled may vouch for an absent party's key, for one statement.
    one_time = event.uses == 1 and not event.admin and not event.roles
    if not (registrar or own or one_time):
        yield NotAuthorised(expected="registrar, or administrator of the party", got=by.party)
    if not set(event.roles) <= by.roles:
        yield RolesNotHeld(expected=" ".join(sorted(by.roles)) or "no roles", got=" ".join(event.roles))
    if event.roles and event.custody == "server":
        yield AuthorityKeyCustodial()
