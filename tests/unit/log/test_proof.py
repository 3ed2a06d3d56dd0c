"""Proof files, receipts, the trust root and head snapshots: what holds, and that nothing near it does."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormError, LedgerError
from ledger.log import canonical, heads, proof, statement
from ledger.log.checkpoint import Policy, QuorumMissing, WrongOrigin
from ledger.log.entry import Link
from ledger.log.hashing import EMPTY_ROOT, leaf_hash
from ledger.log.heads import Absence, BadAbsence, Head, HeadExists, HeadsNotSorted, NoSuchHead, Presence
from ledger.log.keys import BadSignature
from ledger.log.merkle import BadInclusion
from ledger.log.proof import (
    BadProofForm,
    ReceiptMismatch,
    TlogProof,
    build_receipt,
    format_proof,
    parse_proof,
    verify_receipt,
)
from ledger.log.trust import Trust, WrongGenesis, verify_genesis
from ledger.log.wire import BadBase64, BadDecimal, MissingMember, UnknownMember, UnknownVersion, WrongMember
from tests.support.log_world import (
    AUTHOR,
    DRUM,
    ORIGIN,
    PARTY,
    SITE,
    SYSTEM,
    WITNESSES,
    World,
    a_policy,
    a_statement,
    a_world,
    an_entry,
    genesis,
    stream,
    uuid7,
)
from tests.support.repository import shared_data

CASES = json.loads(shared_data("vectors/note/tlog_proof_cases.json").read_bytes())
WORLD = a_world(6)
POLICY = a_policy()
RECEIPT = WORLD.receipt(3)


# --- the container


@pytest.mark.parametrize("case", CASES["valid"], ids=lambda case: case["name"])
def test_proof_files_of_others_are_read_and_written_back(case: dict[str, str]) -> None:
    assert format_proof(parse_proof(case["text"])) == case["text"]
    assert parse_proof(case["text"].encode()) == parse_proof(case["text"])


@pytest.mark.parametrize("case", CASES["invalid"], ids=lambda case: case["name"])
def test_bad_proof_files_of_others_are_refused(case: dict[str, str]) -> None:
    with pytest.raises((BadProofForm, BadBase64, BadDecimal)):
        parse_proof(case["text"])


HASH_LINE = "rzFuy5Go7nrpkhBwKy1HWPMM3eO/YePY54fXRoH5Cm4=\n"
BAD_PROOFS = {
    "nothing": "",
    "another version": "c2sp.org/tlog-proof@v2\nindex 0\n\nc\n",
    "a space after the header": "c2sp.org/tlog-proof@v1 \nindex 0\n\nc\n",
    "a line before the header": "\nc2sp.org/tlog-proof@v1\nindex 0\n\nc\n",
    "extra after the index": "c2sp.org/tlog-proof@v1\nindex 0\nextra AA==\n\nc\n",
    "extra twice": "c2sp.org/tlog-proof@v1\nextra AA==\nextra AA==\nindex 0\n\nc\n",
    "extra without a space": "c2sp.org/tlog-proof@v1\nextra\nindex 0\n\nc\n",
    "extra without padding": "c2sp.org/tlog-proof@v1\nextra AA\nindex 0\n\nc\n",
    "extra with spare bits": "c2sp.org/tlog-proof@v1\nextra AB==\nindex 0\n\nc\n",
    "an index with a leading zero": "c2sp.org/tlog-proof@v1\nindex 01\n\nc\n",
    "an index with a plus": "c2sp.org/tlog-proof@v1\nindex +1\n\nc\n",
    "an index with two spaces": "c2sp.org/tlog-proof@v1\nindex  1\n\nc\n",
    "an index of 2^63": f"c2sp.org/tlog-proof@v1\nindex {2**63}\n\nc\n",
    "no index number": "c2sp.org/tlog-proof@v1\nindex \n\nc\n",
    "a hash without padding": f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH_LINE.rstrip()[:-1]}\n\nc\n",
    "a hash with spare bits": f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH_LINE.rstrip()[:-2]}5=\n\nc\n",
    "a hash of 31 bytes": f"c2sp.org/tlog-proof@v1\nindex 0\n{'A' * 42}==\n\nc\n",
    "a space after a hash": f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH_LINE.rstrip()} \n\nc\n",
    "64 hashes": f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH_LINE * 64}\nc\n",
    "no empty line": f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH_LINE}c\n",
    "no checkpoint": "c2sp.org/tlog-proof@v1\nindex 0\n\n",
    "a checkpoint without newline": "c2sp.org/tlog-proof@v1\nindex 0\n\nc",
    "carriage returns": "c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\nc\r\n",
    "a lone surrogate": "c2sp.org/tlog-proof@v1\nindex 0\n\n\ud800\n",
    "2 MiB": "c2sp.org/tlog-proof@v1\nindex 0\n\n" + "c\n" * (1 << 20),
}


@pytest.mark.parametrize("text", BAD_PROOFS.values(), ids=BAD_PROOFS)
def test_a_proof_file_of_another_form_is_refused(text: str) -> None:
    assert parse_proof(f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH_LINE * 63}\nc\n").index == 0
    with pytest.raises((BadProofForm, BadBase64, BadDecimal)):
        parse_proof(text)


@settings(max_examples=100)
@given(
    st.none() | st.binary(max_size=80),
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
)
def test_every_proof_file_is_read_as_it_was_written(extra: bytes | None, index: int, hashes: list[bytes]) -> None:
    made = TlogProof(extra=extra, index=index, hashes=tuple(hashes), checkpoint_text="text\n\n— a b\n")
    assert parse_proof(format_proof(made)) == made


# --- receipts


def test_a_receipt_proves_who_signed_what_and_where_it_stands() -> None:
    read = verify_receipt(RECEIPT, POLICY, WORLD.trust)
    assert read.statement.raw == WORLD.statements[3]
    assert read.entry.statement == statement.statement_hash(WORLD.statements[3]).hex()
    assert (read.index, read.checkpoint, read.public_key) == (3, WORLD.checkpoint(), AUTHOR.public)
    assert read.leaf_hash == leaf_hash(WORLD.entries[3])
    assert [name for name, _ in read.witnesses] == [witness.name for witness in WITNESSES]
    assert read.level == "witnessed 3 of 3"
    assert "witnessed 3 of 3" in read.says("en")
    assert "entry 3 of 6" in read.says("en")
    assert "another history" not in read.says("en")
    assert "经 3 个见证方中的 3 个见证" in read.says("zh")


def test_a_receipt_without_witnesses_says_what_it_does_not_prove() -> None:
    read = verify_receipt(WORLD.receipt(3, WORLD.note(())), a_policy(quorum="none"), WORLD.trust)
    assert read.level == "operator only"
    assert "nobody was shown another history" in read.says("en").partition("Not proven")[2]
    assert "另一份历史" in read.says("zh").partition("未证明")[2]


def test_every_entry_of_the_log_has_its_receipt() -> None:
    for index in range(6):
        assert verify_receipt(WORLD.receipt(index), POLICY, WORLD.trust).index == index


def test_the_receipt_of_a_refused_statement_says_so() -> None:
    world = a_world(2)
    raw = a_statement(id=uuid7(90), seq=2, prev=statement.statement_hash(world.statements[1]).hex())
    world.add(raw, an_entry(raw, AUTHOR, refused="not-holder", links=(Link(stream("key", 7), 1, None),)))
    read = verify_receipt(world.receipt(2), POLICY, world.trust)
    assert read.entry.refused == "not-holder"
    assert "refused by the rule not-holder" in read.says("en")
    assert "被规则 not-holder 拒绝" in read.says("zh")


def test_no_bit_of_a_receipt_can_be_changed() -> None:
    raw = RECEIPT.encode()
    trust = WORLD.trust
    verify_receipt(raw, POLICY, trust)
    for place in range(len(raw)):
        for bit in range(8):
            changed = raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]
            with pytest.raises(LedgerError):
                verify_receipt(changed, POLICY, trust)


@settings(max_examples=100)
@given(st.data())
def test_no_byte_of_a_receipt_can_be_left_out_doubled_or_added(data: st.DataObject) -> None:
    raw = RECEIPT.encode()
    place = data.draw(st.integers(0, len(raw) - 1))
    kind = data.draw(st.sampled_from(["cut", "drop", "add"]))
    changed = {
        "cut": raw[:place],
        "drop": raw[:place] + raw[place + 1 :],
        "add": raw[:place] + data.draw(st.binary(min_size=1, max_size=1)) + raw[place:],
    }[kind]
    with pytest.raises(LedgerError):
        verify_receipt(changed, POLICY, WORLD.trust)


def mixed(world: World, place: int, **parts: Any) -> str:
    """A receipt put together from parts that may not belong together."""
    given_parts: dict[str, Any] = {
        "entry_bytes": world.entries[place],
        "statement_bytes": world.statements[place],
        "public_key": AUTHOR.public,
        "index": place,
        "hashes": parse_proof(world.receipt(place)).hashes,
        "checkpoint_note": world.note().encode(),
    }
    return build_receipt(**(given_parts | parts))


def other_ledger_world() -> World:
    world = a_world(2)
    raw = a_statement(id=uuid7(91), ledger="other.example", seq=2, prev="ab" * 32)
    world.add(raw, an_entry(raw, AUTHOR))
    return world


def unsigned_world() -> World:
    world = a_world(2)
    raw = a_statement(id=uuid7(91), seq=2, prev="ab" * 32)
    world.add(raw, an_entry(raw, SYSTEM))  # names the author's key, signed by another
    return world


def left_out_world() -> World:
    world = a_world(2)
    raw = a_statement(id=uuid7(91), seq=2, prev="ab" * 32)
    world.add(raw, an_entry(raw, AUTHOR, links=(Link(DRUM, 2, "ab" * 32),)))  # and its site's chain knows nothing
    return world


STEPS: dict[str, tuple[str, type[LedgerError]]] = {
    "another entry": (mixed(WORLD, 3, entry_bytes=WORLD.entries[2]), BadInclusion),
    "another index": (mixed(WORLD, 3, index=2), BadInclusion),
    "an index outside": (mixed(WORLD, 3, index=6), BadInclusion),
    "a hash too few": (mixed(WORLD, 3, hashes=parse_proof(RECEIPT).hashes[:-1]), BadInclusion),
    "another statement": (mixed(WORLD, 3, statement_bytes=WORLD.statements[2]), ReceiptMismatch),
    "another key": (mixed(WORLD, 3, public_key=SYSTEM.public), ReceiptMismatch),
    "a signature by another key": (mixed(unsigned_world(), 2), BadSignature),
    "an object's chain without it": (mixed(left_out_world(), 2), ReceiptMismatch),
    "a statement to another ledger": (mixed(other_ledger_world(), 2), ReceiptMismatch),
    "too few witnesses": (WORLD.receipt(3, WORLD.note(WITNESSES[:2])), QuorumMissing),
    "an older checkpoint": (mixed(WORLD, 3, checkpoint_note=a_world(5).note().encode()), BadInclusion),
}


@pytest.mark.parametrize(("text", "reason"), STEPS.values(), ids=STEPS)
def test_a_receipt_whose_parts_do_not_belong_together_fails_at_its_step(text: str, reason: type[LedgerError]) -> None:
    with pytest.raises(reason):
        verify_receipt(text, POLICY, WORLD.trust)


def test_a_receipt_of_another_log_than_the_pinned_one_is_refused() -> None:
    with pytest.raises(WrongOrigin):
        verify_receipt(RECEIPT, POLICY, dataclasses.replace(WORLD.trust, origin="other.example"))
    with pytest.raises(WrongOrigin):
        verify_receipt(RECEIPT, Policy.parse("quorum none\n"), WORLD.trust)
    with pytest.raises(ReceiptMismatch):
        verify_receipt(WORLD.receipt(0), POLICY, dataclasses.replace(WORLD.trust, genesis_leaf="ab" * 32))


def with_extra(**changes: Any) -> str:
    read = parse_proof(RECEIPT)
    assert read.extra is not None
    extra = canonical.decode(read.extra, limit=10**6) | changes
    return format_proof(dataclasses.replace(read, extra=canonical.encode(extra)))


def test_the_extra_part_of_a_receipt_is_read_strictly() -> None:
    read = parse_proof(RECEIPT)
    assert read.extra is not None
    assert format_proof(read) == RECEIPT == with_extra()
    spaced = format_proof(dataclasses.replace(read, extra=read.extra.replace(b":", b": ", 1)))
    for text, reason in (
        (with_extra(v=2), UnknownVersion),
        (with_extra(note="x"), UnknownMember),
        (with_extra(entry=1), WrongMember),
        (with_extra(entry="!"), BadBase64),
        (with_extra(public_key=AUTHOR.public.raw.hex().upper()), FormError),
        (format_proof(dataclasses.replace(read, extra=None)), BadProofForm),
        (format_proof(dataclasses.replace(read, extra=b"")), canonical.NotJson),
        (spaced, canonical.NotCanonical),
        (format_proof(dataclasses.replace(read, extra=b'{"v":1}')), MissingMember),
    ):
        with pytest.raises(reason):
            verify_receipt(text, POLICY, WORLD.trust)


def test_the_largest_statement_and_entry_fit_in_a_receipt() -> None:
    world = a_world(2)
    small = len(a_statement(id=uuid7(92), seq=2, prev="ab" * 32, body={"x": ""}))
    raw = a_statement(id=uuid7(92), seq=2, prev="ab" * 32, body={"x": "x" * (256 * 1024 - small)})
    links = tuple(Link(stream("abcdefghijk", n), 2**53 - 1, "ab" * 32) for n in range(400))
    world.add(raw, an_entry(raw, AUTHOR, links=links, refused="r" * 64))
    assert len(verify_receipt(world.receipt(2), POLICY, world.trust).statement.raw) == 256 * 1024
    assert len(world.receipt(2)) < proof.PROOF_BYTES_MAX


# --- the trust root


def test_trust_is_read_as_it_was_written_and_in_any_layout() -> None:
    trust = WORLD.trust
    assert Trust.parse(trust.format()) == trust
    assert (
        Trust.parse(json.dumps({"origin": trust.origin, "genesis_leaf": trust.genesis_leaf}, indent=2).encode())
        == trust
    )
    for document in (
        {"origin": trust.origin},
        {"origin": trust.origin, "genesis_leaf": trust.genesis_leaf, "x": 1},
        {"origin": "a b", "genesis_leaf": trust.genesis_leaf},
        {"origin": trust.origin, "genesis_leaf": trust.genesis_leaf[:-1]},
        {"origin": trust.origin, "genesis_leaf": trust.genesis_leaf.upper()},
        {"origin": 1, "genesis_leaf": trust.genesis_leaf},
    ):
        with pytest.raises(FormError):
            Trust.parse(json.dumps(document).encode())


def test_the_pinned_genesis_is_accepted() -> None:
    opened = verify_genesis(WORLD.trust, WORLD.entries[0], WORLD.statements[0])
    assert (opened.type, opened.seq, opened.ledger) == ("ledger-opened", 1, ORIGIN)


def test_any_other_genesis_is_refused() -> None:
    with pytest.raises(WrongGenesis):
        verify_genesis(WORLD.trust, WORLD.entries[1], WORLD.statements[1])
    with pytest.raises(WrongGenesis):
        verify_genesis(WORLD.trust, WORLD.entries[0], WORLD.statements[1])
    system_key = {"public_key": SYSTEM.public.raw.hex()}
    hash_ = SYSTEM.public.hash.hex()
    first: dict[str, Any] = {
        "type": "ledger-opened",
        "key": hash_,
        "about": (PARTY,),
        "body": {"system_key": system_key},
    }
    for changes, signer, entry_changes, reason in (
        ({}, AUTHOR, {}, BadSignature),
        ({}, SYSTEM, {"refused": "no"}, WrongGenesis),
        ({"ledger": "other.example"}, SYSTEM, {}, WrongGenesis),
        ({"type": "ledger-closed"}, SYSTEM, {}, WrongGenesis),
        ({"seq": 2, "prev": "ab" * 32}, SYSTEM, {}, WrongGenesis),
        ({"key": AUTHOR.public.hash.hex()}, SYSTEM, {}, WrongGenesis),
        ({"body": {"system_key": {"public_key": AUTHOR.public.raw.hex()}}}, SYSTEM, {}, WrongGenesis),
        ({"body": {"system_key": SYSTEM.public.raw.hex()}}, SYSTEM, {}, WrongMember),
        ({"body": {}}, SYSTEM, {}, WrongMember),
    ):
        raw = a_statement(**(first | changes))
        entry_bytes = an_entry(raw, signer, **({"links": (Link(PARTY, 1, None),)} | entry_changes))
        trust = Trust(origin=ORIGIN, genesis_leaf=leaf_hash(entry_bytes).hex())
        with pytest.raises(reason):
            verify_genesis(trust, entry_bytes, raw)
    assert genesis() == WORLD.statements[0]


# --- head snapshots


def a_head(number: int) -> Head:
    return Head(stream=stream("container", number), seq=number + 1, leaf=leaf_hash(bytes([number])).hex())


def test_a_head_is_hashed_as_the_canonical_leaf_seq_and_stream() -> None:
    head = a_head(1)
    document = {"leaf": head.leaf, "seq": head.seq, "stream": head.stream}
    assert heads.snapshot_root([head]) == leaf_hash(canonical.encode(document))
    assert heads.snapshot_root([]) == EMPTY_ROOT


def test_every_stream_is_proven_present_or_absent_in_every_small_snapshot() -> None:
    for count in range(9):
        held = [a_head(2 * n + 1) for n in range(count)]
        root = heads.snapshot_root(held)
        for number in range(2 * count + 1):
            name = stream("container", number)
            if number % 2:
                present = heads.prove_presence(held, name)
                assert heads.verify_presence(present, size=count, root=root) == a_head(number)
                with pytest.raises(HeadExists):
                    heads.prove_absence(held, name)
            else:
                absent = heads.prove_absence(held, name)
                assert heads.verify_absence(name, absent, size=count, root=root) == name
                with pytest.raises(NoSuchHead):
                    heads.prove_presence(held, name)


def test_a_stream_that_is_there_is_proven_absent_by_no_pair_of_neighbours() -> None:
    held = [a_head(n) for n in range(5)]
    root = heads.snapshot_root(held)
    sides: list[Presence | None] = [None, *(heads.prove_presence(held, head.stream) for head in held)]
    for head in held:
        for left in sides:
            for right in sides:
                with pytest.raises(BadAbsence):
                    heads.verify_absence(head.stream, Absence(left=left, right=right), size=5, root=root)


def test_an_absence_holds_for_its_own_snapshot_and_place_only() -> None:
    held = [a_head(2 * n + 1) for n in range(4)]
    root, name = heads.snapshot_root(held), stream("container", 4)
    good = heads.prove_absence(held, name)
    assert heads.verify_absence(name, good, size=4, root=root) == name
    assert good.left is not None
    for wrong in (
        Absence(left=dataclasses.replace(good.left, head=a_head(2)), right=good.right),
        Absence(left=dataclasses.replace(good.left, index=0), right=good.right),
        Absence(left=good.left, right=None),
        Absence(left=None, right=good.right),
        Absence(left=None, right=None),
        Absence(left=good.right, right=good.left),
    ):
        with pytest.raises((BadAbsence, BadInclusion)):
            heads.verify_absence(name, wrong, size=4, root=root)
    with pytest.raises(BadInclusion):
        heads.verify_absence(name, good, size=5, root=root)
    with pytest.raises(BadAbsence):
        heads.verify_absence(stream("container", 6), good, size=4, root=root)
    with pytest.raises(WrongMember):
        heads.verify_absence("drum", good, size=4, root=root)


def test_heads_out_of_order_or_twice_have_no_root() -> None:
    for held in ([a_head(2), a_head(1)], [a_head(1), a_head(1)]):
        with pytest.raises(HeadsNotSorted):
            heads.snapshot_root(held)


@pytest.mark.parametrize("changes", [{"stream": "drum"}, {"seq": 0}, {"seq": True}, {"leaf": "ab"}], ids=str)
def test_a_head_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"stream": SITE, "seq": 1, "leaf": "ab" * 32}
    assert Head(**fields).stream == SITE
    with pytest.raises(WrongMember):
        Head(**(fields | changes))
