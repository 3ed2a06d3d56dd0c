"""The one byte form of a document: RFC 8785 restricted to objects, arrays, strings, booleans and integers |n| ≤ 2^53-1.

`encode` writes it and `decode` accepts nothing else, so equal documents have equal bytes and equal bytes one meaning.
`decode` is on the hot path: it re-encodes and compares, and only when that fails walks slowly to name the reason.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, NoReturn

import orjson

from ledger.errors import FormError

INT_MAX = 2**53 - 1
DEPTH_MAX = 32

_KEY = re.compile(r"[a-z][a-z0-9_]*")
# Bidirectional controls and what takes no width: two texts that look the same must be the same.
_CONTROL = re.compile("[\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
# How their UTF-8 begins: bytes without any of these need no look at each character.
_CONTROL_STARTS = (b"\xd8\x9c", b"\xe1\xa0\x8e", b"\xe2\x80", b"\xe2\x81", b"\xef\xbb\xbf", b"\xf3\xa0")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Characters of which no two compose, none is reordered and none is a control: nearly all Chinese text.
_CALM = re.compile(
    "[\u00a0-\u00ff\u2010-\u2027\u2100-\u2125\u3000-\u3029\u3041-\u3096\u309b-\u30ff\u4e00-\u9fff\uff01-\uff9d]*"
).fullmatch
_ASCII = bytes(range(128))
_SCALARS = frozenset({str, bool, int})
_KINDS = _SCALARS | {dict, list}
_KEYS_KNOWN_MAX = 4096
_known_keys: set[str] = set()  # of the right form


class CanonicalError(FormError):
    """The bytes or the value lie outside the canonical profile; each subclass is one reason."""

    code = "not-in-profile"
    zh = "不属于规范格式：{detail}"
    en = "outside the canonical profile: {detail}"


class TooLarge(CanonicalError):
    """More bytes than the kind of document may have."""

    code = "too-large"
    zh = "文件过大"
    en = "document is too large"


class NotUtf8(CanonicalError):
    """Bytes that no UTF-8 text has."""

    code = "not-utf8"
    zh = "不是有效的 UTF-8：{detail}"
    en = "not valid UTF-8: {detail}"


class NotJson(CanonicalError):
    """Text that no JSON reader may take (RFC 8259)."""

    code = "not-json"
    zh = "不是有效的 JSON：{detail}"
    en = "not valid JSON: {detail}"


class NotAnObject(CanonicalError):
    """A document is an object."""

    code = "not-an-object"
    zh = "最外层须为对象"
    en = "the outermost value must be an object"


class DuplicateKey(CanonicalError):
    """Readers disagree on which of two equal keys counts."""

    code = "duplicate-key"
    zh = "键重复：{key}"
    en = "duplicate key {key}"


class BadKey(CanonicalError):
    """Keys are lowercase ASCII, so every language sorts them alike."""

    code = "bad-key"
    zh = "键名不合规：{key}"
    en = "key {key} does not have the form of a key"


class FloatRefused(CanonicalError):
    """Languages write and round fractions differently."""

    code = "float"
    zh = "不允许小数或指数：{number}"
    en = "number {number} has a fraction or an exponent"


class NullRefused(CanonicalError):
    """Absent and null would be two forms of one meaning."""

    code = "null"
    zh = "不允许 null，缺省即不写"
    en = "null is not allowed: leave the member out"


class IntegerOutOfRange(CanonicalError):
    """Beyond 2^53-1 a browser would round it."""

    code = "integer-out-of-range"
    zh = "整数超出范围：{number}"
    en = "integer {number} is out of range"


class NotNfc(CanonicalError):
    """Two forms of one text would have two hashes."""

    code = "not-nfc"
    zh = "字符串不是 NFC 形式：{text}"
    en = "string {text} is not in Unicode normal form C"


class LoneSurrogate(CanonicalError):
    """Half a character, which UTF-8 cannot hold."""

    code = "lone-surrogate"
    zh = "字符串含孤立代理项：{text}"
    en = "string {text} holds a lone surrogate"


class ControlRefused(CanonicalError):
    """A control that makes different texts look the same."""

    code = "control-character"
    zh = "字符串含双向或零宽控制符 {control}"
    en = "string holds the bidirectional or zero-width control {control}"


class TooDeep(CanonicalError):
    """Nesting that could exhaust a reader's stack."""

    code = "too-deep"
    zh = "嵌套过深"
    en = "nested too deep"


class WrongType(CanonicalError):
    """A Python value that JSON does not have."""

    code = "wrong-type"
    zh = "类型不可编码：{type}"
    en = "a value of type {type} cannot be encoded"


class NotCanonical(CanonicalError):
    """The right content in other bytes than the canonical ones."""

    code = "not-canonical"
    zh = "键序、空白或转义不是规范形式（自第 {offset} 字节起）"
    en = "order, spacing or escaping is not canonical from byte {offset}"


def encode(value: object) -> bytes:
    """The canonical bytes of `value`; raises the named reason when it lies outside the profile."""
    try:
        if type(value) is dict and _plain(value, DEPTH_MAX):
            written = _written(value)
            if written is not None and (written.isascii() or _plain_text(written)):
                return written
    except TypeError:
        pass  # a key that is no text
    _walk(value, 1)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def decode(data: bytes, *, limit: int) -> dict[str, Any]:
    """The object whose canonical bytes are exactly `data`, at most `limit` bytes; raises the named reason otherwise."""
    if len(data) > limit:
        raise TooLarge(expected=f"at most {limit} bytes", got=f"{len(data)} bytes")
    value = glance(data)
    if value is not None:
        return value
    _examine(data)
    # The quick look at the whole text may see a letter of an escape (`\n`) join the mark after it; string by string
    # the document is in order.
    try:
        return orjson.loads(data)  # type: ignore[no-any-return]
    except orjson.JSONDecodeError:
        raise NotJson(detail="the two JSON readers disagree") from None  # never let in what only one took


