"""Scan, read, act: the home of every working role."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from api.auth import Right, requires
from api.pages.shown import page

blueprint = Blueprint("page_scan", __name__)


@blueprint.get("/scan")
@requires(Right.READ)
def scan() -> Response:
    return page("scan.html")
