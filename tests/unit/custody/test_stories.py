"""Every story ends as was written by hand beside it, in whatever order its statements arrive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ledger.custody.account import account_for, flags_of_new
from ledger.custody.container import Manifest
from ledger.custody.regimes.base import KINDS
from ledger.exchange.stories import Step, Story, in_order_of_arrival
from tests.support.told import CN, Told, arrival_orders, facts_of, moment, told

NAMES = sorted(told()[1])
INTENTIONS = frozenset({"manifest-issued", "manifest-cancelled", "container-impounded", "container-released"})
ORDERS = 15


def moments() -> list[Any]:
    return [
        pytest.param(story, expect, id=f"{name}, {expect['as_of'].date()} {expect['as_of'].hour}h")
        for name, story in told()[1].items()
        for expect in story.expect
    ]


def as_of(story: Story, at: str) -> Told:
    """The story as the ledger knows it at that moment."""
    park, _ = told()
    known = [s for s in (*park.steps, *story.steps) if s.received_at <= at]
    world = Told.opened(park.story.ids["operator"]).record(facts_of(known))
    assert refused(world) == by_rule(known)
    return world


def refused(world: Told) -> dict[str, str]:
    return {fact.id: refusal.code for fact, refusal in world.refusals}


def by_rule(steps: Iterable[Step]) -> dict[str, str]:
    """What a rule refuses; what is quarantined reaches no rule."""
    return {s.id: s.refused for s in steps if s.refused not in ("", "quarantined")}


@pytest.mark.parametrize(("story", "expect"), moments())
def test_states_and_grams_are_those_written_by_hand(story: Story, expect: dict[str, Any]) -> None:
    park, _ = told()
    world = as_of(story, moment(expect["as_of"]))
    for alias, wanted in expect.get("states", {}).items():
        thing = world.thing(story.ids[alias])
        if isinstance(thing, Manifest):
            assert {"status": thing.status} == wanted, alias
            continue
        seen = {
            "status": thing.status,
            "holder": park.alias_of(thing.holder),
            "site": park.alias_of(thing.site, story) if thing.site else "",
            "net_g": thing.net_g,
        }
        assert {key: seen[key] for key in wanted} == wanted, alias
    if "postings" in expect:
        sums = {
            (stage, park.alias_of(holder), park.alias_of(container, story) if container else ""): grams
            for (stage, holder, container), grams in world.sums().items()
        }
        assert sums == {(stage, holder, container): grams for stage, holder, container, grams in expect["postings"]}
    assert sum(world.sums().values()) == 0


@pytest.mark.parametrize(("story", "expect"), moments())
def test_exceptions_are_those_written_by_hand(story: Story, expect: dict[str, Any]) -> None:
    park, _ = told()
    at = moment(expect["as_of"])
    flags = as_of(story, at).flags(at)
    seen = [[rule, park.alias_of(thing, story), opened, closed] for rule, thing, opened, closed in flags]
    assert sorted(seen) == sorted(expect["flags"])


@pytest.mark.parametrize(("story", "expect"), moments())
def test_figures_are_those_written_by_hand(story: Story, expect: dict[str, Any]) -> None:
    at = moment(expect["as_of"])
    world = as_of(story, at)
    for figures in expect.get("figures", []):
        rate = world.rate(
            of=story.ids[figures["of"]],
            kind=figures.get("kind", "hazardous"),
            start=figures.get("from", "2026-01-01"),
            until=figures.get("until", "2026-12-31"),
            as_of=at,
        )
        shares = {"declared": rate.declared, "proven": rate.proven, "due": rate.due}
        seen = {name: [share.part_g, share.whole_g] for name, share in shares.items()}
        assert seen == {name: figures[name] for name in seen}, figures["of"]
        assert rate.nothing_due == (figures["due"][1] == 0)


@pytest.mark.parametrize("name", NAMES)
def test_every_order_of_arrival_ends_in_the_same_place(name: str) -> None:
    park, stories = told()
    story = stories[name]
    end = moment(story.expect[-1]["as_of"])
    registered = facts_of(park.steps)
    # What is refused has no effect, whenever it comes; whether it is refused may depend on what came before.
    mine = facts_of([s for s in story.steps if not s.refused])
    producers = sorted({f["of"] for e in story.expect for f in e.get("figures", [])})

    def seen(world: Told) -> dict[str, Any]:
        assert [(f.event.type, r.says("en")) for f, r in world.refusals] == []
        return {
            "states": world.states,
            "sums": world.sums(),
            "flags": world.flags(end),
            "figures": [
                world.rate(of=story.ids[p], kind=k, start="2026-01-01", until="2026-12-31", as_of=end)
                for p in producers
                for k in KINDS
            ],
        }

    told_in_order = seen(Told.opened(story.ids["operator"]).record([*registered, *mine]))
    for order in arrival_orders(mine, INTENTIONS, ORDERS, seed=len(name)):
        arrived = seen(Told.opened(story.ids["operator"]).record([*registered, *order]))
        for what, wanted in told_in_order.items():
            assert arrived[what] == wanted, [f"{f.event.type} {f.at}" for f in order]


def test_all_stories_fit_into_one_ledger() -> None:
    park, stories = told()
    steps = in_order_of_arrival([*park.steps, *(s for story in stories.values() for s in story.steps)])
    assert len({step.id for step in steps}) == len(steps)
    world = Told().record(facts_of(steps))
    assert refused(world) == by_rule(steps)
    apart: dict[tuple[str, str, str], int] = {}
    for story in stories.values():
        for key, grams in as_of(story, moment(story.expect[-1]["as_of"])).sums().items():
            apart[key] = apart.get(key, 0) + grams
    assert world.sums() == {key: grams for key, grams in apart.items() if grams}


def test_every_account_says_of_which_waste_and_whose_it_is_and_where() -> None:
    _, stories = told()
    for story in stories.values():
        for posting in as_of(story, moment(story.expect[-1]["as_of"])).postings:
            for account in (posting.debit, posting.credit):
                assert account.holder.startswith(("party:", "person:")), (story.name, posting)
                assert account.site.startswith("site:") != (account.stage == "in-transit"), (story.name, posting)
                # At work, codes meet in one account and leave it again.
                assert bool(account.code) != (account.stage == "at-work"), (story.name, posting)
                if account.stage in ("held", "in-transit", "lost", "dumped", "utilised", "disposed"):
                    assert account.container.startswith("container:"), (story.name, posting)


def test_what_is_wrong_with_a_first_record_is_found_from_it_alone() -> None:
    _, stories = told()
    found = 0
    for story in stories.values():
        world = as_of(story, moment(story.expect[-1]["as_of"]))
        for name, (first, *_) in world.facts.items():
            if name.startswith("container:"):
                known = {name: [first]}
                flags = flags_of_new(name, first, CN, world.registry)
                assert flags == account_for([name], known.__getitem__, {}, CN, world.registry)[name].flags
                found += len(flags)
    assert found > 5
