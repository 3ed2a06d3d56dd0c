"""A label key, and readers of labels that are not ours: a QR decoder, a thermal printer's memory."""

from __future__ import annotations

import base64
import binascii
import re
import zlib

import zxingcpp
from PIL import Image

from ledger.labels import code
from ledger.labels.layout import LabelText
from tests.support import log_world as world

KEY = world.private_key("label")
CODE = code.issue(label=world.stream("label", 1), container=world.stream("container", 2), origin=world.ORIGIN, key=KEY)
FULL = LabelText(
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
"""A label with everything on it."""
_FIELD = re.compile(
    rb"\^XA\^PW(\d+)\^LL(\d+)\^LH0,0\^FO0,0\^GFA,(\d+),(\d+),(\d+),:Z64:([A-Za-z0-9+/=]+):([0-9A-F]{4})\^FS\^XZ\n"
)


def read(image: Image.Image) -> list[str]:
    """The texts of the QR codes in a picture."""
    return [found.text for found in zxingcpp.read_barcodes(image)]


def printed(zpl: bytes) -> list[Image.Image]:
    """What a thermal printer burns: each format's graphic field as pixels; its sizes and checksum are checked."""
    pages, at = [], 0
    for field in _FIELD.finditer(zpl):
        assert field.start() == at, f"expected a format at {at}, got {zpl[at : at + 40]!r}"
        at = field.end()
        width, height, count, total, row = (int(field[n]) for n in range(1, 6))
        assert binascii.crc_hqx(field[6], 0) == int(field[7], 16)
        bits = zlib.decompress(base64.b64decode(field[6], validate=True))
        assert len(bits) == count == total == row * height
        dots = Image.frombytes("1", (row * 8, height), bytes(byte ^ 0xFF for byte in bits))
        pages.append(dots.crop((0, 0, width, height)).convert("L"))
    assert at == len(zpl)
    return pages
