"""Clear text that can be erased, and keys that the server keeps for people."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from ledger.custody.events import body_of
from ledger.log import statement
from ledger.log.checkpoint import Policy
from ledger.log.hashing import seal_commitment
from ledger.log.keys import PrivateKey
from ledger.log.proof import verify_receipt
from ledger.service import CustodialKeyAbsent, Said, SealedText
from ledger.store import tables as t
from tests.support.world import Device, World


def named(world: World, person: str, name: str) -> tuple[dict[str, object], SealedText]:
    salt = world.chance.randbytes(32)
    sealed = SealedText(path="handler.name", salt=salt, value=name)
    return {"person": person, "name": {"sealed": seal_commitment(salt, sealed.path, name)}}, sealed


def test_sealed_clear_text_is_kept_encrypted_and_read_back(world: World) -> None:
    clerk = world.party()
    handler, sealed = named(world, world.new("person"), "张三")
    body = world.filled(clerk, world.new("site")) | {"handler": handler}
    answer = clerk.say("container-filled", body, sealed=(sealed,))
    assert answer.outcome == "recorded"
    assert world.ledger.clear_text(answer.id or "") == {"handler.name": "张三"}
    with world.ledger.engine.connect() as connection:
        stored = connection.execute(select(t.sealed.c.ciphertext)).scalar_one()
    assert "张三".encode() not in stored
    assert "张三".encode() not in world.ledger.record_of(answer.id or "").statement


def test_clear_text_that_does_not_open_its_commitment_is_refused(world: World) -> None:
    clerk = world.party()
    handler, sealed = named(world, world.new("person"), "张三")
    body = world.filled(clerk, world.new("site")) | {"handler": handler}
    wrong = SealedText(path=sealed.path, salt=sealed.salt, value="李四")
    stray = SealedText(path="handler.phone", salt=sealed.salt, value="1")
    raw = clerk.sign("container-filled", body)
    for text, code in ((wrong, "seal-mismatch"), (stray, "seal-unknown")):
        answer = world.ledger.record([type(raw)(raw=raw.raw, signature=raw.signature, sealed=(text,))])[0]
        assert (answer.outcome, answer.code) == ("rejected", code)
    assert world.ledger.record([raw])[0].outcome == "recorded"


def test_clear_text_of_an_adopted_statement_opens_the_first_authors_commitment(world: World) -> None:
    """It comes by the path that the first author sealed it under."""
    admin = world.party()
    clerk = world.enrol(admin, party=admin.party)
    admin.say("key-revoked", {"key": clerk.stream, "holder": admin.party, "last_seq": 0, "reason": "lost"})
    handler, sealed = named(world, world.new("person"), "张三")
    body = world.filled(clerk, world.new("site")) | {"handler": handler}
    kept = clerk.sign("container-filled", body, sealed=(sealed,))
    assert world.ledger.record([kept])[0].outcome == "quarantined"
    said = statement.parse(kept.raw)
    adoption = admin.sign(
        "statement-adopted", {"statement": said.hash.hex(), "type": said.type, "at": said.at, "body": body}
    )
    outer = SealedText(path=f"body.{sealed.path}", salt=sealed.salt, value=sealed.value)
    answers = [world.ledger.record([replace(adoption, sealed=(each,))])[0] for each in (outer, sealed)]
    assert [each.code for each in answers] == ["seal-unknown", None]
    assert world.ledger.clear_text(answers[1].id or "") == {"handler.name": "张三"}
    world.ledger.sequence()
    assert world.ledger.verify().differences == ()


def test_after_erasure_nothing_can_be_read_and_every_proof_still_holds(world: World) -> None:
    """T17."""
    clerk = world.party()
    person = world.new("person")
    ids = []
    for name in ("张三", "张三（更正）"):
        handler, sealed = named(world, person, name)
        body = world.filled(clerk, world.new("site")) | {"handler": handler}
        ids.append(clerk.say("container-filled", body, sealed=(sealed,)).id or "")
    assert world.ledger.erase(person).outcome == "recorded"
    assert [world.ledger.clear_text(each) for each in ids] == [{}, {}]
    with world.ledger.engine.connect() as connection:
        assert connection.execute(select(t.sealed)).all() == []
        assert connection.execute(select(t.subject_key.c.wrapped)).scalars().all() == [None]
    world.look()
    for each in ids:
        receipt = world.ledger.receipt(each)
        assert isinstance(receipt, str)
        verify_receipt(receipt, Policy.parse(world.ledger.policy_text()), world.ledger.trust())


def test_clear_text_of_an_erased_person_is_not_taken_in_again(world: World) -> None:
    clerk = world.party()
    person = world.new("person")
    world.ledger.erase(person)
    handler, sealed = named(world, person, "张三")
    body = world.filled(clerk, world.new("site")) | {"handler": handler}
    answer = clerk.say("container-filled", body, sealed=(sealed,))
    assert answer.outcome == "recorded"
    assert world.ledger.clear_text(answer.id or "") == {}


def test_a_person_without_a_device_speaks_through_a_key_that_the_server_keeps(world: World) -> None:
    admin = world.party()
    person = world.new("person")
    body = world.ledger.keep_key(party=admin.party, person=person)
    assert admin.say("key-enrolled", body).outcome == "recorded"
    site, container = world.new("site"), world.new("container")
    clerk = Device(world, PrivateKey(bytes(32)), body["key"], admin.party, person)
    at = "2025-10-09T08:00:00.000Z"
    answers = [
        world.ledger.record_for(person, "container-filled", world.filled(clerk, site, each), at)
        for each in (container, container, world.new("container"))
    ]
    assert [each.outcome for each in answers] == ["recorded", "refused", "recorded"]
    (fact,) = world.ledger.facts(container)
    assert fact.by.server
    assert body_of(fact.event)["container"] == container
    with world.ledger.engine.connect() as connection:
        wrapped = connection.execute(select(t.custodial_key.c.wrapped)).scalar_one()
    assert len(wrapped) == 12 + 32 + 16
    with pytest.raises(CustodialKeyAbsent):
        world.ledger.record_for(world.new("person"), "container-filled", world.filled(clerk, site), at)


def test_what_a_person_says_at_once_is_recorded_in_order_and_said_again_it_is_answered_once(world: World) -> None:
    admin, person, site, first = world.party(), world.new("person"), world.new("site"), world.uuid7()
    assert admin.say("key-enrolled", world.ledger.keep_key(party=admin.party, person=person)).outcome == "recorded"
    labels, place = [world.new("label") for _ in range(3)], {"party": admin.party, "site": site}
    said: list[Said] = [
        ("label-issued", {"label": label, "place": place}, "2025-10-09T08:00:00.000Z", ()) for label in labels
    ]
    answers = world.ledger.record_all_for(person, said, first)
    assert [each.outcome for each in answers] == ["recorded"] * 3 and answers[0].id == first
    assert [each.id for each in world.ledger.record_all_for(person, said, first)] == [first]
    found = [statement.parse(record.statement) for record in world.ledger.stream(site)]
    assert [(each.seq, each.body["label"]) for each in found] == [*enumerate(labels, 1)]
