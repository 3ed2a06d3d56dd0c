"""What a drawing is made of, in millimetres from its top left corner: filled paths, lines of text, QR codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Final

from ledger.labels.qr import Modules

Colour = tuple[int, int, int]
BLACK: Final[Colour] = (0, 0, 0)
WHITE: Final[Colour] = (255, 255, 255)
Point = tuple[float, float]
Step = tuple[str, tuple[Point, ...]]
"""One step of a path: "M" or "L" and a point, "C" and three, "Z" and none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """An outline, filled or drawn with a pen that is `width` wide."""

    steps: tuple[Step, ...]
    fill: Colour | None = None
    pen: Colour | None = None
    width: float = 0

    def placed(self, x: float, y: float, scale: float) -> Path:
        """The path made larger by `scale`, then moved."""
        steps = tuple((op, tuple((x + px * scale, y + py * scale) for px, py in points)) for op, points in self.steps)
        return Path(steps=steps, fill=self.fill, pen=self.pen, width=self.width * scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line of text; `y` is its baseline, `size` the height of its em square."""

    x: float
    y: float
    size: float
    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A QR code in a square of that side, quiet zone included."""

    x: float
    y: float
    side: float
    modules: Modules


Shape = Path | Text | Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A label or a page; later shapes lie over earlier ones."""

    width: float
    height: float
    ground: Colour
    shapes: tuple[Shape, ...]


def path(data: str, fill: Colour | None = None, pen: Colour | None = None, width: float = 0) -> Path:
    """A path from SVG path data with the absolute commands M, L, C and Z and blanks between all numbers."""
    return Path(steps=tuple(_steps(data.split())), fill=fill, pen=pen, width=width)


def _steps(words: list[str]) -> Iterator[Step]:
    at, op = 0, ""
    while at < len(words):
        if words[at].isalpha():
            op, at = words[at], at + 1
        count = {"M": 1, "L": 1, "C": 3, "Z": 0}[op]
        numbers = [float(word) for word in words[at : at + 2 * count]]
        yield op, tuple(zip(numbers[::2], numbers[1::2], strict=True))
        at += 2 * count


def polygon(*points: Point, fill: Colour | None = None, pen: Colour | None = None, width: float = 0) -> Path:
    """Straight lines from point to point and back."""
    steps: list[Step] = [("M" if n == 0 else "L", (point,)) for n, point in enumerate(points)]
    return Path(steps=(*steps, ("Z", ())), fill=fill, pen=pen, width=width)


def rectangle(
    x: float, y: float, w: float, h: float, fill: Colour | None = None, pen: Colour | None = None, width: float = 0
) -> Path:
    """A rectangle; a pen goes along its inside."""
    d = width / 2
    corners = ((x + d, y + d), (x + w - d, y + d), (x + w - d, y + h - d), (x + d, y + h - d))
    return polygon(*corners, fill=fill, pen=pen, width=width)


def line(a: Point, b: Point, width: float, pen: Colour = BLACK) -> Path:
    """A straight line of that width."""
    return Path(steps=(("M", (a,)), ("L", (b,))), pen=pen, width=width)


def circle(x: float, y: float, r: float, fill: Colour | None = None) -> Path:
    """A filled circle."""
    return Path(steps=(*arc(x, y, r, 0, 360), ("Z", ())), fill=fill)


def arc(x: float, y: float, r: float, start: float, end: float) -> tuple[Step, ...]:
    """A circle's arc from one angle to another in degrees, clockwise from the right, as curves of at most 45°."""
    parts = max(1, round(abs(end - start) / 45))
    turn = radians(end - start) / parts
    k = 4 / 3 * sin(turn / 4) / cos(turn / 4) * r if turn else 0.0
    steps: list[Step] = []
    for n in range(parts):
        a = radians(start) + n * turn
        b = a + turn
        from_, to = (x + r * cos(a), y + r * sin(a)), (x + r * cos(b), y + r * sin(b))
        if n == 0:
            steps.append(("M", (from_,)))
        first = (from_[0] - k * sin(a), from_[1] + k * cos(a))
        second = (to[0] + k * sin(b), to[1] - k * cos(b))
        steps.append(("C", (first, second, to)))
    return tuple(steps)
