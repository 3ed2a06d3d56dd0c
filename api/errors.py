"""Failures as HTTP sees them: the one table from code to status, and RFC 9457 problems in the reader's language."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import orjson
from flask import Flask, Response, current_app, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response as AnyResponse

from ledger.custody.rules import Refusal
from ledger.errors import LedgerError
from ledger.service import Ledger

log = logging.getLogger("wasteledger.api")
PROBLEM: Final = "application/problem+json"
LANGUAGES: Final = ("zh-CN", "zh", "en")
LANGUAGE_COOKIE: Final = "language"
_LANGUAGE: Final = "wasteledger.language"
_ACCEPTED_MAX: Final = 400


class BadRequest(LedgerError):
    """The request has not the form that the API description gives; `errors` names every field."""

    code = "bad-request"
    zh = "请求格式不符合接口说明"
    en = "the request has not the form that the API description gives"


class NoSuchPlace(LedgerError):
    """Nothing is at this address, or not for this reader."""

    code = "no-such-place"
    zh = "此地址没有内容"
    en = "nothing is at this address"


class MethodRefused(LedgerError):
    """The address exists, the method does not."""

    code = "method-not-allowed"
    zh = "此地址不支持该方法"
    en = "this address does not know that method"


class BodyTooLarge(LedgerError):
    """More bytes than any request of this kind needs."""

    code = "body-too-large"
    zh = "请求体过大"
    en = "the request body is too large"


class MediaRefused(LedgerError):
    """The body is not plain JSON."""

    code = "media-type-not-supported"
    zh = "请求体须为未压缩的 application/json"
    en = "the body must be application/json, not compressed"


class TooMany(LedgerError):
    """More requests than the limit allows."""

    code = "too-many-requests"
    zh = "请求过于频繁，请稍后重试"
    en = "too many requests; try again later"


class Broken(LedgerError):
    """Our fault; the log of the server says more under the request's id."""

    code = "internal-error"
    zh = "服务器内部错误"
    en = "an error of the server's own"


class Unavailable(LedgerError):
    """The database cannot be reached; what was not answered can be sent again."""

    code = "unavailable"
    zh = "服务暂不可用，请稍后重试"
    en = "the service is not available now; try again"


STATUS: Final[dict[str, int]] = {
    # By what went wrong in general: the nearest ancestor with a code in this table decides.
    "error": 500,
    "bad-form": 422,
    "bad-proof": 422,
    "refused": 409,
    # The door itself.
    "bad-request": 400,
    "not-logged-in": 401,
    "login-refused": 401,
    "code-needed": 401,
    "passkey-refused": 401,
    "oidc-refused": 401,
    "not-linked": 401,
    "csrf-refused": 403,
    "not-allowed": 403,
    "link-invalid": 404,
    "no-such-place": 404,
    "no-such-thing": 404,
    "part-absent": 404,
    "method-not-allowed": 405,
    "name-taken": 409,
    "link-taken": 409,
    "key-waits": 409,
    "last-administrator": 409,
    "too-many-webhooks": 409,
    "body-too-large": 413,
    "too-large": 413,
    "media-type-not-supported": 415,
    "bad-scope": 422,
    "password-weak": 422,
    "url-refused": 422,
    "not-reached": 422,
    # Pages.
    "not-now": 409,
    "key-not-confirmed": 409,
    "no-label-key": 409,
    "login-throttled": 429,
    "too-many-streams": 503,
    "too-many-requests": 429,
    "too-many-bodies": 503,
    "internal-error": 500,
    "busy": 503,
    "unavailable": 503,
    # The answer table of the append (LEDGER.md §5).
    "unknown-key": 403,
    "wrong-author": 403,
    "key-used-up": 403,
    "author-fork": 409,
    "id-reused": 409,
    "author-gap": 409,
    "key-revoked": 409,
    "quarantine-full": 409,
    "not-authorised": 403,
    "not-own": 403,
    "roles-not-held": 403,
    "authority-key-custodial": 403,
    # Reading.
    "not-found": 404,
    "unknown-name": 404,
    "ambiguous": 409,
    "bad-tile-path": 404,
    "custodial-key-absent": 403,
    "paper-empty": 409,
    "label-glyph-missing": 422,
}
"""Every status that a failure can have, by its code."""

