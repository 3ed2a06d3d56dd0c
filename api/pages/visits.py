"""A party without an account acts once: its partner gives it a link, its own browser signs."""

from __future__ import annotations

import base64
from typing import Any

import orjson
from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from api.auth import Right, accounts, current_actor, current_viewer, queries, reading, requires
from api.errors import NoSuchPlace
from api.pages.shown import name, page
from ledger.journeys import ON_THE_ROAD, journey

blueprint = Blueprint("page_visits", __name__)


@blueprint.get("/visit")
@requires(Right.PUBLIC)
def visit() -> Response:
    """What stands behind the # of the link tells this page's script what it is for; no server is told."""
    return page("visit.html")


@blueprint.get("/manifests/<manifest>/invite")
@requires(Right.ACT)
def invitation(manifest: str) -> Response:
    return page("visit-invite.html", manifest=_shown(manifest), link="")


@blueprint.post("/manifests/<manifest>/invite")
@requires(Right.ACT)
def invite(manifest: str) -> Response:
    """A link with which the manifest's receiver can decide on it once, for whom an own account is too much."""
    found = _shown(manifest)
    _, secret = accounts().visits.invite(current_actor(), found["receiver"], days=7)
    job = base64.urlsafe_b64encode(orjson.dumps(_job(manifest))).rstrip(b"=").decode()
    link = url_for("page_visits.visit", _external=True) + f"#{secret}.{job}"
    return page("visit-invite.html", manifest=found, link=link)


def _shown(manifest: str) -> dict[str, Any]:
    """A manifest that the own party sends or carries; another's is answered like one that does not exist."""
    found = reading().manifest(current_viewer(), manifest)
    if current_actor().party not in (found["sender"], found["carrier"]):
        raise NoSuchPlace()
    return found


def _job(manifest: str) -> dict[str, Any]:
    """What the visitor is asked: the manifest's ends and its containers, with what their labels say."""
    found = journey(queries(), current_viewer(), manifest)
    thing = found.thing
    return {
        "manifest": manifest,
        "from": {"party": thing.sender, "site": thing.sender_site},
        "to": {"party": thing.receiver, "site": thing.receiver_site},
        "carrier": thing.carrier,
        "names": [name(thing.sender), name(thing.carrier), name(thing.receiver)],
        "lines": [
            {
                "container": line.container.id,
                "called": line.container.container_code or line.container.id[-8:],
                "name": line.container.name,
                "code": line.code,
                "listed_g": line.expected_g,
            }
            for line in found.at("listed", *ON_THE_ROAD)
        ],
    }
