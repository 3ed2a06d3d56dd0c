"""Sessions of browsers: the cookie, and the proof that a change was asked for by our own page.

The cookie holds a random secret and nothing else; what it stands for lies in the database, as a hash. A change needs
the session's token in a header or form field, which another site can neither read nor send (it is derived from the
secret, so nothing is stored), and an Origin, when the browser names one, that is our own.
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import urlsplit

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from api.bodies import PARTY
from api.errors import BodyTooLarge
from ledger.accounts import Accounts, Actor
from ledger.accounts.errors import NotLoggedIn
from ledger.accounts.linked import BEGUN_MS
from ledger.accounts.people import OLDEST_MS
from ledger.errors import LedgerError

COOKIE: Final = "__Host-wasteledger"
LOCAL_COOKIE: Final = "wasteledger-local"
DEVICE_COOKIE: Final = "__Host-wasteledger-device"
LOCAL_DEVICE_COOKIE: Final = "wasteledger-device-local"
BEGUN_COOKIE: Final = "__Host-wasteledger-begun"
LOCAL_BEGUN_COOKIE: Final = "wasteledger-begun-local"
_DEVICE_S: Final = 5 * 365 * 86_400
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf_token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class CsrfRefused(LedgerError):
    """A change that did not come from a page of ours."""

    code = "csrf-refused"
    zh = "请求不是从本站页面发出的，或打开此页后又登录过：请返回并刷新页面再试"
    en = (
        "this came from no page of this server, or you signed in again since the page was opened: go back and reload it"
    )


def session_actor(accounts: Accounts) -> Actor | None:
    """The person behind this request's cookie; None without one. Raises CsrfRefused for a change without its proof."""
    secret = session_secret()
    actor = None if secret is None else accounts.actor_for_session(secret)
    if actor is not None and secret is not None and request.method not in _SAFE:
        verify_origin()
        request.environ[PARTY] = actor.party
        given = request.headers.get(CSRF_HEADER) or _form_token()
        if not hmac.compare_digest(given.encode(errors="replace"), csrf_token(secret).encode()):
            raise CsrfRefused(expected=CSRF_HEADER, got=given[:8] or "–")
    return actor


def _form_token() -> str:
    try:
        return request.form.get(CSRF_FIELD, "")
    except RequestEntityTooLarge:
        raise BodyTooLarge(expected=f"at most {request.max_content_length} bytes") from None


def verify_origin() -> None:
    """Raises CsrfRefused when the browser says that another site's page asks; also for logging in, where no session
    exists yet."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise CsrfRefused(expected=request.host, got=origin)
    if site not in ("none", "same-origin"):
        raise CsrfRefused(expected="same-origin", got=site)


def session_secret() -> str | None:
    """What this request's cookie says, true or not."""
    return request.cookies.get(_cookie()) or None


def this_session() -> str:
    """The secret of the session that this request has; raises NotLoggedIn."""
    secret = session_secret()
    if secret is None:
        raise NotLoggedIn()
    return secret


def csrf_token(secret: str) -> str:
    """What a page of this session sends with every change."""
    return hmac.digest(secret.encode(), b"wasteledger/csrf/v1", "sha256").hex()


def set_cookie(response: Response, secret: str) -> None:
    """Readable by no script, sent to this host only and, except on this machine itself, over https only."""
    response.set_cookie(
        _cookie(), secret, max_age=OLDEST_MS // 1000, secure=not _plain(), httponly=True, samesite="Lax", path="/"
    )
    response.headers["Cache-Control"] = "no-store"


def clear_cookie(response: Response) -> None:
    response.delete_cookie(_cookie(), secure=not _plain(), httponly=True, samesite="Lax", path="/")


def device_secret() -> str | None:
    """What this browser keeps if it is a shared device."""
    return request.cookies.get(_device_cookie()) or None


def set_device_cookie(response: Response, secret: str) -> None:
    """Make the browser a shared device."""
    response.set_cookie(
        _device_cookie(), secret, max_age=_DEVICE_S, secure=not _plain(), httponly=True, samesite="Strict", path="/"
    )


def begun_secret() -> str:
    """What this browser keeps while it is on its way in; "" for nothing."""
    return request.cookies.get(_begun_cookie(), "")


def set_begun_cookie(response: Response, secret: str) -> None:
    """For the minutes that a way in takes which begins on one page and ends on another; it must come along when another
    site leads back here, so it is not strict."""
    response.set_cookie(
        _begun_cookie(), secret, max_age=BEGUN_MS // 1000, secure=not _plain(), httponly=True, samesite="Lax", path="/"
    )
    response.headers["Cache-Control"] = "no-store"


def clear_begun_cookie(response: Response) -> None:
    response.delete_cookie(_begun_cookie(), secure=not _plain(), httponly=True, samesite="Lax", path="/")


def _begun_cookie() -> str:
    return LOCAL_BEGUN_COOKIE if _plain() else BEGUN_COOKIE


def _device_cookie() -> str:
    return LOCAL_DEVICE_COOKIE if _plain() else DEVICE_COOKIE


def _cookie() -> str:
    return LOCAL_COOKIE if _plain() else COOKIE


def _plain() -> bool:
    """Plain http is for this machine itself."""
    return not request.is_secure and (urlsplit(f"//{request.host}").hostname or "") in _LOCAL
