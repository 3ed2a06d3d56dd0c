"""How a label looks: HJ 1276-2022 for hazardous waste, HJ 421 for medical, a plain one for everything else.

A label is one form: title, rows beside the hazards, the digital code, rows beside the QR code. The letters are as large
as all texts together allow, and never smaller than the standard's; what does not fit then is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from ledger.errors import LedgerError
from ledger.labels import font, qr
from ledger.labels.digital import PENDING
from ledger.labels.shapes import BLACK, WHITE, Code, Colour, Drawing, Shape, Text, line, rectangle
from ledger.labels.symbols import NAMES, symbol

Kind = Literal["hazardous", "medical", "general"]
_ORANGE: Final[Colour] = (255, 150, 0)
_PALE_YELLOW: Final[Colour] = (255, 233, 120)
_FORMS: Final[dict[str, tuple[str, Colour]]] = {
    "hazardous": ("危险废物", _ORANGE),
    "medical": ("医疗废物", _PALE_YELLOW),
    "general": ("一般固体废物", WHITE),
}
_LINE, _PAD, _ROW, _RULE = 1.12, 0.3, 0.22, 0.3
"""Line height, padding beside and above and below a row's text in letter sizes; the rules between rows in mm."""
_NO_START = frozenset("，。、；：！？）》〉】」”’％℃,.;:!?)%]")
_words = re.compile(r"[!-~]+|.", re.DOTALL).findall


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A label's side and the smallest height of its letters, both in mm, and on how many faces it must stand."""

    side: float
    letters: float
    faces: int

    @property
    def em(self) -> float:
        """The letter size at which the ink of 物, as high as most ideographs, has the smallest height."""
        bottom, top = font.ink("物")
        return self.letters / (top - bottom)


