"""The values that events are made of; each checks its own form. Masses are whole grams, volumes whole millilitres."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from ledger.custody.wire import Codes, RegimeCode, Text, Whole, WireError, text

_UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
GRAMS_MAX = 10**13


@dataclass(frozen=True, slots=True)
class OnCalendar:
    """A day or moment whose day exists; `form` checks the characters."""

    form: Text

    def read(self, value: Any, path: str, codes: Codes) -> str:
        moment = self.form.read(value, path, codes)
        try:
            date.fromisoformat(moment[:10])
        except ValueError:
            raise WireError(path=path, expected="a day that exists", got=moment) from None
        return moment


Party = Annotated[str, text(rf"party:{_UUID7}", "party:<uuid7>")]
Person = Annotated[str, text(rf"person:{_UUID7}", "person:<uuid7>")]
Site = Annotated[str, text(rf"site:{_UUID7}", "site:<uuid7>")]
FacilityId = Annotated[str, text(rf"facility:{_UUID7}", "facility:<uuid7>")]
ProfileId = Annotated[str, text(rf"profile:{_UUID7}", "profile:<uuid7>")]
ContainerId = Annotated[str, text(rf"container:{_UUID7}", "container:<uuid7>")]
ManifestId = Annotated[str, text(rf"manifest:{_UUID7}", "manifest:<uuid7>")]
DeliveryId = Annotated[str, text(rf"delivery:{_UUID7}", "delivery:<uuid7>")]
LicenceId = Annotated[str, text(rf"licence:{_UUID7}", "licence:<uuid7>")]
ContractId = Annotated[str, text(rf"contract:{_UUID7}", "contract:<uuid7>")]
LabelId = Annotated[str, text(rf"label:{_UUID7}", "label:<uuid7>")]
TripId = Annotated[str, text(rf"trip:{_UUID7}", "trip:<uuid7>")]
VehicleId = Annotated[str, text(rf"vehicle:{_UUID7}", "vehicle:<uuid7>")]
ApprovalId = Annotated[str, text(rf"approval:{_UUID7}", "approval:<uuid7>")]
PlanId = Annotated[str, text(rf"plan:{_UUID7}", "plan:<uuid7>")]
KeyId = Annotated[str, text(rf"key:{_UUID7}", "key:<uuid7>")]
ScaleId = Annotated[str, text(rf"scale:{_UUID7}", "scale:<uuid7>")]
Stream = Annotated[str, text(rf"[a-z]{{1,11}}:{_UUID7}", "<kind>:<uuid7>")]
StatementId = Annotated[str, text(_UUID7, "the uuid7 of a statement")]

Hash = Annotated[str, text(r"[0-9a-f]{64}", "64 lowercase hex digits")]
Base64 = Annotated[str, text(r"[A-Za-z0-9+/]{1,1400}={0,2}", "padded base64")]
Name = Annotated[str, text(r"\S(?:[^\x00-\x1f]{0,198}\S)?", "1 to 200 characters without leading or trailing blanks")]
Words = Annotated[str, text(r"[^\x00-\x1f]{1,2000}", "1 to 2,000 characters on one line")]
Code = Annotated[str, RegimeCode("a waste code", lambda codes, value: codes.check_code(value))]
CodeOrClass = Annotated[str, RegimeCode("a waste code or class", lambda codes, value: codes.check_class(value))]
Hazards = Annotated[str, RegimeCode("hazards", lambda codes, value: codes.check_hazards(value))]
Word = Annotated[str, text(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", "a lowercase word")]
MethodCode = Annotated[str, RegimeCode("a method code", lambda codes, value: codes.check_method(value))]
BatchCode = Annotated[str, text(r"[A-Z0-9][A-Za-z0-9_./-]{1,63}", "a batch code such as HWCS20260131001")]
ContainerCode = Annotated[str, text(r"\S(?:[^\x00-\x1f]{0,62}\S)?", "1 to 64 characters")]
ManifestNumber = Annotated[str, RegimeCode("a manifest number", lambda codes, text: codes.check_manifest_number(text))]
Region = Annotated[str, RegimeCode("a region code", lambda codes, value: codes.check_region(value))]
Plate = Annotated[str, text(r"\S{2,16}", "2 to 16 characters")]
Day = Annotated[str, OnCalendar(text(r"[12][0-9]{3}-[0-9][0-9]-[0-9][0-9]", "YYYY-MM-DD"))]
Moment = Annotated[
    str,
    OnCalendar(
        text(
            r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z",
            "YYYY-MM-DDTHH:MM:SS.mmmZ",
        )
    ),
]
Decimal = Annotated[str, text(r"(?:0|[1-9][0-9]{0,12})(?:\.[0-9]{1,9})?", "a decimal number written as text")]
Grams = Annotated[int, Whole(1, GRAMS_MAX)]
GramsOrNone = Annotated[int, Whole(0, GRAMS_MAX)]
Count = Annotated[int, Whole(1, 1_000_000)]
Millilitres = Annotated[int, Whole(1, GRAMS_MAX)]

Basis = Literal["weighed", "weighbridge", "metered", "volume", "counted", "estimated", "document"]
Unit = Literal["g", "kg", "t", "lb", "ton-us", "l", "m3", "gal-us", "yd3"]
ContainerKind = Literal["package", "vessel", "load", "group", "lot"]
Form = Literal["solid", "semi-solid", "liquid", "gas"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Value and unit as somebody wrote them; kept beside the grams they were converted to once."""

    value: Decimal
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Mass:
    """A mass in grams with how it came about. Without `net_g` it is unknown: recorded, never 0."""

    basis: Basis
    net_g: GramsOrNone | None = None
    gross_g: Grams | None = None
    tare_g: GramsOrNone | None = None
    volume_ml: Millilitres | None = None
    density_g_l: Grams | None = None
    moisture_ppm: Annotated[int, Whole(0, 1_000_000)] | None = None
    device: ScaleId | None = None
    declared: Declared | None = None

    def check(self, path: str, codes: Codes) -> None:
        if self.net_g is None and self.volume_ml is None and self.basis not in ("volume", "counted"):
            raise WireError(
                path=f"{path}.net_g", expected="grams: only a volume or a count may lack them", got="absent"
            )
        if self.gross_g is not None and self.tare_g is not None and self.net_g != self.gross_g - self.tare_g:
            expected = f"gross - tare = {self.gross_g - self.tare_g}"
            raise WireError(path=f"{path}.net_g", expected=expected, got=self.net_g)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A commitment to a personal text that lies outside the statement (hex HMAC-SHA256)."""

    sealed: Hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A person in a statement: a random id and the sealed name."""

    person: Person
    name: Sealed | None = None
    phone: Sealed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who and where: the legal person and its site."""

    party: Party
    site: Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """An identifier from outside, such as a unified social credit code (scheme `uscc`)."""

    scheme: Word
    value: Name

    def check(self, path: str, codes: Codes) -> None:
        expected = codes.check_identifier(self.scheme, self.value)
        if expected is not None:
            raise WireError(path=f"{path}.value", expected=expected, got=self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """The exemption row relied on, with the hash of the report that shows its condition."""

    row: Name
    evidence: Hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Where a row of an old book was transcribed from; makes the event grade D."""

    workbook: Hash
    sheet: Name
    row: Annotated[int, Whole(1, 10_000_000)]
