"""The safe-disposal rate: declared, proven and due, with every term in grams."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from api import answers
from api.auth import Right, current_viewer, ledger, reading, requires
from api.openapi import operation
from api.resources.exceptions import moment
from api.schemas import LINE, UUID7, Moment, Strict, pattern
from ledger.custody.rate import Question, Share
from ledger.custody.regimes.base import KINDS, PeriodError
from ledger.custody.wire import WireError
from ledger.service import NotFound

blueprint = Blueprint("rates", __name__, url_prefix="/v1")


class RateQuery(Strict):
    """Whose rate, of what, when. Without a party: of everything that the reader is shown."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    period = pattern(r"[0-9]{4}(?:-Q[1-4]|-[0-9]{2}(?:-[0-9]{2})?)?", required=True)
    view = fields.String(load_default="origin", validate=validate.OneOf(["origin", "facility"]))
    as_of = pattern(Moment)
    party = pattern(f"party:{UUID7}")
    site = pattern(f"site:{UUID7}")
    code = pattern(f"{LINE}{{1,20}}")
    size = fields.Integer(
        validate=validate.Range(1, 2**53), metadata={"description": "as the first so many entries alone give it"}
    )


class ShareOut(Schema):
    """A figure with its terms; `percent` is rounded down, and absent where there is no mass."""

    part_g = fields.Integer(required=True)
    whole_g = fields.Integer(required=True)
    percent = fields.String()


class RateOut(Schema):
    """The figures as of so many entries."""

    start = fields.String(required=True)
    end = fields.String(required=True)
    as_of = fields.Integer(required=True)
    declared = fields.Nested(ShareOut, required=True)
    proven = fields.Nested(ShareOut, required=True)
    proven_with_stock = fields.Nested(ShareOut, required=True)
    due = fields.Nested(ShareOut, required=True)
    nothing_due = fields.Boolean(required=True)
    opening_g = fields.Integer(required=True)
    came_in_g = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    settled_g = fields.Integer(required=True)
    closed_ok_g = fields.Integer(required=True)
    bad_g = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    overdue_g = fields.Integer(required=True)
    open_g = fields.Integer(required=True)
    verified_g = fields.Integer(required=True)
    asserted_g = fields.Integer(required=True)
    custodial_g = fields.Integer(required=True)


_TERMS = (
    "opening_g", "came_in_g", "settled_g", "closed_ok_g", "bad_g", "overdue_g", "open_g", "verified_g", "asserted_g",
    "custodial_g", "nothing_due",
)  # fmt: skip


@blueprint.get("/rates")
@requires(Right.READ)
@operation(
    "The safe-disposal rate of a period",
    tag="reading",
    query=RateQuery,
    answers={200: RateOut},
    errors=(PeriodError, WireError, NotFound),
)
def rates(query: dict[str, Any]) -> Response:
    start, end = ledger().regime.period(query["period"])
    question = Question(
        view=query["view"],
        kind=query["kind"],
        start=start,
        end=end,
        as_of=moment(query["as_of"]) if "as_of" in query else ledger().now(),
        parties=frozenset({query["party"]} if "party" in query else ()),
        sites=frozenset({query["site"]} if "site" in query else ()),
        code=query.get("code", ""),
    )
    projected = reading().as_of()
    as_of = query.get("size", projected)
    if as_of > projected:
        raise NotFound(what=f"size {as_of} of {projected}")
    rate = reading().rate(current_viewer(), question, query.get("size"))
    shares = {name: _share(getattr(rate, name)) for name in ("declared", "proven", "proven_with_stock", "due")}
    terms = {name: getattr(rate, name) for name in _TERMS}
    return answers.json_response({"start": start, "end": end, "as_of": as_of} | shares | terms)


def _share(share: Share) -> dict[str, Any]:
    made: dict[str, Any] = {"part_g": share.part_g, "whole_g": share.whole_g}
    return made | ({} if share.percent is None else {"percent": share.percent})
