"""Every code that is printed is read again by a reader that is not ours, also after the ways of a drum."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from random import Random

import pdfplumber
import pytest
from PIL import Image, ImageDraw, ImageFilter
from pypdfium2 import PdfDocument

from ledger.labels import code, draw
from ledger.labels.layout import SIZES, LabelText, label
from tests.support import log_world as world
from tests.support.labels import KEY, printed, read


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(2.5))


def turned(image: Image.Image) -> Image.Image:
    return image.rotate(30, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)


def soiled(image: Image.Image) -> Image.Image:
    """15 % of the whole label, its code as much as the rest, under drops of oil."""
    chance, dirt = Random(15), Image.new("1", image.size)
    pen, total = ImageDraw.Draw(dirt), image.width * image.height
    while dirt.histogram()[255] < 0.15 * total:
        x, y, r = chance.randrange(image.width), chance.randrange(image.height), chance.randrange(3, 9)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=1)
    image = image.copy()
    image.paste("#3a2a1a", mask=dirt)
    return image


@pytest.mark.parametrize("hurt", [blurred, turned, soiled])
@pytest.mark.parametrize("side", SIZES)
def test_a_label_is_read_after_blur_turning_and_dirt(full: LabelText, side: int, hurt: object) -> None:
    image = draw.raster(label(full, SIZES[side]), dpi=300)
    assert read(hurt(image)) == [full.link]  # type: ignore[operator]


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("side", SIZES)
def test_what_a_thermal_printer_burns_is_read(full: LabelText, side: int, dpi: int) -> None:
    (dots,) = printed(draw.zpl([label(full, SIZES[side])], dpi=dpi))
    assert dots.size == (round(side / 25.4 * dpi),) * 2
    assert read(dots) == [full.link]


def test_a_thermal_code_has_whole_dots_for_modules(full: LabelText) -> None:
    (dots,) = printed(draw.zpl([label(full, SIZES[100])]))
    (found,) = __import__("zxingcpp").read_barcodes(dots)
    corners = found.position
    assert (corners.top_right.x - corners.top_left.x) % 57 in (0, 56)


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
    (squares,) = re.findall(r'fill="#ffffff"/><path d="([^"]*)"', picture)
    image = Image.new("L", (65, 65), 255)
    for x, y, count in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", squares):
        image.paste(0, (int(x), int(y), int(x) + int(count), int(y) + 1))
    assert read(image.resize((260, 260), Image.Resampling.NEAREST)) == [full.link]


def test_the_font_is_embedded_and_only_its_used_letters(full: LabelText) -> None:
    made = draw.pdf([label(full, SIZES[100])])
    assert made.count(b"/FontFile2") >= 1
    assert len(made) < 200_000
    with pdfplumber.open(io.BytesIO(made)) as file:
        assert {char["fontname"].partition("+")[2] for char in file.pages[0].chars} == {"WenQuanYiMicroHei"}
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
