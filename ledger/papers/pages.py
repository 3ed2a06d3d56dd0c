"""A4 pages filled from the top with captioned values, tables, notes and codes; each says which page of which it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ledger.labels import draw, font, qr
from ledger.labels.layout import wrap
from ledger.labels.shapes import BLACK, WHITE, Code, Colour, Drawing, Shape, Text, line, rectangle
from ledger.papers.words import Said

_W, _H = draw.A4
_LEFT, _TOP, _FOOT = 15.0, 12.0, 16.0
_WIDE: Final = _W - 2 * _LEFT
_BODY, _SMALL, _TINY = 3.2, 2.5, 2.1
_LEAD: Final = 1.32
_PAD: Final = 1.1
_PALE: Final[Colour] = (236, 236, 236)
_THIN, _RULE = 0.12, 0.35
_HEAD_SIDE, _CODE_SIDE = 27.0, 55.0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its captions, its share of the width, the text of a row in it; figures stand right."""

    zh: str
    en: str
    share: float
    text: Callable[[Any], str]
    right: bool = False


class Pages:
    """Pages filled from the top; what does not fit goes on to the next."""

    def __init__(self, *, title: Said, number: str, foot: str, code: str) -> None:
        """`code` is the text of the QR code at the head of the first page."""
        self._title, self._number, self._foot = title, number, foot
        self._pages: list[list[Shape]] = []
        self._page: list[Shape] = []
        self._y = 0.0
        self._first(code)

    # ------------------------------------------------------------------------------------ parts

    def heading(self, zh: str, en: str) -> None:
        self._room(16)
        self._y += 2.4
        self._put(rectangle(_LEFT, self._y, _WIDE, 5.6, fill=_PALE))
        used = self._text(zh, _LEFT + _PAD, self._y + 4.1, 3.6, bold=True)
        self._text(en, _LEFT + _PAD + used + 2, self._y + 4.1, _SMALL)
        self._y += 5.6

    def pairs(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Captioned values in two columns, framed."""
        half, caption = _WIDE / 2, 27.0
        for n in range(0, len(rows), 2):
            cells = [(row, self._wrapped(row[2], half - caption - 2 * _PAD, _BODY)) for row in rows[n : n + 2]]
            high = max(7.2, *(len(lines) * _BODY * _LEAD + 2 * _PAD for _, lines in cells))
            self._room(high)
            for column, ((zh, en, _), lines) in enumerate(cells):
                x, wide = _LEFT + column * half, half if len(cells) == 2 else _WIDE
                self._put(rectangle(x, self._y, wide, high, pen=BLACK, width=_THIN))
                self._fitted(zh, x + _PAD, self._y + 3.3, _SMALL, caption - _PAD)
                self._fitted(en, x + _PAD, self._y + 6.1, _TINY, caption - _PAD)
                self._lines(lines, x + caption, self._y + _PAD, _BODY)
            self._y += high

    def table(self, columns: Sequence[Column], rows: Sequence[Any], *totals: str) -> None:
        """Numbered rows under captions that are repeated on every page; `totals` stand below the columns."""
        columns = [Column("序号", "no.", 6, lambda _: ""), *columns]
        whole = sum(c.share for c in columns)
        widths = [c.share / whole * _WIDE for c in columns]
        told = [(str(n), *(c.text(row) for c in columns[1:])) for n, row in enumerate(rows, 1)]
        self._captions(columns, widths)
        for cells in told:
            self._row(columns, widths, cells)
        if totals:
            self._row(columns, widths, ("", *totals), bold=True)
        if not rows:
            self._room(5)
            self._text("（尚无 none yet）", _LEFT + _PAD, self._y + 3.6, _SMALL)
            self._y += 5

    def _row(
        self, columns: Sequence[Column], widths: Sequence[float], cells: Sequence[str], *, bold: bool = False
    ) -> None:
        wrapped = [self._wrapped(text, w - 2 * _PAD, _SMALL) for text, w in zip(cells, widths, strict=True)]
        high = max(4.8, *(len(lines) * _SMALL * _LEAD + 1.6 for lines in wrapped))
        if self._room(high):
            self._captions(columns, widths)
        x = _LEFT
        for column, lines, w in zip(columns, wrapped, widths, strict=True):
            self._put(rectangle(x, self._y, w, high, pen=BLACK, width=_THIN))
            right = x + w - _PAD if column.right else None
            self._lines(lines, x + _PAD, self._y + 0.7, _SMALL, bold=bold, right=right)
            x += w
        self._y += high

    def note(self, text: str) -> None:
        """A paragraph in small letters."""
        lines = self._wrapped(text, _WIDE, _SMALL)
        self._y += 1
        for each in lines:
            self._room(_SMALL * _LEAD)
            self._lines((each,), _LEFT, self._y, _SMALL)
            self._y += _SMALL * _LEAD

    def signatures(self, *parties: Said) -> None:
        """Lines to sign on."""
        self._room(18)
        wide = _WIDE / len(parties)
        for n, (zh, en) in enumerate(parties):
            x = _LEFT + n * wide
            used = self._text(zh, x, self._y + 13, _BODY)
            used += 1.5 + self._text(en, x + used + 1.5, self._y + 13, _TINY)
            self._put(line((x + used + 2, self._y + 13.4), (x + wide - 6, self._y + 13.4), _THIN))
        self._y += 18

    def codes(self, texts: Sequence[str]) -> None:
        """QR codes, three beside each other, each under its number."""
        wide = _WIDE / 3
        for n, text in enumerate(texts):
            if n % 3 == 0:
                self._room(_CODE_SIDE + 4.5)
            x = _LEFT + n % 3 * wide + (wide - _CODE_SIDE) / 2
            self._text(f"{n + 1} / {len(texts)}", x + _CODE_SIDE / 2 - 4, self._y + 3.4, _SMALL)
            self._put(Code(x=x, y=self._y + 4, side=_CODE_SIDE, modules=qr.modules(text, rough=False)))
            if n % 3 == 2 or n == len(texts) - 1:
                self._y += _CODE_SIDE + 4.5

    # ------------------------------------------------------------------------------------ pages

    def finished(self) -> list[Drawing]:
        """All pages, each with its foot."""
        count = len(self._pages)
        for n, page in enumerate(self._pages, 1):
            self._page, y = page, _H - _FOOT + 4
            self._put(line((_LEFT, y), (_W - _LEFT, y), _RULE))
            self._text(self._foot, _LEFT, y + 4, _SMALL)
            self._text(f"第 {n} 页 共 {count} 页 · page {n} of {count}", _W - _LEFT, y + 4, _SMALL, right=True)
        return [Drawing(width=_W, height=_H, ground=WHITE, shapes=tuple(shapes)) for shapes in self._pages]

    def _first(self, code: str) -> None:
        self._turn()
        x = _W - _LEFT - _HEAD_SIDE
        self._put(Code(x=x, y=_TOP - 3, side=_HEAD_SIDE, modules=qr.modules(code, rough=False)))
        self._text(self._title[0], _LEFT, _TOP + 6, 6.4, bold=True)
        self._text(self._title[1], _LEFT, _TOP + 10.8, 3.2)
        self._lines(self._wrapped(self._number, x - _LEFT - 4, 3.8)[:2], _LEFT, _TOP + 13, 3.8, bold=True)
        self._y = _TOP + _HEAD_SIDE - 1.5

    def _turn(self) -> None:
        self._page = []
        self._pages.append(self._page)

    def _room(self, high: float) -> bool:
        """Turns the page when so much does not fit any more."""
        if self._y + high <= _H - _FOOT:
            return False
        self._turn()
        self._text(self._title[0], _LEFT, _TOP + 2, _BODY, bold=True)
        number = self._wrapped(self._number, 110, _BODY)[:1]
        self._text("".join(number), _W - _LEFT, _TOP + 2, _BODY, right=True)
        self._put(line((_LEFT, _TOP + 3.6), (_W - _LEFT, _TOP + 3.6), _RULE))
        self._y = _TOP + 6
        return True

    def _captions(self, columns: Sequence[Column], widths: Sequence[float]) -> None:
        high = 7.6
        self._room(high + 5)
        x = _LEFT
        for column, w in zip(columns, widths, strict=True):
            self._put(rectangle(x, self._y, w, high, fill=_PALE, pen=BLACK, width=_THIN))
            edge = x + w - _PAD if column.right else x + _PAD
            self._fitted(column.zh, edge, self._y + 3.2, _SMALL, w - 2 * _PAD, right=column.right)
            self._fitted(column.en, edge, self._y + 6.2, _TINY, w - 2 * _PAD, right=column.right)
            x += w
        self._y += high

    # ------------------------------------------------------------------------------------ letters

    def _put(self, shape: Shape) -> None:
        self._page.append(shape)

    def _text(self, text: str, x: float, y: float, size: float, *, bold: bool = False, right: bool = False) -> float:
        """One line; how wide it is."""
        shown = font.shown(text)
        wide = font.width(shown, size)
        if shown:
            self._put(Text(x=x - wide if right else x, y=y, size=size, text=shown, bold=bold))
        return wide

    def _fitted(self, text: str, x: float, y: float, size: float, wide: float, *, right: bool = False) -> None:
        """A caption, made smaller where its column is narrow."""
        needed = font.width(font.shown(text), size)
        self._text(text, x, y, size * min(1.0, wide / needed) if needed else size, right=right)

    def _wrapped(self, text: str, wide: float, size: float) -> tuple[str, ...]:
        """The lines of a text, begun anew at each line feed."""
        lines = (wrap(font.shown(part), round(wide / size, 3)) for part in text.split("\n") if part)
        return tuple(line for part in lines for line in part)

    def _lines(
        self,
        lines: Sequence[str],
        x: float,
        y: float,
        size: float,
        *,
        bold: bool = False,
        right: float | None = None,
    ) -> None:
        for n, text in enumerate(lines):
            base = y + (n + 0.88) * size * _LEAD
            self._text(text, x if right is None else right, base, size, bold=bold, right=right is not None)
