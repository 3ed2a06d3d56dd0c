"""One-time links: a party without an account acts once, with a key of its own, vouched for by who invited it.

The link's secret belongs behind the `#` of an address, which browsers do not send: it is in no log.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import fields, validate

from api.auth import Right, accounts, current_actor, ledger, requires
from api.browser import CsrfRefused
from api.openapi import operation
from api.resources.shapes import all_told, done, listed, shape, told
from api.schemas import HASH, UUID7, Strict, Whole, pattern
from ledger.accounts import Visit, WaitingKey
from ledger.accounts.errors import KeyWaits, LinkInvalid, NoSuch
from ledger.errors import FormError, ProofError
from ledger.store.standing import PartyPresent

blueprint = Blueprint("visits", __name__, url_prefix="/v1/visits")
VisitOut = shape(Visit, "Visit")
VisitsOut = listed(VisitOut, "Visits")
NewVisitOut = shape(Visit, "NewVisit", secret=fields.String(required=True, metadata={"description": "shown once"}))
OfferedOut = shape(WaitingKey, "OfferedKey", enrolled=fields.Boolean(required=True))


class VisitIn(Strict):
    """The party that is to act, and for how many days the link holds."""

    party = pattern(f"party:{UUID7}", required=True)
    days = Whole(load_default=7, validate=validate.Range(1, 30))


class LinkIn(Strict):
    """The secret of a link."""

    secret = fields.String(required=True, validate=validate.Length(1, 256))


class VisitorKeyIn(LinkIn):
    """The visitor's key: made in the visitor's client for the link's ledger, party, person and key id."""

    public_key = pattern(HASH, required=True)
    proof = pattern(r"[A-Za-z0-9+/]{85}[AQgw]==", required=True)


@blueprint.get("")
@requires(Right.ACT)
@operation("The links that my party gave out", tag="visits", answers={200: VisitsOut})
def visits() -> Response:
    return all_told(accounts().visits.given(current_actor()))


@blueprint.post("")
@requires(Right.ACT)
@operation(
    "A link with which an absent party can act once", tag="visits", body=VisitIn, answers={201: NewVisitOut},
    errors=(PartyPresent, CsrfRefused),
)  # fmt: skip
def invite(body: dict[str, Any]) -> Response:
    made, secret = accounts().visits.invite(current_actor(), body["party"], body["days"])
    return told(made, 201, secret=secret)


@blueprint.delete("/<key>")
@requires(Right.ACT)
@operation("Take a link back", tag="visits", answers={204: None}, errors=(NoSuch, CsrfRefused))
def drop(key: str) -> Response:
    accounts().visits.drop(current_actor(), key)
    return done()


@blueprint.post("/opened")
@requires(Right.PUBLIC)
@operation("What a link is for", tag="visits", body=LinkIn, answers={200: VisitOut}, errors=(LinkInvalid,))
def opened(body: dict[str, Any]) -> Response:
    return told(accounts().visits.of(body["secret"]))


@blueprint.post("/key")
@requires(Right.PUBLIC)
@operation(
    "The visitor's client offers its key; enrolled at once if this server keeps the inviter's key, else when they sign",
    tag="visits",
    body=VisitorKeyIn,
    answers={202: OfferedOut},
    errors=(LinkInvalid, KeyWaits, FormError, ProofError),
)
def offer_key(body: dict[str, Any]) -> Response:
    waiting, visit = accounts().visits.offer_key(**body)
    enrolled = False
    if accounts().keys.kept_of(visit.by_person):
        answer = ledger().record_for(visit.by_person, "key-enrolled", waiting.body, ledger().now())
        enrolled = answer.outcome == "recorded"
    return told(waiting, 202, enrolled=enrolled)
