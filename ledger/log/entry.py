"""An entry: what the server adds to a statement on acceptance or refusal; its bytes are the Merkle leaf's input."""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from ledger.log import canonical
from ledger.log.ids import STREAM, is_stream
from ledger.log.wire import HEX32, TIME, TIME_FORM, check_members, decode_base64, is_day, is_hash, is_time, wrong

BYTES_MAX = 65_535  # C2SP tlog-tiles: an entry bundle has 16-bit lengths
_WHAT = "entry"
_REQUIRED = frozenset({"links", "received_at", "signature", "statement", "v"})
_OPTIONAL = frozenset({"refused"})
_LINK = frozenset({"seq", "stream"})
_LINK_OPTIONAL = frozenset({"prev"})
_CODE = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_code = re.compile(_CODE).fullmatch
CODE_MAX = 64
_ACCEPTED_AT = slice(-214, -190)  # behind it are a signature, a statement hash and the version
_LINK_FORM = rf'{{(?:"prev":"{HEX32}",)?"seq":[1-9][0-9]{{0,15}},"stream":"{STREAM}"}}'
# The last character of 64 bytes in base64 holds two bits only.
_SIGNATURE = "[A-Za-z0-9+/]{85}[AQgw]=="
_signature = re.compile(_SIGNATURE).fullmatch
_form = re.compile(
    rf'{{"links":\[{_LINK_FORM}(?:,{_LINK_FORM})*\],"received_at":"{TIME}",(?:"refused":"{_CODE}",)?'
    rf'"signature":"{_SIGNATURE}","statement":"{HEX32}","v":1}}'.encode()
).fullmatch


class Link(NamedTuple):
    """The entry's place in one object's chain: gap-free `seq` from 1, leaf hash (hex) of the one before."""

    stream: str
    seq: int
    prev: str | None


class Entry(NamedTuple):
    """`statement` is the statement hash in hex, `signature` base64, `refused` the code of the rule that refused it."""

    statement: str
    signature: str
    received_at: str
    refused: str | None
    links: tuple[Link, ...]


def build(
    *, statement: str, signature: str, received_at: str, links: Sequence[Link], refused: str | None = None
) -> bytes:
    """The canonical bytes of an entry; raises whatever `parse` would raise."""
    _check(statement, signature, received_at, refused, links)
    return known(statement, signature, received_at, links, refused)


def known(statement: str, signature: str, received_at: str, links: Sequence[Link], refused: str | None = None) -> bytes:
    """As `build`, of parts whose form was checked before, written out by hand for speed; raises TooLarge."""
    raw = _written(statement, signature, received_at, links, refused)
    if len(raw) > BYTES_MAX:
        raise canonical.TooLarge(expected=f"at most {BYTES_MAX} bytes", got=f"{len(raw)} bytes")
    return raw


def _written(
    statement: str, signature: str, received_at: str, links: Iterable[tuple[str, int, str | None]], refused: str | None
) -> bytes:
    joined = ",".join(
        [
            f'{{"seq":{seq},"stream":"{stream}"}}'
            if prev is None
            else f'{{"prev":"{prev}","seq":{seq},"stream":"{stream}"}}'
            for stream, seq, prev in links
        ]
    )
    ruling = "" if refused is None else f'"refused":"{refused}",'
    return (
        f'{{"links":[{joined}],"received_at":"{received_at}",{ruling}'
        f'"signature":"{signature}","statement":"{statement}","v":1}}'
    ).encode()


def accepted_as(
    raw: bytes, statement: str, signature: bytes, links: Iterable[tuple[str, int, str | None]]
) -> str | None:
    """When it was received, if `raw` is just the entry that accepts this statement with these links in order, whose
    parts are known to be in order; None otherwise."""
    received_at = raw[_ACCEPTED_AT].decode("latin-1")
    signed = b2a_base64(signature, newline=False).decode()
    same = len(signature) == 64 and raw == _written(statement, signed, received_at, links, None)
    return received_at if same and is_time(received_at) else None


