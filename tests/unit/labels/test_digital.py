"""Digital codes are checked in every part and come from reserved blocks only."""

from __future__ import annotations

import pytest

from ledger.labels.digital import DigitalCode, DigitalCodeForm, free_block, free_codes, parse

TEXT = "91150600MA0EXAMP0W9002140820260301001"
CREDIT = TEXT[:18]


def test_a_code_is_read_into_its_parts_and_written_back() -> None:
    made = parse(f"{TEXT[:18]} {TEXT[18:]}")
    assert made == DigitalCode(credit_code=CREDIT, code="900-214-08", day="2026-03-01", serial=1)
    assert made.text == TEXT
    assert len(TEXT) == 37


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:-1],
        TEXT + "1",
        TEXT[:17] + "X" + TEXT[18:],
        TEXT.replace("20260301", "20260230"),
        TEXT[:-3] + "000",
        TEXT[:-3] + "00A",
        TEXT.replace("9002", "９002"),
    ],
    ids=["short", "long", "check character", "no such day", "serial 0", "letters", "full width"],
)
def test_nearly_right_codes_are_refused(text: str) -> None:
    with pytest.raises(DigitalCodeForm):
        parse(text)


def test_free_codes_are_those_of_the_blocks_that_stand_on_no_label() -> None:
    free = list(free_codes(CREDIT, "900-214-08", "2026-03-01", [(1, 2), (5, 5)], {TEXT}))
    assert [each[-3:] for each in free] == ["002", "005"]


def test_without_a_block_there_is_no_code() -> None:
    assert list(free_codes(CREDIT, "900-214-08", "2026-03-01", [], set())) == []


def test_a_block_begins_behind_all_others_and_ends_at_999() -> None:
    assert free_block(20, []) == (1, 20)
    assert free_block(20, [(1, 20), (21, 979)]) == (980, 999)
    assert free_block(21, [(1, 20), (21, 979)]) is None
