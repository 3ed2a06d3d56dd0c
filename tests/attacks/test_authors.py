"""Attacks through the front door: T5, T8, T9, T16, T17, T20. Each test says what the evidence is."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ledger.log import statement
from ledger.log.checkpoint import Policy
from ledger.log.hashing import seal_commitment
from ledger.log.proof import verify_receipt
from ledger.service import Answer, SealedText, Submission
from tests.support.tamper import changed, place, rows_of
from tests.support.varied import no_codes
from tests.support.world import OIL, Device, World


def clean(world: World) -> None:
    world.look()
    assert world.ledger.verify(read_catalogue=no_codes).differences == ()


# ---------------------------------------------------------------------------------------------------- T5


def robbed(world: World) -> tuple[Device, Device, Submission, Submission]:
    """A clerk with three statements signed, the first recorded; the thief has the key and signed a second one too."""
    admin = world.party()
    clerk = world.enrol(admin, party=admin.party)
    site = world.new("site")
    assert clerk.say("container-filled", world.filled(clerk, site)).outcome == "recorded"
    forged = clerk.submit(clerk.next_bytes("container-filled", world.filled(clerk, site, grams=1)))
    clerk.say("container-filled", world.filled(clerk, site))
    third = clerk.sign("container-filled", world.filled(clerk, site))
    return admin, clerk, forged, third


def test_t5_a_stolen_key_ends_at_a_seq_and_what_it_signed_is_kept_as_evidence(world: World) -> None:
    """Evidence: both statements of the fork, each really signed; the quarantined statement; the revocation's entry."""
    admin, clerk, forged, third = robbed(world)
    fork = world.ledger.record([forged])[0]
    assert (fork.outcome, fork.code) == ("rejected", "author-fork")
    revocation = {"key": clerk.stream, "holder": admin.party, "last_seq": 2, "reason": "stolen"}
    assert admin.say("key-revoked", revocation).outcome == "recorded"
    late = world.ledger.record([third])[0]
    assert (late.outcome, late.code, late.index) == ("quarantined", "key-revoked", None)
    (kept,) = rows_of(world.ledger.engine, "author_fork")
    branch = world.ledger.record_of(kept["branch"].hex())
    for raw, signature in ((kept["bytes"], kept["signature"]), (branch.statement, None)):
        said = statement.parse(raw)
        assert (said.key, said.seq) == (clerk.key_hash, 2)
        if signature is not None:
            statement.verify_signature(raw, signature, clerk.key.public)
    (quarantined,) = rows_of(world.ledger.engine, "quarantine")
    assert quarantined["bytes"] == third.raw
    clean(world)


def test_t5_a_server_that_lets_a_revoked_key_go_on_is_convicted(world: World) -> None:
    """Evidence: the revocation, and the seq beyond it that stands in the log."""
    admin, clerk, _, third = robbed(world)
    revocation = {"key": clerk.stream, "holder": admin.party, "last_seq": 2, "reason": "stolen"}
    answer = admin.say("key-revoked", revocation)
    (row,) = (each for each in rows_of(world.ledger.engine, "author_head") if each["stream"] == clerk.stream)
    with changed(world.ledger.engine, place("author_head", "revoked_last_seq", row), None):
        corrupt = world.another_process()
        assert corrupt.record([third])[0].outcome == "recorded"
        corrupt.close()
    world.look()
    found = world.ledger.verify().differences
    index = world.ledger.record_of(answer.id or "").index
    assert [(each.check, each.index) for each in found] == [("authority", index)]
    assert found[0].expected == "at most 2 after revocation"
    assert found[0].got == "3"


# ---------------------------------------------------------------------------------------------------- T8


def test_t8_of_two_receipts_of_one_manifest_at_once_exactly_one_is_accepted(world: World) -> None:
    """Evidence: one entry accepted, one refused with its rule, both in the log."""
    shop, carrier, plant = world.party(), world.party("示例运输"), world.party("示例处置")
    second = world.enrol(plant, party=plant.party)
    here, there = {"party": shop.party, "site": world.site(shop)}, {"party": plant.party, "site": world.site(plant)}
    others = [world.another_process() for _ in range(2)]
    for _ in range(8):
        drum, manifest = world.new("container"), world.new("manifest")
        ends = {"manifest": manifest, "from": here, "to": there, "carrier": carrier.party}
        load = [{"container": drum, "code": OIL, "net_g": 180_000}]
        verdict = {
            "container": drum,
            "code": OIL,
            "decision": "accepted",
            "mass": {"basis": "weighed", "net_g": 180_000},
        }
        shop.say("container-filled", world.filled(shop, here["site"], drum))
        assert shop.say("manifest-issued", {**ends, "lines": load}).outcome == "recorded"
        assert carrier.say("manifest-collected", {**ends, "lines": load}).outcome == "recorded"
        both = [each.sign("manifest-received", {**ends, "lines": [verdict]}) for each in (plant, second)]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda pair: pair[0].record([pair[1]])[0], zip(others, both, strict=True)))
        assert sorted(each.outcome for each in answers) == ["recorded", "refused"]
        assert {each.code for each in answers} == {None, "already-received"}
        postings = [row for row in rows_of(world.ledger.engine, "posting") if row["credit_container"] == drum]
        assert sum(row["grams"] for row in postings if row["cause"] == "received") <= 180_000
    for other in others:
        other.close()
    clean(world)


