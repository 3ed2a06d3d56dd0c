"""Entries with their statements, receipts, and the feed of what came in, for who takes part in them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from api import answers
from api.auth import Right, current_viewer, ledger, reading, record_shown, requires
from api.openapi import TEXT, operation
from api.schemas import LinkOut, PromiseOut, Strict
from ledger.log import entry, statement
from ledger.log.wire import encode_base64
from ledger.service import NotFound, NotYet

blueprint = Blueprint("entries", __name__, url_prefix="/v1")


class EntryOut(Schema):
    """A statement with its entry, exactly as signed and as hashed; `index` is absent until sequenced."""

    id = fields.String(required=True)
    index = fields.Integer()
    type = fields.String(required=True)
    party = fields.String(required=True)
    at = fields.String(required=True)
    received_at = fields.String(required=True)
    refused = fields.String()
    statement = fields.String(required=True)
    entry = fields.String(required=True)
    public_key = fields.String(metadata={"description": "base64 of the author's Ed25519 key"})
    chain = fields.List(fields.Nested(LinkOut), required=True)


def _entry(said_raw: bytes, entry_raw: bytes, index: int | None, public_key: bytes | None = None) -> dict[str, Any]:
    said, received = statement.parse(said_raw), entry.parse(entry_raw)
    made: dict[str, Any] = {
        "id": said.id,
        "type": said.type,
        "party": said.party,
        "at": said.at,
        "received_at": received.received_at,
        "statement": said_raw.decode(),
        "entry": entry_raw.decode(),
        "chain": answers.links(received.links),
    }
    made |= {} if index is None else {"index": index}
    made |= {} if received.refused is None else {"refused": received.refused}
    return made | ({} if public_key is None else {"public_key": encode_base64(public_key)})


@blueprint.get("/entries/<record>")
@requires(Right.READ)
@operation("A statement and its entry, byte for byte", tag="log", answers={200: EntryOut}, errors=(NotFound,))
def one(record: str) -> Response:
    found = record_shown(record)
    return answers.json_response(_entry(found.statement, found.entry, found.index, found.public_key))


class ClearOut(Schema):
    """The sealed texts of a statement that can still be read, by field."""

    clear = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


@blueprint.get("/entries/<record>/clear")
@requires(Right.READ)
@operation(
    "The personal texts of a statement, for its own party and regulators",
    tag="log",
    answers={200: ClearOut},
    errors=(NotFound,),
)
def clear(record: str) -> Response:
    said = statement.parse(record_shown(record).statement)
    if not current_viewer().is_own(said.party):
        raise NotFound(what=f"record {record}")
    return answers.json_response({"clear": ledger().clear_text(said.id)})


class NotYetOut(Schema):
    """No checkpoint holds the entry so far; the promise says until when one will."""

    received_at = fields.String(required=True)
    index = fields.Integer()
    promise = fields.Nested(PromiseOut, required=True)


@blueprint.get("/receipts/<record>")
@requires(Right.READ)
@operation(
    "The receipt (C2SP tlog-proof) of a statement, or the promise while there is none",
    tag="log",
    answers={200: TEXT, 202: NotYetOut},
    errors=(NotFound,),
)
def receipt(record: str) -> Response:
    found = ledger().receipt_of(record_shown(record))
    if isinstance(found, NotYet):
        promise = answers.promise(found.promise, found.promise_signature)
        made: dict[str, Any] = {"received_at": found.received_at, "promise": promise}
        response = answers.json_response(made | ({} if found.index is None else {"index": found.index}), 202)
        response.headers["Retry-After"] = "1"
        return response
    return Response(found, content_type=TEXT)


class ChangesQuery(Strict):
    """From where on, and how many."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**53))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


class ChangesOut(Schema):
    """Entries in the order of the log. Ask again with `after` = `next`; an empty page may have more behind it."""

    items = fields.List(fields.Nested(EntryOut), required=True)
    next = fields.Integer(required=True)
    size = fields.Integer(required=True, metadata={"description": "entries in the log"})


@blueprint.get("/changes")
@requires(Right.READ)
@operation("What came in from a place in the log on", tag="log", query=ChangesQuery, answers={200: ChangesOut})
def changes(query: dict[str, Any]) -> Response:
    size = ledger().size()
    rows, after = reading().changes(current_viewer(), query["after"], query["limit"])
    items = [_entry(row.statement, row.entry, row.index) for row in rows]
    return answers.json_response({"items": items, "next": max(after, query["after"]), "size": size})
