"""An edition of the catalogue is adopted: its tables are read and kept here, the authority's device signs its hash."""

from __future__ import annotations

import csv
import io
from typing import Final

import orjson
from flask import Blueprint, request
from werkzeug.wrappers import Response

from api.auth import Right, ledger, requires
from api.bodies import takes
from api.pages.acting import FieldMissing, field
from api.pages.acts import Subject, signing
from api.pages.authority import ACTS
from api.pages.shown import page, registry, t
from api.pages.tables import Column, Table
from ledger.errors import FormError
from ledger.exchange.catalogue import COLUMNS, EXEMPTION, Catalogue, carried, read_catalogue

blueprint = Blueprint("page_catalogues", __name__)
FILE_MAX: Final = 4_000_000
CARRIED: Final = "2021"
_TYPE: Final = "catalogue-adopted"


class FileTooLarge(FormError):
    """A table that is larger than any catalogue."""

    code = "file-too-large"
    zh = "文件过大"
    en = "the file is too large"


class NotText(FormError):
    """A file that is no table in text form, such as a workbook."""

    code = "not-a-text-table"
    zh = "文件不是 CSV：请在表格软件中另存为 CSV"
    en = "the file is no CSV: save it as CSV in your spreadsheet"


@blueprint.get("/acts/catalogue-adopted")
@requires(Right.OVERSEE)
def form() -> Response:
    return page(
        "catalogue-new.html",
        editions=_editions(),
        begun="" if any(each.edition == CARRIED for each in registry().catalogues) else CARRIED,
        columns=COLUMNS,
        exemption=EXEMPTION,
        **signing(ACTS[_TYPE], Subject()),
    )


@blueprint.post("/acts/catalogue-adopted")
@requires(Right.OVERSEE)
@takes(9 << 20)
def check() -> Response:
    """Read the tables and keep them, and show what will be signed; nothing is recorded yet."""
    edition, day = field("edition", "版次", "the edition"), field("effective_from", "施行日期", "the first day")
    read = _read(edition)
    body = read.body(edition, day)
    ledger().event(_TYPE, body)
    ledger().keep_document(read.content)
    rows = len(read.exemptions) or t("无，沿用上一版", "none: the earlier list stays in use")
    lines = [
        (t("版次", "Edition"), edition),
        (t("施行日期", "In force from"), day),
        (t("废物代码数", "Waste codes"), len(read.wastes)),
        (t("豁免管理清单条目数", "Rows of the exemption list"), rows),
        ("SHA-256", read.sha256),
    ]
    said = orjson.dumps(body).decode()
    return page("act-check.html", subject=Subject(), lines=lines, body=said, **signing(ACTS[_TYPE], Subject()))


def _read(edition: str) -> Catalogue:
    """The edition in the form's files, else the one that comes with the product; raises FormError."""
    table, exemptions = _text("table"), _text("exemptions")
    if table:
        return read_catalogue(io.StringIO(table, newline=""), exemptions=csv.DictReader(io.StringIO(exemptions)))
    if edition != CARRIED:
        raise FieldMissing(what=t("名录文件", "the file of the catalogue"))
    return carried(edition)


def _text(name: str) -> str:
    """A file of the form as text, "" for none: in UTF-8 or, as spreadsheets in China write it, GB 18030."""
    sent = request.files.get(name)
    raw = sent.read(FILE_MAX + 1) if sent is not None else b""
    if len(raw) > FILE_MAX:
        raise FileTooLarge(expected=f"<= {FILE_MAX:,} bytes", got=f"> {FILE_MAX:,}")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise NotText(expected="CSV, UTF-8 or GB 18030", got=str(sent.filename if sent else "")[:40])


def _editions() -> Table:
    rows = [
        {"edition": each.edition, "from": each.effective_from, "codes": each.count, "hash": f"{each.content[:16]}…"}
        for each in sorted(registry().catalogues, key=lambda each: each.effective_from, reverse=True)
    ]
    columns = (
        Column("edition", "版次", "Edition", "recorded"),
        Column("from", "施行日期", "In force from"),
        Column("codes", "废物代码数", "Waste codes", "number"),
        Column("hash", "SHA-256", "SHA-256", "code"),
    )
    empty = t("尚未启用名录。", "No edition was adopted yet.")
    caption = t("已启用的名录", "Adopted editions")
    return Table(name="editions", caption=caption, columns=columns, rows=rows, empty=empty, files=False)
