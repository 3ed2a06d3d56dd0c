"""Understands single cells as people write them; a reader gives the canonical value or says what it expected."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from fixtures import open_text
from ledger.custody import values, wire
from ledger.custody.regimes.base import Regime, text_of
from ledger.custody.wire import WireError
from ledger.exchange.hj1259.tables import STORE_KINDS

GRAMS: Final[Mapping[str, int]] = {"g": 1, "kg": 1_000, "t": 1_000_000}
MILLILITRES: Final[Mapping[str, int]] = {"l": 1_000, "m3": 1_000_000}
_UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("t", "吨", "公吨", "mt"), "t"),
    **dict.fromkeys(("kg", "千克", "公斤", "kgs"), "kg"),
    **dict.fromkeys(("g", "克"), "g"),
    **dict.fromkeys(("l", "升", "公升"), "l"),
    **dict.fromkeys(("m3", "m³", "立方米", "立方", "方"), "m3"),
}
UNITS_SAY: Final = "t 吨 | kg 千克 | g 克 | L 升 | m3 立方米"
_NUMBER = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|[+-]?\.\d+)\s*([^\d\s].*)?")
_MOMENT = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(\d{1,2})\s*[:时点]\s*(?:(\d{1,2})\s*(?:[:分]\s*(?:(\d{1,2})(?:\.\d+)?\s*秒?)?)?)?)?"
)
_COMPACT = re.compile(r"(20\d{2}|19\d{2})(\d{2})(\d{2})")
# Day 0 of Excel's serial dates, its leap-year mistake of 1900 included; old workbooks of a Mac count from 1904.
_DAY_0, _DAY_0_MAC = datetime(1899, 12, 30), datetime(1904, 1, 1)
_SEPARATORS = re.compile(r"[、，,;；\s]+")
_CODE = re.compile(r"(\d{3})-?(\d{3})-?(\d{2})")
_CATEGORY = re.compile(r"([HS]W)?(\d{1,2})(?:\D.*)?", re.IGNORECASE)
_METHOD = re.compile(r"(?<![A-Z0-9])[A-Z]\d{1,2}(?!\d)")
_METHODS = re.compile(r"R([1-9]|1[0-5])|C[1-3]|D([1-9]|1[0-6])")
_COUNTED = re.compile(r"[个只桶袋箱件包套瓶罐捆托]?")
_DITTO = re.compile(r"同上|[〃″\"]+")
_NOTHING = re.compile(r"[-/\\]*|无|N/?A", re.IGNORECASE)
_SHORTENED = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)
_WRITTEN: Final = "文本 text"
_CODE_SAYS: Final = "文本格式的编码 a code kept as text"
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-"))


class CellForm(Exception):
    """A cell that its column cannot hold; says what was expected."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


class Quantity(NamedTuple):
    """A number as written, with the unit if the same cell names one."""

    value: Decimal
    unit: str


class When(NamedTuple):
    """A moment in UTC; `whole_day` when only the local `day` (YYYYMMDD) was written."""

    at: str
    whole_day: bool
    day: str


Cell = Callable[[Any], Any]


def clean(raw: object) -> str:
    """A cell's text: NFC, one line, no invisible characters; whole numbers without the decimals of a spreadsheet."""
    if isinstance(raw, str):
        text = raw
    elif isinstance(raw, float):
        text = str(int(raw)) if raw.is_integer() and abs(raw) < 1e15 else format(Decimal(f"{raw:.15g}"), "f")
    else:
        text = str(raw)
    if not text.isprintable():
        text = "".join(map(_visible, text))
    return unicodedata.normalize("NFC", text).strip()


