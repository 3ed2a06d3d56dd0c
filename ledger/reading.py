"""What one reader is shown: containers, manifests, parties, stock, exceptions, rates, entries, and nothing else.

A thing that the reader takes no part in is answered like one that does not exist.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import orjson

from ledger.access import ALL, Viewer
from ledger.custody.account import account_for, flags_of_new, sources_of
from ledger.custody.container import Container, Manifest
from ledger.custody.events.containers import Birth, LabelBound, LabelIssued
from ledger.custody.events.registry import PartyRegistered, SiteRegistered
from ledger.custody.events.stock import LabelReplaced
from ledger.custody.fact import Fact
from ledger.custody.flags import Flag
from ledger.custody.rate import Question, Rate
from ledger.custody.registry import Registry
from ledger.errors import FormError
from ledger.log import entry, statement
from ledger.queries import ContainerStory, Found, Queries, Unknown
from ledger.store import facts, read, shelf, shown
from ledger.store.answers import Answer
from ledger.store.database import asking
from ledger.store.read import Record

_RAISED_MAX: Final = 16  # containers whose exceptions an answer is worth waiting for
_NAMED_MAX: Final = 4_096
_REGISTRY_KEPT_S: Final = 0.5  # as often as jobs take new entries in


class BadCursor(FormError):
    """A cursor that this server did not make."""

    code = "bad-cursor"
    zh = "游标无效"
    en = "the cursor is not one of this server's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list; `next` is the cursor of what follows, "" at the end. `as_of` says how many entries count."""

    items: list[Any]
    next: str
    as_of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What anybody may know of a label: its state (issued, in-use, replaced or ended), and what is printed on it."""

    label: str
    state: str
    printed: dict[str, Any]


class Reading:
    """Reads for one viewer at a time."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._engine = queries.engine
        self._registry: tuple[float, Registry] | None = None

    def of_regions(self, regions: Sequence[str]) -> Viewer:
        """A regulator: of everything, or of the parties with a site in one of these regions (prefixes of codes)."""
        if not regions:
            return ALL
        sites = self._queries.registry().sites.values()
        within = frozenset(s.holder for s in sites if s.region and s.region.startswith(tuple(regions)))
        return Viewer(who=within, own=within)

    # ------------------------------------------------------------------------------------ containers and manifests

    def containers(self, viewer: Viewer, wanted: Mapping[str, str], cursor: str, limit: int) -> Page:
        """Containers, newest first."""
        with self._engine.connect() as connection:
            rows = shown.containers(connection, viewer, wanted, _after(cursor, 2), limit + 1)
        return self._page(rows, limit, ("born_at", "id"))

    def begun(self, viewer: Viewer, code: str, day: str) -> list[str]:
        """The containers with this code that began on a local day."""
        with self._engine.connect() as connection:
            return shown.begun(connection, viewer, code, *self._queries.regime.period(day))

    def container(self, viewer: Viewer, name: str) -> ContainerStory:
        """One container's story; of its lots only those of parties whose inner matters the reader is shown."""
        self._check_part(viewer, name)
        story = self._queries.container(name)
        if viewer.is_own(story.thing.holder):
            return story
        lots = tuple(lot for lot in story.lots if viewer.is_own(lot[1].producer) or viewer.is_own(lot[0].holder))
        return replace(story, lots=lots)

    def manifests(self, viewer: Viewer, wanted: Mapping[str, str], cursor: str, limit: int) -> Page:
        """Manifests, newest first."""
        with self._engine.connect() as connection:
            rows = shown.manifests(connection, viewer, wanted, _after(cursor, 2), limit + 1)
        return self._page(rows, limit, ("issued_at", "id"))

    def manifest(self, viewer: Viewer, name: str) -> dict[str, Any]:
        """One manifest with its lines."""
        self._check_part(viewer, name)
        with self._engine.connect() as connection:
            row = shown.manifests(connection, ALL, {"id": name}, (), 1)
            state = read.state(connection, name)
        if not row or state is None:
            raise Unknown(name=name)
        thing = Manifest.from_bytes(state)
        lines = sorted(thing.lines.items())
        listed = [{"container": c, "state": state, "listed_g": thing.listed.get(c, 0)} for c, state in lines]
        return row[0] | {"lines": listed}

    def stock(self, viewer: Viewer, wanted: Mapping[str, str], cursor: str, limit: int) -> Page:
        """Grams in hand."""
        with self._engine.connect() as connection:
            rows = shown.stock(connection, viewer, wanted, _after(cursor, 5), limit + 1)
        return self._page(rows, limit, ("holder", "site", "stage", "kind", "code"))

    def find(self, viewer: Viewer, text: str, limit: int) -> list[Found]:
        """The things that a code, a label, a number or a registered name leads to."""
        with self._engine.connect() as connection:
            rows = shown.named(connection, viewer, text, limit)
        found = [Found(id=id_, kind=id_.partition(":")[0], name=name) for id_, name in rows]
        registry, folded = self._queries.registry(), text.casefold()
        known: list[tuple[str, PartyRegistered | SiteRegistered]] = [*registry.parties.items(), *registry.sites.items()]
        for name, event in known:
            codes = [i.value for i in event.identifiers] if isinstance(event, PartyRegistered) else []
            if text == name or text in codes or (len(text) > 1 and folded in event.name.casefold()):
                found.append(Found(id=name, kind=name.partition(":")[0], name=event.name))
        return found[:limit]

    def _check_part(self, viewer: Viewer, name: str) -> None:
        with self._engine.connect() as connection:
            if not shown.things(connection, viewer, [name]):
                raise Unknown(name=name)

    # ------------------------------------------------------------------------------------ the registry

    def parties(self, cursor: str, limit: int) -> Page:
        """Every registered party, by id: names are open among those who take part."""
        return self._listed(self._queries.registry().parties, cursor, limit)

    def party(self, name: str) -> PartyRegistered:
        """One party."""
        found = self._queries.registry().parties.get(name)
        if found is None:
            raise Unknown(name=name)
        return found

    def sites(self, cursor: str, limit: int, holder: str = "") -> Page:
        """Registered sites, by id."""
        sites = self._queries.registry().sites
        return self._listed({k: v for k, v in sites.items() if not holder or v.holder == holder}, cursor, limit)

    def site(self, name: str) -> SiteRegistered:
        """One site."""
        found = self._queries.registry().sites.get(name)
        if found is None:
            raise Unknown(name=name)
        return found

    def registry(self) -> Registry:
        """The registry, for the names of things that are shown."""
        return self._queries.registry()

    def _listed(self, known: Mapping[str, Any], cursor: str, limit: int) -> Page:
        after = _after(cursor, 1)
        names = sorted(name for name in known if not after or name > after[0])
        rows = [{"id": name, "event": known[name]} for name in names[: limit + 1]]
        return self._page(rows, limit, ("id",))

    # ------------------------------------------------------------------------------------ exceptions and rates

    def exceptions(
        self,
        viewer: Viewer,
        as_of: str,
        closed: bool,
        cursor: str,
        limit: int,
        wanted: Mapping[str, str] = MappingProxyType({}),
    ) -> Page:
        """What stands at a moment, oldest first: of the parties' own and of what they take part in."""
        flags = self._queries.exceptions(
            as_of, closed=closed, viewer=viewer, wanted=wanted, after=_after(cursor, 4), limit=limit + 1
        )
        rows = [{name: getattr(flag, name) for name in shelf.ORDER} | {"flag": flag} for flag in flags]
        return self._page(rows, limit, shelf.ORDER)

    def raised_by(self, answer: Answer) -> list[Flag]:
        """The exceptions that a statement raised, before the projections have taken it in: provisional."""
        raised = self.raised_at_once(answer)
        if raised is not None:
            return raised
        touched = _touched(answer)
        with asking(self._engine) as connection:
            known = facts.as_stored(connection, touched)

            def facts_of(name: str) -> list[Fact]:
                if name not in known:
                    known.update(facts.as_stored(connection, [name]))
                return known[name]

            flows = self._queries.projector.flows(connection)
            stories = account_for(touched, facts_of, flows, self._queries.regime, self._registry_of_late())
        return _opened_by(answer, (flag for name in touched for flag in stories[name].flags))

    def raised_at_once(self, answer: Answer) -> list[Flag] | None:
        """The same where it needs no look at the database: nothing is touched, or nothing else is known of it; else
        None."""
        touched, fact = _touched(answer), answer.fact
        if not touched:
            return []
        first = all(each.seq == 1 for each in answer.links if each.stream.startswith("container:"))
        if fact is None or sources_of(fact.event) or not first:
            return None
        regime, registry = self._queries.regime, self._registry_of_late()
        return _opened_by(answer, (flag for name in touched for flag in flags_of_new(name, fact, regime, registry)))

    def _registry_of_late(self) -> Registry:
        """The registry as the projections had it a moment ago."""
        now = time.monotonic()
        if self._registry is None or now - self._registry[0] >= _REGISTRY_KEPT_S:
            self._registry = now, self._queries.registry()
        return self._registry[1]

    def rate(self, viewer: Viewer, question: Question, size: int | None = None) -> Rate:
        """The rate, of the reader's own parties unless it sees everybody; of a `size` by exact replay."""
        return self._queries.rate(self.narrowed(viewer, question), size)

    def narrowed(self, viewer: Viewer, question: Question) -> Question:
        """The question of the reader's own parties, unless it sees everybody."""
        if viewer.who is None:
            return question
        parties = question.parties & viewer.own if question.parties else viewer.own
        return replace(question, parties=parties or frozenset({"nobody"}))

    def as_of(self) -> int:
        """How many entries every figure takes account of."""
        return self._queries.projected()

    # ------------------------------------------------------------------------------------ entries

    def check_record(self, viewer: Viewer, record: Record) -> Record:
        """The record, shown to be one of those the reader sees; raises Unknown."""
        if viewer.who is None:
            return record
        authors, linked, id_ = _named_in(record)
        if authors & viewer.who or linked & self._own_streams(viewer):
            return record
        with self._engine.connect() as connection:
            if shown.things(connection, viewer, linked):
                return record
        raise Unknown(name=id_)

    def changes(self, viewer: Viewer, after: int, limit: int) -> tuple[list[shown.FeedRow], int]:
        """Entries from an index on, and the index at which to go on."""
        with self._engine.connect() as connection:
            return shown.feed(connection, viewer, self._own_streams(viewer), after, limit)

    def _own_streams(self, viewer: Viewer) -> set[str]:
        """The streams of the parties themselves and of their sites."""
        if viewer.who is None:
            return set()
        sites = self._queries.registry().sites
        return set(viewer.own) | {name for name, site in sites.items() if site.holder in viewer.own}

    # ------------------------------------------------------------------------------------ labels

    def label(self, name: str) -> Label:
        """The state of a label or of the container that it is on, and what is printed on it; raises Unknown."""
        if not name.startswith(("label:", "container:")):  # what else has a history is nobody's to know
            raise Unknown(name=name)
        with self._engine.connect() as connection:
            history = sorted(facts.as_stored(connection, [name])[name], key=lambda f: f.order)
        containers = [c for f in history if not isinstance(f.event, LabelIssued) for c in f.event.containers()]
        if name.startswith("container:"):
            containers = [name]
        if not history:
            raise Unknown(name=name)
        if not containers:
            return Label(label=name, state="issued", printed={})
        container = containers[-1]
        with self._engine.connect() as connection:
            told = sorted(facts.as_stored(connection, [container])[container], key=lambda f: f.order)
            row = read.state(connection, container)
        thing = Container(id=container) if row is None else Container.from_bytes(row)
        digital = [f.event.digital_code for f in told if isinstance(f.event, LabelBound) and f.event.digital_code]
        births = [f.event for f in told if isinstance(f.event, Birth)]
        replaced = any(isinstance(f.event, LabelReplaced) and f.event.old == name for f in told)
        state = "replaced" if replaced else "ended" if thing.status == "emptied" else "in-use"
        printed: dict[str, Any] = {"name": thing.name, "code": thing.code, "container_code": thing.container_code}
        printed |= {"digital_code": digital[-1]} if digital else {}
        if births:
            born, names = births[0], self._queries.registry()
            producer, profile = names.parties.get(born.place.party), names.profiles.get(born.profile or "")
            same = born.code == thing.code  # what was said of another code is not true of this one
            printed |= {
                "born_at": thing.born_at,
                "producer": names.name_of(born.place.party),
                "hazards": (born.hazards if same else None) or "",
                "form": born.form or "",
                "components": (profile.components if profile is not None and same else None) or "",
                "harmful": (profile.harmful if profile is not None and same else None) or "",
                "precautions": (profile.precautions if profile is not None else None) or "",
                "duty_phone": (producer.duty_phone if producer is not None else None) or "",
            }
        return Label(label=thing.label or name, state=state, printed={k: v for k, v in printed.items() if v})

    # ------------------------------------------------------------------------------------ pages

    def _page(self, rows: list[dict[str, Any]], limit: int, keys: Sequence[str]) -> Page:
        more = len(rows) > limit
        rows = rows[:limit]
        last = _cursor([str(rows[-1][key]) for key in keys]) if more else ""
        return Page(items=rows, next=last, as_of=self.as_of())


