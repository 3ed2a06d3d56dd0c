"""Events of oversight: seizure, explanations of exceptions, closed periods, what an authority decides on a loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from ledger.custody.container import Container, Manifest
from ledger.custody.events import Event, Things, event
from ledger.custody.events.containers import OfOne
from ledger.custody.postings import Account, Posting, move
from ledger.custody.rules import ExplanationUnknown, Refusal
from ledger.custody.values import Code, ContainerId, Grams, Hash, Moment, Party, Sealed, Site, StatementId, Stream, Word
from ledger.custody.wire import Codes, WireError, text

if TYPE_CHECKING:
    from ledger.custody.fact import Fact

Period = Annotated[str, text(r"\d{4}(?:-Q[1-4]|-(?:0[1-9]|1[0-2]))?", "2026, 2026-Q1 or 2026-03")]

# Exceptions that the other end of a journey can accept an explanation of; all others only the authority.
BETWEEN_PARTIES = frozenset({"mass-difference", "defect-found-later"})


@event("container-impounded")
class ContainerImpounded(OfOne):
    """Seized by the authority where it stands: it must not leave."""

    reason: Literal["evidence", "danger", "unlawful-transfer", "other"]
    note: Sealed | None = None

    author = "supervision"

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.impounded_at = fact.at


@event("container-released")
class ContainerReleased(OfOne):
    """The seizure ends."""

    author = "supervision"

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.impounded_at = ""


@event("loss-determined")
class LossDetermined(OfOne):
    """The authority decides what became of lost grams: dumped, or gone in the process with no harm."""

    code: Code
    net_g: Grams
    outcome: Literal["dumped", "process-loss"]
    evidence: Hash | None = None

    author = "supervision"

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.leaked_g = max(0, thing.leaked_g - self.net_g)
        if thing.status == "lost":
            thing.status, thing.mass_unknown, thing.emptied_at = "emptied", False, fact.at

    def post(self, fact: Fact) -> Iterator[Posting]:
        lost = Account("lost", self.place.party, self.place.site, self.code, self.container)
        end = Account(self.outcome, self.place.party, self.place.site, self.code, self.container)
        yield from move(self.net_g, lost, end, "determined")


@event("identification-confirmed")
class IdentificationConfirmed(OfOne):
    """The authority confirms what a waste was identified as; from then on it counts as that."""

    code: Code
    evidence: Hash

    author = "supervision"

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.confirmed_code = self.code


@event("exception-explained")
class ExceptionExplained(Event):
    """Whose exception it is explains it; it counts on until the counterparty or the authority accepts."""

    container: ContainerId
    rule: Word
    key: Annotated[str, text(r"[^\x00-\x1f]{0,200}", "the exception's key")]
    explanation: Sealed
    evidence: Hash | None = None

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.container})

    def containers(self) -> tuple[str, ...]:
        return (self.container,)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        thing.explained[fact.id] = (self.rule, self.key, fact.by.party, "", "")


@event("explanation-accepted")
class ExplanationAccepted(Event):
    """The counterparty or the authority accepts an explanation; nobody accepts its own."""

    container: ContainerId
    explanation: StatementId

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.container})

    def containers(self) -> tuple[str, ...]:
        return (self.container,)

    def refusals(self, fact: Fact, things: Things) -> Iterator[Refusal]:
        thing = things.get(self.container)
        if not isinstance(thing, Container) or self.explanation not in thing.explained:
            yield ExplanationUnknown(explanation=self.explanation, object=self.container)

    def fold(self, thing: Container | Manifest, fact: Fact) -> None:
        assert isinstance(thing, Container)
        if self.explanation in thing.explained:
            rule, key, party, *_ = thing.explained[self.explanation]
            # A party of the container's journeys, or an authority; never who explained. A difference between two scales
            # is explained by one end of that journey and accepted by the other; what one scale alone lacks, by nobody.
            legs = thing.legs.items()
            if rule == "mass-difference":
                ends = {p for journey, leg in legs if journey == key for p in (leg.sender, leg.receiver)}
                ends = ends if party in ends else set()
            else:
                ends = {p for _, leg in legs for p in (leg.sender, leg.receiver, leg.carrier)}
            counterparty = rule in BETWEEN_PARTIES and fact.by.party != party and fact.by.party in ends
            if counterparty or "supervision" in fact.by.roles:
                thing.explained[self.explanation] = (rule, key, party, fact.at, fact.statement)


@event("period-closed")
class PeriodClosed(Event):
    """A party's declaration of a period (of one site, or of all) is closed: from now on, lowering what was generated or
    raising what was closed in it needs the authority. `start` and `end` are the period's moments [start, end)."""

    holder: Party
    period: Period
    start: Moment
    end: Moment
    site: Site | None = None
    declaration: Hash | None = None

    def check(self, path: str, codes: Codes) -> None:
        start, end = codes.period(self.period)
        if start and (self.start, self.end) != (start, end):
            raise WireError(path="start", expected=f"{start} and end {end}", got=f"{self.start} and {self.end}")

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.holder, *({self.site} if self.site else ())})

    def covers(self, at: str, sites: frozenset[str]) -> bool:
        """True when what happened then, at one of these sites, was declared with the period."""
        return self.start <= at < self.end and (self.site is None or self.site in sites)

    def actors(self) -> frozenset[str]:
        return frozenset({self.holder})


@event("inspection-drawn")
class InspectionDrawn(Event):
    """A random inspection: who was drawn from which list, by which public seed."""

    holder: Party
    drawn_from: Hash
    seed: Hash

    author = "supervision"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.holder})


@event("inspection-reported")
class InspectionReported(Event):
    """What an inspection found."""

    holder: Party
    inspection: StatementId | None = None
    outcome: Literal["in-order", "faults"]
    report: Hash

    author = "supervision"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.holder})


@event("rectification-ordered")
class RectificationOrdered(Event):
    """What must be put right, until when."""

    holder: Party
    concerns: Stream
    until: Annotated[str, text(r"\d{4}-\d\d-\d\d", "YYYY-MM-DD")]
    order: Hash

    author = "supervision"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.holder})


@event("rectification-closed")
class RectificationClosed(Event):
    """The authority saw that it was put right."""

    holder: Party
    ordered: StatementId
    evidence: Hash | None = None

    author = "supervision"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.holder})


@event("complaint-registered")
class ComplaintRegistered(Event):
    """Somebody complained; who and of what lies outside, sealed."""

    holder: Party
    concerns: Stream
    complaint: Sealed

    author = "supervision"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.holder})


@event("complaint-answered")
class ComplaintAnswered(Event):
    """What came of a complaint."""

    holder: Party
    complaint: StatementId
    outcome: Literal["justified", "unjustified", "referred"]
    answer: Hash

    author = "supervision"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.holder})
