"""What every answer carries and what is kept of it: headers of safety, an id, a line of the log, the metrics.

A log line names the route, never the address asked for, and nobody: no secret and no personal text can be in it.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import orjson
from flask import Flask, Response, g, request
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

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_SAFE_HTTPS: Final = _SAFE | {"Strict-Transport-Security": "max-age=31536000"}

log = logging.getLogger("wasteledger.request")


def register(app: Flask) -> None:
    """Put all of it around every request of an app."""
    app.before_request(_begin)
    app.after_request(_end)
    app.wsgi_app = _safe(app.wsgi_app)  # type: ignore[assignment, method-assign]


def _safe(application: WSGIApplication) -> WSGIApplication:
    """Adds the headers of safety to every answer, which is cheapest where headers are a plain list."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            wanted = _SAFE_HTTPS if environ["wsgi.url_scheme"] == "https" else _SAFE
            given = {name.title() for name, _ in headers}
            headers += [each for each in wanted.items() if each[0] not in given]
            return start_response(status, headers, *error)

        return application(environ, start)

    return answer


def _begin() -> None:
    g.began = time.perf_counter()
    g.request_id = uuid4().hex


def _end(response: Response) -> Response:
    method, headers = request.method, response.headers
    headers["X-Request-Id"] = g.request_id
    kept_for = headers.get("Cache-Control")
    if kept_for is None:
        kept_for = headers["Cache-Control"] = "no-store" if method != "GET" else "private, no-cache"
    if not kept_for.startswith("public"):
        headers.add("Vary", "Accept-Language, Authorization, Cookie")
    whole = method in ("GET", "HEAD") and response.status_code == 200 and not response.is_streamed
    if whole and not kept_for.endswith("immutable"):  # what never changes is not asked for again
        response.add_etag()
        if "If-None-Match" in request.headers:
            response.make_conditional(request)
    seconds = time.perf_counter() - g.began
    rule = request.url_rule
    route = rule.rule if rule else "none"
    _counted(method, route, response.status_code).observe(seconds)
    kept = {"method": method, "route": route, "status": response.status_code, "ms": round(seconds * 1000, 1)}
    log.info("request", extra={**kept, "request": g.request_id})
    return response


@cache
def _counted(method: str, route: str, status: int) -> Histogram:
    """As many as there are routes and statuses: a method that no route knows is counted under none."""
    return REQUESTS.labels(method if method in _METHODS else "other", route, status)


class JsonLines(logging.Formatter):
    """One object a line: time, level, what, and the fields given."""

    _KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:23] + "Z",
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
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False  # no line says so much
    logging._srcfile = None  # nor from which line of the source it comes
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
