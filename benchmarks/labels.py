"""How fast labels are drawn: whole HJ 1276 labels in a PDF, each with its own code, beside making such codes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import qrcode
from qrcode.constants import ERROR_CORRECT_Q

from benchmarks.measure import Row, in_turn
from ledger.labels import code, draw
from ledger.labels.layout import SIZES, LabelText, label
from tests.support import log_world as world
from tests.support.labels import KEY

COUNT = 100
TEXT = LabelText(
    link="",
    name="废液压油",
    category="HW08 废矿物油与含矿物油废物",
    code="900-214-08",
    form="液态",
    components="矿物油、添加剂、水分",
    harmful="多环芳烃、重金属",
    hazards=("T", "I"),
    precautions="远离火源、热源；防渗漏；禁止与氧化剂混存",
    digital_code="91150600MA0EXAMP0W9002140820260301001",
    unit="示例汽车维修有限公司",
    contact="值班室 0477-8888888",
    day="2026-03-01",
    mass="182.5 kg",
    remarks="容器编码 drum-1",
)


def rows() -> Iterator[Row]:
    """Labels of 100 mm; the library alone makes its code of the same text, the prettiest of eight masks chosen."""
    issued = [code.issue(label=world.stream("label", n), origin=world.ORIGIN, key=KEY) for n in range(COUNT)]
    links = [each.link(code.link_base(world.ORIGIN)) for each in issued]

    def ours() -> int:
        draw.pdf(label(replace(TEXT, link=link), SIZES[100]) for link in links)
        return COUNT

    def theirs() -> int:
        for link in links:
            alone = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=0)
            alone.add_data(link)
            alone.make()
        return COUNT

    ours()
    mine, other, ratio = in_turn(ours, theirs, 3)
    yield Row(what="labels, PDF", where="one process", size=COUNT, value=mine, unit="/s", baseline=other,
              against="plain qrcode matrix", ratio=ratio, floor=1, aim=3, signed=False)  # fmt: skip
