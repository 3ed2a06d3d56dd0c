"""Editions of the catalogue of hazardous wastes (国家危险废物名录), read from tables and named by their content."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from fixtures import open_text
from ledger.custody.regimes.base import Regime
from ledger.custody.regimes.cn import REGIME
from ledger.custody.registry import Edition, ExemptionRow
from ledger.errors import FormError
from ledger.exchange.hj1259.cells import clean
from ledger.log.hashing import sha256

COLUMNS = ("code", "category_name", "industry", "description", "hazard")
EXEMPTION = ("row", "item", "codes", "waste", "stage", "condition", "content")
# 环节 of the exemption list; a row may name two.
STAGES = {
    "全部环节": ("all",),
    "收集": ("collection",),
    "运输": ("transport",),
    "利用": ("utilisation",),
    "处置": ("disposal",),
    "利用、处置": ("utilisation", "disposal"),
}
# What a row exempts may be one way of disposal only: 填埋处置过程 is landfill, 水泥窑协同处置过程 a cement kiln.
METHODS = {"填埋处置过程": ("D1",), "水泥窑协同处置过程": ("C1",)}
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
    zh = "名录未导入：{first}（共 {count} 处错误）"
    en = "the catalogue was not taken: {first} ({count} faults in all)"

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
    """An edition. `content` is its canonical text: a CSV of the codes, ordered by code, and, where it has an exemption
    list (豁免管理清单), a blank line and a CSV of its rows. Whoever has the same edition has the same bytes."""

    wastes: tuple[Waste, ...]
    content: bytes
    exemptions: tuple[ExemptionRow, ...] = ()

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


def read_catalogue(
    lines: Iterable[str], regime: Regime = REGIME, exemptions: Iterable[Mapping[str, Any]] = ()
) -> Catalogue:
    """The edition in a CSV table with the columns code, category_name, industry, description, hazard, in any order, and
    its exemption list. Raises CatalogueRefused with every faulty row."""
    table = csv.DictReader(line.removeprefix("\ufeff") for line in lines)
    faults: list[CatalogueRowFault] = []
    try:
        found = [(table.line_num, row) for row in table]
        listed = list[dict[str, str]]()
        for number, given in enumerate(exemptions, 1):
            if lacking := [name for name in EXEMPTION if name not in given]:
                column = f"exemptions, {', '.join(lacking)}"
                faults.append(CatalogueRowFault(row=number, column=column, expected="present", got="absent"))
            listed.append({name: _cell(given.get(name, "")) for name in EXEMPTION})
    except csv.Error as error:
        fault = CatalogueRowFault(row=table.line_num + 1, column="—", expected="a line of CSV", got=str(error))
        raise CatalogueRefused((fault,)) from None
    missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
    if missing:
        got = ", ".join(map(str, table.fieldnames or ()))
        raise CatalogueRefused((CatalogueRowFault(row=1, column=", ".join(missing), expected="present", got=got),))
    wastes: dict[str, Waste] = {}
    for number, row in found:
        if any(row.get(None, ())):
            expected = f"{len(COLUMNS)} cells, a text with a comma in quotes"
            faults.append(CatalogueRowFault(row=number, column="—", expected=expected, got=" | ".join(row[None])))
            continue
        waste = Waste(**{name: clean(row[name] or "") for name in COLUMNS})
        faults += (
            CatalogueRowFault(row=number, column=column, expected=expected, got=getattr(waste, column) or "—")
            for column, expected in _wrong(waste, wastes, regime)
        )
        wastes.setdefault(waste.code, waste)
    if not wastes and not faults:
        faults.append(CatalogueRowFault(row=2, column="code", expected="at least one code", got="none"))
    rows: list[ExemptionRow] = []
    for number, named in enumerate(listed, 1):
        if named["stage"] not in STAGES or not named["row"] or named["row"] in {r.row for r in rows}:
            shown = f"{named['row']} {named['stage']}"
            faults.append(CatalogueRowFault(row=number, column="exemptions", expected=" or ".join(STAGES), got=shown))
            continue
        if wrong := next(filter(None, map(regime.check_class, named["codes"].split())), None):
            faults.append(CatalogueRowFault(row=number, column="codes", expected=wrong, got=named["codes"]))
            continue
        rows.append(_exemption(named))
    if faults:
        raise CatalogueRefused(tuple(faults))
    ordered = tuple(sorted(wastes.values(), key=lambda waste: waste.code))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(waste) for waste in ordered)
    if listed:
        text.write("\n")
        writer.writerow(EXEMPTION)
        writer.writerows(tuple(named.values()) for named in listed)
    return Catalogue(wastes=ordered, content=text.getvalue().encode(), exemptions=tuple(rows))


def carried(edition: str) -> Catalogue:
    """An edition that travels with the product, with its exemption list; raises KeyError for any other."""
    with open_text("cn/editions.json") as text:
        known = {e["edition"]: e for e in json.load(text) if "catalogue" in e}[edition]
    with open_text(f"cn/{known['catalogue']}") as lines, open_text(f"cn/{known['exemptions']}") as rows:
        return read_catalogue(lines, exemptions=json.load(rows))


def catalogue_of(content: bytes) -> Catalogue:
    """An edition read back from its canonical text."""
    codes, exemptions = _tables(content)
    rows = [row | {"codes": row["codes"].split()} for row in exemptions]
    return read_catalogue(codes.splitlines(keepends=True), exemptions=rows)


def edition_of(content: bytes) -> Edition:
    """What rules read of an edition, from its canonical text, which was checked when it was made. Waste in no row that
    is identified as hazardous has 900-000 and its class for a code (名录 第六条)."""
    table, exemptions = _tables(content)
    codes = frozenset(row["code"] for row in csv.DictReader(io.StringIO(table, newline="")))
    return Edition(
        codes=codes | {f"900-000-{code[-2:]}" for code in codes},
        exemptions={row["row"]: _exemption(row) for row in exemptions},
    )


def _tables(content: bytes) -> tuple[str, list[dict[str, str]]]:
    codes, _, exemptions = content.decode().partition("\n\n")
    return codes + "\n", list(csv.DictReader(io.StringIO(exemptions, newline="")))


def _cell(value: Any) -> str:
    return " ".join(map(clean, value)) if isinstance(value, list) else clean(str(value))


def _exemption(row: Mapping[str, str]) -> ExemptionRow:
    methods = next((m for words, m in METHODS.items() if row["content"].startswith(words)), ())
    return ExemptionRow(
        row=row["row"],
        codes=frozenset(row["codes"].split()),
        stages=frozenset(STAGES[row["stage"]]),
        methods=frozenset(methods),
        condition=row["condition"],
    )


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
