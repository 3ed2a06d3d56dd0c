"""The account of containers: lots, rows and flags of those that new facts touch, and of what flowed on from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass

from ledger.custody.container import Container
from ledger.custody.decide import unwrapped
from ledger.custody.events import Event
from ledger.custody.events.containers import ContentsTransferred
from ledger.custody.events.treatment import WasteTreated
from ledger.custody.facilities import Stay, Treatment
from ledger.custody.fact import Fact
from ledger.custody.flags import Flag, flags_of
from ledger.custody.hauls import Haul, hauls_of
from ledger.custody.lots import Part, Row, Trace
from ledger.custody.postings import Account
from ledger.custody.regimes.base import Act, Regime
from ledger.custody.registry import Registry

# (statement id, source container) -> the lots that the event took out of that container.
Flows = MutableMapping[tuple[str, str], Sequence[Part]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One container's account: its state, where its lots are, every change of them, its exceptions."""

    thing: Container
    lots: list[tuple[Account, Part]]
    rows: list[Row]
    flags: list[Flag]
    stays: list[Stay]
    treatments: list[Treatment]
    hauls: list[Haul]


def account_for(
    containers: Iterable[str],
    facts_of: Callable[[str], Sequence[Fact]],
    flows: Flows,
    regime: Regime,
    registry: Registry,
) -> dict[str, Story]:
    """The stories of `containers` and of every container into which a change of theirs flowed on.

    `facts_of` gives a container's accepted facts; `flows` holds what earlier runs found and is brought up to date.
    """
    stories: dict[str, Story] = {}
    waiting = sorted(set(containers))
    known: dict[str, Sequence[Fact]] = {}
    verdicts: dict[Act, str] = {}  # who is entitled to what on a day is the same for all
    while waiting:
        container = waiting.pop(0)
        if container not in known:
            known[container] = [unwrapped(f) for f in facts_of(container)]
        facts = known[container]

        def inflows(fact: Fact, container: str = container) -> list[tuple[str, Sequence[Part]]]:
            return [(source, flows.get((fact.id, source), ())) for source in sources_of(fact.event)]

        trace = Trace(container, regime, registry, inflows, verdicts=verdicts)
        flags = flags_of(trace, facts)
        stories[container] = Story(
            thing=trace.thing,
            lots=list(trace.parts()),
            rows=trace.rows,
            flags=flags,
            stays=list(_stays(trace)),
            treatments=list(_treated(trace)),
            hauls=list(hauls_of(trace.thing, regime, registry)),
        )
        # What flowed out differently than before makes its targets' stories different too.
        for fact in facts:
            if container not in sources_of(fact.event):
                continue
            key = (fact.id, container)
            flowed = trace.outflows.get(fact.id, [])
            if list(flows.get(key, ())) != flowed:
                flows[key] = flowed
                waiting += [t for t in targets_of(fact.event) if t not in waiting and t != container]
    return stories


def flags_of_new(container: str, fact: Fact, regime: Regime, registry: Registry) -> list[Flag]:
    """The exceptions of a container of which this fact is all that is known, as `account_for` would find them."""
    fact = unwrapped(fact)
    return flags_of(Trace(container, regime, registry, _no_inflows), [fact])


def _no_inflows(_: Fact) -> list[tuple[str, Sequence[Part]]]:
    return []


def _stays(trace: Trace) -> Iterator[Stay]:
    ends = [since for since, _ in trace.stays[1:]] + [""]
    for (since, (facility, zone, code, grams)), until in zip(trace.stays, ends, strict=False):
        if facility and since != until:
            yield Stay(
                container=trace.container,
                facility=facility,
                zone=zone,
                code=code,
                grams=grams,
                since=since,
                until=until,
            )


def _treated(trace: Trace) -> Iterator[Treatment]:
    for fact in trace.facts:
        event = fact.event
        if not isinstance(event, WasteTreated) or event.stage != "final" or fact.id in trace.unheard:
            continue
        for grams in [d.net_g for d in event.inputs if d.container == trace.container]:
            yield Treatment(
                container=trace.container,
                facility=event.facility,
                method=event.method,
                batch=event.batch_code or "",
                at=fact.at,
                statement=fact.statement,
                grams=grams,
                residues=bool(event.outputs),
            )


def sources_of(event: Event) -> list[str]:
    """The containers whose lots an event mixes."""
    if isinstance(event, ContentsTransferred):
        return sorted(s.container for s in event.sources)
    if isinstance(event, WasteTreated) and event.stage == "intermediate":
        return sorted(d.container for d in event.inputs)
    return []


def targets_of(event: Event) -> list[str]:
    """The containers into which an event puts lots of others."""
    if isinstance(event, ContentsTransferred):
        return sorted(t.container for t in event.targets)
    if isinstance(event, WasteTreated) and event.stage == "intermediate":
        return sorted(o.container for o in event.outputs)
    return []
