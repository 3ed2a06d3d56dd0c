"""One description of columns gives a table on the page, as CSV and as XLSX, in which no cell becomes a formula."""

from __future__ import annotations

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from api.errors import BadRequest
from api.pages import tables
from api.pages.tables import Column, Table
from tests.support.api_world import ApiWorld

COLUMNS = (
    Column("what", "物品", "What", "recorded", link="to"),
    Column("mass", "净重", "Net", "grams"),
    Column("count", "数量", "Count", "number"),
    Column("at", "时间", "When", "moment"),
    Column("state", "状态", "State", "state"),
)
ROW = {"what": "废油", "to": "/x?a=1&b=2", "mass": 1_500, "count": 3, "at": "2026-03-01T16:30:00.000Z"}
ROW |= {"state": ("ok", "正常")}


def table(*rows: dict[str, Any]) -> Table:
    return Table(name="things", caption="物品表", columns=COLUMNS, rows=rows)


@pytest.fixture
def asked(api: ApiWorld) -> Any:
    """A request of a page with a filter."""
    with api.app.test_request_context("/things?kind=hazardous&as=csv") as context:
        yield context


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_begins_like_a_formula_is_quoted_in_csv_and_a_text_in_xlsx(asked: Any, text: str) -> None:
    made = tables.as_csv(table(ROW | {"what": text})).decode("utf-8-sig")
    assert f"'{text}" in made
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(tables.as_xlsx(table(ROW | {"what": text})))).get_sheet_by_index(
        0
    )
    assert sheet.to_python()[1][0] == text


def test_a_negative_mass_stays_a_number_and_moments_are_local(asked: Any) -> None:
    made = tables.as_csv(table(ROW | {"mass": -20})).decode("utf-8-sig").splitlines()
    assert made == ["物品,净重 (g),数量,时间,状态", "废油,-20,3,2026-03-02 00:30,正常"]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(tables.as_xlsx(table(ROW)))).get_sheet_by_index(0).to_python()
    assert rows == [["物品", "净重 (g)", "数量", "时间", "状态"], ["废油", 1500, 3, "2026-03-02 00:30", "正常"]]


def test_csv_begins_with_the_mark_by_which_spreadsheets_know_utf_8(asked: Any) -> None:
    assert tables.as_csv(table()).startswith(b"\xef\xbb\xbf")


def test_the_page_escapes_cells_links_them_and_offers_the_files_with_the_filters_kept(asked: Any) -> None:
    html = str(table(ROW | {"what": "<b>"}).__html__())
    assert '<a href="/x?a=1&amp;b=2"><span lang="zh">&lt;b&gt;</span></a>' in html
    assert 'title="1,500 g"' in html and "1.5 kg" in html
    assert "/things?kind=hazardous&amp;table=things&amp;as=xlsx" in html


def test_an_address_that_asks_for_another_file_or_table_is_refused(api: ApiWorld) -> None:
    for query in ("as=pdf", "as=csv&table=others"):
        with api.app.test_request_context(f"/things?{query}"), pytest.raises(BadRequest) as refused:
            tables.tabled("none.html", table(ROW))
        assert refused.value.fields["expected"] == "as=csv or as=xlsx of a table of things"


def test_a_file_answers_with_its_name_and_type(api: ApiWorld) -> None:
    with api.app.test_request_context("/things?as=xlsx&table=things"):
        answer = tables.tabled("none.html", table(ROW))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="things.xlsx"'
    assert answer.content_type.endswith("spreadsheetml.sheet") and answer.data.startswith(b"PK")
