"""Attacks by those who run the ledger: T2, T4, T13, T14, T19. Each test says what the evidence is."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.log.checkpoint import parse_checkpoint
from ledger.log.entry import Entry
from ledger.log.merkle import BadConsistency, verify_consistency
from ledger.log.note import Note
from ledger.log.tiles import TileReader
from ledger.service import Ledger
from ledger.store.database import open_engine
from ledger.store.sign import LogShrank, Signer
from ledger.store.verify import Verdict
from tests.support.tamper import changed, delete, place, put, rewritten, rows_of
from tests.support.varied import Varied
from tests.support.world import ORIGIN, Device, World


def filled(world: World, count: int) -> Device:
    """A shop with so many drums, signed for."""
    shop = world.party()
    yard = world.site(shop)
    world.ledger.record([shop.sign("container-filled", world.filled(shop, yard)) for _ in range(count)])
    world.look()
    return shop


def named(verdict: Verdict) -> list[tuple[str, str, str, int | None]]:
    return [(each.check, each.table, each.column, each.index) for each in verdict.differences]


def later(was: Entry) -> Entry:
    """The same entry, received a few milliseconds later."""
    return was._replace(received_at=was.received_at[:-2] + "9Z")


# ---------------------------------------------------------------------------------------------------- T2


def test_t2_a_log_recomputed_in_every_hash_is_not_the_one_that_a_witness_signed(world: World) -> None:
    """Evidence: the note kept outside, and a consistency proof that does not hold."""
    assert world.keys.log is not None
    filled(world, 30)
    kept = world.ledger.unwitnessed_checkpoint()
    before = parse_checkpoint(Note.parse(kept).text)
    rewritten(
        world.ledger.engine, world.keys.log, 20, lambda was: was._replace(received_at=was.received_at[:-2] + "9Z")
    )
    # All that lies in the database agrees with itself: alone it proves nothing against who holds the log key.
    inside = world.ledger.verify()
    assert inside.differences == ()
    assert "operator only" in inside.trust("en")
    assert "仅由运营方自证" in inside.trust("zh")
    (difference,) = world.ledger.verify(notes=[kept]).differences
    assert (difference.check, difference.row) == ("outside", f"size {before.size}")
    assert before.root.hex() in difference.expected
    # What a witness asks for before it signs the next checkpoint.
    world.ledger.record_as_system("subject-erased", {"person": world.new("person"), "reason": "order"})
    world.ledger.sequence()
    size, root = world.ledger.size(), rows_of(world.ledger.engine, "log_state")[0]["root"]
    proof = TileReader(world.ledger.tile, size).consistency(before.size)
    with pytest.raises(BadConsistency):
        verify_consistency(before.size, size, before.root, root, proof)


def test_t2_every_author_is_a_witness_of_what_it_saw(world: World) -> None:
    """Evidence: statements signed by authors who saw the root that is gone."""
    assert world.keys.log is not None
    shop = filled(world, 30)
    answer = shop.say("container-filled", world.filled(shop, world.new("site")))
    world.look()
    rewritten(
        world.ledger.engine, world.keys.log, 20, lambda was: was._replace(received_at=was.received_at[:-2] + "9Z")
    )
    index = world.ledger.record_of(answer.id or "").index
    found = [each for each in world.ledger.verify().differences if each.check == "seen"]
    assert [each.index for each in found] == [index]
    assert world.seen.root not in found[0].got  # it saw the one before
    assert "root" in found[0].got


# ---------------------------------------------------------------------------------------------------- T4


def test_t4_an_entry_moved_back_in_time_is_named_even_when_all_hashes_are_made_again(world: World) -> None:
    """Evidence: the entry's index and the moment it may not lie before."""
    assert world.keys.log is not None
    shop = filled(world, 10)
    world.clock.advance(hours=2)
    shop.say("container-filled", world.filled(shop, world.new("site")))
    world.clock.advance(hours=2)
    last = shop.say("container-filled", world.filled(shop, world.new("site")))
    world.look()
    index = world.ledger.record_of(last.id or "").index
    assert index is not None
    rewritten(
        world.ledger.engine,
        world.keys.log,
        index,
        lambda was: was._replace(received_at=was.received_at.replace("T12:", "T09:")),
    )
    found = [each for each in world.ledger.verify().differences if each.check == "time"]
    assert [(each.table, each.index) for each in found] == [("statement", index)]
    assert found[0].expected == "received_at from 2025-10-09T10:53:10.000Z"