SIZES: Final = {
    100: Size(side=100, letters=3, faces=1),
    150: Size(side=150, letters=5, faces=1),
    200: Size(side=200, letters=6, faces=2),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelText:
    """Everything that a label says, ready to print; on a blank one the fields are left to a pen."""

    kind: Kind = "hazardous"
    link: str
    name: str = ""
    category: str = ""
    code: str = ""
    form: str = ""
    components: str = ""
    harmful: str = ""
    hazards: tuple[str, ...] = ()
    precautions: str = ""
    digital_code: str = PENDING
    unit: str = ""
    contact: str = ""
    day: str = ""
    mass: str = ""
    remarks: str = ""
    blank: bool = False


class LabelTextTooLong(LedgerError):
    """The texts do not fit the label even in the smallest letters that the standard allows."""

    code = "label-text-too-long"
    zh = "文字过长，按最小字高 {letters} mm 无法印在 {side} mm 标签上，最长的是“{field}”"
    en = "the texts do not fit a {side} mm label in letters of {letters} mm; the longest is {field!r}"


@dataclass(frozen=True, slots=True)
class _Field:
    caption: str
    text: str
    lines: int = 1  # on a blank label
    value: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", font.shown(self.text))

    @property
    def head(self) -> str:
        return f"{self.caption}："


_Row = tuple[_Field, ...]


def size_for(volume_ml: int | None) -> Size:
    """The label for a container of that volume, by HJ 1276-2022 table 1; the smallest where it is unknown."""
    if volume_ml is None or volume_ml <= 50_000:
        return SIZES[100]
    return SIZES[150] if volume_ml <= 450_000 else SIZES[200]


def label(text: LabelText, size: Size) -> Drawing:
    """The drawing of a label; raises GlyphMissing or LabelTextTooLong."""
    upper, wide, lower = _rows(text)
    steps = 12
    for step in range(steps, -1, -1):
        page = _Page(text, size, size.em * (1 + 0.35 * step / steps))
        heights = page.heights(upper, wide, lower)
        if heights is not None:
            return page.drawing(*heights)
    longest = max((f for row in (*upper, *wide, *lower) for f in row), key=lambda f: len(f.value))
    raise LabelTextTooLong(letters=size.letters, side=size.side, field=longest.caption, got=f"{len(longest.value)} 字")


def _rows(text: LabelText) -> tuple[list[_Row], list[_Row], list[_Row]]:
    """The rows beside the hazards, across the label, and beside the QR code."""
    code, form = _Field("废物代码", text.code), _Field("废物形态", text.form)
    digital = _Field("数字识别码", "" if text.blank else text.digital_code)
    day, mass = _Field("产生日期", text.day), _Field("废物重量", text.mass)
    contact, remarks = _Field("联系人和联系方式", text.contact), _Field("备注", text.remarks)
    match text.kind:
        case "hazardous":
            upper: list[_Row] = [
                (_Field("废物名称", text.name),),
                (_Field("废物类别", text.category),),
                (code, form),
                (_Field("主要成分", text.components),),
                (_Field("有害成分", text.harmful),),
                (_Field("注意事项", text.precautions, 2),),
            ]
            return upper, [(digital,)], [(_Field("产生/收集单位", text.unit),), (contact,), (day, mass), (remarks,)]
        case "medical":
            upper = [
                (_Field("废物名称", text.name),),
                (_Field("废物类别", text.category),),
                (code, form),
                (_Field("特别说明", text.precautions, 3),),
            ]
            return upper, [(digital,)], [(_Field("产生单位", text.unit),), (contact,), (day, mass), (remarks,)]
        case "general":
            upper = [
                (_Field("废物名称", text.name),),
                (_Field("废物类别", text.category),),
                (code, form),
                (_Field("主要成分", text.components),),
                (_Field("注意事项", text.precautions, 2),),
            ]
            return upper, [], [(_Field("产生单位", text.unit, 2),), (contact,), (day, mass), (remarks,)]


class _Page:
    """One try at a label, with letters of a certain size."""

    def __init__(self, text: LabelText, size: Size, em: float) -> None:
        self.text, self.em, self.least, self.side = text, em, size.em, size.side
        # HJ 1276-2022: a frame of at least 1 mm, at least 3 mm from the edge.
        self.margin, self.frame = 3.0, 1.0
        self.left = self.margin + self.frame
        self.inner = size.side - 2 * self.left
        large = size.side > 100
        self.column = (
            0.0 if text.kind == "general" else self.inner * (0.22 if large and len(text.hazards) < 3 else 0.25)
        )
        self.code_side = self.inner * (0.23 if large else 0.28)
        self.title = 1.9 * em

    def heights(
        self, upper: list[_Row], wide: list[_Row], lower: list[_Row]
    ) -> tuple[list[tuple[_Row, float]], list[tuple[_Row, float]], list[tuple[_Row, float]]] | None:
        """Every row with its height, together filling the label; None when they are too high."""
        if self._too_wide(wide) and self.em > self.least:
            return None
        blocks = [
            self._needed(rows, width)
            for rows, width in (
                (upper, self.inner - self.column),
                (wide, self.inner),
                (lower, self.inner - self.code_side),
            )
        ]
        # The QR code's square must fit beside the lower rows, the symbols beside the upper ones.
        for block, least in ((blocks[0], self._symbols_least()), (blocks[2], self.code_side)):
            short = least - sum(height for _, height in block)
            if short > 0:
                block[:] = [(row, height + short / len(block)) for row, height in block]
        rest = self.inner - self.title - sum(height for block in blocks for _, height in block)
        if rest < 0:
            return None
        share = rest / sum(len(block) for block in blocks)
        first, second, third = ([(row, height + share) for row, height in block] for block in blocks)
        return first, second, third

    def _too_wide(self, wide: list[_Row]) -> bool:
        """Whether a digital code would be cut in two, or a symbol's name run out of its column."""
        codes = any(font.width(each.value, self.em) > self.inner - self.em for row in wide for each in row)
        return codes or (len(self.text.hazards) > 2 and font.width("腐蚀性", self.em) * 1.06 > self.column / 2)

    def drawing(
        self, upper: list[tuple[_Row, float]], wide: list[tuple[_Row, float]], lower: list[tuple[_Row, float]]
    ) -> Drawing:
        shapes: list[Shape] = [
            rectangle(self.margin, self.margin, *(2 * (self.side - 2 * self.margin,)), pen=BLACK, width=self.frame)
        ]
        title, ground = _FORMS[self.text.kind]
        y = self.left
        shapes.extend(self._centred(" ".join(title), self.left, y, self.inner, self.title, self.em * 1.5))
        y += self.title
        shapes.append(self._across(y, self.inner))
        top = y
        y = self._set(shapes, upper, y, self.inner - self.column)
        shapes.append(self._across(y, self.inner))
        if self.column:
            x = self.left + self.inner - self.column
            shapes.append(line((x, top), (x, y), _RULE))
            shapes.extend(self._hazards(x, top, y - top))
        y = self._set(shapes, wide, y, self.inner)
        if wide:
            shapes.append(self._across(y, self.inner))
        height = sum(h for _, h in lower)
        x = self.left + self.inner - self.code_side
        shapes.append(line((x, y), (x, y + height), _RULE))
        side = min(self.code_side, height) - 0.9
        shapes.append(
            Code(
                x=x + (self.code_side - side) / 2,
                y=y + (height - side) / 2,
                side=side,
                modules=qr.modules(self.text.link),
            )
        )
        self._set(shapes, lower, y, self.inner - self.code_side)
        return Drawing(width=self.side, height=self.side, ground=ground, shapes=tuple(shapes))

    # ------------------------------------------------------------------------------------ rows

    def _needed(self, rows: Sequence[_Row], width: float) -> list[tuple[_Row, float]]:
        """Rows as they will be set, with the least height of each; a pair that does not fit side by side is parted."""
        set_: list[_Row] = []
        for row in rows:
            set_.extend([row] if len(row) == 1 or self._split(row, width) is not None else [(each,) for each in row])
        return [(row, self._lines(row, width) * _LINE * self.em + _ROW * self.em) for row in set_]

    def _split(self, row: _Row, width: float) -> float | None:
        """Where the second field of a pair begins, if both fit on one line."""
        first, second = (
            font.width(f.head, self.em) + (4 * self.em if self.text.blank else font.width(f.value, self.em * 1.03))
            for f in row
        )
        pad = 2 * _PAD * self.em
        if first + second + 2 * pad > width:
            return None
        return first + pad + (width - first - second - 2 * pad) / 2

    def _lines(self, row: _Row, width: float) -> int:
        if self.text.blank:
            return max(each.lines for each in row)
        return len(self._wrapped(row[0], width)) if len(row) == 1 else 1

    def _wrapped(self, of: _Field, width: float) -> tuple[str, ...]:
        # Stroked letters are a little wider than their advance.
        return wrap(of.head + of.value, round(width / self.em - 2 * _PAD - 0.1, 2))

    def _set(self, shapes: list[Shape], rows: list[tuple[_Row, float]], y: float, width: float) -> float:
        """Set rows one below the other with rules between them; where the next block begins."""
        for n, (row, height) in enumerate(rows):
            if n:
                shapes.append(self._across(y, width))
            shapes.extend(self._row(row, self.left, y, width, height))
            y += height
        return y

    def _row(self, row: _Row, x: float, y: float, width: float, height: float) -> Iterator[Shape]:
        """The captions and texts of a row."""
        if len(row) == 2:
            split = self._split(row, width) or width / 2
            yield line((x + split, y), (x + split, y + height), _RULE)
            yield from self._row(row[:1], x, y, split, height)
            yield from self._row(row[1:], x + split, y, width - split, height)
            return
        (only,) = row
        lines = (only.head,) if self.text.blank else self._wrapped(only, width)
        blank_lines = only.lines if self.text.blank else len(lines)
        at = y + (height - blank_lines * _LINE * self.em) / 2
        for n, words in enumerate(lines):
            baseline = self._baseline(at + n * _LINE * self.em, _LINE * self.em, self.em)
            left, rest = x + _PAD * self.em, words
            if n == 0:
                yield Text(x=left, y=baseline, size=self.em, text=only.head)
                left, rest = left + font.width(only.head, self.em), words[len(only.head) :]
            if rest:
                yield Text(x=left, y=baseline, size=self.em, text=rest, bold=True)

    # ------------------------------------------------------------------------------------ parts

    def _symbols_least(self) -> float:
        if not self.column:
            return 0
        count = len(self.text.hazards)
        least = (0.15 if count < 3 else 0.105) * self.side + 1.3 * self.em
        return 1.5 * self.em + least * (count if count < 3 else (count + 1) // 2)

    def _hazards(self, x: float, y: float, height: float) -> Iterator[Shape]:
        """The caption and, stacked or in two columns, each symbol over its name; on a blank label boxes to tick."""
        head = 1.5 * self.em
        yield from self._centred("危险特性", x, y, self.column, head, self.em)
        hazards = tuple(NAMES) if self.text.blank else self.text.hazards
        if not hazards:
            return
        if self.text.blank:
            each = (height - head) / len(hazards)
            for n, hazard in enumerate(hazards):
                at = y + head + n * each
                box = 0.8 * self.em
                left = x + self.column * 0.12
                yield rectangle(left, at + (each - box) / 2, box, box, fill=WHITE, pen=BLACK, width=0.4)
                baseline = self._baseline(at, each, self.em)
                yield Text(x=left + 1.3 * self.em, y=baseline, size=self.em, text=NAMES[hazard])
            return
        columns = 1 if len(hazards) < 3 else 2
        lines = -(-len(hazards) // columns)
        wide, high = self.column / columns, (height - head) / lines
        name = 1.3 * self.em
        side = min(wide - 1.5, high - name - 0.6, self.column * 0.86)
        for n, hazard in enumerate(hazards):
            alone = n == len(hazards) - 1 and n % columns == 0
            cx = x + (columns / 2 if alone else n % columns + 0.5) * wide
            top = y + head + (n // columns) * high + (high - side - name) / 2
            yield from (each.placed(cx - side / 2, top, side / 100) for each in symbol(hazard))
            yield from self._centred(NAMES[hazard], cx - wide / 2, top + side, wide, name, self.em)

    def _centred(self, text: str, x: float, y: float, w: float, h: float, size: float) -> Iterator[Text]:
        left = x + (w - font.width(text, size)) / 2
        yield Text(x=left, y=self._baseline(y, h, size), size=size, text=text, bold=True)

    def _baseline(self, top: float, height: float, size: float) -> float:
        """The baseline on which an ideograph stands in the middle of a line."""
        below, above = font.ink("物")
        return top + height / 2 + (above + below) / 2 * size

    def _across(self, y: float, width: float) -> Shape:
        return line((self.left, y), (self.left + width, y), _RULE)


@lru_cache(maxsize=8192)
def wrap(text: str, width: float) -> tuple[str, ...]:
    """A text in lines of at most `width` letter sizes: between ideographs, else between words, else within one."""
    lines, current, used = [], "", 0.0
    for word in _pieces(text, width):
        wide = font.width(word, 1)
        if current and used + wide > width and word not in _NO_START | {" "}:
            lines.append(current.rstrip())
            current, used = "", 0.0
        elif current and used + wide > width:
            # No line begins with a stop: the last piece comes along.
            keep = _words(current)[-1] if word != " " else ""
            lines.append(current[: len(current) - len(keep)].rstrip())
            current, used = keep, font.width(keep, 1)
        if current or word != " ":
            current, used = current + word, used + wide
    return (*lines, current) if current else tuple(lines)


def _pieces(text: str, width: float) -> Iterator[str]:
    for word in _words(text):
        if font.width(word, 1) <= width:
            yield word
            continue
        # A number longer than a line is cut wherever the line ends.
        yield from word
