"""A statement: what one key says happened, numbered and chained by its author, signed over exact bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from operator import lt
from typing import Any

from ledger.log import canonical
from ledger.log.hashing import sha256
from ledger.log.ids import STREAM, UUID7, is_stream, is_uuid7
from ledger.log.keys import PrivateKey, PublicKey
from ledger.log.wire import HEX32, TIME, TIME_FORM, check_members, is_day, is_hash, is_origin, is_time, wrong

PREFIX = b"wasteledger/statement/v1\n"
BYTES_MAX = 256 * 1024
ABOUT_MAX = 256
BY_BYTES_MAX = 64
TYPE = r"[a-z][a-z0-9]*(-[a-z0-9]+)*(\.[1-9][0-9]*)?"
_type = re.compile(TYPE).fullmatch
# The same few authors, keys and checkpoints come in statement after statement.
_REMEMBERED = 4096
_WHAT = "statement"
_OPTIONAL = frozenset({"custody", "prev"})
_REQUIRED = frozenset({"about", "at", "body", "by", "id", "key", "ledger", "party", "seen", "seq", "type", "v"})
_MEMBERS = _REQUIRED | _OPTIONAL
_SEEN = frozenset({"root", "size"})
# id, at, prev and about, which differ in every statement, with a space between them.
_varying = re.compile(rf"{UUID7} {TIME} (?:{HEX32})?(?: {STREAM})+").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The newest checkpoint the author had seen: size in leaves, root in hex."""

    size: int
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """LEDGER.md §3; `raw` are the canonical bytes it was read from, `hash` is SHA-256 of the signed message."""

    ledger: str
    type: str
    id: str
    party: str
    by: str
    key: str
    custody: str | None
    seq: int
    prev: str | None
    at: str
    seen: Seen
    about: tuple[str, ...]
    body: dict[str, Any]
    raw: bytes
    hash: bytes

    @staticmethod
    def build(
        *,
        ledger: str,
        type: str,
        id: str,
        party: str,
        by: str,
        key: str,
        seq: int,
        at: str,
        seen: Seen,
        about: tuple[str, ...] | list[str],
        body: dict[str, Any],
        custody: str | None = None,
        prev: str | None = None,
    ) -> bytes:
        """Canonical bytes ready to be signed; raises whatever `parse` would raise."""
        document: dict[str, Any] = {
            "about": list(about),
            "at": at,
            "body": body,
            "by": by,
            "id": id,
            "key": key,
            "ledger": ledger,
            "party": party,
            "seen": {"root": seen.root, "size": seen.size},
            "seq": seq,
            "type": type,
            "v": 1,
        }
        if custody is not None:
            document["custody"] = custody
        if prev is not None:
            document["prev"] = prev
        if not _is_regular(document):
            _check(document)
        raw = canonical.encode(document)
        if len(raw) > BYTES_MAX:
            raise canonical.TooLarge(expected=f"at most {BYTES_MAX} bytes", got=f"{len(raw)} bytes")
        return raw


def parse(raw: bytes, hash_: bytes | None = None) -> Statement:
    """The statement in `raw`, or the named reason why it is none; says nothing of its signature. `hash_` is its
    statement hash where that was computed before."""
    document = canonical.decode(raw, limit=BYTES_MAX)
    if not _is_regular(document):
        _check(document)
    seen = document["seen"]
    return Statement(
        ledger=document["ledger"],
        type=document["type"],
        id=document["id"],
        party=document["party"],
        by=document["by"],
        key=document["key"],
        custody=document.get("custody"),
        seq=document["seq"],
        prev=document.get("prev"),
        at=document["at"],
        seen=Seen(size=seen["size"], root=seen["root"]),
        about=tuple(document["about"]),
        body=document["body"],
        raw=raw,
        hash=statement_hash(raw) if hash_ is None else hash_,
    )


def signed_message(raw: bytes) -> bytes:
    return PREFIX + raw


def statement_hash(raw: bytes) -> bytes:
    return sha256(PREFIX + raw)


def sign(raw: bytes, private_key: PrivateKey) -> bytes:
    return private_key.sign(PREFIX + raw)


def verify_signature(raw: bytes, signature: bytes, public_key: PublicKey) -> bytes:
    """`raw`, shown to be signed by `public_key`; raises `BadSignature`."""
    public_key.verify(signature, PREFIX + raw)
    return raw


