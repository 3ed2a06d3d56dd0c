"""A catalogue is taken whole or not at all, and the same edition has the same hash however it was written down."""

from __future__ import annotations

import csv
import random

import pytest

from fixtures import open_text
from ledger.custody.events import parse
from ledger.custody.events.authority import CatalogueAdopted
from ledger.custody.regimes.cn import REGIME
from ledger.exchange.catalogue import COLUMNS, CatalogueRefused, read_catalogue

GOOD = '900-249-08,废矿物油与含矿物油废物,非特定行业,其他,"T,I"'


def lines() -> list[str]:
    with open_text("cn/catalogue-2021.csv") as table:
        return table.readlines()


def faults(*rows: str) -> list[tuple[object, object]]:
    with pytest.raises(CatalogueRefused) as refused:
        read_catalogue([",".join(COLUMNS), *rows])
    return [(fault.fields["row"], fault.fields["column"]) for fault in refused.value.faults]


def test_the_edition_of_2021_is_taken_with_all_its_codes() -> None:
    catalogue = read_catalogue(lines())
    with open_text("cn/catalogue-2021.csv") as table:
        assert catalogue.codes == {row["code"] for row in csv.DictReader(table)}
    event = parse("catalogue-adopted", catalogue.body("2021", "2021-01-01"), REGIME)
    assert isinstance(event, CatalogueAdopted)
    assert (event.count, event.content) == (467, catalogue.sha256)


def test_order_of_rows_and_columns_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    heading, *rows = lines()
    random.Random(1).shuffle(rows)
    turned = csv.DictReader([heading, *rows])
    names = tuple(reversed(COLUMNS))
    other = ["\ufeff" + ",".join(names) + "\r\n"]
    other += [",".join(f'"{row[name]}"' for name in names) + "\r\n" for row in turned]
    assert read_catalogue(other).sha256 == read_catalogue(lines()).sha256


def test_its_content_is_a_catalogue_again() -> None:
    catalogue = read_catalogue(lines())
    assert read_catalogue(catalogue.content.decode().splitlines(keepends=True)) == catalogue


def test_one_changed_hazard_is_another_content() -> None:
    changed = [line.replace(",In", ",T") if line.startswith("841-001-01") else line for line in lines()]
    assert read_catalogue(changed).sha256 != read_catalogue(lines()).sha256


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("900-249-8,废矿物油与含矿物油废物,x,y,T", "code"),
        ("900-249-51,废矿物油与含矿物油废物,x,y,T", "code"),
        ("900-001-S07,炉渣,x,y,T", "code"),
        (GOOD, "code"),
        ("900-201-08,废油,x,y,T", "category_name"),
        ("900-201-08,,x,y,T", "category_name"),
        ("900-201-08,废矿物油与含矿物油废物,x,,T", "description"),
        ("900-201-08,废矿物油与含矿物油废物,x,y,X", "hazard"),
        ("900-201-08,废矿物油与含矿物油废物,x,y,T I", "hazard"),
        ("900-201-08,废矿物油与含矿物油废物,x,y,", "hazard"),
        ("900-201-08", "category_name"),
    ],
)
def test_a_faulty_row_is_named(row: str, expected: str) -> None:
    assert (3, expected) in faults(GOOD, row)


def test_a_comma_that_nobody_quoted_moves_no_text_to_another_column() -> None:
    heading = "code,category_name,industry,hazard,description"
    with pytest.raises(CatalogueRefused) as refused:
        read_catalogue([heading, "900-249-08,废矿物油与含矿物油废物,x,T,其他, 沾染物"])
    assert [(f.fields["row"], f.fields["got"]) for f in refused.value.faults] == [(2, " 沾染物")]
    assert len(read_catalogue([heading, "900-249-08,废矿物油与含矿物油废物,x,T,其他,,"]).wastes) == 1


def test_an_exemption_list_without_a_column_is_refused() -> None:
    row = {"row": "1", "item": 1, "code": "900-249-08", "waste": "x", "stage": "利用", "condition": "y", "content": "z"}
    with pytest.raises(CatalogueRefused) as refused:
        read_catalogue([",".join(COLUMNS), GOOD], exemptions=[row])
    assert [f.fields["column"] for f in refused.value.faults] == ["exemptions, codes"]


@pytest.mark.parametrize("codes", [["900-249-08，900-214-08"], [1], [{"a": 1}], "见名录"])
def test_an_exemption_of_what_is_no_code_is_refused(codes: object) -> None:
    row = {"row": "1", "item": 1, "codes": codes, "waste": "x", "stage": "利用", "condition": "y", "content": "z"}
    with pytest.raises(CatalogueRefused) as refused:
        read_catalogue([",".join(COLUMNS), GOOD], exemptions=[row])
    assert [(f.fields["row"], f.fields["column"]) for f in refused.value.faults] == [(1, "codes")]


def test_all_faults_are_named_at_once_and_a_missing_column_alone() -> None:
    assert len(faults("1,a,b,c,T", "2,a,b,c,T", "3,a,b,c,T")) >= 3
    with pytest.raises(CatalogueRefused, match="hazard"):
        read_catalogue(["code,category_name,industry,description", "900-249-08,a,b,c"])
    assert faults() == [(2, "code")]


def test_an_exemption_list_that_is_no_table_is_named_as_such() -> None:
    header = "code,category_name,industry,description,hazard"
    endless = csv.DictReader(["row\n", "x" * 140_000])
    with pytest.raises(CatalogueRefused, match="a line of CSV"):
        read_catalogue([header], exemptions=endless)
