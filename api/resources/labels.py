"""What anybody may know who finds a container: its label's state and what is printed on it. Never where it was."""

from __future__ import annotations

from flask import Blueprint, Response
from marshmallow import Schema, fields

from api import answers
from api.auth import Right, reading, requires
from api.openapi import operation
from ledger.queries import Unknown

blueprint = Blueprint("labels", __name__, url_prefix="/v1")


class PrintedOut(Schema):
    """The label's own text; what it does not say is absent."""

    name = fields.String()
    code = fields.String()
    container_code = fields.String()
    digital_code = fields.String()
    hazards = fields.String()
    form = fields.String()
    components = fields.String()
    harmful = fields.String()
    precautions = fields.String()
    born_at = fields.String()
    producer = fields.String()
    duty_phone = fields.String()


class LabelOut(Schema):
    """A label: issued (blank), in-use, replaced or ended."""

    label = fields.String(required=True)
    state = fields.String(required=True)
    printed = fields.Nested(PrintedOut, required=True)


@blueprint.get("/labels/<label>")
@requires(Right.PUBLIC)
@operation("A label's state and what is printed on it", tag="public", answers={200: LabelOut}, errors=(Unknown,))
def label(label: str) -> Response:
    found = reading().label(label)
    return answers.json_response({"label": found.label, "state": found.state, "printed": found.printed})
