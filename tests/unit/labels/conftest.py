"""A label with everything on it, and the reader that is not ours."""

from __future__ import annotations

import pytest

from ledger.labels import code
from ledger.labels.layout import LabelText
from tests.support import log_world as world
from tests.support.labels import KEY

CODE = code.issue(label=world.stream("label", 1), container=world.stream("container", 2), origin=world.ORIGIN, key=KEY)


@pytest.fixture
def full() -> LabelText:
    return LabelText(
        link=CODE.link(code.link_base(world.ORIGIN)),
        name="废液压油",
        category="HW08 废矿物油与含矿物油废物",
        code="900-214-08",
        form="液态",
        components="矿物油、添加剂、水分",
        harmful="多环芳烃、重金属（铅、铊）",
        hazards=("T", "I"),
        precautions="远离火源、热源；防渗漏；禁止与氧化剂混存；≤ 40 ℃",
        digital_code="91150600MA0EXAMP0W9002140820260301001",
        unit="鄂尔多斯市康巴什区示例汽车维修有限公司",
        contact="值班室 0477-8888888",
        day="2026-03-01",
        mass="182.5 kg",
        remarks="容器编码 drum-1",
    )
