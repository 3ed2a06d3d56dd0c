"""Drawings as PDF, PNG, SVG and ZPL: the same shapes for the page, the screen and the thermal printer."""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any, Final, Literal

from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from ledger.labels import font, qr
from ledger.labels.shapes import BLACK, WHITE, Code, Colour, Drawing, Path, Point, Text

Told = Callable[[int], None]
Sheet = Literal["one", "roll", "a4"]
_MM: Final = 72 / 25.4
_BOLD: Final = 0.035
"""How wide the pen is that makes a letter bold, in letter sizes."""
_PARTS: Final = 12
"""Straight pieces of a curve in pixels."""
_FONT: Final = "label"
A4: Final = (210.0, 297.0)


def silent(done: int) -> None:
    """For who does not want to be told."""


# ---------------------------------------------------------------------------------------------- PDF


def pdf(
    drawings: Iterable[Drawing],
    *,
    sheet: Sheet = "roll",
    told: Told = silent,
    title: str = "",
    attached: tuple[str, bytes] | None = None,
) -> bytes:
    """A PDF with the font embedded: a page each, or as many on A4 as fit; the same drawings give the same bytes.

    `attached` is a file (name and content) that travels inside."""
    if _FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(_FONT, str(font.FILE), subfontIndex=font.FACE))
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, pageCompression=1)
    canvas.setCreator("wasteledger")
    if title:
        canvas.setTitle(title)
    if attached is not None:
        _attach(canvas, *attached)
    done = 0
    for page in _a4(drawings) if sheet == "a4" else ([(0.0, 0.0, drawing)] for drawing in drawings):
        width, height = A4 if sheet == "a4" else (page[0][2].width, page[0][2].height)
        canvas.setPageSize((width * _MM, height * _MM))
        for x, y, drawing in page:
            canvas.saveState()
            canvas.translate(x * _MM, (height - y) * _MM)
            canvas.scale(_MM, _MM)
            _on_canvas(canvas, drawing)
            canvas.restoreState()
            done += 1
            told(done)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _attach(canvas: Canvas, name: str, content: bytes) -> None:
    """ISO 32000-1 §7.11.4: an embedded file, found by the catalogue's name tree."""
    document: Any = vars(canvas)["_doc"]  # reportlab has no door of its own for embedded files
    file = pdfdoc.PDFStream(pdfdoc.PDFDictionary({"Type": pdfdoc.PDFName("EmbeddedFile")}), content)
    file.filters = [pdfdoc.PDFZCompress]
    spec = {
        "Type": pdfdoc.PDFName("Filespec"),
        "F": pdfdoc.PDFString(name),
        "UF": pdfdoc.PDFString(name),
        "EF": pdfdoc.PDFDictionary({"F": document.Reference(file)}),
        "AFRelationship": pdfdoc.PDFName("Data"),
    }
    names = pdfdoc.PDFArray([pdfdoc.PDFString(name), document.Reference(pdfdoc.PDFDictionary(spec))])
    tree = pdfdoc.PDFDictionary({"EmbeddedFiles": pdfdoc.PDFDictionary({"Names": names})})
    document.Catalog.Names = tree


