"""Who may change what is registered under an id, and from when a change counts."""

from __future__ import annotations

import pytest

from ledger.custody.regimes.cn import REGIME as CN
from tests.support.told import Scene, weighed

START, LATER = "2026-08-03T02:00:00.000Z", "2026-08-20T00:00:00.000Z"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_what_one_registered_no_other_takes_over(scene: Scene) -> None:
    ward, store, profile = scene.place("ward")["site"], scene.park.story.ids["garage-store"], scene.id("profile", 1)
    kind = {"profile": profile, "name": "废机油", "code": "900-249-08", "form": "liquid"}
    assert scene.say("garage-clerk", "waste-profile-registered", {"holder": scene.party("garage")} | kind) == ""
    rogue = {"holder": scene.party("rogue")}
    yard = scene.place("rogue-yard")["site"]
    scene.say("rogue-boss", "site-registered", rogue | {"site": ward, "name": "x", "use": "collection"})
    scene.say(
        "rogue-boss",
        "facility-registered",
        rogue | {"facility": store, "site": yard, "code": "TS1", "purpose": "dispose"},
    )
    scene.say("rogue-boss", "waste-profile-registered", rogue | kind | {"code": "900-214-08"})
    registry = scene.told.registry
    assert registry.sites[ward].holder == scene.party("hospital")
    assert registry.facilities[store].holder == scene.party("garage")
    assert registry.profiles[profile].code == "900-249-08"


def test_what_a_stranger_says_of_a_site_is_not_of_the_site(scene: Scene) -> None:
    kiln, rogue = scene.place("brick-kiln")["site"], {"holder": scene.party("rogue")}
    before = list(scene.told.registry.facilities_of(kiln))
    body = {"facility": scene.id("facility", 1), "site": kiln, "code": "X1", "purpose": "utilise"}
    assert scene.say("rogue-boss", "facility-registered", rogue | body) == ""
    assert list(scene.told.registry.facilities_of(kiln)) == before != []
    plan = {
        "plan": scene.id("plan", 1),
        "site": kiln,
        "year": 2026,
        "lines": [{"code": "900-249-08", "generated_g": 1}],
    }
    assert scene.say("rogue-boss", "plan-filed", rogue | plan) == ""
    assert scene.told.registry.plan_of(kiln, 2026) is None


def test_a_registrar_sets_right_whose_a_site_is(scene: Scene) -> None:
    ward = scene.place("ward")["site"]
    assert (
        scene.say("registrar", "site-registered", {"holder": scene.party("clinic"), "site": ward, "name": "病区"}) == ""
    )
    assert scene.told.registry.sites[ward].holder == scene.party("clinic")


@pytest.mark.parametrize("use", ["collection", "disposal", "enterprise"])
def test_no_use_that_a_hospital_gives_its_ward_stops_a_clock_that_runs(scene: Scene, use: str) -> None:
    ward, code, mine = scene.place("ward"), "841-001-01", {"holder": scene.party("hospital")}
    bag = {"container": scene.id("container", 1), "place": ward, "kind": "package", "code": code, "name": "感染性废物"}
    assert scene.say("nurse", "container-filled", bag | {"mass": weighed(1000)}, at=START) == ""

    def overdue_g() -> int:
        of = {"of": scene.party("hospital"), "kind": "medical", "start": "2026-01-01", "until": "2026-12-31"}
        return scene.told.rate(**of, as_of=LATER).overdue_g

    assert overdue_g() == 1000
    again = {"site": ward["site"], "name": "病区"} | ({} if use == "enterprise" else {"use": use})
    assert scene.say("nurse", "site-registered", mine | again, at="2026-08-19T00:00:00.000Z") == ""
    scene.told.accounted = None
    assert overdue_g() == 1000


def test_another_use_counts_from_its_registration_on_and_only_with_a_licence_behind_it(scene: Scene) -> None:
    def deadline(site: str, start: str) -> str:
        return CN.deadline(start, "900-249-08", scene.party("garage"), scene.place(site)["site"], scene.told.registry)

    collected, year = deadline("collector-yard", START), "2027-08-03T02:00:00.000Z"
    assert collected < deadline("garage-yard", START) == year
    own = {"holder": scene.party("garage"), "site": scene.place("garage-yard")["site"], "name": "院"}
    assert (
        scene.say("garage-clerk", "site-registered", own | {"use": "collection"}, at="2026-08-04T00:00:00.000Z") == ""
    )
    assert deadline("garage-yard", "2026-08-05T00:00:00.000Z") == "2027-08-05T00:00:00.000Z", "no licence to collect"
    other = {"holder": scene.party("collector"), "site": scene.place("collector-yard")["site"], "name": "院"}
    assert scene.say("collector-clerk", "site-registered", other, at="2026-08-04T00:00:00.000Z") == ""
    assert deadline("collector-yard", START) == collected, "a clock that ran keeps its end"
    assert deadline("collector-yard", "2026-08-05T00:00:00.000Z") == "2027-08-05T00:00:00.000Z"
