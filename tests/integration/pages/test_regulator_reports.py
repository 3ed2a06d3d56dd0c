"""Reports: every kind and enterprise with its terms, in the period asked; books only of whom the reader is shown."""

from __future__ import annotations

import csv
import io

import pytest

from ledger.exchange.hj1259 import read_workbook
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work


def rows_of(reader: AtWork, period: str) -> list[dict[str, str]]:
    text = reader.get(f"/reports?period={period}&as=csv").data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_report_has_each_enterprise_and_the_sum_of_each_kind(api: ApiWorld, regulator: AtWork) -> None:
    api.drum("shop", 180_000)
    api.drum("disposer", 20_500)
    rows = rows_of(regulator, "2025")
    told = {row["企业"]: (row["废物类别"], row["产生 (g)"], row["期末未办结 (g)"], row["已证明 (%)"]) for row in rows}
    assert told == {
        "shop": ("危险废物", "180000", "180000", "0.00"),
        "disposer": ("危险废物", "20500", "20500", "0.00"),
        "合计": ("危险废物", "200500", "200500", "0.00"),
    }


def test_each_is_shown_its_own_rows_and_another_period_holds_none_of_them(api: ApiWorld, regulator: AtWork) -> None:
    api.drum("shop")
    assert [row["企业"] for row in rows_of(at_work(api, "shop"), "2025")] == ["shop"]
    assert rows_of(at_work(api, "stranger"), "2025") == []
    assert rows_of(regulator, "2024-Q4") == []


@pytest.mark.parametrize(("reader", "status"), [("shop", 200), ("stranger", 404)])
def test_books_are_given_to_the_enterprise_itself(api: ApiWorld, reader: str, status: int) -> None:
    api.drum("shop")
    answer = at_work(api, reader).get(f"/reports/hj1259/{api.device['shop'].party}.xlsx")
    assert answer.status_code == status
    if status == 200:
        assert len(read_workbook(answer.data).rows) >= 1
