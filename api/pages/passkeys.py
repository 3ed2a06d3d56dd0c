"""Coming in by a passkey, and adding one to one's own account."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from api.auth import Right, accounts, current_actor, requires
from api.browser import begun_secret, clear_begun_cookie, session_secret, set_begun_cookie, verify_origin
from api.pages.acting import field
from api.pages.entrance import door, let_in, within
from ledger.accounts.errors import PasskeyRefused
from ledger.accounts.passkeys import Site

blueprint = Blueprint("page_passkeys", __name__)


@blueprint.post("/sign-in/passkey/start")
@requires(Right.PUBLIC)
def start() -> Response:
    """What the authenticator is to sign."""
    verify_origin()
    return _options(*accounts().passkeys.begin(_site()))


@blueprint.post("/sign-in/passkey")
@requires(Right.PUBLIC)
def come_in() -> AnyResponse:
    verify_origin()
    where = within(request.form.get("next", ""))
    try:
        secret = accounts().passkeys.come_in(
            _site(), begun_secret(), request.form.get("credential", ""), replaces=session_secret()
        )
    except PasskeyRefused as error:
        refused = door(where, error)
        refused.status_code = 401
        return refused
    response = let_in(where, secret)
    clear_begun_cookie(response)  # type: ignore[arg-type]
    return response


@blueprint.post("/admin/me/passkey/start")
@requires(Right.PERSON)
def start_adding() -> Response:
    """The password once more; then what the authenticator is to make."""
    who, password = current_actor(), field("password", "密码", "the password")
    return _options(*accounts().passkeys.begin_adding(who, _site(), password, address=request.remote_addr or ""))


@blueprint.post("/admin/me/passkey")
@requires(Right.PERSON)
def add() -> AnyResponse:
    accounts().passkeys.add(current_actor(), _site(), begun_secret(), request.form.get("credential", ""))
    response = redirect(url_for("page_admin.me", changed="passkey"), 303)
    clear_begun_cookie(response)  # type: ignore[arg-type]
    return response


@blueprint.post("/admin/me/passkey/<passkey>/drop")
@requires(Right.PERSON)
def drop(passkey: str) -> AnyResponse:
    accounts().passkeys.drop(current_actor(), passkey)
    return redirect(url_for("page_admin.me", changed="passkey"), 303)


def _site() -> Site:
    """This server, by the name under which the browser reached it."""
    return Site(host=urlsplit(request.host_url).hostname or "", origin=request.host_url.rstrip("/"))


def _options(options: str, secret: str) -> Response:
    response = Response(options, content_type="application/json")
    set_begun_cookie(response, secret)
    return response
