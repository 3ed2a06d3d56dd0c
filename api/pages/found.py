"""What anybody sees who scans a label: whether it is genuine, and what the label prints. Never where it was."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from api.auth import Right, ledger, reading, requires
from api.pages.scan import HAZARDS
from api.pages.shown import actor, page
from ledger.errors import LedgerError
from ledger.labelling import catalogue, standing_keys
from ledger.labels.code import LabelCodeMistyped, LabelForged, LabelKeyUnknown, NoLabelCode, verify_label
from ledger.queries import Unknown

blueprint = Blueprint("page_found", __name__)


@blueprint.get("/L/<code>")
@requires(Right.PUBLIC)
def label(code: str) -> Response:
    """The state of a scanned label and its printed text; a forged or mistyped one is told as such."""
    try:
        read, _ = verify_label(
            f"/L/{code}", origin=ledger().origin, keys=[k.public_key for k in standing_keys(ledger())]
        )
    except (LabelForged, LabelKeyUnknown, LabelCodeMistyped, NoLabelCode) as error:
        return _not_genuine(error)
    try:
        found = reading().label(read.label)
    except Unknown:
        found = None
    printed = {} if found is None else found.printed
    return page(
        "found-label.html",
        state="unknown" if found is None else found.state,
        printed=printed,
        hazards=_hazards(printed),
        category=_category(printed.get("code", "")),
        code=code,
        inside=actor() is not None,
    )


def _not_genuine(error: LedgerError) -> Response:
    response = page("found-forged.html", error=error)
    response.status_code = 404
    return response


def _hazards(printed: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(letter, zh, en) of each hazard on the label."""
    letters = printed.get("hazards", "").replace("/", ",").split(",")
    return [(each, *HAZARDS[each]) for each in letters if each in HAZARDS]


def _category(code: str) -> str:
    """The class of a waste code with its name in the catalogue; "" where it has none."""
    waste = catalogue().get(code)
    return f"HW{code[-2:]} {waste.category_name}" if waste is not None else ""
