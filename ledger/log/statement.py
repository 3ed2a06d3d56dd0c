"""A statement: what one key says happened, numbered and chained by its author, signed over exact bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from operator import lt
from typing import Any, NamedTuple

from ledger.log import canonical
from ledger.log.hashing import sha256, sha256_behind
from ledger.log.ids import STREAM, UUID7, is_stream, is_uuid7
from ledger.log.keys import PrivateKey, PublicKey
from ledger.log.wire import (
    HEX32,
    ORIGIN_BYTES_MAX,
    TIME,
    TIME_FORM,
    check_members,
    is_day,
    is_hash,
    is_origin,
    is_time,
    wrong,
)

PREFIX = b"wasteledger/statement/v1\n"
BYTES_MAX = 256 * 1024
ABOUT_MAX = 256
BY_BYTES_MAX = 64
TYPE_BYTES_MAX = 64
TYPE = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[1-9][0-9]*)?"
_type = re.compile(TYPE).fullmatch
_WHAT = "statement"
_new = tuple.__new__
_OPTIONAL = frozenset({"custody", "prev"})
_REQUIRED = frozenset({"about", "at", "body", "by", "id", "key", "ledger", "party", "seen", "seq", "type", "v"})
_SEEN = frozenset({"root", "size"})
# What stands before and behind the body in nearly every statement.
_NUMBER = "[1-9][0-9]{0,15}"
_head = re.compile(rf'{{"about":\["({STREAM}(?:","{STREAM})*)"\],"at":"({TIME})"').fullmatch
_tail = re.compile(
    rf',"by":"([!#-\[\]-~]{{1,{BY_BYTES_MAX}}})",(?:"custody":"(server)",)?"id":"({UUID7})","key":"({HEX32})",'
    rf'"ledger":"([!#-*,-\[\]-~]{{1,{ORIGIN_BYTES_MAX}}})","party":"({STREAM})",(?:"prev":"({HEX32})",)?'
    rf'"seen":{{"root":"({HEX32})","size":(0|{_NUMBER})}},"seq":({_NUMBER}),"type":"({TYPE})","v":1}}'
).fullmatch
_end = re.compile(rf'({HEX32})","size":(0|{_NUMBER})}},"seq":({_NUMBER}),"type":"({TYPE})","v":1}}'.encode()).fullmatch


class Seen(NamedTuple):
    """The newest checkpoint the author had seen: size in leaves, root in hex."""

    size: int
    root: str


class Statement(NamedTuple):
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
        raw = canonical.encode(document)
        if len(raw) > BYTES_MAX:
            raise canonical.TooLarge(expected=f"at most {BYTES_MAX} bytes", got=f"{len(raw)} bytes")
        if _regular(raw, b"") is None:
            _check(document)
        return raw


def parse(raw: bytes, hash_: bytes | None = None) -> Statement:
    """The statement in `raw`, or the named reason why it is none; says nothing of its signature. `hash_` is its
    statement hash where that was computed before."""
    return _regular(raw, hash_) or _examined(raw, hash_)


def known(document: dict[str, Any], raw: bytes, hash_: bytes) -> Statement:
    """The statement of a document whose form was checked before; raises KeyError or TypeError where it was not."""
    at, get = document.__getitem__, document.get
    seen = _new(Seen, (at("seen")["size"], at("seen")["root"]))
    return _new(
        Statement,
        (
            at("ledger"), at("type"), at("id"), at("party"), at("by"), at("key"), get("custody"), at("seq"),
            get("prev"), at("at"), seen, tuple(at("about")), at("body"), raw, hash_,
        ),
    )  # fmt: skip


def _regular(raw: bytes, hash_: bytes | None) -> Statement | None:
    """The quick way: around a canonical body, nothing is left to look at but what the patterns cannot tell."""
    begin, end = raw.find(b',"body":{'), raw.rfind(b'},"by":"') + 1
    tail = _tail(raw[end:].decode("latin-1"))
    if tail is None or (front := _front(raw, begin, end)) is None:
        return None
    streams, at, body = front
    by, custody, id_, key, ledger, party, prev, root, size, seq, type_ = tail.groups()
    number, seen_size = int(seq), int(size)
    if (
        (number == 1) is not (prev is None)
        or number > canonical.INT_MAX
        or seen_size > canonical.INT_MAX
        or len(type_) > TYPE_BYTES_MAX
    ):
        return None
    # Made by the million: by place, and not by name, in half of the time.
    seen = _new(Seen, (seen_size, root))
    hash_ = statement_hash(raw) if hash_ is None else hash_
    said = (ledger, type_, id_, party, by, key, custody, number, prev, at, seen, streams, body, raw, hash_)
    return _new(Statement, said)


def _front(raw: bytes, begin: int, end: int) -> tuple[tuple[str, ...], str, dict[str, Any]] | None:
    """`about`, `at` and the body between these places, if a quick look can tell that they are in order."""
    head = _head(raw[:begin].decode("latin-1")) if len(raw) <= BYTES_MAX else None
    if head is None:
        return None
    about, at = head.groups()
    streams = tuple(about.split('","'))
    if (
        len(streams) > ABOUT_MAX
        or (len(streams) > 1 and not all(map(lt, streams, streams[1:])))
        or not is_day(at[:10])
        or (body := canonical.glance(raw[begin + 8 : end], canonical.DEPTH_MAX - 1)) is None
    ):
        return None
    return streams, at, body


class Author(NamedTuple):
    """What stands in every later statement of one author, before its id and between its id and `prev`."""

    before: str
    behind: str


def author_of(said: Statement) -> Author:
    """What the later statements of this one's author have in common with it."""
    custody = "" if said.custody is None else f'"custody":"{said.custody}",'
    return Author(
        before=f',"by":"{said.by}",{custody}"id":"',
        behind=f'","key":"{said.key}","ledger":"{said.ledger}","party":"{said.party}","prev":"',
    )


