"""What a party that nobody named says of somebody else's drum, and what undoes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.custody.rate import Rate
from ledger.custody.strangers import strangers_words
from tests.support.told import Scene, load, verdict, weighed

OIL = "900-249-08"
KEPT_G = 140_000
FILLED = "2026-08-04T00:00:00.000Z"
NOW = "2026-08-20T00:00:00.000Z"
LATER = "2026-08-20T01:00:00.000Z"
LAST = "2026-08-20T02:00:00.000Z"
AFTER = "2026-08-21T00:00:00.000Z"
END = "2026-08-22T00:00:00.000Z"
HASH = "a" * 64


@pytest.fixture
def scene() -> Scene:
    return Scene()


def year(scene: Scene, of: str = "garage") -> Rate:
    return scene.told.rate(
        of=scene.party(of), kind="hazardous", start="2026-01-01", until="2026-12-31", as_of="2026-12-31"
    )


def flags(scene: Scene) -> set[tuple[str, str]]:
    """What is open, and whose."""
    names = {id_: alias for alias, id_ in scene.park.story.ids.items()}
    return {(f.rule, names[f.holder]) for f in scene.told.account()[1] if not f.closed_at}


def treatment(scene: Scene, drum: str, site: str = "rogue-yard", facility: str = "rogue-shed") -> dict[str, Any]:
    body = {"place": scene.place(site), "facility": scene.park.story.ids[facility], "stage": "final"}
    return body | {"end": "utilised", "method": "R9", "basis": "weighed", "inputs": [load(drum, KEPT_G)]}


def words(scene: Scene, drum: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """What would end, change or hide the drum, if its author had it."""
    own, manifest = scene.place("rogue-yard"), scene.id("manifest", 1)
    here = {"container": drum, "place": own, "code": OIL}
    shed = {"place": own, "facility": scene.park.story.ids["rogue-shed"]}
    line, new = load(drum, KEPT_G), load(scene.id("container", 9), KEPT_G)
    new |= {"kind": "package", "name": "废机油", "new": True}
    out = {"manifest": scene.id("manifest", 9), "from": own, "to": scene.place("refinery"), "lines": [line]}
    road = out | {"carrier": scene.party("carrier")}
    run = {"manifest": manifest, "to": own, "carrier": scene.party("carrier")}
    sent = {"delivery": scene.id("delivery", 1), "end": "sent", "from": own, "lines": [line]}
    gone = {"container": drum, "place": own, "old_code": OIL, "new_code": "900-001-S07", "cause": "error"}
    found = here | {"net_g": KEPT_G, "lost_by": scene.place("garage-yard")}
    mixed = treatment(scene, drum) | {"stage": "intermediate"}
    return {
        "treated": ("waste-treated", treatment(scene, drum)),
        "treated by an old book": (
            "waste-treated",
            treatment(scene, drum) | {"source": {"workbook": HASH, "sheet": "B4", "row": 3}},
        ),
        "mixed": ("waste-treated", mixed | {"outputs": [new]}),
        "dried": ("waste-treated", mixed),
        "repacked": ("contents-transferred", {"place": own, "sources": [line], "targets": [new], "reason": "repack"}),
        "closed": ("container-closed", here | {"mass": weighed(0), "previous_g": KEPT_G}),
        "weighed less": ("container-weighed", here | {"mass": weighed(1), "previous_g": KEPT_G}),
        "weighed more": ("container-weighed", here | {"mass": weighed(KEPT_G + 9), "previous_g": KEPT_G}),
        "emptied": ("container-emptied", here | {"rest_g": 0}),
        "lost": ("container-lost", here | {"net_g": KEPT_G, "stage": "held", "reason": "stolen"}),
        "lost on the road": ("container-lost", here | {"net_g": KEPT_G, "stage": "in-transit", "reason": "stolen"}),
        "found": ("container-found", found),
        "leaked": ("leak-reported", here | {"lost_g": KEPT_G, "stage": "held", "into": "soil"}),
        "reclassified": ("waste-reclassified", gone | {"net_g": KEPT_G}),
        "moved": ("container-moved", {"container": drum, "from": own, "to": own, "code": OIL, "net_g": KEPT_G}),
        "stored": ("container-stored", {"container": drum, **shed}),
        "counted absent": ("store-counted", shed | {"absent": [drum]}),
        "label replaced": (
            "label-replaced",
            {"container": drum, "place": own, "old": scene.id("label", 1), "new": scene.id("label", 2)}
            | {"reason": "damaged"},
        ),
        "handed on": (
            "custody-transferred",
            {"from": own, "to": scene.place("neighbour-yard"), "lines": [line], "reason": "sale", "document": HASH},
        ),
        "issued": ("manifest-issued", road),
        "collected": ("manifest-collected", road),
        "arrived": (
            "manifest-arrived",
            {"manifest": manifest, "place": own, "carrier": scene.party("carrier"), "arrived": [drum]},
        ),
        "missing": (
            "manifest-received",
            run | {"from": scene.place("garage-yard"), "lines": [verdict(drum, "missing", KEPT_G)]},
        ),
        "refused": (
            "manifest-received",
            run | {"from": scene.place("garage-yard"), "lines": [verdict(drum, "refused", KEPT_G)]},
        ),
        "returned": (
            "manifest-return-received",
            run | {"lines": [{"container": drum, "code": OIL, "mass": weighed(KEPT_G)}]},
        ),
        "redirected": ("manifest-redirected", run | {"from": own, "lines": [line]}),
        "sent outside": ("delivery-recorded", sent | {"to": {"kind": "licensed", "name": "外单位"}}),
        "sent": ("delivery-recorded", sent | {"to": {"kind": "licensed"} | scene.place("refinery")}),
        "defective": (
            "discrepancy-found-later",
            {"manifest": manifest, "place": own, "concerned": [drum], "kind": "quantity"},
        ),
        "on paper": (
            "paper-manifest-backfilled",
            {"manifest": manifest, "place": own, "on_paper": [drum]}
            | {"outage_from": "2026-01-01T00:00:00.000Z", "outage_until": "2026-12-31T00:00:00.000Z"},
        ),
    }


WORDS = sorted(words(Scene(), Scene().id("container", 1)))


@pytest.mark.parametrize("what", WORDS)
@pytest.mark.parametrize("known", [False, True])
def test_what_a_stranger_says_of_a_drum_is_recorded_and_flagged_and_changes_nothing_of_it(
    scene: Scene, what: str, known: bool
) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    before = year(scene), scene.told.account()[0]
    type_, body = words(scene, drum)[what]
    if known:  # by somebody else's word it is there
        run = {"manifest": scene.id("manifest", 8), "from": scene.place("garage-yard"), "to": scene.place("rogue-yard")}
        issued = run | {"carrier": scene.party("carrier"), "lines": [load(drum, KEPT_G)]}
        assert scene.say("garage-clerk", "manifest-issued", issued, at=FILLED) == ""
    refused = scene.say("rogue-boss", type_, body, at=NOW)
    assert refused == ("container-on-open-manifest" if known and what == "issued" else "")
    told_by_others = ("not-holder", "rogue") in flags(scene)
    if known:
        assert not told_by_others or what in {"treated", "treated by an old book", "mixed", "dried", "stored", "moved",
                                              "weighed less", "weighed more"}  # fmt: skip
    else:
        assert told_by_others
        assert {holder for _, holder in flags(scene)} == {"rogue"}
        assert (year(scene), [r for r in scene.told.account()[0] if r.container == drum]) == before


@pytest.mark.parametrize("what", WORDS)
def test_no_strangers_word_stands_in_the_way_of_who_has_a_say(scene: Scene, what: str) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    type_, body = words(scene, drum)[what]
    assert scene.say("rogue-boss", type_, body, at=NOW) == ""
    run = scene.run(5) | {"lines": [load(drum, KEPT_G)]}
    got = scene.run(5) | {"lines": [verdict(drum, grams=KEPT_G)]}
    assert scene.say("garage-clerk", "manifest-issued", run, at=LATER) == ""
    assert scene.say("driver", "manifest-collected", run, at=LAST) == ""
    assert scene.say("refinery-gate", "manifest-received", got, at=AFTER) == ""
    assert scene.say("refinery-hall", "waste-treated", treatment(scene, drum, "refinery", "still"), at=END) == ""
    rate = year(scene)
    assert (rate.closed_ok_g, rate.open_g, rate.proven.whole_g) == (KEPT_G, 0, KEPT_G)
    assert {holder for _, holder in flags(scene)} == {"rogue"}


def test_a_strangers_second_word_is_refused_like_anybodys(scene: Scene) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    assert scene.say("rogue-boss", "waste-treated", treatment(scene, drum), at=NOW) == ""
    assert scene.say("rogue-boss", "waste-treated", treatment(scene, drum), at=LATER) == "already-closed"


# -- who is named ------------------------------------------------------------------------------------------------------


def naming(scene: Scene, drum: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Who says what that names the rogue as having, carrying or getting the drum."""
    own, rogue, carrier = scene.place("rogue-yard"), scene.party("rogue"), scene.party("carrier")
    run, lines = scene.run(), {"lines": [load(drum, KEPT_G)]}
    hands = {"manifest": run["manifest"], "from_carrier": carrier, "to_carrier": rogue}
    sold = {"from": scene.place("garage-yard"), "to": own, "reason": "sale", "document": HASH}
    return {
        "received from": (
            "refinery-gate",
            "manifest-received",
            run | {"from": own, "lines": [verdict(drum, grams=KEPT_G)]},
        ),
        "sent to": ("driver", "manifest-collected", run | {"to": own} | lines),
        "sold to": ("garage-clerk", "custody-transferred", sold | lines),
        "arrived at": (
            "driver",
            "manifest-arrived",
            {"manifest": run["manifest"], "place": own, "carrier": carrier, "arrived": [drum]},
        ),
        "carried by": ("garage-clerk", "manifest-collected", run | {"carrier": rogue} | lines),
        "to be carried on by": ("garage-clerk", "manifest-issued", run | {"next_carriers": [rogue]} | lines),
        "handed on to": ("driver", "manifest-handed-over", hands | lines),
        "handed on from": (
            "driver",
            "manifest-handed-over",
            hands | {"from_carrier": rogue, "to_carrier": carrier} | lines,
        ),
        "sent outside by": (
            "refinery-gate",
            "delivery-recorded",
            {"delivery": scene.id("delivery", 1), "end": "received", "from": own} | lines
            | {"to": {"kind": "licensed"} | scene.place("refinery")},
        ),
    }  # fmt: skip


