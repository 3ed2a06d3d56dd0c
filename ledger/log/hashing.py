"""Every hash of the ledger: the only module that touches hashlib, so that no other hash rule can appear unnoticed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from ledger.errors import FormError, ProofError

_sha256 = hashlib.sha256


def sha256(message: bytes) -> bytes:
    """32 bytes of SHA-256."""
    return _sha256(message).digest()


def sha256_behind(prefix: bytes, messages: Iterable[bytes]) -> list[bytes]:
    """SHA-256(prefix ‖ message) of each."""
    return [_sha256(prefix + message).digest() for message in messages]


EMPTY_ROOT = sha256(b"")  # RFC 9162 §2.1.1: the hash of an empty list


def leaf_hash(entry: bytes) -> bytes:
    """RFC 9162 §2.1.1: SHA-256(0x00 ‖ entry)."""
    return _sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """`leaf_hash` of each."""
    return sha256_behind(b"\x00", entries)


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162 §2.1.1: SHA-256(0x01 ‖ left ‖ right)."""
    return _sha256(b"\x01" + left + right).digest()


def parent_row(row: bytes) -> bytes:
    """The hashes above a packed row of hashes, packed; a last one without a sibling has none yet."""
    pairs = range(0, len(row) - 63, 64)
    return b"".join([_sha256(b"\x01" + row[start : start + 64]).digest() for start in pairs])


class SealForm(FormError):
    """A salt or path from which no commitment may be made."""

    code = "bad-seal-form"
    zh = "封存承诺的输入不合规：{detail}"
    en = "input of a sealed commitment is not well-formed: {detail}"


class SealMismatch(ProofError):
    """Salt and value are not what the author committed to."""

    code = "seal-mismatch"
    zh = "明文与封存承诺不符：{path}"
    en = "clear text does not open the sealed commitment at {path}"


def seal_commitment(salt: bytes, field_path: str, value: str) -> str:
    """Hex HMAC-SHA256(salt, field path ‖ 00 ‖ value); hides `value` as long as the fresh 32-byte salt is secret."""
    if len(salt) != 32:
        raise SealForm(detail="salt", expected="32 bytes", got=f"{len(salt)} bytes")
    if not field_path or "\x00" in field_path:  # a NUL would let two (path, value) pairs share one commitment
        raise SealForm(detail="field path", expected="a path without NUL", got=repr(field_path))
    try:
        message = field_path.encode() + b"\x00" + value.encode()
    except UnicodeEncodeError:
        raise SealForm(detail="text", expected="no lone surrogate", got=ascii(value[:40])) from None
    return hmac.new(salt, message, "sha256").hexdigest()


def verify_seal(commitment: str, *, salt: bytes, field_path: str, value: str) -> str:
    """`value`, shown to be what the author committed to; raises `SealMismatch`."""
    opened = seal_commitment(salt, field_path, value)
    if not hmac.compare_digest(opened.encode(), commitment.encode()):
        raise SealMismatch(path=field_path, expected=commitment, got=opened)
    return value
