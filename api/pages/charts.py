"""Pictures of figures as SVG from the server: lines by month and bands of grams; every point and band is a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markupsafe import Markup

_LINE_WIDTH, _LINE_HEIGHT, _MARGIN = 360, 150, 34
_FLOW_WIDTH, _FLOW_HEIGHT, _BAR, _GAP = 960, 400, 12, 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One month of a line: its label, hundredths of a per cent (None: no mass), its words, and where it leads."""

    label: str
    hundredths: int | None
    says: str
    href: str


def line(title: str, points: Sequence[Point]) -> Markup:
    """Percentages by month on a fixed scale from 0 to 100; a month without mass has no point, which no line crosses."""
    step = (_LINE_WIDTH - 2 * _MARGIN) / max(1, len(points) - 1)
    placed = [(_MARGIN + n * step, point) for n, point in enumerate(points)]
    parts = [
        Markup(
            '<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/><text x="2" y="{3:.1f}">{4} %</text>'
        ).format(_MARGIN, _LINE_WIDTH - _MARGIN, _height(y), _height(y) + 4, y // 100)
        for y in (0, 5_000, 10_000)
    ]
    for (x1, before), (x2, after) in pairwise(placed):
        if before.hundredths is not None and after.hundredths is not None:
            ends = (x1, _height(before.hundredths), x2, _height(after.hundredths))
            parts.append(Markup('<line class="trend" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(*ends))
    for n, (x, point) in enumerate(placed):
        if n % 3 == 0 or n == len(placed) - 1:
            parts.append(
                Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                    x, _LINE_HEIGHT - 2, point.label
                )
            )
        if point.hundredths is not None:
            y = _height(point.hundredths)
            parts.append(
                Markup(
                    '<a href="{0}" aria-label="{1}"><title>{1}</title><circle class="touch" cx="{2:.1f}" cy="{3:.1f}"'
                    ' r="14"/><circle class="point" cx="{2:.1f}" cy="{3:.1f}" r="4"/></a>'
                ).format(point.href, point.says, x, y)
            )
    return _svg(title, _LINE_WIDTH, _LINE_HEIGHT, parts)


def _height(hundredths: int) -> float:
    return 10 + (_LINE_HEIGHT - 36) * (1 - min(hundredths, 10_000) / 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """Grams from one node to another, with its words and where it leads; `tone` is a class of the style sheet."""

    source: str
    to: str
    grams: int
    says: str
    href: str
    tone: str = ""


COLUMNS: Final = 5


def flow(title: str, columns: Mapping[str, int], names: Mapping[str, str], ribbons: Sequence[Ribbon]) -> Markup:
    """Bands whose widths are grams on one scale. `columns` gives each node its place from the left, in the order from
    the top; a band that is thinner than a hair is drawn as one."""
    drawn = [ribbon for ribbon in ribbons if ribbon.grams > 0]
    size = {
        node: max(sum(r.grams for r in drawn if r.source == node), sum(r.grams for r in drawn if r.to == node))
        for node in columns
    }
    nodes = [node for node in columns if size[node]]
    if not nodes:
        return Markup("")
    stacks = [[n for n in nodes if columns[n] == column] for column in range(COLUMNS)]
    scale = min((_FLOW_HEIGHT - _GAP * len(stack)) / sum(size[n] for n in stack) for stack in stacks if stack)
    top: dict[str, float] = {}
    for stack in stacks:
        y = float(_GAP)
        for node in stack:
            top[node] = y
            y += size[node] * scale + _GAP
    left = {node: columns[node] * (_FLOW_WIDTH - 150) / (COLUMNS - 1) + 2 for node in nodes}
    leaving, coming = dict(top), dict(top)
    starts = _stacked(drawn, leaving, scale, key=lambda r: top[r.to], end=lambda r: r.source)
    ends = _stacked(drawn, coming, scale, key=lambda r: top[r.source], end=lambda r: r.to)
    parts = []
    for n, ribbon in enumerate(drawn):
        x1, x2 = left[ribbon.source] + _BAR, left[ribbon.to]
        y1, y2, thick, mid = starts[n], ends[n], max(ribbon.grams * scale, 1.0), (x1 + x2) / 2
        path = (
            f"M{x1:.1f},{y1:.1f} C{mid:.1f},{y1:.1f} {mid:.1f},{y2:.1f} {x2:.1f},{y2:.1f} "
            f"L{x2:.1f},{y2 + thick:.1f} C{mid:.1f},{y2 + thick:.1f} {mid:.1f},{y1 + thick:.1f} "
            f"{x1:.1f},{y1 + thick:.1f} Z"
        )
        parts.append(
            Markup('<a href="{0}" aria-label="{1}"><title>{1}</title><path class="band {2}" d="{3}"/></a>').format(
                ribbon.href, ribbon.says, ribbon.tone, path
            )
        )
    for node in nodes:
        x, y = left[node], top[node]
        parts.append(
            Markup(
                '<rect class="node" x="{:.1f}" y="{:.1f}" width="{}" height="{:.1f}"/>'
                '<text x="{:.1f}" y="{:.1f}">{}</text>'
            ).format(x, y, _BAR, max(size[node] * scale, 1.0), x, y - 6, names[node])
        )
    return _svg(title, _FLOW_WIDTH, _FLOW_HEIGHT + _GAP, parts)


def _stacked(
    ribbons: Sequence[Ribbon],
    at: dict[str, float],
    scale: float,
    *,
    key: Callable[[Ribbon], float],
    end: Callable[[Ribbon], str],
) -> dict[int, float]:
    """Where each ribbon meets a node, those from or to higher nodes above."""
    made = {}
    for n, ribbon in sorted(enumerate(ribbons), key=lambda pair: key(pair[1])):
        made[n] = at[end(ribbon)]
        at[end(ribbon)] += ribbon.grams * scale
    return made


def _svg(title: str, width: int, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" role="group" aria-label="{}" viewBox="0 0 {} {}">{}</svg>').format(
        title, width, height, Markup("").join(parts)
    )
