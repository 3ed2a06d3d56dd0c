"""Tells a recorded manifest as a document can say it, whether it was imported or recorded as it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from ledger.custody.events.containers import Birth
from ledger.custody.events.movement import (
    ManifestCollected,
    ManifestHandedOver,
    ManifestIssued,
    ManifestReceived,
    ManifestRedirected,
    ManifestReturnReceived,
    ManifestReturnStarted,
    Verdict,
)
from ledger.custody.fact import Fact
from ledger.custody.registry import Registry
from ledger.custody.values import Declared, Mass, Named, Sealed
from ledger.errors import LedgerError
from ledger.exchange.emanifest.model import Discrepancy, Handler, Line, Manifest, Rejection, Signature
from ledger.exchange.emanifest.units import CONTAINER_CODES, EPA_UNITS, GRAMS, MILLILITRES, density_of, whole
from ledger.exchange.hj1259.recorded import corrected

Reveal = Callable[[str], str | None]
_DISCREPANCIES: Final[dict[str, Discrepancy]] = {
    "quantity": "quantity",
    "characteristic": "type",
    "name": "type",
    "form": "type",
    "packaging": "residue",
}


class NotIssued(LedgerError):
    """Nobody recorded what is on the manifest."""

    code = "emanifest-not-issued"
    zh = "联单 {manifest} 没有开具记录，无法导出"
    en = "nobody recorded the issue of manifest {manifest}, so there is nothing to export"


def recorded_manifest(facts: Iterable[Fact], manifest: str, registry: Registry, reveal: Reveal) -> Manifest:
    """The manifest from all facts of its own stream and of its containers, corrections applied; raises NotIssued.

    The form has one line for each container that was issued. `reveal` gives the clear text behind a commitment, None
    where it was erased or may not be seen.
    """
    known = corrected(list(facts))
    journey = [f for f in known if getattr(f.event, "manifest", None) == manifest]
    issued = next((f for f in journey if isinstance(f.event, ManifestIssued)), None)
    if issued is None:
        raise NotIssued(manifest=manifest)
    births = {f.event.container: f.event for f in known if isinstance(f.event, Birth)}
    return _Teller(registry, reveal, births).told(issued, journey)


class _Teller:
    def __init__(self, registry: Registry, reveal: Reveal, births: dict[str, Birth]) -> None:
        self._registry, self._reveal, self._births = registry, reveal, births

    def told(self, issued: Fact, journey: list[Fact]) -> Manifest:
        event = issued.event
        assert isinstance(event, ManifestIssued)
        generator = self._handler(event.from_.party, event.from_.site)
        transporters = [self._handler(party) for party in (event.carrier, *event.next_carriers)]
        collected, handed = "", list[str]()
        received: Fact | None = None
        rejection: Rejection | None = None
        verdicts: dict[str, Verdict] = {}
        for fact in journey:
            match fact.event:
                case ManifestCollected() as step:
                    collected = collected or fact.at
                    transporters[0] = replace(self._handler(step.carrier), signed=self._signature(fact, step.driver))
                case ManifestHandedOver() as step:
                    handed.append(fact.at)
                    signed = self._signature(fact, step.driver)
                    transporters[len(handed) : len(handed) + 1] = [
                        replace(self._handler(step.to_carrier), signed=signed)
                    ]
                case ManifestReceived() as step if rejection is not None and rejection.alternate is not None:
                    verdicts |= {v.container: v for v in step.lines}
                    alternate = replace(rejection.alternate, signed=self._signature(fact, step.handler))
                    rejection = replace(rejection, alternate=alternate)
                case ManifestReceived() as step:
                    received = received or fact
                    verdicts |= {v.container: v for v in step.lines}
                    rejection = self._rejection(list(verdicts.values()))
                case ManifestRedirected() as step if rejection is not None:
                    alternate = self._handler(step.to.party, step.to.site)
                    rejection = replace(rejection, onward="facility", alternate=alternate)
                case ManifestReturnStarted() if rejection is not None:
                    rejection = replace(rejection, onward="generator")
                case ManifestReturnReceived() as step if rejection is not None:
                    signed = self._signature(fact, step.handler)
                    rejection = replace(rejection, onward="generator", returned=signed)
                case _:
                    pass
        facility = self._handler(event.to.party, event.to.site)
        if received is not None and isinstance(received.event, ManifestReceived):
            facility = replace(facility, signed=self._signature(received, received.event.handler))
        lines = [
            self._line(n, load.container, load.code, load.net_g, load.declared, verdicts.get(load.container))
            for n, load in enumerate(event.lines, 1)
        ]
        return Manifest(
            number=event.number or "",
            generator=replace(
                generator, phone=event.emergency_phone or "", signed=self._signature(issued, event.handler)
            ),
            transporters=tuple(transporters),
            facility=facility,
            lines=tuple(sorted(_numbered(lines), key=lambda line: line.number)),
            issued=issued.at,
            collected=collected,
            handed=(*handed, *("" for _ in transporters[len(handed) + 1 :])),
            received=received.at if received else "",
            rejection=rejection,
        )

    def _rejection(self, verdicts: list[Verdict]) -> Rejection | None:
        refused = [v for v in verdicts if v.decision in ("refused", "accepted-in-part")]
        if not refused:
            return None
        full = all(v.decision == "refused" for v in verdicts)
        comments = (self._clear(v.note) for v in refused if v.discrepancy is None)
        return Rejection(part="full" if full else "partial", comment=next(filter(None, comments), ""))

    def _line(
        self, number: int, container: str, code: str, net_g: int, declared: Declared | None, verdict: Verdict | None
    ) -> Line:
        birth = self._births.get(container)
        source = birth.source if birth is not None else None
        mass: Mass | None = getattr(birth, "mass", None)
        said = _declared(declared or (mass.declared if mass else None), net_g)
        line = Line(
            number=source.row if source else number,
            name=birth.name if birth is not None else code,
            code=code,
            un=(birth.catalogue_name or "") if birth is not None else "",
            declared=said,
            density=density_of(Decimal(said[0]), said[1], net_g) if said and said[1] in MILLILITRES and net_g else None,
            net_g=mass.net_g if mass else net_g,
            volume_ml=mass.volume_ml if mass else None,
            count=(birth.count or (0 if source else 1)) if birth is not None else 1,
            container=CONTAINER_CODES.get(birth.container_type or "", "") if birth is not None else "",
        )
        if verdict is None or verdict.decision not in ("accepted", "accepted-in-part"):
            return line
        kind = _DISCREPANCIES.get(verdict.discrepancy or "", "")
        comment = self._clear(verdict.note) if kind else ""
        return replace(line, method=verdict.method or "", discrepancy=kind, comment=comment)

    def _handler(self, party: str, site: str = "") -> Handler:
        registered, where = self._registry.parties.get(party), self._registry.sites.get(site)
        if where is None:
            own = [s for s in self._registry.sites.values() if s.holder == party]
            where = own[0] if len(own) == 1 else None
        ids = [i.value for i in registered.identifiers if i.scheme == "epa-id"] if registered else []
        # Who has several EPA IDs has one for each site, and calls the site by it.
        epa_id = where.name if where is not None and where.name in ids else "".join(ids[:1])
        name = registered.name if registered is not None and registered.name != epa_id else ""
        return Handler(
            epa_id=epa_id,
            name=name,
            address=(where.address or "") if where is not None else "",
            state=(where.region or "") if where is not None else epa_id[:2],
        )

    def _signature(self, fact: Fact, named: Named | None) -> Signature | None:
        return None if named is None else Signature(at=fact.at, name=self._clear(named.name))

    def _clear(self, sealed: Sealed | None) -> str:
        return (self._reveal(sealed.sealed) or "") if sealed is not None else ""


def _numbered(lines: list[Line]) -> list[Line]:
    """Lines that were not read off a document are numbered as they stand on the manifest."""
    if len({line.number for line in lines}) == len(lines):
        return lines
    return [replace(line, number=n) for n, line in enumerate(lines, 1)]


def _declared(declared: Declared | None, net_g: int) -> tuple[str, str] | None:
    """As it was declared, when EPA's form has the unit and the number is whole; else whole kilograms."""
    if declared is not None and declared.unit in EPA_UNITS and "." not in declared.value:
        return declared.value, declared.unit
    return (str(whole(Decimal(net_g) / GRAMS["kg"])), "kg") if net_g else None
