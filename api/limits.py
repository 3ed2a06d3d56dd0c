"""How many requests one caller may send: by token, by person, or by address. Counted in each worker process."""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import Limiter

from api.auth import found_actor
from ledger.errors import LedgerError
from ledger.settings import Settings


def limiter(app: Flask, settings: Settings) -> Limiter:
    """Bind the limits to an app; the log's public files and health are cheap and have none."""
    made = Limiter(
        key_func=caller,
        app=app,
        default_limits=[settings.rate_limit],
        storage_uri="memory://",
        strategy="fixed-window",
        headers_enabled=True,
    )
    made.request_filter(lambda: request.blueprint in ("health", "log"))
    return made


def caller() -> str:
    """Whose requests are counted together."""
    try:
        actor = found_actor()
    except LedgerError:
        actor = None
    if actor is None:
        return f"address {request.remote_addr}"
    return f"{actor.via} {actor.party} {actor.account or actor.token}"
