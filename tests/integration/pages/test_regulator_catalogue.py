"""An edition of the catalogue is uploaded, checked, kept, and adopted by the authority's own key."""

from __future__ import annotations

import html
import re
from io import BytesIO
from typing import Any

import orjson
import pytest

from ledger.exchange.catalogue import carried, catalogue_of
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text

ACT = "/acts/catalogue-adopted"
CODES = """code,category_name,industry,description,hazard
900-249-08,废矿物油,非特定行业,其他生产、销售、使用过程中产生的废矿物油,"T,I"
900-214-08,废矿物油,非特定行业,车辆维修产生的废发动机油,"T,I"
"""
EXEMPT = """row,item,codes,waste,stage,condition,content
2025-1,1,900-249-08,废矿物油,运输,封装完好,运输过程不按危险废物管理
"""
FORM = {"edition": "2025", "effective_from": "2025-01-01"}


def checked(regulator: AtWork, **form: Any) -> dict[str, Any]:
    answer = regulator.post(ACT, FORM | form)
    assert answer.status_code == 200, text(answer)
    found = re.search(r'name="body" value="([^"]*)"', answer.text)
    assert found is not None
    body: dict[str, Any] = orjson.loads(html.unescape(found[1]))
    return body


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_an_uploaded_edition_is_kept_and_what_is_signed_names_it(
    api: ApiWorld, regulator: AtWork, encoding: str
) -> None:
    files = {
        "table": (BytesIO(CODES.encode(encoding)), "a.csv"),
        "exemptions": (BytesIO(EXEMPT.encode(encoding)), "b.csv"),
    }
    body = checked(regulator, **files)
    kept = catalogue_of(api.world.ledger.document(body["content"]))
    assert body == FORM | {"count": 2, "content": kept.sha256}
    assert [row.row for row in kept.exemptions] == ["2025-1"]
    assert api.world.authority.say("catalogue-adopted", body).outcome == "recorded"
    api.follow()
    assert "2025 2025-01-01 2" in regulator.open(ACT)


def test_the_edition_that_comes_with_the_product_needs_no_file(api: ApiWorld, regulator: AtWork) -> None:
    assert 'value="2021"' in regulator.get(ACT).text and ACT in regulator.get("/acts").text
    body = checked(regulator, edition="2021", effective_from="2021-01-01")
    assert body["content"] == carried("2021").sha256


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"", "请填写名录文件"),
        (CODES.replace("900-214-08", "900-214-8").encode(), "名录未导入：名录第 3 行“code”有误"),
        (b"PK\x03\x04\x00\x00", "另存为 CSV"),
        (b"code,hazard\n", "名录第 1 行"),
        (b"x" * 4_000_001, "文件过大"),
    ],
    ids=["none", "code", "workbook", "columns", "large"],
)
def test_a_file_that_is_no_catalogue_is_answered_with_what_is_wrong_and_what_to_do(
    regulator: AtWork, table: bytes, words: str
) -> None:
    answer = regulator.post(ACT, FORM | {"table": (BytesIO(table), "a.csv")})
    assert (answer.status_code, words in text(answer)) == (422, True), text(answer)


def test_only_a_regulator_brings_an_edition(api: ApiWorld) -> None:
    shop = at_work(api, "shop")
    assert shop.get(ACT).status_code == shop.post(ACT, FORM).status_code == 403