NAMINGS = sorted(naming(Scene(), Scene().id("container", 1)))


@pytest.mark.parametrize("how", NAMINGS)
def test_whom_somebody_elses_word_names_is_no_stranger(scene: Scene, how: str) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    body = {"container": drum, "place": scene.place("rogue-yard"), "code": OIL, "mass": weighed(1)}
    word = scene.fact("rogue-boss", "container-weighed", body | {"previous_g": KEPT_G}, at=LATER)
    assert strangers_words(drum, [*scene.told.facts[drum], word]) == {word.id}
    who, type_, said = naming(scene, drum)[how]
    assert scene.say(who, type_, said, at=NOW) == ""
    assert word.id not in strangers_words(drum, [*scene.told.facts[drum], word])


@pytest.mark.parametrize(("who", "site"), [("town", "east-street"), ("rogue", "rogue-yard")])
def test_who_is_said_to_have_brought_a_load_is_no_stranger_to_it(scene: Scene, who: str, site: str) -> None:
    weighed_in(scene, "wte-gate", "wte-plant")
    brought = scene.id("container", 1)
    body = {"container": brought, "place": scene.place(site), "code": "900-002-S62", "mass": weighed(1)}
    word = scene.fact("rogue-boss", "container-weighed", body | {"previous_g": KEPT_G}, at=LATER)
    word = replace(word, by=replace(word.by, party=scene.party(who)))
    unheard = strangers_words(brought, [*scene.told.facts[brought], word])
    assert unheard == ({word.id} if who == "rogue" else set())


