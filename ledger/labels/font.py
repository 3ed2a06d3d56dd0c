"""The one font of labels and papers: which characters it has, how wide and how high they are, and their outlines."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

from ledger.errors import LedgerError

NAME: Final = "WenQuanYi Micro Hei"
FACE: Final = 0  # of the collection
FILE: Final = Path(str(files("paperang_p2_fonts_cjk"))) / "fonts" / "wqy-microhei.ttc"
_BLANKS: Final = frozenset(" \u3000")


class GlyphMissing(LedgerError):
    """The font has no such character: printed, it would be a box that nobody can read."""

    code = "label-glyph-missing"
    zh = "字体中没有以下字符：{characters}"
    en = "the font does not have these characters: {characters}"


def shown(text: str) -> str:
    """The text in characters that the font shows: ℃, which it has without ink, as °C. Raises GlyphMissing."""
    missing = sorted({each for each in text if not all(map(_has_ink, _as_shown(each)))})
    if missing:
        raise GlyphMissing(characters=" ".join(f"{c if c.isprintable() else ''}U+{ord(c):04X}" for c in missing))
    return "".join(map(_as_shown, text))


@cache
def _as_shown(character: str) -> str:
    return character if _has_ink(character) else unicodedata.normalize("NFKC", character)


@cache
def _has_ink(character: str) -> bool:
    """Whether there is something to see: a place in the charmap alone may lead to an empty glyph."""
    name = _charmap().get(ord(character))
    return character in _BLANKS or (name is not None and _font()["glyf"][name].numberOfContours != 0)


def width(text: str, size: float) -> float:
    """How wide a text runs at that size, in the size's unit."""
    return sum(_advance(character) for character in text) * size


@cache
def ink(character: str) -> tuple[float, float]:
    """Where a character's ink begins and ends above the baseline, for size 1."""
    pen = BoundsPen(_glyphs())
    _glyphs()[_charmap()[ord(character)]].draw(pen)
    return pen.bounds[1] / _em(), pen.bounds[3] / _em()


@cache
def outline(character: str) -> str:
    """The outline as SVG path data for size 1: baseline at 0, y downwards."""
    pen = SVGPathPen(_glyphs(), ntos=lambda number: f"{number:.4g}")
    scale = 1 / _em()
    _glyphs()[_charmap()[ord(character)]].draw(TransformPen(pen, (scale, 0, 0, -scale, 0, 0)))
    data: str = pen.getCommands()
    return data


@cache
def _advance(character: str) -> float:
    return float(_font()["hmtx"][_charmap()[ord(character)]][0] / _em())


@cache
def _font() -> Any:
    return TTFont(FILE, fontNumber=FACE, lazy=True)


@cache
def _charmap() -> dict[int, str]:
    found: dict[int, str] = _font().getBestCmap()
    return found


@cache
def _glyphs() -> Any:
    return _font().getGlyphSet()


@cache
def _em() -> int:
    return int(_font()["head"].unitsPerEm)
