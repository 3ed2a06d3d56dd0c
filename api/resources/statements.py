"""Statements come in: signed by their authors' own keys, one or up to 1,000, each with a result of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import orjson
from flask import Blueprint, Response
from marshmallow import fields

from api import answers, limits
from api.auth import Right, current_actor, ledger, reading, requires, verify_right
from api.errors import PROBLEM
from api.observed import ANSWERS, APPENDED, RAISED, ROUTE
from api.openapi import JSON, operation
from api.schemas import (
    BATCH_MAX,
    HASH,
    SIGNATURE,
    STATEMENT_MAX,
    BatchIn,
    BatchOut,
    Moment,
    RecordedOut,
    SaidIn,
    Strict,
    SubmissionIn,
    pattern,
)
from ledger.accounts.errors import NotAllowed
from ledger.custody.events import about_of
from ledger.custody.rules import NotAuthorised, Refusal
from ledger.errors import FormError, LedgerError
from ledger.log import statement
from ledger.log.statement import Seen, Statement
from ledger.log.wire import decode_base64
from ledger.service import Answer, SealedText, Submission
from ledger.store.answers import AuthorFork, AuthorGap, IdReused, KeyRevokedBefore, UnknownKey
from ledger.store.group import Busy

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from ledger.reading import Reading

blueprint = Blueprint("statements", __name__, url_prefix="/v1")
_PLACE: Final = "/v1/statements"
BATCH_BYTES_MAX = 8 << 20
REFUSALS: tuple[type[LedgerError], ...] = (
    FormError,
    UnknownKey,
    AuthorFork,
    IdReused,
    AuthorGap,
    KeyRevokedBefore,
    Refusal,
    NotAuthorised,
    Busy,
)
"""What can become of a statement besides being recorded."""
_PLAIN: Final = {"statement", "signature"}
_signature: Final = re.compile(SIGNATURE).fullmatch


def plain(given: Any) -> bool:
    """Whether a body is one bare statement, or a batch of them, as SubmissionIn and BatchIn would take them."""
    if type(given) is not dict:
        return False
    if given.keys() == {"statements"} and type(given["statements"]) is list:
        return 1 <= len(given["statements"]) <= BATCH_MAX and all(map(_plain, given["statements"]))
    return _plain(given)


def _plain(given: Any) -> bool:
    return (
        type(given) is dict
        and given.keys() == _PLAIN
        and type(given["statement"]) is str
        and 2 <= len(given["statement"]) <= STATEMENT_MAX
        and type(given["signature"]) is str
        and _signature(given["signature"]) is not None
    )


@blueprint.post("/statements")
@requires(Right.SEND)
@operation(
    "Record signed statements: one by itself, or up to 1,000 with a result each",
    tag="writing",
    body=(SubmissionIn, BatchIn),
    answers={200: BatchOut, 201: RecordedOut},
    errors=REFUSALS,
    body_max=BATCH_BYTES_MAX,
    plain=plain,
)
def record(body: dict[str, Any]) -> Response:
    many = body.get("statements")
    began = time.perf_counter()
    found = ledger().record([_submission(each) for each in ([body] if many is None else many)])
    APPENDED.observe(time.perf_counter() - began)
    for each in found:
        ANSWERS.labels(each.outcome, each.code or "").inc()
    if many is None:
        return single(found[0])
    return answers.json_response({"results": [_result(each) for each in found]})


def single(answer: Answer) -> Response:
    """One statement's answer: what was recorded with the exceptions that it raised, or the problem."""
    if answer.error is not None:
        response = answers.json_response(answers.failed(answer), answers.status_of_answer(answer))
        response.content_type = PROBLEM
        return response
    raised = [answers.flag(each, ledger().regime) for each in reading().raised_by(answer)]
    for each in raised:
        RAISED.labels(each["rule"]).inc()
    return answers.json_response(answers.recorded(answer, raised), answers.status_of_answer(answer))


def _result(answer: Answer) -> dict[str, Any]:
    if answer.error is None:
        return {"status": answers.status_of_answer(answer), "recorded": answers.recorded(answer)}
    return {"status": answers.status_of_answer(answer), "problem": answers.failed(answer)}


