"""Papers made from a ledger: what they state as of its newest checkpoint, with every entry that they rest on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ledger.access import ALL, Viewer
from ledger.custody import wire
from ledger.custody.account import sources_of, targets_of
from ledger.custody.decide import unwrapped
from ledger.custody.events import Event
from ledger.custody.events.authority import SettingAdopted
from ledger.custody.events.ledger import KeyEnrolled
from ledger.custody.fact import Fact
from ledger.custody.regimes.base import Regime
from ledger.log.canonical import TooLarge
from ledger.log.checkpoint import Policy, parse_checkpoint
from ledger.log.note import Note
from ledger.papers.facts import Asked, Paper
from ledger.papers.packet import Carried, Packet
from ledger.papers.proving import verified
from ledger.papers.sheets import LAYOUT
from ledger.papers.stating import state
from ledger.queries import Queries, Unknown
from ledger.service import Ledger
from ledger.store import facts, shelf, shown
from ledger.store.database import Connection

ENTRIES_MAX: Final = 20_000


class PaperTooLarge(TooLarge):
    """More entries than one file should carry."""

    code = "paper-too-many-entries"
    zh = "单据涉及的条目过多，请缩小范围"
    en = "the paper rests on too many entries; ask for less"


def make(
    asked: Asked, ledger: Ledger, queries: Queries, *, viewer: Viewer = ALL, policy: Policy | None = None, link: str
) -> tuple[Paper, Packet]:
    """The paper for that reader, as of the newest checkpoint that meets the policy, and what travels with it.

    `link` is where it is fetched again. Raises Unknown, NothingToState or PaperTooLarge."""
    note = ledger.checkpoint(policy)
    size = parse_checkpoint(Note.parse(note).text).size
    with queries.engine.connect() as connection:
        source = _Recorded(connection, queries, viewer, size)
        paper = state(asked, source)
        source.use_enrolments(ledger)
    packet = Packet(
        kind=asked.kind,
        subject=asked.subject,
        period=asked.period,
        checkpoint=note.decode(),
        entries=tuple(_carried(ledger, index, size) for index in sorted(source.used)),
        facts=wire.write(paper),
        filled=_filled(source.used.values(), ledger, viewer),
        layout=LAYOUT,
        link=link,
    )
    # What would not verify is never handed out.
    verified(packet, ledger.trust(), policy)
    return paper, packet


def link(address: str, asked: Asked) -> str:
    """Where a reader with the right fetches the paper again, at this public address or this origin's host."""
    host = address.removeprefix("https://").partition("/")[0]
    query = f"?period={asked.period}" if asked.period else ""
    return f"https://{host}/v1/papers/{asked.kind}/{asked.subject}.pdf{query}"


def _carried(ledger: Ledger, index: int, size: int) -> Carried:
    record = ledger.record_at(index)
    return Carried(
        index=index,
        entry=record.entry,
        statement=record.statement,
        public_key=record.public_key,
        hashes=tuple(ledger.inclusion(index, size)),
    )


def _filled(used: Iterable[Fact], ledger: Ledger, viewer: Viewer) -> Mapping[str, str]:
    """The names that the reader is shown: those in statements of its own party."""
    return {
        f"{fact.id}/{path}": text
        for fact in used
        if viewer.is_own(fact.by.party) and any(True for _ in fact.event.sealed())
        for path, text in ledger.clear_text(fact.id).items()
        if path.endswith(".name")
    }


class _Recorded:
    """The ledger as a source of facts up to one checkpoint, for one reader; keeps every fact that it gave, by index."""

    def __init__(self, connection: Connection, queries: Queries, viewer: Viewer, size: int) -> None:
        self.regime: Regime = queries.regime
        self.used: dict[int, Fact] = {}
        self._connection, self._viewer, self._size = connection, viewer, size
        self._sites = queries.registry().sites
        self._places: dict[str, int] = {}
        self._registry: list[Fact] | None = None

    def chain(self, stream: str) -> Sequence[Fact]:
        site = self._sites.get(stream)
        if not (self._sees([stream]) if site is None else self._viewer.is_own(site.holder)):
            raise Unknown(name=stream)
        return self._give(facts.of_streams(self._connection, [stream], self._size)[stream])

    def registered(self, stream: str, *types: type[Event]) -> Sequence[Fact]:
        told = (f for f in self._registered() if isinstance(f.event, types))
        return self._give([f for f in told if stream in f.event.streams(f.by.party)])

    def settings(self) -> Sequence[Fact]:
        return self._give([f for f in self._registered() if isinstance(f.event, SettingAdopted)])

    def closed(self, producer: str, start: str, end: str) -> Iterable[str]:
        ended = self._sees(shelf.closed_of(self._connection, producer, start, end))
        return {name for name in ended if self._viewer.who is None or self._sees_upstream(name)}

    def standing(self, site: str) -> Iterable[str]:
        rows = shown.containers(self._connection, ALL, {"site": site}, (), ENTRIES_MAX)
        return [str(row["id"]) for row in rows if row["status"] in ("held", "filling")]

    def index(self, fact: Fact) -> int:
        return self._places[fact.id]

    def use_enrolments(self, ledger: Ledger) -> None:
        """Give the enrolment of every author, and of who enrolled it, back to entry 0."""
        self._give([fact for _, fact in facts.sequenced(self._connection, 0, 1) if fact is not None])
        waiting, done = {fact.by.key for fact in self.used.values()}, set[str]()
        while waiting:
            done |= waiting
            standing = [ledger.author(key) for key in sorted(waiting)]
            told = facts.of_streams(self._connection, [s.stream for s in standing if s is not None], self._size)
            enrolled = [f for each in told.values() for f in each if isinstance(f.event, KeyEnrolled)]
            waiting = {fact.by.key for fact in self._give(enrolled)} - done

    def _sees_upstream(self, container: str) -> bool:
        """True when the reader is shown every container from which something came into this one. What went through
        another enterprise's tank is proven by whose tank it was, or by the authority."""
        waiting, done = {container}, set[str]()
        while waiting:
            if self._sees(waiting) != waiting:
                return False
            done |= waiting
            told = facts.of_streams(self._connection, waiting, self._size)
            said = ((name, unwrapped(fact).event) for name in waiting for fact in told[name])
            waiting = {s for name, event in said if name in targets_of(event) for s in sources_of(event)} - done
        return True

    def _sees(self, things: Iterable[str]) -> set[str]:
        return shown.things(self._connection, self._viewer, things)

    def _registered(self) -> list[Fact]:
        if self._registry is None:
            places = shelf.registered(self._connection, self._size)
            self._registry = sorted(facts.at_indices(self._connection, places), key=lambda f: f.order)
        return self._registry

    def _give(self, told: Sequence[Fact]) -> Sequence[Fact]:
        fresh = [f for f in told if f.id not in self._places]
        if len(self.used) + len(fresh) > ENTRIES_MAX:
            raise PaperTooLarge(expected=f"at most {ENTRIES_MAX} entries", got=len(self.used) + len(fresh))
        places = shelf.places(self._connection, fresh)
        for fact in fresh:
            self._places[fact.id] = places[fact.statement]
            self.used[places[fact.statement]] = fact
        return told
