"""Exceptions: what did happen and should not have, with the rule, the law, and what ends it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import fields, validate

from api import answers
from api.auth import Right, current_viewer, ledger, reading, requires
from api.openapi import operation
from api.resources.containers import page
from api.schemas import UUID7, FlagOut, Moment, PageQuery, page_of, pattern
from ledger.custody.flags import RULES
from ledger.custody.regimes.base import moment_of
from ledger.custody.wire import WireError
from ledger.reading import BadCursor

blueprint = Blueprint("exceptions", __name__, url_prefix="/v1")


class ExceptionsQuery(PageQuery):
    """At which moment (now, if absent), and whether those closed before are listed too."""

    as_of = pattern(Moment)
    closed = fields.Boolean(load_default=False, truthy={"true"}, falsy={"false"})
    rule = fields.String(validate=validate.OneOf(sorted(RULES)))
    object = pattern(r"[a-z]{1,11}:[0-9a-f-]{36}")
    holder = pattern(f"party:{UUID7}")
    site = pattern(f"site:{UUID7}")


FlagPage = page_of(FlagOut, "ExceptionPage")


@blueprint.get("/exceptions")
@requires(Right.READ)
@operation(
    "Exceptions, oldest first",
    tag="reading",
    query=ExceptionsQuery,
    answers={200: FlagPage},
    errors=(BadCursor, WireError),
)
def exceptions(query: dict[str, Any]) -> Response:
    as_of = moment(query["as_of"]) if "as_of" in query else ledger().now()
    wanted: dict[str, str] = {name: query[name] for name in ("rule", "object", "holder", "site") if name in query}
    cursor, limit = query.get("cursor", ""), query["limit"]
    found = reading().exceptions(current_viewer(), as_of, query["closed"], cursor, limit, wanted)
    return page(found, [answers.flag(item["flag"], ledger().regime) for item in found.items])


def moment(text: str) -> str:
    """A moment whose day exists; raises WireError."""
    try:
        moment_of(text)
    except ValueError:
        raise WireError(path="as_of", expected="a day that exists", got=text) from None
    return text
