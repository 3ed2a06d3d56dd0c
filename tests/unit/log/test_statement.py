"""Statements, entries, promises and ids: strict forms, each valid one beside its nearest invalid neighbours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormError
from ledger.log import canonical, entry, ids, promise, statement, wire
from ledger.log.entry import Entry, Link
from ledger.log.hashing import sha256
from ledger.log.keys import BadSignature
from ledger.log.statement import Seen, Statement
from tests.support.log_world import (
    AUTHOR,
    DRUM,
    ORIGIN,
    PARTY,
    PERSON,
    SITE,
    SYSTEM,
    a_statement,
    an_entry,
    stream,
    uuid7,
)

RAW = a_statement(seq=2, prev="ab" * 32)
HASH = "cd" * 32


def changed(raw: bytes, remove: tuple[str, ...] = (), **changes: Any) -> bytes:
    document = canonical.decode(raw, limit=1 << 20) | changes
    return canonical.encode({key: value for key, value in document.items() if key not in remove})


def test_a_statement_is_read_as_it_was_built() -> None:
    read = statement.parse(RAW)
    assert read.raw == RAW
    assert read.hash == statement.statement_hash(RAW) == sha256(b"wasteledger/statement/v1\n" + RAW)
    assert (read.ledger, read.type, read.id, read.party, read.by) == (
        ORIGIN,
        "container-filled",
        uuid7(10),
        PARTY,
        PERSON,
    )
    assert (read.key, read.custody, read.seq, read.prev) == (AUTHOR.public.hash.hex(), None, 2, "ab" * 32)
    assert read.about == (DRUM, SITE)
    assert read.seen.size == 0
    assert read.body["mass"] == {"g": 180_500}


def test_a_statement_is_signed_over_its_prefixed_bytes() -> None:
    signature = statement.sign(RAW, AUTHOR)
    assert statement.signed_message(RAW) == b"wasteledger/statement/v1\n" + RAW
    assert statement.verify_signature(RAW, signature, AUTHOR.public) == RAW
    for raw, key in ((RAW[:-1] + b" ", AUTHOR.public), (RAW, SYSTEM.public)):
        with pytest.raises(BadSignature):
            statement.verify_signature(raw, signature, key)


ACCEPTED: dict[str, dict[str, Any]] = {
    "seq 1": {"seq": 1, "remove": ("prev",)},
    "a custodial key": {"custody": "server"},
    "a numbered type": {"type": "container-filled.2"},
    "256 streams": {"about": [stream("container", n) for n in range(256)]},
    "an empty body": {"body": {}},
    "a leap day": {"at": "2024-02-29T23:59:59.999Z"},
    "the last seq": {"seq": 2**53 - 1},
    "a plain person id": {"by": "p-1"},
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_a_statement_of_the_right_form_is_accepted(changes: dict[str, Any]) -> None:
    raw = changed(RAW, **changes)
    assert statement.parse(raw).raw == raw


UPPER = DRUM.upper()
REFUSED: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "version 2": ({"v": 2}, wire.UnknownVersion),
    "version true": ({"v": True}, wire.UnknownVersion),
    "version as text": ({"v": "1"}, wire.UnknownVersion),
    "no version": ({"remove": ("v",)}, wire.MissingMember),
    "an unknown member": ({"note": "x"}, wire.UnknownMember),
    "no body": ({"remove": ("body",)}, wire.MissingMember),
    "no prev after seq 1": ({"remove": ("prev",)}, wire.WrongMember),
    "prev at seq 1": ({"seq": 1}, wire.WrongMember),
    "seq 0": ({"seq": 0}, wire.WrongMember),
    "seq true": ({"seq": True}, wire.WrongMember),
    "a short prev": ({"prev": "ab" * 31}, wire.WrongMember),
    "prev in capitals": ({"prev": "AB" * 32}, wire.WrongMember),
    "a short key": ({"key": "ab" * 31 + "a"}, wire.WrongMember),
    "custody elsewhere": ({"custody": "client"}, wire.WrongMember),
    "a ledger with a space": ({"ledger": "a b"}, wire.WrongMember),
    "a ledger with a plus": ({"ledger": "a+b"}, wire.WrongMember),
    "an empty ledger": ({"ledger": ""}, wire.WrongMember),
    "a ledger of 256 bytes": ({"ledger": "a" * 256}, wire.WrongMember),
    "a type in capitals": ({"type": "Container"}, wire.WrongMember),
    "a type with two dots": ({"type": "a.2.3"}, wire.WrongMember),
    "a type ending in a newline": ({"type": "a\n"}, wire.WrongMember),
    "a uuid4": ({"id": "01890a5d-ac96-474b-bcce-b302099a8057"}, wire.WrongMember),
    "another variant": ({"id": "01890a5d-ac96-774b-ccce-b302099a8057"}, wire.WrongMember),
    "a uuid in capitals": ({"id": uuid7(10).upper().replace("0", "A")}, wire.WrongMember),
    "a party without kind": ({"party": uuid7(1)}, wire.WrongMember),
    "a kind of 12 letters": ({"party": f"abcdefghijkl:{uuid7(1)}"}, wire.WrongMember),
    "an empty person": ({"by": ""}, wire.WrongMember),
    "a person's name": ({"by": "张三"}, wire.WrongMember),
    "an address": ({"by": "a b"}, wire.WrongMember),
    "no day 30 in February": ({"at": "2026-02-30T00:00:00.000Z"}, wire.WrongMember),
    "no leap day": ({"at": "2026-02-29T00:00:00.000Z"}, wire.WrongMember),
    "the year zero": ({"at": "0000-01-01T00:00:00.000Z"}, wire.WrongMember),
    "hour 24": ({"at": "2026-02-01T24:00:00.000Z"}, wire.WrongMember),
    "a leap second": ({"at": "2026-06-30T23:59:60.000Z"}, wire.WrongMember),
    "two decimals": ({"at": "2026-02-01T00:00:00.00Z"}, wire.WrongMember),
    "an offset": ({"at": "2026-02-01T00:00:00.000+00:00"}, wire.WrongMember),
    "a small z": ({"at": "2026-02-01T00:00:00.000z"}, wire.WrongMember),
    "seen as text": ({"seen": "0"}, wire.WrongMember),
    "seen without root": ({"seen": {"size": 0}}, wire.MissingMember),
    "seen with more": ({"seen": {"size": 0, "root": HASH, "note": "x"}}, wire.UnknownMember),
    "seen a negative size": ({"seen": {"size": -1, "root": HASH}}, wire.WrongMember),
    "seen a short root": ({"seen": {"size": 0, "root": HASH[:-2]}}, wire.WrongMember),
    "about nothing": ({"about": []}, wire.WrongMember),
    "about out of order": ({"about": [SITE, DRUM]}, wire.WrongMember),
    "about one thing twice": ({"about": [DRUM, DRUM]}, wire.WrongMember),
    "about no stream": ({"about": ["drum"]}, wire.WrongMember),
    "about a number": ({"about": [1]}, wire.WrongMember),
    "about 257 streams": ({"about": [stream("container", n) for n in range(257)]}, wire.WrongMember),
    "a body that is a list": ({"body": []}, wire.WrongMember),
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_statement_of_another_form_is_refused_with_its_reason(
    changes: dict[str, Any], reason: type[Exception]
) -> None:
    with pytest.raises(FormError) as refused:
        statement.parse(changed(RAW, **changes))
    assert type(refused.value) is reason


def test_build_refuses_what_parse_refuses() -> None:
    with pytest.raises(wire.WrongMember):
        a_statement(about=[SITE, DRUM])
    with pytest.raises(canonical.FloatRefused):
        a_statement(body={"mass": 1.5})


def _judged(read: Any, raw: bytes) -> Any:
    try:
        return read(raw, None)
    except FormError as error:
        return error.code


@pytest.mark.parametrize("raw", [RAW, changed(RAW, custody="server", body={"text": "废机油\n"}), a_statement()])
def test_with_any_byte_changed_the_patterns_and_the_members_one_by_one_judge_alike(raw: bytes) -> None:
    assert statement._regular(raw, None) == statement._examined(raw, None)
    for at in range(len(raw)):
        for other in (b"", b"0", b"9", b"a", b"F", b'"', b",", b"}", b" ", b"\\", b"\xcc\x80", raw[at : at + 1] * 2):
            other_raw = raw[:at] + other + raw[at + 1 :]
            assert _judged(statement.parse, other_raw) == _judged(statement._examined, other_raw)


@pytest.mark.parametrize("custody", [None, "server"])
def test_a_statement_that_goes_on_as_foreseen_is_in_order_with_any_byte_changed(custody: str | None) -> None:
    first = statement.parse(a_statement(custody=custody))
    raw = a_statement(seq=2, prev=HASH, custody=custody, body={"text": "废机油\n"})
    author, taken = statement.author_of(first), 0
    for at in range(len(raw)):
        for other in (raw[at : at + 1], b"", b"0", b"9", b"a", b"F", b'"', b",", b"}", b" ", b"\\", b"\xcc\x80", b"1e"):
            changed_raw = raw[:at] + other + raw[at + 1 :]
            for id_ in (first.id, first.id[:-1] + "0"):
                told = statement.continued(changed_raw, author, id_, 2, HASH)
                if told is not None:
                    read = statement.parse(changed_raw)
                    assert told == (read.about, read.seen, read.type)
                    assert (read.id, read.seq, read.prev) == (id_, 2, HASH)
                    assert statement.author_of(read) == author
                    taken += 1
    assert taken > len(raw)
    assert statement.continued(raw, author, first.id, 3, HASH) is None
    assert statement.continued(raw, author, first.id, 2, "0" + HASH[1:]) is None


def test_an_entry_that_accepts_as_foreseen_is_in_order_with_any_byte_changed() -> None:
    linked = (Link(DRUM, 1, None), Link(SITE, 7, HASH))
    received_at, signature = "2026-02-25T06:13:21.000Z", bytes(range(64))
    fields: dict[str, Any] = {"statement": HASH, "signature": wire.encode_base64(signature), "links": linked}
    raw, taken = entry.build(**fields, received_at=received_at), 0
    for at in range(len(raw)):
        for other in (raw[at : at + 1], b"", b"0", b"1", b"3", b"9", b"Z", b'"', b",", b"}", b" ", b"\xcc\x80"):
            changed_raw = raw[:at] + other + raw[at + 1 :]
            told = entry.accepted_as(changed_raw, HASH, signature, linked)
            if told is not None:
                assert entry.parse(changed_raw) == Entry(**fields, received_at=told, refused=None)
                taken += 1
    assert taken > len(raw)
    assert entry.accepted_as(raw, HASH, signature[:63], linked) is None
    assert entry.accepted_as(raw, HASH, signature, linked[:1]) is None
    refused = entry.build(**fields, received_at=received_at, refused="not-holder")
    assert entry.accepted_as(refused, HASH, signature, linked) is None


def test_a_statement_has_at_most_256_kib() -> None:
    room = 256 * 1024 - len(a_statement(body={"x": ""}))
    raw = a_statement(body={"x": "x" * room})
    assert len(statement.parse(raw).raw) == 256 * 1024
    with pytest.raises(canonical.TooLarge):
        a_statement(body={"x": "x" * (room + 1)})
    with pytest.raises(canonical.TooLarge):
        statement.parse(raw[:-3] + b'x"}}')


# --- entries

streams = st.sets(st.integers(0, 50), min_size=1, max_size=4).map(
    lambda ns: [stream("container", n) for n in sorted(ns)]
)
links = streams.flatmap(
    lambda names: st.tuples(
        *(
            st.builds(
                lambda name, seq: Link(name, seq, None if seq == 1 else HASH), st.just(name), st.integers(1, 2**53 - 1)
            )
            for name in names
        )
    )
)


@settings(max_examples=100)
@given(links, st.none() | st.sampled_from(["mass-below-zero", "not-holder"]), st.binary(min_size=64, max_size=64))
def test_the_handwritten_entry_has_canonical_bytes_and_is_read_back(
    linked: tuple[Link, ...], refused: str | None, signature: bytes
) -> None:
    fields: dict[str, Any] = {
        "statement": HASH,
        "signature": wire.encode_base64(signature),
        "received_at": "2026-02-25T06:13:21.000Z",
    }
    raw = entry.build(**fields, links=linked, refused=refused)
    document: dict[str, Any] = fields | {"v": 1, "links": []}
    for link in linked:
        written: dict[str, Any] = {"stream": link.stream, "seq": link.seq}
        document["links"].append(written if link.prev is None else written | {"prev": link.prev})
    if refused is not None:
        document["refused"] = refused
    assert raw == canonical.encode(document)
    assert entry.parse(raw) == Entry(**fields, links=linked, refused=refused)


ENTRY = an_entry(RAW, AUTHOR)
SIGNATURE = entry.parse(ENTRY).signature
BAD_ENTRIES: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "version 2": ({"v": 2}, wire.UnknownVersion),
    "an unknown member": ({"index": 1}, wire.UnknownMember),
    "no links": ({"links": []}, wire.WrongMember),
    "links in an object": ({"links": {}}, wire.WrongMember),
    "a link that is text": ({"links": [DRUM]}, wire.WrongMember),
    "a link with more": ({"links": [{"stream": DRUM, "seq": 1, "leaf": HASH}]}, wire.UnknownMember),
    "a link without seq": ({"links": [{"stream": DRUM}]}, wire.MissingMember),
    "a link at seq 0": ({"links": [{"stream": DRUM, "seq": 0}]}, wire.WrongMember),
    "prev at seq 1": ({"links": [{"stream": DRUM, "seq": 1, "prev": HASH}]}, wire.WrongMember),
    "no prev at seq 2": ({"links": [{"stream": DRUM, "seq": 2}]}, wire.WrongMember),
    "a link to no stream": ({"links": [{"stream": "drum", "seq": 1}]}, wire.WrongMember),
    "links out of order": ({"links": [{"stream": SITE, "seq": 1}, {"stream": DRUM, "seq": 1}]}, wire.WrongMember),
    "one stream twice": ({"links": [{"stream": DRUM, "seq": 1}, {"stream": DRUM, "seq": 1}]}, wire.WrongMember),
    "a short statement hash": ({"statement": HASH[:-1]}, wire.WrongMember),
    "a signature of 63 bytes": ({"signature": wire.encode_base64(bytes(63))}, wire.WrongMember),
    "a signature of 66 bytes": ({"signature": wire.encode_base64(bytes(66))}, wire.WrongMember),
    "a signature in other base64": ({"signature": "-" * 86 + "=="}, wire.BadBase64),
    "a signature with spare bits": ({"signature": "A" * 85 + "B=="}, wire.BadBase64),
    "a code in capitals": ({"refused": "Bad"}, wire.WrongMember),
    "an empty code": ({"refused": ""}, wire.WrongMember),
    "a time without decimals": ({"received_at": "2026-02-25T06:13:21Z"}, wire.WrongMember),
}


@pytest.mark.parametrize(("changes", "reason"), BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_an_entry_of_another_form_is_refused_with_its_reason(changes: dict[str, Any], reason: type[Exception]) -> None:
    assert entry.parse(ENTRY).links == (Link(DRUM, 1, None), Link(SITE, 1, None))
    with pytest.raises(FormError) as refused:
        entry.parse(changed(ENTRY, **changes))
    assert type(refused.value) is reason


def long_links(count: int, shorter: int = 0) -> tuple[Link, ...]:
    """Links of the longest kind and seq there are, `shorter` digits fewer in all."""
    made = []
    for n in range(count):
        less = min(15, shorter)
        made.append(Link(stream("abcdefghijk", n), (2**53 - 1) // 10**less, HASH))
        shorter -= less
    return tuple(made)


def test_the_entry_of_256_streams_fits() -> None:
    raw = an_entry(RAW, AUTHOR, links=long_links(256), refused="a" * 64)
    assert len(raw) <= 65_535
    assert entry.parse(raw).links == long_links(256)


def test_an_entry_has_at_most_65_535_bytes() -> None:
    one, two = (len(an_entry(RAW, AUTHOR, links=long_links(n))) for n in (1, 2))
    count = 2 + (65_535 - one) // (two - one)  # one link too many
    over = one + (count - 1) * (two - one) - 65_535
    full = an_entry(RAW, AUTHOR, links=long_links(count, over))
    assert len(full) == 65_535
    assert len(entry.parse(full).links) == count
    with pytest.raises(canonical.TooLarge):
        an_entry(RAW, AUTHOR, links=long_links(count, over - 1))


# --- promises

PROMISE = {
    "ledger": ORIGIN,
    "statement": HASH,
    "received_at": "2026-02-25T06:13:21.000Z",
    "deadline": "2026-02-26T06:13:21.000Z",
}


def test_a_promise_is_read_as_it_was_built_and_holds_for_its_own_key_and_bytes_only() -> None:
    raw = promise.build(**PROMISE)
    signature = promise.sign(raw, SYSTEM)
    assert promise.verify(raw, signature, SYSTEM.public) == promise.parse(raw) == promise.Promise(**PROMISE)
    SYSTEM.public.verify(signature, b"wasteledger/promise/v1\n" + raw)
    for other in (raw.replace(b"cd", b"ce", 1), raw.replace(b"-26T", b"-27T")):
        with pytest.raises(BadSignature):
            promise.verify(other, signature, SYSTEM.public)
    with pytest.raises(BadSignature):
        promise.verify(raw, signature, AUTHOR.public)
    with pytest.raises(BadSignature):
        statement.verify_signature(raw, signature, SYSTEM.public)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"deadline": PROMISE["received_at"]},
        {"deadline": "2026-02-30T00:00:00.000Z"},
        {"received_at": "2026-02-25"},
        {"statement": "cd"},
        {"ledger": "a b"},
        {"index": 1},
        {"remove": ("statement",)},
    ],
    ids=str,
)
def test_a_promise_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(FormError):
        promise.parse(changed(promise.build(**PROMISE), **changes))


# --- ids


@settings(max_examples=100)
@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_uuid7_keeps_its_milliseconds_and_74_random_bits(unix_ms: int, random10: bytes) -> None:
    made = ids.new_uuid7(unix_ms, random10)
    assert ids.is_uuid7(made)
    assert ids.uuid7_ms(made) == unix_ms
    random = int.from_bytes(random10, "big")
    bits = int(made.replace("-", ""), 16)
    assert bits >> 64 & 0xFFF == random >> 64 & 0xFFF
    assert bits & (1 << 62) - 1 == random & (1 << 62) - 1


def test_a_uuid7_is_not_made_of_too_few_random_bytes_or_too_large_a_time() -> None:
    for unix_ms, random10 in ((-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9)), (0, bytes(11))):
        with pytest.raises(ids.IdForm):
            ids.new_uuid7(unix_ms, random10)
    with pytest.raises(ids.IdForm):
        ids.uuid7_ms("x")


def test_a_stream_is_a_short_kind_and_a_uuid7_in_at_most_48_bytes() -> None:
    assert ids.is_stream(f"abcdefghijk:{uuid7(1)}")
    assert len(f"abcdefghijk:{uuid7(1)}") == 48
    for text in (f"abcdefghijkl:{uuid7(1)}", f":{uuid7(1)}", uuid7(1), f"Drum:{uuid7(1)}", f"{DRUM}\n", UPPER, 7, None):
        assert not ids.is_stream(text)


def test_a_statement_object_says_what_it_holds_in_one_way() -> None:
    read = statement.parse(RAW)
    again = Statement.build(
        **{name: getattr(read, name) for name in json.loads(RAW) if name not in ("v", "seen")},
        seen=Seen(size=read.seen.size, root=read.seen.root),
    )
    assert again == RAW
