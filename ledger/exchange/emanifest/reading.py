"""Reads an e-Manifest document: every fault is named or the manifest is told, with a list of what has no place here."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from jsonschema import Draft4Validator  # type: ignore[import-untyped]
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]

from fixtures import open_text
from ledger.custody.regimes.base import later, text_of
from ledger.custody.regimes.us import CODE_LENGTH_MAX, NONHAZARDOUS, PCB, REGIME, is_federal, is_part
from ledger.custody.values import GRAMS_MAX
from ledger.exchange.emanifest.model import (
    Discrepancy,
    Handler,
    Line,
    Manifest,
    Rejection,
    Signature,
    address_words,
    render,
)
from ledger.exchange.emanifest.remarks import (
    AgainstSchema,
    Cut,
    DocumentRefused,
    Fault,
    ManifestedBefore,
    MassUnknown,
    Missing,
    NothingToTell,
    Notice,
    NotJson,
    NotMapped,
    OlderName,
    OutOfOrder,
    Undated,
    ValueWrong,
)
from ledger.exchange.emanifest.units import DENSITIES, MILLILITRES, UNITS, mass_of
from ledger.log.hashing import sha256

# What EPA's own samples have in the place of a number that is still to be given.
PLACEHOLDER: Final = "CHANGE ME"
NAME_MAX: Final = 200
DENSITY_MAX: Final = Decimal("999.99")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)")
_DATES = re.compile(r"(?:\w*Date|dateOfRemoval)")
_AHEAD_MINUTES: Final = 5
_DIGITS_MAX: Final = 40
_OLDER: Final = "electronicSignatureInfo"

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that can be taken. `unmapped` are its values (by dotted path) that the ledger has no place for."""

    file: str
    sha256: str
    manifest: Manifest
    notices: tuple[Notice, ...]
    unmapped: tuple[tuple[str, Any], ...]

    @property
    def identity(self) -> str:
        """What the manifest's ids are made from: its tracking number, else the file's hash."""
        return self.manifest.number or self.sha256


def read_document(content: bytes, file: str, now: str) -> Document:
    """The document; raises DocumentRefused with every fault. `now` is the time of reading, no signature is later."""
    return _Reader(content, file, now).read()


@cache
def _validator() -> Draft4Validator:
    with open_text("emanifest/schema-1.3.json") as text:
        return Draft4Validator(json.load(text))


def document_text(manifest: Manifest, name: str) -> str:
    """The manifest as the JSON text of a document, which EPA's schema allows; raises DocumentRefused naming `name`."""
    made = render(manifest)
    faults = tuple(_schema_faults(made, name))
    if faults:
        raise DocumentRefused(faults)
    return json.dumps(made, ensure_ascii=False, indent=1, default=float) + "\n"


def _schema_faults(document: Any, file: str) -> Iterator[Fault]:
    for error in sorted(_validator().iter_errors(document), key=lambda e: list(map(str, e.absolute_path))):
        yield from _named(error, file)


def _named(error: ValidationError, file: str) -> Iterator[Fault]:
    """A fault for each field: the validator says two unknown fields of one object at once."""
    path, got = tuple(error.absolute_path), error.instance
    match error.validator:
        case "additionalProperties":
            known = error.schema["properties"]
            for name in sorted(set(got) - set(known)):
                yield AgainstSchema(
                    file=file, path=dotted((*path, name)), expected="no such field", got=_shown(got[name])
                )
        case "required":
            missing = next(name for name in error.validator_value if f"'{name}'" in error.message)
            yield AgainstSchema(file=file, path=dotted((*path, missing)), expected="present", got="absent")
        case "dependencies":
            yield AgainstSchema(file=file, path=dotted(path), expected="a quantity with its unit", got=_shown(got))
        case name:
            expected = error.validator_value
            words = ", ".join(map(str, expected)) if isinstance(expected, list) else str(expected)
            yield AgainstSchema(file=file, path=dotted(path), expected=f"{name} {words}", got=_shown(got))


def dotted(path: Path) -> str:
    """wastes.0.lineNumber"""
    return ".".join(map(str, path))


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that says something, by path, dates as moments; nothing, "" and false say nothing."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from leaves(inner, (*path, name))
        case list():
            for n, inner in enumerate(value):
                yield from leaves(inner, (*path, n))
        case None | "" | False:
            pass
        case str() if path and _DATES.fullmatch(str(path[-1])):
            yield path, moment_of(value) or value
        case Decimal():
            yield path, int(value) if value == value.to_integral_value() else value
        case _:
            yield path, value


