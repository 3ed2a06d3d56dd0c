"""Manifests that the reader sends, carries, receives or is named on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from api import answers
from api.auth import Right, current_viewer, reading, requires
from api.openapi import operation
from api.resources.containers import page, split
from api.schemas import UUID7, PageQuery, page_of, pattern
from ledger.queries import Unknown
from ledger.reading import BadCursor

blueprint = Blueprint("manifests", __name__, url_prefix="/v1")
STATUSES = ("arrived", "cancelled", "done", "issued", "under-way", "unknown")


class ManifestOut(Schema):
    """A manifest, as of now."""

    id = fields.String(required=True)
    number = fields.String(required=True)
    status = fields.String(required=True)
    sender = fields.String(required=True)
    sender_site = fields.String(required=True)
    receiver = fields.String(required=True)
    receiver_site = fields.String(required=True)
    carrier = fields.String(required=True)
    issued_at = fields.String(required=True)


class LineOut(Schema):
    """One container of a manifest and what became of it."""

    container = fields.String(required=True)
    state = fields.String(required=True)
    listed_g = fields.Integer(required=True)


class ManifestWithLinesOut(ManifestOut):
    """A manifest with its containers."""

    lines = fields.List(fields.Nested(LineOut), required=True)


class ManifestsQuery(PageQuery):
    """Which manifests; `party` is any of sender, carrier and receiver."""

    party = pattern(f"party:{UUID7}")
    status = fields.String(validate=validate.OneOf(STATUSES))


ManifestPage = page_of(ManifestOut, "ManifestPage")


@blueprint.get("/manifests")
@requires(Right.READ)
@operation(
    "Manifests, newest first", tag="reading", query=ManifestsQuery, answers={200: ManifestPage}, errors=(BadCursor,)
)
def manifests(query: dict[str, Any]) -> Response:
    found = reading().manifests(current_viewer(), *split(query))
    return page(found, found.items)


@blueprint.get("/manifests/<manifest>")
@requires(Right.READ)
@operation("One manifest with its containers", tag="reading", answers={200: ManifestWithLinesOut}, errors=(Unknown,))
def manifest(manifest: str) -> Response:
    return answers.json_response(reading().manifest(current_viewer(), manifest))
