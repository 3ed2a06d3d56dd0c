"""A paper's file against its own proof: its pages are drawn again from the proven facts and compared dot by dot.

So a figure changed on a page is found however it was changed: rewritten, painted over, stamped. A file saved again by
another program still agrees.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PIL import Image, ImageChops
from pypdfium2 import PdfDocument, PdfiumError, PdfPage

from ledger.errors import ProofError
from ledger.labels import draw, font
from ledger.labels.shapes import Drawing, Text
from ledger.papers.packet import NAME, NoPaper, Packet, parse
from ledger.papers.proving import Difference, Proven
from ledger.papers.sheets import LAYOUT, sheets

PAGES_MAX: Final = 2_000
_DPI: Final = 110
_SEEN: Final = 48  # of 255: what a reader's eye, too, takes for another grey
_MM: Final = 72 / 25.4


class LayoutUnknown(ProofError):
    """Another version of this program drew the paper: its facts can be proven, its pages not compared."""

    code = "paper-layout-unknown"
    zh = "单据版式版本不同，无法逐页比对；可只核验事实，再人工对照"
    en = "another version drew this paper: its pages cannot be compared; verify its facts only, and compare by eye"


def packet_in(raw: bytes) -> Packet:
    """The packet attached to a paper's file; raises NoPaper."""
    document = _opened(raw)
    with _whole():
        names = [document.get_attachment(n) for n in range(document.count_attachments())]
        found = [each for each in names if each.get_name() == NAME]
        if len(found) != 1:
            raise NoPaper(detail="attachments", expected=f"one {NAME}", got=len(found))
        attached = bytes(found[0].get_data())
    return parse(attached)


def differing(raw: bytes, packet: Packet, proven: Proven) -> Iterator[Difference]:
    """What the pages of the file show otherwise than the proven facts give; raises LayoutUnknown."""
    if packet.layout != LAYOUT:
        raise LayoutUnknown(expected=LAYOUT, got=packet.layout)
    drawings = sheets(proven.paper, packet, proven.regime)
    given, again = _opened(raw), _opened(draw.pdf(drawings))
    if len(given) != len(again):
        yield Difference(path="pages", stated=len(given), proven=len(again))
    with _whole():
        for n, (page, fresh, drawing) in enumerate(zip(given, again, drawings, strict=False), 1):
            yield from (Difference(path=f"page {n}", stated=s, proven=p) for s, p in _on_page(page, fresh, drawing))


def _on_page(given: PdfPage, fresh: PdfPage, drawing: Drawing) -> Iterator[tuple[str, str]]:
    """(what the page shows, what it should) wherever the two differ."""
    if given.get_size() != fresh.get_size() or given.get_rotation() != fresh.get_rotation():
        yield f"{given.get_size()} {given.get_rotation()}°", f"{fresh.get_size()} {fresh.get_rotation()}°"
        return
    apart = ImageChops.difference(_pixels(given), _pixels(fresh)).point(lambda grey: 255 * (grey > _SEEN))
    if apart.getbbox() is None:
        return
    texts = given.get_textpage()
    dots = _DPI / 25.4
    for shape in drawing.shapes:
        if not isinstance(shape, Text):
            continue
        right, top, low = shape.x + font.width(shape.text, shape.size), shape.y - shape.size, shape.y + 0.3 * shape.size
        box = (int(shape.x * dots), int(top * dots), int(right * dots) + 1, int(low * dots) + 1)
        if apart.crop(box).getbbox() is not None:
            edges = (shape.x * _MM, (drawing.height - low) * _MM, right * _MM, (drawing.height - top) * _MM)
            yield texts.get_text_bounded(*edges).strip(), shape.text
            apart.paste(0, box)
    rest = apart.getbbox()
    if rest is not None:
        x, y = (round(place / dots) for place in rest[:2])
        yield f"… ({x} mm, {y} mm)", "—"


def _pixels(page: PdfPage) -> Image.Image:
    image: Image.Image = page.render(scale=_DPI / 72).to_pil().convert("L")
    return image


@contextmanager
def _whole() -> Iterator[None]:
    """What a damaged file cannot give is a fault of the file."""
    try:
        yield
    except PdfiumError as error:
        raise NoPaper(detail="PDF", got=str(error)[:120]) from None


def _opened(raw: bytes) -> PdfDocument:
    with _whole():
        document = PdfDocument(raw)
        count = len(document)
    if not 0 < count <= PAGES_MAX:
        raise NoPaper(detail="pages", expected=f"1 to {PAGES_MAX}", got=count)
    return document