RETRY_AFTER_S: Final = {"busy": 1, "unavailable": 5}
_HTTP: Final[dict[int, type[LedgerError]]] = {
    404: NoSuchPlace,
    405: MethodRefused,
    413: BodyTooLarge,
    415: MediaRefused,
    429: TooMany,
}


def status_of(error: LedgerError | type[LedgerError]) -> int:
    """The HTTP status of a failure: its own code's, else its nearest ancestor's."""
    cls = error if isinstance(error, type) else type(error)
    return next(STATUS[c.code] for c in cls.__mro__ if issubclass(c, LedgerError) and c.code in STATUS)


def language() -> str:
    """The reader's language, zh-CN or en: as chosen on a page, else by Accept-Language. It is looked for once, and in
    as much of the header as a browser sends: a page asks for it at every word."""
    if _LANGUAGE not in request.environ:
        found = request.cookies.get(LANGUAGE_COOKIE)
        if found not in LANGUAGES:
            wanted = parse_accept_header(request.headers.get("Accept-Language", "")[:_ACCEPTED_MAX], LanguageAccept)
            found = wanted.best_match(LANGUAGES, LANGUAGES[0])
        request.environ[_LANGUAGE] = "en" if found == "en" else "zh-CN"
    return str(request.environ[_LANGUAGE])


def problem(error: LedgerError, **more: Any) -> dict[str, Any]:
    """RFC 9457 §3: the members of a problem; a refusal by rule names its rule and cites the law."""
    lang = language()
    made: dict[str, Any] = {
        "type": f"/docs#{error.code}",
        "title": _title(error, lang),
        "status": status_of(error),
        "detail": error.says(lang),
        "code": error.code,
    }
    for name in ("path", "expected", "got"):
        if (value := error.fields.get(name)) is not None:
            made[name] = str(value)
    if "errors" in error.fields:
        made["errors"] = error.fields["errors"]
    if isinstance(error, Refusal):
        made["rule"] = error.code
        made["law"] = laws(error)
    return made | more


def laws(error: Refusal) -> list[str]:
    """The law behind a refusal, as in force today."""
    ledger: Ledger = current_app.extensions["ledger"]
    today = ledger.regime.day_of(ledger.now())
    return [ledger.regime.cite(key, today) for key in error.cites]


def problem_response(error: LedgerError, **more: Any) -> Response:
    """A failure as the whole answer."""
    body = problem(error, **more)
    response = Response(orjson.dumps(body), body["status"], content_type=PROBLEM)
    response.headers["Content-Language"] = language()
    wait = error.fields.get("retry_after") or RETRY_AFTER_S.get(error.code)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="wasteledger"'
    return response


def register(app: Flask) -> None:
    """Every failure of every view answers as a problem, or as a page where a person reads."""
    app.register_error_handler(LedgerError, _answer)
    app.register_error_handler(HTTPException, _http_response)
    app.register_error_handler(Exception, _broken)


def show_with(app: Flask, wanted: Callable[[], bool], page: Callable[[LedgerError], AnyResponse]) -> None:
    """Where `wanted` says so, failures are answered by `page`."""
    app.extensions["failure-page"] = wanted, page


def _answer(error: LedgerError) -> AnyResponse:
    wanted, page = current_app.extensions.get("failure-page", (None, None))
    return page(error) if wanted is not None and wanted() else problem_response(error)


def _title(error: LedgerError, lang: str) -> str:
    return (error.zh if lang.startswith("zh") else error.en).partition("{")[0].rstrip("：: “‘\"'") or error.code


def _http_response(error: HTTPException) -> AnyResponse:
    made = _HTTP.get(error.code or 500, BadRequest if (error.code or 500) < 500 else Broken)()
    response = _answer(made)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _broken(error: Exception) -> AnyResponse:
    if isinstance(error, current_app.extensions["unreachable"]):
        log.warning("database", extra={"failure": type(error).__name__})
        return _answer(Unavailable())
    log.error("failed", exc_info=error)
    return _answer(Broken())
