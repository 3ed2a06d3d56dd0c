"""Webhooks of the own party: where news go, whether they arrived, and once more from any place in the log."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import fields, validate

from api.auth import Right, current_actor, requires, webhooks
from api.browser import CsrfRefused
from api.openapi import operation
from api.resources.shapes import all_told, done, listed, shape, told
from api.schemas import Strict, Whole, pattern
from ledger.accounts.errors import NoSuch, ScopeUnknown
from ledger.accounts.outside import URL_MAX, NotReached, UrlRefused
from ledger.accounts.webhooks import Delivery, Hook, TooManyHooks

blueprint = Blueprint("webhooks", __name__, url_prefix="/v1/webhooks")
HookOut = shape(Hook, "Webhook")
HooksOut = listed(HookOut, "Webhooks")
NewHookOut = shape(Hook, "NewWebhook", secret=fields.String(required=True, metadata={"description": "shown once"}))
DeliveryOut = shape(Delivery, "Delivery")
DeliveriesOut = listed(DeliveryOut, "Deliveries")


class HookIn(Strict):
    """Where to post, and which types of events (all, if absent)."""

    url = fields.String(required=True, validate=validate.Length(1, URL_MAX))
    types = fields.List(fields.String(validate=validate.Length(1, 60)), validate=validate.Length(0, 100))


class RotateIn(Strict):
    """For how many hours the secret before signs as well (0: it is known to others)."""

    hours = Whole(load_default=24, validate=validate.Range(0, 168))


class ReplayIn(Strict):
    """The log index from which everything is sent again, under the old message ids."""

    index = Whole(required=True, validate=validate.Range(0, 2**53 - 1))


class LogQuery(Strict):
    """Which part of the delivery log: `before` is the id that the part before ended with."""

    before = pattern(r"[A-Za-z0-9_-]{1,80}")
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


@blueprint.get("")
@requires(Right.WEBHOOKS)
@operation("The party's webhooks", tag="webhooks", answers={200: HooksOut})
def hooks() -> Response:
    return all_told(webhooks().of_party(current_actor()))


@blueprint.post("")
@requires(Right.WEBHOOKS)
@operation(
    "Have news posted from now on, signed as Standard Webhooks says; the secret is in this answer and nowhere else",
    tag="webhooks",
    body=HookIn,
    answers={201: NewHookOut},
    errors=(UrlRefused, NotReached, ScopeUnknown, TooManyHooks, CsrfRefused),
)
def add(body: dict[str, Any]) -> Response:
    made, secret = webhooks().add(current_actor(), body["url"], body.get("types", ()))
    return told(made, 201, secret=secret)


@blueprint.get("/<webhook>")
@requires(Right.WEBHOOKS)
@operation("One webhook", tag="webhooks", answers={200: HookOut}, errors=(NoSuch,))
def one(webhook: str) -> Response:
    return told(webhooks().one(current_actor(), webhook))


@blueprint.delete("/<webhook>")
@requires(Right.WEBHOOKS)
@operation("Remove a webhook and its log", tag="webhooks", answers={204: None}, errors=(NoSuch, CsrfRefused))
def remove(webhook: str) -> Response:
    webhooks().remove(current_actor(), webhook)
    return done()


@blueprint.post("/<webhook>/secret")
@requires(Right.WEBHOOKS)
@operation(
    "A new secret, in this answer and nowhere else; for some hours the one before signs as well",
    tag="webhooks",
    body=RotateIn,
    answers={200: NewHookOut},
    errors=(NoSuch, CsrfRefused),
)
def rotate(webhook: str, body: dict[str, Any]) -> Response:
    made, secret = webhooks().rotate(current_actor(), webhook, body["hours"])
    return told(made, secret=secret)


@blueprint.post("/<webhook>/test")
@requires(Right.WEBHOOKS)
@operation(
    "Queue a message without news; the log shows what came of it",
    tag="webhooks",
    answers={202: DeliveryOut},
    errors=(NoSuch, CsrfRefused),
)
def test(webhook: str) -> Response:
    return told(webhooks().test(current_actor(), webhook), 202)


@blueprint.post("/<webhook>/replay")
@requires(Right.WEBHOOKS)
@operation(
    "Send everything again from a place in the log on; a webhook that was off is on again",
    tag="webhooks",
    body=ReplayIn,
    answers={202: HookOut},
    errors=(NoSuch, CsrfRefused),
)
def replay(webhook: str, body: dict[str, Any]) -> Response:
    return told(webhooks().replay(current_actor(), webhook, body["index"]), 202)


@blueprint.get("/<webhook>/deliveries")
@requires(Right.WEBHOOKS)
@operation(
    "The delivery log, newest first", tag="webhooks", query=LogQuery, answers={200: DeliveriesOut}, errors=(NoSuch,)
)
def deliveries(webhook: str, query: dict[str, Any]) -> Response:
    return all_told(webhooks().log(current_actor(), webhook, query.get("before", ""), query["limit"]))
