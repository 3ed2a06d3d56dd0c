"""The hazard symbols of a waste label, drawn here: a square on its point, black on the colour of the hazard.

Colours after the examples of HJ 1276-2022: toxic and infectious white, corrosive white over black, ignitable red,
reactive yellow. Each is drawn in a square of side 100 and can be told without its colour.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import cos, radians, sin
from typing import Final

from ledger.labels.shapes import BLACK, WHITE, Colour, Path, Point, arc, circle, line, path, polygon

NAMES: Final = {"T": "毒性", "C": "腐蚀性", "I": "易燃性", "R": "反应性", "In": "感染性"}
_RED: Final[Colour] = (255, 0, 0)
_YELLOW: Final[Colour] = (255, 255, 0)


@cache
def symbol(hazard: str) -> tuple[Path, ...]:
    """The symbol of a hazard T, C, I, R or In in a square of side 100."""
    ground = {"I": _RED, "R": _YELLOW}.get(hazard, WHITE)
    outside = polygon((50, 0), (100, 50), (50, 100), (0, 50), fill=BLACK)
    inside = polygon((50, 3), (97, 50), (50, 97), (3, 50), fill=ground)
    return (outside, inside, *_DRAWN[hazard]())


def biohazard(x: float, y: float, r: float, ground: Colour) -> Iterator[Path]:
    """Three horns and a ring, about a centre, `r` reaching to the horns' tips."""
    u = r / 30
    petals = [(x + 13 * u * cos(radians(a)), y + 13 * u * sin(radians(a)), a) for a in (-90, 30, 150)]
    for px, py, _ in petals:
        yield circle(px, py, 16 * u, fill=BLACK)
    for px, py, a in petals:
        yield circle(px + 4.2 * u * cos(radians(a)), py + 4.2 * u * sin(radians(a)), 12.6 * u, fill=ground)
    for _, _, a in petals:  # the gaps between the horns' tips
        yield line((x, y), (x + 8 * u * cos(radians(a)), y + 8 * u * sin(radians(a))), 2 * u, pen=ground)
    yield circle(x, y, 3.6 * u, fill=ground)
    for _, _, a in petals:
        # The ring shows inside each horn only.
        yield Path(steps=arc(x, y, 13 * u, a - 44, a + 44), pen=BLACK, width=3.4 * u)


def _toxic() -> Iterator[Path]:
    return (each.placed(7, 3, 0.86) for each in _skull())


def _skull() -> Iterator[Path]:
    for a, b in (((28, 72), (72, 54)), ((28, 54), (72, 72))):
        yield line(a, b, 5)
        for x, y in (a, b):
            side = -1 if x < 50 else 1
            yield circle(x + side, y - 2.6, 3.6, fill=BLACK)
            yield circle(x + side, y + 2.6, 3.6, fill=BLACK)
    # Cranium and jaw over the crossed bones, with a rim of ground around them.
    skull = (
        "M 50 17 C 36 17 29 27 29 37 C 29 44 32 47 36 50 C 37 52 37 54 37 57 C 37 61 42 63 50 63"
        " C 58 63 63 61 63 57 C 63 54 63 52 64 50 C 68 47 71 44 71 37 C 71 27 64 17 50 17 Z"
    )
    yield path(skull, fill=WHITE, pen=WHITE, width=4)
    yield path(skull, fill=BLACK)
    yield path("M 34 41 C 34 35 46 35 46.5 40 C 47 46 43 48 40 48 C 36 48 34 46 34 41 Z", fill=WHITE)
    yield path("M 66 41 C 66 35 54 35 53.5 40 C 53 46 57 48 60 48 C 64 48 66 46 66 41 Z", fill=WHITE)
    yield path("M 50 45.5 L 53.5 52 L 50 51 L 46.5 52 Z", fill=WHITE)
    for tooth in (43.0, 47.7, 52.3, 57.0):
        yield line((tooth, 55), (tooth, 63), 1.3, pen=WHITE)


def _corrosive() -> Iterator[Path]:
    # Two tubes drip on a hand and on a bar of metal, and eat both.
    yield polygon((10, 60), (90, 60), (50, 100), fill=BLACK)
    for side in (-1, 1):

        def at(x: float, y: float, side: int = side) -> tuple[float, float]:
            return 50 + side * x, y

        yield line(at(4, 14), at(18, 31), 8)
        yield line(at(5, 15.2), at(12, 23.7), 5, pen=WHITE)
        for fallen in (35.5, 42.5):
            x, y = at(19.5, fallen)
            yield polygon((x, y - 4), (x - 1.9, y), (x + 1.9, y), fill=BLACK)
            yield circle(x, y + 0.6, 2, fill=BLACK)
    yield path("M 56 48 L 64 48 L 66 51 L 68 49 L 70 52 L 73 49 L 75 48 L 86 48 L 86 56 L 56 56 Z", fill=BLACK)
    yield path(
        "M 13 48.5 L 22 48.5 C 24 46.5 25.5 46 27 46.5 L 28.5 49.5 L 31 47 L 33 50 L 35 48 L 45 49.5"
        " C 47.5 50 47.5 52.2 45 52.2 L 38 52 L 44 53 C 46 53.5 46 55.6 44 55.6 L 34 55.8 C 28 57.5 24 56.5 13 56 Z",
        fill=BLACK,
    )


def _ignitable() -> Iterator[Path]:
    yield path(
        "M 52 14 C 55 26 68 31 69 47 C 70 60 62 69 50 69 C 38 69 30 60 31 48 C 31.5 41 35 37 37 31"
        " C 39 34 40 36 41 40 C 46 34 51 26 52 14 Z",
        fill=BLACK,
    )
    yield path(
        "M 51 40 C 52 46 60 49 59 57 C 58.5 62.5 55 65 50 65 C 45 65 41 62 41 57 C 41 53 43 51 44 47"
        " C 45 49 46 50 46.5 52 C 49 49 51 45 51 40 Z",
        fill=_RED,
    )
    yield polygon((28, 72), (72, 72), (68, 76), (32, 76), fill=BLACK)


def _reactive() -> Iterator[Path]:
    # A burst: long and short rays by turns, and pieces that fly away from it.
    rays = [-90, -60, -38, -14, 10, 34, 58, 90, 122, 146, 170, 194, 218, 240]
    reach = [30, 24, 29, 23, 27, 20, 24, 19, 24, 20, 27, 23, 29, 24]
    points: list[Point] = []
    for n, (a, r) in enumerate(zip(rays, reach, strict=True)):
        points.append((50 + r * cos(radians(a)), 50 + r * sin(radians(a))))
        between = (a + [*rays, 270][n + 1]) / 2
        points.append((50 + 12 * cos(radians(between)), 50 + 12 * sin(radians(between))))
    yield polygon(*points, fill=BLACK)
    yield circle(50, 50, 6, fill=_YELLOW)
    for a, r, size in ((-75, 30, 2.4), (-26, 30, 2.6), (22, 28, 2.4), (75, 27, 2.2), (105, 27, 2.2), (158, 28, 2.4)):
        x, y = 50 + r * cos(radians(a)), 50 + r * sin(radians(a))
        yield polygon((x - size, y), (x, y - size), (x + size, y), (x, y + size), fill=BLACK)
    yield polygon((26, 46), (23, 43), (21, 47), (24, 50), fill=BLACK)


def _infectious() -> Iterator[Path]:
    return biohazard(50, 51, 30, WHITE)


_DRAWN: Final = {"T": _toxic, "C": _corrosive, "I": _ignitable, "R": _reactive, "In": _infectious}
