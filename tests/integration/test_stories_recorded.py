"""All stories in one real ledger: signed, recorded and projected, they end as they do in memory."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.custody.container import Container, thing_from
from ledger.custody.regimes.base import KINDS, moment_of
from ledger.exchange.catalogue import carried, edition_of
from ledger.exchange.stories import OPERATOR, Step, in_order_of_arrival
from ledger.log.keys import PrivateKey
from ledger.log.note import SignerKey
from ledger.queries import Queries
from ledger.service import Keys, Ledger, RootAuthority
from ledger.store import rebuilding
from ledger.store.database import open_engine, upgrade
from ledger.store.projections import Projector, differences
from ledger.store.tables import PROJECTIONS, metadata
from tests.support.told import Told, facts_of, local, told
from tests.support.world import ORIGIN, Clock, Device, World

END = "2026-08-01T00:00:00.000Z"
NEXT_YEAR = "2027-01-20T00:00:00.000Z"


def recorded(url: str, folder: Path) -> tuple[World, list[Step]]:
    """A ledger in which every story was recorded, step by step, each answered as it should be; and the steps."""
    park, stories = told()
    steps = in_order_of_arrival([*park.steps, *(s for story in stories.values() for s in story.steps)])
    chance = random.Random(2)
    keys = Keys(
        log=SignerKey(ORIGIN, PrivateKey(chance.randbytes(32))),
        promise=PrivateKey(chance.randbytes(32)),
        system=PrivateKey(chance.randbytes(32)),
        kek=chance.randbytes(32),
    )
    world = World(
        clock=Clock(milliseconds("2025-01-01T00:00:00.000Z")), chance=chance, url=url, folder=folder, keys=keys
    )
    devices = {
        p.alias: Device(world, PrivateKey(chance.randbytes(32)), p.key, p.party, p.person)
        for p in park.players.values()
        if p.genesis
    }
    engine = open_engine(url)
    upgrade(engine)
    world.ledger = Ledger.init(
        engine=engine,
        keys=keys,
        signer_state=world.signer_state,
        clock=world.clock,
        chance=chance.randbytes,
        origin=ORIGIN,
        operator_name="演示运营方（虚构）",
        authorities=[
            RootAuthority(
                party=device.party,
                person=device.person,
                key=device.stream,
                public_key=device.key.public,
                roles=park.players[alias].roles,
                name=alias,
            )
            for alias, device in devices.items()
        ],
    )
    for player in park.players.values():
        if not player.genesis:
            devices[player.alias] = world.enrol(
                devices["registrar"], party=player.party, person=player.person, admin=player.admin
            )
    edition = carried("2021")
    world.ledger.keep_document(edition.content)
    assert devices["settings"].say("catalogue-adopted", edition.body("2021", "2021-01-01")).outcome == "recorded"
    known = {player.key: devices[player.alias].stream for player in park.players.values()}
    guests = {guest.alias: guest for story in stories.values() for guest in story.guests}
    for step in steps:
        world.clock.ms = milliseconds(step.received_at)
        who = step.by.alias
        if who in guests and who not in devices:
            guest = guests[who]
            devices[who] = world.enrol(devices[guest.vouched_by], party=guest.party, person=guest.person, uses=1)
        if who == OPERATOR:
            assert world.ledger.record_as_system(step.type, step.body).outcome == "recorded"
            continue
        # A key's id is known when it is enrolled.
        body = step.body | ({"key": known[step.body["key"]]} if step.type == "key-revoked" else {})
        answer = devices[who].say(step.type, body, at=step.at, id_=step.id)
        expected = ("refused", step.refused) if step.refused else ("recorded", None)
        expected = ("quarantined", "key-revoked") if step.refused == "quarantined" else expected
        assert (answer.outcome, answer.code) == expected, (step, answer.error)
    world.ledger.sequence()
    return world, steps


def test_the_stories_told_to_a_real_ledger_end_as_they_do_in_memory(sqlite_url: str, tmp_path: Path) -> None:
    park, _ = told()
    world, steps = recorded(sqlite_url, tmp_path)
    engine = world.ledger.engine
    projector = Projector(engine, world.ledger.regime, edition_of)
    queries = Queries(engine=engine, regime=world.ledger.regime, projector=projector)
    projector.follow()

    memory = Told.opened(world.ledger.opened.operator).record(facts_of(steps))
    for moment in (END, NEXT_YEAR):
        wanted = memory.flags(moment)
        assert len({rule for rule, *_ in wanted}) >= 7
        assert wanted == sorted(
            (f.rule, f.object, local(f.opened_at), local(f.closed_at) if "" < f.closed_at <= moment else "")
            for f in queries.exceptions(moment, closed=True)
        )
    for stream in memory.states:
        row = world.ledger.state(stream)
        assert row is not None
        thing, told_thing = thing_from(stream, row), memory.thing(stream)
        # Keys are invented here as there: only the place in an author's chain differs, and the hashes of statements.
        thing.last = told_thing.last
        if isinstance(thing, Container) and isinstance(told_thing, Container):
            thing.explained = {id_: (*said[:4], told_thing.explained[id_][4]) for id_, said in thing.explained.items()}
            told_thing.explained = {id_: tuple(said) for id_, said in told_thing.explained.items()}  # type: ignore[misc]
        assert thing == told_thing
    for alias in ("garage", "coating", "plant", "refiner", "hospital", "wte", "builder", "sewage", "town"):
        for kind in KINDS:
            rate = memory.rate(of=park.story.ids[alias], kind=kind, start="2026-01-01", until="2026-12-31", as_of=END)
            assert queries.rate(rate.question) == rate, alias
            assert queries.rate(rate.question, size=world.ledger.size()) == rate, alias
    verdict = world.ledger.verify(read_catalogue=edition_of)
    assert [str(difference) for difference in verdict.differences] == []
    world.close()


def test_projections_made_at_once_by_two_processes_are_row_by_row_those_that_one_makes_entry_after_entry(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = recorded(database_url, tmp_path)
    engine = world.ledger.engine
    projector = Projector(engine, world.ledger.regime, edition_of)

    def rows() -> dict[str, list[str]]:
        with engine.connect() as connection:
            return {name: sorted(map(str, connection.execute(select(metadata.tables[name])))) for name in PROJECTIONS}

    assert projector.rebuild(processes=1) == world.ledger.size()
    one = rows()
    assert all(one.values())
    monkeypatch.setattr(rebuilding, "WORTH", (0, 0))
    monkeypatch.setattr(rebuilding, "_TASK", 30)
    seen: list[int] = []
    assert projector.rebuild(lambda done, _: seen.append(done), processes=2) == world.ledger.size()
    assert seen[-1] == world.ledger.size() and len(seen) > 3
    assert rows() == one
    monkeypatch.setattr(rebuilding, "_LARGE", 5)
    assert projector.rebuild(processes=2) == world.ledger.size()
    assert rows() == one
    world.close()


def test_many_entries_that_wait_are_taken_in_as_one_process_takes_them_in_entry_after_entry(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _ = recorded(database_url, tmp_path)
    engine = world.ledger.engine
    projector = Projector(engine, world.ledger.regime, edition_of)
    monkeypatch.setattr(rebuilding, "WAITING", (0, 0))
    monkeypatch.setattr(rebuilding, "_TASK", 30)
    seen: list[int] = []
    assert projector.follow(lambda done, _: seen.append(done)) == world.ledger.size()
    assert len(seen) > 3  # task by task, not all in one step
    with engine.connect() as connection:
        assert list(differences(connection, world.ledger.regime, edition_of)) == []
    world.close()


def milliseconds(text: str) -> int:
    return round(moment_of(text).timestamp() * 1000)
