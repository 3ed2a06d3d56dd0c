"""Tricks by which somebody without an authority's key would be rid of overdue waste, each beside what is lawful."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.flags import Flag
from ledger.custody.lots import Row
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


@pytest.mark.parametrize(("who", "bad", "rule"), [("garage", KEPT_G, "mass-difference"), ("coating", 0, "not-holder")])
def test_a_closing_weight_of_nothing_is_a_difference_and_not_less_generated(
    scene: Scene, who: str, bad: int, rule: str
) -> None:
    body = here(scene, kept(scene), mass=weighed(0), previous_g=KEPT_G) | {"place": scene.place(f"{who}-yard")}
    assert scene.say(f"{who}-clerk", "container-closed", body, at=NOW) == ""
    assert (year(scene).bad_g["difference"], year(scene).overdue_g) == (bad, KEPT_G - bad)
    assert rules(scene) == {rule}


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


# -- a clock of one's own ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["2099-02-03T02:00:00.000Z", "2025-02-04T02:00:00.001Z"])
def test_what_is_dated_ahead_happened_when_it_was_told(scene: Scene, at: str) -> None:
    scene.fill(1, KEPT_G, at=at, received_at=FILLED)
    assert {r.at for r in scene.told.account()[0]} == {FILLED}
    assert year(scene).overdue_g == KEPT_G
    assert rules(scene) == {"clock-ahead"}


def test_a_clock_a_day_ahead_is_believed_and_flagged(scene: Scene) -> None:
    day_later = "2025-02-04T02:00:00.000Z"
    scene.fill(1, KEPT_G, at=day_later, received_at=FILLED)
    assert {r.at for r in scene.told.account()[0]} == {day_later}
    assert rules(scene) == {"clock-ahead"}


def test_nobodys_word_of_the_future_is_the_last_word_on_a_drum(scene: Scene) -> None:
    drum = kept(scene)
    lost = here(scene, drum, net_g=KEPT_G, stage="held", reason="stolen")
    assert scene.say("garage-clerk", "container-lost", lost, at="2099-01-01T00:00:00.000Z", received_at=NOW) == ""
    found = here(scene, drum, net_g=KEPT_G, lost_by=scene.place("garage-yard"))
    assert scene.say("garage-clerk", "container-found", found, at=LATER) == ""
    assert scene.container(drum).status == "held"


# -- a carrier's clock -------------------------------------------------------------------------------------------------


def test_who_carries_what_it_had_before_has_the_days_of_this_journey(scene: Scene) -> None:
    drum = scene.fill(1, at="2026-03-02T00:00:00.000Z")
    own = scene.run(1) | {"carrier": scene.party("garage"), "lines": [load(drum)]}
    assert scene.say("garage-clerk", "manifest-collected", own, at="2026-04-02T00:00:00.000Z") == ""
    assert [x.deadline for x in on_the_road(scene)] == ["2026-04-17T00:00:00.000Z"]
    got = scene.run(1) | {"carrier": scene.party("garage"), "lines": [verdict(drum)]}
    assert scene.say("refinery-gate", "manifest-received", got, at="2026-04-02T01:00:00.000Z") == ""
    for n, at in ((2, "2026-05-02T00:00:00.000Z"), (3, "2026-07-02T00:00:00.000Z")):
        ends = {"from": scene.place("refinery"), "to": scene.place("refinery"), "carrier": scene.party("carrier")}
        run = {"manifest": scene.id("manifest", n)} | ends
        assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]}, at=at) == ""
        assert [x.deadline for x in on_the_road(scene)] == [f"{at[:8]}17T00:00:00.000Z"]
        back = at.replace("T00", "T01")
        assert scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum)]}, at=back) == ""
    assert rules(scene) <= {"not-on-manifest"}


def test_handing_over_to_another_carrier_and_back_gives_no_new_days(scene: Scene) -> None:
    drum = scene.fill(1, at="2026-03-02T00:00:00.000Z")
    run = scene.run() | {"lines": [load(drum)]}
    assert scene.say("driver", "manifest-collected", run, at="2026-04-02T00:00:00.000Z") == ""
    one, other = scene.party("carrier"), scene.party("carrier-2")
    for day, (giver, taker) in enumerate([(one, other), (other, one)], 3):
        body = {"manifest": run["manifest"], "from_carrier": giver, "to_carrier": taker, "lines": [load(drum)]}
        said = scene.say("driver", "manifest-handed-over", body, at=f"2026-04-0{day}T00:00:00.000Z")
        assert said == ""
    assert [x.deadline for x in on_the_road(scene)] == ["2026-04-17T00:00:00.000Z"]


def on_the_road(scene: Scene) -> list[Row]:
    """Open mass that is on the road now."""
    sums: dict[Row, int] = {}
    for row in scene.told.account()[0]:
        if row.account == "open" and row.stage == "in-transit":
            place = row._replace(statement="", at="", clock_at="", grams=0)
            sums[place] = sums.get(place, 0) + row.grams
    return [row for row, grams in sums.items() if grams]


# -- a correction ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["apply", "reject"])
def test_what_was_kept_too_long_is_corrected_to_less_only_by_the_authority(scene: Scene, outcome: str) -> None:
    drum = kept(scene)
    change = {"container": drum, "target": scene.said[-1].id, "field": "mass.net_g", "old": KEPT_G, "new": 0}
    assert scene.say("garage-clerk", "entry-corrected", change | {"reason": "typing"}, at=NOW) == ""
    said, correction = scene.said[-1], scene.said[-1].id
    assert (year(scene).overdue_g, rules(scene)) == (KEPT_G, {"correction-waiting"})
    (flag,) = [f for f in scene.told.account()[1] if f.rule == "correction-waiting"]
    assert flag == Flag(
        rule="correction-waiting", object=drum, key=correction, grams=0, holder=scene.party("garage"), site="",
        detail="authority", opened_at=said.at, opened_by=said.statement,
    )  # fmt: skip
    decision = {"container": drum, "correction": correction, "outcome": outcome}
    assert scene.say("supervision", "correction-decided", decision, at=LATER) == ""
    assert (year(scene).overdue_g, rules(scene)) == (0 if outcome == "apply" else KEPT_G, set())


@pytest.mark.parametrize(
    ("at", "new", "generated"), [("2025-02-05T02:00:00.000Z", 14_000, 14_000), (NOW, 150_000, 150_000)]
)
def test_in_time_or_to_more_a_holder_corrects_alone(scene: Scene, at: str, new: int, generated: int) -> None:
    drum = kept(scene)
    change = {"container": drum, "target": scene.said[-1].id, "field": "mass.net_g", "old": KEPT_G, "new": new}
    assert scene.say("garage-clerk", "entry-corrected", change | {"reason": "typing"}, at=at) == ""
    assert (year(scene).overdue_g, rules(scene)) == (generated, set())


def test_a_correction_dated_back_to_before_the_clock_ran_out_waits_too(scene: Scene) -> None:
    drum = kept(scene)
    change = {"container": drum, "target": scene.said[-1].id, "field": "mass.net_g", "old": KEPT_G, "new": 0}
    said = {"at": "2025-03-01T00:00:00.000Z", "received_at": NOW}
    assert scene.say("garage-clerk", "entry-corrected", change | {"reason": "typing"}, **said) == ""
    assert year(scene).overdue_g == KEPT_G


# -- a mass that nobody knows ------------------------------------------------------------------------------------------


def unweighed(scene: Scene) -> str:
    drum = scene.id("container", 1)
    body = here(scene, drum, kind="package", name="废机油", mass={"basis": "volume", "volume_ml": 200_000})
    assert scene.say("garage-clerk", "container-filled", body, at=FILLED) == ""
    return drum


@pytest.mark.parametrize(("said_g", "known"), [(0, True), (200_000, False)])
def test_a_scale_that_takes_off_what_the_books_never_had_makes_no_mass_known(
    scene: Scene, said_g: int, known: bool
) -> None:
    weigh(scene, unweighed(scene), said_g, 200_000, NOW)
    assert ("mass-unknown" not in rules(scene)) == known


def test_what_nobody_weighed_is_not_gone_because_its_drum_is_empty(scene: Scene) -> None:
    drum = unweighed(scene)
    assert scene.say("garage-clerk", "container-emptied", here(scene, drum, rest_g=0), at=NOW) == ""
    assert rules(scene) == {"mass-unknown"}
    weigh(scene, drum, 0, 180_000, LATER)
    assert (rules(scene), year(scene).open_g) == (set(), 180_000)


# -- an old book -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("born", "who", "late"), [("told", "refiner", 3), ("told", "registrar", 0), ("read", "", 0)])
def test_what_began_by_a_statement_of_its_day_goes_on_in_nobodys_old_book(
    scene: Scene, born: str, who: str, late: int
) -> None:
    source: dict[str, Any] = {"source": {"workbook": "a" * 64, "sheet": "B4", "row": 3}}
    drum, run = scene.id("container", 1), scene.run()
    body = here(scene, drum, kind="package", name="废机油", mass=weighed(KEPT_G))
    read = {"received_at": NOW} if born == "read" else {}
    assert scene.say("garage-clerk", "container-filled", body | (source if read else {}), at=FILLED, **read) == ""
    done: dict[str, Any] = {
        "place": scene.place("refinery"),
        "facility": scene.park.story.ids["still"],
        "stage": "final",
    }
    done |= {"end": "utilised", "method": "R9", "basis": "weighed", "inputs": [load(drum, KEPT_G)]}
    told: list[tuple[str, str, dict[str, Any]]] = [
        ("driver", "manifest-collected", run | {"lines": [load(drum, KEPT_G)]}),
        ("refinery-gate", "manifest-received", run | {"lines": [verdict(drum, grams=KEPT_G)]}),
        ("refinery-hall", "waste-treated", done),
    ]
    for day, (by, type_, said) in enumerate(told, 1):
        at = f"2025-03-0{day}T00:00:00.000Z"
        author = "registrar" if who == "registrar" else by
        assert scene.say(author, type_, said | source, at=at, received_at=LATER) == ""
    flags = [f.rule for f in scene.told.account()[1]]
    assert flags.count("recorded-late") == late
    assert ("stored-too-long" in flags) == bool(late)
    rate = scene.told.rate(
        of=scene.party("garage"), kind="hazardous", start="2025-01-01", until="2025-12-31", as_of="2026-12-31"
    )
    assert (rate.asserted_g, rate.verified_g) == (KEPT_G, 0)


# -- a journey to oneself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "who", "settled", "bad"),
    [("garage", "garage-clerk", 700, 1_389), ("refiner", "refinery-gate", 700 + 696, 693)],
)
def test_what_journeys_to_oneself_lack_counts_together(scene: Scene, to: str, who: str, settled: int, bad: int) -> None:
    drum = kept(scene)
    there = {"party": scene.party(to), "site": scene.place("refinery")["site"]}
    left = KEPT_G
    for n, (giver, taker) in enumerate([(scene.place("garage-yard"), there), (there, there), (there, there)], 1):
        run = {"manifest": scene.id("manifest", n), "from": giver, "to": taker, "carrier": scene.party("carrier")}
        at = f"2026-08-{10 + n}T00:00:00.000Z"
        assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum, left)]}, at=at) == ""
        line = verdict(drum, grams=left) | {"mass": weighed(left - left * 5 // 1000)}
        at = f"2026-08-{10 + n}T01:00:00.000Z"
        assert scene.say(who, "manifest-received", run | {"lines": [line]}, at=at) == ""
        left -= left * 5 // 1000
    assert (year(scene).settled_g, year(scene).bad_g["difference"]) == (settled, bad)
    assert ("mass-difference" in rules(scene)) == bool(bad)


# -- from drum to drum -------------------------------------------------------------------------------------------------


def repacked(scene: Scene, lacking: list[int]) -> str:
    """The drum's content from drum to drum, each time with less; the last drum."""
    drum, left = kept(scene), KEPT_G
    for n, less in enumerate(lacking, 2):
        new = load(scene.id("container", n), left - less) | {"kind": "package", "name": "废机油", "new": True}
        body = {
            "place": scene.place("garage-yard"),
            "reason": "repack",
            "sources": [load(drum, left)],
            "targets": [new],
        }
        assert scene.say("garage-clerk", "contents-transferred", body, at=f"2026-08-20T0{n}:00:00.000Z") == ""
        drum, left = scene.id("container", n), left - less
    return drum


