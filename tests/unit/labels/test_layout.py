"""Labels keep the standard: sizes by volume, frame and margin, letter heights; what cannot be printed is refused."""

from __future__ import annotations

import io
from dataclasses import replace

import pdfplumber
import pytest
from PIL import Image, ImageFilter

from ledger.labels import draw, font
from ledger.labels.layout import SIZES, LabelText, LabelTextTooLong, label, size_for, wrap
from ledger.labels.shapes import Code, Drawing, Path, Text
from ledger.labels.symbols import NAMES

ORANGE = (255, 150, 0)


def texts(drawing: Drawing) -> list[Text]:
    return [shape for shape in drawing.shapes if isinstance(shape, Text)]


def said(drawing: Drawing) -> str:
    return "".join(each.text for each in texts(drawing))


@pytest.mark.parametrize(
    ("volume_ml", "side", "faces"),
    [(None, 100, 1), (50_000, 100, 1), (50_001, 150, 1), (450_000, 150, 1), (450_001, 200, 2)],
)
def test_the_containers_volume_chooses_the_size(volume_ml: int | None, side: int, faces: int) -> None:
    size = size_for(volume_ml)
    assert (size.side, size.faces) == (side, faces)


@pytest.mark.parametrize("size", SIZES.values(), ids=str)
def test_a_full_label_says_every_field(full: LabelText, size: object) -> None:
    words = said(label(full, size))  # type: ignore[arg-type]
    for value in (full.name, full.category, full.code, full.form, full.components, full.harmful, full.unit):
        assert value in words
    assert full.precautions.replace("℃", "°C") in words
    for value in (full.contact.split()[0], full.contact.split()[1], full.day, full.mass, full.remarks):
        assert value in words
    assert full.digital_code in words
    for caption in ("危险特性", "废物名称", "废物类别", "废物代码", "废物形态", "主要成分", "有害成分", "注意事项"):
        assert caption in words
    for caption in (
        "数字识别码",
        "产生/收集单位",
        "联系人和联系方式",
        "产生日期",
        "废物重量",
        "备注",
        "毒性",
        "易燃性",
    ):
        assert caption in words


@pytest.mark.parametrize(("side", "least_mm"), [(100, 3), (150, 5), (200, 6)])
@pytest.mark.parametrize("blank", [False, True])
def test_every_letter_in_the_pdf_is_as_high_as_the_standard_asks(
    full: LabelText, side: int, least_mm: float, blank: bool
) -> None:
    text = LabelText(link=full.link, blank=True) if blank else full
    made = draw.pdf([label(text, SIZES[side])])
    with pdfplumber.open(io.BytesIO(made)) as file:
        (page,) = file.pages
        assert page.width == page.height == pytest.approx(side / 25.4 * 72)
        sizes = {char["size"] for char in page.chars}
    bottom, top = font.ink("物")
    assert min(sizes) * (top - bottom) / 72 * 25.4 >= least_mm - 0.001


@pytest.mark.parametrize("side", SIZES)
def test_the_frame_is_at_least_1_mm_and_3_mm_from_the_edge_and_nothing_lies_outside(full: LabelText, side: int) -> None:
    drawing = label(full, SIZES[side])
    frame = drawing.shapes[0]
    assert isinstance(frame, Path)
    assert frame.width >= 1
    xs = [x for _, points in frame.steps for x, _ in points]
    assert min(xs) - frame.width / 2 >= 3
    assert max(xs) + frame.width / 2 <= side - 3
    for text in texts(drawing):
        assert text.x >= 4
        assert text.x + font.width(text.text, text.size) <= side - 4, text.text


def test_a_hazardous_label_is_orange_with_black_letters(full: LabelText) -> None:
    image = draw.raster(label(full, SIZES[100]), dpi=150)
    assert image.getpixel((2, 2)) == ORANGE
    colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 24) or []}
    assert (0, 0, 0) in colours
    assert (255, 0, 0) in colours, "the ignitable symbol's ground"


@pytest.mark.parametrize(
    ("kind", "title", "without"),
    [("medical", "医 疗 废 物", "危 险 废 物"), ("general", "一 般 固 体 废 物", "危险特性")],
)
def test_medical_and_general_waste_wear_their_own_labels(full: LabelText, kind: str, title: str, without: str) -> None:
    drawing = label(replace(full, kind=kind, hazards=("In",)), SIZES[100])  # type: ignore[arg-type]
    assert title in said(drawing)
    assert without not in said(drawing)
    assert drawing.ground != ORANGE


