"""The golden vectors: the code still writes them, and other code than ours reads them as they say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.log import canonical
from ledger.log.checkpoint import Policy
from ledger.log.proof import verify_receipt
from ledger.log.trust import Trust
from tests.support import vectors
from tests.support.ed25519_reference import accepts_key


def load(name: str) -> Any:
    return json.loads((vectors.FOLDER / f"{name}.json").read_text("ascii"))


@pytest.mark.parametrize("name", vectors.VECTORS)
def test_the_vectors_on_file_are_those_the_code_writes(name: str) -> None:
    assert (vectors.FOLDER / f"{name}.json").read_text("ascii") == vectors.written(name), "see make vectors"


def test_no_vector_file_is_without_its_maker() -> None:
    assert {path.stem for path in vectors.FOLDER.iterdir()} == set(vectors.VECTORS)


def test_canonical_vectors_are_those_of_rfc8785_and_refused_ones_are_refused() -> None:
    cases = load("canonical")
    for case in cases["accepted"]:
        assert rfc8785.dumps(case["value"]).hex() == case["hex"]
    codes = []
    for case in cases["refused"]:
        with pytest.raises(canonical.CanonicalError) as refused:
            canonical.decode(bytes.fromhex(case["hex"]), limit=10_000)
        assert refused.value.code == case["code"]
        codes.append(case["code"])
    assert len(set(codes)) == 13


def test_key_vectors_are_those_of_the_cryptography_package_and_of_plain_integers() -> None:
    cases = load("keys")
    for case in cases["keys"].values():
        raw = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(case["seed"])).public_key().public_bytes_raw()
        assert raw.hex() == case["public_key"]
        assert hashlib.sha256(raw).hexdigest() == case["key"]
        assert accepts_key(raw)
    assert not any(accepts_key(bytes.fromhex(text)) for text in cases["refused_as_key_and_as_r"])


def test_statement_vectors_hash_and_verify_by_hand() -> None:
    keys = load("keys")["keys"]
    for index, case in enumerate(load("statements")):
        raw = case["raw"].encode()
        message = b"wasteledger/statement/v1\n" + raw
        public = Ed25519PublicKey.from_public_bytes(
            bytes.fromhex(keys["system" if index == 0 else "author"]["public_key"])
        )
        public.verify(base64.b64decode(case["signature"]), message)
        assert hashlib.sha256(message).hexdigest() == case["hash"]
        entry = json.loads(case["entry"])
        assert (entry["statement"], entry["signature"]) == (case["hash"], case["signature"])
        assert hashlib.sha256(b"\0" + case["entry"].encode()).hexdigest() == case["leaf_hash"]
        assert rfc8785.dumps(json.loads(case["raw"])) == raw
        assert rfc8785.dumps(entry).decode() == case["entry"]


def test_receipt_vectors_verify_from_the_three_files_alone() -> None:
    case = load("receipts")
    read = verify_receipt(case["receipt"], Policy.parse(case["policy"]), Trust.parse(case["trust"].encode()))
    assert {"en": read.level, "zh": read.level_zh} == case["level"]
    assert {"en": read.says("en"), "zh": read.says("zh")} == case["says"]
    assert case["receipt"].endswith("\n\n" + case["checkpoint_note"])


def test_small_vectors_follow_from_the_formulas() -> None:
    case = load("small_forms")
    seal = case["seal"]
    message = seal["path"].encode() + b"\0" + seal["value"].encode()
    assert hmac.new(bytes.fromhex(seal["salt"]), message, hashlib.sha256).hexdigest() == seal["sealed"]
    made = uuid.UUID(case["uuid7"]["uuid7"])
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, case["uuid7"]["unix_ms"])
    leaves = [hashlib.sha256(b"\0" + rfc8785.dumps(head)).digest() for head in case["heads"]["heads"]]
    left = hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest()
    assert hashlib.sha256(b"\1" + left + leaves[2]).hexdigest() == case["heads"]["root"]
