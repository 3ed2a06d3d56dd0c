"""Names of things: uuid7 for statements, `<kind>:<uuid7>` for streams."""

from __future__ import annotations

import re

from ledger.errors import FormError

UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
UUID_LENGTH = 36  # characters
STREAM = rf"[a-z]{{1,11}}:{UUID7}"
_uuid7 = re.compile(UUID7).fullmatch
_stream = re.compile(STREAM).fullmatch


class IdForm(FormError):
    """Input from which no identifier can be made or read."""

    code = "bad-id"
    zh = "标识不合规：{detail}"
    en = "bad identifier: {detail}"


def new_uuid7(unix_ms: int, random10: bytes) -> str:
    """RFC 9562 §5.7: 48 bits of milliseconds and 74 bits out of ten random bytes; no counter."""
    if not 0 <= unix_ms < 2**48:
        raise IdForm(detail="milliseconds", expected="0 to 2^48-1", got=unix_ms)
    if len(random10) != 10:
        raise IdForm(detail="randomness", expected="10 bytes", got=f"{len(random10)} bytes")
    random = int.from_bytes(random10, "big")
    bits = unix_ms << 80 | 0x7 << 76 | (random >> 64 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def uuid7_ms(uuid7: str) -> int:
    """The milliseconds since 1970 that a uuid7 says it was made at."""
    if not is_uuid7(uuid7):
        raise IdForm(detail="uuid7", expected=UUID7, got=repr(uuid7))
    return int(uuid7[:8] + uuid7[9:13], 16)


def is_uuid7(text: object) -> bool:
    return type(text) is str and _uuid7(text) is not None


def is_stream(text: object) -> bool:
    """Whether `text` has the form `<kind>:<uuid7>`, kind at most 11 lowercase letters."""
    return type(text) is str and _stream(text) is not None
