"""Writes rows as statements to be: ids that the same row always gets, bodies in wire form, clear texts to be sealed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ledger.custody.regimes.base import Regime
from ledger.custody.regimes.cn import REGIME
from ledger.custody.registry import Registry
from ledger.exchange.hj1259.cells import purpose_of
from ledger.exchange.hj1259.recorded import Recorded, Share
from ledger.exchange.hj1259.tables import Identity, Row
from ledger.log.hashing import sha256
from ledger.log.ids import new_uuid7

if TYPE_CHECKING:
    from ledger.store.answers import SealedText

Sealer = Callable[[str, str], "tuple[str, SealedText]"]
"""(field path, clear text) → commitment in hex, and what travels beside the statement."""

# An event concerns at most 256 streams: a row of more containers is told in parts.
_PART: Final = 200
_DAY = re.compile(r"20\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_VESSEL = re.compile(r"[储贮](罐|槽|池)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the ledger knows where the rows go: `facilities` of the site by code, `receivers` (party, site) by licence
    number or credit code, the rows it has, and the id of a person of the party by name. Nothing in a book is later than
    `now`."""

    origin: str
    party: str
    site: str
    facilities: Mapping[str, str]
    receivers: Mapping[str, tuple[str, str]]
    recorded: Mapping[Identity, Recorded]
    person: Callable[[str], str]
    now: str
    regime: Regime = REGIME

    @classmethod
    def of(
        cls,
        registry: Registry,
        *,
        origin: str,
        party: str,
        site: str,
        recorded: Sequence[Recorded],
        person: Callable[[str], str],
        now: str,
        regime: Regime = REGIME,
    ) -> Context:
        """The context as the registry tells it."""
        sites: dict[str, list[str]] = {}
        for name, registered in registry.sites.items():
            sites.setdefault(registered.holder, []).append(name)
        receivers = {
            identifier.value: (holder, sites[holder][0])
            for holder, registered_party in registry.parties.items()
            for identifier in registered_party.identifiers
            if len(sites.get(holder, ())) == 1
        }
        for holder, licences in registry.licences.items():
            for terms in (licence.terms for licence in licences):
                where = [terms.site] if terms.site else sites.get(holder, [])
                if len(where) == 1:
                    receivers[terms.number] = (holder, where[0])
        here = (f for f in registry.facilities.values() if (f.holder, f.site) == (party, site))
        return cls(
            origin=origin,
            party=party,
            site=site,
            facilities={f.code: f.facility for f in here},
            receivers=receivers,
            recorded={told.row.identity: told for told in recorded},
            person=person,
            now=now,
            regime=regime,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A statement to be signed and recorded: the wire form of its event, when it happened, its sealed clear texts."""

    type: str
    id: str
    at: str
    body: dict[str, Any]
    sealed: tuple[SealedText, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A row that will be told: when it happened as far as the books agree, and the containers it is about."""

    row: Row
    at: str
    shares: tuple[Share, ...]


class Writer:
    """Writes the bodies of the events that rows become."""

    def __init__(self, workbook: str, context: Context, needs: Sequence[Draft], seal: Sealer) -> None:
        self._workbook, self._context, self._seal = workbook, context, seal
        self._facilities = dict(context.facilities) | {n.body["code"]: n.body["facility"] for n in needs}
        self._place = {"party": context.party, "site": context.site}

    def drafts(self, told: Told) -> Iterator[Draft]:
        write = {
            "B.1": self._filled,
            "B.2": self._stored,
            "B.3": self._taken_out,
            "B.4": self._treated,
            "B.5": self._delivered,
        }[told.row.table]
        row = told.row
        size = _PART if row.table in ("B.4", "B.5") else 1
        for part, first in enumerate(range(0, len(told.shares), size)):
            sealed: list[SealedText] = []
            body: dict[str, Any] = {
                "batch_code": row.batch,
                "source": {"workbook": self._workbook, "sheet": row.sheet, "row": row.number},
            }
            if row.from_batches:
                body["from_batches"] = list(row.from_batches)
            if row.handler:
                body["handler"] = self._named("handler", row.handler, sealed)
            if row.carried_by:
                body["carried_by"] = self._named("carried_by", row.carried_by, sealed)
            if row.destination:
                body["destination"] = self._sealed("destination", row.destination, sealed)
            if row.facility:
                body["facility"] = self._facilities[row.facility]
            type_ = write(told, told.shares[first : first + size], part, body)
            yield Draft(
                type=type_,
                id=derive(self._context, row, "statement", part),
                at=happened(told),
                body=body,
                sealed=tuple(sealed),
            )

    def _filled(self, told: Told, shares: Sequence[Share], part: int, body: dict[str, Any]) -> str:
        row = told.row
        body |= {
            "container": shares[0].container,
            "place": self._place,
            "kind": _kind(row),
            "code": row.code,
            "name": row.name,
            "mass": _mass(row),
        }
        for name in ("catalogue_name", "container_code", "container_type", "count"):
            if value := getattr(row, name):
                body[name] = value
        return "container-filled"

    def _stored(self, told: Told, shares: Sequence[Share], part: int, body: dict[str, Any]) -> str:
        body |= {"container": shares[0].container, "place": self._place, **_said(told, shares[0])}
        return "container-stored"

    def _taken_out(self, told: Told, shares: Sequence[Share], part: int, body: dict[str, Any]) -> str:
        body |= {"container": shares[0].container, "place": self._place, **_said(told, shares[0])}
        return "container-taken-out"

    def _treated(self, told: Told, shares: Sequence[Share], part: int, body: dict[str, Any]) -> str:
        row = told.row
        body |= {
            "place": self._place,
            "stage": "final",
            "end": "utilised" if purpose(row) == "utilise" else "disposed",
            "method": row.method,
            "basis": "document",
            "inputs": [{"container": s.container, "code": s.code, **_said(told, s)} for s in shares],
            "started": told.at,
        }
        if row.ended:
            body["ended"] = happened(told)
        return "waste-treated"

    def _delivered(self, told: Told, shares: Sequence[Share], part: int, body: dict[str, Any]) -> str:
        row = told.row
        to: dict[str, Any] = {"kind": row.receiver_kind}
        if registered := self._context.receivers.get(row.licence):
            to["party"], to["site"] = registered
        for name, value in (("name", row.receiver or row.licence), ("licence", row.licence), ("notice", row.notice)):
            if value:
                to[name] = value
        body |= {
            "delivery": f"delivery:{derive(self._context, row, 'delivery', part)}",
            "end": "sent",
            "from": self._place,
            "to": to,
            "lines": [{"container": s.container, "code": s.code, **_said(told, s)} for s in shares],
        }
        for name in ("method", "manifest_number"):
            if text := getattr(row, name):
                body[name] = text
        return "delivery-recorded"

    def _named(self, path: str, name: str, sealed: list[SealedText]) -> dict[str, Any]:
        return {"person": self._context.person(name), "name": self._sealed(f"{path}.name", name, sealed)}

    def _sealed(self, path: str, clear: str, sealed: list[SealedText]) -> dict[str, str]:
        commitment, text = self._seal(path, clear)
        sealed.append(text)
        return {"sealed": commitment}


def _said(told: Told, share: Share) -> dict[str, Any]:
    """Grams of one container; what the row wrote of quantity and count too, when it is about one container only."""
    row = told.row
    said: dict[str, Any] = {}
    if share.net_g is not None:
        said["net_g"] = share.net_g
    if row.container_code:
        said["container_code"] = row.container_code
    if len(told.shares) == 1:
        if row.quantity:
            said["declared"] = dict(zip(("value", "unit"), row.quantity, strict=True))
        if row.count:
            said["count"] = row.count
        if row.container_type and row.table == "B.5":
            said["container_type"] = row.container_type
    return said


def _mass(row: Row) -> dict[str, Any]:
    mass: dict[str, Any] = {"basis": "document" if row.net_g is not None else "volume"}
    if row.net_g is not None:
        mass["net_g"] = row.net_g
    if row.volume_ml is not None:
        mass["volume_ml"] = row.volume_ml
    if row.quantity:
        mass["declared"] = dict(zip(("value", "unit"), row.quantity, strict=True))
    return mass


def _kind(row: Row) -> str:
    if row.count > 1:
        return "group" if row.container_code else "lot"
    return "vessel" if _VESSEL.search(row.container_type) else "package"


def purpose(row: Row) -> str:
    if row.table == "B.1":
        return "generate"
    return purpose_of(row.method) if row.table == "B.4" else "store"


def happened(told: Told) -> str:
    """Treatment happened when it ended."""
    return max(told.row.ended, told.at)


def derive(context: Context, row: Row, what: str, part: int = 0) -> str:
    """The uuid7 of something a row brings about: the same whenever the row is imported, whoever imports it."""
    table, batch, code, ordinal = row.identity
    text = "\0".join((context.origin, context.party, what, table, batch, code, str(ordinal), str(part)))
    named = _DAY.search(batch)
    return new_uuid7(_day_ms(named[0]) if named else _ms(row.at), sha256(text.encode())[:10])


@lru_cache(maxsize=4096)
def _day_ms(day: str) -> int:
    return _ms(f"{day[:4]}-{day[4:6]}-{min(int(day[6:]), 28):02}T00:00:00.000Z")


def _ms(moment: str) -> int:
    return round(datetime.fromisoformat(moment).astimezone(UTC).timestamp() * 1000)