@lru_cache(maxsize=_NAMED_MAX)
def _named_in(record: Record) -> tuple[frozenset[str], frozenset[str], str]:
    """Party and person who said it, the streams it is linked to, and its id: of bytes that never change."""
    said = statement.parse(record.statement)
    return frozenset({said.party, said.by}), frozenset(each.stream for each in entry.parse(record.entry).links), said.id


def _cursor(keys: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(keys))).rstrip(b"=").decode()


def _after(cursor: str, count: int) -> list[str]:
    if not cursor:
        return []
    try:
        keys = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise BadCursor(expected="`next` of a page", got=cursor[:80]) from None
    if not isinstance(keys, list) or len(keys) != count or not all(map(_sayable, keys)):
        raise BadCursor(expected=f"`next` of a page of {count} keys", got=cursor[:80])
    return keys


def _sayable(key: Any) -> bool:
    """A text that a database can be asked for: PostgreSQL takes no NUL."""
    return isinstance(key, str) and "\0" not in key


def _touched(answer: Answer) -> list[str]:
    return [each.stream for each in answer.links if each.stream.startswith("container:")][:_RAISED_MAX]


def _opened_by(answer: Answer, flags: Iterable[Flag]) -> list[Flag]:
    return [each for each in flags if each.opened_by == answer.statement and not each.closed_at]
