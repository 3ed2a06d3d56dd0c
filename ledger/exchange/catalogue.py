"""Editions of the catalogue of hazardous wastes (国家危险废物名录), read from tables and named by their content."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from ledger.custody.regimes.base import Regime
from ledger.custody.regimes.cn import REGIME
from ledger.errors import FormError
from ledger.exchange.hj1259.cells import clean
from ledger.log.hashing import sha256

COLUMNS = ("code", "category_name", "industry", "description", "hazard")
_HAZARD = re.compile(r"(?:In|T|C|I|R)(?:[,/](?:In|T|C|I|R)){0,4}")
_HAZARDOUS = re.compile(r"\d{3}-\d{3}-\d{2}")


class CatalogueRowFault(FormError):
    """A row of a catalogue that is not right."""

    code = "catalogue-row"
    zh = "名录第 {row} 行“{column}”有误，请改正"
    en = "catalogue row {row}, {column}: not correct, correct it"


class CatalogueRefused(FormError):
    """A catalogue with faults is not taken; `faults` lists them all."""

    code = "catalogue-refused"
    zh = "名录有 {count} 处错误，未导入：{first}"
    en = "the catalogue has {count} faults and was not taken: {first}"

    def __init__(self, faults: tuple[CatalogueRowFault, ...]) -> None:
        super().__init__(count=len(faults), first=faults[0])
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Waste:
    """One entry of the catalogue."""

    code: str
    category_name: str
    industry: str
    description: str
    hazard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """An edition. `content` is its canonical CSV, ordered by code: whoever has the same edition has the same bytes."""

    wastes: tuple[Waste, ...]
    content: bytes

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(waste.code for waste in self.wastes)

    @property
    def sha256(self) -> str:
        """Hex; what `catalogue-adopted` names."""
        return sha256(self.content).hex()

    def body(self, edition: str, effective_from: str) -> dict[str, Any]:
        """The body of the `catalogue-adopted` of this edition."""
        return {
            "edition": edition,
            "effective_from": effective_from,
            "content": self.sha256,
            "count": len(self.wastes),
        }


def read_catalogue(lines: Iterable[str], regime: Regime = REGIME) -> Catalogue:
    """The edition in a CSV table with the columns code, category_name, industry, description, hazard, in any order.
    Raises CatalogueRefused with every faulty row."""
    table = csv.DictReader(line.removeprefix("\ufeff") for line in lines)
    faults: list[CatalogueRowFault] = []
    missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
    if missing:
        got = ", ".join(map(str, table.fieldnames or ()))
        raise CatalogueRefused((CatalogueRowFault(row=1, column=", ".join(missing), expected="present", got=got),))
    wastes: dict[str, Waste] = {}
    for row in table:
        number, waste = table.line_num, Waste(**{name: clean(row[name] or "") for name in COLUMNS})
        faults += (
            CatalogueRowFault(row=number, column=column, expected=expected, got=getattr(waste, column) or "—")
            for column, expected in _wrong(waste, wastes, regime)
        )
        wastes.setdefault(waste.code, waste)
    if not wastes and not faults:
        faults.append(CatalogueRowFault(row=2, column="code", expected="at least one code", got="none"))
    if faults:
        raise CatalogueRefused(tuple(faults))
    ordered = tuple(sorted(wastes.values(), key=lambda waste: waste.code))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(waste) for waste in ordered)
    return Catalogue(wastes=ordered, content=text.getvalue().encode())


def catalogue_of(content: bytes) -> Catalogue:
    """An edition read back from its canonical CSV."""
    return read_catalogue(io.StringIO(content.decode(), newline=""))


def codes_of(content: bytes) -> frozenset[str]:
    """The codes of an edition, from its canonical CSV, which was checked when it was made."""
    return frozenset(row["code"] for row in csv.DictReader(io.StringIO(content.decode(), newline="")))


def _wrong(waste: Waste, before: Mapping[str, Waste], regime: Regime) -> Iterable[tuple[str, str]]:
    expected = regime.check_code(waste.code)
    if expected is None and not _HAZARDOUS.fullmatch(waste.code):
        expected = "a code of hazardous waste such as 900-249-08"
    if expected is not None:
        yield "code", expected
    if waste.code in before:
        yield "code", "each code once"
    same = next((w for w in before.values() if w.code[-2:] == waste.code[-2:]), None)
    if not waste.category_name or (same is not None and same.category_name != waste.category_name):
        yield "category_name", f"one name for HW{waste.code[-2:]}" + (f": {same.category_name}" if same else "")
    if not waste.description:
        yield "description", "a description"
    if not _HAZARD.fullmatch(waste.hazard):
        yield "hazard", "hazards among T, C, I, R, In, such as T/C"
