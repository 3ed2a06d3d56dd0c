"""Tells documents as statements to be: parties first, then each step of each manifest, under ids that a document always
gets, so that its parties may each import it and tell their own part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ledger.custody.events import parse
from ledger.custody.regimes.us import REGIME
from ledger.custody.registry import Registry
from ledger.exchange.emanifest.model import Handler, Line, Rejection, Signature
from ledger.exchange.emanifest.reading import Document
from ledger.exchange.emanifest.remarks import (
    Correction,
    ForOthersToTell,
    Notice,
    RegisteredOtherwise,
    SeveralSites,
    Transcribed,
)
from ledger.exchange.emanifest.units import CONTAINERS
from ledger.exchange.hj1259 import Draft, Sealer
from ledger.log.hashing import sha256
from ledger.log.ids import new_uuid7

# 30 June 2018, the day on which e-Manifest began: ids made from documents need a time that no document changes.
_BEGAN_MS: Final = 1_530_316_800_000
_DISCREPANCIES: Final = {"quantity": "quantity", "type": "characteristic", "residue": "packaging"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where the documents go: `registrar` when the acting key may register parties and transcribe what others did;
    `known` gives the body of a statement that is recorded, `person` the id of a named person."""

    origin: str
    party: str
    registrar: bool
    registry: Registry
    known: Callable[[str], dict[str, Any] | None]
    person: Callable[[str], str]
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would do. `needs` register the parties and sites that nobody knows yet: recorded first. `faults`
    stop it; `skipped` statements are in the ledger already."""

    documents: tuple[Document, ...]
    needs: tuple[Draft, ...]
    told: tuple[Draft, ...]
    skipped: int
    faults: tuple[SeveralSites, ...]
    corrections: tuple[Correction, ...]
    notices: tuple[Notice, ...]

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """The statements to record, in order."""
        return (*self.needs, *self.told)


def plan(documents: Sequence[Document], context: Context, seal: Sealer) -> Plan:
    """What importing the documents would do, with everything that is to be said about it."""
    planner = _Planner(context, seal, _described(documents))
    for document in documents:
        planner.take(document)
    notices = [*(n for d in documents for n in d.notices), *planner.notices]
    if planner.told:
        notices.append(Transcribed(count=len(planner.told)))
    return Plan(
        documents=tuple(documents),
        needs=tuple(planner.needs),
        told=tuple(planner.told),
        skipped=planner.skipped,
        faults=tuple(planner.faults),
        corrections=tuple(planner.corrections),
        notices=tuple(notices),
    )


def derive(*names: str) -> str:
    """The uuid7 that these names always lead to."""
    return new_uuid7(_BEGAN_MS, sha256("\0".join(("emanifest", *names)).encode())[:10])


def _handlers(document: Document) -> Iterator[tuple[str, Handler, str]]:
    """Everybody on a document that tells something: path, handler, duty."""
    told = document.manifest
    rejection = told.rejection
    if told.lines and told.generator is not None and told.facility is not None:
        yield "generator", told.generator, "generator"
        for n, transporter in enumerate(told.transporters):
            yield f"transporters.{n}", transporter, "carrier"
        yield "designatedFacility", told.facility, "disposer"
        if rejection is not None and rejection.alternate is not None:
            yield "rejectionInfo.alternateDesignatedFacility", rejection.alternate, "disposer"


def _described(documents: Sequence[Document]) -> dict[tuple[str, str], Handler]:
    """Everybody with the first name and address that any of the documents gives: a form repeats an EPA ID bare."""
    found: dict[tuple[str, str], Handler] = {}
    for document in documents:
        for _, handler, _ in _handlers(document):
            known = found.setdefault(handler.key, handler)
            found[handler.key] = replace(
                known, name=known.name or handler.name, address=known.address or handler.address
            )
    return found


class _Planner:
    def __init__(self, context: Context, seal: Sealer, described: Mapping[tuple[str, str], Handler]) -> None:
        self._context, self._seal, self._described = context, seal, described
        self._places = dict(_places(context.registry))
        self._said: dict[str, dict[str, Any]] = {}
        self.needs: list[Draft] = []
        self.told: list[Draft] = []
        self.faults: list[SeveralSites] = []
        self.corrections: list[Correction] = []
        self.notices: list[Notice] = []
        self.skipped = 0

    def take(self, document: Document) -> None:
        """Plan one document; a step that is recorded or planned already is compared with it."""
        if not document.manifest.lines:
            return
        at = document.manifest.issued or self._context.now
        for path, handler, duty in _handlers(document):
            self._place(document, path, handler, duty, at)
        if not self.faults:
            for draft in _Teller(document, self._context, self._places, self._seal).drafts(at):
                self._tell(document, draft)

    def _tell(self, document: Document, draft: Draft) -> None:
        known = self._said.get(draft.id) or self._context.known(draft.id)
        if known is not None:
            self.skipped += 1
            for path in _differences(known, draft.body):
                self.corrections.append(Correction(file=document.file, statement=draft.id, path=path))
            return
        actors = parse(draft.type, draft.body, REGIME).actors() or frozenset()
        if not self._context.registrar and self._context.party not in actors:
            names = " / ".join(sorted(map(self._context.registry.name_of, actors)))
            self.notices.append(ForOthersToTell(file=document.file, type=draft.type, party=names))
            return
        self._said[draft.id] = draft.body
        self.told.append(draft)

    # ---------------------------------------------------------------- parties and their sites

    def _place(self, document: Document, path: str, handler: Handler, duty: str, at: str) -> None:
        """Finds, or plans to register, the party and the site of a handler."""
        party, sites = self._places.get(handler.key, ("", []))
        if not sites:
            self._places[handler.key] = self._register(self._described[handler.key], party, duty, at)
            return
        if len(sites) > 1:
            self.faults.append(SeveralSites(file=document.file, path=path))
            return
        registered, where = self._context.registry.parties.get(party), self._context.registry.sites.get(sites[0])
        told = self._described[handler.key]
        for name, said, known in (
            ("name", handler.name, registered.name if registered else told.name),
            ("siteAddress", handler.address, (where.address or "") if where else told.address),
        ):
            if said not in ("", known):
                differ = RegisteredOtherwise(
                    file=document.file, path=f"{path}.{name}", expected=known or "nothing", got=said
                )
                self.notices.append(differ)

    def _register(self, handler: Handler, party: str, duty: str, at: str) -> tuple[str, list[str]]:
        name, site = handler.name or handler.epa_id, f"site:{derive('site', *handler.key)}"
        if not party:
            party = f"party:{derive('party', *handler.key)}"
            body: dict[str, Any] = {"holder": party, "name": name, "duties": [duty]}
            if handler.epa_id:
                body["identifiers"] = [{"scheme": "epa-id", "value": handler.epa_id}]
            self._need("party-registered", handler, at, body)
        place = {"holder": party, "site": site, "name": handler.epa_id or name}
        place |= {"region": handler.state} if handler.state else {}
        place |= {"address": handler.address} if handler.address else {}
        place |= {"use": "disposal"} if duty == "disposer" else {}
        self._need("site-registered", handler, at, place)
        return party, [site]

    def _need(self, type_: str, handler: Handler, at: str, body: dict[str, Any]) -> None:
        self.needs.append(Draft(type=type_, id=derive(self._context.origin, type_, *handler.key), at=at, body=body))


def _places(registry: Registry) -> Iterator[tuple[tuple[str, str], tuple[str, list[str]]]]:
    """Every party with the sites that may be meant by its EPA ID, else by its name and the site's address."""
    for party, registered in registry.parties.items():
        sites = [(s, r) for s, r in registry.sites.items() if r.holder == party]
        ids = [i.value for i in registered.identifiers if i.scheme == "epa-id"]
        for epa_id in ids:
            yield ("epa-id", epa_id), (party, [s for s, r in sites if r.name == epa_id] or [s for s, _ in sites])
        if not ids:
            for site, where in sites:
                yield (registered.name, where.address or ""), (party, [site])


