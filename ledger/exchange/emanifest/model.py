"""What the ledger and an e-Manifest document both can say of a manifest, and how a document says it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from ledger.custody.regimes.us import NONHAZARDOUS, PCB, is_federal
from ledger.exchange.emanifest.units import CONTAINERS, DENSITY_WORDS, EPA_UNITS, UNIT_WORDS

Discrepancy = Literal["", "quantity", "type", "residue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Whose signature a document quotes, and when it was made (a wire moment)."""

    at: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Somebody on the form. `epa_id` is "" where the form has other words in its place; `address` is in one line."""

    epa_id: str = ""
    name: str = ""
    address: str = ""
    state: str = ""
    phone: str = ""
    signed: Signature | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells one handler from another: the EPA ID, else name and address."""
        return ("epa-id", self.epa_id) if self.epa_id else (self.name, self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A waste line. `declared` is value and unit as written, in our names of units; `density` the value and EPA's unit
    by which a volume became grams; `net_g` is None where nobody knows. `un` is the identification number of DOT's
    table, "" where DOT does not call the waste hazardous."""

    number: int
    name: str
    code: str
    un: str = ""
    declared: tuple[str, str] | None = None
    net_g: int | None = None
    volume_ml: int | None = None
    density: tuple[str, str] | None = None
    count: int = 0
    container: str = ""
    method: str = ""
    discrepancy: Discrepancy = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """What the designated facility refused. `onward` is where it goes under the same manifest: to the alternate
    facility, back to the generator, or "" (nowhere, or on new manifests)."""

    part: Literal["full", "partial"]
    comment: str = ""
    onward: Literal["", "facility", "generator"] = ""
    alternate: Handler | None = None
    returned: Signature | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One manifest as told: `issued`, `collected`, `handed` (to each further transporter) and `received` are wire
    moments, "" while not (known to be) done."""

    number: str = ""
    generator: Handler | None = None
    transporters: tuple[Handler, ...] = ()
    facility: Handler | None = None
    lines: tuple[Line, ...] = ()
    issued: str = ""
    collected: str = ""
    handed: tuple[str, ...] = ()
    received: str = ""
    rejection: Rejection | None = None

    @property
    def taken(self) -> bool:
        """True when the designated or the alternate facility took the waste, in whole or in part."""
        rejection = self.rejection
        if rejection is None or rejection.part == "partial":
            return bool(self.received)
        return rejection.alternate is not None and rejection.alternate.signed is not None


def render(manifest: Manifest) -> dict[str, Any]:
    """The manifest as a document of EPA's schema 1.3 (a density is a Decimal). Signatures are given as paper ones: an
    electronic one is EPA's own record and cannot be made here."""
    whole = {
        "manifestTrackingNumber": manifest.number,
        "generator": _handler(manifest.generator),
        "transporters": [{**_handler(t), "order": n} for n, t in enumerate(manifest.transporters, 1)],
        "designatedFacility": _handler(manifest.facility),
        "wastes": [_waste(line, manifest) for line in manifest.lines],
        "rejection": manifest.rejection is not None,
        "rejectionInfo": _rejection(manifest.rejection),
        "discrepancy": any(line.discrepancy in ("quantity", "type") for line in manifest.lines),
        "residue": any(line.discrepancy == "residue" for line in manifest.lines),
        "import": False,
    }
    return _present(whole)  # type: ignore[no-any-return]


def _handler(handler: Handler | None) -> dict[str, Any]:
    if handler is None:
        return {}
    return {
        "epaSiteId": handler.epa_id,
        "name": handler.name,
        "siteAddress": address_of(handler.address),
        "emergencyPhone": _phone(handler.phone),
        "paperSignatureInfo": _signature(handler.signed),
    }


def _signature(signed: Signature | None) -> dict[str, Any]:
    # EPA writes the offset without a colon.
    return {} if signed is None else {"printedName": signed.name, "signatureDate": signed.at.replace("Z", "+0000")}


def _phone(words: str) -> dict[str, str]:
    number, _, extension = words.partition(" x")
    return {"number": number, "extension": extension} if number else {}


def _waste(line: Line, manifest: Manifest) -> dict[str, Any]:
    parts = [] if line.code == NONHAZARDOUS else line.code.split("+")
    federal = [part for part in parts if is_federal(part)]
    made: dict[str, Any] = {
        "lineNumber": line.number,
        "dotHazardous": bool(line.un),
        "epaWaste": bool(federal),
        "pcb": PCB in parts,
        "br": line.density is not None,
        "brInfo": _density(line),
        "quantity": _quantity(line),
        "hazardousWaste": {
            "federalWasteCodes": [{"code": part} for part in federal],
            **_state_codes((part for part in parts if "-" in part), manifest),
        },
    }
    if line.un:
        made["dotInformation"] = {"idNumber": {"code": line.un}, "printedDotInformation": line.name}
    else:
        made["wasteDescription"] = line.name
    if manifest.taken:
        comment = "residueComments" if line.discrepancy == "residue" else "discrepancyComments"
        made["managementMethod"] = {"code": line.method} if line.method else {}
        made["discrepancyResidueInfo"] = {
            "wasteQuantity": line.discrepancy == "quantity",
            "wasteType": line.discrepancy == "type",
            "residue": line.discrepancy == "residue",
            comment: line.comment if line.discrepancy else "",
        }
    return made


def _quantity(line: Line) -> dict[str, Any]:
    made: dict[str, Any] = {"containerNumber": line.count or None}
    if line.container in CONTAINERS:
        made["containerType"] = {"code": line.container, "description": CONTAINERS[line.container]}
    if line.declared is not None:
        value, unit = line.declared
        made["quantity"] = int(value)
        made["unitOfMeasurement"] = {"code": EPA_UNITS[unit], "description": UNIT_WORDS[EPA_UNITS[unit]]}
    return made


def _density(line: Line) -> dict[str, Any]:
    if line.density is None:
        return {}
    value, unit = line.density
    said = {"code": unit, "description": DENSITY_WORDS[unit]}
    return {"density": Decimal(value), "densityUnitOfMeasurement": said}


def _state_codes(parts: Iterable[str], manifest: Manifest) -> dict[str, Any]:
    """A state's codes stand with the generator where it is the generator's state, else with the facility."""
    lists: dict[str, list[Any]] = {"generatorStateWasteCodes": [], "tsdfStateWasteCodes": [], "txWasteCodes": []}
    for part in parts:
        state, code = part.split("-")
        if state == "TX" and len(code) == 8:
            lists["txWasteCodes"].append(code)
        elif manifest.generator is not None and manifest.generator.state == state:
            lists["generatorStateWasteCodes"].append({"code": code})
        else:
            lists["tsdfStateWasteCodes"].append({"code": code})
    return lists


def _rejection(rejection: Rejection | None) -> dict[str, Any]:
    if rejection is None:
        return {}
    made: dict[str, Any] = {
        "rejectionType": "FullReject" if rejection.part == "full" else "PartialReject",
        "rejectionComments": rejection.comment,
        "transporterOnSite": bool(rejection.onward),
    }
    if rejection.onward:
        made["alternateDesignatedFacilityType"] = "Tsdf" if rejection.onward == "facility" else "Generator"
        made["alternateDesignatedFacility"] = _handler(rejection.alternate)
        made["generatorPaperSignature"] = _signature(rejection.returned)
    return made


_PLACE = re.compile(r"([A-Z]{2})(?: (\S.*))?")


def address_words(address: dict[str, Any]) -> str:
    """An address in one line: street / second line / city / state and zip."""
    street = " ".join(filter(None, (address.get("streetNumber"), address.get("address1"))))
    place = " ".join(filter(None, ((address.get("state") or {}).get("code"), address.get("zip"))))
    return " / ".join(filter(None, (street, address.get("address2"), address.get("city"), place)))


def address_of(words: str) -> dict[str, Any]:
    """The address that `address_words` wrote; nothing where the words are of another making."""
    match words.split(" / "):
        case [street, *more, city, place] if len(more) < 2 and (parts := _PLACE.fullmatch(place)):
            state = {"code": parts[1]}
            return {"address1": street, "address2": "".join(more), "city": city, "state": state, "zip": parts[2]}
        case _:
            return {}


def _present(value: Any) -> Any:
    """Without what is empty; false is said."""
    if isinstance(value, dict):
        inner = {name: _present(each) for name, each in value.items()}
        return {name: each for name, each in inner.items() if each not in (None, "", [], {})}
    return [_present(each) for each in value] if isinstance(value, list) else value
