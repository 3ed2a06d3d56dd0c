"""How fast labels are drawn: whole HJ 1276 labels in a PDF, each with its own code, beside making such codes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import qrcode
from qrcode.constants import ERROR_CORRECT_Q

from benchmarks.measure import Row, in_turn
from ledger.labels import code, draw
from ledger.labels.layout import SIZES, label
from tests.support import log_world as world
from tests.support.labels import FULL, KEY

COUNT = 100


def rows() -> Iterator[Row]:
    """Labels of 100 mm; the library alone makes its code of the same text, the prettiest of eight masks chosen."""
    issued = [code.issue(label=world.stream("label", n), origin=world.ORIGIN, key=KEY) for n in range(COUNT)]
    links = [each.link(code.link_base(world.ORIGIN)) for each in issued]

    def ours() -> int:
        draw.pdf(label(replace(FULL, link=link), SIZES[100]) for link in links)
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
