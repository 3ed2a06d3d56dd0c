"""Tricks by which somebody without an authority's key would be rid of overdue waste, each beside what is lawful."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.rate import Rate
from tests.support.told import Scene, load, verdict, weighed

OIL = "900-249-08"
KEPT_G = 140_000
FILLED = "2025-02-03T02:00:00.000Z"
NOW = "2026-08-20T00:00:00.000Z"
LATER = "2026-08-20T01:00:00.000Z"
LAST = "2026-08-20T02:00:00.000Z"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def kept(scene: Scene) -> str:
    """A drum that the garage has kept for half a year too long."""
    return scene.fill(1, KEPT_G, at=FILLED)


def here(scene: Scene, drum: str, **more: Any) -> dict[str, Any]:
    return {"container": drum, "place": scene.place("garage-yard"), "code": OIL} | more


def year(scene: Scene) -> Rate:
    return scene.told.rate(
        of=scene.party("garage"), kind="hazardous", start="2026-01-01", until="2026-12-31", as_of="2026-12-31"
    )


def rules(scene: Scene) -> set[str]:
    """What is open."""
    return {f.rule for f in scene.told.account()[1] if not f.closed_at}


# -- a closing weight --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["garage", "coating"])
def test_a_closing_weight_of_nothing_is_a_difference_and_not_less_generated(scene: Scene, who: str) -> None:
    body = here(scene, kept(scene), mass=weighed(0), previous_g=KEPT_G) | {"place": scene.place(f"{who}-yard")}
    assert scene.say(f"{who}-clerk", "container-closed", body, at=NOW) == ""
    assert year(scene).bad_g["difference"] == KEPT_G
    assert "mass-difference" in rules(scene)


@pytest.mark.parametrize(("at", "generated", "bad"), [("2025-02-04T02:00:00.000Z", 60_000, 0), (NOW, KEPT_G, 80_000)])
def test_what_was_added_turns_out_to_be_less_until_its_clock_runs_out(
    scene: Scene, at: str, generated: int, bad: int
) -> None:
    drum = scene.id("container", 1)
    opened = here(scene, drum, kind="package", name="废机油")
    assert scene.say("garage-clerk", "container-opened", opened, at=FILLED) == ""
    added = here(scene, drum, mass=weighed(KEPT_G))
    assert scene.say("garage-clerk", "waste-added", added, at="2025-02-03T03:00:00.000Z") == ""
    closed = here(scene, drum, mass=weighed(60_000), previous_g=KEPT_G)
    assert scene.say("garage-clerk", "container-closed", closed, at=at) == ""
    assert sum(r.grams for r in scene.told.account()[0] if r.account == "generated") == generated
    assert year(scene).bad_g["difference"] == bad
    again = here(scene, drum, mass=weighed(0), previous_g=60_000)
    assert scene.say("garage-clerk", "container-closed", again, at=LATER) == ""
    assert year(scene).bad_g["difference"] == bad + 60_000


# -- a scale of one's own ----------------------------------------------------------------------------------------------


def tolerated(scene: Scene) -> str:
    drum = kept(scene)
    body = {"name": "tolerance-ppm", "value": 3_000, "effective_from": "2025-01-01"}
    assert scene.say("settings", "setting-adopted", body, at=NOW) == ""
    return drum


def weigh(scene: Scene, drum: str, before: int, now: int, at: str) -> None:
    body = here(scene, drum, mass=weighed(now), previous_g=before)
    assert scene.say("garage-clerk", "container-weighed", body, at=at) == ""


def test_a_tolerance_is_of_what_lay_there_and_not_of_what_the_statement_says_lay_there(scene: Scene) -> None:
    drum = tolerated(scene)
    weigh(scene, drum, 10**12, 10**12 - KEPT_G, NOW)
    assert (year(scene).bad_g["difference"], year(scene).settled_g) == (KEPT_G, 0)


def test_many_small_differences_of_one_scale_are_one_large_one(scene: Scene) -> None:
    drum = tolerated(scene)
    weigh(scene, drum, KEPT_G, KEPT_G - 400, NOW)
    assert (year(scene).bad_g["difference"], year(scene).settled_g) == (0, 400)
    weigh(scene, drum, KEPT_G - 400, KEPT_G - 800, LATER)
    assert (year(scene).bad_g["difference"], year(scene).settled_g) == (400, 400)
    assert "mass-difference" in rules(scene)


def test_what_one_weighing_lacks_and_the_next_one_finds_leaves_the_whole_tolerance(scene: Scene) -> None:
    drum = tolerated(scene)
    weigh(scene, drum, KEPT_G, KEPT_G - 400, NOW)
    weigh(scene, drum, KEPT_G - 400, KEPT_G, LATER)
    weigh(scene, drum, KEPT_G, KEPT_G - 400, LAST)
    assert (year(scene).bad_g["difference"], year(scene).settled_g) == (0, 800)


# -- an explanation ----------------------------------------------------------------------------------------------------


def explained(scene: Scene, drum: str, key: str, by: str) -> dict[str, Any]:
    body = {"container": drum, "rule": "mass-difference", "key": key, "explanation": {"sealed": "a" * 64}}
    assert scene.say(by, "exception-explained", body, at=LATER) == ""
    return {"container": drum, "explanation": scene.said[-1].id}


@pytest.mark.parametrize(("accepts", "bad"), [("driver", KEPT_G), ("supervision", 0)])
def test_what_one_scale_lacks_is_explained_to_the_authority_alone(scene: Scene, accepts: str, bad: int) -> None:
    drum = kept(scene)
    assert scene.say("garage-clerk", "container-emptied", here(scene, drum, rest_g=KEPT_G), at=NOW) == ""
    accepted = explained(scene, drum, scene.said[-1].id, "garage-clerk")
    collected = scene.run() | {"lines": [load(drum, 1)]}
    assert scene.say("driver", "manifest-collected", collected, at=LATER) == ""
    assert scene.say(accepts, "explanation-accepted", accepted, at=LAST) == ""
    assert year(scene).bad_g["difference"] == bad


@pytest.mark.parametrize(
    ("explains", "accepts", "bad"),
    [
        ("garage-clerk", "refinery-gate", 0),
        ("refinery-gate", "garage-clerk", 0),
        ("garage-clerk", "driver", KEPT_G - 1),
        ("coating-clerk", "garage-clerk", KEPT_G - 1),
        ("garage-clerk", "garage-clerk", KEPT_G - 1),
        ("driver", "supervision", 0),
    ],
)
def test_a_difference_of_two_scales_is_explained_by_one_end_and_accepted_by_the_other(
    scene: Scene, explains: str, accepts: str, bad: int
) -> None:
    drum = kept(scene)
    run = scene.run()
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum, KEPT_G)]}, at=NOW) == ""
    line = verdict(drum, grams=KEPT_G) | {"mass": weighed(1)}
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [line]}, at=NOW) == ""
    accepted = explained(scene, drum, run["manifest"], explains)
    assert scene.say(accepts, "explanation-accepted", accepted, at=LAST) == ""
    assert year(scene).bad_g["difference"] == bad


# -- a fate that somebody asserts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent_g", [0, 40_000, KEPT_G])
def test_a_fate_is_asserted_of_what_went_outside_and_of_nothing_else(scene: Scene, sent_g: int) -> None:
    drum = kept(scene)
    if sent_g:
        body: dict[str, Any] = {"delivery": scene.id("delivery", 1), "end": "sent", "from": scene.place("garage-yard")}
        body |= {"to": {"kind": "licensed", "name": "外单位"}, "lines": [load(drum, sent_g)]}
        assert scene.say("garage-clerk", "delivery-recorded", body, at=NOW) == ""
    fate = here(scene, drum, net_g=KEPT_G, end="utilised", receiver=scene.place("refinery"), method="R9")
    assert scene.say("garage-clerk", "fate-asserted", fate | {"document": "a" * 64}, at=LATER) == ""
    assert (year(scene).asserted_g, year(scene).overdue_g) == (sent_g, KEPT_G - sent_g)
    assert ("step-missing" in rules(scene)) == (sent_g < KEPT_G)
