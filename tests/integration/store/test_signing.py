"""The sequencer and the signer: order, proofs, and refusing to contradict oneself."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from ledger.log import promise
from ledger.log.checkpoint import Policy, cosign, parse_checkpoint, verify_checkpoint
from ledger.log.hashing import EMPTY_ROOT
from ledger.log.heads import prove_absence, prove_presence, verify_absence, verify_presence
from ledger.log.keys import PrivateKey
from ledger.log.note import COSIGNATURE, Note, SignerKey
from ledger.log.proof import verify_receipt
from ledger.log.statement import Seen
from ledger.log.tiles import TileReader
from ledger.service import NotFound, NotYet, Submission
from ledger.store.rows import Conflict, open_rows
from ledger.store.sign import HighWaterMissing, LogChanged, LogShrank, SignerBusy
from tests.support.check import check_ledger
from tests.support.world import World


def fill(world: World, count: int) -> None:
    clerk = world.party()
    site = world.new("site")
    submissions = [clerk.sign("container-filled", world.filled(clerk, site)) for _ in range(count)]
    assert {each.outcome for each in world.ledger.record(submissions)} == {"recorded"}


def test_the_sequencer_waits_for_an_append_whose_commit_hangs(postgres_url: str, tmp_path: Path) -> None:
    """Otherwise its entries would step back in time by more than the 10 s that verification allows."""
    world = World.create(postgres_url, tmp_path)
    clerk, other = world.party(), world.party("另一家")
    world.ledger.sequence()
    hanging = open_rows(world.ledger.engine)
    hanging.begin()
    hanging.lock((), (), (), (), world.clock())
    world.clock.advance(ms=9_000)
    assert clerk.say("container-filled", world.filled(clerk, world.new("site"))).outcome == "recorded"
    world.clock.advance(ms=2_000)
    assert other.say("container-filled", world.filled(other, world.new("site"))).outcome == "recorded"
    assert [world.ledger.sequence(), world.ledger.waiting()[0]] == [1, 1]
    hanging.rollback()
    assert [world.ledger.sequence(), world.ledger.waiting()[0]] == [1, 0]
    hanging.close()
    check_ledger(world.ledger)
    world.close()


def test_a_process_that_stops_half_way_loses_its_locks(postgres_url: str, tmp_path: Path) -> None:
    world = World.create(postgres_url, tmp_path)
    clerk = world.party()
    stopped = open_rows(world.ledger.engine)
    stopped.begin()
    stopped.lock([bytes.fromhex(clerk.key_hash)], (), (), (), world.clock())
    assert clerk.say("container-filled", world.filled(clerk, world.new("site"))).outcome == "recorded"
    with pytest.raises(Conflict, match="idle-in-transaction"):
        stopped.commit()
    stopped.rollback()
    assert clerk.say("container-filled", world.filled(clerk, world.new("site"))).outcome == "recorded"
    world.ledger.sequence()
    check_ledger(world.ledger)
    world.close()


def test_a_receipt_is_promised_first_and_proven_after_the_next_checkpoint(world: World) -> None:
    clerk = world.party()
    answer = clerk.say("container-filled", world.filled(clerk, world.new("site")))
    assert answer.id is not None
    early = world.ledger.receipt(answer.id)
    assert isinstance(early, NotYet)
    made = promise.verify(early.promise, early.promise_signature, world.keys.promise.public)
    assert made.statement == answer.statement
    world.look()
    text_ = world.ledger.receipt(answer.statement or "")
    assert isinstance(text_, str)
    proven = verify_receipt(text_, Policy.parse(world.ledger.policy_text()), world.ledger.trust())
    assert proven.statement.id == answer.id
    with pytest.raises(NotFound):
        world.ledger.receipt(world.uuid7())


def test_every_tile_and_proof_follows_from_what_is_stored_at_every_size(world: World) -> None:
    fill(world, 600)
    world.look()
    size = world.ledger.size()
    assert size > 600
    for smaller in (1, 255, 256, 257, 512, 600, size):
        reader = TileReader(world.ledger.tile, smaller)
        assert len(reader.inclusion(smaller - 1)) <= 10
        assert [world.ledger.inclusion(smaller - 1, smaller) for _ in range(2)] == [reader.inclusion(smaller - 1)] * 2
    with pytest.raises(NotFound):
        world.ledger.inclusion(size, size + 1)
    assert TileReader(world.ledger.tile, size).root().hex() == world.seen.root
    assert len(world.ledger.tile(0, 1, 256)) == 8192
    assert world.ledger.entries(0, 2)[2:].startswith(world.ledger.record_at(0).entry)
    with pytest.raises(NotFound):
        world.ledger.tile(0, 9, 256)


def test_signing_twice_says_nothing_new(world: World) -> None:
    world.look()
    assert world.ledger.sign() is None


def test_a_missing_high_water_file_stops_the_signer_until_a_note_is_adopted(world: World) -> None:
    world.look()
    note = world.ledger.unwitnessed_checkpoint()
    world.signer_state.unlink()
    fill(world, 3)
    world.ledger.sequence()
    with pytest.raises(HighWaterMissing):
        world.ledger.sign()
    world.ledger.adopt_note(note)
    assert world.ledger.sign() is not None


def test_an_old_backup_is_refused_and_says_how_to_recover(sqlite_url: str, tmp_path: Path) -> None:
    """T13."""
    world = World.create(sqlite_url, tmp_path)
    file, backup = tmp_path / "ledger.sqlite", tmp_path / "backup.sqlite"
    world.ledger.close()
    shutil.copy(file, backup)
    world.ledger = world.another_process()
    fill(world, 2)
    world.look()
    newest = world.ledger.unwitnessed_checkpoint()
    world.ledger.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, file)
    world.ledger = world.another_process()
    with pytest.raises(LogShrank, match="restore --from-mirror"):
        world.ledger.sign()
    world.signer_state.unlink()
    with pytest.raises(LogShrank, match="restore --from-mirror"):
        world.ledger.adopt_note(newest)
    world.close()


def test_a_truncated_log_that_grew_differently_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    world = World.create(sqlite_url, tmp_path)
    file, backup = tmp_path / "ledger.sqlite", tmp_path / "backup.sqlite"
    world.ledger.close()
    shutil.copy(file, backup)
    world.ledger = world.another_process()
    fill(world, 2)
    world.look()
    world.ledger.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, file)
    world.ledger = world.another_process()
    standing = world.ledger.author(world.authority.key_hash)
    assert standing is not None
    world.authority.seq, world.authority.prev = standing.seq, standing.prev
    world.seen = Seen(size=0, root=EMPTY_ROOT.hex())
    fill(world, 9)
    with pytest.raises(LogChanged):
        world.ledger.sign()
    world.close()


@pytest.mark.parametrize(
    ("table", "column", "key"),
    [("statement", "entry", "n"), ("statement", "bytes", "n"), ("leaf", "hash", "index")],
)
def test_one_flipped_bit_among_the_new_entries_stops_the_signer(
    sqlite_url: str, tmp_path: Path, table: str, column: str, key: str
) -> None:
    """T14."""
    world = World.create(sqlite_url, tmp_path)
    fill(world, 3)
    with world.ledger.engine.connect() as connection:
        connection.execute(text(f"DROP TRIGGER {table}_refuses_update"))
        index = world.ledger.size() - 1
        row = connection.execute(
            text(f'SELECT t."{key}", t.{column} FROM leaf l JOIN {table} t ON t.n = l.n WHERE l."index" = :i'),
            {"i": index},
        ).one()
        flipped = row[1][:-2] + bytes([row[1][-2] ^ 1]) + row[1][-1:]
        connection.execute(
            text(f'UPDATE {table} SET {column} = :new WHERE "{key}" = :key'), {"new": flipped, "key": row[0]}
        )
        connection.commit()
    with pytest.raises(LogChanged, match=f"index {index}"):
        world.ledger.sign()
    world.close()


def test_one_signer_at_a_time(world: World) -> None:
    fill(world, 1)
    world.ledger.sequence()
    with world.ledger._signer()._alone(), pytest.raises(SignerBusy):
        world.ledger.sign()


def test_a_witnessed_checkpoint_waits_for_the_quorum(world: World) -> None:
    witness = SignerKey("witness.example", PrivateKey(world.chance.randbytes(32)), COSIGNATURE)
    policy = Policy.parse(f"log {world.ledger.opened.log_key}\nwitness w {witness.verifier.encode()}\nquorum w\n")
    with pytest.raises(NotFound):
        world.ledger.checkpoint(policy)
    note = Note.parse(world.ledger.unwitnessed_checkpoint())
    world.ledger.add_cosignature(cosign(note.text, witness, 1_760_000_000).line(), policy)
    fill(world, 2)
    world.look()
    verified = verify_checkpoint(world.ledger.checkpoint(policy), policy)
    assert verified.checkpoint == parse_checkpoint(note.text)
    assert verified.level() == "witnessed 1 of 1"
    assert parse_checkpoint(Note.parse(world.ledger.unwitnessed_checkpoint()).text).size > verified.checkpoint.size


def test_a_head_snapshot_covers_exactly_the_leaves_before_it(world: World) -> None:
    clerk = world.party()
    site, container = world.new("site"), world.new("container")
    clerk.say("container-filled", world.filled(clerk, site, container))
    world.ledger.sequence()
    size = world.ledger.size()
    answer = world.ledger.snapshot_heads()
    assert answer.outcome == "recorded"
    clerk.say("container-filled", world.filled(clerk, site))
    world.ledger.sequence()
    heads = world.ledger.heads(size)
    event = next(fact.event for fact in world.ledger.facts(world.ledger.opened.operator) if fact.id == answer.id)
    assert (event.size, event.count) == (size, len(heads))  # type: ignore[attr-defined]
    root = bytes.fromhex(event.root)  # type: ignore[attr-defined]
    assert verify_presence(prove_presence(heads, container), size=len(heads), root=root).seq == 1
    absent = world.new("container")
    assert verify_absence(absent, prove_absence(heads, absent), size=len(heads), root=root) == absent


def test_two_sequencers_and_eight_writers_keep_every_chain_in_order(world: World) -> None:
    admin = world.party()
    site = world.new("site")
    clerks = [world.enrol(admin, party=admin.party, person=admin.person) for _ in range(8)]
    batches = [[c.sign("container-filled", world.filled(c, site)) for _ in range(25)] for c in clerks]
    processes = [world.another_process() for _ in range(4)]
    answers: list[str] = []
    stop = threading.Event()

    def write(place: int) -> None:
        for submission in batches[place]:
            answers.extend(each.outcome for each in processes[place % 4].record([submission]))

    def keep_sequencing(place: int) -> None:
        while not stop.is_set():
            processes[place].sequence()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    sequencers = [threading.Thread(target=keep_sequencing, args=(n,)) for n in range(2)]
    for thread in writers + sequencers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sequencers:
        thread.join()
    for process in processes:
        process.close()
    assert answers == ["recorded"] * 200
    assert len(world.ledger.stream(site)) == 200


def test_eight_threads_of_one_process_share_flushes_and_lose_nothing(world: World) -> None:
    admin = world.party()
    site = world.new("site")
    clerks = [world.enrol(admin, party=admin.party, person=admin.person) for _ in range(8)]
    batches = [[c.sign("container-filled", world.filled(c, site)) for _ in range(25)] for c in clerks]
    answers: list[str] = []

    def write(batch: list[Submission]) -> None:
        for submission in batch:
            answers.extend(each.outcome for each in world.ledger.record([submission]))

    threads = [threading.Thread(target=write, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["recorded"] * 200


def test_an_offline_day_in_any_order_with_doubles_and_losses_ends_in_the_same_set(world: World) -> None:
    """T9, small."""
    clerk = world.party()
    site = world.new("site")
    day = [clerk.sign("container-filled", world.filled(clerk, site)) for _ in range(60)]
    before = world.ledger.author(clerk.key_hash)
    assert before is not None
    shuffled = [*day[:40], *day[10:30]]
    world.chance.shuffle(shuffled)
    lost = day[20]
    first = world.ledger.record([each for each in shuffled if each is not lost])
    assert {each.code for each in first} == {None, "author-gap"}
    again = world.ledger.record(list(reversed(day)))
    assert {each.outcome for each in again} == {"recorded"}
    after = world.ledger.author(clerk.key_hash)
    assert after is not None
    assert after.seq == before.seq + 60
    assert len(world.ledger.stream(site)) == 60
