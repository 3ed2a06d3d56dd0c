"""Server-sent events for open pages: what is new, in words so few that a page asks for the rest.

Each open stream holds a thread of its worker, so a worker has a bounded number, and a stream ends after some minutes:
the browser opens it again by itself, with `Last-Event-ID` saying where to go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import orjson
from flask import Blueprint, Response, current_app, request
from marshmallow import fields, validate

from api.auth import Right, current_viewer, queries, reading, requires
from api.openapi import operation
from api.schemas import Strict
from ledger.access import Viewer
from ledger.errors import LedgerError
from ledger.log import statement
from ledger.queries import Queries
from ledger.reading import Reading

blueprint = Blueprint("stream", __name__, url_prefix="/v1")
STREAMS_MAX: Final = 8  # half of the threads that `serve` gives a worker
ENDS_AFTER_S: Final = 300.0
_LOOKS_EVERY_S: Final = 1.0
_BEATS_EVERY_S: Final = 15.0
_PAGE: Final = 100
_open = threading.BoundedSemaphore(STREAMS_MAX)


class TooManyStreams(LedgerError):
    """As many pages as this worker can serve are open."""

    code = "too-many-streams"
    zh = "打开的实时页面过多，请稍后重试"
    en = "too many live pages are open; try again later"


class StreamQuery(Strict):
    """The log index from which on to tell (from now on, if absent); `Last-Event-ID` goes before it."""

    after = fields.Integer(validate=validate.Range(0, 2**53))


@blueprint.get("/stream")
@requires(Right.READ)
@operation(
    "What is new, as server-sent events: `id` is the log index to go on from, `event` the type of event",
    tag="log",
    query=StreamQuery,
    answers={200: "text/event-stream"},
    errors=(TooManyStreams,),
)
def stream(query: dict[str, Any]) -> Response:
    viewer = current_viewer()  # what may fail, before a place is taken
    if not _open.acquire(blocking=False):
        raise TooManyStreams(expected=f"at most {STREAMS_MAX}", retry_after=30)
    last = request.headers.get("Last-Event-ID", "")
    after = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else query.get("after")
    ends_after = current_app.config.get("STREAM_ENDS_AFTER_S", ENDS_AFTER_S)
    response = Response(_told(reading(), queries(), viewer, after, ends_after), mimetype="text/event-stream")
    response.call_on_close(_open.release)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _told(reading: Reading, queries: Queries, viewer: Viewer, after: int | None, ends_after: float) -> Iterator[bytes]:
    end = time.monotonic() + ends_after
    beat = time.monotonic()
    position = queries.projected() if after is None else after
    yield b"retry: 3000\n\n"
    while True:
        if position < queries.projected():
            rows, position = reading.changes(viewer, position, _PAGE)
            for row in rows:
                yield _event(row.index, row.statement)
            beat = time.monotonic()
        elif time.monotonic() - beat >= _BEATS_EVERY_S:
            beat = time.monotonic()
            yield b": still here\n\n"
        else:
            time.sleep(min(_LOOKS_EVERY_S, ends_after))
        if time.monotonic() >= end:
            return


def _event(index: int, raw: bytes) -> bytes:
    said = statement.parse(raw)
    told = orjson.dumps({"index": index, "id": said.id, "at": said.at, "about": said.about})
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (index + 1, said.type.encode(), told)
