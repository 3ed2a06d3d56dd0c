"""What travels with a paper: as a document and as codes, whole or not at all."""

from __future__ import annotations

import base64
import random
import zlib
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormError
from ledger.labels import qr
from ledger.log import canonical
from ledger.log.hashing import sha256
from ledger.log.proof import verify_receipt
from ledger.papers import packet as packets
from ledger.papers.packet import CODES_MAX, CodesIncomplete, NoPaper, Packet
from tests.support import log_world as world
from tests.unit.papers.conftest import a_packet


def test_a_document_and_the_codes_carry_the_same_proofs(packet: Packet) -> None:
    assert packets.parse(packet.encode()) == packet
    texts = list(packets.codes(packet))
    random.Random(1).shuffle(texts)
    bare = replace(packet, facts=None, filled={}, layout=0, link="")
    assert packets.unpack([*texts, texts[0].lower()]) == bare
    assert bare.digest == packet.digest, "what is filled in or stated changes no proof"


def test_every_entry_has_a_receipt_that_the_log_itself_would_give(packet: Packet) -> None:
    log = world.a_world()
    made = list(packet.receipts())
    assert made == [log.receipt(n) for n in range(5)]
    proven = [verify_receipt(receipt, world.a_policy(), log.trust) for receipt in made]
    assert [each.index for each in proven] == [0, 1, 2, 3, 4]


def test_each_code_fits_the_alphanumeric_mode_and_117_modules(packet: Packet) -> None:
    texts = packets.codes(packet)
    assert len(texts) > 1
    alphabet = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert set("".join(texts)) <= alphabet
    assert max(len(qr.modules(text, rough=False)) for text in texts) <= 117


def test_a_packet_too_long_for_codes_has_none() -> None:
    long = a_packet(size=100)
    assert len(long.packed()) > CODES_MAX * 875
    assert packets.codes(long) == ()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda texts: texts[1:], "without 1"),
        (lambda texts: [*texts[:-1], texts[-1].replace(":", "/", 1)], "code"),
        (lambda texts: [t.replace(":A", ":B", 1) if ":A" in t else t[:-1] + "2" for t in texts], ""),
        (lambda texts: [texts[0][:-1] + ("A" if texts[0][-1] != "A" else "B"), *texts[1:]], "digest"),
        (lambda texts: [*texts, *packets.codes(a_packet(size=4))], "of one paper"),
        (lambda texts: [], "of 0"),
    ],
)
def test_codes_that_are_missing_misread_or_mixed_are_refused(packet: Packet, spoil: Any, said: str) -> None:
    with pytest.raises(FormError) as refused:
        packets.unpack(spoil(list(packets.codes(packet))))
    assert isinstance(refused.value, NoPaper | CodesIncomplete)
    assert said in str(refused.value)


def test_a_small_code_that_would_unpack_to_a_mountain_is_refused() -> None:
    packed = zlib.compress(b" " * (packets.BYTES_MAX + 1_000), 9)
    text = base64.b32encode(packed).decode().rstrip("=")
    digest = base64.b32encode(sha256(packed)[:10]).decode()
    chunks = [text[at : at + 3_000] for at in range(0, len(text), 3_000)]
    with pytest.raises(FormError):
        packets.unpack(f"WLP1:{n}/{len(chunks)}:{digest}:{chunk}" for n, chunk in enumerate(chunks, 1))


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"more": 1},
        {"kind": 7},
        {"keys": base64.b64encode(bytes(31)).decode()},
        {"nodes": ""},
        {"filled": [{"at": "x"}]},
        {"entries": [1]},
    ],
)
def test_a_document_of_another_form_is_refused(packet: Packet, change: dict[str, Any]) -> None:
    document = orjson.loads(packet.encode()) | change
    with pytest.raises(FormError):
        packets.parse(canonical.encode(document))


def test_a_document_is_read_in_its_one_form_only(packet: Packet) -> None:
    with pytest.raises(FormError):
        packets.parse(packet.encode().replace(b'"kind"', b' "kind"', 1))


def test_the_first_code_is_read_back(packet: Packet) -> None:
    head = packets.head_of(packet)
    assert packets.parse_head(head.text) == head
    assert (head.size, head.indexes) == (5, "0-4")
    assert packets.parse_head(packet.link) is None
    assert packets.parse_head(packets.codes(packet)[0]) is None


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 300), max_size=60))
def test_ranges_name_exactly_the_numbers(numbers: set[int]) -> None:
    told: set[int] = set()
    for part in filter(None, packets.ranges(numbers).split(",")):
        first, _, last = part.partition("-")
        told |= set(range(int(first), int(last or first) + 1))
    assert told == numbers


@pytest.mark.parametrize("size", ["9" * 5000, "١٢"])
def test_a_first_code_whose_size_is_none_is_no_first_code(size: str) -> None:
    code = f"https://a.example/m#wlp1.{{}}.{'A' * 43}.{'A' * 16}"
    assert packets.parse_head(code.format("12")) is not None
    assert packets.parse_head(code.format(size)) is None
