"""Coming in and going out, choosing the language, and the home of each role."""

from __future__ import annotations

import re
from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, accounts, requires
from api.browser import clear_cookie, device_secret, session_secret, set_cookie, this_session, verify_origin
from api.errors import LANGUAGE_COOKIE, NoSuchPlace
from api.pages.acting import field
from api.pages.shown import actor, page
from ledger.accounts.errors import CodeNeeded, LoginRefused, Throttled
from ledger.errors import LedgerError

blueprint = Blueprint("page_entrance", __name__)
_HOMES: Final = (
    ({"regulator"}, "page_overview.overview"),
    ({"operator"}, "page_health.health"),
)
_YEAR_S: Final = 365 * 86_400
_WITHIN: Final = re.compile(r"/(?![/\\])[^\x00-\x1f]*").fullmatch


@blueprint.get("/")
@requires(Right.PUBLIC)
def home() -> Response:
    """Scan first; offices begin with their figures."""
    who = actor()
    if who is None:
        return redirect(url_for("page_entrance.sign_in"), 303)
    return redirect(url_for(next((where for roles, where in _HOMES if roles & who.roles), "page_scan.scan")), 303)


@blueprint.get("/sign-in")
@requires(Right.PUBLIC)
def sign_in() -> Response:
    return door(within(request.args.get("next", "")))


def door(where: str, error: LedgerError | None = None, name: str = "", code_needed: bool = False) -> Response:
    """The sign-in page; on a shared device it also takes badges and PINs."""
    device = accounts().shared.device(device_secret())
    names = accounts().shared.names(device) if device is not None else []
    return page(
        "sign-in.html",
        next=where,
        error=error,
        name=name,
        code_needed=code_needed,
        device=device,
        names=names,
        organisation=accounts().linked.offered,
    )


@blueprint.post("/sign-in/shared")
@requires(Right.PUBLIC)
def come_in_shared() -> Response:
    """By a badge, or by name and PIN; on a shared device only."""
    verify_origin()
    where, device = within(request.form.get("next", "")), accounts().shared.device(device_secret())
    try:
        if device is None:
            raise LoginRefused()
        secret = accounts().shared.come_in(
            device,
            badge=request.form.get("badge", "").strip(),
            name=request.form.get("name", ""),
            pin=request.form.get("pin", ""),
            address=request.remote_addr or "",
            replaces=session_secret(),
        )
    except (LoginRefused, Throttled) as error:
        response = door(where, error)
        response.status_code = 429 if isinstance(error, Throttled) else 401
        return response
    return let_in(where, secret)


@blueprint.post("/sign-in")
@requires(Right.PUBLIC)
def come_in() -> Response:
    verify_origin()
    where, name = within(request.form.get("next", "")), field("name", "用户名", "the name")
    try:
        secret = accounts().log_in(
            name,
            field("password", "密码", "the password"),
            address=request.remote_addr or "",
            code=request.form.get("code", "").strip(),
            replaces=session_secret(),
        )
    except (LoginRefused, CodeNeeded, Throttled) as error:
        return _again(where, name, error)
    return let_in(where, secret)


def let_in(where: str, secret: str) -> Response:
    response = redirect(where or "/", 303)
    set_cookie(response, secret)  # type: ignore[arg-type]
    return response


def _again(where: str, name: str, error: LedgerError) -> Response:
    needed = isinstance(error, CodeNeeded) or bool(request.form.get("code"))
    response = door(where, error, name, needed)
    response.status_code = 429 if isinstance(error, Throttled) else 401
    return response


@blueprint.post("/sign-out")
@requires(Right.PERSON)
def go_out() -> Response:
    accounts().log_out(this_session())
    response = redirect(url_for("page_entrance.sign_in"), 303)
    clear_cookie(response)  # type: ignore[arg-type]
    return response


@blueprint.get("/language/<lang>")
@requires(Right.PUBLIC)
def language(lang: str) -> Response:
    """Choose a language; kept on the device, nothing else changes."""
    if lang not in ("zh", "en"):
        raise NoSuchPlace()
    response = redirect(within(request.args.get("next", "")) or "/", 303)
    response.set_cookie(LANGUAGE_COOKIE, lang, max_age=_YEAR_S, samesite="Lax", secure=request.is_secure, httponly=True)
    return response


def within(address: str) -> str:
    """An address of this server; "" for anything that might lead elsewhere: browsers read a backslash as a slash, and
    past a tab or line break as if it were not there."""
    return address if _WITHIN(address) else ""