def test_a_drum_that_was_filled_from_another_has_strangers_too(scene: Scene) -> None:
    drum, new = scene.fill(1, KEPT_G, at=FILLED), scene.id("container", 2)
    target = load(new, KEPT_G) | {"kind": "package", "name": "废机油", "new": True}
    body = {"place": scene.place("garage-yard"), "sources": [load(drum, KEPT_G)], "targets": [target]}
    assert scene.say("garage-clerk", "contents-transferred", body | {"reason": "repack"}, at=NOW) == ""
    assert scene.say("rogue-boss", "waste-treated", treatment(scene, new), at=LATER) == ""
    assert (year(scene).open_g, flags(scene)) == (KEPT_G, {("not-holder", "rogue")})


# -- who takes it over -------------------------------------------------------------------------------------------------


def taken(scene: Scene, drum: str) -> None:
    """By their own word alone a party fetched the drum from the garage, and treated it."""
    ends = {"manifest": scene.id("manifest", 9), "from": scene.place("garage-yard"), "to": scene.place("rogue-yard")}
    run = ends | {"carrier": scene.party("rogue")}
    assert scene.say("rogue-boss", "manifest-collected", run | {"lines": [load(drum, KEPT_G)]}, at=NOW) == ""
    line = verdict(drum, grams=KEPT_G)
    assert scene.say("rogue-boss", "manifest-received", run | {"lines": [line]}, at=LATER) == ""
    assert scene.say("rogue-boss", "waste-treated", treatment(scene, drum), at=LAST) == ""


