"""Logging in and out, one's own password and one-time codes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from api import answers
from api.auth import Right, accounts, current_actor, requires
from api.browser import (
    CsrfRefused,
    clear_cookie,
    csrf_token,
    session_secret,
    set_cookie,
    this_session,
    verify_origin,
)
from api.openapi import operation
from api.resources.shapes import done
from api.schemas import Strict
from ledger.accounts import Actor
from ledger.accounts.errors import CodeNeeded, LinkInvalid, LoginRefused, PasswordWeak, Throttled

blueprint = Blueprint("session", __name__, url_prefix="/v1/session")
_TEXT = validate.Length(1, 256)


class LogInIn(Strict):
    """Name and password; the one-time code, when the account asks for one."""

    name = fields.String(required=True, validate=_TEXT)
    password = fields.String(required=True, validate=_TEXT)
    code = fields.String(validate=validate.Regexp(r"^[0-9]{6}$"))


class ActorOut(Schema):
    """Who is asking, and what they may do. A change made with a session sends `csrf_token` as X-CSRF-Token."""

    via = fields.String(required=True, validate=validate.OneOf(["session", "token", "link"]))
    account = fields.String(required=True)
    person = fields.String(required=True)
    party = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    regions = fields.List(fields.String(), required=True)
    scopes = fields.List(fields.String(), required=True)
    csrf_token = fields.String()


def _actor(actor: Actor, secret: str | None, status: int = 200) -> Response:
    made: dict[str, Any] = {
        "via": actor.via,
        "account": actor.account,
        "person": actor.person,
        "party": actor.party,
        "roles": sorted(actor.roles),
        "regions": list(actor.regions),
        "scopes": sorted(actor.scopes),
    }
    return answers.json_response(made | ({} if secret is None else {"csrf_token": csrf_token(secret)}), status)


@blueprint.post("")
@requires(Right.PUBLIC)
@operation(
    "Log in: the answer sets the session's cookie",
    tag="session",
    body=LogInIn,
    answers={201: ActorOut},
    errors=(LoginRefused, CodeNeeded, Throttled, CsrfRefused),
)
def log_in(body: dict[str, Any]) -> Response:
    verify_origin()
    secret = accounts().log_in(
        body["name"],
        body["password"],
        address=request.remote_addr or "",
        code=body.get("code", ""),
        replaces=session_secret(),
    )
    actor = accounts().actor_for_session(secret)
    assert actor is not None
    response = _actor(actor, secret, 201)
    set_cookie(response, secret)
    return response


@blueprint.get("")
@requires(Right.ANYBODY)
@operation("Who I am here", tag="session", answers={200: ActorOut})
def who() -> Response:
    actor = current_actor()
    return _actor(actor, this_session() if actor.via == "session" else None)


@blueprint.delete("")
@requires(Right.PERSON)
@operation("Log out", tag="session", answers={204: None}, errors=(CsrfRefused,))
def log_out() -> Response:
    accounts().log_out(this_session())
    response = done()
    clear_cookie(response)
    return response


class PasswordIn(Strict):
    """The password of now, and the next."""

    old = fields.String(required=True, validate=_TEXT)
    new = fields.String(required=True, validate=_TEXT)


@blueprint.post("/password")
@requires(Right.PERSON)
@operation(
    "Change my password; my other sessions end",
    tag="session",
    body=PasswordIn,
    answers={204: None},
    errors=(LoginRefused, Throttled, PasswordWeak, CsrfRefused),
)
def change_password(body: dict[str, Any]) -> Response:
    accounts().change_password(
        current_actor(), body["old"], body["new"], session=this_session(), address=request.remote_addr or ""
    )
    return done()


class InvitationIn(Strict):
    """The secret of the link that one was given, and the password one chooses."""

    secret = fields.String(required=True, validate=_TEXT)
    password = fields.String(required=True, validate=_TEXT)


@blueprint.post("/invitation")
@requires(Right.PUBLIC)
@operation(
    "Take up an invitation, or set a forgotten password anew",
    tag="session",
    body=InvitationIn,
    answers={204: None},
    errors=(LinkInvalid, PasswordWeak, CsrfRefused),
)
def accept(body: dict[str, Any]) -> Response:
    verify_origin()
    accounts().accept(body["secret"], body["password"])
    return done()


class TotpOut(Schema):
    """A shared secret in base 32, and the URI that an authenticator reads; not in use until it is confirmed."""

    secret = fields.String(required=True)
    uri = fields.String(required=True)


class TotpIn(Strict):
    """With `secret` and a `code` of it: codes are asked for from now on. Without: no longer."""

    password = fields.String(required=True, validate=_TEXT)
    secret = fields.String(validate=validate.Regexp(r"^[A-Z2-7]{32}$"))
    code = fields.String(validate=validate.Regexp(r"^[0-9]{6}$"))


@blueprint.post("/totp")
@requires(Right.PERSON)
@operation("A new secret for one-time codes", tag="session", answers={200: TotpOut}, errors=(CsrfRefused,))
def offer_totp() -> Response:
    secret, uri = accounts().offer_totp(current_actor())
    return answers.json_response({"secret": secret, "uri": uri})


@blueprint.put("/totp")
@requires(Right.PERSON)
@operation(
    "Ask for one-time codes at log-in, or no longer",
    tag="session",
    body=TotpIn,
    answers={204: None},
    errors=(LoginRefused, Throttled, CsrfRefused),
)
def set_totp(body: dict[str, Any]) -> Response:
    accounts().set_totp(
        current_actor(),
        body.get("secret", ""),
        body.get("code", ""),
        body["password"],
        address=request.remote_addr or "",
    )
    return done()