def _submission(given: dict[str, Any]) -> Submission:
    return Submission(
        raw=given["statement"].encode("utf-8", "surrogatepass"),
        signature=decode_base64(given["signature"], "signature"),
        sealed=tuple(
            SealedText(path=each["path"], salt=bytes.fromhex(each["salt"]), value=each["value"])
            for each in given.get("sealed", ())
        ),
        note=given["note"].encode("utf-8", "surrogatepass") if "note" in given else None,
    )


def statements_first(application: WSGIApplication, extensions: Mapping[str, Any]) -> WSGIApplication:
    """Answers one plain statement of a token's that is recorded and raises nothing, sooner than Flask would. Whatever
    else comes, or becomes of it, goes the usual way: a statement that is received twice is recorded once."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        content = None
        if environ["PATH_INFO"] == _PLACE and environ["REQUEST_METHOD"] == "POST":
            try:
                content = _recorded_at_once(environ, extensions)
            except Exception:  # the usual way meets it again, and tells it
                content = None
        if content is None:
            return application(environ, start_response)
        environ[ROUTE] = _PLACE
        start_response("201 CREATED", [("Content-Type", JSON), ("Content-Length", str(len(content)))])
        return (content,)

    return answer


def _recorded_at_once(environ: WSGIEnvironment, extensions: Mapping[str, Any]) -> bytes | None:
    scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    length = environ.get("CONTENT_LENGTH", "")
    usual = environ.get("CONTENT_TYPE") == JSON and length.isdecimal() and int(length) <= BATCH_BYTES_MAX
    if scheme != "Bearer" or not usual or environ.get("QUERY_STRING") or "HTTP_CONTENT_ENCODING" in environ:
        return None
    actor = extensions["accounts"].actor_for_token(secret)
    if actor is None:
        return None
    verify_right(actor, Right.SEND)
    limits.count(environ, extensions["window"], actor)
    raw = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(raw)
    given = orjson.loads(raw)
    if not _plain(given):
        return None
    known: Reading = extensions["reading"]
    made: list[bytes] = []

    def then(answer: Answer) -> None:  # with others waiting: what takes a look at the database is left to this thread
        if answer.error is None and known.raised_at_once(answer) == []:
            made.append(orjson.dumps(answers.recorded(answer, ())))

    began = time.perf_counter()
    (found,) = extensions["ledger"].record([_submission(given)], then)
    if not made:
        if found.error is not None or known.raised_by(found):
            return None
        made.append(orjson.dumps(answers.recorded(found, ())))
    APPENDED.observe(time.perf_counter() - began)
    ANSWERS.labels(found.outcome, "").inc()
    return made[0]


class PrepareIn(SaidIn):
    """What is to be said, and by which key."""

    type = fields.String(required=True)
    body = fields.Dict(keys=fields.String(), required=True)
    key = pattern(HASH, required=True)
    at = pattern(Moment, required=True)


class PreparedOut(Strict):
    """The bytes that the key could sign next, as text, and their hash. Compare every field before you sign."""

    statement = fields.String(required=True)
    hash = fields.String(required=True)


@blueprint.post("/prepare")
@requires(Right.SEND)
@operation(
    "Show the bytes that a key could sign next; reserves nothing, for finding mistakes only",
    tag="writing",
    body=PrepareIn,
    answers={200: PreparedOut},
    errors=(FormError, UnknownKey),
)
def prepare(body: dict[str, Any]) -> Response:
    author = ledger().author(body["key"])
    if author is None:
        raise UnknownKey(expected="an enrolled key", got=body["key"])
    if author.party != current_actor().party:
        raise NotAllowed(what_zh="使用其他单位的密钥", what="use another party's key")
    event = ledger().event(body["type"], body["body"])
    seen = ledger().newest_seen()
    raw = Statement.build(
        ledger=ledger().origin,
        type=event.type,
        id=body.get("id") or ledger().new_id(),
        party=author.party,
        by=author.person,
        key=author.key,
        custody="server" if author.server else None,
        seq=author.seq + 1,
        prev=author.prev,
        at=body["at"],
        seen=Seen(size=seen.size, root=seen.root.hex()),
        about=about_of(event, author.party),
        body=body["body"],
    )
    return answers.json_response({"statement": raw.decode(), "hash": statement.statement_hash(raw).hex()})
