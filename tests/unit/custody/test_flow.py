"""Where the grams went: every place's bands balance and end as the rate says, in stories and in simulated worlds."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from ledger.custody.flow import ENDS, PLACES, Band, bands_from, spots_of
from ledger.custody.lots import Row
from ledger.custody.rate import CAME_IN, Question, rate_of
from ledger.custody.regimes.base import KINDS, later
from ledger.exchange.worlds import World
from tests.support.told import Scene, Told, facts_of, load, told, verdict


def agree(rows: Iterable[Row], question: Question) -> dict[Band, int]:
    """The bands, shown to balance at every place and to end in the terms of the rate."""
    rows = list(rows)
    bands, rate = bands_from(spots_of(rows, question)), rate_of(rows, question)
    assert {source for source, _ in bands} <= {"before", *CAME_IN, *PLACES}
    assert {to for _, to in bands} <= {*PLACES, *ENDS}
    into = {p: sum(g for (_, to), g in bands.items() if to == p) for p in {b for _, b in bands} | set(PLACES)}
    for place in PLACES:
        assert into[place] == sum(g for (source, _), g in bands.items() if source == place), place
    assert into.get("utilised", 0) + into.get("disposed", 0) == rate.closed_ok_g
    assert into.get("open", 0) == rate.open_g
    assert into.get("settled", 0) == rate.settled_g
    assert sum(g for (source, _), g in bands.items() if source not in PLACES) == rate.proven.whole_g + rate.settled_g
    return bands


@pytest.mark.parametrize("name", sorted(told()[1]))
def test_every_story_balances_in_every_period(name: str) -> None:
    park, stories = told()
    rows = Told().record(facts_of([*park.steps, *stories[name].steps])).account()[0]
    moments = sorted({row.at for row in rows})
    for kind in KINDS:
        for start in ("2000-01-01T00:00:00.000Z", *moments):
            question = Question(view="origin", kind=kind, start=start, end="2030-01-01T00:00:00.000Z", as_of="2030")
            agree(rows, question)


@pytest.mark.parametrize(
    ("name", "start", "wanted"),
    [
        ("delivered-outside", "2026-04-01T00",
         "generated>store 80, store>outside 80, outside>missing 60, outside>open 20"),
        ("delivered-outside", "2026-04-14T02",
         "before>outside 60, before>store 20, store>outside 20, outside>missing 60, outside>open 20"),
        ("delivered-outside", "2026-05-14T01", "before>outside 80, outside>missing 60, outside>open 20"),
        ("unlisted-missing", "2026-03-01T00",
         "generated>store 150, store>transit 150, transit>missing 70, transit>receiver 80, receiver>utilised 80"),
        ("unlisted-missing", "2026-03-24T05",
         "before>transit 150, transit>missing 70, transit>receiver 80, receiver>utilised 80"),
        ("unlisted-missing", "2026-03-25T02", "before>missing 70, before>receiver 80, receiver>utilised 80"),
        ("lost-found", "2026-05-08T01", "before>store 310, generated>store 140, store>open 150, store>transit 300, "
         "transit>receiver 300, receiver>utilised 300"),
        ("lost-found", "2026-05-20T02", "before>receiver 140, before>store 150, before>transit 160, store>open 150, "
         "transit>receiver 160, receiver>utilised 300"),
    ],
)  # fmt: skip
def test_bands_of_a_period_are_those_written_by_hand(name: str, start: str, wanted: str) -> None:
    """In kilograms, of what was lost, found, missing, sent to somebody outside, in the period or before it."""
    park, stories = told()
    rows = Told().record(facts_of([*park.steps, *stories[name].steps])).account()[0]
    end = "2030-01-01T00:00:00.000Z"
    question = Question(view="origin", kind="hazardous", start=f"{start}:00:00.000Z", end=end, as_of=end)
    seen = {f"{source}>{to} {grams // 1000}" for (source, to), grams in agree(rows, question).items()}
    assert seen == set(wanted.split(", "))


def test_what_a_receiver_sends_on_to_somebody_outside_leaves_from_there() -> None:
    scene = Scene()
    drum, run = scene.fill(), scene.run()
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]}) == ""
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum)]}) == ""
    away = {"delivery": scene.id("delivery", 1), "end": "sent", "from": scene.place("refinery"), "lines": [load(drum)]}
    away |= {"to": {"kind": "other", "name": "外地公司（虚构）"}}
    assert scene.say("refinery-gate", "delivery-recorded", away) == ""
    end = "2030-01-01T00:00:00.000Z"
    question = Question(view="origin", kind="hazardous", start="2026-01-01T00:00:00.000Z", end=end, as_of=end)
    ways = [("generated", "store"), ("store", "transit"), ("transit", "receiver"), ("receiver", "outside")]
    assert agree(scene.told.account()[0], question) == dict.fromkeys([*ways, ("outside", "open")], 100_000)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_world_balances_for_each_enterprise_and_nothing_runs_backwards(seed: int) -> None:
    world = World(random.Random(seed), enterprises=5, days=12, frauds=())
    steps = list(world.steps())
    rows = Told().record(facts_of(steps)).account()[0]
    seen = 0
    for kind in KINDS:
        for party in ["", *(e.party for e in world.enterprises)]:
            for start in (world.begins, later(world.begins, days=6)):
                question = Question(
                    view="origin", kind=kind, start=start, end=steps[-1].received_at, as_of=steps[-1].received_at,
                    parties=frozenset({party} - {""}),
                )  # fmt: skip
                bands = agree(rows, question)
                assert all(grams > 0 for grams in bands.values()), (kind, party, bands)
                seen += len(bands)
    assert seen > 20