def parse(raw: bytes) -> Entry:
    """The entry in `raw`, or the named reason why it is none."""
    document = glance(raw)
    if document is None:
        return _examined(raw)
    return Entry(
        statement=document["statement"],
        signature=document["signature"],
        received_at=document["received_at"],
        refused=document.get("refused"),
        links=tuple([Link(each["stream"], each["seq"], each.get("prev")) for each in document["links"]]),
    )


def accepted_at(raw: bytes) -> str | None:
    """When an entry was received, None when it was refused: read off bytes that were parsed before."""
    start = raw.index(b'],"received_at":"') + 17
    refused = raw.startswith(b'"refused"', start + 26)
    return None if refused else raw[start : start + 24].decode()


def glance(raw: bytes) -> dict[str, Any] | None:
    """The document of an entry, if a quick look can tell that it is one: in bytes of this one form nothing is left to
    look at but what a pattern cannot tell."""
    if len(raw) > BYTES_MAX or _form(raw) is None:
        return None
    document: dict[str, Any] = orjson.loads(raw)
    before = ""
    for each in document["links"]:
        stream, seq = each["stream"], each["seq"]
        if stream <= before or seq > canonical.INT_MAX or (seq == 1) is ("prev" in each):
            return None
        before = stream
    refused = document.get("refused")
    if not is_day(document["received_at"][:10]) or (refused is not None and len(refused) > CODE_MAX):
        return None
    return document


def _examined(raw: bytes) -> Entry:
    document = canonical.decode(raw, limit=BYTES_MAX)
    check_members(document, _WHAT, required=_REQUIRED, optional=_OPTIONAL)
    if type(document["links"]) is not list:
        wrong(_WHAT, "links", "an array", document["links"])
    links = tuple(_link(link) for link in document["links"])
    entry = Entry(
        statement=document["statement"],
        signature=document["signature"],
        received_at=document["received_at"],
        refused=document.get("refused"),
        links=links,
    )
    _check(entry.statement, entry.signature, entry.received_at, entry.refused, links)
    return entry


def _link(document: Any) -> Link:
    if type(document) is not dict:
        wrong(_WHAT, "links", "objects", document)
    check_members(document, "link", required=_LINK, optional=_LINK_OPTIONAL)
    return Link(document["stream"], document["seq"], document.get("prev"))


def _check(statement: str, signature: str, received_at: str, refused: str | None, links: Sequence[Link]) -> None:
    if not is_hash(statement):
        wrong(_WHAT, "statement", "64 lowercase hex digits", statement)
    if type(signature) is not str or len(signature) != 88:
        wrong(_WHAT, "signature", "base64 of 64 bytes", signature)
    if _signature(signature) is None and len(decode_base64(signature, "signature")) != 64:
        wrong(_WHAT, "signature", "base64 of 64 bytes", signature)
    if not is_time(received_at):
        wrong(_WHAT, "received_at", TIME_FORM, received_at)
    if refused is not None and (type(refused) is not str or not _code(refused) or len(refused) > CODE_MAX):
        wrong(_WHAT, "refused", _CODE, refused)
    if not links:
        wrong(_WHAT, "links", "at least one link", [])
    before = ""
    for link in links:
        if not is_stream(link.stream):
            wrong("link", "stream", STREAM, link.stream)
        if link.stream <= before:
            wrong(_WHAT, "links", "streams sorted, each once", link.stream)
        before = link.stream
        if type(link.seq) is not int or not 1 <= link.seq <= canonical.INT_MAX:
            wrong("link", "seq", "an integer from 1", link.seq)
        if link.seq == 1:
            if link.prev is not None:
                wrong("link", "prev", "absent at seq 1", link.prev)
        elif not is_hash(link.prev):
            wrong("link", "prev", "64 lowercase hex digits after seq 1", link.prev)