def glance(data: bytes, depth: int = DEPTH_MAX) -> dict[str, Any] | None:
    """The object whose canonical bytes are exactly `data`, at most `depth` deep, if a quick look can tell."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    # Equal bytes rule out duplicate keys, spacing, order, escapes, -0 and every number that orjson had to round.
    if (
        type(value) is dict
        and _plain(value, depth)
        and _written(value) == data
        and (data.isascii() or _plain_text(data))
    ):
        return value
    return None


def _written(value: dict[str, Any]) -> bytes | None:
    """The bytes of a plain value; None when an integer is out of range."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        return None


def decode_any_layout(data: bytes, *, limit: int) -> dict[str, Any]:
    """As `decode`, but in any order and spacing: for small files that people edit and nobody signs."""
    if len(data) > limit:
        raise TooLarge(expected=f"at most {limit} bytes", got=f"{len(data)} bytes")
    return _read(data)


def _is_key(key: str) -> bool:
    if key in _known_keys:
        return True
    if _KEY.fullmatch(key) is None:
        return False
    if len(_known_keys) < _KEYS_KNOWN_MAX and len(key) <= 64:
        _known_keys.add(key)
    return True


def _plain(value: Any, depth: int) -> bool:
    """Whether types, keys and depth are surely inside the profile; integers are left to the writer."""
    if type(value) is dict:
        if not _known_keys.issuperset(value) and not all(map(_is_key, value)):
            return False
        members: Any = value.values()
    else:
        members = value
    if _SCALARS.issuperset(map(type, members)):
        return True
    if depth <= 1 or not _KINDS.issuperset(map(type, members)):
        return False
    for each in members:
        kind = type(each)
        if (kind is dict or kind is list) and not _plain(each, depth - 1):
            return False
    return True


def _plain_text(data: bytes) -> bool:
    # ASCII composes with nothing but combining marks, so that what is left without it tells.
    if _CALM(data.translate(None, _ASCII).decode()):
        return True
    text = data.decode()
    for start in _CONTROL_STARTS:
        if start in data and _CONTROL.search(text):
            return False
    return unicodedata.is_normalized("NFC", text)


def _examine(data: bytes) -> None:
    """Raise the reason why `data` is not canonical; return if there is none."""
    written = orjson.dumps(_read(data), option=orjson.OPT_SORT_KEYS)
    if written != data:
        offset = next((i for i, (a, b) in enumerate(zip(written, data, strict=False)) if a != b), len(written))
        raise NotCanonical(offset=offset, expected=written[offset : offset + 24], got=data[offset : offset + 24])


def _read(data: bytes) -> dict[str, Any]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotUtf8(detail=f"byte {error.start}") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_no_float,
            parse_int=_integer,
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise TooDeep(expected=f"at most {DEPTH_MAX} levels") from None
    except json.JSONDecodeError as error:
        raise NotJson(detail=str(error)) from None
    _walk(value, 1)
    if type(value) is not dict:
        raise NotAnObject(expected="object", got=type(value).__name__)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, member in pairs:
        if key in members:
            raise DuplicateKey(key=ascii(key))
        members[key] = member
    return members


def _integer(digits: str) -> int:
    if len(digits) > 17:  # also keeps int() from long work
        raise IntegerOutOfRange(number=digits[:40], expected=f"at most {INT_MAX} either way")
    return int(digits)


def _no_float(digits: str) -> NoReturn:
    raise FloatRefused(number=digits[:40], expected="an integer")


def _no_constant(name: str) -> NoReturn:
    raise NotJson(detail=f"{name} is not JSON")


def _walk(value: object, depth: int) -> None:
    kind = type(value)
    if kind is str:
        _check_string(value)  # type: ignore[arg-type]
    elif kind is bool:
        return
    elif kind is int:
        if not -INT_MAX <= value <= INT_MAX:  # type: ignore[operator]
            raise IntegerOutOfRange(number=value, expected=f"at most {INT_MAX} either way")
    elif kind is dict or kind is list:
        if depth > DEPTH_MAX:
            raise TooDeep(expected=f"at most {DEPTH_MAX} levels")
        if kind is list:
            for member in value:  # type: ignore[attr-defined]
                _walk(member, depth + 1)
            return
        for key, member in value.items():  # type: ignore[attr-defined]
            _walk(member, depth + 1)
            if type(key) is not str or not _is_key(key):
                raise BadKey(key=ascii(key), expected=_KEY.pattern)
    elif value is None:
        raise NullRefused()
    elif kind is float:
        raise FloatRefused(number=value, expected="an integer")
    else:
        raise WrongType(type=kind.__name__, expected="object, array, string, boolean or integer")


def _check_string(text: str) -> None:
    if text.isascii():
        return
    if _SURROGATE.search(text):
        raise LoneSurrogate(text=ascii(text[:80]))
    if control := _CONTROL.search(text):
        raise ControlRefused(control=f"U+{ord(control.group()):04X}")
    if not unicodedata.is_normalized("NFC", text):
        raise NotNfc(text=ascii(text[:80]))
