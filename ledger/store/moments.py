"""The clock's milliseconds and the text of a moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

Clock = Callable[[], int]
"""Unix time in milliseconds."""


def moment(unix_ms: int) -> str:
    """RFC 3339 UTC with three decimals."""
    seconds, ms = divmod(unix_ms, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


@lru_cache(maxsize=16)  # many moments lie in one second
def _second(unix_s: int) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%dT%H:%M:%S}"


@lru_cache(maxsize=16)  # one flush has one time
def hours_after(text: str, hours: int) -> str:
    """The moment `hours` after another, written the same way."""
    later = datetime.fromisoformat(text) + timedelta(hours=hours)
    return f"{later:%Y-%m-%dT%H:%M:%S}.{later.microsecond // 1000:03d}Z"
