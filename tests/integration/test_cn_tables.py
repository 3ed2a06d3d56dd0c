"""The tables of the regime `cn` hold exactly the facts of the shared source data."""

from __future__ import annotations

import csv
import json
import re
from typing import Any

from fixtures import open_text
from tests.support.repository import shared_data


def rows(path: str) -> list[dict[str, str]]:
    with open_text(path) as table:
        return list(csv.DictReader(table))


def source(path: str) -> Any:
    return json.loads(shared_data(path).read_text(encoding="utf-8"))


def test_the_catalogue_holds_all_467_codes_with_their_names_and_hazards() -> None:
    with shared_data("cn/hw_catalogue_2021.csv").open(encoding="utf-8", newline="") as table:
        expected = {row["code"]: row for row in csv.DictReader(table)}
    ours = rows("cn/catalogue-2021.csv")
    assert len(ours) == len({row["code"] for row in ours}) == 467
    assert {row["code"] for row in ours} == set(expected)
    for row in ours:
        assert row == {column: expected[row["code"]][column] for column in row}


def test_the_last_two_digits_of_a_code_are_its_category() -> None:
    with shared_data("cn/hw_catalogue_2021.csv").open(encoding="utf-8", newline="") as table:
        category = {row["code"]: row["category"] for row in csv.DictReader(table)}
    ours = [row["code"] for row in rows("cn/catalogue-2021.csv")]
    assert [f"HW{code[-2:]}" for code in ours] == [category[code] for code in ours]


def test_a_carried_edition_has_as_many_codes_as_it_says() -> None:
    with open_text("cn/editions.json") as listed:
        editions = json.load(listed)
    carried = [edition for edition in editions if "catalogue" in edition]
    assert [edition["edition"] for edition in carried] == ["2021"]
    for edition in carried:
        assert len(rows(f"cn/{edition['catalogue']}")) == edition["codes"]


def test_every_exemption_row_is_carried_for_its_stage() -> None:
    with open_text("cn/exemptions-2021.json") as listed:
        ours = json.load(listed)
    assert len(ours) == 57
    assert len({row["item"] for row in ours}) == 32
    expected = source("cn/hw_exemptions_2021.json")
    told = [field for field in ours[0] if field != "row"]
    assert [{field: row[field] for field in told} for row in ours] == [
        {field: row[field] for field in told} for row in expected
    ]
    # The id of a row: edition, item, stage, and its number among the item's rows of that stage.
    assert len({row["row"] for row in ours}) == 57
    assert all(re.fullmatch(rf"2021-{row['item']}-{row['stage']}-\d", row["row"]) for row in ours)


def test_every_method_code_is_carried_with_its_name() -> None:
    expected = source("cn/method_codes.json")
    named = {kind: expected[kind] for kind in ("utilisation", "disposal", "medical")}
    named["chromium-slag"] = expected["chromium_slag_detox_only"]
    ours: dict[str, dict[str, str]] = {}
    for row in rows("cn/method-codes.csv"):
        ours.setdefault(row["kind"], {})[row["code"]] = row["name"]
    assert ours == named


def test_every_incompatible_pair_is_carried() -> None:
    assert rows("cn/incompatible-pairs.csv") == source("cn/gb18597_2001_appendixB.json")["table2_incompatible_pairs"]