def _a4(drawings: Iterable[Drawing]) -> Iterator[list[tuple[float, float, Drawing]]]:
    """Pages of A4, each with drawings of one size, in the middle, side by side so that one cut parts two."""
    for (width, height), same in groupby(drawings, key=lambda d: (d.width, d.height)):
        columns, rows = max(1, int(A4[0] // width)), max(1, int(A4[1] // height))
        left, top = (A4[0] - columns * width) / 2, (A4[1] - rows * height) / 2
        page: list[tuple[float, float, Drawing]] = []
        for drawing in same:
            row, column = divmod(len(page), columns)
            page.append((left + column * width, top + row * height, drawing))
            if len(page) == columns * rows:
                yield page
                page = []
        if page:
            yield page


def _on_canvas(canvas: Canvas, drawing: Drawing) -> None:
    """In millimetres, y upwards from the drawing's top edge: every y is negative."""
    if drawing.ground != WHITE:
        canvas.setFillColorRGB(*_unit(drawing.ground))
        canvas.rect(0, -drawing.height, drawing.width, drawing.height, stroke=0, fill=1)
    for shape in drawing.shapes:
        match shape:
            case Path():
                outline = canvas.beginPath()
                for op, points in shape.steps:
                    flat = [value for px, py in points for value in (px, -py)]
                    match op:
                        case "M":
                            outline.moveTo(*flat)
                        case "L":
                            outline.lineTo(*flat)
                        case "C":
                            outline.curveTo(*flat)
                        case _:
                            outline.close()
                if shape.fill is not None:
                    canvas.setFillColorRGB(*_unit(shape.fill))
                if shape.pen is not None:
                    canvas.setStrokeColorRGB(*_unit(shape.pen))
                    canvas.setLineWidth(shape.width)
                canvas.drawPath(outline, stroke=shape.pen is not None, fill=shape.fill is not None)
            case Text():
                words = canvas.beginText(shape.x, -shape.y)
                words.setFont(_FONT, shape.size)
                words.setFillColorRGB(0, 0, 0)
                if shape.bold:
                    canvas.setStrokeColorRGB(0, 0, 0)
                    canvas.setLineWidth(_BOLD * shape.size)
                    words.setTextRenderMode(2)
                words.textOut(shape.text)
                words.setTextRenderMode(0)  # it outlives the text object
                canvas.drawText(words)
            case Code():
                canvas.setFillColorRGB(1, 1, 1)
                canvas.rect(shape.x, -shape.y - shape.side, shape.side, shape.side, stroke=0, fill=1)
                module = shape.side / (len(shape.modules) + 2 * qr.QUIET)
                left, top = shape.x + qr.QUIET * module, -shape.y - qr.QUIET * module
                dark = canvas.beginPath()
                for row, column, count in runs(shape.modules):
                    dark.rect(left + column * module, top - (row + 1) * module, count * module, module)
                canvas.setFillColorRGB(0, 0, 0)
                canvas.drawPath(dark, stroke=0, fill=1)


def runs(modules: qr.Modules) -> Iterator[tuple[int, int, int]]:
    """The dark modules of a code as (row, first column, count)."""
    for number, row in enumerate(modules):
        column = 0
        for dark, same in groupby(row):
            count = len(list(same))
            if dark:
                yield number, column, count
            column += count


def _unit(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = colour
    return red / 255, green / 255, blue / 255


# ---------------------------------------------------------------------------------------------- pixels


def png(drawing: Drawing, *, dpi: int = 300) -> bytes:
    """A picture in colour with smooth edges."""
    out = io.BytesIO()
    raster(drawing, dpi=dpi, fine=2).reduce(2).save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def raster(drawing: Drawing, *, dpi: int, thermal: bool = False, fine: int = 1) -> Image.Image:
    """The drawing in pixels, `fine` times as many each way as `dpi` says. A thermal printer knows black and paper only.

    The modules of a QR code are whole dots, so that a printer shows each of them as wide as the next."""
    scale = dpi * fine / 25.4
    size = (round(drawing.width * dpi / 25.4) * fine, round(drawing.height * dpi / 25.4) * fine)
    image = Image.new("1" if thermal else "RGB", size, 1 if thermal else drawing.ground)
    pen = ImageDraw.Draw(image)
    if thermal:
        pen.fontmode = "1"

    def ink(colour: Colour) -> int | Colour:
        return colour if not thermal else int(sum(colour) > 0)

    for shape in drawing.shapes:
        match shape:
            case Path():
                for points, closed in _flat(shape, scale):
                    if shape.fill is not None:
                        pen.polygon(points, fill=ink(shape.fill))
                    if shape.pen is not None:
                        around = [*points, points[0], points[1]] if closed else points
                        pen.line(around, fill=ink(shape.pen), width=max(1, round(shape.width * scale)), joint="curve")
            case Text():
                letters = _letters(round(shape.size * scale, 2))
                bold = round(shape.size * scale * _BOLD / 2) if shape.bold else 0
                black = ink(BLACK)
                pen.text((shape.x * scale, shape.y * scale), shape.text, black, letters, "ls", stroke_width=bold)
            case Code():
                module = int(shape.side * scale / fine / (len(shape.modules) + 2 * qr.QUIET)) * fine
                side = module * (len(shape.modules) + 2 * qr.QUIET)
                left = round(((shape.x + shape.side / 2) * scale - side / 2) / fine) * fine
                top = round(((shape.y + shape.side / 2) * scale - side / 2) / fine) * fine
                box = [value * scale for value in (shape.x, shape.y, shape.x + shape.side, shape.y + shape.side)]
                pen.rectangle(box, fill=ink(WHITE))
                for row, column, count in runs(shape.modules):
                    x, y = left + (column + qr.QUIET) * module, top + (row + qr.QUIET) * module
                    pen.rectangle((x, y, x + count * module - 1, y + module - 1), fill=ink(BLACK))
    return image


def _flat(shape: Path, scale: float) -> Iterator[tuple[list[Point], bool]]:
    """The parts of a path as corners in pixels, and whether each is closed."""
    points: list[Point] = []
    for op, given in shape.steps:
        at = [(x * scale, y * scale) for x, y in given]
        match op:
            case "M":
                if len(points) > 1:
                    yield points, False
                points = at
            case "L":
                points.extend(at)
            case "C":
                first, second, end = at
                points.extend(_curve(points[-1], first, second, end))
            case _:
                yield points, True
                points = []
    if len(points) > 1:
        yield points, False


def _curve(a: Point, b: Point, c: Point, d: Point) -> Iterator[Point]:
    for n in range(1, _PARTS + 1):
        t, u = n / _PARTS, 1 - n / _PARTS
        weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
        yield (
            sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True)),
            sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True)),
        )


