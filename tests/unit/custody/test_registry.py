"""Who may change what is registered under an id, and from when a change counts."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.events.authority import LicenceRevoked, LicenceSuspended
from ledger.custody.regimes.cn import REGIME as CN
from ledger.custody.registry import Registry
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


def test_a_site_is_until_its_registration_what_it_was_registered_as_first_and_from_then_on_what_it_is(
    scene: Scene,
) -> None:
    registry, site = scene.told.registry, scene.place("garage-yard")["site"]
    first = registry.site_at(site, "2020-01-01T00:00:00.000Z")
    assert first is not None
    body = {"holder": scene.party("garage"), "site": site, "name": "新院"}
    assert scene.say("garage-clerk", "site-registered", body, at=LATER) == ""
    assert registry.site_at(site, START) is first is registry.site_at(site, "2020-01-01T00:00:00.000Z")
    assert registry.site_at(site, LATER) is scene.said[-1].event
    new, nowhere = scene.id("site", 8), scene.id("site", 9)
    assert scene.say("garage-clerk", "site-registered", body | {"site": new}) == ""
    assert registry.live_from(new) == ""
    assert (registry.site_at(nowhere, LATER), registry.live_from(nowhere)) == (None, "")
    assert (registry.use_at(nowhere, LATER, "2026-08-20"), registry.live_from(site)) == ("enterprise", first.live_from)


def test_what_is_registered_has_its_name_a_facility_without_one_its_code_and_else_the_id(scene: Scene) -> None:
    registry, mine = scene.told.registry, {"holder": scene.party("garage")}
    site, store = scene.id("site", 9), {"code": "TS1", "purpose": "store"}
    kind = {"profile": scene.id("profile", 1), "name": "废机油", "code": "900-249-08", "form": "liquid"}
    for type_, body in (
        ("site-registered", {"site": site, "name": "北院"}),
        ("facility-registered", store | {"facility": scene.id("facility", 1), "site": site, "name": "一库"}),
        ("facility-registered", store | {"facility": scene.id("facility", 2), "site": site}),
        ("waste-profile-registered", kind),
    ):
        assert scene.say("garage-clerk", type_, mine | body) == ""
    assert [
        registry.name_of(stream)
        for stream in (site, scene.id("facility", 1), scene.id("facility", 2), kind["profile"], scene.id("site", 8))
    ] == ["北院", "一库", "TS1", "废机油", scene.id("site", 8)]
    assert registry.name_of(scene.party("garage")) == registry.parties[scene.party("garage")].name


def test_a_licence_that_was_suspended_twice_is_so_until_the_later_day_and_revoked_for_good(scene: Scene) -> None:
    registry, name = scene.told.registry, scene.park.story.ids["refiner-licence"]
    (licence,) = registry.licences[scene.party("refiner")]
    body = {"licence": name, "holder": scene.party("refiner"), "from": "2026-08-03"}
    for until in ("2026-08-05", "2026-08-09", "2026-08-07"):
        assert scene.say("licensing", "licence-suspended", body | {"until": until}) == ""
    suspended = registry.stopped(licence, "2026-08-04")
    assert isinstance(suspended, LicenceSuspended)
    assert suspended.until == "2026-08-09"
    assert registry.stopped(licence, "2026-08-09") is suspended
    assert registry.stopped(licence, "2026-08-10") is None
    assert scene.say("licensing", "licence-revoked", body | {"from": "2026-08-08"}) == ""
    assert registry.stopped(licence, "2026-08-07") is suspended
    assert isinstance(registry.stopped(licence, "2026-08-08"), LicenceRevoked)


def test_new_terms_of_a_licence_are_all_of_its_terms(scene: Scene) -> None:
    registry = scene.told.registry
    (licence,) = registry.licences[scene.party("refiner")]
    body = {"licence": licence.terms.licence, "holder": scene.party("refiner"), "from": "2026-08-03"}
    new = {"valid_until": "2026-09-03", "methods": ["R9"], "annual_g": 5, "include": ["HW08"]}
    new["exclude"] = ["900-214-08"]
    assert scene.say("licensing", "licence-amended", body | new) == ""
    terms = registry.amended(licence, "2026-08-03").terms
    assert (terms.valid_until, terms.methods, terms.annual_g) == ("2026-09-03", ("R9",), 5)
    assert (terms.include, terms.exclude) == (("HW08",), ("900-214-08",))
    assert registry.amended(licence, "2026-08-02") is licence


def test_no_word_counts_as_a_number_and_no_time_is_longer_than_a_calendar(scene: Scene) -> None:
    for name, value in (("storage-days", 10**9), ("other-minutes", "200000"), ("other-g", 10**9), ("own-days", "bald")):
        body = {"name": name, "value": value, "effective_from": "2026-08-01"}
        assert scene.say("settings", "setting-adopted", body) == ""
    names = ("storage-days", "other-minutes", "other-g", "own-days", "none-days")
    numbers = [scene.told.registry.number(name, "2026-08-03") for name in names]
    assert numbers == [100_000, 100_000, 10**9, None, None]


def test_a_thing_is_put_right_by_the_first_closing_of_what_was_ordered_since(scene: Scene) -> None:
    registry, since, concerned = scene.told.registry, "2026-08-01T00:00:00.000Z", scene.place("garage-yard")["site"]
    order = {"holder": scene.party("garage"), "concerns": concerned, "until": "2026-12-01", "order": "a" * 64}
    ordered = []
    for day in (2, 3):
        assert scene.say("supervision", "rectification-ordered", order, at=f"2026-08-0{day}T00:00:00.000Z") == ""
        ordered.append(scene.said[-1].id)
    assert registry.put_right(concerned, since) is None
    closings = {}
    for day, name in ((1, ordered[1]), (8, ordered[1]), (6, ordered[1]), (7, ordered[0])):
        body = {"holder": scene.party("garage"), "ordered": name}
        assert scene.say("supervision", "rectification-closed", body, at=f"2026-08-0{day}T00:00:00.000Z") == ""
        closings[day] = scene.said[-1]
    assert registry.put_right(concerned, since) is closings[6]
    assert registry.put_right(concerned, "2026-08-02T00:00:00.000Z") is closings[6]
    assert registry.put_right(concerned, "2026-08-03T00:00:00.000Z") is None
    assert registry.put_right(scene.place("ward")["site"], since) is None


def test_operator_and_authorities_are_called_as_the_opening_calls_them(scene: Scene) -> None:
    ids, party, bureau = scene.park.story.ids, scene.party("operator"), scene.party("bureau")
    key = {"stream": ids["registrar-key"], "person": ids["registrar"], "public_key": "0" * 64}
    authority = {"party": bureau, "person": ids["registrar"], "key": ids["registrar-key"], "public_key": "0" * 64}
    body: dict[str, Any] = {
        "origin": "ledger.example/park",
        "operator": party,
        "operator_name": "运营方",
        "log_key": "x",
    }
    body |= {"promise_key": "0" * 64, "promise_hours": 24, "regime": "cn.1", "schema": 1, "system_key": key}
    body |= {"authorities": [authority | {"roles": ["registrar"], "name": "生态环境局"}]}
    registry = Registry()
    registry.add(scene.fact("registrar", "ledger-opened", body))
    assert [registry.name_of(stream) for stream in (party, bureau, "x")] == ["运营方", "生态环境局", "x"]
    assert registry.opened is not None


def test_a_contract_counts_on_its_first_and_on_its_last_day(scene: Scene) -> None:
    parties = {"holder": scene.party("garage"), "with": scene.party("refiner")}
    body = parties | {"contract": scene.id("contract", 1), "codes": ["900-249-08"]}
    body |= {"valid_from": "2026-08-03", "valid_until": "2026-08-05"}
    assert scene.say("garage-clerk", "contract-registered", body) == ""

    def covers(day: int, code: str = "900-249-08", who: str = "refiner") -> bool:
        ends = (scene.party(who), scene.party("garage"))
        return scene.told.registry.contract_between(*ends, code, CN.classes_of(code), f"2026-08-0{day}")

    assert [day for day in range(1, 9) if covers(day)] == [3, 4, 5]
    assert not covers(4, "900-252-12") and not covers(4, who="burner")
