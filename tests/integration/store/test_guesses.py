"""A process that appends from the heads it remembers, while another one moves them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.service import Ledger
from tests.support.check import check_ledger
from tests.support.world import OIL, Device, World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World.create(database_url, tmp_path)
    yield made
    made.ledger.sequence()
    check_ledger(made.ledger)
    made.close()


@pytest.fixture
def other(world: World) -> Iterator[Ledger]:
    """A second process on the same ledger."""
    process = world.another_process()
    yield process
    process.close()


def _filled(world: World, ledger: Ledger, clerk: Device, site: str) -> str:
    (answer,) = ledger.record([clerk.sign("container-filled", world.filled(clerk, site))])
    return answer.outcome


def test_an_author_and_a_site_that_moved_elsewhere_are_found_where_they_are(world: World, other: Ledger) -> None:
    clerk, colleague, site = world.party(), world.party("另一家"), world.new("site")
    for _ in range(4):
        for ledger in (world.ledger, world.ledger, other, other):
            assert _filled(world, ledger, clerk, site) == "recorded"
            assert _filled(world, ledger, colleague, site) == "recorded"
    assert len(world.ledger.stream(site)) == 32


def test_a_drum_that_another_process_filled_is_not_taken_for_a_new_one(world: World, other: Ledger) -> None:
    clerk, site, drum = world.party(), world.new("site"), world.new("container")
    assert _filled(world, world.ledger, clerk, site) == "recorded"
    (first,) = other.record([clerk.sign("container-filled", world.filled(clerk, site, drum))])
    assert _filled(world, world.ledger, clerk, site) == "recorded"
    (second,) = world.ledger.record([clerk.sign("container-filled", world.filled(clerk, site, drum))])
    assert (first.outcome, second.outcome) == ("recorded", "refused")


def test_a_drum_of_before_this_process_began_is_not_taken_for_a_new_one(world: World, other: Ledger) -> None:
    clerk, site, drum = world.party(), world.new("site"), world.new("container")
    (first,) = world.ledger.record([clerk.sign("container-filled", world.filled(clerk, site, drum))])
    assert [_filled(world, other, clerk, site) for _ in range(2)] == ["recorded", "recorded"]
    (second,) = other.record([clerk.sign("container-filled", world.filled(clerk, site, drum))])
    assert (first.outcome, second.outcome) == ("recorded", "refused")
    assert _filled(world, other, clerk, site) == "recorded"
    assert len(world.ledger.stream(drum)) == 1


def test_an_id_said_before_this_process_began_is_answered_as_it_was(world: World, other: Ledger) -> None:
    clerk, site = world.party(), world.new("site")
    said = clerk.sign("container-filled", world.filled(clerk, site))
    (first,) = world.ledger.record([said])
    assert [_filled(world, other, clerk, site) for _ in range(2)] == ["recorded", "recorded"]
    (again,) = other.record([said])
    (other_bytes,) = other.record([clerk.sign("container-filled", world.filled(clerk, site), id_=first.id)])
    assert (again.entry, other_bytes.code) == (first.entry, "id-reused")


def test_a_key_that_another_process_revoked_makes_no_entry_from_memory(world: World, other: Ledger) -> None:
    clerk, site = world.party(), world.new("site")
    stolen = world.enrol(clerk, party=clerk.party)
    assert _filled(world, world.ledger, stolen, site) == "recorded"
    assert _filled(world, world.ledger, stolen, site) == "recorded"
    revocation = {"key": stolen.stream, "holder": clerk.party, "last_seq": 2, "reason": "stolen"}
    (revoked,) = other.record([clerk.sign("key-revoked", revocation)])
    assert revoked.outcome == "recorded"
    assert _filled(world, world.ledger, stolen, site) == "quarantined"


def test_a_gap_is_measured_from_where_the_author_is_and_not_from_memory(world: World, other: Ledger) -> None:
    clerk, site = world.party(), world.new("site")
    assert _filled(world, world.ledger, clerk, site) == "recorded"
    mine, lost, later = (clerk.sign("container-filled", world.filled(clerk, site)) for _ in range(3))
    assert other.record([mine])[0].outcome == "recorded"
    (gap,) = world.ledger.record([later])
    assert gap.code == "author-gap"
    assert gap.error is not None and gap.error.fields["expected"] == clerk.seq - 1
    assert [each.outcome for each in world.ledger.record([lost, later])] == ["recorded", "recorded"]


def test_what_is_received_from_memory_does_not_step_back_behind_a_log_that_is_ahead(
    world: World, other: Ledger
) -> None:
    clerk, colleague, site = world.party(), world.party("另一家"), world.new("site")
    assert _filled(world, world.ledger, clerk, site) == "recorded"
    world.clock.advance(ms=60_000)
    assert _filled(world, other, colleague, world.new("site")) == "recorded"
    other.sequence()
    assert other.waiting()[0] == 0
    world.clock.advance(ms=-60_000)
    assert _filled(world, world.ledger, clerk, site) == "recorded"  # the checker compares the times


def test_what_memory_would_refuse_is_asked_of_the_heads_themselves(world: World, other: Ledger) -> None:
    clerk, drum, site, works = world.party(), world.new("container"), world.new("site"), world.party("示例处置")
    colleague, here = world.enrol(clerk, party=clerk.party), {"party": clerk.party, "site": site}
    way = {
        "from": here,
        "to": {"party": works.party, "site": world.new("site")},
        "carrier": works.party,
        "lines": [{"container": drum, "code": OIL, "net_g": 180_000}],
    }
    first = {"manifest": world.new("manifest")}
    said = [("container-filled", world.filled(clerk, site, drum)), ("manifest-issued", way | first)]
    twice = ("container-filled", world.filled(clerk, site, drum))
    answers = world.ledger.record([clerk.sign(*each) for each in (*said, twice)])
    assert [each.outcome for each in answers] == ["recorded", "recorded", "refused"]
    for _ in range(3):
        assert _filled(world, world.ledger, clerk, site) == "recorded"
    world.clock.advance(ms=1_000)
    cancel = {"manifest": first["manifest"], "place": here, "free": [drum], "reason": "mistake"}
    (cancelled,) = other.record([colleague.sign("manifest-cancelled", cancel)])
    assert cancelled.outcome == "recorded"
    (issued,) = world.ledger.record([clerk.sign("manifest-issued", way | {"manifest": world.new("manifest")})])
    assert issued.outcome == "recorded"
