"""Pictures: widths are grams on one scale, nothing without mass is drawn, every point and band is a named link."""

from __future__ import annotations

import re

from api.pages.charts import Point, Ribbon, flow, line

COLUMNS = {"made": 0, "store": 1, "road": 2, "closed": 4, "lost": 4}
NAMES = {key: key.title() for key in COLUMNS}


def ribbon(source: str, to: str, grams: int) -> Ribbon:
    return Ribbon(source=source, to=to, grams=grams, says=f"{source} to {to}", href=f"/x?a={source}&b={to}")


def widths(svg: str) -> dict[str, float]:
    """How thick each band is where it begins, by its name."""
    band = r'aria-label="([^"]+)"><title>[^<]+</title><path class="[^"]*" d="M[\d.]+,([\d.]+) [^Z]* [\d.]+,([\d.]+) Z'
    found = re.findall(band, svg)
    return {name: float(bottom) - float(top) for name, top, bottom in found}


def test_bands_are_as_wide_as_their_grams_and_the_thinnest_is_still_seen() -> None:
    svg = flow("t", COLUMNS, NAMES, [ribbon("made", "store", 4_000), ribbon("store", "closed", 3_000),
                                     ribbon("store", "lost", 999), ribbon("store", "road", 1)])  # fmt: skip
    seen = widths(svg)
    assert abs(seen["made to store"] / seen["store to closed"] - 4 / 3) < 0.01
    assert abs(seen["store to closed"] / seen["store to lost"] - 3) < 0.05
    assert seen["store to road"] == 1.0


def test_nothing_is_drawn_of_no_mass_and_addresses_are_escaped() -> None:
    assert flow("t", COLUMNS, NAMES, [ribbon("made", "store", 0)]) == ""
    svg = flow("<t>", COLUMNS, NAMES, [ribbon("made", "store", 5)])
    assert 'href="/x?a=made&amp;b=store"' in svg and 'aria-label="&lt;t&gt;"' in svg and "Road" not in svg


def test_a_month_without_mass_has_no_point_and_no_line_crosses_it() -> None:
    values = [10_000, None, 5_000, 0]
    points = [Point(label=str(n), hundredths=v, says=f"m{n}", href=f"/m{n}") for n, v in enumerate(values)]
    svg = line("t", points)
    assert re.findall(r'aria-label="(m\d)"', svg) == ["m0", "m2", "m3"]
    assert svg.count('class="trend"') == 1
    tops = [float(y) for y in re.findall(r'class="point" cx="[\d.]+" cy="([\d.]+)"', svg)]
    assert tops[0] == 10.0 and tops[1] == (tops[0] + tops[2]) / 2, "the scale is from 0 to 100"
