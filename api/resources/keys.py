"""Keys: a device offers its own, an administrator signs for it; revocation by place in the chain; quarantine."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from api import answers
from api.auth import Right, accounts, current_actor, ledger, requires
from api.browser import CsrfRefused
from api.openapi import operation
from api.resources.shapes import all_told, done, listed, shape, told
from api.resources.statements import REFUSALS, single
from api.schemas import HASH, UUID7, RecordedOut, Strict, Whole, pattern
from ledger.accounts import WaitingKey
from ledger.accounts.errors import KeyWaits, NoSuch
from ledger.errors import FormError, ProofError
from ledger.log import statement as statements
from ledger.service import CustodialKeyAbsent

blueprint = Blueprint("keys", __name__, url_prefix="/v1")
WaitingOut = shape(WaitingKey, "WaitingKey")
WaitingsOut = listed(WaitingOut, "WaitingKeys")


class KeyOut(Schema):
    """An enrolled key: where its author chain goes on, and how far it still counts when it was revoked."""

    key = fields.String(required=True)
    public_key = fields.String(required=True)
    hash = fields.String(required=True)
    person = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    admin = fields.Boolean(required=True)
    custodial = fields.Boolean(required=True)
    one_time = fields.Boolean(required=True)
    seq = fields.Integer(required=True)
    prev = fields.String()
    revoked_last_seq = fields.Integer()


class KeysOut(Schema):
    """All of them."""

    items = fields.List(fields.Nested(KeyOut), required=True)


class OfferIn(Strict):
    """A new key's public half, and its signature over the possession message (docs: keys)."""

    key = pattern(f"key:{UUID7}", required=True)
    public_key = pattern(HASH, required=True)
    proof = pattern(r"[A-Za-z0-9+/]{85}[AQgw]==", required=True)
    admin = fields.Boolean(
        load_default=True, truthy={True}, falsy={False}, metadata={"description": "false: no administrator's, even so"}
    )


class RevokeIn(Strict):
    """Why, and the last place of its chain that still counts (the newest received, if absent)."""

    reason = fields.String(required=True, validate=validate.OneOf(["lost", "stolen", "left", "replaced", "used"]))
    last_seq = Whole(validate=validate.Range(0, 2**53 - 1))


class QuarantinedOut(Schema):
    """A statement of a revoked key beyond its end: kept, without effect until another key of the party adopts it."""

    statement = fields.String(required=True, metadata={"description": "its hash"})
    id = fields.String(required=True)
    key = fields.String(required=True, metadata={"description": "hash of the public key"})
    seq = fields.Integer(required=True)
    type = fields.String(required=True)
    at = fields.String(required=True)
    received_at = fields.String(required=True)
    body = fields.Dict(required=True)
    adopted_by = fields.String()


class QuarantineOut(Schema):
    """All of them."""

    items = fields.List(fields.Nested(QuarantinedOut), required=True)


@blueprint.get("/keys")
@requires(Right.READ)
@operation("The party's enrolled keys", tag="keys", answers={200: KeysOut})
def keys() -> Response:
    return answers.json_response({"items": [_key(row) for row in accounts().keys.enrolled(current_actor())]})


@blueprint.post("/keys")
@requires(Right.PERSON)
@operation(
    "Offer a key of this device; it counts once an administrator has signed its enrolment",
    tag="keys",
    body=OfferIn,
    answers={202: WaitingOut},
    errors=(KeyWaits, FormError, ProofError, CsrfRefused),
)
def offer(body: dict[str, Any]) -> Response:
    return told(accounts().keys.offer(current_actor(), **body), 202)


@blueprint.get("/keys/waiting")
@requires(Right.PERSON)
@operation("Keys that wait; their `body` is what to sign as key-enrolled", tag="keys", answers={200: WaitingsOut})
def waiting() -> Response:
    return all_told(accounts().keys.waiting(current_actor()))


@blueprint.post("/keys/waiting/<key>/confirm")
@requires(Right.ACT)
@operation(
    "Sign a waiting key's enrolment with the administrator's custodial key",
    tag="keys",
    answers={201: RecordedOut},
    errors=(*REFUSALS, NoSuch, CustodialKeyAbsent, CsrfRefused),
)
def confirm(key: str) -> Response:
    return _say("key-enrolled", accounts().keys.one_waiting(current_actor(), key).body)


@blueprint.delete("/keys/waiting/<key>")
@requires(Right.PERSON)
@operation("Send a waiting key away", tag="keys", answers={204: None}, errors=(NoSuch, CsrfRefused))
def dismiss(key: str) -> Response:
    accounts().keys.dismiss(current_actor(), key)
    return done()


@blueprint.post("/keys/<key>/revoke")
@requires(Right.ADMINISTER)
@operation(
    "Revoke a key, signed with the administrator's custodial key",
    tag="keys",
    body=RevokeIn,
    answers={201: RecordedOut},
    errors=(*REFUSALS, NoSuch, CustodialKeyAbsent, CsrfRefused),
)
def revoke(key: str, body: dict[str, Any]) -> Response:
    row = accounts().keys.one(current_actor(), key)
    last_seq = body.get("last_seq", row.seq)
    return _say("key-revoked", {"key": key, "holder": row.party, "last_seq": last_seq, "reason": body["reason"]})


@blueprint.get("/quarantine")
@requires(Right.READ)
@operation("The party's statements in quarantine", tag="keys", answers={200: QuarantineOut})
def quarantine() -> Response:
    return answers.json_response({"items": [_quarantined(row) for row in accounts().keys.quarantined(current_actor())]})


@blueprint.post("/quarantine/<statement>/adopt")
@requires(Right.ACT)
@operation(
    "Adopt a quarantined statement's event under one's own responsibility, signed with one's custodial key",
    tag="keys",
    answers={201: RecordedOut},
    errors=(*REFUSALS, NoSuch, CustodialKeyAbsent, CsrfRefused),
)
def adopt(statement: str) -> Response:
    said = statements.parse(accounts().keys.one_quarantined(current_actor(), statement).bytes)
    return _say("statement-adopted", {"statement": statement, "type": said.type, "at": said.at, "body": said.body})


def _say(type_: str, body: dict[str, Any]) -> Response:
    return single(ledger().record_for(current_actor().person, type_, body, ledger().now()))


def _key(row: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "key": row.stream,
        "public_key": row.public_key.hex(),
        "hash": row.key.hex(),
        "person": row.person,
        "roles": row.roles.split(),
        "admin": row.admin,
        "custodial": row.server,
        "one_time": row.uses is not None,
        "seq": row.seq,
    }
    made |= {} if row.hash is None else {"prev": row.hash.hex()}
    return made | ({} if row.revoked_last_seq is None else {"revoked_last_seq": row.revoked_last_seq})


def _quarantined(row: Any) -> dict[str, Any]:
    said = statements.parse(row.bytes)
    made = {
        "statement": row.statement.hex(),
        "id": row.id,
        "key": row.key.hex(),
        "seq": row.seq,
        "type": said.type,
        "at": said.at,
        "received_at": row.received_at,
        "body": said.body,
    }
    return made | ({} if row.adopted_by is None else {"adopted_by": row.adopted_by.hex()})
