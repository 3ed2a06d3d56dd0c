"""Is it alive, is it ready, what does it offer: for who runs it, and for who builds against it."""

from __future__ import annotations

import shutil
from typing import Any

from flask import Blueprint, Response, current_app
from marshmallow import Schema, fields

from api import answers
from api.auth import Right, ledger, reading, requires
from api.docs import page_of
from api.openapi import document, operation
from ledger.custody.regimes.base import moment_of

blueprint = Blueprint("health", __name__)
LAG_MAX_S = 60
DISK_MIN_BYTES = 256 << 20


class HealthOut(Schema):
    """The process answers."""

    status = fields.String(required=True)


class CheckOut(Schema):
    """One thing that must hold."""

    ok = fields.Boolean(required=True)
    says = fields.String(required=True)


class ReadyOut(Schema):
    """Whether statements can be taken in and proven."""

    ready = fields.Boolean(required=True)
    checks = fields.Dict(keys=fields.String(), values=fields.Nested(CheckOut), required=True)


@blueprint.get("/health")
@requires(Right.PUBLIC)
@operation("The process answers", tag="running", answers={200: HealthOut})
def health() -> Response:
    return answers.json_response({"status": "ok"})


@blueprint.get("/ready")
@requires(Right.PUBLIC)
@operation("Database, sequencer, signer, projections and disk", tag="running", answers={200: ReadyOut, 503: ReadyOut})
def ready() -> Response:
    checks = _checks()
    fine = all(check["ok"] for check in checks.values())
    return answers.json_response({"ready": fine, "checks": checks}, 200 if fine else 503)


def _checks() -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    try:
        size = ledger().size()
    except current_app.extensions["unreachable"] as error:
        return {"database": {"ok": False, "says": type(error).__name__}}
    made["database"] = {"ok": True, "says": "answers"}
    waiting, since = ledger().waiting()
    lag = (moment_of(ledger().now()) - moment_of(since)).total_seconds() if since else 0.0
    made["sequencer"] = {"ok": lag < LAG_MAX_S, "says": f"{waiting} waiting"}
    signed = ledger().newest_seen().size
    made["signer"] = {"ok": size - signed <= 0 or lag < LAG_MAX_S, "says": f"{signed} of {size} signed"}
    made["projections"] = {"ok": True, "says": f"{reading().as_of()} of {size} taken in"}
    free = shutil.disk_usage(current_app.extensions["settings"].home.parent).free
    made["disk"] = {"ok": free >= DISK_MIN_BYTES, "says": "enough" if free >= DISK_MIN_BYTES else "nearly full"}
    return made


@blueprint.get("/openapi.json")
@requires(Right.PUBLIC)
@operation("This description", tag="running", answers={200: "application/json"})
def description() -> Response:
    return answers.json_response(described())


def described() -> dict[str, Any]:
    """The OpenAPI document of the running app, made once."""
    if "openapi" not in current_app.extensions:
        current_app.extensions["openapi"] = document(current_app, "1")
    made: dict[str, Any] = current_app.extensions["openapi"]
    return made


@blueprint.get("/docs")
@requires(Right.PUBLIC)
@operation("This description as a page, which needs no network", tag="running", answers={200: "text/html"})
def docs() -> Response:
    response = Response(page_of(described()), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response
