"""An enterprise's own books come in once, row by row under its signature, and go out again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files

import pytest

from ledger.exchange.hj1259 import Row, read_workbook, write_workbook
from tests.support.command import Home

SAMPLE = files("fixtures").joinpath("hj1259/sample.xlsx").read_bytes()
IMPORT = "wasteledger import hj1259 books.xlsx --register-facilities --as ann"


@pytest.fixture
def books(home: Home) -> Home:
    (home.folder / "books.xlsx").write_bytes(SAMPLE)
    return home


def rewritten(home: Home, change: Callable[[Row], Row]) -> None:
    """The sample's rows, changed, as a workbook of the standard's own form."""
    rows = [change(row) for row in read_workbook(SAMPLE).rows]
    (home.folder / "books.xlsx").write_bytes(write_workbook(rows))


def size(home: Home) -> int:
    return int(home.answers("wasteledger rate")["checkpoint"]["size"])


def test_the_sample_is_imported_and_its_figures_stay_asserted(books: Home) -> None:
    done = books.answers(IMPORT)
    assert (done["new"], done["skipped"], done["faults"], done["corrections"], done["not_recorded"]) == (
        31,
        0,
        [],
        [],
        [],
    )
    figures = books.answers("wasteledger rate --period 2026 --as-of 2026-06-30")
    assert figures["declared"]["part_g"] > 0
    assert (figures["verified_g"], figures["asserted_g"]) == (0, 0)
    assert {"why": "closed-by-unentitled", "detail": "no-licence", "grams": 2_700_000} in figures["missing"]
    told = books.answers("wasteledger show YT-0001")
    assert [step["type"] for step in told["steps"]] == [
        "container-filled",
        "container-stored",
        "container-taken-out",
        "delivery-recorded",
    ]
    text = books.does("wasteledger show YT-0001")
    assert "transcribed from" in text
    assert "handled by 张示例" in text
    assert "recorded-late" not in text


def test_a_second_import_of_the_same_books_writes_nothing(books: Home) -> None:
    books.does(IMPORT)
    before = size(books)
    again = books.answers(IMPORT)
    assert (again["new"], again["skipped"], again["recorded"], again["corrections"]) == (0, 31, 0, [])
    assert size(books) == before


def test_another_content_under_a_known_identity_is_a_correction_to_make(books: Home) -> None:
    books.does(IMPORT)
    before = size(books)
    rewritten(books, lambda r: replace(r, quantity=("0.2", "t"), net_g=200_000) if r.batch == "HWCS20260105001" else r)
    again = books.answers(IMPORT)
    assert (again["new"], again["skipped"]) == (0, 30)
    (correction,) = again["corrections"]
    assert correction["column"].startswith("产生量")
    assert correction["got"] != correction["expected"]
    text = books.does(IMPORT)
    assert f"correct statement {correction['statement']}" in text
    assert size(books) == before


def test_every_bad_row_is_listed_and_nothing_is_written_unless_asked(books: Home) -> None:
    bad = {"HWRK20260106001": "HWCS20991231999", "HWRK20260303001": "HWCS20991231998"}
    rewritten(books, lambda r: replace(r, from_batches=(bad[r.batch],)) if r.batch in bad else r)
    before = size(books)
    stopped = books.run(IMPORT)
    assert stopped.exit_code == 1
    faults = [line for line in stopped.stdout.splitlines() if line.startswith("! ")]
    assert len([line for line in faults if "this batch is neither in the workbook nor in the ledger" in line]) == 2
    assert all("row " in line for line in faults)
    assert "nothing was written" in stopped.stdout
    assert size(books) == before
    partly = books.answers(f"{IMPORT} --accept-good-rows")
    assert partly["recorded"] > 0
    assert len(partly["faults"]) >= 2
    listed = json.loads(books.run(f"{IMPORT} --json").stdout)
    assert listed["recorded"] is None
    assert listed["skipped"] == partly["new"]


def test_facilities_nobody_registered_are_named_before_anything_is_signed(books: Home) -> None:
    before = size(books)
    stopped = books.run("wasteledger import hj1259 books.xlsx --as ann")
    assert stopped.exit_code == 1
    for code in ("MF0001", "TS001", "TW001"):
        assert f"facility {code} is not registered" in stopped.stdout
    assert size(books) == before
    books.does(IMPORT)
    listed = books.does("wasteledger facility list")
    assert "TS001" in listed


def test_a_dry_run_says_what_would_come_in_and_writes_nothing(books: Home) -> None:
    before = size(books)
    assert "31 new rows" in books.does(f"{IMPORT} --dry-run")
    assert size(books) == before


def test_what_was_imported_goes_out_again_and_comes_back_as_known(books: Home) -> None:
    books.does(IMPORT, "wasteledger export hj1259 --party Garage -o out.xlsx")
    again = books.answers("wasteledger import hj1259 out.xlsx --as ann")
    assert (again["new"], again["skipped"], again["corrections"], again["faults"]) == (0, 31, [], [])


def test_what_was_recorded_as_it_happened_goes_out_in_the_five_tables(home: Home) -> None:
    home.does(
        "wasteledger fill drum-1 --mass 182.5kg --as ann",
        "wasteledger store drum-1 --as ann",
        "wasteledger take-out drum-1 --as ann",
        "wasteledger export hj1259 --party Garage -o out.xlsx",
    )
    rows = read_workbook((home.folder / "out.xlsx").read_bytes()).rows
    assert [(row.table, row.container_code, row.net_g) for row in rows] == [
        ("B.1", "drum-1", 182_500),
        ("B.2", "drum-1", 182_500),
        ("B.3", "drum-1", 182_500),
    ]


def test_a_file_that_is_no_workbook_is_refused(books: Home) -> None:
    (books.folder / "books.xlsx").write_bytes(b"not a workbook")
    assert books.run(IMPORT).exit_code == 1
