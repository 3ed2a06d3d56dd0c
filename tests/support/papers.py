"""A paper's file as other programs have it: its pages as pictures, the codes on them, and what a forger makes of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import zxingcpp
from PIL import Image
from pypdfium2 import PdfBitmap, PdfDocument, PdfImage, PdfMatrix

from ledger.labels import draw
from ledger.labels.shapes import Drawing, Text
from ledger.log import canonical
from ledger.papers import packet as packets
from ledger.papers.packet import NAME, Packet


def pictures(file: bytes, dpi: int = 200) -> Iterator[Image.Image]:
    """The pages as a printer prints and a camera sees them."""
    for page in PdfDocument(file):
        yield page.render(scale=dpi / 72).to_pil().convert("L")


def scanned(file: bytes, dpi: int = 200) -> tuple[list[str], list[str]]:
    """The texts of the codes on all pages, by a decoder that is not ours: first codes, and parts of the packet."""
    texts = [found.text for picture in pictures(file, dpi) for found in zxingcpp.read_barcodes(picture)]
    return [t for t in texts if t.startswith("https://")], [t for t in texts if t.startswith("WLP1:")]


def printed(file: bytes) -> list[str]:
    """The text of each page."""
    return [page.get_textpage().get_text_bounded() for page in PdfDocument(file)]


def forged(packet: Packet, change: Callable[[dict[str, Any]], None]) -> Packet:
    """The packet after somebody changed its document."""
    document: dict[str, Any] = orjson.loads(packet.encode())
    change(document)
    return packets.parse(canonical.encode(document))


def repainted(drawings: list[Drawing], packet: Packet, old: str, new: str) -> bytes:
    """The file with one text of its pages replaced, its attachment as it was."""
    pages = [replace(d, shapes=tuple(_other(s, old, new) for s in d.shapes)) for d in drawings]
    assert pages != drawings, f"no page says {old}"
    return draw.pdf(pages, attached=(NAME, packet.encode()))


def _other(shape: Any, old: str, new: str) -> Any:
    return replace(shape, text=new) if isinstance(shape, Text) and shape.text == old else shape


def painted_over(file: bytes, left: float, bottom: float, right: float, top: float) -> bytes:
    """The file with a white patch on its first page, in points from the lower left corner."""
    document = PdfDocument(file)
    patch = PdfImage.new(document)
    patch.set_bitmap(PdfBitmap.from_pil(Image.new("RGB", (8, 8), "white")))
    patch.set_matrix(PdfMatrix().scale(right - left, top - bottom).translate(left, bottom))
    page = document[0]
    page.insert_obj(patch)
    page.gen_content()
    return saved(document)


def saved(document: PdfDocument) -> bytes:
    """The document as another program writes it."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