# ---------------------------------------------------------------------------------------------------- T9


T9_STATEMENTS = int(os.environ.get("T9_STATEMENTS", "4000"))  # 100,000 in `make bench`
T9_AHEAD = 20  # requests that a device sends before it looks at the answers


@pytest.mark.parametrize("count", [T9_STATEMENTS])
def test_t9_statements_dropped_doubled_and_reordered_on_the_way_come_to_the_same_set(world: World, count: int) -> None:
    """Evidence: each author's chain, gap-free; the answers that ask for what is missing."""
    shops = [world.party() for _ in range(4)]
    site = world.new("site")
    waiting = [shop.sign("container-filled", world.filled(shop, site)) for _ in range(count // 4) for shop in shops]
    wanted = {statement.statement_hash(each.raw) for each in waiting}
    chance = random.Random(9)
    rounds = 0
    seen: set[str | None] = set()
    while waiting:
        rounds += 1
        assert rounds < 40 + count // 250, f"{len(waiting)} statements never arrived"
        requests = [waiting[start : start + 250] for start in range(0, len(waiting), 250)][:T9_AHEAD]
        arrives = [(n + chance.random() * 3, chance.sample(each, len(each))) for n, each in enumerate(requests)]
        arrives = [each for each in arrives if chance.random() < 0.8]  # dropped on the way
        arrives += chance.sample(arrives, len(arrives) // 5)  # doubled
        recorded: set[bytes] = set()
        for _, request in sorted(arrives, key=lambda each: each[0]):  # overtaken by others
            for each, answer in zip(request, world.ledger.record(request), strict=True):
                seen.add(answer.code)
                if answer.outcome == "recorded":
                    recorded.add(each.raw)
        waiting = [each for each in waiting if each.raw not in recorded]
    assert seen == {None, "author-gap"}
    stored = {row["hash"] for row in rows_of(world.ledger.engine, "statement")}
    assert wanted <= stored
    for shop in shops:
        standing = world.ledger.author(shop.key_hash)
        assert standing is not None
        assert (standing.seq, standing.prev) == (shop.seq, shop.prev)
    assert rows_of(world.ledger.engine, "author_fork") == []
    clean(world)


# ---------------------------------------------------------------------------------------------------- T16


def mangled(raw: bytes) -> dict[str, bytes]:
    """The same content, as another parser might also read it."""
    return {
        "a key twice": raw[:-1] + b',"v":1}',
        "another order": b'{"v":1,' + raw[1:].replace(b',"v":1}', b"}"),
        "a space": raw.replace(b'"v":1', b'"v": 1'),
        "an escape": raw.replace(b'"kind":"package"', b'"kind":"packag\\u0065"'),
        "a float": raw.replace(b'"net_g":180000', b'"net_g":180000.0'),
        "an exponent": raw.replace(b'"net_g":180000', b'"net_g":18e4'),
        "a negative zero": raw.replace(b'"net_g":180000', b'"net_g":-0'),
        "a null": raw[:-1] + b',"x":null}',
        "a byte order mark": b"\xef\xbb\xbf" + raw,
        "a newline after it": raw + b"\n",
        "a NUL after it": raw + b"\x00",
        "another composition": raw.replace("废机油".encode(), "废机油e\u0301".encode()),
        "a zero-width space": raw.replace("废机油".encode(), "废\u200b机油".encode()),
        "a bidi control": raw.replace("废机油".encode(), "废\u202e机油".encode()),
        "a lone surrogate": raw.replace("废机油".encode(), b"\xed\xa0\x80"),
        "a larger integer": raw.replace(b'"net_g":180000', b'"net_g":9007199254740993'),
        "an unknown version": raw.replace(b'"v":1}', b'"v":2}'),
    }


def test_t16_bytes_that_two_parsers_read_differently_are_refused_with_the_reason(world: World) -> None:
    """Evidence: the named reason; nothing is written."""
    shop = world.party()
    raw = shop.next_bytes("container-filled", world.filled(shop, world.new("site")))
    before = rows_of(world.ledger.engine, "statement")
    codes = set()
    for name, bad in mangled(raw).items():
        assert bad != raw, name
        answer = world.ledger.record([shop.submit(bad)])[0]
        assert answer.outcome == "rejected", name
        assert answer.error is not None
        assert answer.error.says("zh") and answer.error.says("en")
        codes.add(answer.code)
    assert len(codes) >= 10
    assert rows_of(world.ledger.engine, "statement") == before
    assert world.ledger.record([shop.submit(raw)])[0].outcome == "recorded"
    clean(world)


_L = 2**252 + 27742317777372353535851937790883648493


def test_t16_signatures_that_some_libraries_take_are_refused(world: World) -> None:
    """Evidence: `bad-signature`; nothing is written."""
    shop = world.party()
    raw = shop.next_bytes("container-filled", world.filled(shop, world.new("site")))
    good = statement.sign(raw, shop.key)
    larger_s = (int.from_bytes(good[32:], "little") + _L).to_bytes(32, "little")
    for bad in (
        good[:32] + larger_s,  # S + L: the same point, another text
        b"\x01" + bytes(31) + good[32:],  # R = identity
        bytes(64),
        good[:-1],
        good + b"\x00",
        bytes([good[0] ^ 1]) + good[1:],
    ):
        answer = world.ledger.record([Submission(raw=raw, signature=bad)])[0]
        assert (answer.outcome, answer.code) == ("rejected", "bad-signature")
    assert world.ledger.record([Submission(raw=raw, signature=good)])[0].outcome == "recorded"
    clean(world)


@pytest.mark.parametrize("public", ["01" + "00" * 31, "00" * 32, "ee" + "ff" * 30 + "7f", "01" + "00" * 30 + "80"])
def test_t16_a_key_under_which_anything_verifies_is_never_enrolled(world: World, public: str) -> None:
    """Evidence: `bad-public-key`; no such key has a standing."""
    admin = world.party()
    body: dict[str, Any] = world.ledger.enrolment(world.keys.promise, holder=admin.party, person=world.new("person"))
    answer = admin.say("key-enrolled", body | {"public_key": public})
    assert (answer.outcome, answer.code) == ("rejected", "bad-public-key")
    assert public not in {row["public_key"].hex() for row in rows_of(world.ledger.engine, "author_head")}


# ---------------------------------------------------------------------------------------------------- T17


def test_t17_after_erasure_every_proof_verifies_and_nothing_can_be_read(world: World) -> None:
    """Evidence: receipts and the whole verification hold; the ciphertext's key is destroyed."""
    shop = world.party()
    person = world.new("person")
    answers: list[Answer] = []
    for name in ("张三", "张三丰"):
        salt = world.chance.randbytes(32)
        text = SealedText(path="handler.name", salt=salt, value=name)
        handler = {"person": person, "name": {"sealed": seal_commitment(salt, text.path, name)}}
        body = world.filled(shop, world.new("site")) | {"handler": handler}
        answers.append(shop.say("container-filled", body, sealed=(text,)))
    assert [world.ledger.clear_text(each.id or "") for each in answers] == [
        {"handler.name": "张三"},
        {"handler.name": "张三丰"},
    ]
    clean(world)
    erased = world.ledger.erase(person)
    assert erased.outcome == "recorded"
    assert [world.ledger.clear_text(each.id or "") for each in answers] == [{}, {}]
    assert [row["wrapped"] for row in rows_of(world.ledger.engine, "subject_key")] == [None]
    clean(world)
    policy = Policy.parse(world.ledger.policy_text())
    for each in (*answers, erased):
        receipt = world.ledger.receipt(each.id or "")
        assert isinstance(receipt, str)
        assert verify_receipt(receipt, policy, world.ledger.trust()) is not None
        assert "张三" not in receipt


# ---------------------------------------------------------------------------------------------------- T20


def test_t20_a_statement_for_another_ledger_is_refused(world: World) -> None:
    """Evidence: `wrong-ledger`, naming both; nothing is written."""
    shop = world.party()
    body = world.filled(shop, world.new("site"))
    other = shop.next_bytes("container-filled", body, ledger="other.example/park")
    answer = world.ledger.record([shop.submit(other)])[0]
    assert (answer.outcome, answer.code) == ("rejected", "wrong-ledger")
    assert answer.error is not None
    assert "other.example/park" in answer.error.says("en")
    clean(world)


def test_t20_nobody_speaks_in_anothers_chain_or_name(world: World) -> None:
    """Evidence: the signature or the standing that does not fit; nothing is written, nobody's chain moves."""
    shop, thief = world.party(), world.party("另一家")
    body = world.filled(shop, world.new("site"))
    before = (world.ledger.author(shop.key_hash), world.ledger.author(thief.key_hash))
    stolen_seq = shop.next_bytes("container-filled", body)
    attempts: list[tuple[bytes, Device, str]] = [
        (stolen_seq, thief, "bad-signature"),  # the shop's key and seq, signed by another
        (thief.next_bytes("container-filled", body, party=shop.party), thief, "wrong-author"),
        (thief.next_bytes("container-filled", body, by=shop.person), thief, "wrong-author"),
    ]
    for raw, signer, code in attempts:
        answer = world.ledger.record([signer.submit(raw)])[0]
        assert (answer.outcome, answer.code) == ("rejected", code)
    assert (world.ledger.author(shop.key_hash), world.ledger.author(thief.key_hash)) == before
    clean(world)
