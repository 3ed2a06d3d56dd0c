"""Every code that is printed is read again by a reader that is not ours, also after the ways of a drum."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from math import pi, sqrt

import pdfplumber
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter
from pypdfium2 import PdfDocument

from ledger.labels import code, draw
from ledger.labels.layout import SIZES, LabelText, label
from ledger.labels.shapes import Code, Drawing
from tests.support import log_world as world
from tests.support.labels import KEY, printed, read

Hurt = Callable[[Image.Image], Image.Image]


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(1.5))


def turned(image: Image.Image) -> Image.Image:
    return image.rotate(30, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)


PLACES = [(x, y) for y in (0.25, 0.35, 0.5, 0.65, 0.75) for x in (0.25, 0.35, 0.5, 0.65, 0.75)]
FINDERS = {(0.25, 0.25), (0.75, 0.25), (0.25, 0.75)}
"""A code without one of the three squares in its corners is read by nobody."""


def stained(drawing: Drawing, place: tuple[float, float], colour: str) -> Image.Image:
    """A round stain over 15 % of the code's modules, its centre at that place of the code."""
    image, dots = draw.raster(drawing, dpi=300), 300 / 25.4
    (found,) = [shape for shape in drawing.shapes if isinstance(shape, Code)]
    module = int(found.side * dots / 65)
    side, r = 57 * module, sqrt(0.15 / pi) * 57 * module
    x = (found.x + found.side / 2) * dots + (place[0] - 0.5) * side
    y = (found.y + found.side / 2) * dots + (place[1] - 0.5) * side
    ImageDraw.Draw(image).ellipse((x - r, y - r, x + r, y + r), fill=colour)
    return image


@pytest.mark.parametrize("hurt", [blurred, turned])
@pytest.mark.parametrize("side", SIZES)
def test_a_label_is_read_out_of_focus_and_askew(full: LabelText, side: int, hurt: Hurt) -> None:
    assert read(hurt(draw.raster(label(full, SIZES[side]), dpi=300))) == [full.link]


@pytest.mark.parametrize("place", [place for place in PLACES if place not in FINDERS])
def test_a_label_is_read_with_oil_on_15_percent_of_its_code(full: LabelText, place: tuple[float, float]) -> None:
    assert read(stained(label(full, SIZES[100]), place, "#3a2a1a")) == [full.link]


def test_a_label_is_read_with_15_percent_of_its_code_scratched_off_nearly_anywhere(full: LabelText) -> None:
    drawing, places = label(full, SIZES[100]), [place for place in PLACES if place not in FINDERS]
    done = sum(read(stained(drawing, place, "white")) == [full.link] for place in places)
    assert done >= 20, f"expected 20 of {len(places)} places, got {done}"


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("side", SIZES)
def test_what_a_thermal_printer_burns_is_read(full: LabelText, side: int, dpi: int) -> None:
    (dots,) = printed(draw.zpl([label(full, SIZES[side])], dpi=dpi))
    assert dots.size == (round(side / 25.4 * dpi),) * 2
    assert read(dots) == [full.link]


def test_a_thermal_code_has_whole_dots_for_modules(full: LabelText) -> None:
    (dots,) = printed(draw.zpl([label(full, SIZES[100])]))
    (found,) = zxingcpp.read_barcodes(dots)
    corners = found.position
    assert abs(corners.top_right.x - corners.top_left.x - 57 * 3) <= 1


@pytest.mark.parametrize("side", SIZES)
def test_png_and_pdf_show_one_code_with_the_link(full: LabelText, side: int) -> None:
    drawing = label(full, SIZES[side])
    assert read(Image.open(io.BytesIO(draw.png(drawing)))) == [full.link]
    page = PdfDocument(draw.pdf([drawing]))[0].render(scale=200 / 72).to_pil()
    assert read(page) == [full.link]


def test_a_blank_label_is_read(full: LabelText) -> None:
    link = code.issue(label=world.stream("label", 1), origin=world.ORIGIN, key=KEY).link("HTTPS://A.EXAMPLE/L/")
    assert read(draw.raster(label(LabelText(link=link, blank=True), SIZES[100]), dpi=200)) == [link]


def test_svg_needs_no_font_and_has_the_same_modules(full: LabelText) -> None:
    picture = draw.svg(label(full, SIZES[100])).decode()
    assert "<text" not in picture
    (squares,) = re.findall(r'height="65" fill="#ffffff"/><path d="([^"]*)"', picture)
    image = Image.new("L", (65, 65), 255)
    for x, y, count in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", squares):
        image.paste(0, (int(x), int(y), int(x) + int(count), int(y) + 1))
    assert read(image.resize((260, 260), Image.Resampling.NEAREST)) == [full.link]


def test_the_font_is_embedded_and_only_its_used_letters(full: LabelText) -> None:
    made = draw.pdf([label(full, SIZES[100])])
    assert made.count(b"/FontFile2") >= 1
    assert len(made) < 200_000
    with pdfplumber.open(io.BytesIO(made)) as file:
        assert {char["fontname"].partition("+")[2] for char in file.pages[0].chars} == {"WenQuanYiMicroHei-0"}
        assert "废液压油" in file.pages[0].extract_text()


def test_a4_holds_four_small_labels_and_each_size_has_its_own_sheets(full: LabelText) -> None:
    small, large = label(full, SIZES[100]), label(full, SIZES[150])
    with pdfplumber.open(io.BytesIO(draw.pdf([small] * 5 + [large], sheet="a4"))) as file:
        counts = [page.extract_text().count("900-214-08") for page in file.pages]
        assert {(round(p.width), round(p.height)) for p in file.pages} == {(595, 842)}
    assert counts == [4, 1, 1]


def test_the_same_labels_give_the_same_bytes(full: LabelText) -> None:
    drawing = label(full, SIZES[100])
    assert draw.pdf([drawing]) == draw.pdf([drawing])
    assert draw.zpl([drawing]) == draw.zpl([drawing])


def test_a_thousand_labels_in_one_job_are_read_again(full: LabelText) -> None:
    base = code.link_base(world.ORIGIN)
    links = [
        code.issue(label=world.stream("label", n), container=world.stream("container", n), origin=world.ORIGIN, key=KEY)
        for n in range(1_000)
    ]
    told: list[int] = []
    drawings = [label(replace(full, link=each.link(base)), SIZES[100]) for each in links]
    document = PdfDocument(draw.pdf(drawings, told=told.append))
    assert told == list(range(1, 1_001))
    assert len(document) == 1_000
    for n in range(0, 1_000, 25):
        assert read(document[n].render(scale=150 / 72).to_pil()) == [links[n].link(base)]
