"""A newer checkpoint is believed only when the log signed it and it extends the one seen before."""

from __future__ import annotations

import random

import pytest

from ledger.log.checkpoint import Checkpoint, sign_checkpoint
from ledger.log.hashing import leaf_hash
from ledger.log.keys import PrivateKey
from ledger.log.merkle import BadConsistency, root_of
from ledger.log.note import NoteNotSigned, SignerKey
from ledger.log.statement import Seen
from ledger.log.tiles import ReadTile
from ledger.log.witness import NOTHING_SEEN, verify_newer

CHANCE = random.Random(7)
ORIGIN = "ledger.example/park"
LOG = SignerKey(ORIGIN, PrivateKey(CHANCE.randbytes(32)))
LEAVES = [leaf_hash(bytes([n])) for n in range(9)]


def tiles(leaves: list[bytes]) -> ReadTile:
    return lambda level, index, width: b"".join(leaves[:width]) if (level, index) == (0, 0) else b""


def note(leaves: list[bytes], signer: SignerKey = LOG) -> bytes:
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=len(leaves), root=root_of(leaves)), signer).encode()


def seen(leaves: list[bytes]) -> Seen:
    return Seen(size=len(leaves), root=root_of(leaves).hex())


@pytest.mark.parametrize("before", range(1, 9))
def test_a_newer_checkpoint_is_adopted_when_it_extends_the_one_seen(before: int) -> None:
    newer = verify_newer(note(LEAVES), LOG.verifier, seen(LEAVES[:before]), tiles(LEAVES))
    assert (newer.size, newer.root) == (9, root_of(LEAVES))


def test_the_first_checkpoint_needs_the_logs_signature_only() -> None:
    assert verify_newer(note(LEAVES), LOG.verifier, NOTHING_SEEN, tiles(LEAVES)).size == 9
    stranger = SignerKey(ORIGIN, PrivateKey(CHANCE.randbytes(32)))
    with pytest.raises(NoteNotSigned):
        verify_newer(note(LEAVES, stranger), LOG.verifier, NOTHING_SEEN, tiles(LEAVES))


def test_another_history_and_a_smaller_one_are_refused() -> None:
    other = [leaf_hash(b"other"), *LEAVES[1:]]
    for shown, before in ((LEAVES, other[:5]), (LEAVES[:4], LEAVES), (other, LEAVES)):
        with pytest.raises(BadConsistency):
            verify_newer(note(shown), LOG.verifier, seen(before), tiles(shown))
