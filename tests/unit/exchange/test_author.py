"""An author's chain at the edge: numbered, linked and signed; sealed where personal; adopting only what extends."""

from __future__ import annotations

import random

import pytest

from ledger.custody.events import Event, parse
from ledger.custody.wire import ANY_CODES
from ledger.exchange.author import NOTHING_SEEN, AuthorChain, seal, verify_newer
from ledger.log import statement
from ledger.log.checkpoint import Checkpoint, sign_checkpoint
from ledger.log.hashing import leaf_hash, verify_seal
from ledger.log.ids import new_uuid7
from ledger.log.keys import PrivateKey
from ledger.log.merkle import BadConsistency, root_of
from ledger.log.note import NoteNotSigned, SignerKey
from ledger.log.statement import Seen
from ledger.log.tiles import ReadTile

CHANCE = random.Random(7)
ORIGIN = "ledger.example/park"
LOG = SignerKey(ORIGIN, PrivateKey(CHANCE.randbytes(32)))
LEAVES = [leaf_hash(bytes([n])) for n in range(9)]


def uuid7() -> str:
    return new_uuid7(1_760_000_000_000, CHANCE.randbytes(10))


def chain() -> AuthorChain:
    key = PrivateKey(CHANCE.randbytes(32))
    return AuthorChain(key=key, ledger=ORIGIN, party=f"party:{uuid7()}", person=f"person:{uuid7()}")


def stored(party: str) -> Event:
    body = {
        "container": f"container:{uuid7()}",
        "place": {"party": party, "site": f"site:{uuid7()}"},
        "facility": f"facility:{uuid7()}",
    }
    return parse("container-stored", body, ANY_CODES)


def tiles(leaves: list[bytes]) -> ReadTile:
    return lambda level, index, width: b"".join(leaves[:width]) if (level, index) == (0, 0) else b""


def note(leaves: list[bytes], signer: SignerKey = LOG) -> bytes:
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=len(leaves), root=root_of(leaves)), signer).encode()


def seen(leaves: list[bytes]) -> Seen:
    return Seen(size=len(leaves), root=root_of(leaves).hex())


def test_statements_are_numbered_linked_and_signed_over_what_the_event_concerns() -> None:
    author = chain()
    events = [stored(author.party) for _ in range(3)]
    made = [author.statement(event, "2026-03-01T00:00:00.000Z", uuid7()) for event in events]
    read = [statement.parse(each.raw) for each in made]
    assert [each.seq for each in read] == [1, 2, 3]
    assert [each.prev for each in read] == [None, read[0].hash.hex(), read[1].hash.hex()]
    for event, each, said in zip(events, made, read, strict=True):
        statement.verify_signature(each.raw, each.signature, author.key.public)
        assert said.about == tuple(sorted(event.streams(author.party)))


def test_a_statement_that_cannot_be_built_takes_no_place_in_the_chain() -> None:
    author = chain()
    with pytest.raises(Exception, match="at"):
        author.statement(stored(author.party), "yesterday", uuid7())
    assert (author.seq, author.prev) == (0, None)


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


def test_personal_texts_become_commitments_at_their_own_paths() -> None:
    body = {
        "handler": {"person": "p", "name": {"clear": "Li Demo"}},
        "lines": [{"note": {"clear": "wet"}}, {"code": "x"}],
        "mass": {"net_g": 5},
    }
    sealed, texts = seal(body, CHANCE.randbytes)
    assert [text.path for text in texts] == ["handler.name", "lines.0.note"]
    commitments = [sealed["handler"]["name"]["sealed"], sealed["lines"][0]["note"]["sealed"]]
    for text, commitment in zip(texts, commitments, strict=True):
        verify_seal(commitment, salt=text.salt, field_path=text.path, value=text.value)
    assert "Li Demo" not in str(sealed)
    assert sealed["mass"] == {"net_g": 5}
    assert texts[0].salt != texts[1].salt
