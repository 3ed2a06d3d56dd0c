"""How many requests one caller may send: by token, by person, or by address. Counted in each worker process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Final

from flask import Flask, request

from api.auth import found_actor
from api.errors import TooMany
from ledger.errors import LedgerError
from ledger.settings import Settings

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600}
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
    window = Window(int(most), _SECONDS[unit])

    def count() -> None:
        if request.blueprint not in _FREE:
            window.count(caller(), time.monotonic())

    app.before_request(count)


def caller() -> str:
    """Whose requests are counted together."""
    try:
        actor = found_actor()
    except LedgerError:
        actor = None
    if actor is None:
        return f"address {request.remote_addr}"
    return f"{actor.via} {actor.party} {actor.account or actor.token}"
