"""What travels with a paper: the entries that it rests on, each provable, as a document and as texts of QR codes.

Format and reasons: docs/reference/papers.md.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.errors import FormError
from ledger.log import canonical
from ledger.log.checkpoint import parse_checkpoint
from ledger.log.hashing import sha256
from ledger.log.keys import PublicKey
from ledger.log.note import Note
from ledger.log.proof import build_receipt
from ledger.log.wire import check_members, decode_base64, encode_base64, wrong

VERSION: Final = 1
BYTES_MAX: Final = 64 << 20
CODES_MAX: Final = 24
"""More codes than this nobody scans: then the packet travels in the file alone, and the paper's first code names it."""
INDEXES_MAX: Final = 120  # characters of them in the first code
CHUNK: Final = 1_400  # characters, so that a code has at most 117 modules
NAME: Final = "wasteledger-paper.json"
_WHAT = "paper"
_REQUIRED = frozenset({"checkpoint", "entries", "kind", "keys", "nodes", "subject", "v"})
_OPTIONAL = frozenset({"period", "facts", "filled", "layout", "link"})
_ENTRY = frozenset({"entry", "index", "key", "proof", "statement"})
_code = re.compile(r"WLP1:([1-9]\d?)/([1-9]\d?):([A-Z2-7]{16}):([A-Z2-7]+)").fullmatch
_link = re.compile(
    r"https://(\S+?)#wlp1\.([0-9]{1,16})\.([A-Za-z0-9_-]{43})\.([A-Z2-7]{16})(?:\.([0-9,-]*))?"
).fullmatch


class NoPaper(FormError):
    """Neither a paper's file nor the text of one of its codes."""

    code = "no-paper"
    zh = "这不是单据的文件或二维码：{detail}"
    en = "this is neither a paper's file nor the text of one of its codes: {detail}"


class CodesIncomplete(FormError):
    """Not all codes of the paper were read, or codes of two papers were mixed."""

    code = "paper-codes-incomplete"
    zh = "单据的二维码不全或混杂：{detail}"
    en = "the codes of the paper are incomplete or mixed: {detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One entry with all that proves it under the packet's checkpoint."""

    index: int
    entry: bytes
    statement: bytes
    public_key: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A paper in a form that machines check. `facts` is what the paper states, absent in codes; `filled` are names and
    other sealed texts by "<statement>/<field>", printed but proven by nothing."""

    kind: str
    subject: str
    period: str = ""
    checkpoint: str
    entries: tuple[Carried, ...]
    facts: Mapping[str, Any] | None = None
    filled: Mapping[str, str] = field(default_factory=dict)
    layout: int = 0
    link: str = ""

    def receipts(self) -> Iterator[str]:
        """Every entry's receipt (C2SP tlog-proof), as the ledger would give it."""
        for each in self.entries:
            yield build_receipt(
                entry_bytes=each.entry,
                statement_bytes=each.statement,
                public_key=PublicKey(each.public_key),
                index=each.index,
                hashes=each.hashes,
                checkpoint_note=self.checkpoint,
            )

    def packed(self) -> bytes:
        """The proofs alone, compressed: what the QR codes carry."""
        return zlib.compress(canonical.encode(self._document()), 9)

    @property
    def digest(self) -> str:
        """Names the packet in every code of its paper: 80 bits of the SHA-256 of its packed form, in base32."""
        return base64.b32encode(sha256(self.packed())[:10]).decode()

    def encode(self) -> bytes:
        """The document that travels in the file."""
        filled = [{"at": at, "text": text} for at, text in sorted(self.filled.items())]
        more: dict[str, Any] = {"facts": self.facts, "filled": filled, "layout": self.layout, "link": self.link}
        return canonical.encode(self._document() | {k: v for k, v in more.items() if v})

    def _document(self) -> dict[str, Any]:
        keys: dict[bytes, int] = {}
        nodes: dict[bytes, int] = {}
        rows = []
        for each in self.entries:
            row: dict[str, Any] = {
                "entry": each.entry.decode(),
                "index": each.index,
                "key": keys.setdefault(each.public_key, len(keys)),
                "proof": [nodes.setdefault(node, len(nodes)) for node in each.hashes],
                "statement": each.statement.decode(),
            }
            rows.append(row)
        made: dict[str, Any] = {
            "checkpoint": self.checkpoint,
            "entries": rows,
            "keys": encode_base64(b"".join(keys)),
            "kind": self.kind,
            "nodes": encode_base64(b"".join(nodes)),
            "subject": self.subject,
            "v": VERSION,
        }
        return made | ({"period": self.period} if self.period else {})


def parse(raw: bytes) -> Packet:
    """The packet in a document; nothing in it is proven yet. Raises NoPaper or another FormError."""
    document = canonical.decode(raw, limit=BYTES_MAX)
    check_members(document, _WHAT, required=_REQUIRED, optional=_OPTIONAL)
    if document["v"] != VERSION:
        raise NoPaper(detail="version", expected=VERSION, got=document["v"])
    for member, kind in _TYPES.items():
        if member in document and type(document[member]) is not kind:
            wrong(_WHAT, member, f"of type {kind.__name__}", document[member])
    keys, nodes = _blocks(document["keys"], "keys"), _blocks(document["nodes"], "nodes")
    filled: dict[str, str] = {}
    for each in document.get("filled", []):
        if type(each) is not dict or each.keys() != {"at", "text"} or {type(v) for v in each.values()} != {str}:
            wrong(_WHAT, "filled", 'objects of two texts, "at" and "text"', each)
        filled[each["at"]] = each["text"]
    return Packet(
        kind=document["kind"],
        subject=document["subject"],
        period=document.get("period", ""),
        checkpoint=document["checkpoint"],
        entries=tuple(_carried(row, keys, nodes) for row in document["entries"]),
        facts=document.get("facts"),
        filled=filled,
        layout=document.get("layout", 0),
        link=document.get("link", ""),
    )