def moment_of(text: str) -> str:
    """The wire moment of a date as EPA writes it (offset with or without a colon); "" when it is none."""
    parts = _MOMENT.fullmatch(text)
    if parts is None:
        return ""
    offset = "+00:00" if parts[4] == "Z" else parts[4]
    offset = offset if ":" in offset else f"{offset[:3]}:{offset[3:]}"
    try:
        return text_of(datetime.fromisoformat(f"{parts[1]}T{parts[2]}.{(parts[3] or '')[:3]:0<3}{offset}"))
    except (ValueError, OverflowError):
        return ""


class _Reader:
    def __init__(self, content: bytes, file: str, now: str) -> None:
        self._content, self._file, self._now = content, file, now
        self._faults: list[Fault] = []
        self._notices: list[Notice] = []
        self._kept: set[Path] = set()
        self._raw: dict[str, Any] = {}

    def read(self) -> Document:
        self._raw = self._renamed(self._parsed())
        self._faults += _schema_faults(self._raw, self._file)
        self._check_dates()
        if not self._faults:
            manifest = self._manifest()
        if self._faults:
            raise DocumentRefused(tuple(self._faults))
        unmapped = self._unmapped(manifest)
        if unmapped:
            fields = ", ".join(dict.fromkeys(re.sub(r"\.\d+(?=\.|$)", ".*", path) for path, _ in unmapped))
            self._notices.append(NotMapped(file=self._file, count=len(unmapped), fields=fields))
        return Document(
            file=self._file,
            sha256=sha256(self._content).hex(),
            manifest=manifest,
            notices=tuple(self._notices),
            unmapped=unmapped,
        )

    def _parsed(self) -> dict[str, Any]:
        def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            for name in (name for name, count in Counter(name for name, _ in pairs).items() if count > 1):
                self._faults.append(NotJson(file=self._file, detail=f"{name} stands twice in one object"))
            return dict(pairs)

        def number(text: str) -> Decimal:
            value = Decimal(text)
            if abs(value.adjusted()) > _DIGITS_MAX:  # 1e999999999 would fill all memory as a whole number
                raise ValueError(f"{text[:40]}: expected a number of at most {_DIGITS_MAX} digits")
            return value

        def constant(text: str) -> None:
            raise ValueError(text)

        try:
            made = json.loads(
                self._content.decode("utf-8-sig"), parse_float=number, parse_constant=constant, object_pairs_hook=once
            )
            json.dumps(made, ensure_ascii=False, default=str).encode()  # half of a surrogate pair is no text
        except (ValueError, RecursionError) as error:
            raise DocumentRefused((NotJson(file=self._file, detail=str(error)),)) from None
        if not isinstance(made, dict):
            raise DocumentRefused((NotJson(file=self._file, detail="expected an object"),))
        return made

    def _renamed(self, raw: dict[str, Any]) -> dict[str, Any]:
        """EPA's own samples still have a handler's electronic signatures under the name and form of before 1.2."""
        rejection = raw.get("rejectionInfo")
        alternate = rejection.get("alternateDesignatedFacility") if isinstance(rejection, dict) else None
        transporters = raw.get("transporters")
        many = transporters if isinstance(transporters, list) else []
        for handler in (raw.get("generator"), raw.get("designatedFacility"), alternate, *many):
            if isinstance(handler, dict) and "electronicSignaturesInfo" not in handler and _OLDER in handler:
                handler["electronicSignaturesInfo"] = [handler.pop(_OLDER)]
                self._notices.append(OlderName(file=self._file, old=_OLDER, new="electronicSignaturesInfo"))
        return raw

    def _unmapped(self, manifest: Manifest) -> tuple[tuple[str, Any], ...]:
        """What the manifest, written as a document again, does not say: so nothing is dropped without being named."""
        lines = {line.number: n for n, line in enumerate(manifest.lines)}
        said = dict(leaves(render(manifest)))
        missing = []
        for path, value in leaves(self._raw):
            again = path
            if path[0] == "wastes" and len(path) > 2 and manifest.lines:
                again = ("wastes", lines[int(self._raw["wastes"][path[1]]["lineNumber"])], *path[2:])
            elif path[0] == "transporters" and len(path) > 2 and manifest.transporters:
                again = ("transporters", self._order().index(int(path[1])), *path[2:])
            if path not in self._kept and not self._says(said, again, value):
                missing.append((dotted(path), value))
        return tuple(missing)

    def _says(self, said: dict[Path, Any], path: Path, value: Any) -> bool:
        if path[-2:-1] and path[-1] == "code" and "WasteCodes" in str(path[-3]):
            # The codes of a line are a set: EPA's order of them says nothing.
            return any(other == value for at, other in said.items() if at[:-2] == path[:-2] and at[-1] == "code")
        if "txWasteCodes" in path:
            return any(other == value for at, other in said.items() if at[:-1] == path[:-1])
        return path in said and bool(said[path] == value)

    # ---------------------------------------------------------------- the manifest

    def _check_dates(self) -> None:
        for path, value in leaves(self._raw):
            if _DATES.fullmatch(str(path[-1])) and path[-1] != "potentialShipDate" and not moment_of(str(value)):
                self._wrong(path, "a day and time such as 2026-05-09T04:00:00.000+0000", value)

    def _manifest(self) -> Manifest:
        raw = self._raw
        number = self._number(("manifestTrackingNumber",), raw.get("manifestTrackingNumber") or "")
        for path in (("rejectionInfo", "newManifestTrackingNumbers"), ("residueNewManifestTrackingNumbers",),
                     ("additionalInfo", "originalManifestTrackingNumbers")):  # fmt: skip
            for n, each in enumerate(_at(raw, path) or ()):
                self._number((*path, n), each)
        if not raw.get("wastes"):
            self._notices.append(NothingToTell(file=self._file))
            return Manifest(number=number)
        originals = _at(raw, ("additionalInfo", "originalManifestTrackingNumbers"))
        if raw.get("containsPreviousRejectOrResidue") or originals:
            numbers = " ".join(originals or ()) or "?"
            self._notices.append(ManifestedBefore(file=self._file, numbers=numbers))
            return Manifest(number=number)
        told = Manifest(
            number=number,
            generator=self._handler(("generator",)),
            transporters=tuple(self._transporters()),
            facility=self._handler(("designatedFacility",)),
        )
        if not told.transporters:
            self._faults.append(Missing(file=self._file, path="transporters"))
        told = self._dated(told)
        rejection = self._rejection(told)
        told = replace(told, rejection=rejection if told.received else None)
        lines = tuple(sorted(self._lines(told), key=lambda line: line.number))
        if told.rejection is not None and told.rejection.part == "partial" and all(line.comment for line in lines):
            # One note stands with each line: the line's own comes first, and this one is listed as not mapped.
            told = replace(told, rejection=replace(told.rejection, comment=""))
        return replace(told, lines=lines)

    def _number(self, path: Path, number: str) -> str:
        if path == ("manifestTrackingNumber",) and number in ("", PLACEHOLDER):
            return ""
        expected = REGIME.check_manifest_number(number)
        if expected is not None:
            self._wrong(path, expected, number)
        return number

    def _order(self) -> list[int]:
        """The places of the transporters in the document, first carrier first."""
        given = [t.get("order", n) for n, t in enumerate(self._raw["transporters"], 1)]
        return sorted(range(len(given)), key=lambda n: given[n])

    def _transporters(self) -> Iterator[Handler]:
        listed = self._raw.get("transporters") or []
        given = [t["order"] for t in listed if "order" in t]
        if len(set(given)) != len(given):
            self._wrong(("transporters",), "each place in the order once", ", ".join(map(str, given)))
        for n in self._order() if listed else ():
            handler = self._handler(("transporters", n))
            if handler is not None:
                yield handler

    def _handler(self, path: Path) -> Handler | None:
        raw = _at(self._raw, path)
        if not raw or not (raw.get("epaSiteId") or raw.get("name")):
            self._faults.append(Missing(file=self._file, path=dotted(path)))
            return None
        epa_id = raw.get("epaSiteId") or ""
        if epa_id and REGIME.check_identifier("epa-id", epa_id) is not None:
            # The form allows other words for a generator that needs no EPA ID.
            if path != ("generator",) or raw.get("registered") or not raw.get("name"):
                self._wrong((*path, "epaSiteId"), REGIME.check_identifier("epa-id", epa_id) or "", epa_id)
            epa_id = ""
        address = raw.get("siteAddress") or {}
        phone = raw.get("emergencyPhone") or {}
        return Handler(
            epa_id=epa_id,
            name=self._text((*path, "name"), raw.get("name") or ""),
            address=self._text((*path, "siteAddress"), address_words(address)),
            state=(address.get("state") or {}).get("code") or (epa_id[:2] if epa_id else ""),
            phone=" x".join(filter(None, (phone.get("number"), phone.get("extension")))),
            signed=self._signature(path, raw),
        )

    def _signature(self, path: Path, raw: dict[str, Any]) -> Signature | None:
        """The electronic signature that was made first (later ones certify corrections), else the one on paper."""
        made = [
            (moment, (*path, "electronicSignaturesInfo", n))
            for n, each in enumerate(raw.get("electronicSignaturesInfo") or ())
            if (moment := moment_of(each.get("signatureDate") or ""))
        ]
        return self._electronic(min(made)[1]) if made else self._paper(path, raw.get("paperSignatureInfo"))

    def _electronic(self, path: Path) -> Signature:
        """Name and time of an electronic signature: quoted in our statements, though no export can make it again."""
        raw, names = _at(self._raw, path), ("firstName", "middleInitial", "lastName")
        self._kept |= {(*path, "signatureDate"), *((*path, "signer", name) for name in names)}
        words = " ".join(filter(None, map((raw.get("signer") or {}).get, names)))
        return Signature(at=moment_of(raw["signatureDate"]), name=self._text((*path, "signer"), words))

    def _paper(self, path: Path, paper: dict[str, Any] | None, name: str = "paperSignatureInfo") -> Signature | None:
        moment = moment_of((paper or {}).get("signatureDate") or "")
        if paper is None or not moment:
            return None
        return Signature(at=moment, name=self._text((*path, name, "printedName"), paper.get("printedName") or ""))

    # ---------------------------------------------------------------- when it happened

    def _dated(self, told: Manifest) -> Manifest:
        """The steps that the document shows to be done. One without a date of its own, with a later step behind it,
        happened when the step before it did."""
        raw = self._raw
        shipped, came = (moment_of(raw.get(name) or "") for name in ("shippedDate", "receivedDate"))
        signed = [t.signed.at if t.signed else "" for t in told.transporters]
        issued = told.generator.signed.at if told.generator and told.generator.signed else ""
        last = told.facility.signed.at if told.facility and told.facility.signed else ""
        if signed:
            signed[0] = signed[0] or shipped
        last = last or came
        self._kept |= {("shippedDate",)} if signed and shipped == signed[0] else set()
        self._kept |= {("receivedDate",)} if came == last else set()
        steps = [*signed, last]
        self._check_order([(("generator",), issued), *((("transporters", n), at) for n, at in enumerate(signed)),
                           (("designatedFacility",), last)])  # fmt: skip
        done = max((n for n, at in enumerate(steps) if at), default=-1)
        for n in range(done + 1):
            steps[n] = steps[n] or (steps[n - 1] if n else issued or min(at for at in steps if at))
        if not issued and done < 0:
            issued = moment_of(raw.get("createdDate") or "")
            self._kept.add(("createdDate",))
        issued = issued or steps[0]
        if not issued:
            self._notices.append(Undated(file=self._file))
        return replace(
            told, issued=issued, collected=steps[0] if signed else "", handed=tuple(steps[1:-1]), received=steps[-1]
        )

    def _check_order(self, dated: list[tuple[Path, str]]) -> None:
        before = ""
        latest = later(self._now, minutes=_AHEAD_MINUTES)
        for path, at in dated:
            if at and not before <= at <= latest:
                expected = f"not before {before}" if at < before else f"not after {latest}"
                self._faults.append(OutOfOrder(file=self._file, path=dotted(path), expected=expected, got=at))
            before = max(before, at)

    # ---------------------------------------------------------------- rejection

    def _rejection(self, told: Manifest) -> Rejection | None:
        if not self._raw.get("rejection"):
            return None
        info, path = self._raw.get("rejectionInfo") or {}, ("rejectionInfo",)
        part = info.get("rejectionType")
        if part is None:
            self._wrong((*path, "rejectionType"), "FullReject or PartialReject", "absent")
        comment = self._text((*path, "rejectionComments"), info.get("rejectionComments") or "", most=2000)
        if part != "FullReject" or not info.get("transporterOnSite"):
            return Rejection(part="partial" if part == "PartialReject" else "full", comment=comment)
        alternate = returned = None
        match info.get("alternateDesignatedFacilityType"):
            case "Tsdf":
                alternate = self._handler((*path, "alternateDesignatedFacility"))
                at = alternate.signed.at if alternate and alternate.signed else ""
                self._check_order([(path, told.received), ((*path, "alternateDesignatedFacility"), at)])
                return Rejection(part="full", comment=comment, onward="facility", alternate=alternate)
            case "Generator":
                returned = self._paper(path, info.get("generatorPaperSignature"), "generatorPaperSignature")
                if moment_of((info.get("generatorElectronicSignature") or {}).get("signatureDate") or ""):
                    returned = self._electronic((*path, "generatorElectronicSignature"))
                at = returned.at if returned else ""
                self._check_order([(path, told.received), ((*path, "generatorPaperSignature"), at)])
                return Rejection(part="full", comment=comment, onward="generator", returned=returned)
            case _:
                self._wrong((*path, "alternateDesignatedFacilityType"), "Tsdf or Generator", "absent")
                return None

    # ---------------------------------------------------------------- lines

    def _lines(self, told: Manifest) -> Iterator[Line]:
        numbers: set[int] = set()
        for n, raw in enumerate(self._raw["wastes"]):
            path: Path = ("wastes", n)
            number = raw["lineNumber"]
            if number != int(number) or not 1 <= number <= 10_000_000 or int(number) in numbers:
                self._wrong((*path, "lineNumber"), "a whole number from 1, each once", number)
                continue
            numbers.add(int(number))
            yield self._line(path, raw, int(number), told)

    def _line(self, path: Path, raw: dict[str, Any], number: int, told: Manifest) -> Line:
        un = ""
        if raw["dotHazardous"]:
            dot = raw.get("dotInformation")
            if dot is None:
                self._wrong((*path, "dotInformation"), "present, as dotHazardous is true", "absent")
                dot = {"idNumber": {"code": ""}, "printedDotInformation": ""}
            un, name, of = (
                dot["idNumber"]["code"],
                dot["printedDotInformation"],
                (*path, "dotInformation", "printedDotInformation"),
            )
        else:
            name, of = raw.get("wasteDescription") or "", (*path, "wasteDescription")
        if not name.strip():
            self._wrong(of, "a description", "absent")
        quantity = raw.get("quantity") or {}
        line = Line(
            number=number,
            name=self._text(of, name),
            un=un.strip()[:NAME_MAX],
            code=self._code(path, raw, told),
            count=min(quantity.get("containerNumber") or 0, 1_000_000),
            container=(quantity.get("containerType") or {}).get("code") or "",
        )
        return self._accepted(path, raw, self._massed(path, raw, line), told)

    def _massed(self, path: Path, raw: dict[str, Any], line: Line) -> Line:
        quantity = raw.get("quantity") or {}
        if "quantity" not in quantity:
            self._notices.append(MassUnknown(file=self._file, line=line.number, detail="no quantity"))
            return line
        value, unit = quantity["quantity"], UNITS[quantity["unitOfMeasurement"]["code"]]
        density = self._density(path, raw) if unit in MILLILITRES else None
        net_g, volume_ml = mass_of(Decimal(value), unit, density)
        if max(net_g or 0, volume_ml or 0) > GRAMS_MAX:
            self._wrong((*path, "quantity", "quantity"), f"at most {GRAMS_MAX} grams or millilitres", value)
        if net_g is None:
            words = f"{value} {unit}, no density"
            self._notices.append(MassUnknown(file=self._file, line=line.number, detail=words))
        said = (str(density[0]), density[1]) if density is not None else None
        return replace(line, declared=(str(value), unit), net_g=net_g, volume_ml=volume_ml or None, density=said)

    def _density(self, path: Path, raw: dict[str, Any]) -> tuple[Decimal, str] | None:
        info = raw.get("brInfo") or {}
        if "density" not in info:
            return None
        density, of = Decimal(info["density"]), (info.get("densityUnitOfMeasurement") or {}).get("code") or "absent"
        if not 0 < density <= DENSITY_MAX or density != round(density, 2):
            self._wrong((*path, "brInfo", "density"), f"0.01 to {DENSITY_MAX}, two decimals", density)
            return None
        if of not in DENSITIES:
            self._wrong((*path, "brInfo", "densityUnitOfMeasurement"), "1 (lbs/gal) or 2 (sg)", of)
            return None
        return density, of

    def _code(self, path: Path, raw: dict[str, Any], told: Manifest) -> str:
        given = raw.get("hazardousWaste") or {}
        parts = {PCB} if raw["pcb"] else set()
        for n, each in enumerate(given.get("federalWasteCodes") or ()):
            if not is_federal(each["code"]):
                where = (*path, "hazardousWaste", "federalWasteCodes", n, "code")
                self._wrong(where, "a code of 40 CFR Part 261 such as D001", each["code"])
            parts.add(each["code"])
        states = {"generatorStateWasteCodes": told.generator, "tsdfStateWasteCodes": told.facility}
        for name, handler in states.items():
            state = handler.state if handler is not None else ""
            own = {f"{state}-{each['code']}" for each in given.get(name) or ()}
            # A state's code in another shape than ours cannot be said; it is listed as not mapped.
            parts |= {part for part in own if is_part(part)}
        parts |= {f"TX-{code}" for code in given.get("txWasteCodes") or () if is_part(f"TX-{code}")}
        code = "+".join(sorted(parts)) or NONHAZARDOUS
        if len(code) > CODE_LENGTH_MAX:
            self._wrong((*path, "hazardousWaste"), f"codes of {CODE_LENGTH_MAX} characters in all", len(code))
        return code

    def _accepted(self, path: Path, raw: dict[str, Any], line: Line, told: Manifest) -> Line:
        """What the facility says of the line, once it has received something."""
        info, method = raw.get("discrepancyResidueInfo") or {}, (raw.get("managementMethod") or {}).get("code") or ""
        if method and REGIME.check_method(method) is not None:
            self._wrong((*path, "managementMethod", "code"), REGIME.check_method(method) or "", method)
        if (info.get("wasteQuantity") or info.get("wasteType")) and not info.get("discrepancyComments"):
            where = (*path, "discrepancyResidueInfo", "discrepancyComments")
            self._wrong(where, "present, as there is a discrepancy", "absent")
        if not told.taken:
            return line
        kinds: dict[Discrepancy, str] = {"quantity": "wasteQuantity", "type": "wasteType", "residue": "residue"}
        kind: Discrepancy = next((kind for kind, name in kinds.items() if info.get(name)), "")
        name = "residueComments" if kind == "residue" else "discrepancyComments"
        words = self._text((*path, "discrepancyResidueInfo", name), info.get(name) or "", most=2000)
        if kind == "quantity":
            detail = f"the receiver's quantity stands in words only: {words}"
            self._notices.append(MassUnknown(file=self._file, line=line.number, detail=detail))
        if told.rejection is not None and told.rejection.part == "partial":
            detail = "rejected in part, the document does not say how much"
            self._notices.append(MassUnknown(file=self._file, line=line.number, detail=detail))
        return replace(line, method=method, discrepancy=kind, comment=words if kind else "")

    # ---------------------------------------------------------------- small things

    def _text(self, path: Path, words: str, most: int = NAME_MAX) -> str:
        """On one line, without blanks at its ends; what is too long is cut, and said to be."""
        clean = re.sub(r"[\x00-\x20\x7f]+", " ", words).strip()
        if len(clean) > most:
            self._notices.append(Cut(file=self._file, path=dotted(path), kept=most))
        return clean[:most].strip()

    def _wrong(self, path: Path, expected: str, got: object) -> None:
        self._faults.append(ValueWrong(file=self._file, path=dotted(path), expected=expected, got=_shown(got)))


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def _shown(value: object) -> str:
    words = str(value) if isinstance(value, (str, int, Decimal)) else type(value).__name__
    return words if len(words) <= 80 else words[:77] + "..."
