"""Bodies of requests: how large one is that nobody said otherwise of, and how many threads one caller keeps waiting.

A body that comes a byte a minute holds the thread that reads it. Whoever dawdles holds few, so that the others go on:
those of one party together, and all strangers together.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from flask import current_app, request

from ledger.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

F = TypeVar("F", bound="Callable[..., Any]")
PARTY: Final = "wasteledger.party"
"""Where a request's environment says whose it is, once that is known."""
AT_ONCE: Final = 3
"""Beside as many streams as there may be, strangers and one party so leave threads of `serve` to others."""
WAIT_S: Final = 1.0
FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
FORM_MAX: Final = 1 << 20
FIELDS_MAX: Final = 64 * 1024  # of a form with files, each of which goes to the disk


class TooManyBodies(LedgerError):
    """As many bodies of this caller are on their way as may be."""

    code = "too-many-bodies"
    zh = "同时上传的请求过多，请稍后重试"
    en = "too many requests are being sent at once; try again later"


@dataclass(slots=True)
class Turns:
    """Who reads how many bodies now."""

    most: int = AT_ONCE
    _taken: dict[str, int] = field(default_factory=dict)
    _free: threading.Condition = field(default_factory=threading.Condition)

    def take(self, caller: str, wait_s: float) -> None:
        """Raises TooManyBodies."""
        with self._free:
            if not self._free.wait_for(lambda: self._taken.get(caller, 0) < self.most, wait_s):
                raise TooManyBodies(expected=f"at most {self.most}", retry_after=5)
            self._taken[caller] = self._taken.get(caller, 0) + 1

    def give_up(self, caller: str) -> None:
        with self._free:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]
            self._free.notify_all()


def takes(most: int) -> Callable[[F], F]:
    """The view's forms may have so many bytes."""

    def decorate(view: F) -> F:
        view.body_max = most  # type: ignore[attr-defined]
        return view

    return decorate


def register(app: Flask) -> None:
    """Limit the bodies of an app."""
    app.config["MAX_FORM_MEMORY_SIZE"] = FIELDS_MAX
    app.wsgi_app = _by_turns(app.wsgi_app)  # type: ignore[method-assign, assignment]
    app.before_request(_limit)


def _limit() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    request.max_content_length = getattr(view, "body_max", FORM_MAX)


def _by_turns(application: WSGIApplication) -> WSGIApplication:
    """Every body is read in a turn of its caller's."""
    turns = Turns()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgi.input"] = _Body(environ, turns)
        return application(environ, start_response)

    return answer


class _Body:
    """The input of a request; a turn is waited for once."""

    __slots__ = ("_environ", "_input", "_turns", "_wait_s")

    def __init__(self, environ: WSGIEnvironment, turns: Turns) -> None:
        self._environ = environ
        self._input: Any = environ["wsgi.input"]
        self._turns = turns
        self._wait_s = WAIT_S

    def read(self, *size: int) -> bytes:
        caller, wait_s = self._environ.get(PARTY, ""), self._wait_s
        self._wait_s = 0.0
        self._turns.take(caller, wait_s)
        self._wait_s = WAIT_S
        try:
            content: bytes = self._input.read(*size)
            return content
        finally:
            self._turns.give_up(caller)