def _visible(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zs" | "Zl" | "Zp":
            return " "
        case "Cf" | "Cs" | "Co" | "Cn":
            return ""
        case _:
            return character


def is_nothing(text: str) -> bool:
    """True of what people write into a cell that has nothing to hold: "", "/", "—", "无"."""
    return _NOTHING.fullmatch(text.translate(_DASHES)) is not None


def _written(raw: object) -> str:
    # A spreadsheet makes a date of "1-2" and 9.1310E+17 of a long number: what was written is lost.
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise CellForm(_WRITTEN)
    text = clean(raw)
    if _DITTO.fullmatch(text):
        raise CellForm(_WRITTEN)
    return text


def _written_code(raw: object) -> str:
    text = _written(raw).translate(_DASHES)
    if _SHORTENED.fullmatch(text) or (isinstance(raw, float) and not (raw.is_integer() and abs(raw) < 1e15)):
        raise CellForm(_CODE_SAYS)
    return text


def _form(annotation: Any, regime: Regime) -> Callable[[str], str]:
    # The same check that the event will make: what passes here is never refused there.
    check = wire.reader(annotation)

    def read(text: str) -> str:
        try:
            return str(check(text, "", regime))
        except WireError as error:
            raise CellForm(str(error.fields["expected"])) from None

    return read


def unit_of(raw: object) -> str:
    """The unit that a cell or heading names, in one word or in two for the same: t, kg, g, l or m3."""
    text = unicodedata.normalize("NFKC", clean(raw)).lower()
    units = {_UNITS.get(word.strip(), "") for word in re.split(r"[()\[\]/]", text) if word.strip()}
    if len(units) != 1 or "" in units:
        raise CellForm(UNITS_SAY)
    return units.pop()


def number(raw: object) -> Quantity:
    """A number not below zero, from a number cell or a text such as "1,234.5" or "350 kg"."""
    text = clean(raw)
    if not text.isascii():  # 1² is not 12, and ① no number
        text = "".join(c if unicodedata.category(c) == "No" else unicodedata.normalize("NFKC", c) for c in text)
    matched = _NUMBER.fullmatch(text)
    if matched is None or isinstance(raw, (bool, date)):
        raise CellForm("0.35 | 350 kg")
    value = Decimal(matched[1].replace(",", ""))
    if value < 0:
        raise CellForm("≥ 0")
    return Quantity(value, unit_of(matched[2]) if matched[2] else "")


@lru_cache(maxsize=4096)
def whole(value: Decimal, factor: int, most: int) -> int:
    """`value` times `factor`, to the nearest whole number, halves to the even one."""
    with localcontext() as context:
        context.prec = 60
        made = int((value * factor).to_integral_value(ROUND_HALF_EVEN))
    if made > most:
        raise CellForm(f"≤ {most}")
    return made


@lru_cache(maxsize=4096)
def declared(quantity: Quantity, unit: str) -> tuple[str, str]:
    """Value and unit as written, the value in the form that events keep."""
    with localcontext() as context:
        context.prec = 60
        value = quantity.value.quantize(Decimal("1.000000000"), ROUND_HALF_EVEN)
    return format(value, "f").rstrip("0").rstrip("."), unit


def when(offset: timedelta, day_0: datetime = _DAY_0) -> Cell:
    """A moment from a date cell, a serial number or a text."""

    def read(raw: object) -> When:
        made = _local(raw, day_0)
        if made is None or not 1990 <= made.year <= 2199:
            raise CellForm("2026-01-31 | 2026-01-31 08:30 | 2026年1月31日")
        whole_day = (made.hour, made.minute, made.second) == (0, 0, 0)
        return When(text_of(made.replace(tzinfo=UTC) - offset), whole_day, f"{made:%Y%m%d}")

    return read


def _local(raw: object, day_0: datetime) -> datetime | None:
    if isinstance(raw, datetime):
        return (raw + timedelta(milliseconds=500)).replace(microsecond=0)
    if isinstance(raw, date):
        return datetime(raw.year, raw.month, raw.day)
    text = unicodedata.normalize("NFKC", clean(raw))
    try:
        if compact := _COMPACT.fullmatch(text):
            return datetime(int(compact[1]), int(compact[2]), int(compact[3]))
        if isinstance(raw, float):
            return day_0 + timedelta(seconds=round(raw * 86_400))
        if matched := _MOMENT.fullmatch(text):
            return datetime(*(int(part or 0) for part in matched.groups()))  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        pass
    return None


def cell_readers(regime: Regime, since_1904: bool = False) -> dict[str, Cell]:
    """The reader of every field; readers get cells that are not empty. `since_1904`: how serial dates are counted."""
    name, batch = _form(values.Name, regime), _form(values.BatchCode, regime)
    waste, container = _form(values.Code, regime), _form(values.ContainerCode, regime)

    def text(raw: object) -> str:
        return name(_written(raw))

    def numbered(raw: object) -> str:
        return name(_written_code(raw))

    def code_text(raw: object) -> str:
        return container(_written_code(raw))

    def batch_text(raw: object) -> str:
        return batch(unicodedata.normalize("NFKC", _written_code(raw)))

    def batches(raw: object) -> tuple[str, ...]:
        parts = _SEPARATORS.split(unicodedata.normalize("NFKC", _written_code(raw)))
        return tuple(dict.fromkeys(batch(part) for part in parts if part))

    def waste_code(raw: object) -> str:
        written = unicodedata.normalize("NFKC", clean(raw)).translate(_DASHES).replace(" ", "").upper()
        plain = _CODE.fullmatch(written.zfill(8) if written.isdigit() else written)
        return waste("-".join(plain.groups()) if plain else written)

    def category(raw: object) -> str:
        matched = _CATEGORY.fullmatch(clean(raw))
        if matched is None:
            raise CellForm("HW08 | SW17")
        return f"{(matched[1] or '').upper()}{int(matched[2]):02}"

    def count(raw: object) -> int:
        quantity = _NUMBER.fullmatch(unicodedata.normalize("NFKC", _written(raw)))
        counted = quantity and _COUNTED.fullmatch(quantity[2] or "")
        value = Decimal(quantity[1].replace(",", "")) if quantity and counted else Decimal(0)
        if value != int(value) or not 1 <= value <= 1_000_000:
            raise CellForm("1, 2, … 1000000")
        return int(value)

    def method(raw: object) -> str:
        written = clean(raw)
        found: set[str] = set(_METHOD.findall(unicodedata.normalize("NFKC", written).upper()))
        codes = found or {code for code, (_, named) in methods().items() if named == written}
        code = codes.pop() if len(codes) == 1 else ""
        if not (_METHODS.fullmatch(code) or code in methods()):
            raise CellForm("R1 … R15, C1 … C3, D1 … D16")
        return code

    def store_kind(raw: object) -> str:
        written = clean(raw)
        for kind, named in STORE_KINDS.items():
            if written == kind or named.removeprefix("贮存") in written:
                return kind
        raise CellForm(" | ".join(STORE_KINDS.values()))

    def receiver_kind(raw: object) -> str:
        written = clean(raw)
        words = {"豁免": "exempt", "境外": "abroad", "出口": "abroad", "许可": "licensed", "持证": "licensed"}
        return next((kind for word, kind in words.items() if word in written), "other")

    moment = when(regime.offset, _DAY_0_MAC if since_1904 else _DAY_0)
    return {
        **dict.fromkeys(("name", "catalogue_name", "container_type", "handler", "carried_by", "destination"), text),
        **dict.fromkeys(("licensed", "exempt", "abroad", "other"), text),
        **dict.fromkeys(("licence", "notice", "manifest_number"), numbered),
        **dict.fromkeys(("container_code", "facility"), code_text),
        "batch": batch_text,
        "from_batches": batches,
        "at": moment,
        "ended": moment,
        "code": waste_code,
        "category": category,
        "quantity": number,
        "unit": unit_of,
        "count": count,
        "method": method,
        "store_kind": store_kind,
        "receiver_kind": receiver_kind,
    }


def is_midnight(moment: str, regime: Regime) -> bool:
    """True at the start of a local day: what a book says that names the day alone."""
    return moment[11:] == _midnight(regime.offset)


@cache
def _midnight(offset: timedelta) -> str:
    return text_of(datetime(2000, 1, 2, tzinfo=UTC) - offset)[11:]


def in_unit(grams: int, unit: str) -> str:
    """Grams as an exact decimal number of the unit."""
    text = format(Decimal(grams) / GRAMS[unit], "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def purpose_of(method: str) -> str:
    """What a facility does that works by the method: utilise or dispose."""
    kind, _ = methods().get(method, ("utilisation" if method.startswith("R") else "disposal", ""))
    return "utilise" if kind == "utilisation" else "dispose"


@cache
def methods() -> dict[str, tuple[str, str]]:
    """Code of a method → its kind (utilisation, disposal, …) and its name."""
    with open_text("cn/method-codes.csv") as table:
        return {row["code"]: (row["kind"], row["name"]) for row in csv.DictReader(table)}