@pytest.mark.parametrize("when", [LATER, AFTER])
@pytest.mark.parametrize("who", ["garage-clerk", "driver", "supervision", ""])
def test_who_says_that_it_took_a_drum_over_holds_it_until_its_holder_says_that_it_is_there(
    scene: Scene, who: str, when: str
) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    taken(scene, drum)
    if who == "supervision":
        body = {"container": drum, "place": scene.place("garage-yard"), "reason": "evidence"}
        assert scene.say(who, "container-impounded", body, at=when) == ""
    elif who:
        site = {"garage-clerk": "garage-yard", "driver": "carrier-depot"}[who]
        body = {"container": drum, "place": scene.place(site), "code": OIL, "mass": weighed(KEPT_G)}
        assert scene.say(who, "container-weighed", body | {"previous_g": KEPT_G}, at=when) == ""
    undone = who == "garage-clerk" and when == AFTER
    bad = year(scene).bad_g["closed-by-unentitled"]
    assert (bad, year(scene).open_g) == ((0, KEPT_G) if undone else (KEPT_G, 0))


def test_whom_another_named_took_it_whatever_its_first_holder_says_later(scene: Scene) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    taken(scene, drum)
    named = {"manifest": scene.id("manifest", 9), "place": scene.place("rogue-yard"), "carrier": scene.party("carrier")}
    assert scene.say("driver", "manifest-arrived", named | {"arrived": [drum]}, at=LATER) == ""
    body = {"container": drum, "place": scene.place("garage-yard"), "code": OIL, "mass": weighed(KEPT_G)}
    assert scene.say("garage-clerk", "container-weighed", body | {"previous_g": KEPT_G}, at=AFTER) == ""
    assert year(scene).bad_g["closed-by-unentitled"] == KEPT_G


def test_what_somebody_puts_into_anothers_drum_is_its_own_waste(scene: Scene) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    added = {"container": drum, "place": scene.place("rogue-yard"), "code": OIL, "mass": weighed(5_000)}
    assert scene.say("rogue-boss", "waste-added", added, at=NOW) == ""
    assert (year(scene).open_g, year(scene, "rogue").open_g) == (KEPT_G, 5_000)


def test_a_lost_drum_is_found_by_anybody_and_one_that_is_not_lost_by_nobody(scene: Scene) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    found = {"container": drum, "place": scene.place("rogue-yard"), "code": OIL, "net_g": KEPT_G}
    found |= {"lost_by": scene.place("garage-yard")}
    assert scene.say("rogue-boss", "container-found", found, at=LATER) == ""
    assert flags(scene) == {("not-holder", "rogue")}
    lost = {"container": drum, "place": scene.place("garage-yard"), "code": OIL, "net_g": KEPT_G, "stage": "held"}
    assert scene.say("garage-clerk", "container-lost", lost | {"reason": "stolen"}, at=NOW) == ""
    assert (year(scene).open_g, year(scene).bad_g["lost"]) == (KEPT_G, 0)
    assert flags(scene) == {("receiver-not-entitled", "rogue")}


