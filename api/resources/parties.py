"""The registry: who takes part, and where. Names are open to who takes part; addresses and telephones are not."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields

from api import answers
from api.auth import Right, current_viewer, reading, requires
from api.openapi import operation
from api.resources.containers import page
from api.schemas import UUID7, PageQuery, page_of, pattern
from ledger.access import Viewer
from ledger.custody.events.registry import PartyRegistered, SiteRegistered
from ledger.queries import Unknown
from ledger.reading import BadCursor

blueprint = Blueprint("parties", __name__, url_prefix="/v1")


class IdentifierOut(Schema):
    """An identifier from outside."""

    scheme = fields.String(required=True)
    value = fields.String(required=True)


class PartyOut(Schema):
    """A legal entity. `duty_phone` is shown to itself and to regulators."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    identifiers = fields.List(fields.Nested(IdentifierOut), required=True)
    duties = fields.List(fields.String(), required=True)
    duty_phone = fields.String()


class SiteOut(Schema):
    """A place of a party. Its address and the day from which it is live are shown to itself and to regulators."""

    id = fields.String(required=True)
    holder = fields.String(required=True)
    name = fields.String(required=True)
    use = fields.String(required=True)
    region = fields.String()
    address = fields.String()
    live_from = fields.String()


PartyPage, SitePage = page_of(PartyOut, "PartyPage"), page_of(SiteOut, "SitePage")


class SitesQuery(PageQuery):
    """Whose sites."""

    holder = pattern(f"party:{UUID7}")


def _party(name: str, event: PartyRegistered, viewer: Viewer) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": name,
        "name": event.name,
        "identifiers": [{"scheme": each.scheme, "value": each.value} for each in event.identifiers],
        "duties": list(event.duties),
    }
    return made | ({"duty_phone": event.duty_phone} if event.duty_phone and viewer.is_own(name) else {})


def _site(name: str, event: SiteRegistered, viewer: Viewer) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "holder": event.holder, "name": event.name, "use": event.use}
    shown = ("region", "address", "live_from") if viewer.is_own(event.holder) else ("region",)
    return made | {field: value for field in shown if (value := getattr(event, field)) is not None}


@blueprint.get("/parties")
@requires(Right.READ)
@operation("Registered parties", tag="registry", query=PageQuery, answers={200: PartyPage}, errors=(BadCursor,))
def parties(query: dict[str, Any]) -> Response:
    viewer, found = current_viewer(), reading().parties(query.get("cursor", ""), query["limit"])
    return page(found, [_party(item["id"], item["event"], viewer) for item in found.items])


@blueprint.get("/parties/<party>")
@requires(Right.READ)
@operation("One party", tag="registry", answers={200: PartyOut}, errors=(Unknown,))
def party(party: str) -> Response:
    return answers.json_response(_party(party, reading().party(party), current_viewer()))


@blueprint.get("/sites")
@requires(Right.READ)
@operation("Registered sites", tag="registry", query=SitesQuery, answers={200: SitePage}, errors=(BadCursor,))
def sites(query: dict[str, Any]) -> Response:
    viewer = current_viewer()
    found = reading().sites(query.get("cursor", ""), query["limit"], query.get("holder", ""))
    return page(found, [_site(item["id"], item["event"], viewer) for item in found.items])


@blueprint.get("/sites/<site>")
@requires(Right.READ)
@operation("One site", tag="registry", answers={200: SiteOut}, errors=(Unknown,))
def site(site: str) -> Response:
    return answers.json_response(_site(site, reading().site(site), current_viewer()))
