"""Each row of the answer table (LEDGER.md §5), in its order."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from ledger.log import entry, promise, statement
from ledger.log.checkpoint import Checkpoint, sign_checkpoint
from ledger.log.keys import PrivateKey
from ledger.log.statement import Seen
from ledger.service import Submission
from ledger.store import tables as t
from ledger.store.door import signed_hash
from tests.support.world import World


def count(world: World, table: str) -> int:
    with world.ledger.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(t.metadata.tables[table])).scalar_one()


def test_the_same_bytes_again_get_the_stored_answer(world: World) -> None:
    clerk = world.party()
    submission = clerk.sign("container-filled", world.filled(clerk, world.new("site")))
    first = world.ledger.record([submission])[0]
    world.clock.advance(hours=1)
    again = world.ledger.record([submission, submission])
    assert first.outcome == "recorded"
    assert {each.entry for each in again} == {first.entry}
    assert {each.promise for each in again} == {first.promise}


def test_known_bytes_with_a_bad_signature_get_the_stored_answer_too(world: World) -> None:
    clerk = world.party()
    submission = clerk.sign("container-filled", world.filled(clerk, world.new("site")))
    first = world.ledger.record([submission])[0]
    again = world.ledger.record([Submission(raw=submission.raw, signature=bytes(64))])[0]
    assert (again.outcome, again.entry) == ("recorded", first.entry)


def test_one_request_may_hold_the_same_bytes_twice(world: World) -> None:
    clerk = world.party()
    submission = clerk.sign("container-filled", world.filled(clerk, world.new("site")))
    entries = count(world, "statement")
    first, second = world.ledger.record([submission, submission])
    assert first.outcome == second.outcome == "recorded"
    assert first.entry == second.entry
    assert count(world, "statement") == entries + 1


def test_what_form_refuses_is_not_written(world: World) -> None:
    clerk = world.party()
    site = world.new("site")
    body = world.filled(clerk, site)
    stranger = PrivateKey(world.chance.randbytes(32))
    good = clerk.next_bytes("container-filled", body)
    cases = {
        "not-json": Submission(raw=b"{", signature=bytes(64)),
        "bad-signature": Submission(raw=good, signature=statement.sign(good, stranger)),
        "wrong-ledger": clerk.submit(clerk.next_bytes("container-filled", body, ledger="other.example")),
        "about-differs": clerk.submit(clerk.next_bytes("container-filled", body, about=[site])),
        "unknown-event": clerk.submit(clerk.next_bytes("container-filled", body, type="container-vanished")),
        "bad-field": clerk.submit(clerk.next_bytes("container-filled", body, body=body | {"colour": "red"})),
        "wrong-author": clerk.submit(clerk.next_bytes("container-filled", body, by=world.new("person"))),
    }
    entries = count(world, "statement")
    for code, submission in cases.items():
        answer = world.ledger.record([submission])[0]
        assert (answer.outcome, answer.code) == ("rejected", code), answer
    assert count(world, "statement") == entries
    assert count(world, "author_fork") == 0
    assert clerk.say("container-filled", body).outcome == "recorded"


@pytest.mark.parametrize("wrong", [0, 7, 41, 99])
def test_among_many_only_the_statement_with_a_bad_signature_is_refused_for_it(world: World, wrong: int) -> None:
    clerk = world.party()
    site = world.new("site")
    many = [clerk.sign("container-filled", world.filled(clerk, site)) for _ in range(100)]
    many[wrong] = Submission(raw=many[wrong].raw, signature=bytes([many[0].signature[0] ^ 1]) + many[0].signature[1:])
    answers = world.ledger.record(many)
    assert [each.code for each in answers] == [None] * wrong + ["bad-signature"] + ["author-gap"] * (99 - wrong)


def test_a_signature_that_a_copy_verified_is_known_by_the_very_bytes(world: World) -> None:
    clerk = world.party()
    site = world.new("site")
    many = [clerk.sign("container-filled", world.filled(clerk, site)) for _ in range(100)]
    verified = {signed_hash(statement.statement_hash(each.raw), each.signature) for each in many[:60]}
    for n, other in ((41, 40), (80, 81)):  # one of those verified, one of the others
        many[n] = Submission(raw=many[n].raw, signature=many[other].signature)
    answers = world.ledger.record(many, verified=verified)
    assert [n for n, each in enumerate(answers) if each.code == "bad-signature"] == [41, 80]
    assert [each.code for each in answers[:41]] == [None] * 41


def test_a_key_that_is_not_enrolled_is_refused(world: World) -> None:
    clerk = world.party()
    clerk.key = PrivateKey(world.chance.randbytes(32))
    clerk.seq, clerk.prev = 0, None
    answer = clerk.say("container-filled", world.filled(clerk, world.new("site")))
    assert (answer.outcome, answer.code) == ("rejected", "unknown-key")


def test_a_party_cannot_be_named_by_another_partys_key(world: World) -> None:
    """T20."""
    clerk, other = world.party(), world.party("另一家")
    body = world.filled(other, world.new("site"))
    answer = world.ledger.record([clerk.submit(clerk.next_bytes("container-filled", body, party=other.party))])[0]
    assert (answer.outcome, answer.code) == ("rejected", "wrong-author")


def test_a_second_statement_for_a_seq_is_kept_as_evidence_and_the_first_stays(world: World) -> None:
    clerk = world.party()
    site = world.new("site")
    other = clerk.submit(clerk.next_bytes("container-filled", world.filled(clerk, site)))
    first = clerk.say("container-filled", world.filled(clerk, site))
    for _ in range(2):
        answer = world.ledger.record([other])[0]
        assert (answer.outcome, answer.code) == ("rejected", "author-fork")
        assert answer.error is not None
        assert answer.error.fields["expected"] == first.statement
    assert count(world, "author_fork") == 1
    assert clerk.say("container-filled", world.filled(clerk, site)).outcome == "recorded"


def test_a_statement_that_continues_another_past_is_a_fork(world: World) -> None:
    clerk = world.party()
    site = world.new("site")
    strange = clerk.next_bytes("container-filled", world.filled(clerk, site), prev="ab" * 32)
    answer = world.ledger.record([clerk.submit(strange)])[0]
    assert (answer.outcome, answer.code) == ("rejected", "author-fork")
    assert count(world, "author_fork") == 1


def test_a_fork_inside_one_request_is_found(world: World) -> None:
    clerk = world.party()
    site = world.new("site")
    left = clerk.submit(clerk.next_bytes("container-filled", world.filled(clerk, site)))
    right = clerk.sign("container-filled", world.filled(clerk, site))
    answers = world.ledger.record([left, right])
    assert [each.code for each in answers] == [None, "author-fork"]
    clerk.prev = statement.statement_hash(left.raw).hex()


def test_an_id_used_for_other_bytes_is_refused_and_shows_nothing(world: World) -> None:
    clerk, other = world.party(), world.party("另一家")
    site = world.new("site")
    first = clerk.say("container-filled", world.filled(clerk, site))
    answer = other.say("container-filled", world.filled(other, site), id_=first.id)
    assert (answer.outcome, answer.code, answer.entry) == ("rejected", "id-reused", None)
    other.seq, other.prev = other.seq - 1, world.ledger.author(other.key_hash).prev  # type: ignore[union-attr]
    assert other.say("container-filled", world.filled(other, site)).outcome == "recorded"


def test_a_gap_names_the_seq_that_is_expected(world: World) -> None:
    clerk = world.party()
    site = world.new("site")
    lost = clerk.sign("container-filled", world.filled(clerk, site))
    later = clerk.sign("container-filled", world.filled(clerk, site))
    answer = world.ledger.record([later])[0]
    assert (answer.outcome, answer.code) == ("rejected", "author-gap")
    assert answer.error is not None
    assert answer.error.fields["expected"] == statement.parse(lost.raw).seq
    assert [each.outcome for each in world.ledger.record([later, lost])] == ["recorded", "recorded"]


def test_a_refusal_by_rule_is_an_entry_that_consumes_the_seq_and_changes_nothing_else(world: World) -> None:
    clerk = world.party()
    site, container = world.new("site"), world.new("container")
    clerk.say("container-filled", world.filled(clerk, site, container))
    state, grams = world.ledger.state(container), count(world, "posting")
    refused = clerk.sign("container-filled", world.filled(clerk, site, container))
    answer = world.ledger.record([refused])[0]
    assert (answer.outcome, answer.code) == ("refused", "container-exists")
    assert [each.stream for each in answer.links] == [clerk.stream]
    assert answer.entry is not None
    assert entry.parse(answer.entry).refused == "container-exists"
    assert (world.ledger.state(container), count(world, "posting")) == (state, grams)
    repeated = world.ledger.record([refused])[0]
    assert (repeated.outcome, repeated.code, repeated.entry) == ("refused", "container-exists", answer.entry)
    assert clerk.say("container-filled", world.filled(clerk, site)).outcome == "recorded"


def test_an_accepted_statement_has_links_promise_and_place(world: World) -> None:
    clerk = world.party()
    site, container = world.new("site"), world.new("container")
    answer = clerk.say("container-filled", world.filled(clerk, site, container))
    assert answer.entry is not None and answer.promise is not None and answer.promise_signature is not None
    assert [each.stream for each in answer.links] == sorted([container, site])
    made = promise.verify(answer.promise, answer.promise_signature, world.keys.promise.public)
    assert made.statement == answer.statement
    if world.url.startswith("sqlite"):
        assert answer.index == world.ledger.size() - 1
    else:
        assert answer.index is None
        world.ledger.sequence()
        again = world.ledger.record_of(answer.id or "")
        assert again.index == world.ledger.size() - 1


def test_a_key_enrolled_in_a_request_may_sign_later_in_it(world: World) -> None:
    admin = world.party()
    key = PrivateKey(world.chance.randbytes(32))
    person = world.new("person")
    enrolment = admin.sign("key-enrolled", world.ledger.enrolment(key, holder=admin.party, person=person))
    from tests.support.world import Device

    clerk = Device(world, key, "", admin.party, person)
    filled = clerk.sign("container-filled", world.filled(clerk, world.new("site")))
    assert [each.outcome for each in world.ledger.record([enrolment, filled])] == ["recorded", "recorded"]


# ---------------------------------------------------------------------------------------------------- keys


def test_only_an_administrator_or_a_registrar_enrols(world: World) -> None:
    admin = world.party()
    clerk = world.enrol(admin, party=admin.party)
    body = world.ledger.enrolment(
        PrivateKey(world.chance.randbytes(32)), holder=admin.party, person=world.new("person")
    )
    answer = clerk.say("key-enrolled", body)
    assert (answer.outcome, answer.code) == ("refused", "not-authorised")


def test_a_public_key_is_enrolled_once(world: World) -> None:
    admin = world.party()
    key = PrivateKey(world.chance.randbytes(32))
    bodies = [world.ledger.enrolment(key, holder=admin.party, person=world.new("person")) for _ in range(2)]
    assert admin.say("key-enrolled", bodies[0]).outcome == "recorded"
    answer = admin.say("key-enrolled", bodies[1])
    assert (answer.outcome, answer.code) == ("refused", "key-taken")


def test_an_enrolment_without_possession_is_refused_by_form(world: World) -> None:
    admin = world.party()
    key = PrivateKey(world.chance.randbytes(32))
    body = world.ledger.enrolment(key, holder=admin.party, person=world.new("person"))
    answer = admin.say("key-enrolled", body | {"person": world.new("person")})
    assert (answer.outcome, answer.code) == ("rejected", "bad-signature")


def test_a_one_time_key_makes_one_statement(world: World) -> None:
    clerk = world.party()
    driver = world.enrol(clerk, party=world.new("party"), uses=1)
    first = driver.sign("party-registered", {"holder": driver.party, "name": "临时司机"})
    second = driver.sign("party-registered", {"holder": driver.party, "name": "再来一次"})
    answers = world.ledger.record([first, second])
    assert [each.code for each in answers] == [None, "key-used-up"]
    assert world.ledger.record([first])[0].entry == answers[0].entry


def test_nobody_vouches_for_a_party_that_has_keys_of_its_own(world: World) -> None:
    sender, receiver = world.party(), world.party()
    body = world.ledger.enrolment(
        PrivateKey(world.chance.randbytes(32)), holder=receiver.party, person=world.new("person"), uses=1
    )
    answer = sender.say("key-enrolled", body)
    assert (answer.outcome, answer.code) == ("refused", "party-present")
    body = world.ledger.enrolment(
        PrivateKey(world.chance.randbytes(32)), holder=receiver.party, person=world.new("person"), uses=1
    )
    assert receiver.say("key-enrolled", body).code is None, "for its own people it may"


def test_after_revocation_the_chain_up_to_last_seq_still_enters_and_the_rest_is_quarantined(world: World) -> None:
    """T5."""
    admin = world.party()
    clerk = world.enrol(admin, party=admin.party)
    site = world.new("site")
    clerk.say("container-filled", world.filled(clerk, site))
    late, stolen = (clerk.sign("container-filled", world.filled(clerk, site)) for _ in range(2))
    revocation = {"key": clerk.stream, "holder": admin.party, "last_seq": 2, "reason": "stolen"}
    assert admin.say("key-revoked", revocation).outcome == "recorded"
    early = world.ledger.record([stolen])[0]
    answers = world.ledger.record([late, stolen])
    assert [each.outcome for each in answers] == ["recorded", "quarantined"]
    assert (early.outcome, early.code) == ("quarantined", "key-revoked")
    assert count(world, "quarantine") == 1
    container = next(each.stream for each in answers[0].links if each.stream.startswith("container:"))
    assert [fact.by.late for fact in world.ledger.facts(container)] == [True]
    assert admin.say("key-revoked", revocation).code == "key-already-revoked"
    clerk.seq = 2


def test_a_key_revokes_itself_and_the_ledger_verifies(world: World) -> None:
    admin = world.party()
    revocation = {"key": admin.stream, "holder": admin.party, "last_seq": admin.seq, "reason": "stolen"}
    assert admin.say("key-revoked", revocation).outcome == "recorded"
    after = admin.say("container-filled", world.filled(admin, world.new("site")))
    assert (after.outcome, after.code) == ("quarantined", "key-revoked")
    world.look()
    assert world.ledger.verify().differences == ()


def test_a_quarantined_statement_is_adopted_once_and_unchanged_by_another_key_of_its_party(world: World) -> None:
    admin, other = world.party(), world.party("另一家")
    clerk = world.enrol(admin, party=admin.party)
    admin.say("key-revoked", {"key": clerk.stream, "holder": admin.party, "last_seq": 0, "reason": "lost"})
    container = world.new("container")
    body = world.filled(clerk, world.new("site"), container)
    kept = clerk.say("container-filled", body)
    assert kept.outcome == "quarantined"
    said = statement.parse(_quarantined(world))
    adoption = {"statement": kept.statement, "type": said.type, "at": said.at, "body": body}
    assert other.say("statement-adopted", adoption).code == "adoption-unknown"
    changed = adoption | {"body": body | {"name": "别的"}}
    assert admin.say("statement-adopted", changed).code == "adoption-differs"
    assert admin.say("statement-adopted", adoption).outcome == "recorded"
    assert world.ledger.state(container) is not None
    assert admin.say("statement-adopted", adoption).code == "already-adopted"


def test_one_keys_quarantine_is_bounded_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.store.apart.QUARANTINE_MAX", 3)
    admin = world.party()
    clerks = [world.enrol(admin, party=admin.party) for _ in range(2)]
    site = world.new("site")
    stolen: list[list[Submission]] = []
    for clerk in clerks:
        revocation = {"key": clerk.stream, "holder": admin.party, "last_seq": 0, "reason": "stolen"}
        assert admin.say("key-revoked", revocation).outcome == "recorded"
        stolen.append([clerk.sign("container-filled", world.filled(clerk, site)) for _ in range(5)])
        clerk.seq, clerk.prev = 0, None
    first, second = stolen
    answers = [*world.ledger.record(first[:2]), *world.ledger.record(first[2:])]
    assert [each.code for each in answers] == ["key-revoked"] * 3 + ["quarantine-full"] * 2
    assert [each.outcome for each in answers] == ["quarantined"] * 3 + ["rejected"] * 2
    assert world.ledger.record(first[:1])[0].outcome == "quarantined", "what is kept already stays kept"
    assert world.ledger.record(second[:1])[0].outcome == "quarantined", "another key has its own room"
    assert count(world, "quarantine") == 4


def _quarantined(world: World) -> bytes:
    with world.ledger.engine.connect() as connection:
        return bytes(connection.execute(select(t.quarantine.c.bytes)).scalar_one())


# ---------------------------------------------------------------------------------------------------- seen


def test_a_known_checkpoint_is_accepted_and_an_older_one_afterwards_refused(world: World) -> None:
    clerk = world.party()
    site = world.new("site")
    old = world.seen
    world.look()
    assert clerk.say("container-filled", world.filled(clerk, site)).outcome == "recorded"
    answer = clerk.say("container-filled", world.filled(clerk, site), seen=old)
    assert (answer.outcome, answer.code) == ("refused", "seen-decreased")


def test_an_unknown_checkpoint_without_a_note_is_refused(world: World) -> None:
    clerk = world.party()
    answer = clerk.say("container-filled", world.filled(clerk, world.new("site")), seen=Seen(size=3, root="ab" * 32))
    assert (answer.outcome, answer.code) == ("refused", "seen-unknown")


def test_an_unknown_checkpoint_with_a_valid_note_is_recorded_and_both_notes_are_kept(world: World) -> None:
    """T3."""
    clerk = world.party()
    world.look()
    assert world.keys.log is not None
    other = Checkpoint(origin=world.ledger.origin, size=world.seen.size, root=b"\xab" * 32)
    note = sign_checkpoint(other, world.keys.log).encode()
    seen = Seen(size=other.size, root=other.root.hex())
    answer = clerk.say("container-filled", world.filled(clerk, world.new("site")), seen=seen, note=note)
    assert answer.outcome == "recorded"
    with world.ledger.engine.connect() as connection:
        row = connection.execute(select(t.split_view)).one()
    assert (row.theirs, row.ours) == (note, world.ledger.unwitnessed_checkpoint())


@pytest.mark.parametrize("fault", ["another key", "another root"])
def test_a_note_that_does_not_show_what_was_seen_is_no_note(world: World, fault: str) -> None:
    clerk = world.party()
    assert world.keys.log is not None
    signer = world.keys.log
    if fault == "another key":
        signer = type(signer)(signer.name, PrivateKey(world.chance.randbytes(32)))
    root = b"\xab" * 32 if fault == "another key" else b"\xcd" * 32
    note = sign_checkpoint(Checkpoint(origin=world.ledger.origin, size=9, root=root), signer).encode()
    seen = Seen(size=9, root="ab" * 32)
    answer = clerk.say("container-filled", world.filled(clerk, world.new("site")), seen=seen, note=note)
    assert (answer.outcome, answer.code) == ("refused", "seen-unknown")


# ---------------------------------------------------------------------------------------------------- time


def test_received_at_never_steps_back_in_one_process_when_the_clock_does(world: World) -> None:
    clerk = world.party()
    site = world.new("site")
    first = clerk.say("container-filled", world.filled(clerk, site))
    world.ledger.sequence()
    world.clock.advance(ms=-60_000)
    second = clerk.say("container-filled", world.filled(clerk, site), at="2025-10-09T00:00:00.000Z")
    assert second.received_at == first.received_at