def continued(raw: bytes, author: Author, id_: str, seq: int, prev: str) -> tuple[tuple[str, ...], Seen, str] | None:
    """`about`, `seen` and `type` of a statement that goes on from `prev` in its author's chain under this id and seq;
    None where a quick look cannot tell that it does and is in order. Cheaper than `parse`: most of it is foreseen."""
    end = raw.rfind(b'},"by":"') + 1
    behind = f'{author.before}{id_}{author.behind}{prev}","seen":{{"root":"'.encode()
    rest = _end(raw, end + len(behind)) if raw.startswith(behind, end) and is_uuid7(id_) else None
    if rest is None or (front := _front(raw, raw.find(b',"body":{'), end)) is None:
        return None
    root, size, number, type_ = rest.groups()
    seen = _new(Seen, (int(size), root.decode()))
    if int(number) != seq or max(seq, seen.size) > canonical.INT_MAX or len(type_) > TYPE_BYTES_MAX:
        return None
    return front[0], seen, type_.decode()


def _examined(raw: bytes, hash_: bytes | None) -> Statement:
    document = canonical.decode(raw, limit=BYTES_MAX)
    _check(document)
    return known(document, raw, statement_hash(raw) if hash_ is None else hash_)


def signed_message(raw: bytes) -> bytes:
    return PREFIX + raw


def statement_hash(raw: bytes) -> bytes:
    return sha256(PREFIX + raw)


def statement_hashes(raws: Iterable[bytes]) -> list[bytes]:
    """`statement_hash` of each."""
    return sha256_behind(PREFIX, raws)


def sign(raw: bytes, private_key: PrivateKey) -> bytes:
    return private_key.sign(PREFIX + raw)


def verify_signature(raw: bytes, signature: bytes, public_key: PublicKey) -> bytes:
    """`raw`, shown to be signed by `public_key`; raises `BadSignature`."""
    public_key.verify(signature, PREFIX + raw)
    return raw


def _check(document: dict[str, Any]) -> None:
    check_members(document, _WHAT, required=_REQUIRED, optional=_OPTIONAL)
    get = document.__getitem__
    if not is_origin(get("ledger")):
        wrong(_WHAT, "ledger", "an origin without spaces and +", get("ledger"))
    if not _is_type(get("type")):
        wrong(_WHAT, "type", f"{TYPE}, at most {TYPE_BYTES_MAX} bytes", get("type"))
    if not is_uuid7(get("id")):
        wrong(_WHAT, "id", UUID7, get("id"))
    if not is_stream(get("party")):
        wrong(_WHAT, "party", STREAM, get("party"))
    if not _is_person(get("by")):
        wrong(_WHAT, "by", f"1 to {BY_BYTES_MAX} printable bytes without spaces", get("by"))
    if not is_hash(get("key")):
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
    if not is_hash(seen["root"]):
        wrong("seen", "root", "64 lowercase hex digits", seen["root"])
    about = get("about")
    if type(about) is not list or not 1 <= len(about) <= ABOUT_MAX or not all(map(is_stream, about)):
        wrong(_WHAT, "about", f"1 to {ABOUT_MAX} stream ids", about)
    if any(left >= right for left, right in pairwise(about)):
        wrong(_WHAT, "about", "stream ids sorted, each once", about)
    if type(get("body")) is not dict:
        wrong(_WHAT, "body", "an object", get("body"))


def _is_type(text: object) -> bool:
    return type(text) is str and len(text) <= TYPE_BYTES_MAX and _type(text) is not None


def _is_person(text: object) -> bool:
    return (
        type(text) is str
        and 1 <= len(text) <= BY_BYTES_MAX
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )
