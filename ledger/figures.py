"""A rate with all that must be said beside it, its trend, what is missing container by container, and where it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ledger.custody.events.oversight import (
    ComplaintAnswered,
    ComplaintRegistered,
    InspectionDrawn,
    InspectionReported,
    RectificationClosed,
    RectificationOrdered,
)
from ledger.custody.fact import Fact
from ledger.custody.flow import Band, bands_from
from ledger.custody.missing import Gap, gaps_from
from ledger.custody.rate import Cell, Question, Rate, rate_from
from ledger.custody.regimes.base import moment_of
from ledger.log.checkpoint import Policy, VerifiedCheckpoint, verify_checkpoint
from ledger.queries import Queries
from ledger.service import Ledger, NotFound
from ledger.store import overview, shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A rate with everything that must be said beside it. `size` is the checkpoint it holds for; `signed` how many of
    those entries a signed checkpoint covers, believed at `level` (zh, en)."""

    rate: Rate
    gaps: Sequence[Gap]
    unresolved: Sequence[str]
    next_deadline: str
    size: int
    signed: int
    level: tuple[str, str]

    @property
    def missing_g(self) -> int:
        """Grams that the proven figure lacks."""
        return self.rate.proven.whole_g - self.rate.proven.part_g

    @property
    def outside_g(self) -> int:
        """Missing grams that the gaps do not name: bad in an earlier period (negative), or no longer at this place."""
        return self.missing_g - sum(gap.grams for gap in self.gaps)

    @property
    def bad_g(self) -> int:
        return sum(self.rate.bad_g.values())

    @property
    def verdict(self) -> str:
        """complete, nothing-due or incomplete."""
        if self.bad_g or self.rate.overdue_g or self.unresolved:
            return "incomplete"
        return "nothing-due" if self.rate.nothing_due else "complete"


def figures(
    ledger: Ledger, queries: Queries, question: Question, policy: Policy, at_size: int | None = None
) -> Figures:
    """The rate with its gaps, as of the newest entry taken in or of the first `at_size`."""
    projected = queries.projected()
    replay = at_size if at_size != projected else None
    size, trusted = at_size or projected, believed(ledger, policy)
    return Figures(
        rate=queries.rate(question, replay),
        gaps=queries.gaps(question, replay),
        unresolved=queries.unresolved(question, replay),
        next_deadline=queries.next_deadline(question, replay),
        size=size,
        signed=min(size, trusted.checkpoint.size),
        level=(trusted.level("zh"), trusted.level("en")),
    )


def believed(ledger: Ledger, policy: Policy) -> VerifiedCheckpoint:
    """The newest checkpoint that meets the policy; where its witnesses have cosigned nothing yet, the log's own
    signature is all there is."""
    try:
        return verify_checkpoint(ledger.checkpoint(policy), policy)
    except NotFound:
        return verify_checkpoint(ledger.unwitnessed_checkpoint(), Policy.parse(ledger.policy_text()))


def trend(queries: Queries, question: Question, periods: Sequence[str]) -> list[tuple[str, Rate]]:
    """The same question of each of these periods that had begun by its moment."""
    asked = [(period, *queries.regime.period(period)) for period in periods]
    begun = [
        (period, replace(question, start=start, end=end)) for period, start, end in asked if start <= question.as_of
    ]
    return [(period, queries.rate(each)) for period, each in begun]


def months(year: str) -> list[str]:
    """The months of a year, as periods."""
    return [f"{year}-{month:02d}" for month in range(1, 13)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A container behind a figure, with its grams and the next moment by which they must have moved on ("": none)."""

    container: str
    grams: int
    deadline: str


def behind_gap(queries: Queries, question: Question, why: str, detail: str) -> list[Behind]:
    """The containers that make up a gap, the heaviest first."""
    with queries.engine.connect() as connection:
        heaps = overview.heaps_by_container(connection, question, why)
        deadlines = overview.deadlines(connection, question)
    found = (
        (container, gap.grams)
        for container, sums in heaps.items()
        for gap in gaps_from(sums, question.view)
        if (gap.why, gap.detail) == (why, detail)
    )
    return _behind(found, deadlines)


def flow(queries: Queries, question: Question) -> dict[Band, int]:
    """Where the grams of an origin question went."""
    with queries.engine.connect() as connection:
        return bands_from(overview.spots(connection, question, queries.regime.offset))


def behind_band(queries: Queries, question: Question, band: Band) -> list[Behind]:
    """The containers whose grams a band counts, the heaviest first; what came back, or went on in another container,
    is subtracted from its own."""
    with queries.engine.connect() as connection:
        spots = overview.spots_by_container(connection, question)
        deadlines = overview.deadlines(connection, question)
    found = ((container, bands_from(sums).get(band, 0)) for container, sums in spots.items())
    return _behind(found, deadlines)


def _behind(found: Iterator[tuple[str, int]], deadlines: dict[str, str]) -> list[Behind]:
    made = (Behind(container=c, grams=g, deadline=deadlines.get(c, "")) for c, g in found if g)
    return sorted(made, key=lambda each: (-each.grams, each.container))


def by_producer(queries: Queries, question: Question) -> tuple[Rate, dict[str, Rate]]:
    """The rate in scope, and that of each first producer."""
    with queries.engine.connect() as connection:
        sums = shelf.cells_by_producer(connection, question, queries.regime.offset)
    whole: dict[Cell, int] = {}
    for cells in sums.values():
        for cell, grams in cells.items():
            whole[cell] = whole.get(cell, 0) + grams
    return rate_from(whole, question), {producer: rate_from(cells, question) for producer, cells in sums.items()}


def ends_by_producer(queries: Queries, question: Question) -> dict[str, dict[str, int]]:
    """Of each first producer in scope, the grams safely utilised and disposed of."""
    with queries.engine.connect() as connection:
        return overview.ends_by_producer(connection, question, queries.regime.offset)


def titles(queries: Queries, containers: Sequence[str]) -> dict[str, str]:
    """What people call these containers: the code on it, else its waste."""
    with queries.engine.connect() as connection:
        return overview.titles(connection, containers)


def span(queries: Queries) -> tuple[str, str]:
    """The first and the last moment that figures tell of; "" when there are none."""
    with queries.engine.connect() as connection:
        return overview.moments(connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How the log itself fares: nothing in it is anybody's business data. `lag_s` is how long the oldest entry waits
    for its index; `quarantined` are (key, statements, since) that wait to be adopted."""

    size: int
    projected: int
    waiting: int
    lag_s: int
    signed: int
    signed_at: str
    believed: VerifiedCheckpoint
    witnesses: Sequence[str]
    quarantined: Sequence[tuple[str, int, str]]


def running(ledger: Ledger, queries: Queries, policy: Policy) -> Running:
    """The log's state now."""
    waiting, since = ledger.waiting()
    with queries.engine.connect() as connection:
        signed_at, quarantined = overview.signed_at(connection), overview.quarantined_keys(connection)
    return Running(
        size=ledger.size(),
        projected=queries.projected(),
        waiting=waiting,
        lag_s=int((moment_of(ledger.now()) - moment_of(since)).total_seconds()) if since else 0,
        signed=ledger.newest_seen().size,
        signed_at=signed_at,
        believed=believed(ledger, policy),
        witnesses=sorted(policy.witnesses),
        quarantined=quarantined,
    )


def oversight(queries: Queries, parties: Sequence[str]) -> list[Fact]:
    """Inspections, orders and complaints that concern these parties, in the order of happening."""
    return queries.told_of(parties, *_OVERSIGHT)


_OVERSIGHT = (
    InspectionDrawn,
    InspectionReported,
    RectificationOrdered,
    RectificationClosed,
    ComplaintRegistered,
    ComplaintAnswered,
)
