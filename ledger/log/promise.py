"""A promise: the operator's signed word that a statement will be in the log by a deadline; its absence is evidence."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.log import canonical
from ledger.log.keys import PrivateKey, PublicKey
from ledger.log.wire import TIME_FORM, check_members, is_hash, is_origin, is_time, wrong

PREFIX = b"wasteledger/promise/v1\n"
BYTES_MAX = 1024
_WHAT = "promise"
_REQUIRED = frozenset({"deadline", "ledger", "received_at", "statement", "v"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """`statement` (hash in hex), received then, will be under a log-signed checkpoint not later than `deadline`."""

    ledger: str
    statement: str
    received_at: str
    deadline: str


def build(*, ledger: str, statement: str, received_at: str, deadline: str) -> bytes:
    """Canonical bytes ready to be signed; raises whatever `parse` would raise."""
    promise = Promise(ledger=ledger, statement=statement, received_at=received_at, deadline=deadline)
    _check(promise)
    return canonical.encode(
        {"deadline": deadline, "ledger": ledger, "received_at": received_at, "statement": statement, "v": 1}
    )


def parse(raw: bytes) -> Promise:
    """The promise in `raw`; says nothing of its signature."""
    document = canonical.decode(raw, limit=BYTES_MAX)
    check_members(document, _WHAT, required=_REQUIRED)
    promise = Promise(
        ledger=document["ledger"],
        statement=document["statement"],
        received_at=document["received_at"],
        deadline=document["deadline"],
    )
    _check(promise)
    return promise


def sign(raw: bytes, private_key: PrivateKey) -> bytes:
    return private_key.sign(PREFIX + raw)


def verify(raw: bytes, signature: bytes, public_key: PublicKey) -> Promise:
    """The promise in `raw`, shown to be made by `public_key`; raises `BadSignature`."""
    public_key.verify(signature, PREFIX + raw)
    return parse(raw)


def _check(promise: Promise) -> None:
    if not is_origin(promise.ledger):
        wrong(_WHAT, "ledger", "an origin without spaces and +", promise.ledger)
    if not is_hash(promise.statement):
        wrong(_WHAT, "statement", "64 lowercase hex digits", promise.statement)
    if not is_time(promise.received_at):
        wrong(_WHAT, "received_at", TIME_FORM, promise.received_at)
    if not is_time(promise.deadline) or promise.deadline <= promise.received_at:
        wrong(_WHAT, "deadline", f"{TIME_FORM} after received_at", promise.deadline)
