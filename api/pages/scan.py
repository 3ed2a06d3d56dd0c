"""Scan, read, act: the home of every working role."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, current_viewer, ledger, queries, reading, requires
from api.pages import containers, next_steps
from api.pages.shown import page
from ledger.journeys import manifest
from ledger.queries import Found
from ledger.scanned import Scanned, Scanner

blueprint = Blueprint("page_scan", __name__)
KINDS: Final = {
    "container": ("容器", "Container"),
    "manifest": ("联单", "Manifest"),
    "party": ("单位", "Enterprise"),
    "site": ("场所", "Site"),
}


@blueprint.get("/scan")
@requires(Right.READ)
def scan() -> Response:
    scanned = Scanner(ledger(), queries(), reading(), current_viewer()).read(request.args.get("q", ""))
    return page("scan.html", scanned=scanned, **{"card": None, "manifest": None, "steps": []} | _shown(scanned))


def _shown(scanned: Scanned) -> dict[str, Any]:
    """What the screen shows of the one thing found; of several it lets choose."""
    kinds = [each.kind for each in scanned.found]
    if kinds == ["container"]:
        return {"card": containers.card(scanned.found[0].id)}
    if kinds == ["manifest"]:
        id_ = scanned.found[0].id
        steps = next_steps.steps_of_manifest(manifest(queries(), id_), current_actor())
        return {"manifest": reading().manifest(current_viewer(), id_), "steps": steps}
    if scanned.label and not scanned.on:
        return {"steps": next_steps.steps_of_blank(scanned.label)}
    # Only what was read from a label's own code says who issued it.
    code = scanned.text.rpartition("/")[2] if scanned.issued_by else ""
    return {"label_page": url_for("page_found.label", code=code)} if code else {}


def address(found: Found) -> str:
    """Where a thing is shown."""
    match found.kind:
        case "party":
            return f"/enterprises/{found.id}"
        case "site":
            return f"/stores/{found.id}"
        case _:
            return url_for("page_scan.scan", q=found.id)


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {"address": address, "KINDS": KINDS, "HAZARDS": HAZARDS}


HAZARDS: Final = {
    "T": ("毒性", "toxic"),
    "C": ("腐蚀性", "corrosive"),
    "I": ("易燃性", "ignitable"),
    "R": ("反应性", "reactive"),
    "In": ("感染性", "infectious"),
}