@pytest.mark.parametrize("hazards", [("T",), ("T", "C", "I"), tuple(NAMES)], ids=len)
@pytest.mark.parametrize("side", SIZES)
def test_every_hazard_is_drawn_and_named(full: LabelText, hazards: tuple[str, ...], side: int) -> None:
    short = replace(full, precautions="防渗漏", unit="示例公司", category="HW08")
    words = said(label(replace(short, hazards=hazards), SIZES[side]))
    assert all(NAMES[hazard] in words for hazard in hazards)
    assert not any(NAMES[hazard] in words for hazard in NAMES if hazard not in hazards)


def test_a_blank_label_has_captions_boxes_and_no_text(full: LabelText) -> None:
    drawing = label(LabelText(link=full.link, blank=True), SIZES[100])
    assert "代码待发" not in said(drawing)
    assert all(name in said(drawing) for name in NAMES.values())


def test_without_a_digital_code_the_label_says_that_it_will_come(full: LabelText) -> None:
    drawing = label(LabelText(link=full.link, name="废液压油"), SIZES[100])
    assert "代码待发" in said(drawing)


def test_long_texts_shrink_to_the_smallest_letters_and_are_then_refused(full: LabelText) -> None:
    short = label(replace(full, precautions="防渗漏", unit="示例公司"), SIZES[100])
    assert min(t.size for t in texts(short)) > min(t.size for t in texts(label(full, SIZES[100])))
    with pytest.raises(LabelTextTooLong) as refused:
        label(replace(full, precautions="防渗漏；" * 60), SIZES[100])
    assert "注意事项" in refused.value.says("zh")


@pytest.mark.parametrize("character", ["\U00020bb7", "😀", "\u200b", "ǎ", "\n"])
def test_a_character_that_the_font_cannot_show_is_refused(full: LabelText, character: str) -> None:
    with pytest.raises(font.GlyphMissing) as refused:
        label(replace(full, components=f"油{character}"), SIZES[100])
    assert f"U+{ord(character):04X}" in refused.value.says("en")


def test_every_character_of_gb_2312_leaves_ink_or_is_refused() -> None:
    codes = (bytes([row, cell]) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    shown, refused = "", ""
    for code in codes:
        try:
            shown += font.shown(code.decode("gb2312"))
        except UnicodeDecodeError:
            continue
        except font.GlyphMissing:
            refused += code.decode("gb2312")
    assert refused == "ǎǐǒǔǘǚǜ"
    assert all(font.outline(character) for character in shown if character != "\u3000")


def test_a_refused_glyph_is_one_that_a_renderer_indeed_shows_empty() -> None:
    drawing = Drawing(width=20, height=20, ground=(255, 255, 255), shapes=(Text(x=2, y=15, size=10, text="℃"),))
    assert draw.raster(drawing, dpi=100).getcolors() == [(79 * 79, (255, 255, 255))]


def test_lines_break_between_ideographs_not_in_words_and_no_line_begins_with_a_stop() -> None:
    assert wrap("远离火源，防渗漏。", 4) == ("远离火", "源，防渗", "漏。")
    assert wrap("电话 0477-8888888 白天", 7) == ("电话", "0477-8888888", "白天")
    assert all(font.width(line, 1) <= 5 for line in wrap("91150600MA0EXAMP0W9002140820260301001", 5))


def test_the_picture_shows_what_the_pdf_shows(full: LabelText) -> None:
    whole = label(full, SIZES[100])
    drawing = replace(whole, shapes=tuple(shape for shape in whole.shapes if not isinstance(shape, Code)))
    soft = ImageFilter.GaussianBlur(2)
    with pdfplumber.open(io.BytesIO(draw.pdf([drawing]))) as file:
        page = file.pages[0].to_image(resolution=100).original.convert("L").filter(soft)
    ours = draw.raster(drawing, dpi=300).resize(page.size, Image.Resampling.BOX).convert("L").filter(soft)
    # Letters may stand a fraction of a point aside: their strokes, out of focus, must be the same.
    far = sum(abs(a - b) > 96 for a, b in zip(page.tobytes(), ours.tobytes(), strict=True))
    assert far < 0.01 * page.width * page.height
