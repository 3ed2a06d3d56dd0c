"""The regime cn.1: who is entitled to what on which day, when clocks run out, which law is cited."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.custody.regimes import UnknownRegime, regime
from ledger.custody.regimes.base import Act, working_days_later
from tests.support.told import CN, Scene

DAY = "2026-08-03"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def reason(scene: Scene, party: str, site: str, code: str = "900-249-08", **act: str) -> str:
    wanted = {"deed": "close", "day": DAY, "method": "R9", "producer": scene.party("garage")} | act
    return CN.entitled(
        Act(
            deed="receive" if wanted["deed"] == "receive" else "close",
            code=code,
            party=scene.party(party),
            site=scene.place(site)["site"],
            producer=wanted["producer"],
            day=wanted["day"],
            method=wanted["method"] or None,
        ),
        scene.told.registry,
    )


def licence_of_the_rogue(scene: Scene) -> dict[str, Any]:
    body = {"licence": scene.id("licence", 7), "holder": scene.party("rogue"), "number": "7"}
    return body | {"kind": "comprehensive", "valid_from": "2026-01-01", "valid_until": "2026-12-31"}


def test_a_confirmed_licence_entitles_for_its_codes_methods_and_days_only(scene: Scene) -> None:
    assert reason(scene, "refiner", "refinery") == ""
    assert reason(scene, "refiner", "refinery", method="D10") == "licence-does-not-cover"
    assert reason(scene, "refiner", "refinery", "900-252-12") == "licence-does-not-cover"
    assert reason(scene, "refiner", "refinery", day="2025-01-01") == ""
    assert reason(scene, "refiner", "refinery", day="2024-12-31") == "no-licence"
    assert reason(scene, "refiner", "refinery", day="2029-12-31") == ""
    assert reason(scene, "refiner", "refinery", day="2030-01-01") == "no-licence"
    assert reason(scene, "refiner", "garage-yard") != ""
    assert reason(scene, "rogue", "rogue-yard") == "no-licence"
    assert reason(scene, "garage", "garage-yard") == "no-licence"


def test_a_collection_licence_receives_and_never_closes(scene: Scene) -> None:
    assert reason(scene, "collector", "collector-yard", deed="receive", method="") == ""
    assert reason(scene, "collector", "collector-yard", method="") == "licence-wrong-kind"


def test_a_licence_entitles_once_an_authority_says_so_and_from_its_first_day(scene: Scene) -> None:
    licence = {
        "licence": scene.id("licence", 7),
        "holder": scene.party("rogue"),
        "number": "7",
        "kind": "comprehensive",
    }
    licence |= {"valid_from": "2026-08-03", "valid_until": "2026-12-31"}
    scene.say("rogue-boss", "licence-granted", licence)
    assert reason(scene, "rogue", "rogue-yard") == "licence-only-asserted"
    scene.say("licensing", "licence-granted", licence)
    assert reason(scene, "rogue", "rogue-yard") == ""
    assert reason(scene, "rogue", "rogue-yard", day="2026-08-02") == "no-licence"


def test_an_excluded_code_is_not_covered_though_its_class_is(scene: Scene) -> None:
    licence: dict[str, Any] = licence_of_the_rogue(scene)
    licence |= {"include": ["HW08"], "exclude": ["900-249-08"]}
    scene.say("licensing", "licence-granted", licence)
    assert reason(scene, "rogue", "rogue-yard", "900-214-08") == ""
    assert reason(scene, "rogue", "rogue-yard", "900-249-08") == "licence-does-not-cover"


def test_an_own_facility_is_for_own_waste(scene: Scene) -> None:
    scene.say("licensing", "licence-granted", licence_of_the_rogue(scene) | {"kind": "own-facility"})
    assert reason(scene, "rogue", "rogue-yard", producer=scene.party("rogue")) == ""
    assert reason(scene, "rogue", "rogue-yard", producer=scene.party("garage")) != ""


def test_general_waste_needs_a_facility_and_a_contract_that_names_it(scene: Scene) -> None:
    plant = scene.party("plant")
    assert reason(scene, "brickworks", "brick-kiln", "900-001-S02", producer=plant) == ""
    assert reason(scene, "brickworks", "brick-kiln", "SW02", producer=plant) == ""
    assert reason(scene, "brickworks", "brick-kiln", "900-001-S03", producer=plant) == "no-contract"
    assert reason(scene, "brickworks", "brick-kiln", "SW02", producer=scene.party("garage")) == "no-contract"
    assert reason(scene, "brickworks", "brick-kiln", "SW02", producer=plant, day="2027-01-01") == "no-contract"
    assert reason(scene, "carrier", "carrier-depot", "SW02", producer=plant) == "facility-not-registered"


def deadline(scene: Scene, site: str, start: str, code: str = "900-249-08") -> str:
    place = scene.place(site)
    return CN.deadline(start, code, place["party"], place["site"], scene.told.registry)


def test_a_generator_has_365_days_unless_its_site_is_given_others(scene: Scene) -> None:
    assert deadline(scene, "garage-yard", "2026-08-03T02:00:00.000Z") == "2027-08-03T02:00:00.000Z"
    shorter = {"name": "storage-days", "value": 90, "effective_from": "2026-08-01"}
    scene.say("settings", "setting-adopted", shorter | {"scope": scene.place("garage-yard")["site"]})
    assert deadline(scene, "garage-yard", "2026-08-03T02:00:00.000Z") == "2026-11-01T02:00:00.000Z"
    assert deadline(scene, "coating-yard", "2026-08-03T02:00:00.000Z") == "2027-08-03T02:00:00.000Z"
    # What began before the setting was in force keeps the clock of its day.
    assert deadline(scene, "garage-yard", "2026-07-31T02:00:00.000Z") == "2027-07-31T02:00:00.000Z"


def test_a_collector_has_ninety_working_days(scene: Scene) -> None:
    assert deadline(scene, "collector-yard", "2026-06-22T03:00:00.000Z") == "2026-10-30T15:59:59.999Z"


def test_a_medical_institution_has_two_days(scene: Scene) -> None:
    site = {"holder": scene.party("garage"), "site": scene.id("site", 3), "name": "医务室", "use": "medical"}
    scene.say("garage-clerk", "site-registered", site)
    registry = scene.told.registry
    start, holder = "2026-08-03T02:00:00.000Z", scene.party("garage")
    assert CN.deadline(start, "841-001-01", holder, site["site"], registry) == "2026-08-05T02:00:00.000Z"
    assert CN.deadline(start, "900-249-08", holder, site["site"], registry) == "2027-08-03T02:00:00.000Z"


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        # 1 to 7 October off, Saturday 10 October worked.
        ("2026-09-30T02:00:00.000Z", 5, "2026-10-13T15:59:59.999Z"),
        # 16:00 UTC is the next day in the park.
        ("2026-08-02T15:59:00.000Z", 1, "2026-08-03T15:59:59.999Z"),
        ("2026-08-02T16:00:00.000Z", 1, "2026-08-04T15:59:59.999Z"),
        # 2027 has no calendar: New Year's Day is a Friday and counts.
        ("2026-12-31T02:00:00.000Z", 2, "2027-01-04T15:59:59.999Z"),
    ],
)
def test_working_days_follow_the_adopted_calendar_and_else_the_week(
    scene: Scene, start: str, days: int, end: str
) -> None:
    assert working_days_later(start, days, scene.told.registry, CN.offset) == end
    assert scene.told.registry.calendar_adopted(2026)
    assert not scene.told.registry.calendar_adopted(2027)


def test_the_newest_setting_in_force_counts_and_a_nearer_scope_before_a_wider_one(scene: Scene) -> None:
    site = scene.place("garage-yard")["site"]

    def ppm(day: str, *scopes: str) -> int:
        return CN.setting(scene.told.registry, "tolerance-ppm", day, *scopes)

    assert ppm("2024-12-31") == 0
    assert ppm("2025-01-01") == 5_000
    for value, since, scope in ((3_000, "2026-09-01", ""), (9_000, "2026-09-01", site)):
        body = {"name": "tolerance-ppm", "value": value, "effective_from": since}
        scene.say("settings", "setting-adopted", body | ({"scope": scope} if scope else {}))
    assert [ppm("2026-08-31", site), ppm("2026-09-01", site), ppm("2026-09-01")] == [5_000, 9_000, 3_000]


def test_the_law_is_that_of_the_day(scene: Scene) -> None:
    assert "固废法" in CN.cite("storage", "2026-08-14")
    assert "生态环境法典" in CN.cite("storage", "2026-08-15")


def test_an_unknown_regime_is_refused() -> None:
    with pytest.raises(UnknownRegime):
        regime("cn.2")