def _is_regular(document: dict[str, Any]) -> bool:
    """The quick way: whether every member surely has its form."""
    keys = document.keys()
    get: Callable[..., Any] = document.get
    if keys != _REQUIRED and (not keys >= _REQUIRED or not keys <= _MEMBERS):
        return False
    about, seen, seq, at, prev = get("about"), get("seen"), get("seq"), get("at"), get("prev")
    try:
        size = seen["size"]
        return (
            type(get("v")) is int
            and get("v") == 1
            and _is_author(get("ledger"), get("type"), get("party"), get("by"), get("key"))
            and get("custody", "server") == "server"
            and type(seq) is int
            and (seq > 1 and prev != "" if "prev" in keys else seq == 1)
            and seen.keys() == _SEEN
            and type(size) is int
            and size >= 0
            and _is_known_hash(seen["root"])
            and type(about) is list
            and len(about) <= ABOUT_MAX
            and all(map(lt, about, about[1:]))
            and type(get("body")) is dict
            and is_day(at[:10])
            and _varying(joined := " ".join((get("id"), at, "" if prev is None else prev, *about))) is not None
            and joined.count(" ") == 2 + len(about)
        )
    except (AttributeError, KeyError, TypeError):
        return False


def _check(document: dict[str, Any]) -> None:
    check_members(document, _WHAT, required=_REQUIRED, optional=_OPTIONAL)
    get = document.__getitem__
    if not _is_origin(get("ledger")):
        wrong(_WHAT, "ledger", "an origin without spaces and +", get("ledger"))
    if not _is_type(get("type")):
        wrong(_WHAT, "type", f"{TYPE}, at most 64 bytes", get("type"))
    if not is_uuid7(get("id")):
        wrong(_WHAT, "id", UUID7, get("id"))
    if not _is_party(get("party")):
        wrong(_WHAT, "party", STREAM, get("party"))
    if not _is_person(get("by")):
        wrong(_WHAT, "by", f"1 to {BY_BYTES_MAX} printable bytes without spaces", get("by"))
    if not _is_known_hash(get("key")):
        wrong(_WHAT, "key", "64 lowercase hex digits", get("key"))
    if document.get("custody", "server") != "server":
        wrong(_WHAT, "custody", "server, or absent", get("custody"))
    if type(get("seq")) is not int or get("seq") < 1:
        wrong(_WHAT, "seq", "an integer from 1", get("seq"))
    if get("seq") == 1:
        if "prev" in document:
            wrong(_WHAT, "prev", "absent at seq 1", get("prev"))
    elif not is_hash(document.get("prev")):
        wrong(_WHAT, "prev", "64 lowercase hex digits after seq 1", document.get("prev"))
    if not is_time(get("at")):
        wrong(_WHAT, "at", TIME_FORM, get("at"))
    seen = get("seen")
    if type(seen) is not dict:
        wrong(_WHAT, "seen", "an object", seen)
    check_members(seen, "seen", required=_SEEN)
    if type(seen["size"]) is not int or seen["size"] < 0:
        wrong("seen", "size", "an integer from 0", seen["size"])
    if not _is_known_hash(seen["root"]):
        wrong("seen", "root", "64 lowercase hex digits", seen["root"])
    about = get("about")
    if type(about) is not list or not 1 <= len(about) <= ABOUT_MAX or not all(map(is_stream, about)):
        wrong(_WHAT, "about", f"1 to {ABOUT_MAX} stream ids", about)
    if any(left >= right for left, right in pairwise(about)):
        wrong(_WHAT, "about", "stream ids sorted, each once", about)
    if type(get("body")) is not dict:
        wrong(_WHAT, "body", "an object", get("body"))


def _remembered(form: Callable[[object], bool]) -> Callable[[object], bool]:
    """`form`, which holds for texts only, with its last answers."""
    known = lru_cache(maxsize=_REMEMBERED)(form)
    return lambda text: type(text) is str and known(text)


def _type_form(text: object) -> bool:
    return type(text) is str and len(text) <= 64 and _type(text) is not None


def _person_form(text: object) -> bool:
    return (
        type(text) is str
        and 1 <= len(text) <= BY_BYTES_MAX
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )


@lru_cache(maxsize=_REMEMBERED)
def _is_author(ledger: str, type_: str, party: str, by: str, key: str) -> bool:
    return is_origin(ledger) and _type_form(type_) and is_stream(party) and _person_form(by) and is_hash(key)


_is_known_hash = _remembered(is_hash)
_is_origin = _remembered(is_origin)
_is_party = _remembered(is_stream)
_is_person = _remembered(_person_form)
_is_type = _remembered(_type_form)