_TYPES: Final = {
    "checkpoint": str,
    "entries": list,
    "facts": dict,
    "filled": list,
    "keys": str,
    "kind": str,
    "layout": int,
    "link": str,
    "nodes": str,
    "period": str,
    "subject": str,
}


def _blocks(text: str, what: str) -> list[bytes]:
    raw = decode_base64(text, what) if text else b""
    if len(raw) % 32:
        raise NoPaper(detail=what, expected="pieces of 32 bytes", got=f"{len(raw)} bytes")
    return [raw[at : at + 32] for at in range(0, len(raw), 32)]


def _carried(row: Any, keys: Sequence[bytes], nodes: Sequence[bytes]) -> Carried:
    if type(row) is not dict:
        wrong(_WHAT, "entries", "objects", row)
    check_members(row, "entries", required=_ENTRY)
    places = row["proof"]
    if type(places) is not list or not all(type(n) is int and 0 <= n < len(nodes) for n in places):
        wrong(_WHAT, "proof", f"places among {len(nodes)} nodes", places)
    if type(row["key"]) is not int or not 0 <= row["key"] < len(keys):
        wrong(_WHAT, "key", f"a place among {len(keys)} keys", row["key"])
    if type(row["index"]) is not int or type(row["entry"]) is not str or type(row["statement"]) is not str:
        wrong(_WHAT, "entries", "a number and two texts", row)
    return Carried(
        index=row["index"],
        entry=row["entry"].encode(),
        statement=row["statement"].encode(),
        public_key=keys[row["key"]],
        hashes=tuple(nodes[n] for n in places),
    )


# ---------------------------------------------------------------------------------------------- codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a paper's first code says: where to fetch it, which checkpoint it is of, which packet belongs to it."""

    link: str
    size: int
    root: bytes
    digest: str
    indexes: str

    @property
    def text(self) -> str:
        root = base64.urlsafe_b64encode(self.root).decode().rstrip("=")
        return f"{self.link}#wlp1.{self.size}.{root}.{self.digest}" + (f".{self.indexes}" if self.indexes else "")


def head_of(packet: Packet) -> Head:
    """The packet's first code; long lists of indexes are left to the paper's text."""
    at = parse_checkpoint(Note.parse(packet.checkpoint.encode()).text)
    indexes = ranges(each.index for each in packet.entries)
    return Head(
        link=packet.link,
        size=at.size,
        root=at.root,
        digest=packet.digest,
        indexes=indexes if len(indexes) <= INDEXES_MAX else "",
    )


def parse_head(text: str) -> Head | None:
    """What a first code says; None when the text is none."""
    found = _link(text.strip())
    if found is None:
        return None
    rest, size, root, digest, indexes = found.groups()
    raw = base64.urlsafe_b64decode(root + "=")
    return Head(link=f"https://{rest}", size=int(size), root=raw, digest=digest, indexes=indexes or "")


def codes(packet: Packet) -> tuple[str, ...]:
    """The texts of the codes that carry the packet, () when it would take more than CODES_MAX."""
    text, digest = base64.b32encode(packet.packed()).decode().rstrip("="), packet.digest
    chunks = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    if len(chunks) > CODES_MAX:
        return ()
    return tuple(f"WLP1:{n}/{len(chunks)}:{digest}:{chunk}" for n, chunk in enumerate(chunks, 1))


def is_code(text: str) -> bool:
    """True for the text of a code that carries a part of a packet."""
    return _code(text.strip().upper()) is not None


def unpack(texts: Iterable[str]) -> Packet:
    """The packet in the texts of codes, in any order, some of them twice; raises NoPaper or CodesIncomplete."""
    found = [(_code(text.strip().upper()), text) for text in texts]
    if stray := next((text for code, text in found if code is None), None):
        raise NoPaper(detail="code", expected="WLP1:<n>/<count>:…", got=stray[:60])
    read = [code.groups() for code, _ in found if code is not None]
    papers = {(count, digest) for _, count, digest, _ in read}
    if len(papers) != 1:
        raise CodesIncomplete(detail="papers", expected="codes of one paper", got=f"of {len(papers)}")
    ((count, digest),) = papers
    parts: dict[int, str] = {}
    for n, _, _, chunk in read:
        if parts.setdefault(int(n), chunk) != chunk:
            raise CodesIncomplete(detail=f"two codes {n}/{count}")
    missing = [n for n in range(1, int(count) + 1) if n not in parts]
    if missing or len(parts) != int(count):
        raise CodesIncomplete(detail="codes", expected=f"1 to {count}", got=f"without {ranges(missing)}")
    text = "".join(parts[n] for n in sorted(parts))
    try:
        packed = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise NoPaper(detail="base32", got=text[:60]) from None
    if base64.b32encode(sha256(packed)[:10]).decode() != digest:
        raise NoPaper(detail="digest", expected=digest, got="another")
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(packed, BYTES_MAX)
    except zlib.error as error:
        raise NoPaper(detail=str(error)) from None
    return parse(raw)


def ranges(numbers: Iterable[int]) -> str:
    """Numbers in rising order as ranges: 0,3-5,17."""
    made: list[list[int]] = []
    for n in sorted(set(numbers)):
        if made and made[-1][-1] == n - 1:
            made[-1] = [made[-1][0], n]
        else:
            made.append([n])
    return ",".join("-".join(map(str, each)) for each in made)
