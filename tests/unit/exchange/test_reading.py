"""Workbooks are read as people keep them, and every cell that is wrong is named at once."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.custody import values, wire
from ledger.custody.regimes.cn import REGIME
from ledger.exchange.hj1259 import NotAWorkbook, Row, Workbook, read_workbook
from ledger.exchange.hj1259.cells import CellForm, cell_readers, clean, declared, in_unit, number, whole
from ledger.exchange.hj1259.package import TooLarge
from ledger.exchange.hj1259.remarks import NoTable, Remark, RowTwice
from ledger.exchange.hj1259.tables import COLUMNS, TABLES
from ledger.log import canonical
from tests.support.books import B1, B2, B3, B4, B5, FILLED, OUT, SENT, STORED, book

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


def made(fill: Callable[[Any, Any], None], **options: Any) -> bytes:
    """A workbook whose only sheet, B.1, has the headings and one row, and what is done to it besides."""
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True} | options)
    sheet = workbook.add_worksheet("B.1")
    sheet.write_row(0, 0, B1)
    sheet.write_row(1, 0, FILLED)
    fill(workbook, sheet)
    workbook.close()
    return out.getvalue()


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


@pytest.mark.parametrize("raw", ["-1", "abc", "1/2", "", "1 2", "350 斤", "1²", "①", "½"])
def test_what_is_no_quantity_is_not_guessed(raw: str) -> None:
    with pytest.raises(CellForm):
        number(raw)


@pytest.mark.parametrize(
    "raw", ["900-249-08", "900249 08", "90024908", 90024908.0, "９００－２４９－０８", "900－249－08", " 900–249–08 "]
)
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


def test_a_quantity_whose_unit_is_said_twice_and_differently_is_not_guessed() -> None:
    in_heading = tuple("产生量(kg)" if h == "产生量" else h for h in B1)
    read = read_workbook(book({"B.1": [in_heading, (*FILLED[:5], "吨", *FILLED[6:])]}))
    assert [(f.code, f.place, f.fields["units"]) for f in read.faults] == [
        ("hj-1259-unit-differs", ("B.1", 2), "kg、t")
    ]
    without = [tuple(c for c, h in zip(row, B1, strict=True) if h != "计量单位") for row in (in_heading, FILLED)]
    (fault,) = read_workbook(book({"B.1": [("单位：吨",), *without]})).faults
    assert (fault.code, fault.fields["units"]) == ("hj-1259-unit-differs", "kg、t")
    assert [f.code for f in filled(产生量="350 kg", 计量单位="吨").faults] == ["hj-1259-unit-differs"]


@pytest.mark.parametrize("unit", ["kg/桶", "kg（毛重）", "吨/千克", "t/a"])
def test_a_unit_that_says_more_than_a_unit_is_not_shortened(unit: str) -> None:
    assert [f.fields["column"] for f in filled(计量单位=unit).faults] == ["计量单位"]
    without = [tuple(c for c, h in zip(row, B1, strict=True) if h != "计量单位") for row in (B1, FILLED)]
    headed = tuple(f"产生量（{unit}）" if h == "产生量" else h for h in without[0])
    (fault,) = read_workbook(book({"B.1": [headed, without[1]]})).faults
    assert fault.code == "hj-1259-column-missing"


@pytest.mark.parametrize("unit", ["吨(t)", "kg/千克", "（公斤）"])
def test_a_unit_may_be_said_in_two_words(unit: str) -> None:
    assert [row.quantity for row in filled(计量单位=unit).rows] == [("180", "t" if "吨" in unit else "kg")]


@pytest.mark.parametrize("place", range(len(B1)))
def test_a_count_of_containers_is_no_mass_wherever_its_column_stands(place: int) -> None:
    named = dict(zip(B1, FILLED, strict=True)) | {"容器数量": 25}
    order = [h for h in B1 if h != "容器数量"]
    order.insert(place, "容器数量")
    row = one({"B.1": [order, [named[h] for h in order]]})
    assert (row.net_g, row.count) == (180_000, 25)


def test_of_two_columns_the_one_headed_as_in_the_standard_is_read_and_none_is_guessed() -> None:
    read = read_workbook(book({"B.1": [("填报日期", "上月产生量", *B1), ("2026-02-01", 7, *FILLED)]}))
    assert [(row.at, row.net_g) for row in read.rows] == [("2026-01-04T16:00:00.000Z", 180_000)]
    assert [n.fields["columns"] for n in read.notices] == ["填报日期、上月产生量"]
    heading = ("入库批次编码", "入库时间", "入库数量", "入库重量", "计量单位", "贮存设施编码", "产生批次编码")
    read = read_workbook(book({"B.2": [heading, (*STORED[:2], 5, 900, "kg", *STORED[4:])]}))
    assert [(f.code, f.fields["columns"]) for f in read.faults] == [("hj-1259-column-twice", "入库数量、入库重量")]


@pytest.mark.parametrize("heading", ["毛重量（吨）", "库存量（吨）", "上期结存量(吨)", "包装容量（吨）"])
def test_another_quantity_does_not_stand_for_the_one_that_is_missing(heading: str) -> None:
    headed = tuple(heading if h == "产生量" else h for h in B1)
    (fault,) = read_workbook(book({"B.1": [headed, FILLED]})).faults
    assert (fault.code, fault.fields["column"]) == ("hj-1259-column-missing", "产生量")


@pytest.mark.parametrize("column", ["容器编码", "产生批次编码", "单位内部名称", "容器数量"])
@pytest.mark.parametrize("raw", [datetime(2026, 1, 2), True, "同上", "〃"])
def test_what_a_spreadsheet_made_of_a_text_and_what_points_at_another_cell_is_not_taken(column: str, raw: Any) -> None:
    read = filled(**{column: raw})
    assert (read.rows, [f.place for f in read.faults]) == ((), [("B.1", 2)])


@pytest.mark.parametrize("raw", [913101234567890123.0, 1.1, "9.1310E+17"])
def test_a_code_of_which_a_spreadsheet_has_dropped_digits_is_refused(raw: Any) -> None:
    assert [f.fields["column"] for f in filled(容器编码=raw).faults] == ["容器/包装编码"]


def test_codes_kept_as_numbers_are_said_once_for_their_column() -> None:
    rows = [(f"HWCS2026010500{n}", *FILLED[1:6], n, 1) for n in (7, 8)]
    read = read_workbook(book({"B.1": [B1, *rows]}))
    assert [row.container_code for row in read.rows] == ["7", "8"]
    assert [(n.code, n.place, n.fields["got"]) for n in read.notices] == [
        ("hj-1259-codes-are-numbers", ("B.1", 2), "7")
    ]


@pytest.mark.parametrize("raw", ["10吨", "1-2", "3~5", "12:30"])
def test_what_is_no_count_is_not_guessed(raw: str) -> None:
    assert [f.fields["column"] for f in filled(容器数量=raw).faults] == ["容器/包装数量"]


def test_a_count_may_name_what_is_counted() -> None:
    assert [row.count for row in filled(容器数量="25桶").rows] == [25]


@pytest.mark.parametrize("raw", ["R99", "R1/R3", "D10、R9"])
def test_one_method_is_one_method(raw: str) -> None:
    with pytest.raises(CellForm):
        READERS["method"](raw)


@pytest.mark.parametrize("at", [datetime(2026, 5, 1), "2025-01-05", "2062-01-05"])
def test_a_day_exchanged_with_its_month_or_of_a_wrong_year_is_seen_in_the_batch_code(at: Any) -> None:
    read = filled(产生时间=at)
    assert [(f.code, f.place) for f in read.faults] == [("hj-1259-day-differs", ("B.1", 2))]
    assert filled(产生时间="2026-01-06").faults == ()


@pytest.mark.parametrize("nothing", ["/", "—", "无", "\\", "N/A"])
def test_a_cell_that_says_nothing_is_empty(nothing: str) -> None:
    headings = (*B5[:6], "豁免管理单位名称", B5[6])
    row = one({"B.5": [headings, (*SENT[:2], nothing, SENT[3], nothing, nothing, "示例利用厂（虚构）", SENT[6])]})
    assert (row.receiver_kind, row.receiver, row.container_code) == ("exempt", "示例利用厂（虚构）", "")


def test_two_receivers_of_one_row_are_a_fault() -> None:
    headings = (*B5[:6], "豁免管理单位名称", B5[6])
    (fault,) = read_workbook(book({"B.5": [headings, (*SENT[:6], "示例利用厂（虚构）", SENT[6])]})).faults
    assert (fault.code, fault.place) == ("hj-1259-receivers-two", ("B.5", 2))


def test_a_copy_of_a_sheet_does_not_double_its_rows() -> None:
    plain = (*FILLED[:6], "", 1)
    read = read_workbook(book({"B.1": [B1, plain], "B.1 (2)": [B1, plain]}))
    assert len(read.rows) == 1
    assert [(f.code, f.place, f.fields["other_sheet"]) for f in read.faults] == [
        ("hj-1259-row-twice", ("B.1 (2)", 2), "B.1")
    ]
    same = read_workbook(book({"B.1": [B1, plain, plain]}))
    assert [(n.code, n.place) for n in same.notices] == [("hj-1259-row-alike", ("B.1", 3))]


def test_a_hidden_sheet_is_read_and_said() -> None:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    made.add_worksheet("说明")
    sheet = made.add_worksheet("B.1")
    sheet.hide()
    sheet.write_row(0, 0, B1)
    sheet.write_row(1, 0, FILLED)
    made.close()
    read = read_workbook(out.getvalue())
    assert (len(read.rows), [n.code for n in read.notices]) == (1, ["hj-1259-hidden-read"])


def test_a_cell_merged_over_rows_is_said_of_each_of_them_but_a_quantity_is_not() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(2, 4, (170, "", "D-2", 1))
        sheet.write_row(3, 4, ("", "", "D-3", 1))
        for column in (0, 1, 2, 3, 5):
            sheet.merge_range(1, column, 3, column, FILLED[column])
        sheet.merge_range(2, 4, 3, 4, 170)

    read = read_workbook(made(fill))
    assert [(row.batch, row.container_code, row.net_g) for row in read.rows] == [
        (FILLED[0], "D-1", 180_000),
        (FILLED[0], "D-2", 170_000),
    ]
    assert [(f.code, f.place, f.fields["column"]) for f in read.faults] == [
        ("hj-1259-cell-missing", ("B.1", 4), "产生量")
    ]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!"])
def test_the_error_of_a_formula_is_no_empty_cell(error: str) -> None:
    read = read_workbook(made(lambda _, sheet: sheet.write_formula(1, 6, "=VLOOKUP(1,A1:B2,2)", None, error)))
    assert [(f.code, f.place, f.fields["column"], f.fields["got"]) for f in read.faults] == [
        ("hj-1259-cell-unreadable", ("B.1", 2), "容器/包装编码", error)
    ]
    assert [f.fields["got"] for f in filled(容器编码=error).faults] == [error]


def test_rows_hidden_by_a_filter_are_read_and_said() -> None:
    def fill(_: Any, sheet: Any) -> None:
        sheet.write_row(2, 0, ("HWCS20260105002", *FILLED[1:6], "D-2", 1))
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_row(9, None, None, {"hidden": True})

    read = read_workbook(made(fill))
    assert len(read.rows) == 2
    assert [(n.code, n.place, n.fields["count"]) for n in read.notices] == [("hj-1259-rows-hidden", ("B.1", 3), 1)]


@pytest.mark.parametrize("date_1904", [False, True])
def test_a_day_written_as_a_number_is_counted_as_its_workbook_counts(date_1904: bool) -> None:
    number = 46027 - (1462 if date_1904 else 0)
    read = read_workbook(made(lambda _, sheet: sheet.write_number(1, 1, number), date_1904=date_1904))
    assert [row.at for row in read.rows] == ["2026-01-04T16:00:00.000Z"]


def test_a_cell_far_away_is_named_and_a_mere_format_is_not() -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        sheet.write_blank(1_048_575, 16_383, None, workbook.add_format({"bold": True}))

    assert len(read_workbook(made(fill)).rows) == 1
    with pytest.raises(TooLarge) as refused:
        read_workbook(made(lambda _, sheet: sheet.write(1_048_575, 16_383, "x")))
    assert refused.value.fields["what"] == "B.1: 1,048,576 × 16,384"


def test_a_workbook_that_unpacks_to_more_than_an_import_has_room_for_is_refused_unread() -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package,
        package.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(257):
            part.write(b" " * 1024 * 1024)
    with pytest.raises(TooLarge):
        read_workbook(out.getvalue())


def test_rows_prepared_for_later_are_empty() -> None:
    read = read_workbook(book({"B.1": [("序号", *B1), (1, *FILLED), (2, *[""] * 5, "kg"), (3,), (" ", "\u3000")]}))
    assert (len(read.rows), read.faults, read.notices) == (1, (), ())


@pytest.mark.parametrize(
    ("name", "rows", "table"),
    [
        ("1月", [B1, (*FILLED[:6], "WB2", 1)], "B.1"),
        ("B2车间", [B1, FILLED], "B.1"),
        ("产生单位台账", [("产生单位：示例厂",), B2, STORED], "B.2"),
        ("Sheet3", [B3, OUT], "B.3"),
        ("Sheet4", [B4, ("HWZXCZ20260210001", "2026-02-10", "", "D-1", 180, "TW001", "D10", FILLED[0])], "B.4"),
        ("Sheet5", [B5, SENT], "B.5"),
        ("出库", [("批次编码", *B3[1:]), OUT], "B.3"),
        ("委外处置", [("处置批次编码", *B5[1:]), SENT], "B.5"),
        ("入库", [("委外处置单位：示例公司",), B2, STORED], "B.2"),
    ],
)
def test_a_sheet_is_the_table_that_its_headings_say(name: str, rows: Any, table: str) -> None:
    assert one({name: rows}).table == table


def test_a_sheet_named_as_a_table_that_cannot_be_read_as_one_is_a_fault() -> None:
    read = read_workbook(book({"B.1": [B1, FILLED], "B.2": [("入库编号", *B2[1:]), STORED]}))
    assert [(f.code, f.fields["column"]) for f in read.faults] == [("hj-1259-column-missing", "入库批次编码")]


def test_every_table_is_recognised_by_its_own_headings() -> None:
    for table in TABLES:
        columns = COLUMNS[table]
        upper = tuple(c.group if c.group else c.heading for c in columns)
        lower = tuple(c.heading if c.group else "" for c in columns)
        read = read_workbook(book({f"表{table}": [upper, lower]}))
        assert (read.faults, read.notices) == ((), ()), table


def test_every_remark_is_a_named_one() -> None:
    assert len({kind.code for kind in Remark.__subclasses__()}) == len(Remark.__subclasses__())
