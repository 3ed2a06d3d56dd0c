"""How the ledger's answers look on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from flask import Response

from api.errors import language, problem, status_of
from ledger.custody.flags import RULES, Flag
from ledger.custody.regimes.base import Regime
from ledger.log.entry import Link
from ledger.log.wire import encode_base64
from ledger.service import Answer

_SINGLE: Final = 201


def json_response(body: Any, status: int = 200) -> Response:
    """`body` as JSON."""
    return Response(orjson.dumps(body), status, content_type="application/json")


def status_of_answer(answer: Answer) -> int:
    """201 for what was recorded, now or before; else the failure's own status."""
    return _SINGLE if answer.error is None else status_of(answer.error)


def recorded(answer: Answer, flags: Sequence[dict[str, Any]] | None = None) -> dict[str, Any]:
    """What was recorded."""
    assert answer.entry is not None
    made: dict[str, Any] = {
        "id": answer.id,
        "statement": answer.statement,
        "outcome": "recorded",
        "entry": answer.entry.decode(),
        "received_at": answer.received_at,
        "promise": promised(answer),
        "links": {"entry": f"/v1/entries/{answer.id}", "receipt": f"/v1/receipts/{answer.id}"},
    }
    if answer.index is not None:
        made["index"] = answer.index
    if flags is not None:
        made["exceptions"] = flags
    return made


def promised(answer: Answer) -> dict[str, str]:
    """The promise of an answer."""
    signed = answer.signed_promise()
    assert signed is not None
    return promise(*signed)


def promise(made: bytes, signature: bytes) -> dict[str, str]:
    """A promise with its signature."""
    return {"promise": made.decode(), "signature": encode_base64(signature)}


def failed(answer: Answer) -> dict[str, Any]:
    """The problem of a statement that was not recorded; a refusal by rule is itself an entry, and shows it."""
    assert answer.error is not None
    more: dict[str, Any] = {"outcome": answer.outcome}
    if answer.id is not None:
        more |= {"id": answer.id, "statement": answer.statement}
    if answer.entry is not None:
        more |= {"entry": answer.entry.decode(), "received_at": answer.received_at, "promise": promised(answer)}
        more["links"] = {"entry": f"/v1/entries/{answer.id}", "receipt": f"/v1/receipts/{answer.id}"}
    return problem(answer.error, **more)


def links(given: Sequence[Link]) -> list[dict[str, Any]]:
    """An entry's links."""
    return [
        {"stream": each.stream, "seq": each.seq} | ({} if each.prev is None else {"prev": each.prev}) for each in given
    ]


def flag(each: Flag, regime: Regime) -> dict[str, Any]:
    """An exception in the reader's language, with the law as in force on its day."""
    rule, zh = RULES[each.rule], language() != "en"
    return {
        "rule": each.rule,
        "severity": rule.severity,
        "says": rule.zh if zh else rule.en,
        "todo": rule.todo_zh if zh else rule.todo_en,
        "law": regime.cite(rule.cites, regime.day_of(each.opened_at)),
        "object": each.object,
        "grams": each.grams,
        "holder": each.holder,
        "site": each.site,
        "detail": each.detail,
        "opened_at": each.opened_at,
        "opened_by": each.opened_by,
        "closed_at": each.closed_at,
        "closed_by": each.closed_by,
    }
