"""Names as people say them, led to ids: a code on a drum, a manifest number, a registered name, the start of an id."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

import click

from cli.words import say
from ledger.custody.container import Container, Manifest, thing_from
from ledger.custody.events.authority import LicenceGranted
from ledger.custody.events.registry import FacilityRegistered, WasteProfileRegistered
from ledger.custody.registry import Registry
from ledger.log.ids import is_stream
from ledger.queries import Ambiguous, Queries, Unknown
from ledger.service import Ledger, Record

T = TypeVar("T")
_KINDS = {
    "party": ("单位", "party"),
    "site": ("场所", "site"),
    "facility": ("设施", "facility"),
    "licence": ("许可证", "licence"),
    "profile": ("废物类型", "waste profile"),
    "container": ("容器", "container"),
    "manifest": ("联单", "manifest"),
    "delivery": ("出厂记录", "delivery"),
    "label": ("标签", "label"),
    "key": ("密钥", "key"),
}


class Lookup:
    """What names mean to one party: where a code is used by several, its own things come first."""

    def __init__(self, ledger: Ledger, queries: Queries, party: str) -> None:
        self.ledger = ledger
        self.queries = queries
        self.party = party

    @property
    def registry(self) -> Registry:
        return self.queries.registry()

    def name(self, stream: str) -> str:
        """How people call a thing: code on the drum, manifest number, registered name."""
        if stream.startswith("container:"):
            return self._container(stream).container_code or stream
        if stream.startswith("manifest:"):
            return self._manifest(stream).number or stream
        return self.registry.name_of(stream)

    def title(self, stream: str) -> str:
        """The name, and for a container what is in it."""
        if stream.startswith("container:"):
            return " ".join(filter(None, (self.name(stream), self._container(stream).name)))
        return self.name(stream)

    # ------------------------------------------------------------------------------------ parties and their places

    def any_party(self, name: str) -> str:
        return self._registered("party", name)

    def site(self, name: str | None, party: str | None = None) -> str:
        """The site called so, else the party's only one."""
        party = party or self.party
        own = {site: s.name for site, s in self.registry.sites.items() if s.holder == party}
        if name is None:
            return _only(own, "site", "--site")
        return self._registered("site", name, own)

    def place(self, site: str | None = None, party: str | None = None) -> dict[str, str]:
        """The wire form of a place of the acting (or another) party."""
        party = party or self.party
        return {"party": party, "site": self.site(site, party)}

    def party_or_site(self, name: str) -> str:
        return self._registered(("party", "site"), name)

    def end(self, name: str) -> dict[str, str]:
        """The place that a site's or (when it has one site only) a party's name leads to."""
        found = self.party_or_site(name)
        if found.startswith("site:"):
            return {"party": self.registry.sites[found].holder, "site": found}
        return self.place(party=found)

    def facility(self, name: str | None, site: str | None = None) -> FacilityRegistered:
        """The party's facility of that code or name, else its only one at the site."""
        mine = {f: r for f, r in self.registry.facilities.items() if r.holder == self.party}
        if name is None:
            here = {f: r.code for f, r in mine.items() if site is None or r.site == site}
            return mine[_only(here, "facility", "--facility")]
        return mine[self._own("facility", name, {f: r.code for f, r in mine.items()})]

    def licence(self, number: str) -> LicenceGranted:
        """The licence of that number, whoever holds it."""
        known = {each.terms.licence: each.terms for held in self.registry.licences.values() for each in held}
        return known[self._registered("licence", number, {id_: terms.number for id_, terms in known.items()})]

    def profile(self, name: str | None) -> tuple[str, WasteProfileRegistered]:
        """The party's waste profile of that name or waste code, else its only one."""
        mine = {p: r for p, r in self.registry.profiles.items() if r.holder == self.party}
        if name is None:
            only = _only({p: r.name for p, r in mine.items()}, "profile", "--profile")
            return only, mine[only]
        by_code = [p for p, r in mine.items() if r.code == name]
        found = by_code[0] if len(by_code) == 1 else self._own("profile", name, {p: r.name for p, r in mine.items()})
        return found, mine[found]

    def _own(self, kind: str, name: str, own: dict[str, str]) -> str:
        """One of the party's own things; another's of that name is none."""
        found = self._registered(kind, name, own)
        if found not in own:
            word, listed = say(*_KINDS[kind]), ", ".join(sorted(own.values()))
            raise click.UsageError(
                say(
                    f"{name} 是其他单位的{word}；本单位的有：{listed or '无'}",
                    f"{name} is another party's {word}; its own: {listed or 'none'}",
                )
            )
        return found

    def _registered(self, kind: str | tuple[str, ...], name: str, own: dict[str, str] | None = None) -> str:
        """A registry thing; among `own` first, so that two parties may use one name."""
        kinds = (kind,) if isinstance(kind, str) else kind
        called = [stream for stream, title in (own or {}).items() if name in (title, stream)]
        if len(called) == 1:
            return called[0]
        names = self.registry.names.items()
        return self._find(name, kinds, lambda: (title for stream, title in names if stream.split(":")[0] in kinds))

    # ------------------------------------------------------------------------------------ containers and journeys

    def container(self, name: str, among: Iterable[str] = ()) -> Container:
        """A container by code, label or id: among those named (a manifest's, say) first, then the party's own."""
        for known in (among, self._own_codes(name)):
            called = [c for c in map(self._container, known) if name in (c.container_code, c.id, c.label)]
            live = [c for c in called if c.status != "emptied"] or called
            if len(live) == 1:
                return live[0]
        return self._container(self._find(name, ("container",), self._codes))

    def containers(self, names: Iterable[str], among: Iterable[str] = ()) -> list[Container]:
        among = tuple(among)
        return [self.container(name, among) for name in names]

    def manifest(self, name: str) -> Manifest:
        def numbers() -> Iterable[str]:
            return (str(m["number"]) for m in self.queries.manifests(party=self.party) if m["number"])

        return self._manifest(self._find(name, ("manifest",), numbers))

    def in_use(self, code: str) -> bool:
        """True when the party holds a container of that code which is not empty yet."""
        return any(self._container(c).status not in ("emptied", "lost") for c in self._own_codes(code))

    def record(self, name: str) -> Record:
        """A record by its place in the log, statement id or statement hash."""
        return self.ledger.record_at(int(name)) if name.isdigit() and len(name) < 20 else self.ledger.record_of(name)

    def stream(self, kind: str, text: str) -> str:
        """An id given in full, with or without its kind: of things that have no name."""
        stream = text if ":" in text else f"{kind}:{text}"
        if not is_stream(stream) or not stream.startswith(f"{kind}:"):
            raise click.UsageError(say(f"{text}：应为 {kind}:<uuid7>", f"{text}: expected {kind}:<uuid7>"))
        return stream

    def _own_codes(self, code: str) -> list[str]:
        return [str(c["id"]) for c in self.queries.containers(holder=self.party, code=code)]

    def _codes(self) -> Iterable[str]:
        return (str(c["container_code"]) for c in self.queries.containers(holder=self.party) if c["container_code"])

    def _container(self, stream: str) -> Container:
        row = self.ledger.state(stream)
        thing = thing_from(stream, row) if row is not None else Container(id=stream)
        assert isinstance(thing, Container)
        return thing

    def _manifest(self, stream: str) -> Manifest:
        row = self.ledger.state(stream)
        thing = thing_from(stream, row) if row is not None else Manifest(id=stream)
        assert isinstance(thing, Manifest)
        return thing

    # ------------------------------------------------------------------------------------ misses

    def _find(self, name: str, kinds: tuple[str, ...], known: Callable[[], Iterable[str]]) -> str:
        try:
            return self.queries.find(name, *kinds).id
        except Unknown:
            near = get_close_matches(name, sorted(set(known())), n=3, cutoff=0.5)
            hint = say(f"；是否指 {'、'.join(near)}？", f"; did you mean {', '.join(near)}?") if near else ""
            raise click.UsageError(
                say(f"没有{_word(kinds)} {name}", f"there is no {_word(kinds)} {name}") + hint
            ) from None
        except Ambiguous as several:
            raise click.UsageError(several.says(say("zh", "en"))) from None


def _word(kinds: tuple[str, ...]) -> str:
    return say("或", " or ").join(say(*_KINDS[kind]) for kind in kinds)


def _only(named: dict[str, Any], kind: str, option: str) -> str:
    if len(named) != 1:
        word, listed = say(*_KINDS[kind]), ", ".join(sorted(map(str, named.values())))
        raise click.UsageError(
            say(
                f"请用 {option} 指明{word}：{listed or '尚无登记'}",
                f"say which {word} with {option}: {listed or 'none is registered'}",
            )
        )
    return next(iter(named))