@pytest.mark.parametrize(
    ("lacking", "settled", "bad"),
    [
        ([400], 400, 0),
        ([0, 400, 0], 400, 0),
        ([300, 300], 600, 0),
        ([400, 400], 400, 400),
        ([400, 400, 200], 600, 400),
        ([400] * 5, 400, 1_600),
        ([701], 0, 701),
        ([701, 400], 400, 701),
    ],
)
def test_what_is_lacking_from_drum_to_drum_counts_together(
    scene: Scene, lacking: list[int], settled: int, bad: int
) -> None:
    repacked(scene, lacking)
    assert (year(scene).settled_g, year(scene).bad_g["difference"]) == (settled, bad)
    assert ("mass-difference" in rules(scene)) == bool(bad)


def test_what_a_scale_lacked_goes_along_into_the_next_drum_and_counts_at_its_scale(scene: Scene) -> None:
    drum = kept(scene)
    weigh(scene, drum, KEPT_G, KEPT_G - 400, NOW)
    left = KEPT_G - 400
    new = load(scene.id("container", 2), left) | {"kind": "package", "name": "废机油", "new": True}
    body = {"place": scene.place("garage-yard"), "reason": "repack", "sources": [load(drum, left)], "targets": [new]}
    assert scene.say("garage-clerk", "contents-transferred", body, at=LATER) == ""
    weigh(scene, scene.id("container", 2), left, left - 400, LAST)
    assert (year(scene).settled_g, year(scene).bad_g["difference"]) == (400, 400)