@cache
def _letters(pixels: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font.FILE), pixels, index=font.FACE, layout_engine=ImageFont.Layout.BASIC)


# ---------------------------------------------------------------------------------------------- thermal printers


def zpl(drawings: Sequence[Drawing], *, dpi: int = 203, told: Told = silent) -> bytes:
    """ZPL II, a format each: one graphic field (^GFA) with the whole label, packed as :Z64:."""
    out = []
    for done, drawing in enumerate(drawings, 1):
        image = raster(drawing, dpi=dpi, thermal=True)
        row = -(-image.width // 8)
        # ZPL's 1 is a burnt dot, Pillow's 1 is white.
        bits = Image.eval(image.convert("L"), lambda value: 255 - value).convert("1").tobytes()
        packed = base64.b64encode(zlib.compress(bits, 9))
        check = binascii.crc_hqx(packed, 0)
        field = f"^GFA,{len(bits)},{len(bits)},{row},:Z64:{packed.decode()}:{check:04X}"
        out.append(f"^XA^PW{image.width}^LL{image.height}^LH0,0^FO0,0{field}^FS^XZ\n")
        told(done)
    return "".join(out).encode()


# ---------------------------------------------------------------------------------------------- SVG


def svg(drawing: Drawing) -> bytes:
    """A scalable picture that needs no font: every letter is an outline."""
    w, h = _n(drawing.width), _n(drawing.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}mm" height="{h}mm" viewBox="0 0 {w} {h}">',
        f'<rect width="{w}" height="{h}" fill="{_hex(drawing.ground)}"/>',
    ]
    for shape in drawing.shapes:
        match shape:
            case Path():
                data = " ".join(op + " ".join(f"{_n(x)} {_n(y)}" for x, y in points) for op, points in shape.steps)
                fill = _hex(shape.fill) if shape.fill is not None else "none"
                pen = f' stroke="{_hex(shape.pen)}" stroke-width="{_n(shape.width)}"' if shape.pen is not None else ""
                parts.append(f'<path d="{data}" fill="{fill}"{pen}/>')
            case Text():
                pen = f' stroke="#000000" stroke-width="{_BOLD}"' if shape.bold else ""
                parts.append(f'<g transform="translate({_n(shape.x)} {_n(shape.y)}) scale({_n(shape.size)})"{pen}>')
                at = 0.0
                for letter in shape.text:
                    if outline := font.outline(letter):
                        parts.append(f'<path transform="translate({_n(at)})" d="{outline}"/>')
                    at += font.width(letter, 1)
                parts.append("</g>")
            case Code():
                count = len(shape.modules) + 2 * qr.QUIET
                squares = " ".join(
                    f"M{column + qr.QUIET} {row + qr.QUIET}h{long}v1h-{long}z"
                    for row, column, long in runs(shape.modules)
                )
                place = f"translate({_n(shape.x)} {_n(shape.y)}) scale({_n(shape.side / count)})"
                parts.append(f'<g transform="{place}" shape-rendering="crispEdges">')
                parts.append(f'<rect width="{count}" height="{count}" fill="#ffffff"/><path d="{squares}"/></g>')
    return "".join([*parts, "</svg>\n"]).encode()


def _n(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
