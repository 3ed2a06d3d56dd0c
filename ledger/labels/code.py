"""The text of a label's QR code: a link with our own ids and a tag by which anybody tells offline that it was issued.

It shows *issued*, not *unique*: a photographed code is as good as the first print, and doubles are caught by scans. The
text is uppercase base32, so that the whole link fits the QR code's alphanumeric mode. Published format:
docs/reference/label-code.md.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.errors import FormError, ProofError
from ledger.log import canonical
from ledger.log.hashing import sha256
from ledger.log.ids import is_stream
from ledger.log.keys import BadSignature, PrivateKey, PublicKey

VERSION: Final = 1
_TAG: Final = b"wasteledger/label/v1\n"
_ID, _KEY_ID, _SIGNATURE, _CHECK = 16, 4, 64, 3
_BLANK: Final = 1 + _ID + _KEY_ID + _SIGNATURE + _CHECK
_BOUND: Final = _BLANK + _ID
_alphabet = re.compile(r"[A-Z2-7]+").fullmatch


class NoLabelCode(FormError):
    """The text is not a code of ours: another QR code, or a link to something else."""

    code = "no-label-code"
    zh = "这不是本系统的标签码"
    en = "this is not a label code"


class LabelCodeMistyped(FormError):
    """Characters are missing or wrong: a scanner never reads so, a hand does."""

    code = "label-code-mistyped"
    zh = "标签码有误，可能输错或残缺：{detail}"
    en = "the label code is mistyped or incomplete: {detail}"


class LabelIdForm(FormError):
    """A label code carries streams of labels and containers only."""

    code = "label-id-form"
    zh = "标签码的标识不合规"
    en = "the id for a label code is not well-formed"


class LabelKeyUnknown(ProofError):
    """Signed, if at all, by a key that is not among the label keys given: forged, or the list of keys is old."""

    code = "label-key-unknown"
    zh = "签发密钥 {key} 不在已知标签密钥之中：伪造，或密钥清单过期"
    en = "issuing key {key} is not among the known label keys: forged, or the list of keys is old"


class LabelForged(ProofError):
    """The tag does not hold: nobody with that label key issued this label in this ledger."""

    code = "label-forged"
    zh = "标签码系伪造：签名不成立"
    en = "the label code is forged: its signature does not hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCode:
    """What a label's code says: the label, the container it was printed for ("" on a blank label), and the tag."""

    label: str
    container: str = ""
    key_id: bytes
    signature: bytes

    @property
    def text(self) -> str:
        """The code alone: 141 characters of a blank label, 167 of a container's."""
        container = _id_bytes("container", self.container) if self.container else b""
        body = bytes([VERSION]) + _id_bytes("label", self.label) + container + self.key_id + self.signature
        return base64.b32encode(body + sha256(body)[:_CHECK]).decode().rstrip("=")

    def link(self, base: str) -> str:
        """The code as a link below `base`, as it stands in the QR code."""
        return base + self.text


def link_base(address: str) -> str:
    """The head of every link: the public address' host in capitals, whose path /L/ belongs to the codes."""
    host = address.removeprefix("https://").partition("/")[0]
    return f"HTTPS://{host.upper()}/L/"


def issue(*, label: str, container: str = "", origin: str, key: PrivateKey) -> LabelCode:
    """A label's code; the same for the same label, container, ledger and key, so that a reprint is the same label."""
    signature = key.sign(message(label, container, origin))
    return LabelCode(label=label, container=container, key_id=key.public.hash[:_KEY_ID], signature=signature)


def message(label: str, container: str, origin: str) -> bytes:
    """What a label key signs."""
    _id_bytes("label", label)
    document: dict[str, object] = {"label": label, "ledger": origin, "v": VERSION}
    if container:
        _id_bytes("container", container)
        document["container"] = container
    return _TAG + canonical.encode(document)


def parse(text: str) -> LabelCode:
    """What a scanned or typed text says, if it is a label's code or a link with one; nothing of it is shown yet.

    Raises NoLabelCode or LabelCodeMistyped."""
    head, _, code = "".join(text.split()).upper().rpartition("/")
    if not head.endswith("/L") and len(code) < _BLANK:
        raise NoLabelCode(expected="a link …/L/… or its last part", got=text[:80])
    if not _alphabet(code):
        raise LabelCodeMistyped(detail="characters", expected="A to Z and 2 to 7", got=_stray(code))
    try:
        raw = base64.b32decode(code + "=" * (-len(code) % 8))
    except ValueError:
        raw = b""
    if len(raw) not in (_BLANK, _BOUND) or base64.b32encode(raw).decode().rstrip("=") != code:
        raise LabelCodeMistyped(detail="length", expected="141 or 167 characters", got=len(code))
    body, check = raw[:-_CHECK], raw[-_CHECK:]
    if sha256(body)[:_CHECK] != check:
        raise LabelCodeMistyped(detail="check characters")
    if raw[0] != VERSION:
        raise NoLabelCode(expected=f"version {VERSION}", got=raw[0])
    ids, signed = body[1 : -_KEY_ID - _SIGNATURE], body[-_KEY_ID - _SIGNATURE :]
    return LabelCode(
        label=_id("label", ids[:_ID]),
        container=_id("container", ids[_ID:]) if len(ids) > _ID else "",
        key_id=signed[:_KEY_ID],
        signature=signed[_KEY_ID:],
    )


def verify_label(text: str, *, origin: str, keys: Iterable[PublicKey]) -> tuple[LabelCode, PublicKey]:
    """The genuine code in a text, and which of the ledger's label keys issued it, without any network.

    Raises NoLabelCode, LabelCodeMistyped, LabelKeyUnknown or LabelForged."""
    # 1. A well-formed code.
    code = parse(text)
    # 2. Of a label key that the ledger certifies; four bytes may fit several.
    named = [key for key in keys if key.hash[:_KEY_ID] == code.key_id]
    if not named:
        raise LabelKeyUnknown(key=code.key_id.hex())
    # 3. Signed by it for this label, container and ledger.
    signed = message(code.label, code.container, origin)
    for key in named:
        try:
            key.verify(code.signature, signed)
        except BadSignature:
            continue
        return code, key
    raise LabelForged(got=code.label)


def _id_bytes(kind: str, stream: str) -> bytes:
    if not is_stream(stream) or not stream.startswith(f"{kind}:"):
        raise LabelIdForm(expected=f"{kind}:<uuid7>", got=stream[:80])
    return bytes.fromhex(stream.partition(":")[2].replace("-", ""))


def _id(kind: str, raw: bytes) -> str:
    text = raw.hex()
    stream = f"{kind}:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    if not is_stream(stream):
        raise NoLabelCode(expected=f"{kind}:<uuid7>", got=stream)
    return stream


def _stray(code: str) -> str:
    return "".join(sorted({character for character in code if not _alphabet(character)}))[:20] or "nothing"
