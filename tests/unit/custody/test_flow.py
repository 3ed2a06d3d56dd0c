"""Where the grams went: every place's bands balance and end as the rate says, in stories and in simulated worlds."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from ledger.custody.flow import PLACES, Band, bands_from, spots_of
from ledger.custody.lots import Row
from ledger.custody.rate import Question, rate_of
from ledger.custody.regimes.base import KINDS, later
from ledger.exchange.worlds import World
from tests.support.told import Told, facts_of, told


def agree(rows: Iterable[Row], question: Question) -> dict[Band, int]:
    """The bands, shown to balance at every place and to end in the terms of the rate."""
    rows = list(rows)
    bands, rate = bands_from(spots_of(rows, question)), rate_of(rows, question)
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
