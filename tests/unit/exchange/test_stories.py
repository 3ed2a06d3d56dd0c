"""Stories are read into steps with the same ids every time; one that does not hold together is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.custody.events import event_types
from ledger.exchange.stories import StoryError, in_order_of_arrival, load_story, shipped
from tests.support.told import told

TOLD = """
story = "small"
zh = "小故事"
en = "A small story"
[things]
container = ["drum"]
[[step]]
id = "filling"
at = 2026-03-02T09:00:00+08:00
by = "{by}"
event = "container-filled"
container = "@{drum}"
place = "@@{site}"
"""


def small(by: str = "garage-clerk", drum: str = "drum", site: str = "garage-yard") -> str:
    return TOLD.format(by=by, drum=drum, site=site)


def test_a_step_says_who_when_and_what_with_every_alias_replaced() -> None:
    park, _ = told()
    story = load_story(small(), park)
    (step,) = story.steps
    assert (step.at, step.received_at) == ("2026-03-02T01:00:00.000Z", "2026-03-02T01:00:01.000Z")
    assert step.by.party == park.story.ids["garage"]
    assert step.id == story.ids["filling"]
    assert step.body == {
        "container": story.ids["drum"],
        "place": {"party": park.story.ids["garage"], "site": park.story.ids["garage-yard"]},
    }
    assert park.alias_of(story.ids["drum"], story) == "drum"


@pytest.mark.parametrize("wrong", [{"by": "nobody"}, {"drum": "dram"}, {"site": "garage"}, {"site": "nowhere"}])
def test_an_unknown_name_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(StoryError, match="small"):
        load_story(small(**wrong), told()[0])


def test_the_same_words_give_the_same_ids_and_no_two_stories_share_one() -> None:
    park, stories = shipped()
    assert [s.steps for s in stories] == [s.steps for s in shipped()[1]]
    ids = [id_ for s in stories for alias, id_ in s.ids.items() if alias not in park.story.ids]
    own = [id_ for s in stories for id_ in s.ids.values() if id_ not in park.story.ids.values()]
    assert len(own) == len(set(own)) >= len(ids)


def test_a_persons_statement_cannot_overtake_their_earlier_one() -> None:
    park, _ = told()
    first, second = [s for s in park.steps if s.by.alias == "registrar"][:2]
    assert in_order_of_arrival([second, first]) == [first, second]
    with pytest.raises(StoryError, match="registrar"):
        in_order_of_arrival([replace(first, received_at=second.received_at.replace("2025", "2026")), second])


def test_the_cast_holds_together() -> None:
    park, _ = told()
    genesis = [p for p in park.players.values() if p.genesis]
    assert {role for p in genesis for role in p.roles} == {"registrar", "licensing", "settings", "supervision"}
    assert all(not p.roles for p in park.players.values() if not p.genesis)
    assert len({p.key for p in park.players.values()}) == len(park.players)
    registered = {s.body["holder"] for s in park.steps if s.type == "party-registered"}
    # A street has no key of its own, nor has the farm, for which a guest signs.
    assert registered - {p.party for p in park.players.values()} == {park.story.ids[a] for a in ("town", "farm")}
    for step in park.steps:
        if step.type == "party-registered":
            assert "（虚构）" in step.body["name"]


def test_every_step_is_an_event_of_this_version() -> None:
    park, stories = told()
    steps = [*park.steps, *(s for story in stories.values() for s in story.steps)]
    assert {s.type for s in steps} <= set(event_types())
