"""The rate agrees with a second, deliberately naive computation over simulated worlds, in both views."""

from __future__ import annotations

import random
from functools import cache
from itertools import product

import pytest

from ledger.custody.lots import Row
from ledger.custody.rate import Question, View, rate_of
from ledger.custody.regimes.base import KINDS, later
from ledger.exchange.worlds import FRAUDS, World
from tests.support.naive_rate import Naive
from tests.support.told import Told, facts_of

FIGURES = ("declared", "proven", "proven_with_stock", "due")
# (seed, enterprises, days, frauds); each world has its natural troubles: refusals, losses, late confirmations, typing.
WORLDS = (
    (1, 8, 14, ()),
    (2, 8, 10, ("weight-skim",)),
    (3, 4, 50, ("round-trips", "small-skim")),
    (101, 6, 40, tuple(FRAUDS)),
    # A quarter of a small park, with what happens once a quarter, and a merger near its end.
    (7, 5, 100, ()),
)


@cache
def played(n: int) -> tuple[World, Naive, list[Row], str]:
    seed, enterprises, days, frauds = WORLDS[n]
    world = World(random.Random(seed), enterprises=enterprises, days=days, frauds=frauds)
    steps = list(world.steps())
    told = Told().record(facts_of(steps))
    assert told.refusals == []
    return world, Naive(steps), told.account()[0], steps[-1].received_at


@pytest.mark.parametrize("view", ["origin", "facility"])
@pytest.mark.parametrize("n", range(len(WORLDS)))
def test_all_figures_are_those_of_the_naive_computation(n: int, view: View) -> None:
    world, naive, rows, as_of = played(n)
    middle = later(world.begins, days=6 + world.days // 2)
    periods = [(world.begins, as_of), (middle, as_of), (middle, later(middle, days=5))]
    holders = [*world.enterprises[:3], *world.receivers_once(), world.town]
    merged = {step.body["from"]["party"] for step in naive.steps if step.type == "custody-transferred"}
    parties = ["", *merged, *(holder.party for holder in holders)]
    compared = 0
    for (start, end), party, kind in product(periods, parties, KINDS):
        question = Question(
            view=view, kind=kind, start=start, end=end, as_of=as_of, parties=frozenset({party} - {""})
        )  # fmt: skip
        rate = rate_of(rows, question)
        found = {f: (getattr(rate, f).part_g, getattr(rate, f).whole_g) for f in FIGURES}
        expected = naive.figures(view, kind, start, end, as_of, party)
        assert found == expected, (kind, party, start, end)
        compared += any(whole for _, whole in found.values())
    assert compared > 15
    assert bool(merged) == (world.days == 100)