def test_t4_the_bound_holds_across_the_borders_of_ranges(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.keys.log is not None
    shop = filled(world, 250)
    world.clock.advance(hours=1)
    answers = world.ledger.record(
        [shop.sign("container-filled", world.filled(shop, world.new("site"))) for _ in range(20)]
    )
    world.look()
    monkeypatch.setattr("ledger.store.verify.TASK", 256)
    assert world.ledger.verify().differences == ()
    index = 256  # the first of the second range
    assert index in {world.ledger.record_of(each.id or "").index for each in answers}
    early = "2025-10-09T08:00:00.000Z"
    rewritten(world.ledger.engine, world.keys.log, index, lambda was: was._replace(received_at=early))
    found = [each for each in world.ledger.verify().differences if each.check == "time"]
    assert [(each.index, each.got) for each in found] == [(index, early)]


# ---------------------------------------------------------------------------------------------------- T13


def test_t13_a_truncated_log_is_named_leaf_by_leaf_and_not_signed(world: World) -> None:
    """Evidence: the indices that are missing, and the signer's refusal with the way back."""
    filled(world, 12)
    engine, size = world.ledger.engine, world.ledger.size()
    for row in rows_of(engine, "leaf")[-2:]:
        delete(engine, place("leaf", "index", row))
    found = [each for each in world.ledger.verify().differences if each.table == "leaf"]
    assert [(each.index, each.got) for each in found] == [(size - 2, "no row"), (size - 1, "no row")]


def test_t13_an_old_backup_is_refused_by_the_signer_and_contradicted_by_a_kept_note(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Evidence: the high-water file, and any note signed after the backup."""
    world = World.create(sqlite_url, tmp_path)
    filled(world, 5)
    file = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(tmp_path / "backup")) as backup:
        source.backup(backup)
    filled(world, 5)
    kept = world.ledger.unwitnessed_checkpoint()
    size = world.ledger.size()
    world.close()
    shutil.copy(tmp_path / "backup", file)
    for rest in ("-wal", "-shm"):
        (tmp_path / f"ledger.sqlite{rest}").unlink(missing_ok=True)
    restored = Ledger(
        engine=open_engine(sqlite_url),
        keys=world.keys,
        signer_state=world.signer_state,
        clock=world.clock,
        chance=world.chance.randbytes,
    )
    # A backup agrees with itself.
    assert restored.verify().differences == ()
    (difference,) = restored.verify(notes=[kept]).differences
    assert (difference.check, difference.row) == ("outside", f"size {size}")
    assert difference.got == f"a log of {restored.size()} leaves"
    with pytest.raises(LogShrank, match="restore --from-mirror"):
        restored.sign()
    restored.close()


# ---------------------------------------------------------------------------------------------------- T14


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("statement", "bytes"),
        ("statement", "entry"),
        ("statement", "hash"),
        ("leaf", "hash"),
        ("tile", "hashes"),
        ("tile", "root"),
    ],
)
def test_t14_any_flipped_bit_is_found_and_its_place_named(ledger: Varied, table: str, column: str) -> None:
    """Evidence: table, column and index, whichever bit of whichever row."""
    engine = ledger.world.ledger.engine
    chance = random.Random(f"{table} {column}")
    rows = rows_of(engine, table)
    for _ in range(12):
        row = chance.choice(rows)
        value = bytearray(row[column])
        value[chance.randrange(len(value))] ^= 1 << chance.randrange(8)
        with changed(engine, place(table, column, row), bytes(value)):
            (found,) = ledger.verify(level="signatures").differences
        assert (found.table, found.column) == (table, column)
        if table == "leaf":
            assert found.index == row["index"]
        elif table == "statement":
            places = [leaf["index"] for leaf in rows_of(engine, "leaf") if leaf["n"] == row["n"]]
            assert [found.index] == (places or [None])


def test_t14_the_signer_meets_a_flipped_bit_before_it_signs(world: World) -> None:
    filled(world, 5)
    shop = filled(world, 1)
    shop.say("container-filled", world.filled(shop, world.new("site")))
    world.ledger.sequence()
    (last,) = (row for row in rows_of(world.ledger.engine, "leaf") if row["index"] == world.ledger.size() - 1)
    (row,) = (each for each in rows_of(world.ledger.engine, "statement") if each["n"] == last["n"])
    put(world.ledger.engine, place("statement", "entry", row), row["entry"].replace(b'"v":1', b'"v":3'))
    assert world.keys.log is not None
    signer = Signer(engine=world.ledger.engine, key=world.keys.log, state=world.signer_state, clock=world.clock)
    with pytest.raises(Exception, match=rf"index {last['index']}, column statement.entry"):
        signer.sign()


# ---------------------------------------------------------------------------------------------------- T19


def licence(world: World, holder: str) -> dict[str, str]:
    return {
        "licence": world.new("licence"),
        "holder": holder,
        "number": "示例危证001号",
        "kind": "comprehensive",
        "valid_from": "2025-01-01",
        "valid_until": "2029-12-31",
    }


def test_t19_the_operator_can_neither_license_nor_make_an_authority(world: World) -> None:
    """Evidence: entries refused for want of an authority's key."""
    disposer = world.party("示例处置")
    refused = world.ledger.record_as_system("licence-granted", licence(world, disposer.party))
    assert (refused.outcome, refused.code) == ("refused", "not-authorised")
    key = Device(world, world.keys.promise, "", disposer.party, world.new("person"))
    body = world.ledger.enrolment(key.key, holder=disposer.party, person=key.person, roles=["licensing"])
    assert world.ledger.record_as_system("key-enrolled", body).outcome == "refused"
    assert disposer.say("key-enrolled", body).code == "roles-not-held"
    world.look()
    assert world.ledger.verify().differences == ()


def test_t19_a_server_that_was_made_to_accept_it_is_convicted_by_the_replay(world: World) -> None:
    """Evidence: the index of a licence whose key no authority of entry 0 stands behind."""
    disposer = world.party("示例处置")
    engine = world.ledger.engine
    (row,) = (each for each in rows_of(engine, "author_head") if each["roles"] == "operator")
    with changed(engine, place("author_head", "roles", row), "licensing operator"):
        corrupt = world.another_process()
        answer = corrupt.record_as_system("licence-granted", licence(world, disposer.party))
        assert answer.outcome == "recorded"
        corrupt.sequence()
        corrupt.sign()
        corrupt.close()
    verdict = world.ledger.verify()
    index = world.ledger.record_of(answer.id or "").index
    assert named(verdict) == [("rule", "statement", "entry", index)]
    assert verdict.differences[0].expected == "not-authorised"


def test_t19_an_authority_that_entry_0_does_not_pin_is_found(world: World) -> None:
    """Evidence: the enrolment and its index; what that key said afterwards follows from it."""
    disposer = world.party("示例处置")
    engine = world.ledger.engine
    (row,) = (each for each in rows_of(engine, "author_head") if each["roles"] == "operator")
    false = Device(world, world.keys.promise, "", world.new("party"), world.new("person"))
    body = world.ledger.enrolment(false.key, holder=false.party, person=false.person, roles=["licensing"])
    with changed(engine, place("author_head", "roles", row), "licensing operator registrar"):
        corrupt = world.another_process()
        enrolled = corrupt.record_as_system("key-enrolled", body)
        said = false.sign("licence-granted", licence(world, disposer.party))
        assert [enrolled.outcome, corrupt.record([said])[0].outcome] == ["recorded", "recorded"]
        corrupt.sequence()
        corrupt.close()
    found = world.ledger.verify().differences
    index = world.ledger.record_of(enrolled.id or "").index
    assert (found[0].check, found[0].index) == ("authority", index)
    assert {each.check for each in found} <= {"authority", "head", "rule"}


def test_a_statement_signed_for_another_ledger_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = world.party()
    elsewhere = "ledger.example/elsewhere"
    said = shop.submit(shop.next_bytes("container-filled", world.filled(shop, world.new("site")), ledger=elsewhere))
    assert world.ledger.record([said])[0].code == "wrong-ledger"
    # A server that was made to accept it.
    served = world.ledger._appender._door
    monkeypatch.setattr(served, "_opened", replace(world.ledger.opened, origin=elsewhere))  # type: ignore[type-var]
    assert world.ledger.record([said])[0].outcome == "recorded"
    monkeypatch.undo()
    world.look()
    found = world.ledger.verify(level="signatures").differences
    assert [(each.check, each.expected, each.got) for each in found] == [("authority", ORIGIN, elsewhere)]
