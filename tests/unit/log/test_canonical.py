"""The canonical form: equal to RFC 8785 on its profile, and every document outside refused with its reason."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log import canonical
from ledger.log.canonical import decode, encode
from tests.support.repository import shared_data

LIMIT = 10_000
keys = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
texts = (
    st.text(max_size=20)
    .map(lambda t: unicodedata.normalize("NFC", t))
    .filter(lambda t: not canonical._CONTROL.search(t))
)
scalars = st.booleans() | st.integers(-canonical.INT_MAX, canonical.INT_MAX) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))
documents = st.dictionaries(keys, values, max_size=6)


@settings(max_examples=100)
@given(documents)
def test_documents_of_the_profile_have_the_bytes_of_rfc8785_and_of_plain_json(document: dict[str, Any]) -> None:
    written = encode(document)
    assert written == rfc8785.dumps(document)
    plain = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert written == plain.encode()
    assert decode(written, limit=10**6) == document


@settings(max_examples=100)
@given(documents, st.data())
def test_a_changed_byte_gives_another_document_or_a_refusal(document: dict[str, Any], data: st.DataObject) -> None:
    written = bytearray(encode(document))
    place = data.draw(st.integers(0, len(written) - 1))
    written[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = decode(bytes(written), limit=10**6)
    except canonical.CanonicalError:
        return
    assert encode(read) == bytes(written)
    assert read != document


@settings(max_examples=100)
@given(st.text(max_size=30) | st.binary(max_size=30).map(lambda b: b.decode("latin-1")))
def test_the_quick_look_and_the_slow_walk_agree_on_every_string(text: str) -> None:
    document = {"a": text}
    raw = orjson.dumps(document)
    try:
        encode(document)
    except canonical.CanonicalError as error:
        with pytest.raises(type(error)):
            decode(raw, limit=LIMIT)
    else:
        assert decode(raw, limit=LIMIT) == document


REFUSED = {
    "a duplicate key": (b'{"a":1,"a":1}', canonical.DuplicateKey),
    "a duplicate key deep inside": (b'{"a":[{"b":1,"b":2}]}', canonical.DuplicateKey),
    "a duplicate key written with an escape": (b'{"a":1,"\\u0061":2}', canonical.DuplicateKey),
    "a fraction": (b'{"a":1.5}', canonical.FloatRefused),
    "a whole number with a fraction": (b'{"a":1.0}', canonical.FloatRefused),
    "an exponent": (b'{"a":1e2}', canonical.FloatRefused),
    "minus zero": (b'{"a":-0}', canonical.NotCanonical),
    "null": (b'{"a":null}', canonical.NullRefused),
    "null in an array": (b'{"a":[null]}', canonical.NullRefused),
    "not a number": (b'{"a":NaN}', canonical.NotJson),
    "infinity": (b'{"a":Infinity}', canonical.NotJson),
    "an integer of 2^53": (b'{"a":9007199254740992}', canonical.IntegerOutOfRange),
    "an integer of -2^53": (b'{"a":-9007199254740992}', canonical.IntegerOutOfRange),
    "an integer of 5,000 digits": (b'{"a":' + b"9" * 5000 + b"}", canonical.IntegerOutOfRange),
    "a leading zero": (b'{"a":01}', canonical.NotJson),
    "text that is not NFC": ('{"a":"A\u030a"}'.encode(), canonical.NotNfc),
    "a singleton that NFC replaces": ('{"a":"\u212b"}'.encode(), canonical.NotNfc),
    "a lone high surrogate": (b'{"a":"\\ud800"}', canonical.LoneSurrogate),
    "a lone low surrogate": (b'{"a":"\\udc00x"}', canonical.LoneSurrogate),
    "a surrogate in raw bytes": (b'{"a":"\xed\xa0\x80"}', canonical.NotUtf8),
    "a right-to-left override": ('{"a":"x\u202ey"}'.encode(), canonical.ControlRefused),
    "a left-to-right isolate": ('{"a":"\u2066"}'.encode(), canonical.ControlRefused),
    "an Arabic letter mark": ('{"a":"\u061c"}'.encode(), canonical.ControlRefused),
    "a zero-width space": ('{"a":"\u200b"}'.encode(), canonical.ControlRefused),
    "a zero-width joiner": ('{"a":"\u200d"}'.encode(), canonical.ControlRefused),
    "a zero-width no-break space": ('{"a":"\ufeff"}'.encode(), canonical.ControlRefused),
    "an escaped zero-width space": (b'{"a":"\\u200b"}', canonical.ControlRefused),
    "an upper-case key": (b'{"A":1}', canonical.BadKey),
    "an empty key": (b'{"":1}', canonical.BadKey),
    "a key that begins with a digit": (b'{"1":1}', canonical.BadKey),
    "a key with a hyphen": (b'{"a-b":1}', canonical.BadKey),
    "a key with a newline at its end": (b'{"a\\n":1}', canonical.BadKey),
    "a key outside ASCII": ('{"é":1}'.encode(), canonical.BadKey),
    "bytes that are not UTF-8": (b'{"a":"\xff"}', canonical.NotUtf8),
    "an overlong encoding": (b'{"a":"\xc0\xaf"}', canonical.NotUtf8),
    "a byte order mark": (b'\xef\xbb\xbf{"a":1}', canonical.NotJson),
    "an array": (b"[]", canonical.NotAnObject),
    "a string": (b'"a"', canonical.NotAnObject),
    "a number": (b"1", canonical.NotAnObject),
    "nothing": (b"", canonical.NotJson),
    "half an object": (b'{"a":1', canonical.NotJson),
    "two objects": (b"{}{}", canonical.NotJson),
    "a comma too many": (b'{"a":1,}', canonical.NotJson),
    "a raw control character": (b'{"a":"\x01"}', canonical.NotJson),
    "keys out of order": (b'{"b":1,"a":1}', canonical.NotCanonical),
    "a space": (b'{"a": 1}', canonical.NotCanonical),
    "a newline at the end": (b'{"a":1}\n', canonical.NotCanonical),
    "an escape that is not needed": (b'{"a":"\\u0061"}', canonical.NotCanonical),
    "an escaped slash": (b'{"a":"\\/"}', canonical.NotCanonical),
    "an escape in upper case": (b'{"a":"\\u000B"}', canonical.NotCanonical),
    "an escaped character outside ASCII": (b'{"a":"\\u5e9f"}', canonical.NotCanonical),
    "33 levels": (b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", canonical.TooDeep),
    "33 objects": (b'{"a":' * 33 + b"1" + b"}" * 33, canonical.TooDeep),
    "4,000 levels": (b'{"a":' + b"[" * 4000 + b"]" * 4000 + b"}", canonical.TooDeep),
    "more bytes than the limit": (b'{"a":"' + b"x" * LIMIT + b'"}', canonical.TooLarge),
}


@pytest.mark.parametrize(("raw", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_document_outside_the_profile_is_refused_with_its_reason(raw: bytes, reason: type[Exception]) -> None:
    with pytest.raises(canonical.CanonicalError) as refused:
        decode(raw, limit=LIMIT)
    assert type(refused.value) is reason


NEIGHBOURS = {
    "the largest integers": b'{"a":9007199254740991,"b":-9007199254740991}',
    "32 levels": b'{"a":' + b"[" * 31 + b"]" * 31 + b"}",
    "32 objects": b'{"a":' * 32 + b"1" + b"}" * 32,
    "text in NFC": '{"a":"\u00c5"}'.encode(),
    "a surrogate pair's character": '{"a":"\U0001f6e2"}'.encode(),
    "exactly the limit": b'{"a":"' + b"x" * (LIMIT - 8) + b'"}',
    "escapes that are needed": b'{"a":"\\b\\t\\n\\f\\r\\u000b\\u001f\\"\\\\/\x7f"}',
    "a mark after an escape whose letter it could join": '{"a":"\\b\u0307\\n\u0301\\u000e\u0301"}'.encode(),
    "line separators": '{"a":"\u2028\u2029"}'.encode(),
    "an empty object": b"{}",
    "underscores and digits in a key": b'{"a_1":true}',
}


@pytest.mark.parametrize("raw", NEIGHBOURS.values(), ids=NEIGHBOURS)
def test_the_nearest_document_inside_the_profile_is_accepted(raw: bytes) -> None:
    assert encode(decode(raw, limit=LIMIT)) == raw


UNENCODABLE = {
    "a float": ({"a": 1.0}, canonical.FloatRefused),
    "none": ({"a": None}, canonical.NullRefused),
    "a set": ({"a": {1}}, canonical.WrongType),
    "a tuple": ({"a": (1,)}, canonical.WrongType),
    "bytes": ({"a": b""}, canonical.WrongType),
    "a key that is no string": ({1: 1}, canonical.BadKey),
    "a large integer": ({"a": 2**53}, canonical.IntegerOutOfRange),
    "a lone surrogate": ({"a": "\ud800"}, canonical.LoneSurrogate),
    "text that is not NFC": ({"a": "e\u0301"}, canonical.NotNfc),
}


@pytest.mark.parametrize(("value", "reason"), UNENCODABLE.values(), ids=UNENCODABLE)
def test_a_value_outside_the_profile_is_never_written(value: object, reason: type[Exception]) -> None:
    with pytest.raises(reason):
        encode(value)


JCS = {
    "unicode.json": canonical.NotNfc,
    "structures.json": canonical.FloatRefused,
    "french.json": canonical.BadKey,
}


@pytest.mark.parametrize(("name", "reason"), JCS.items(), ids=JCS)
@pytest.mark.parametrize("folder", ["input", "output"])
def test_documents_of_other_canonicalisers_are_refused_with_the_reason(
    folder: str, name: str, reason: type[Exception]
) -> None:
    raw = (shared_data("vectors/jcs") / folder / name).read_bytes()
    expected = canonical.BadKey if (folder, name) == ("output", "structures.json") else reason  # there 56.0 became 56
    with pytest.raises(expected):
        decode(raw, limit=LIMIT)


def test_every_jcs_document_is_expected() -> None:
    assert {path.name for path in (shared_data("vectors/jcs") / "input").iterdir()} == set(JCS)


def test_a_file_for_people_may_have_any_layout_but_nothing_else() -> None:
    assert canonical.decode_any_layout(b'{ "b": 1,\n "a": 2 }\n', limit=LIMIT) == {"a": 2, "b": 1}
    with pytest.raises(canonical.DuplicateKey):
        canonical.decode_any_layout(b'{ "a": 1, "a": 2 }', limit=LIMIT)
