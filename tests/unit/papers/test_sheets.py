"""How papers look: within the page, whole on every page, and the same for the same facts in every version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pypdfium2 import PdfDocument

from ledger.custody.regimes import regime
from ledger.labels import draw, font
from ledger.labels.font import GlyphMissing
from ledger.labels.shapes import Code, Drawing, Path, Text
from ledger.log.hashing import sha256
from ledger.papers import sheets
from ledger.papers.facts import SUBJECTS, Inventory, ManifestPaper
from tests.support.papers import printed
from tests.unit.papers.conftest import UNIT, a_line, a_packet, a_paper

CN = regime("cn.1")
DRAWN = {
    1: {
        "manifest": "97b7a571325a916e9cb92a30819a8b45",
        "load-list": "5194708e74e38a64b54abe6b76a16d6a",
        "receipt-note": "4169b00c7d7cf5fd1010f78078ce54ce",
        "certificate": "90b4d5a95f4fed8ee9413a5cc7e476a7",
        "inventory": "3323dd60df09143c43a940cc4f17c852",
    },
}
"""By LAYOUT, what each kind looks like. A change here makes every paper of that version unverifiable: add a version."""


def drawn(kind: str, count: int = 3, **changes: Any) -> list[Drawing]:
    return sheets.sheets(replace(a_paper(kind, count), **changes), a_packet(kind), CN)


def look(pages: list[Drawing]) -> str:
    """The hash of all that is drawn but codes, which follow from the packet."""
    shapes = [repr(shape) for page in pages for shape in page.shapes if not isinstance(shape, Code)]
    return sha256("\n".join(shapes).encode()).hex()[:32]


@pytest.mark.parametrize("kind", SUBJECTS)
def test_whatever_changes_a_drawing_raises_the_version_of_the_layout(kind: str) -> None:
    assert look(drawn(kind)) == DRAWN[sheets.LAYOUT][kind]


@pytest.mark.parametrize("kind", SUBJECTS)
@pytest.mark.parametrize("count", [1, 3, 60])
def test_nothing_is_drawn_outside_the_margins_of_a4(kind: str, count: int) -> None:
    pages = drawn(kind, count)
    for page in pages:
        assert (page.width, page.height) == (210, 297)
        for shape in page.shapes:
            match shape:
                case Text():
                    right = shape.x + font.width(shape.text, shape.size)
                    assert shape.x >= 14.9 and right <= 195.2 and 8 <= shape.y <= 290, shape
                case Code():
                    assert shape.x >= 10 and shape.x + shape.side <= 196 and shape.y + shape.side <= 285
                case Path():
                    places = [point for _, points in shape.steps for point in points]
                    assert all(14.9 <= x <= 195.1 and 8 <= y <= 290 for x, y in places)


@pytest.mark.parametrize("kind", SUBJECTS)
def test_no_two_texts_lie_over_each_other(kind: str) -> None:
    for page in drawn(kind, 40):
        texts = [shape for shape in page.shapes if isinstance(shape, Text)]
        boxes = [(t.x, t.y - 0.75 * t.size, t.x + font.width(t.text, t.size), t.y + 0.1 * t.size) for t in texts]
        for n, (a, one) in enumerate(zip(boxes, texts, strict=True)):
            for b, other in zip(boxes[n + 1 :], texts[n + 1 :], strict=True):
                apart = a[2] <= b[0] + 0.01 or b[2] <= a[0] + 0.01 or a[3] <= b[1] or b[3] <= a[1]
                assert apart, (one.text, other.text)


def test_rows_go_on_under_their_captions_on_the_next_page() -> None:
    pages = printed(draw.pdf(drawn("inventory", 60)))
    rows = [page for page in pages if "DRUM-001" in page]
    assert len(rows) > 1 and all("容器编码" in page and "贮存清单" in page for page in rows)
    assert sum(page.count("DRUM-001") for page in pages) == 60


def test_a_character_that_cannot_be_printed_is_refused() -> None:
    with pytest.raises(GlyphMissing):
        drawn("inventory", holder=replace(UNIT, name="𠮷示例"))


def test_a_long_word_is_cut_and_nothing_of_it_is_lost() -> None:
    name = "X" * 180
    pages = drawn("receipt-note", lines=(a_line(1, name=name, container_code=""),))
    told = "".join(shape.text for page in pages for shape in page.shapes if isinstance(shape, Text))
    assert told.count("X") == 180


def test_a_name_that_may_not_be_shown_is_a_line_to_write_on() -> None:
    paper, packet = a_paper("manifest"), a_packet()
    assert isinstance(paper, ManifestPaper)
    texts = {filled: _texts(sheets.sheets(paper, replace(packet, filled=filled_in), CN)) for filled, filled_in in (
        (True, packet.filled), (False, {}),
    )}  # fmt: skip
    assert "李示例" in texts[True] and "李示例" not in texts[False]
    assert "__________" in texts[False]


def test_mass_that_nobody_knows_is_said_to_be_unknown_and_never_0() -> None:
    paper = a_paper("inventory", 1)
    assert isinstance(paper, Inventory)
    assert "不明 unknown" in _texts(drawn("inventory", 1, lines=(replace(paper.lines[0], net_g=None),)))


@pytest.mark.parametrize("kind", SUBJECTS)
def test_fonts_are_embedded_and_the_pages_need_no_colour(kind: str) -> None:
    file = draw.pdf(drawn(kind))
    assert file.count(b"/FontFile2") >= 1
    for page in PdfDocument(file):
        picture = page.render(scale=1).to_pil().convert("RGB")
        assert all(red == green == blue for _, (red, green, blue) in picture.getcolors(1 << 24))


def _texts(pages: list[Drawing]) -> str:
    return " ".join(shape.text for page in pages for shape in page.shapes if isinstance(shape, Text))
