"""Coming in by the log-in of one's organisation, where the operator has switched that on."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from api.auth import Right, accounts, current_actor, requires
from api.browser import begun_secret, clear_begun_cookie, session_secret, set_begun_cookie
from api.pages.acting import field
from api.pages.admin import own_page
from api.pages.entrance import let_in, within
from api.pages.shown import actor

blueprint = Blueprint("page_organisation", __name__)


@blueprint.get("/sign-in/oidc/start")
@requires(Right.PUBLIC)
def start() -> Response:
    """Off to the provider. A link leads here, not a form: where a form may lead, every page has to say beforehand."""
    url, secret = accounts().linked.begin(_back(), within(request.args.get("next", "")))
    response = redirect(url, 303)
    set_begun_cookie(response, secret)  # type: ignore[arg-type]
    return response


@blueprint.get("/sign-in/oidc")
@requires(Right.PUBLIC)
def back() -> Response:
    """Back from the provider, with a code or without."""
    place, secret = accounts().linked.finish(
        begun_secret(),
        _back(),
        state=request.args.get("state", ""),
        code=request.args.get("code", ""),
        by=actor(),
        replaces=session_secret(),
    )
    response = redirect(place, 303) if secret is None else let_in(place, secret)
    clear_begun_cookie(response)  # type: ignore[arg-type]
    return response


@blueprint.post("/admin/me/link")
@requires(Right.PERSON)
def link() -> Response:
    """The password once more, then a link to the provider."""
    url, secret = accounts().linked.begin_link(
        current_actor(),
        _back(),
        url_for("page_admin.me", changed="link"),
        field("password", "密码", "the password"),
        address=request.remote_addr or "",
    )
    response = own_page(onward=url)
    set_begun_cookie(response, secret)  # type: ignore[arg-type]
    return response


@blueprint.post("/admin/me/link/drop")
@requires(Right.PERSON)
def unlink() -> Response:
    accounts().linked.drop(current_actor())
    return redirect(url_for("page_admin.me", changed="link"), 303)


def _back() -> str:
    """What the provider has to know as this server's address."""
    return url_for("page_organisation.back", _external=True)
