"""Shapes that every document of the log shares: hex, base64, times, origins, and the check of an object's members."""

from __future__ import annotations

import base64 as _base64
import binascii
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NoReturn

from ledger.errors import FormError

HEX32 = "[0-9a-f]{64}"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"
_hex32 = re.compile(HEX32).fullmatch
_time = re.compile(TIME).fullmatch
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}").fullmatch
ORIGIN_BYTES_MAX = 255
TIME_FORM = "YYYY-MM-DDTHH:MM:SS.mmmZ"
SIZE_MAX = 2**63 - 1


class UnknownVersion(FormError):
    """A version this reader was not written for."""

    code = "unknown-version"
    zh = "{what} 的版本未知"
    en = "unknown version of {what}"


class UnknownMember(FormError):
    """A member that would be signed but not understood."""

    code = "unknown-member"
    zh = "{what} 含未知成员 {member}"
    en = "{what} has the unknown member {member}"


class MissingMember(FormError):
    """A member that must be there is absent."""

    code = "missing-member"
    zh = "{what} 缺少成员 {member}"
    en = "{what} lacks the member {member}"


class WrongMember(FormError):
    """A member that does not have its form."""

    code = "wrong-member"
    zh = "{what} 的成员 {member} 不合规"
    en = "member {member} of {what} is not well-formed"


class BadBase64(FormError):
    """Text that is not the one base64 form of any bytes."""

    code = "bad-base64"
    zh = "base64 不合规：{what}"
    en = "{what} is not padded canonical base64"


class BadDecimal(FormError):
    """Text that is not the one decimal form of a number."""

    code = "bad-decimal"
    zh = "十进制数不合规：{what}"
    en = "{what} is not a decimal number without leading zeroes"


def is_hash(text: object) -> bool:
    """Whether `text` is 32 bytes in lowercase hex."""
    return type(text) is str and _hex32(text) is not None


def is_time(text: object) -> bool:
    """Whether `text` is RFC 3339 UTC with three decimals and `Z`, on a day that exists."""
    return type(text) is str and _time(text) is not None and is_day(text[:10])


@lru_cache(maxsize=4096)
def is_day(text: str) -> bool:
    """Whether `text`, ten characters YYYY-MM-DD, is a day that exists."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_origin(text: object) -> bool:
    """Whether `text` can be a ledger's origin and key name: at most 255 bytes, no Unicode space, no `+`, no control."""
    return type(text) is str and text.isprintable() and is_key_name(text) and len(text.encode()) <= ORIGIN_BYTES_MAX


def is_key_name(text: str) -> bool:
    """C2SP signed-note, Format: non-empty, without Unicode spaces and `+`."""
    return text != "" and "+" not in text and not any(map(str.isspace, text))


def encode_base64(message: bytes) -> str:
    return _base64.b64encode(message).decode()


def decode_base64(text: str, what: str) -> bytes:
    """RFC 4648 §4, padded, and only the one text that `encode_base64` gives, so that no bit can be changed unseen."""
    try:
        message = _base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadBase64(what=what, got=ascii(text[:80])) from None
    if _base64.b64encode(message) != text.encode():
        raise BadBase64(what=what, expected=ascii(encode_base64(message)[-8:]), got=ascii(text[-8:]))
    return message


def decode_decimal(text: str, what: str) -> int:
    """ASCII decimal without leading zeroes, at most 2^63-1."""
    if _DECIMAL(text) is None or (number := int(text)) > SIZE_MAX:
        raise BadDecimal(what=what, expected="0 to 2^63-1", got=ascii(text[:40]))
    return number


def check_members(
    document: Mapping[str, Any], what: str, *, required: frozenset[str], optional: frozenset[str] = frozenset()
) -> None:
    """Every required member is there and nothing unknown; a `v`, if required, is 1 and is looked at first."""
    if "v" in required and "v" in document and (type(document["v"]) is not int or document["v"] != 1):
        raise UnknownVersion(what=what, expected=1, got=ascii(document["v"]))
    keys = document.keys()
    if keys == required:
        return
    for member in sorted(required - keys):
        raise MissingMember(what=what, member=member)
    for member in sorted(keys - required - optional):
        raise UnknownMember(what=what, member=member)


def wrong(what: str, member: str, expected: object, got: object) -> NoReturn:
    raise WrongMember(what=what, member=member, expected=expected, got=ascii(got)[:120])
