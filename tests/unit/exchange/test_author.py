"""An author's chain at the edge: numbered, linked and signed; sealed where personal."""

from __future__ import annotations

import random

import pytest

from ledger.custody.events import Event, parse
from ledger.custody.wire import ANY_CODES
from ledger.exchange.author import AuthorChain, seal
from ledger.log import statement
from ledger.log.hashing import verify_seal
from ledger.log.ids import new_uuid7
from ledger.log.keys import PrivateKey

CHANCE = random.Random(7)
ORIGIN = "ledger.example/park"


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
