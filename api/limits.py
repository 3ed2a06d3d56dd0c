"""How many requests one caller may send: by token, by person, or by address. Counted in each worker process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from flask import Flask, request

from api.auth import found_actor
from api.bodies import PARTY
from api.errors import TooMany
from ledger.errors import LedgerError
from ledger.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ledger.accounts import Actor

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600}
_COUNTED: Final = "wasteledger.counted"
_FREE: Final = frozenset({"health", "log", "page_files"})
"""The log's public files, those of pages and health are cheap, and are read by many behind one address."""


@dataclass(slots=True)
class Window:
    """Counts callers in windows of fixed length; what was counted before is forgotten with its window."""

    most: int
    seconds: int
    _number: int = 0
    _counts: dict[str, int] = field(default_factory=dict)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def count(self, caller: str, now: float) -> None:
        """Count one request; raises TooMany, which says in how many seconds the next window begins."""
        with self._counting:
            number = int(now // self.seconds)
            if number != self._number:
                self._number, self._counts = number, {}
            count = self._counts[caller] = self._counts.get(caller, 0) + 1
        if count > self.most:
            wait = int((number + 1) * self.seconds - now) + 1
            raise TooMany(expected=f"at most {self.most} in {self.seconds} s", retry_after=wait)


def register(app: Flask, settings: Settings) -> None:
    """Count every request of an app before it is looked at."""
    most, _, unit = settings.rate_limit.partition("/")
    window: Window = Window(int(most), _SECONDS[unit])
    app.extensions["window"] = window

    def before() -> None:
        if request.blueprint not in _FREE and not request.environ.get(_COUNTED):
            try:
                actor = found_actor()
            except LedgerError:
                actor = None
            count(request.environ, window, actor)

    app.before_request(before)


def count(environ: WSGIEnvironment, window: Window, actor: Actor | None) -> None:
    """Count a request, once; raises TooMany."""
    if actor is None:
        caller = f"address {environ.get('REMOTE_ADDR')}"
    else:
        caller = f"{actor.via} {actor.party} {actor.account or actor.token}"
        environ[PARTY] = actor.party
    window.count(caller, time.monotonic())
    environ[_COUNTED] = True
