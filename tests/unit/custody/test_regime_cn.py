"""The regime cn.1: who is entitled to what on which day, when clocks run out, which law is cited."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ledger.custody.regimes import UnknownRegime, regime
from ledger.custody.regimes.base import Act, PeriodError, working_days_later
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


def test_a_comprehensive_licence_is_a_medical_one_only_where_it_names_medical_waste(scene: Scene) -> None:
    licence = licence_of_the_rogue(scene)
    bag = "841-001-01"
    assert scene.say("licensing", "licence-granted", licence) == ""
    assert reason(scene, "rogue", "rogue-yard", bag, method="Y10") == "licence-wrong-kind"
    assert reason(scene, "rogue", "rogue-yard") == ""
    assert scene.say("licensing", "licence-granted", licence | {"include": ["HW01"], "methods": ["Y10"]}) == ""
    assert reason(scene, "rogue", "rogue-yard", bag, method="Y10") == ""
    assert reason(scene, "rogue", "rogue-yard", bag, method="Y11") == "licence-does-not-cover"
    assert reason(scene, "sterile", "autoclave-hall", bag, method="Y11") == ""
    assert reason(scene, "sterile", "autoclave-hall", method="Y11") == "licence-wrong-kind"


def test_a_collection_licence_receives_medical_waste_it_names_and_no_other_kind(scene: Scene) -> None:
    licence = licence_of_the_rogue(scene) | {"kind": "collection"}
    assert scene.say("licensing", "licence-granted", licence) == ""
    assert reason(scene, "rogue", "rogue-yard", "841-001-01", deed="receive", method="") == ""
    assert reason(scene, "rogue", "rogue-yard", "841-001-01", method="") == "licence-wrong-kind"
    assert reason(scene, "rogue", "rogue-yard", "900-001-S62", deed="receive", method="") == "licence-wrong-kind"


@pytest.mark.parametrize("code", ["900-001-S60", "SW64", "SW70", "900-001-S74", "SW90"])
def test_household_building_and_sludge_plants_need_the_permit_of_their_site(scene: Scene, code: str) -> None:
    assert reason(scene, "refiner", "refinery", code) == "licence-wrong-kind"
    assert reason(scene, "rogue", "rogue-yard", code) == "no-licence"
    permit = licence_of_the_rogue(scene) | {"kind": "site-permit", "site": scene.place("rogue-yard")["site"]}
    assert scene.say("licensing", "licence-granted", permit) == ""
    assert reason(scene, "rogue", "rogue-yard", code) == ""
    assert reason(scene, "rogue", "garage-yard", code) == "licence-wrong-kind"


def test_an_emergency_plan_entitles_its_receivers_for_its_waste_on_its_days(scene: Scene) -> None:
    plan = {"plan": scene.id("plan", 1), "receivers": [scene.party("rogue")], "codes": ["HW01"], "reason": "epidemic"}
    plan |= {"valid_from": "2026-08-03", "valid_until": "2026-08-04"}
    assert scene.say("licensing", "emergency-plan-declared", plan) == ""
    days = {day: reason(scene, "rogue", "rogue-yard", "841-001-01", day=f"2026-08-0{day}") for day in (2, 3, 4, 5)}
    assert days == {2: "no-licence", 3: "", 4: "", 5: "no-licence"}
    assert reason(scene, "rogue", "rogue-yard") == "no-licence"
    assert reason(scene, "garage", "garage-yard", "841-001-01") == "no-licence"
    one = plan | {"plan": scene.id("plan", 2), "codes": ["900-249-08"]}
    assert scene.say("licensing", "emergency-plan-declared", one) == ""
    told = [reason(scene, "rogue", "rogue-yard", code, day="2026-08-03") for code in ("900-249-08", "900-214-08")]
    assert told == ["", "no-licence"]


def test_a_store_receives_general_waste_and_closes_none(scene: Scene) -> None:
    store = {"holder": scene.party("carrier"), "facility": scene.id("facility", 1), "code": "TS1", "purpose": "store",
             "site": scene.place("carrier-depot")["site"]}  # fmt: skip
    assert scene.say("driver", "facility-registered", store) == ""
    own = scene.party("carrier")
    assert reason(scene, "carrier", "carrier-depot", "SW07", deed="receive", producer=own) == ""
    assert reason(scene, "carrier", "carrier-depot", "SW07", producer=own) == "facility-not-registered"
    assert reason(scene, "carrier", "garage-yard", "SW07", deed="receive", producer=own) == "facility-not-registered"
    assert reason(scene, "carrier", "carrier-depot", "SW07", deed="receive") == "no-contract"
    for n, purpose in ((2, "generate"), (3, "dispose")):
        more = store | {"facility": scene.id("facility", n), "purpose": purpose}
        assert scene.say("driver", "facility-registered", more) == ""
        closes = reason(scene, "carrier", "carrier-depot", "SW07", producer=own)
        assert closes == ("facility-not-registered" if purpose == "generate" else "")


@pytest.mark.parametrize("purpose", ["generate", "store", "utilise", "dispose"])
def test_general_waste_is_received_where_it_is_stored_utilised_or_disposed_of(scene: Scene, purpose: str) -> None:
    depot = {"holder": scene.party("carrier"), "facility": scene.id("facility", 1), "code": "TS1", "purpose": purpose}
    assert scene.say("driver", "facility-registered", depot | {"site": scene.place("carrier-depot")["site"]}) == ""
    got = reason(scene, "carrier", "carrier-depot", "SW07", deed="receive", producer=scene.party("carrier"))
    assert got == ("facility-not-registered" if purpose == "generate" else "")


@pytest.mark.parametrize(("event", "stopped"), [("licence-suspended", [3, 4]), ("licence-revoked", [3, 4, 5])])
def test_a_licence_that_was_stopped_entitles_to_nothing_meanwhile(scene: Scene, event: str, stopped: list[int]) -> None:
    body = {"licence": scene.park.story.ids["refiner-licence"], "holder": scene.party("refiner"), "from": "2026-08-03"}
    body |= {"until": "2026-08-04"} if event == "licence-suspended" else {}
    assert scene.say("licensing", event, body) == ""
    days = [day for day in (2, 3, 4, 5) if reason(scene, "refiner", "refinery", day=f"2026-08-0{day}")]
    assert days == stopped


def test_new_terms_of_a_licence_count_from_their_day_and_the_latest_in_force(scene: Scene) -> None:
    body = {"licence": scene.park.story.ids["refiner-licence"], "holder": scene.party("refiner")}
    body |= {"valid_until": "2026-08-06"}
    for from_, methods in (("2026-08-05", ["D10"]), ("2026-08-03", ["R9", "D9"])):
        assert scene.say("licensing", "licence-amended", body | {"from": from_, "methods": methods}) == ""
    assert [reason(scene, "refiner", "refinery", day=f"2026-08-0{d}", method="D9") == "" for d in (2, 3, 5)] == [
        False, True, False
    ]  # fmt: skip
    assert [reason(scene, "refiner", "refinery", day=f"2026-08-0{d}", method="D10") == "" for d in (4, 5, 6, 7)] == [
        False, True, True, False
    ]  # fmt: skip
    assert reason(scene, "refiner", "refinery", "900-252-12", day="2026-08-05", method="D10") == ""


def test_a_border_is_that_of_a_province() -> None:
    assert CN.border("150622") == CN.border("152201") != CN.border("110101")


def test_kinds_and_classes_are_read_off_the_code() -> None:
    kinds = {code: CN.kind_of(code) for code in (
        "841-001-01", "900-249-08", "772-002-50", "SW59", "SW60", "900-001-S64", "SW65", "SW69", "SW70", "SW74", "SW75",
        "SW89", "900-001-S90", "SW91", "SW07",
    )}  # fmt: skip
    assert [code for code, kind in kinds.items() if kind == "industrial"] == [
        "SW59", "SW65", "SW69", "SW75", "SW89", "SW91", "SW07"
    ]  # fmt: skip
    others = {code: kind for code, kind in kinds.items() if kind != "industrial"}
    assert others == {
        "841-001-01": "medical", "900-249-08": "hazardous", "772-002-50": "hazardous", "SW60": "household",
        "900-001-S64": "household", "SW70": "construction", "SW74": "construction", "900-001-S90": "sludge",
    }  # fmt: skip
    assert [CN.classes_of(code) for code in ("900-249-08", "900-001-S07", "SW07", "x")] == [
        ("HW08",), ("SW07",), ("SW07",), ()
    ]  # fmt: skip


def test_pairs_that_must_not_stand_together_are_those_adopted_in_either_order(scene: Scene) -> None:
    site = scene.place("chem-yard")["site"]
    assert CN.incompatible(scene.told.registry, DAY, site) == frozenset()
    adopted = {"name": "incompatible-pairs", "value": "HW34+HW35 HW08+HW03 HW01", "effective_from": "2026-08-03"}
    assert scene.say("settings", "setting-adopted", adopted | {"scope": site}) == ""
    assert CN.incompatible(scene.told.registry, DAY, site) == {("HW34", "HW35"), ("HW03", "HW08")}
    assert CN.incompatible(scene.told.registry, "2026-08-02", site) == frozenset()
    assert CN.incompatible(scene.told.registry, DAY, scene.place("refinery")["site"]) == frozenset()


def test_methods_that_leave_residues_are_a_setting_of_the_site(scene: Scene) -> None:
    site = scene.place("incinerator")["site"]
    assert CN.residue_methods(scene.told.registry, DAY, site) == {"D10", "Y10"}
    adopted = {"name": "residue-methods", "value": "D10", "effective_from": DAY, "scope": site}
    assert scene.say("settings", "setting-adopted", adopted) == ""
    assert CN.residue_methods(scene.told.registry, DAY, site) == {"D10"}
    assert CN.residue_methods(scene.told.registry, "2026-08-02", site) == {"D10", "Y10"}


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


@pytest.mark.parametrize("scope", ["party", "site"])
@pytest.mark.parametrize(
    ("site", "code", "setting", "end"),
    [
        ("incinerator", "900-249-08", "licensed-storage-days", "2026-08-06T02:00:00.000Z"),
        ("autoclave-hall", "841-001-01", "medical-plant-hours", "2026-08-03T05:00:00.000Z"),
        ("ward", "841-001-01", "medical-storage-days", "2026-08-06T02:00:00.000Z"),
        ("ward", "900-249-08", "storage-days", "2026-08-06T02:00:00.000Z"),
        ("collector-yard", "900-249-08", "collection-storage-workdays", "2026-08-06T15:59:59.999Z"),
        ("collector-yard", "841-001-01", "medical-storage-days", "2026-08-06T02:00:00.000Z"),
    ],
)
def test_each_kind_of_place_has_its_own_clock_which_is_a_setting_of_party_and_site(
    scene: Scene, scope: str, site: str, code: str, setting: str, end: str
) -> None:
    body = {"name": setting, "value": 3, "effective_from": DAY, "scope": scene.place(site)[scope]}
    assert scene.say("settings", "setting-adopted", body) == ""
    assert deadline(scene, site, "2026-08-03T02:00:00.000Z", code) == end
    assert deadline(scene, site, "2026-08-02T02:00:00.000Z", code) not in ("", end)


def test_a_medical_plant_has_a_day_and_a_licensed_one_a_year(scene: Scene) -> None:
    start = "2026-08-03T02:00:00.000Z"
    assert deadline(scene, "autoclave-hall", start, "841-001-01") == "2026-08-04T02:00:00.000Z"
    assert deadline(scene, "incinerator", start) == "2027-08-03T02:00:00.000Z"
    assert CN.deadline(start, "900-249-08", "x", "y", scene.told.registry) == "2027-08-03T02:00:00.000Z"


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("2026", "2025-12-31T16", "2026-12-31T16"), ("2026-Q1", "2025-12-31T16", "2026-03-31T16"),
        ("2026-Q4", "2026-09-30T16", "2026-12-31T16"), ("2026-02", "2026-01-31T16", "2026-02-28T16"),
        ("2026-12", "2026-11-30T16", "2026-12-31T16"), ("2026-03-31", "2026-03-30T16", "2026-03-31T16"),
    ],
)  # fmt: skip
def test_a_period_is_its_local_days(name: str, start: str, end: str) -> None:
    assert CN.period(name) == (f"{start}:00:00.000Z", f"{end}:00:00.000Z")


@pytest.mark.parametrize(
    "name",
    [
        "2026-13",
        "2026-00",
        "2026-03-00",
        "2026-02-29",
        "2026-Q5",
        "26",
        "2026-1",
        "2026-01-01-01",
        "0001",
        "9999-12-31",
    ],
)
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(PeriodError, match=re.escape(name)):
        CN.period(name)


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
    assert list(scene.told.registry.calendars) == [2026]


@pytest.mark.parametrize(
    ("value", "days"), [("soon", 14), ("-1", 14), ("\u0667", 14), ("30", 30), (30, 30), (2**53 - 1, 100_000)]
)
def test_words_for_a_number_have_no_effect_and_no_time_outlasts_the_calendar(
    scene: Scene, value: int | str, days: int
) -> None:
    setting = {"name": "silence-days", "value": value, "effective_from": "2026-01-01"}
    assert scene.say("settings", "setting-adopted", setting) == ""
    assert CN.setting(scene.told.registry, "silence-days", "2026-08-01") == days
    assert scene.told.flags("2026-12-01T00:00:00.000Z") == []


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
