"""What every answer carries and what is kept of it: headers of safety, an id, a line of the log, the metrics.

A log line names the route, never the address asked for, and nobody: no secret and no personal text can be in it.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import orjson
from flask import Flask, Response, request
from prometheus_client import Counter, Histogram

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUESTS: Final = Histogram(
    "wasteledger_request_seconds",
    "Time to answer, by route",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
APPENDED: Final = Histogram(
    "wasteledger_append_seconds",
    "Time from a statement's arrival to its commit",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
ANSWERS: Final = Counter("wasteledger_answers_total", "Statements answered, by outcome and code", ("outcome", "code"))
RAISED: Final = Counter("wasteledger_exceptions_total", "Exceptions raised by a statement, by rule", ("rule",))

_SAFE: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""A page that needs more sets its own; what is set is kept."""

ROUTE: Final = "wasteledger.route"
"""Where a request's environment says which route answers it."""

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_SAFE_HTTPS: Final = _SAFE | {"Strict-Transport-Security": "max-age=31536000"}

log = logging.getLogger("wasteledger.request")
_lines: int | None = None  # the file to which this process's log goes as lines of JSON


def register(app: Flask) -> None:
    """Put all of it around every request of an app."""
    app.after_request(_end)
    app.wsgi_app = _around(app.wsgi_app)  # type: ignore[method-assign, assignment]


def _around(application: WSGIApplication) -> WSGIApplication:
    """Adds what every answer carries where headers are a plain list, which is cheapest, and keeps what is kept."""
    chance = random.Random()  # an id is no secret, and the system's own chance lets other threads in between

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            method, id_ = environ["REQUEST_METHOD"], f"{chance.getrandbits(128):032x}"
            given = {name.title(): value for name, value in headers}
            headers.append(("X-Request-Id", id_))
            kept_for = given.get("Cache-Control")
            if kept_for is None:
                kept_for = "private, no-cache" if method == "GET" else "no-store"
                headers.append(("Cache-Control", kept_for))
            if not kept_for.startswith("public"):
                headers.append(("Vary", "Accept-Language, Authorization, Cookie"))
            safe = _SAFE_HTTPS if environ["wsgi.url_scheme"] == "https" else _SAFE
            headers += [each for each in safe.items() if each[0] not in given]
            _keep(method, environ.get(ROUTE, "none"), int(status[:3]), time.perf_counter() - began, id_)
            return start_response(status, headers, *error)

        return application(environ, start)

    return answer


def _end(response: Response) -> Response:
    """Says which route it was; what is whole and may change can be asked for again at the price of a comparison."""
    environ, rule = request.environ, request.url_rule
    if rule is not None:
        environ[ROUTE] = rule.rule
    for_ever = response.headers.get("Cache-Control", "").endswith("immutable")
    whole = response.status_code == 200 and environ["REQUEST_METHOD"] in ("GET", "HEAD") and not response.is_streamed
    if whole and not for_ever:
        response.add_etag()
        if "HTTP_IF_NONE_MATCH" in environ:
            response.make_conditional(environ)
    return response


def _keep(method: str, route: str, status: int, seconds: float, id_: str) -> None:
    _counted(method, route, status).observe(seconds)
    kept = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1), "request": id_}
    if _lines is None:
        log.info("request", extra=kept)
    elif log.isEnabledFor(logging.INFO):  # past the logging module, which takes several times as long
        line = {"at": _moment(time.time()), "level": "info", "from": log.name, "what": "request", **kept}
        with suppress(OSError):  # whoever reads the log may be gone
            os.write(_lines, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


@cache
def _counted(method: str, route: str, status: int) -> Histogram:
    """As many as there are routes and statuses: a method that no route knows is counted under none."""
    return REQUESTS.labels(method if method in _METHODS else "other", route, status)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:23] + "Z"


class JsonLines(logging.Formatter):
    """One object a line: time, level, what, and the fields given."""

    _KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": _moment(record.created),
            "level": record.levelname.lower(),
            "from": record.name,
            "what": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in self._KNOWN}
        if record.exc_info:
            line["trace"] = self._trace(record)
        return orjson.dumps(line, default=str).decode()

    def _trace(self, record: logging.LogRecord) -> list[str]:
        """Where it failed, without any value: the text of an exception may hold what was being written."""
        assert record.exc_info
        kind, _, step = record.exc_info
        places = []
        while step is not None:
            code = step.tb_frame.f_code
            places.append(f"{code.co_filename.rpartition('/')[2]}:{step.tb_lineno} {code.co_name}")
            step = step.tb_next
        return [kind.__name__ if kind else "", *places]


def log_as_json(level: int = logging.INFO) -> None:
    """Send this process's log to standard error as lines of JSON."""
    global _lines
    _lines = sys.stderr.fileno()
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no line says so much
    logging._srcfile = None  # nor from which line of the source it comes
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
