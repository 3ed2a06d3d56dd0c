"""API tokens of the own party: made with scopes and an end, shown once, revoked within a second."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import fields, validate

from api.auth import Right, accounts, current_actor, requires
from api.browser import CsrfRefused
from api.openapi import operation
from api.resources.shapes import all_told, done, listed, shape, told
from api.schemas import Strict, Whole, pattern
from ledger.accounts import SCOPES, Token
from ledger.accounts.errors import NoSuch, ScopeUnknown
from ledger.accounts.tokens import DAYS_MAX

blueprint = Blueprint("tokens", __name__, url_prefix="/v1/tokens")
TokensOut = listed(shape(Token, "Token"), "Tokens")
NewTokenOut = shape(Token, "NewToken", secret=fields.String(required=True, metadata={"description": "shown once"}))


class TokenIn(Strict):
    """What it is for, what it may do, and for how many days."""

    name = pattern(r"[^\x00-\x1f]{1,100}", required=True)
    scopes = fields.List(fields.String(validate=validate.OneOf(SCOPES)), required=True, validate=validate.Length(1, 4))
    days = Whole(required=True, validate=validate.Range(1, DAYS_MAX))


@blueprint.get("")
@requires(Right.TOKENS)
@operation("The party's tokens, without their secrets", tag="tokens", answers={200: TokensOut})
def tokens() -> Response:
    return all_told(accounts().tokens.listed(current_actor()))


@blueprint.post("")
@requires(Right.TOKENS)
@operation(
    "Make a token; its secret is in this answer and nowhere else",
    tag="tokens",
    body=TokenIn,
    answers={201: NewTokenOut},
    errors=(ScopeUnknown, CsrfRefused),
)
def issue(body: dict[str, Any]) -> Response:
    made, secret = accounts().tokens.issue(current_actor(), **body)
    return told(made, 201, secret=secret)


@blueprint.delete("/<token>")
@requires(Right.TOKENS)
@operation("Revoke a token", tag="tokens", answers={204: None}, errors=(NoSuch, CsrfRefused))
def revoke(token: str) -> Response:
    accounts().tokens.revoke(current_actor(), token)
    return done()
