"""How the log itself fares: size, checkpoint, witnesses, lag, the newest whole verification; no business data."""

from __future__ import annotations

import logging
import threading
from typing import Final

from flask import Blueprint, Flask, current_app, redirect
from werkzeug.wrappers import Response

from api.auth import Right, current_actor, ledger, queries, requires
from api.pages.overview import policy
from api.pages.shown import t
from api.pages.tables import Column, Table, tabled
from ledger import figures, verdicts
from ledger.custody.regimes.base import moment_of
from ledger.log.trust import Trust

blueprint = Blueprint("page_health", __name__)
log = logging.getLogger("wasteledger.verify")
_running: Final = threading.Lock()


@blueprint.get("/ledger")
@requires(Right.ANYBODY)
def health() -> Response:
    now, state = ledger().now(), figures.running(ledger(), queries(), policy())
    rows = [{"key": key[:16] + "…", "count": count, "since": since} for key, count, since in state.quarantined]
    columns = (
        Column("key", "密钥", "Key"),
        Column("count", "声明", "Statements", "number"),
        Column("since", "最早收到", "First received", "moment"),
    )
    empty = t("没有隔离的声明。", "No statement is in quarantine.")
    quarantine = Table(
        name="quarantine", caption=t("隔离中的密钥", "Keys in quarantine"), columns=columns, rows=rows, empty=empty
    )
    age = int((moment_of(now) - moment_of(state.signed_at)).total_seconds()) if state.signed_at else 0
    return tabled(
        "health.html",
        quarantine,
        state=state,
        origin=ledger().origin,
        age_s=age,
        verified=verdicts.newest(current_app.extensions["settings"].verdict),
        running=_running.locked(),
        failed=verdicts.failure(current_app.extensions["settings"].verdict),
        may_verify=bool(current_actor().roles & {"operator", "regulator"}),
    )


@blueprint.post("/ledger/verify")
@requires(Right.VERIFY)
def verify() -> Response:
    """Verify all hashes and chains beside the requests; the page shows the verdict when it is there."""
    if _running.acquire(blocking=False):
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        threading.Thread(target=_verify, args=[app], name="verify", daemon=True).start()
    return redirect("/ledger", 303)


def _verify(app: Flask) -> None:
    try:
        with app.app_context():
            settings = app.extensions["settings"]
            trust = Trust.parse(settings.trust.read_bytes()) if settings.trust.exists() else ledger().trust()
            verdict = ledger().verify(level="hashes", trust=trust, policy=policy(), processes=1)
            settings.verdict.parent.mkdir(parents=True, exist_ok=True)
            verdicts.keep(settings.verdict, verdict, ledger().now())
    except Exception as error:  # whatever it is, the next verification may start; the page tells its kind
        log.error("verification ended: %s", type(error).__name__, exc_info=error)
        verdicts.fail(app.extensions["settings"].verdict, error)
    finally:
        _running.release()
