"""Restoring from a mirror: byte for byte, from nothing or from an old backup; from a bad mirror nothing at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.exchange.catalogue import edition_of
from ledger.log.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from ledger.log.keys import PrivateKey
from ledger.log.note import Note, NoteNotSigned, SignerKey
from ledger.log.statement import Seen
from ledger.log.trust import WrongGenesis
from ledger.service import Keys
from ledger.store.genesis import KeysOfAnother
from ledger.store.read import Record
from ledger.store.restoring import CHECKPOINT, ENTRIES, Lost, MirrorBad, MirrorForks, MirrorShort
from tests.support.check import check_ledger
from tests.support.mirror import Place, changed, mirrored
from tests.support.postgres import new_database
from tests.support.varied import varied
from tests.support.world import World

NewUrl = Callable[[], str]


@pytest.fixture
def new_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> NewUrl:
    """More databases of the same kind."""

    def made() -> str:
        if database_url.startswith("sqlite"):
            return f"sqlite:///{tmp_path / 'other.sqlite'}"
        return new_database(request.getfixturevalue("postgres_server")).render_as_string(hide_password=False)

    return made


def drums(world: World, count: int) -> None:
    shop = world.party()
    yard = world.site(shop)
    for _ in range(count):
        world.clock.advance(ms=700)
        assert shop.say("container-filled", world.filled(shop, yard)).outcome == "recorded"


def everything(records: list[Record]) -> list[tuple[bytes, bytes, bytes]]:
    return [(each.entry, each.statement, each.public_key) for each in records]


def test_a_ledger_that_was_lost_wholly_comes_back_byte_for_byte(
    database_url: str, new_url: NewUrl, tmp_path: Path
) -> None:
    """Forks, clear text and kept keys are in no mirror; all else is as it was, adoption and split view too."""
    found = varied(database_url, tmp_path)
    world = found.world
    mirror = mirrored(world.ledger, tmp_path / "mirror")
    before = everything(list(world.ledger.records()))
    place = Place.of(world, new_url(), tmp_path / "home", signer_state=world.signer_state)
    restored = place.restore(mirror)
    assert (restored.start, restored.head.size) == (0, len(before))
    assert restored.lost == Lost(sealed=2, custodial_keys=1, adopted=0)
    with place.ledger() as ledger:
        assert everything(list(ledger.records())) == before
        assert ledger.unwitnessed_checkpoint() == world.ledger.unwitnessed_checkpoint()
        assert ledger.trust() == world.ledger.trust()
        assert ledger.grounds() == world.ledger.grounds()
        assert ledger.verify(notes=[found.outside], read_catalogue=edition_of).differences == ()
        world.ledger.close()
        world.ledger = ledger
        drums(world, 3)
        ledger.sequence()
        assert (head := ledger.sign()) is not None and head.size == ledger.size() > len(before)


def test_an_old_backup_gets_what_it_lacks_and_the_signer_goes_on(
    database_url: str, new_url: NewUrl, tmp_path: Path
) -> None:
    world = World.create(database_url, tmp_path)
    drums(world, 20)
    world.look()
    backup = mirrored(world.ledger, tmp_path / "backup")
    old = Place.of(world, new_url(), tmp_path / "home", signer_state=tmp_path / "none" / "highwater.json")
    old.restore(backup)  # an older database, as any backup is one
    device = world.party()
    drums(world, 300)
    early = world.look()
    drums(world, 5)
    world.look()
    mirror = mirrored(world.ledger, tmp_path / "mirror")
    restored = old.restore(mirror)
    assert 0 < restored.start < restored.head.size == world.ledger.size()
    assert restored.lost == Lost(sealed=0, custodial_keys=0, adopted=0)
    with old.ledger() as ledger:
        assert check_ledger(ledger) == restored.head.size
        assert everything(list(ledger.records())) == everything(list(world.ledger.records()))
        assert ledger.verify(read_catalogue=edition_of).differences == ()
        world.ledger.close()
        world.ledger = ledger
        # A device that saw a checkpoint that no entry names, and then was without network:
        world.seen = Seen(size=early.size + 3, root=ledger_root(ledger.unwitnessed_checkpoint(early.size + 3)))
        assert device.say("container-filled", world.filled(device, world.new("site"))).outcome == "recorded"
        ledger.sequence()
        assert ledger.sign() is not None
    assert old.restore(mirrored_again(old, tmp_path)).start == restored.head.size + 1


def ledger_root(note: bytes) -> str:
    return parse_checkpoint(Note.parse(note).text).root.hex()


def mirrored_again(place: Place, tmp_path: Path) -> Path:
    with place.ledger() as ledger:
        return mirrored(ledger, tmp_path / "again")


def test_entries_that_waited_when_the_backup_was_made_get_the_places_that_they_had(
    postgres_url: str, postgres_server: Path, tmp_path: Path
) -> None:
    """On PostgreSQL a backup may hold entries without an index, which got theirs in another order."""
    world = World.create(postgres_url, tmp_path)
    shops = [world.party(), world.party()]
    yards = [world.site(shop) for shop in shops]
    world.look()
    backup = mirrored(world.ledger, tmp_path / "backup")
    url = new_database(postgres_server).render_as_string(hide_password=False)
    old = Place.of(world, url, tmp_path / "home")
    old.restore(backup)
    first, second = (
        shop.sign("container-filled", world.filled(shop, yard)) for shop, yard in zip(shops, yards, strict=True)
    )
    world.ledger.record([first])
    world.ledger.record([second])
    world.look()
    with old.ledger() as ledger:  # what waits there was received in the other order
        ledger._clock = world.clock
        ledger._appender._clock = world.clock
        ledger.record([second])
    mirror = mirrored(world.ledger, tmp_path / "mirror")
    old.restore(mirror)
    with old.ledger() as ledger:
        assert everything(list(ledger.records())) == everything(list(world.ledger.records()))
        assert ledger.waiting() == (0, "")
        check_ledger(ledger)
    world.close()


def rests(mirror: Path, member: str) -> tuple[int, list[dict[str, Any]]]:
    """The first line that has a member, and all lines."""
    lines = [json.loads(each) for each in (mirror / ENTRIES).read_text().splitlines()]
    return next(index for index, line in enumerate(lines) if member in line), lines


def written(mirror: Path, lines: list[dict[str, Any]]) -> Path:
    (mirror / ENTRIES).write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    return mirror


def test_of_a_mirror_that_kept_entries_alone_verification_names_what_they_rest_on(
    sqlite_url: str, tmp_path: Path
) -> None:
    found = varied(sqlite_url, tmp_path, 5)
    mirror = mirrored(found.world.ledger, tmp_path / "mirror")
    _, lines = rests(mirror, "adopted")
    written(mirror, [{k: v for k, v in line.items() if k not in ("adopted", "note")} for line in lines])
    place = Place.of(found.world, f"sqlite:///{tmp_path / 'other.sqlite'}", tmp_path / "home")
    assert place.restore(mirror).lost == Lost(sealed=2, custodial_keys=1, adopted=1)
    with place.ledger() as ledger:
        differences = ledger.verify(read_catalogue=edition_of).differences
    assert {each.table for each in differences} == {"statement", "adoption", "split_view"}
    assert len(differences) == 3
    found.world.close()


def test_what_entries_rest_on_is_checked_like_the_entries(sqlite_url: str, tmp_path: Path) -> None:
    found = varied(sqlite_url, tmp_path, 5)
    mirror = mirrored(found.world.ledger, tmp_path / "mirror")
    place = Place.of(found.world, f"sqlite:///{tmp_path / 'other.sqlite'}", tmp_path / "home")
    index, lines = rests(mirror, "adopted")
    right = dict(lines[index]["adopted"])
    other = next(line for line in lines if line["index"] == index - 1)
    for member, wrong in (
        ("statement", other["statement"]),
        ("signature", other["signature"]),
        ("public_key", lines[0]["public_key"]),
        ("received_at", "yesterday"),
    ):
        lines[index]["adopted"] = right | {member: wrong}
        with pytest.raises(MirrorBad, match=f"entry {index} .*adopted"):
            place.restore(written(mirror, lines))
    lines[index]["adopted"] = right
    view, _ = rests(mirror, "note")
    for note in ((mirror / CHECKPOINT).read_text(), "no note", 7):
        lines[view]["note"] = note
        with pytest.raises(MirrorBad, match=f"entry {view} .*note"):
            place.restore(written(mirror, lines))
    assert place.entries() == []
    found.world.close()


@pytest.fixture
def kept(sqlite_url: str, tmp_path: Path) -> tuple[World, Path, Place]:
    """A world, its mirror, and a place that is empty."""
    world = World.create(sqlite_url, tmp_path)
    drums(world, 12)
    world.look()
    place = Place.of(world, f"sqlite:///{tmp_path / 'other.sqlite'}", tmp_path / "home")
    return world, mirrored(world.ledger, tmp_path / "mirror"), place


@pytest.mark.parametrize(
    ("index", "member", "old", "new", "named"),
    [
        (5, "statement", '"net_g":180000', '"net_g":180001', "entry 5 .*statement"),
        (5, "entry", '"received_at":"2025', '"received_at":"2024', "entry 5 .*root"),
        (5, "entry", '"v":1', '"v":2', "entry 5 "),
        (0, "statement", "演示园区", "演示园去", "entry 0 .*statement"),
    ],
)
def test_a_mirror_with_a_changed_byte_is_refused_its_place_named(
    kept: tuple[World, Path, Place], index: int, member: str, old: str, new: str, named: str
) -> None:
    _, mirror, place = kept
    changed(mirror, index, member, old, new)
    with pytest.raises(MirrorBad, match=named):
        place.restore(mirror)
    assert place.entries() == []


def test_a_mirror_that_lacks_repeats_or_swaps_a_line_is_refused_its_place_named(
    kept: tuple[World, Path, Place],
) -> None:
    _, mirror, place = kept
    path = mirror / ENTRIES
    lines = path.read_text().splitlines(keepends=True)
    for wrong in (lines[:7] + lines[8:], [*lines[:7], lines[6], *lines[7:]], [*lines[:7], lines[8], lines[7]]):
        path.write_text("".join(wrong))
        with pytest.raises(MirrorBad, match=r"entry 7 .*index"):
            place.restore(mirror)
    path.write_text("".join(lines[:-1]))
    with pytest.raises(MirrorShort, match=f"got {len(lines) - 1}"):
        place.restore(mirror)
    path.write_text("".join([*lines[:3], "not a line\n"]))
    with pytest.raises(MirrorBad, match=r"entry 3 .*export entries"):
        place.restore(mirror)
    assert place.entries() == []


def test_what_lies_behind_the_checkpoint_is_not_believed(kept: tuple[World, Path, Place]) -> None:
    world, mirror, place = kept
    with (mirror / ENTRIES).open("a") as file:
        file.write("anything\n")
    assert place.restore(mirror).head.size == world.ledger.size()


def test_a_mirror_of_another_log_is_refused(kept: tuple[World, Path, Place], tmp_path: Path) -> None:
    """Signed by another key, by ours under another name, or with another entry 0 than trust.json pins."""
    world, mirror, place = kept
    assert world.keys.log is not None
    right = (mirror / CHECKPOINT).read_bytes()
    head = world.ledger.newest_seen()
    stranger = SignerKey(head.origin, PrivateKey(world.chance.randbytes(32)))
    other = SignerKey("ledger.example/other", world.keys.log.private)
    elsewhere = Checkpoint(origin=other.name, size=head.size, root=head.root)
    for note in (sign_checkpoint(head, stranger), sign_checkpoint(elsewhere, other)):
        (mirror / CHECKPOINT).write_bytes(note.encode())
        with pytest.raises(NoteNotSigned):
            place.restore(mirror)
    (mirror / CHECKPOINT).write_bytes(right)
    place.settings.trust.write_bytes(b'{"genesis_leaf":"%s","origin":"%s"}' % (b"ab" * 32, head.origin.encode()))
    with pytest.raises(WrongGenesis, match="ab" * 32):
        place.restore(mirror)
    place.settings.trust.unlink()
    keys = world.keys
    wrong = Keys(log=keys.log, promise=keys.system, system=keys.system, kek=keys.kek)
    world.keys = wrong
    third = Place.of(world, f"sqlite:///{tmp_path / 'third.sqlite'}", tmp_path / "third")
    with pytest.raises(KeysOfAnother, match="promise"):
        third.restore(mirror)
    assert place.entries() == third.entries() == []


def test_a_mirror_shorter_than_what_is_here_or_was_signed_is_refused(kept: tuple[World, Path, Place]) -> None:
    world, mirror, place = kept
    here = Place.of(world, world.url, mirror.parent / "here", signer_state=world.signer_state)
    drums(world, 2)
    with pytest.raises(MirrorShort, match=f"at least {world.ledger.size()}"):
        here.restore(mirror)
    world.look()
    signed = place.settings.signer_state
    signed.parent.mkdir()
    shutil.copy(world.signer_state, signed)
    with pytest.raises(MirrorShort, match=f"at least {world.ledger.size()}"):
        place.restore(mirror)
    assert place.entries() == []


def test_a_ledger_that_went_another_way_is_refused_the_first_entry_named(kept: tuple[World, Path, Place]) -> None:
    """The server was started on an old backup and recorded before anybody looked."""
    world, mirror, place = kept
    place.restore(mirror)
    with place.ledger() as ledger:
        size = ledger.size()
        assert ledger.snapshot_heads().outcome == "recorded"
    drums(world, 9)
    world.look()
    newer = mirrored(world.ledger, mirror.parent / "newer")
    held = place.entries()
    with pytest.raises(MirrorForks, match=f"entry {size} on"):
        place.restore(newer)
    assert place.entries() == held


def test_what_the_signer_remembers_and_the_mirror_contradicts_is_refused(kept: tuple[World, Path, Place]) -> None:
    """The log key signed two histories; the file beside it knows the other one."""
    world, mirror, place = kept
    place.restore(mirror)
    with place.ledger() as ledger:
        ledger.snapshot_heads()
        ledger.sign()
    drums(world, 9)
    world.look()
    newer = mirrored(world.ledger, mirror.parent / "newer")
    empty = Place.of(
        world, f"sqlite:///{mirror.parent / 'third.sqlite'}", mirror.parent / "third",
        signer_state=place.settings.signer_state,
    )  # fmt: skip
    with pytest.raises(MirrorForks, match="from entry 0"):
        empty.restore(newer)
    assert empty.entries() == []
