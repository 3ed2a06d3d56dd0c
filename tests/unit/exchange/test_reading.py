"""Workbooks are read as people keep them, and every cell that is wrong is named at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.custody import values, wire
from ledger.custody.regimes.cn import REGIME
from ledger.exchange.hj1259 import NotAWorkbook, Row, Workbook, read_workbook
from ledger.exchange.hj1259.cells import CellForm, cell_readers, clean, declared, in_unit, number, whole
from ledger.exchange.hj1259.remarks import NoTable, Remark, RowTwice
from ledger.exchange.hj1259.tables import COLUMNS, TABLES
from ledger.log import canonical
from tests.support.books import B1, B2, B5, FILLED, SENT, book

READERS = cell_readers(REGIME)


def one(sheets: dict[str, Any]) -> Row:
    read = read_workbook(book(sheets))
    assert [str(fault) for fault in read.faults] == []
    (row,) = read.rows
    return row


def filled(**cells: Any) -> Workbook:
    """Table B.1 with one row, some of its cells other than usual."""
    row = dict(zip(B1, FILLED, strict=True)) | cells
    return read_workbook(book({"B.1": [tuple(row), tuple(row.values())]}))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (datetime(2026, 1, 31), "2026-01-30T16:00:00.000Z"),
        (datetime(2026, 1, 31, 8, 30), "2026-01-31T00:30:00.000Z"),
        (46053.0, "2026-01-30T16:00:00.000Z"),
        (46053.354166666664, "2026-01-31T00:30:00.000Z"),
        ("2026-01-31", "2026-01-30T16:00:00.000Z"),
        ("2026/1/31", "2026-01-30T16:00:00.000Z"),
        ("2026.1.31", "2026-01-30T16:00:00.000Z"),
        ("2026年1月31日", "2026-01-30T16:00:00.000Z"),
        ("2026年1月31日 8时30分", "2026-01-31T00:30:00.000Z"),
        ("２０２６－０１－３１", "2026-01-30T16:00:00.000Z"),
        ("2026-01-31 08:30", "2026-01-31T00:30:00.000Z"),
        ("2026-01-31T08:30:15", "2026-01-31T00:30:15.000Z"),
        ("20260131", "2026-01-30T16:00:00.000Z"),
        (20260131.0, "2026-01-30T16:00:00.000Z"),
    ],
)
def test_a_moment_is_read_in_every_form_that_people_write(raw: object, expected: str) -> None:
    assert READERS["at"](raw).at == expected


@pytest.mark.parametrize("raw", ["2026-02-30", "31.1.2026", "昨天", "2026-13-01", 3.0, "1.5", "2026-01-31 25:00", True])
def test_what_is_no_moment_is_not_guessed(raw: object) -> None:
    with pytest.raises(CellForm):
        READERS["at"](raw)


@pytest.mark.parametrize(
    ("raw", "unit", "grams"),
    [
        (0.35, "t", 350_000),
        (0.1 + 0.2, "t", 300_000),
        ("0.1755", "吨", 175_500),
        ("1,234.5", "kg", 1_234_500),
        ("350 公斤", "", 350_000),
        ("350KG", "t", 350_000),
        (0.0000005, "t", 0),
        (0.0000015, "t", 2),
        (0.0000025, "t", 2),
        ("２５", "克", 25),
    ],
)
def test_a_mass_becomes_whole_grams_halves_to_the_even_one(raw: object, unit: str, grams: int) -> None:
    quantity = number(raw)
    read = quantity.unit or READERS["unit"](unit)
    assert whole(quantity.value, {"t": 10**6, "kg": 10**3, "g": 1}[read], 10**13) == grams


@given(st.integers(0, 10**13), st.sampled_from(["t", "kg", "g"]))
@settings(max_examples=100)
def test_grams_written_in_a_unit_are_read_back_exactly(grams: int, unit: str) -> None:
    factor = {"t": 10**6, "kg": 10**3, "g": 1}[unit]
    written = in_unit(grams, unit)
    assert whole(number(written).value, factor, 10**13) == grams
    assert declared(number(written), unit) == (written, unit)


@pytest.mark.parametrize("raw", ["-1", "abc", "1/2", "", "1 2", "350 斤"])
def test_what_is_no_quantity_is_not_guessed(raw: str) -> None:
    with pytest.raises(CellForm):
        number(raw)


@pytest.mark.parametrize("raw", ["900-249-08", "900249 08", "90024908", 90024908.0, "900－249－08", " 900–249–08 "])
def test_a_waste_code_is_read_with_any_dash_or_as_a_number(raw: object) -> None:
    assert READERS["code"](raw) == "900-249-08"


def test_leading_zeros_that_a_spreadsheet_dropped_come_back() -> None:
    assert READERS["code"](7200101.0) == "072-001-01"


def test_several_batches_in_one_cell_are_taken_apart() -> None:
    assert READERS["from_batches"]("A1、B2，C3,D4；E5;F6 G7\nA1") == ("A1", "B2", "C3", "D4", "E5", "F6", "G7")


@given(st.text(max_size=40))
@settings(max_examples=100)
def test_cleaned_text_is_text_that_a_statement_may_hold(text: str) -> None:
    cleaned = clean(text)
    canonical.encode({"text": cleaned})
    if 0 < len(cleaned) <= 200:
        wire.reader(values.Name)(cleaned, "", REGIME)


def test_headings_may_stand_in_any_order_below_a_title_over_two_rows() -> None:
    row = one(
        {
            "台账1月": [
                ("表B.1 危险废物产生环节记录表", "", "", "", ""),
                ("危险废物名称", "", "危险废物代码", "产生量（吨）", "产生时间", "产生批次编码"),
                ("国家危险废物名录名称", "行业俗称/单位内部名称", "", "", "", ""),
                ("废矿物油与含矿物油废物", "废机油", "900-249-08", 0.18, "2026-01-05", "HWCS20260105001"),
            ]
        }
    )
    assert (row.name, row.catalogue_name, row.net_g) == ("废机油", "废矿物油与含矿物油废物", 180_000)
    assert (row.quantity, row.number, row.sheet) == (("0.18", "t"), 4, "台账1月")


@pytest.mark.parametrize("name", ["表B.1", "B.1", "b1 产生", "表Ｂ．１", "产生环节", "1月产生台账"])
def test_a_sheet_is_known_by_its_number_or_its_stage(name: str) -> None:
    assert one({name: [B1, FILLED]}).table == "B.1"


def test_the_unit_may_stand_above_the_table() -> None:
    headings = tuple(h for h in B1 if h != "计量单位")
    cells = tuple(c for h, c in zip(B1, FILLED, strict=True) if h != "计量单位")
    assert one({"B.1": [("", "", "", "", "单位：千克"), headings, cells]}).net_g == 180_000


def test_totals_notes_and_empty_rows_below_a_table_are_left_alone() -> None:
    read = read_workbook(book({"B.1": [B1, FILLED, ("",), ("合计", "", "", "", 180), ("注：单位为千克",)]}))
    assert (len(read.rows), read.faults) == (1, ())
    assert [notice.place for notice in read.notices] == [("B.1", 4), ("B.1", 5)]


def test_a_volume_is_kept_as_a_volume_and_never_as_a_mass() -> None:
    (row,) = filled(产生量=0.2, 计量单位="立方米").rows
    assert (row.net_g, row.volume_ml, row.quantity) == (None, 200_000, ("0.2", "m3"))


def test_the_receiver_is_the_one_whose_column_is_filled() -> None:
    headings = (*B5[:4], "豁免管理单位名称", "境外单位名称", "出口核准通知单编号", B5[6])
    row = one({"B.5": [headings, (*SENT[:4], "", "Example Metals", "N-7", SENT[6])]})
    assert (row.receiver_kind, row.receiver, row.notice) == ("abroad", "Example Metals", "N-7")


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"产生时间": "五日"}, "hj-1259-cell-unreadable", "产生时间"),
        ({"危险废物代码": "900-249-99"}, "hj-1259-cell-unreadable", "危险废物代码"),
        ({"产生量": "很多"}, "hj-1259-cell-unreadable", "产生量"),
        ({"产生量": -1}, "hj-1259-cell-unreadable", "产生量"),
        ({"产生量": 0}, "hj-1259-cell-unreadable", "产生量"),
        ({"计量单位": "桶"}, "hj-1259-cell-unreadable", "计量单位"),
        ({"计量单位": ""}, "hj-1259-cell-missing", "计量单位"),
        ({"产生批次编码": ""}, "hj-1259-cell-missing", "产生批次编码"),
        ({"单位内部名称": ""}, "hj-1259-cell-missing", "行业俗称/单位内部名称"),
        ({"容器数量": 1.5}, "hj-1259-cell-unreadable", "容器/包装数量"),
        ({"危险废物类别": "HW49"}, "hj-1259-category-differs", "危险废物类别"),
    ],
)
def test_a_bad_cell_is_named_with_sheet_row_column_and_what_to_do(
    cells: dict[str, Any], code: str, column: str
) -> None:
    read = filled(**cells)
    assert read.rows == ()
    (fault,) = read.faults
    assert (fault.code, fault.place, fault.fields["column"]) == (code, ("B.1", 2), column)
    assert "请" in fault.says("zh")
    assert "<" not in fault.says("zh") + fault.says("en")


def test_all_bad_rows_are_reported_at_once() -> None:
    bad = [(f"HWCS2026010500{n}", "?", "废机油", "900-249-08", "?", "kg", f"D-{n}", 1) for n in range(5)]
    read = read_workbook(book({"B.1": [B1, *bad]}))
    assert [fault.place[1] for fault in read.faults] == [2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert read.faulty["B.1", "HWCS20260105003"] == ("B.1", 5)


def test_a_missing_column_is_one_fault_of_its_sheet() -> None:
    read = read_workbook(book({"B.2": [B2[:4], *[("HWRK20260106001", "2026-01-06", "D-1", 1)] * 3]}))
    (fault,) = read.faults
    assert fault.fields["column"] == "贮存设施编码、产生批次编码"


def test_a_column_nobody_knows_is_said_and_left_alone() -> None:
    read = read_workbook(book({"B.1": [(*B1, "天气"), (*FILLED, "晴")]}))
    assert [notice.fields.get("columns") for notice in read.notices] == ["天气"]


def test_the_same_container_twice_in_a_batch_is_a_fault_of_the_second_row() -> None:
    (fault,) = read_workbook(book({"B.1": [B1, FILLED, FILLED]})).faults
    assert isinstance(fault, RowTwice)
    assert (fault.place, fault.fields["other"]) == (("B.1", 3), 2)


def test_rows_without_a_container_code_are_told_apart_by_their_order() -> None:
    plain = (*FILLED[:6], "", 1)
    read = read_workbook(book({"B.1": [B1, plain, plain, FILLED]}))
    assert [(row.container_code, row.ordinal) for row in read.rows] == [("", 0), ("", 1), ("D-1", 0)]


def test_a_workbook_without_any_of_the_tables_says_so() -> None:
    assert [type(fault) for fault in read_workbook(book({"工资": [("姓名", "元"), ("甲", 1)]})).faults] == [NoTable]


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 512]
)
def test_what_is_no_spreadsheet_is_refused(content: bytes) -> None:
    with pytest.raises(NotAWorkbook):
        read_workbook(content)


def test_every_table_is_recognised_by_its_own_headings() -> None:
    for table in TABLES:
        columns = COLUMNS[table]
        upper = tuple(c.group if c.group else c.heading for c in columns)
        lower = tuple(c.heading if c.group else "" for c in columns)
        read = read_workbook(book({f"表{table}": [upper, lower]}))
        assert (read.faults, read.notices) == ((), ()), table


def test_every_remark_is_a_named_one() -> None:
    assert len({kind.code for kind in Remark.__subclasses__()}) == len(Remark.__subclasses__())