@pytest.mark.parametrize("decision", ["missing", "refused"])
def test_what_its_receiver_missed_is_found_by_anybody_and_nothing_else_of_the_journey(
    scene: Scene, decision: str
) -> None:
    drum, other = scene.fill(1, KEPT_G, at=FILLED), scene.fill(2, KEPT_G, at=FILLED)
    loads = [load(drum, KEPT_G), load(other, KEPT_G)]
    assert scene.say("garage-clerk", "manifest-collected", scene.run() | {"lines": loads}, at=FILLED) == ""
    lines = [verdict(drum, decision, KEPT_G), verdict(other, "refused" if decision == "missing" else "missing", KEPT_G)]
    assert scene.say("refinery-gate", "manifest-received", scene.run() | {"lines": lines}, at=NOW) == ""
    found = {"place": scene.place("rogue-yard"), "code": OIL, "net_g": KEPT_G, "lost_by": scene.place("garage-yard")}
    word = scene.fact("rogue-boss", "container-found", {"container": drum} | found, at=LATER)
    unheard = set() if decision == "missing" else {word.id}
    assert strangers_words(drum, [*scene.told.facts[drum], word]) == unheard


def test_a_correction_needs_no_strangers_agreement(scene: Scene) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    filled = scene.said[-1]
    assert scene.say("rogue-boss", "container-weighed", words(scene, drum)["weighed less"][1], at=NOW) == ""
    change = {"container": drum, "target": filled.id, "field": "mass.net_g", "old": KEPT_G, "new": 150_000}
    assert scene.say("garage-clerk", "entry-corrected", change | {"reason": "typing"}, at=LATER) == ""
    assert year(scene).open_g == 150_000


def test_a_sender_that_redirects_what_was_received_changes_nothing_of_it(scene: Scene) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    run = scene.run()
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum, KEPT_G)]}, at=NOW) == ""
    line = verdict(drum, grams=KEPT_G)
    assert scene.say("refinery-gate", "manifest-received", run | {"lines": [line]}, at=LATER) == ""
    other = run | {"to": scene.place("incinerator"), "lines": [load(drum, KEPT_G)]}
    before = scene.told.accounts()[2][0].hauls
    assert scene.say("garage-clerk", "manifest-redirected", other, at=LAST) == ""
    assert scene.told.accounts()[2][0].hauls == before
    assert scene.container(drum).legs[run["manifest"]].receiver == scene.party("refiner")


# -- whose waste it is ------------------------------------------------------------------------------------------------


def weighed_in(scene: Scene, who: str, site: str, at: str = NOW) -> Rate:
    body = {"container": scene.id("container", 1), "place": scene.place(site), "origin": scene.place("east-street")}
    body |= {"kind": "load", "code": "900-002-S62", "name": "其他垃圾", "mass": weighed(KEPT_G)}
    assert scene.say(who, "load-weighed-in", body, at=at) == ""
    return scene.told.rate(
        of=scene.party("town"), kind="household", start="2026-01-01", until="2026-12-31", as_of="2026-12-31"
    )


def test_a_load_is_its_streets_when_a_plant_that_may_receive_it_weighed_it(scene: Scene) -> None:
    assert weighed_in(scene, "wte-gate", "wte-plant").came_in_g["generated"] == KEPT_G


def test_a_load_that_somebody_not_entitled_says_that_another_brought_is_its_own(scene: Scene) -> None:
    assert weighed_in(scene, "rogue-boss", "rogue-yard").came_in_g["generated"] == 0
    rows = scene.told.account()[0]
    assert {(r.account, r.producer, r.grams) for r in rows if r.account == "generated"} == {
        ("generated", scene.party("rogue"), KEPT_G)
    }


# -- who only carries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["treated", "mixed", "dried", "repacked", "closed", "weighed less", "lost", "leaked"])
@pytest.mark.parametrize("when", [LATER, END])
def test_what_a_carrier_says_of_a_place_of_its_own_ends_nothing_that_is_at_anothers(
    scene: Scene, what: str, when: str
) -> None:
    drum = scene.fill(1, KEPT_G, at=FILLED)
    run = scene.run() | {"lines": [load(drum, KEPT_G)]}
    assert scene.say("garage-clerk", "manifest-issued", run, at=NOW) == ""
    assert scene.say("driver", "manifest-collected", run, at=LAST) == ""
    got = scene.run() | {"lines": [verdict(drum, grams=KEPT_G)]}
    assert scene.say("refinery-gate", "manifest-received", got, at=AFTER) == ""
    before = year(scene)
    type_, body = words(scene, drum)[what]
    assert scene.say("driver", type_, body | {"place": scene.place("carrier-depot")}, at=when) == ""
    assert year(scene) == before
    assert {holder for _, holder in flags(scene)} <= {"carrier"} | (
        {"garage", "refiner"} if what == "leaked" else set()
    )
    assert ("over-book", "carrier") in flags(scene)