class _Teller:
    """Writes the steps of one document, in the order of happening."""

    def __init__(
        self,
        document: Document,
        context: Context,
        places: Mapping[tuple[str, str], tuple[str, Sequence[str]]],
        seal: Sealer,
    ) -> None:
        self._document, self._told = document, document.manifest
        self._context, self._places, self._seal = context, places, seal
        self._manifest = f"manifest:{self._id('manifest')}"

    def drafts(self, at: str) -> Iterator[Draft]:
        """`at` is when it was issued."""
        told = self._told
        assert told.generator is not None and told.facility is not None
        generator, facility = self._place(told.generator), self._place(told.facility)
        carriers = [self._place(t)["party"] for t in told.transporters]
        ends = {"manifest": self._manifest, "from": generator, "to": facility, "carrier": carriers[0]}
        for line in told.lines:
            yield self._draft("container-filled", at, self._filled(line, generator), line.number)
        issued = {**ends, "lines": self._loads(detailed=True)}
        if told.number:
            issued["number"] = told.number
        if carriers[1:]:
            issued["next_carriers"] = carriers[1:]
        if told.generator.phone:
            issued["emergency_phone"] = told.generator.phone
        yield self._draft("manifest-issued", at, issued, signed=("handler", told.generator.signed))
        if not told.collected:
            return
        signed = ("driver", told.transporters[0].signed)
        yield self._draft("manifest-collected", told.collected, {**ends, "lines": self._loads()}, signed=signed)
        for n, moment in enumerate(told.handed, 1):
            if moment:
                ends_of = {"from_carrier": carriers[n - 1], "to_carrier": carriers[n]}
                body = {"manifest": self._manifest, **ends_of, "lines": self._loads()}
                driver = ("driver", told.transporters[n].signed)
                yield self._draft("manifest-handed-over", moment, body, n, signed=driver)
        if not told.received:
            return
        ends["carrier"] = carriers[-1]
        verdict = {**ends, "lines": [self._verdict(line, told.rejection) for line in told.lines]}
        yield self._draft("manifest-received", told.received, verdict, signed=("handler", told.facility.signed))
        if told.rejection is not None:
            yield from self._onward(told.rejection, ends, told.received)

    def _onward(self, rejection: Rejection, ends: dict[str, Any], at: str) -> Iterator[Draft]:
        if rejection.onward == "facility" and rejection.alternate is not None:
            ends = {**ends, "to": self._place(rejection.alternate)}
            yield self._draft("manifest-redirected", at, {**ends, "lines": self._loads()})
            if signed := rejection.alternate.signed:
                verdict = {**ends, "lines": [self._verdict(line, None) for line in self._told.lines]}
                yield self._draft("manifest-received", signed.at, verdict, "alternate", signed=("handler", signed))
        elif rejection.onward == "generator":
            back = {**ends, "from": ends["to"], "to": ends["from"]}
            yield self._draft("manifest-return-started", at, {**back, "lines": self._loads()})
            if signed := rejection.returned:
                lines = [{**self._of(line), "mass": _mass(line)} for line in self._told.lines]
                body = {"manifest": self._manifest, "to": back["to"], "carrier": ends["carrier"], "lines": lines}
                yield self._draft("manifest-return-received", signed.at, body, signed=("handler", signed))

    # ---------------------------------------------------------------- bodies

    def _filled(self, line: Line, place: dict[str, str]) -> dict[str, Any]:
        body = {
            **self._of(line),
            "place": place,
            "kind": "lot",
            "name": line.name,
            "mass": _mass(line),
            "catalogue_name": line.un,
            "count": line.count,
            "container_type": CONTAINERS.get(line.container),
        }
        return {name: value for name, value in body.items() if value}

    def _of(self, line: Line) -> dict[str, Any]:
        return {"container": f"container:{self._id('container', str(line.number))}", "code": line.code}

    def _loads(self, detailed: bool = False) -> list[dict[str, Any]]:
        return [self._load(line, detailed) for line in self._told.lines]

    def _load(self, line: Line, detailed: bool) -> dict[str, Any]:
        load = {**self._of(line), "net_g": line.net_g or 0}
        if detailed and line.declared is not None:
            load["declared"] = dict(zip(("value", "unit"), line.declared, strict=True))
        if detailed and line.count:
            load["count"] = line.count
        return load

    def _verdict(self, line: Line, rejection: Rejection | None) -> dict[str, Any]:
        """What a facility decided on a line. What it took of a line that it rejected in part, or whose quantity it
        disputes in words, nobody knows."""
        verdict = self._of(line)
        if line.net_g is not None:
            verdict["listed_g"] = line.net_g
        comment = line.comment
        if rejection is not None:
            comment = comment or rejection.comment
        if rejection is not None and rejection.part == "full":
            verdict["decision"], comment = "refused", rejection.comment
        else:
            partial = rejection is not None
            verdict["decision"] = "accepted-in-part" if partial else "accepted"
            verdict["mass"] = {"basis": "counted"} if partial or line.discrepancy == "quantity" else _mass(line)
            verdict |= {"method": line.method} if line.method else {}
            verdict |= {"discrepancy": _DISCREPANCIES[line.discrepancy]} if line.discrepancy else {}
        return verdict | ({"note": {"clear": comment}} if comment else {})

    # ---------------------------------------------------------------- what they have in common

    def _draft(
        self,
        type_: str,
        at: str,
        body: dict[str, Any],
        which: int | str = "",
        signed: tuple[str, Signature | None] = ("", None),
    ) -> Draft:
        document = self._document
        line = which if type_ == "container-filled" else 1
        sheet = self._told.number or document.file[:200].strip() or document.sha256
        body = {**body, "source": {"workbook": document.sha256, "sheet": sheet, "row": line}}
        role, signature = signed
        if signature is not None:
            # A date alone is somebody's signature too: whose, the document does not say.
            nobody = f"person:{self._id('person', type_, str(which))}"
            person = self._context.person(signature.name) if signature.name else nobody
            body[role] = {"person": person} | ({"name": {"clear": signature.name}} if signature.name else {})
        made = Draft(type=type_, id=self._id(type_, str(which)), at=at, body=body)
        return self._sealed(made)

    def _sealed(self, draft: Draft) -> Draft:
        texts: list[Any] = []

        def seal(value: Any, path: str) -> Any:
            match value:
                case {"clear": str(clear)}:
                    commitment, text = self._seal(path, clear)
                    texts.append(text)
                    return {"sealed": commitment}
                case dict():
                    return {name: seal(inner, f"{path}.{name}" if path else name) for name, inner in value.items()}
                case list():
                    return [seal(inner, f"{path}.{n}") for n, inner in enumerate(value)]
                case _:
                    return value

        return replace(draft, body=seal(draft.body, ""), sealed=tuple(texts))

    def _place(self, handler: Handler) -> dict[str, str]:
        party, (site,) = self._places[handler.key]
        return {"party": party, "site": site}

    def _id(self, *names: str) -> str:
        return derive(self._context.origin, self._document.identity, *names)


def _mass(line: Line) -> dict[str, Any]:
    declared = {"declared": dict(zip(("value", "unit"), line.declared, strict=True))} if line.declared else {}
    volume = {"volume_ml": line.volume_ml} if line.volume_ml else {}
    if line.net_g is not None:
        return {"basis": "document", "net_g": line.net_g, **volume, **declared}
    return {"basis": "volume" if volume else "counted", **volume, **declared}


def _differences(known: Any, new: Any, path: str = "") -> Iterator[str]:
    """Where two bodies differ; the file they were read from, and what is sealed, are no difference."""
    match known, new:
        case {"sealed": _}, {"sealed": _}:
            return
        case dict(), dict():
            for name in sorted((known.keys() | new.keys()) - {"source", "person"}):
                yield from _differences(known.get(name), new.get(name), f"{path}.{name}" if path else name)
        case list(), list() if len(known) == len(new):
            for n, (one, other) in enumerate(zip(known, new, strict=True)):
                yield from _differences(one, other, f"{path}.{n}")
        case _:
            if known != new:
                yield path
