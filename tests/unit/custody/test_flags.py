"""Exceptions beyond the stories': each opens for what is wrong, not for its nearest lawful neighbour, and closes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.custody.flags import RULES, Flag, ledger_flags, overdue
from ledger.custody.regimes.base import later
from tests.support.told import CN, Scene, load, verdict, weighed

SOON = "2026-08-04T00:00:00.000Z"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def open_rules(scene: Scene, at: str = SOON) -> set[str]:
    """What stands open then, leaving out what waits for a manifest that these scenes never issue."""
    return {rule for rule, _, _, closed in scene.told.flags(at) if not closed} - {"not-on-manifest"}


def arrived(scene: Scene, drum: str, at: str = "") -> None:
    run = scene.run()
    body = {"manifest": run["manifest"], "place": run["to"], "carrier": run["carrier"], "arrived": [drum]}
    assert scene.say("refinery-gate", "manifest-arrived", body, at=at) == ""


def collected(scene: Scene, drum: str, grams: int = 100_000) -> None:
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum, grams)]}) == ""


def received(scene: Scene, drum: str, *, to: str = "refinery", who: str = "refinery-gate", **line: Any) -> None:
    body = scene.run(to=to) | {"lines": [verdict(drum) | line]}
    assert scene.say(who, "manifest-received", body) == ""


@pytest.mark.parametrize("got", [99_000, 101_000])
@pytest.mark.parametrize(("scope", "settled"), [("garage", True), ("garage-yard", True), ("carrier", False)])
def test_light_and_heavy_loads_are_judged_by_the_senders_tolerance(
    scene: Scene, got: int, scope: str, settled: bool
) -> None:
    where = scene.place("garage-yard")["site"] if scope == "garage-yard" else scene.party(scope)
    setting = {"name": "tolerance-ppm", "value": 10_000, "effective_from": "2026-01-01", "scope": where}
    assert scene.say("settings", "setting-adopted", setting) == ""
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum, **verdict(drum, grams=got))
    assert ("mass-difference" in {rule for rule, *_ in scene.told.flags(SOON)}) is not settled


def test_a_difference_of_half_a_percent_is_settled_and_a_gram_more_is_not(scene: Scene) -> None:
    within, beyond = scene.fill(1), scene.fill(2)
    for n, (drum, grams) in enumerate(((within, 99_500), (beyond, 99_499)), 1):
        run = scene.run(n)
        scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]})
        scene.say("refinery-gate", "manifest-received", run | {"lines": [verdict(drum, grams=grams)]})
    assert [thing for rule, thing, *_ in scene.told.flags(SOON) if rule == "mass-difference"] == [beyond]
    rate = scene.told.rate(
        of=scene.party("garage"), kind="hazardous", start="2026-01-01", until="2026-12-31", as_of=SOON
    )
    assert (rate.settled_g, rate.bad_g["difference"]) == (500, 501)
    assert (rate.due.part_g, rate.due.whole_g) == (0, 501)


def test_another_code_at_the_gate_differs_from_the_label(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum)
    assert "code-differs" not in open_rules(scene)
    other = Scene()
    drum = other.fill()
    collected(other, drum)
    received(other, drum, code="900-214-08")
    assert "code-differs" in open_rules(other)


def reclassified(scene: Scene, drum: str, old: str, new: str, at: str = "") -> None:
    body = {"container": drum, "place": scene.place("refinery"), "old_code": old, "new_code": new, "net_g": 100_000}
    body |= {"cause": "report", "evidence": "a" * 64}
    assert scene.say("refinery-gate", "waste-reclassified", body, at=at) == ""


def test_a_code_that_changes_after_the_receipt_does_not_differ_from_the_label_at_the_gate(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum)
    reclassified(scene, drum, "900-249-08", "900-214-08")
    reclassified(scene, drum, "900-214-08", "900-249-08")
    reclassified(scene, drum, "900-249-08", "900-217-08")
    assert "code-differs" not in {rule for rule, *_ in scene.told.flags(SOON)}


def test_a_code_that_changed_before_the_receipt_differs_at_the_gate_until_it_is_put_right_for_good(
    scene: Scene,
) -> None:
    drum = scene.fill()
    arrived(scene, drum)
    received(scene, drum)
    # Told later, but it happened before the receipt.
    reclassified(scene, drum, "900-249-08", "900-214-08", at=later(scene.said[-2].at, minutes=1))
    assert "code-differs" in open_rules(scene)
    reclassified(scene, drum, "900-214-08", "900-217-08")
    assert "code-differs" in open_rules(scene)
    reclassified(scene, drum, "900-217-08", "900-249-08")
    closed = scene.said[-1]
    reclassified(scene, drum, "900-249-08", "900-214-08")
    flag = only(scene, "code-differs")
    assert (flag.detail, flag.closed_at, flag.closed_by) == ("900-214-08 900-249-08", closed.at, closed.statement)


def test_a_code_known_only_after_the_receipt_is_compared_as_it_was_first_known(scene: Scene) -> None:
    received(scene, scene.id("container", 1))
    drum = scene.fill()
    reclassified(scene, drum, "900-249-08", "900-214-08")
    assert "code-differs" not in {rule for rule, *_ in scene.told.flags(SOON)}


def test_the_consignee_is_whom_the_manifest_names_or_whom_it_was_redirected_to(scene: Scene) -> None:
    drum = scene.fill()
    run = scene.run()
    scene.say("garage-clerk", "manifest-issued", run | {"lines": [load(drum)]})
    collected(scene, drum)
    received(scene, drum, to="incinerator", who="furnace-gate")
    assert open_rules(scene) == {"wrong-consignee"}
    redirected = scene.run(to="incinerator") | {"lines": [load(drum)]}
    # Told later, but it happened before the receipt.
    assert scene.say("garage-clerk", "manifest-redirected", redirected, at=scene.said[-2].at) == ""
    assert open_rules(scene) == set()


def test_a_mass_nobody_knows_is_unknown_until_it_is_weighed(scene: Scene) -> None:
    drum = scene.id("container", 1)
    body = {"container": drum, "place": scene.place("garage-yard"), "kind": "package", "code": "900-249-08"}
    body |= {"name": "废机油", "mass": {"basis": "volume", "volume_ml": 180_000}}
    scene.say("garage-clerk", "container-filled", body)
    assert open_rules(scene) == {"mass-unknown"}
    assert scene.told.sums() == {}
    again = {"container": drum, "place": scene.place("garage-yard"), "code": "900-249-08"}
    scene.say("garage-clerk", "container-weighed", again | {"mass": weighed(150_000), "previous_g": 0})
    assert open_rules(scene) == set()


def test_a_well_formed_code_that_is_not_listed_is_recorded_and_flagged(scene: Scene) -> None:
    scene.fill(1, code="900-248-08")
    assert open_rules(scene) == {"code-not-in-catalogue"}
    for code in ("900-249-08", "900-000-08"):
        # The second is what waste in no row is called once it is identified as hazardous.
        other = Scene()
        other.fill(1, code=code)
        assert open_rules(other) == set()


@pytest.mark.parametrize(("hours", "rules"), [(24, set()), (25, {"recorded-late"})])
def test_what_comes_more_than_a_day_later_was_recorded_late(scene: Scene, hours: int, rules: set[str]) -> None:
    at = "2026-08-02T00:00:00.000Z"
    scene.fill(at=at, received_at=later(at, hours=hours))
    assert open_rules(scene) == rules


@pytest.mark.parametrize(("minutes", "rules"), [(5, set()), (6, {"clock-ahead"})])
def test_a_device_more_than_five_minutes_ahead_is_flagged(scene: Scene, minutes: int, rules: set[str]) -> None:
    at = "2026-08-02T01:00:00.000Z"
    scene.fill(at=at, received_at=later(at, minutes=-minutes))
    assert open_rules(scene) == rules


def test_what_a_revoked_key_said_before_its_end_is_recorded_and_flagged(scene: Scene) -> None:
    drum = scene.fill()
    stored = {"container": drum, "place": scene.place("garage-yard"), "facility": scene.park.story.ids["garage-store"]}
    fact = scene.fact("garage-clerk", "container-stored", stored)
    scene.told.record([replace(fact, by=replace(fact.by, late=True))])
    assert open_rules(scene) == {"after-revocation"}


def not_in_plan(scene: Scene) -> list[tuple[str, str]]:
    return [(f.opened_at[:10], f.closed_at[:10]) for f in scene.told.account()[1] if f.rule == "not-in-plan"]


def filed(scene: Scene, n: int, code: str, *, who: str = "garage", **when: str) -> None:
    body = {"plan": scene.id("plan", n), "holder": scene.party(who), "site": scene.place("garage-yard")["site"]}
    line = {"code": code, "generated_g": 1_000}
    clerk = {"garage": "garage-clerk", "rogue": "rogue-boss"}[who]
    assert scene.say(clerk, "plan-filed", body | {"year": 2026, "lines": [line]}, **when) == ""


def test_a_plan_filed_afterwards_counts_from_when_it_was_received_whatever_day_it_says(scene: Scene) -> None:
    filed(scene, 1, "900-214-08", at="2026-01-05T00:00:00.000Z")
    scene.fill(at="2026-03-02T00:00:00.000Z")
    assert not_in_plan(scene) == [("2026-03-02", "")]
    filed(scene, 2, "900-249-08", at="2026-03-01T00:00:00.000Z", received_at="2026-06-01T00:00:00.000Z")
    assert not_in_plan(scene) == [("2026-03-02", "2026-06-01")]


def test_a_plan_said_offline_and_sent_within_the_allowance_counts_from_when_it_was_said(scene: Scene) -> None:
    filed(scene, 1, "900-214-08", at="2026-01-05T00:00:00.000Z")
    scene.fill(at="2026-03-02T00:00:00.000Z")
    filed(scene, 2, "900-249-08", at="2026-03-01T20:00:00.000Z", received_at="2026-03-02T10:00:00.000Z")
    assert not_in_plan(scene) == []


def test_a_strangers_plan_neither_forbids_nor_allows_what_a_site_generates(scene: Scene) -> None:
    filed(scene, 1, "900-214-08", who="rogue", at="2026-01-05T00:00:00.000Z")
    scene.fill(at="2026-03-02T00:00:00.000Z")
    assert not_in_plan(scene) == []
    filed(scene, 2, "900-214-08", at="2026-01-06T00:00:00.000Z")
    filed(scene, 3, "900-249-08", who="rogue", at="2026-01-07T00:00:00.000Z")
    assert not_in_plan(scene) == [("2026-03-02", "")]


def test_a_plan_names_a_waste_from_the_moment_it_was_filed_and_one_of_other_waste_ends_nothing(scene: Scene) -> None:
    filed(scene, 1, "900-214-08", at="2026-01-05T00:00:00.000Z")
    scene.fill(1, at="2026-03-02T00:00:00.000Z")
    filed(scene, 2, "900-252-12", at="2026-03-03T00:00:00.000Z")
    assert not_in_plan(scene) == [("2026-03-02", "")]
    assert only(scene, "not-in-plan").closed_by == ""
    filed(scene, 3, OIL, at="2026-03-02T12:00:00.000Z", received_at="2026-03-05T00:00:00.000Z")
    filed(scene, 4, OIL, at="2026-03-04T00:00:00.000Z")
    flag, filling, plan = only(scene, "not-in-plan"), scene.said[1], scene.said[-1]
    assert says(scene, flag) == (OIL, 100_000, "garage", "garage-yard", OIL)
    assert (flag.opened_at, flag.opened_by) == (filling.at, filling.statement)
    assert (flag.closed_at, flag.closed_by) == (plan.at, plan.statement)
    scene.fill(2, at=plan.at)
    assert not_in_plan(scene) == [("2026-03-02", "2026-03-04")]


def test_what_is_derived_is_to_be_in_the_plan_and_what_was_there_before_is_not(scene: Scene) -> None:
    filed(scene, 1, "900-214-08", at="2026-01-05T00:00:00.000Z")
    place, store = scene.place("garage-yard"), scene.park.story.ids["garage-store"]
    for n, code in ((1, OIL), (2, "900-214-08")):
        stock = {"container": scene.id("container", n), "place": place, "code": code, "kind": "package"}
        stock |= {"name": "废油", "mass": weighed(100_000), "since": "2026-01-01"}
        assert scene.say("garage-clerk", "stock-declared", stock) == ""
    assert not_in_plan(scene) == []
    rest = load(scene.id("container", 3), 9_000) | {"kind": "package", "name": "废油渣", "new": True}
    body: dict[str, Any] = {"place": place, "facility": store, "stage": "final", "end": "utilised", "method": "R9"}
    body |= {"basis": "weighed", "inputs": [load(scene.id("container", 2), code="900-214-08")], "outputs": [rest]}
    assert scene.say("garage-clerk", "waste-treated", body) == ""
    assert not_in_plan(scene) == [(scene.said[-1].at[:10], "")]


def test_who_handles_what_another_holds_is_not_its_holder(scene: Scene) -> None:
    drum = scene.fill()
    stored = {
        "container": drum,
        "place": scene.place("coating-yard"),
        "facility": scene.park.story.ids["coating-store"],
    }
    assert scene.say("coating-clerk", "container-stored", stored) == ""
    assert open_rules(scene) == {"not-holder"}
    assert scene.container(drum).holder == scene.party("garage")


def test_fifteen_days_on_the_road_are_too_long_until_it_arrives(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    at = scene.said[-1].at
    assert open_rules(scene, later(at, days=15)) == set()
    assert open_rules(scene, later(at, days=15, minutes=1)) == {"transit-overtime"}
    body = scene.run() | {"lines": [verdict(drum)]}
    assert scene.say("refinery-gate", "manifest-received", body, at=later(at, days=16)) == ""
    assert open_rules(scene, later(at, days=17)) == set()
    assert "transit-overtime" in {rule for rule, *_ in scene.told.flags(later(at, days=17))}


def test_the_receiver_confirms_within_five_working_days(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    # Monday 3 August: the fifth working day after it is Monday 10 August, until midnight in the park.
    arrived(scene, drum)
    assert open_rules(scene, "2026-08-10T15:59:00.000Z") == set()
    assert open_rules(scene, "2026-08-10T16:00:00.000Z") == {"confirmation-late"}
    body = scene.run() | {"lines": [verdict(drum)]}
    scene.say("refinery-gate", "manifest-received", body, at="2026-08-11T02:00:00.000Z")
    assert open_rules(scene, "2026-08-12T00:00:00.000Z") == set()


def test_a_year_without_an_adopted_calendar_is_provisional(scene: Scene) -> None:
    registry = scene.told.registry
    registry.opened = opened(scene)
    assert [f.rule for f in ledger_flags(CN, registry, "2026-12-31T15:59:00.000Z")] == []
    assert [f.rule for f in ledger_flags(CN, registry, "2026-12-31T16:00:00.000Z")] == ["calendar-provisional"]
    (flag,) = ledger_flags(CN, registry, "2026-12-31T16:00:00.000Z")
    assert flag == Flag(
        rule="calendar-provisional", object=scene.id("party", 1), key="2027", grams=0, holder="", site="",
        detail="2027", opened_at="2026-12-31T16:00:00.000Z", opened_by="",
    )  # fmt: skip
    assert flag.open_at("2026-12-31T16:00:00.000Z")
    calendar = {"year": 2027, "days_off": ["2027-01-01"]}
    scene.say("settings", "calendar-adopted", calendar, at="2027-01-08T01:00:00.000Z")
    scene.say("settings", "calendar-adopted", calendar, at="2027-01-09T01:00:00.000Z")
    (ended,) = ledger_flags(CN, registry, "2026-12-31T16:00:00.000Z")
    assert ended == replace(flag, closed_at="2027-01-08T01:00:00.000Z", closed_by=scene.said[-2].statement)


@pytest.mark.parametrize("at", ["2026-08-03T00:00:00.000Z", "2026-12-31T16:00:00.000Z"])
def test_a_calendar_adopted_before_its_year_leaves_nothing_provisional(scene: Scene, at: str) -> None:
    scene.told.registry.opened = opened(scene)
    scene.say("settings", "calendar-adopted", {"year": 2027, "days_off": ["2027-01-01"]}, at=at)
    assert ledger_flags(CN, scene.told.registry, "2027-06-30T16:00:00.000Z") == []


def opened(scene: Scene) -> Any:
    key = {"stream": scene.id("key", 1), "person": scene.id("person", 1), "public_key": "0" * 64}
    body = {"origin": "ledger.example/park", "operator": scene.id("party", 1), "operator_name": "运营方（虚构）"}
    body |= {"log_key": "x", "promise_key": "0" * 64, "regime": "cn.1"}
    numbers = {"promise_hours": 24, "schema": 1, "system_key": key, "authorities": []}
    return scene.fact("registrar", "ledger-opened", body | numbers).event


def test_every_rule_says_itself_in_both_languages_and_names_a_law() -> None:
    for code, rule in RULES.items():
        assert rule.code == code
        assert rule.en.isascii() and rule.todo_en.isascii()
        assert not rule.zh.isascii() and not rule.todo_zh.isascii()
        assert CN.cite(rule.cites, "2026-08-15"), code


# -- how much, whose, where --------------------------------------------------------------------------------------------

OIL = "900-249-08"


def only(scene: Scene, rule: str) -> Flag:
    (flag,) = [f for f in scene.told.account()[1] if f.rule == rule]
    return flag


def says(scene: Scene, flag: Flag) -> tuple[str, int, str, str, str]:
    called = scene.park.alias_of
    return flag.key, flag.grams, called(flag.holder), flag.site and called(flag.site), flag.detail


def here(scene: Scene, drum: str, site: str = "garage-yard", **more: Any) -> dict[str, Any]:
    return {"container": drum, "place": scene.place(site), "code": OIL} | more


def lost(scene: Scene, drum: str, grams: int) -> str:
    return scene.say("garage-clerk", "container-lost", here(scene, drum, net_g=grams, stage="held", reason="stolen"))


def test_what_left_beyond_the_books_grows_and_ends_with_them(scene: Scene) -> None:
    drum = scene.fill()
    assert lost(scene, drum, 120_000) == ""
    opened = scene.said[-1]
    assert says(scene, only(scene, "over-book")) == (
        f"held/{scene.party('garage')}",
        20_000,
        "garage",
        "garage-yard",
        "",
    )
    assert lost(scene, drum, 5_000) == ""
    flag = only(scene, "over-book")
    assert (flag.grams, flag.opened_at, flag.opened_by) == (25_000, opened.at, opened.statement)
    assert scene.say("garage-clerk", "waste-added", here(scene, drum, mass=weighed(25_000))) == ""
    flag = only(scene, "over-book")
    assert (flag.closed_at, flag.closed_by) == (scene.said[-1].at, scene.said[-1].statement)


def test_differences_of_a_journey_and_of_a_weighing_say_what_they_are_of(scene: Scene) -> None:
    drum, other = scene.fill(1), scene.fill(2)
    collected(scene, drum)
    received(scene, drum, **verdict(drum, grams=90_000))
    flag = only(scene, "mass-difference")
    assert says(scene, flag) == (scene.id("manifest", 1), 10_000, "garage", "garage-yard", scene.party("refiner"))
    weighing = here(scene, other, mass=weighed(80_000), previous_g=100_000)
    assert scene.say("garage-clerk", "container-weighed", weighing) == ""
    flags = [f for f in scene.told.account()[1] if f.rule == "mass-difference" and f.object == other]
    assert [says(scene, f) for f in flags] == [(scene.said[-1].id, 20_000, "garage", "garage-yard", "")]


def test_a_delivery_known_only_from_its_receiver_went_without_a_manifest_all_the_same(scene: Scene) -> None:
    drum = scene.fill()
    body = {"delivery": scene.id("delivery", 1), "end": "received", "from": scene.place("garage-yard"),
            "to": {"kind": "other"} | scene.place("refinery"), "lines": [load(drum, 90_000)]}  # fmt: skip
    assert scene.say("refinery-gate", "delivery-recorded", body) == ""
    wanted = (scene.id("delivery", 1), 90_000, "garage", "garage-yard", scene.party("refiner"))
    assert says(scene, only(scene, "without-manifest")) == wanted


@pytest.mark.parametrize(
    ("row", "code", "confirmed", "flagged"),
    [
        ("2021-12-运输-1", "772-002-18", "", False), ("2021-12-处置-1", "772-002-18", "", True),
        ("2021-12-运输-1", OIL, "", True), ("2021-6-收集-1", "900-003-04", "", False), ("", OIL, "transport", False),
        ("", OIL, "collection", False), ("", OIL, "storage", True), ("", "900-001-S07", "", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("outside", [True, False])
def test_on_the_road_a_row_of_that_stage_exempts_from_the_manifest(
    scene: Scene, row: str, code: str, confirmed: str, flagged: bool, outside: bool
) -> None:
    if confirmed:
        body = {"holder": scene.party("garage"), "row": "2021-7-运输-1", "codes": [OIL], "stage": confirmed}
        body |= {"valid_from": "2026-01-01", "valid_until": "2026-12-31"}
        assert scene.say("licensing", "exemption-confirmed", body) == ""
    drum = scene.fill(code=code)
    to = {"kind": "other", "name": "外单位"} if outside else {"kind": "other"} | scene.place("refinery")
    sent = {"delivery": scene.id("delivery", 1), "end": "sent", "from": scene.place("garage-yard"), "to": to,
            "lines": [load(drum, code=code)]}  # fmt: skip
    exemption = {"exemption": {"row": row, "evidence": "a" * 64}} if row else {}
    assert scene.say("garage-clerk", "delivery-recorded", sent | exemption) == ""
    assert ("without-manifest" in {f.rule for f in scene.told.account()[1]}) == flagged


def test_another_consignee_and_another_code_name_the_receiver_and_what_was_expected(scene: Scene) -> None:
    drum = scene.fill()
    assert scene.say("garage-clerk", "manifest-issued", scene.run() | {"lines": [load(drum)]}) == ""
    collected(scene, drum)
    received(scene, drum, to="incinerator", who="furnace-gate", code="900-214-08")
    key = scene.id("manifest", 1)
    wrong, differs = only(scene, "wrong-consignee"), only(scene, "code-differs")
    assert says(scene, wrong) == (key, 100_000, "burner", "incinerator", scene.party("refiner"))
    assert says(scene, differs) == (key, 100_000, "burner", "incinerator", "900-249-08 900-214-08")


def about(scene: Scene, drum: str) -> dict[str, int]:
    """What is wrong with its journey, and of how many grams."""
    rules = {"not-on-manifest", "wrong-consignee", "code-differs", "defect-found-later", "no-approval"}
    return {f.rule: f.grams for f in scene.told.account()[1] if f.object == drum and f.rule in rules}


def treated_there(scene: Scene, drum: str, site: str, who: str, net_g: int) -> None:
    facility = next(f.facility for f in scene.told.registry.facilities.values() if f.site == scene.place(site)["site"])
    body = {"place": scene.place(site), "facility": facility, "stage": "final", "end": "disposed", "method": "D10"}
    assert scene.say(who, "waste-treated", body | {"basis": "weighed", "inputs": [load(drum, net_g)]}) == ""


def defect(scene: Scene, drum: str, site: str, who: str, manifest: int = 1) -> None:
    body = {"manifest": scene.id("manifest", manifest), "place": scene.place(site), "concerned": [drum]}
    assert scene.say(who, "discrepancy-found-later", body | {"kind": "characteristic"}) == ""


def test_what_is_wrong_with_a_journey_is_about_what_went_on_it_whatever_became_of_that(scene: Scene) -> None:
    listed, unlisted = scene.fill(1), scene.fill(2)
    far = scene.run(to="far-plant")
    assert scene.say("garage-clerk", "manifest-issued", scene.run() | {"lines": [load(listed)]}) == ""
    assert scene.say("driver", "manifest-collected", far | {"lines": [load(listed), load(unlisted)]}) == ""
    lines = [verdict(drum, grams=99_900) | {"code": "900-214-08"} for drum in (listed, unlisted)]
    assert scene.say("far-gate", "manifest-received", far | {"lines": lines}) == ""
    for drum, wrong in ((listed, "wrong-consignee"), (unlisted, "not-on-manifest")):
        defect(scene, drum, "far-plant", "far-gate")
        treated_there(scene, drum, "far-plant", "far-gate", 99_900)
        rules = {"code-differs", "defect-found-later", "no-approval", wrong}
        assert about(scene, drum) == dict.fromkeys(rules, 100_000)


def test_a_journey_that_its_sender_did_not_tell_is_about_what_came(scene: Scene) -> None:
    drum = scene.fill()
    received(scene, drum, mass=weighed(90_000))
    defect(scene, drum, "refinery", "refinery-gate")
    treated_there(scene, drum, "refinery", "refinery-gate", 90_000)
    assert about(scene, drum) == {"not-on-manifest": 90_000, "defect-found-later": 90_000}


def test_a_journey_on_which_nobody_told_of_any_grams_is_about_what_is_inside(scene: Scene) -> None:
    drum = scene.fill()
    run = scene.run()
    at_gate = {"manifest": run["manifest"], "place": run["to"], "carrier": run["carrier"], "arrived": [drum]}
    assert scene.say("driver", "manifest-arrived", at_gate) == ""
    received(scene, drum, decision="refused")
    defect(scene, drum, "refinery", "refinery-gate", manifest=2)
    assert about(scene, drum) == {"not-on-manifest": 100_000, "defect-found-later": 100_000}


@pytest.mark.parametrize("scope", ["party", "site"])
def test_a_late_confirmation_counts_from_the_end_of_its_last_day_which_is_a_setting(scene: Scene, scope: str) -> None:
    setting = {"name": "confirmation-workdays", "value": 2, "effective_from": "2026-08-03"}
    assert scene.say("settings", "setting-adopted", setting | {"scope": scene.place("refinery")[scope]}) == ""
    drum = scene.fill()
    collected(scene, drum)
    arrived(scene, drum)
    flag = only(scene, "confirmation-late")
    assert says(scene, flag) == (scene.id("manifest", 1), 100_000, "refiner", "refinery", "")
    assert flag.opened_at == "2026-08-05T15:59:59.999Z"
    body = scene.run() | {"lines": [verdict(drum)]}
    assert scene.say("refinery-gate", "manifest-received", body, at=flag.opened_at) == ""
    assert "confirmation-late" not in {f.rule for f in scene.told.account()[1]}


def test_a_drum_of_unknown_mass_and_one_of_an_unlisted_code_name_their_holder(scene: Scene) -> None:
    drum = scene.fill(1, code="900-248-08")
    assert says(scene, only(scene, "code-not-in-catalogue")) == (
        "900-248-08", 100_000, "garage", "garage-yard", "900-248-08"
    )  # fmt: skip
    volume = here(scene, drum) | {"container": scene.id("container", 2), "kind": "package", "name": "废机油"}
    volume |= {"mass": {"basis": "volume", "volume_ml": 9}}
    assert scene.say("garage-clerk", "container-filled", volume) == ""
    assert says(scene, only(scene, "mass-unknown")) == ("", 0, "garage", "garage-yard", "")


def test_what_one_statement_shows_names_the_statement_and_who_said_it(scene: Scene) -> None:
    at = "2026-08-02T01:00:00.000Z"
    drum = scene.fill(1, at=at, received_at=later(at, hours=25))
    first = scene.said[-1]
    assert says(scene, only(scene, "recorded-late")) == (first.id, 0, "garage", "", later(at, hours=25))
    scene.fill(2, at=at, received_at=later(at, minutes=-6))
    ahead = scene.said[-1]
    assert says(scene, only(scene, "clock-ahead")) == (ahead.id, 0, "garage", "", ahead.received_at)
    stored = {
        "container": drum,
        "place": scene.place("coating-yard"),
        "facility": scene.park.story.ids["coating-store"],
    }
    fact = scene.fact("coating-clerk", "container-stored", stored)
    scene.told.record([replace(fact, by=replace(fact.by, late=True))])
    assert says(scene, only(scene, "after-revocation")) == (fact.id, 0, "coating", "", "")
    assert says(scene, only(scene, "not-holder")) == (fact.id, 100_000, "coating", "", scene.party("garage"))


def test_how_far_a_clock_may_be_ahead_is_the_setting_of_the_day_on_which_it_was_received(scene: Scene) -> None:
    setting = {"name": "clock-ahead-minutes", "value": 30, "effective_from": "2026-08-03"}
    assert scene.say("settings", "setting-adopted", setting) == ""
    for n, (at, received) in enumerate((("16:20", "15:59"), ("16:20", "16:00")), 1):
        scene.fill(n, at=f"2026-08-02T{at}:00.000Z", received_at=f"2026-08-02T{received}:00.000Z")
    assert only(scene, "clock-ahead").object == scene.id("container", 1)


def test_stock_is_declared_before_the_day_on_which_a_site_goes_live(scene: Scene) -> None:
    site = {"site": scene.id("site", 1), "holder": scene.party("lab"), "name": "库", "live_from": "2026-08-04"}
    assert scene.say("lab-keeper", "site-registered", site) == ""
    place = {"party": scene.party("lab"), "site": site["site"]}
    for n, at in enumerate(("2026-08-03T15:59:59.999Z", "2026-08-03T16:00:00.000Z"), 1):
        stock = here(
            scene, scene.id("container", n), kind="package", name="废机油", mass=weighed(5), since="2026-01-01"
        )
        assert scene.say("lab-keeper", "stock-declared", stock | {"place": place}, at=at) == ""
    flag = only(scene, "stock-after-go-live")
    assert (flag.object, flag.key, flag.grams, flag.holder, flag.site) == (
        scene.id("container", 2), scene.said[-1].id, 5, scene.party("lab"), site["site"]
    )  # fmt: skip


def test_overdue_mass_is_somebodys_somewhere_and_counts_from_after_its_deadline(scene: Scene) -> None:
    at = "2026-08-01T00:00:00.000Z"
    deadline = later(at, days=365)
    drum = scene.fill(grams=1, at=at)
    rows, _ = scene.told.account()
    assert overdue(rows, deadline) == []
    (flag,) = overdue(rows, later(deadline, minutes=1))
    assert says(scene, flag) == (f"{scene.party('garage')}/held/{deadline}", 1, "garage", "garage-yard", "held")
    assert (flag.rule, flag.object, flag.opened_at, flag.opened_by) == ("stored-too-long", drum, deadline, "")
    again = later(deadline, days=1)
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum, 1)]}, at=again) == ""
    (left,) = [f for f in scene.told.account()[1] if f.rule == "stored-too-long"]
    assert left == replace(flag, closed_at=again, closed_by=scene.said[-1].statement)
    assert overdue(scene.told.account()[0], again) == []


def test_what_leaves_on_its_last_day_or_stays_under_another_code_has_not_left_late(scene: Scene) -> None:
    at = "2026-08-01T00:00:00.000Z"
    gone, here_still = scene.fill(1, at=at), scene.fill(2, at=at)
    body = scene.run() | {"lines": [load(gone)]}
    assert scene.say("driver", "manifest-collected", body, at=later(at, days=365)) == ""
    other = {"container": here_still, "place": scene.place("garage-yard"), "old_code": OIL, "new_code": "900-214-08"}
    body = other | {"cause": "error", "net_g": 100_000}
    assert scene.say("garage-clerk", "waste-reclassified", body, at=later(at, days=366)) == ""
    assert [f for f in scene.told.account()[1] if f.rule == "stored-too-long"] == []


def test_an_exception_stands_from_when_it_opens_until_before_it_closes(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum)
    flag = replace(only(scene, "not-on-manifest"), opened_at="2", closed_at="4")
    assert [flag.open_at(m) for m in "12345"] == [False, True, True, False, False]
    assert [replace(flag, closed_at="").open_at(m) for m in "125"] == [False, True, True]


def test_what_nothing_can_undo_ends_when_its_explanation_is_accepted(scene: Scene) -> None:
    drum, other = scene.fill(1), scene.fill(2)
    for each in (drum, other):
        stored = {"container": each, "place": scene.place("coating-yard")}
        stored |= {"facility": scene.park.story.ids["coating-store"]}
        assert scene.say("coating-clerk", "container-stored", stored) == ""
    key = scene.said[-2].id
    for rule, its in (("clock-ahead", key), ("not-holder", scene.said[-1].id), ("not-holder", key)):
        why = {"container": drum, "rule": rule, "key": its, "explanation": {"sealed": "a" * 64}}
        assert scene.say("coating-clerk", "exception-explained", why) == ""
        accepted = {"container": drum, "explanation": scene.said[-1].id}
        assert scene.say("supervision", "explanation-accepted", accepted) == ""
    flags = {f.object: f for f in scene.told.account()[1] if f.rule == "not-holder"}
    assert (flags[drum].closed_at, flags[drum].closed_by) == (scene.said[-1].at, scene.said[-1].statement)
    assert (flags[other].closed_at, flags[other].closed_by) == ("", "")


def test_a_difference_of_one_journey_ends_when_it_is_explained_and_no_other(scene: Scene) -> None:
    drum = scene.fill()
    collected(scene, drum)
    received(scene, drum, **verdict(drum, grams=90_000))
    flag = only(scene, "mass-difference")
    for rule, key in (("not-on-manifest", flag.key), ("mass-difference", "x"), ("mass-difference", flag.key)):
        assert only(scene, "mass-difference").closed_at == ""
        why = {"container": drum, "rule": rule, "key": key, "explanation": {"sealed": "a" * 64}}
        assert scene.say("garage-clerk", "exception-explained", why) == ""
        accepted = {"container": drum, "explanation": scene.said[-1].id}
        assert scene.say("supervision", "explanation-accepted", accepted) == ""
    assert only(scene, "mass-difference") == replace(
        flag, closed_at=scene.said[-1].at, closed_by=scene.said[-1].statement
    )


@pytest.mark.parametrize(("ended", "rejected"), [(False, False), (False, True), (True, True)])
def test_what_a_correction_makes_vanish_ended_with_this_correction_and_not_with_anothers_end(
    scene: Scene, ended: bool, rejected: bool
) -> None:
    drum = scene.fill()
    assert lost(scene, drum, 120_000) == ""
    if ended:
        assert scene.say("garage-clerk", "waste-added", here(scene, drum, mass=weighed(20_000))) == ""
    end = scene.said[-1]
    body = {"container": drum, "target": scene.said[0].id, "field": "mass.net_g", "reason": "typing"}
    assert scene.say("garage-clerk", "entry-corrected", body | {"old": 100_000, "new": 130_000}) == ""
    end = end if ended else scene.said[-1]
    assert scene.say("garage-clerk", "entry-corrected", body | {"old": 130_000, "new": 1}) == ""
    if rejected:
        decision = {"container": drum, "correction": scene.said[-1].id, "outcome": "reject"}
        assert scene.say("supervision", "correction-decided", decision) == ""
    flag = only(scene, "over-book")
    assert (flag.grams, flag.closed_at, flag.closed_by) == (20_000, end.at, end.statement)


def test_what_a_correction_makes_vanish_ended_with_it_and_what_had_ended_before_then(scene: Scene) -> None:
    drum, target = scene.fill(1), scene.id("container", 2)
    assert lost(scene, drum, 120_000) == ""
    body = {"container": drum, "target": scene.said[0].id, "field": "mass.net_g", "old": 100_000, "new": 130_000}
    assert scene.say("garage-clerk", "entry-corrected", body | {"reason": "typing"}) == ""
    flag = only(scene, "over-book")
    assert (flag.grams, flag.closed_at, flag.closed_by) == (20_000, scene.said[-1].at, scene.said[-1].statement)
    # A container that others flowed into is told the same way.
    other = scene.fill(3)
    poured = {"place": scene.place("garage-yard"), "reason": "repack", "sources": [load(other)]}
    poured |= {"targets": [load(target, 90_000) | {"kind": "package", "name": "废机油"}]}
    assert scene.say("garage-clerk", "contents-transferred", poured) == ""
    assert [f.grams for f in scene.told.account()[1] if f.rule == "mass-difference"] == [10_000]
    change = {
        "container": target,
        "target": scene.said[-1].id,
        "field": "targets.0.net_g",
        "old": 90_000,
        "new": 99_900,
    }
    assert scene.say("garage-clerk", "entry-corrected", change | {"reason": "typing"}) == ""
    ended = [f.closed_by for f in scene.told.account()[1] if f.rule == "mass-difference"]
    assert ended == [scene.said[-1].statement]


@pytest.mark.parametrize(("from_", "entitled"), [("2026-08-04", True), ("2026-08-05", False)])
def test_a_receiver_is_entitled_by_the_licence_of_the_day_on_which_it_came(
    scene: Scene, from_: str, entitled: bool
) -> None:
    licence = {
        "licence": scene.id("licence", 1), "holder": scene.party("rogue"), "number": "R", "kind": "collection",
        "include": ["HW08"], "valid_from": from_, "valid_until": "2026-12-31",
    }  # fmt: skip
    assert scene.say("licensing", "licence-granted", licence) == ""
    drum = scene.fill()
    body = {"delivery": scene.id("delivery", 1), "end": "received", "from": scene.place("garage-yard"),
            "to": {"kind": "other"} | scene.place("rogue-yard"), "lines": [load(drum)]}  # fmt: skip
    assert scene.say("rogue-boss", "delivery-recorded", body, at="2026-08-04T04:00:00.000Z") == ""
    assert ("receiver-not-entitled" in {f.rule for f in scene.told.account()[1]}) is not entitled


def test_a_licence_only_asserted_is_open_until_the_authority_confirms_the_same_number(scene: Scene) -> None:
    terms = {
        "licence": scene.id("licence", 1), "holder": scene.party("rogue"), "number": "R", "kind": "collection",
        "valid_from": "2026-01-01", "valid_until": "2026-12-31",
    }  # fmt: skip
    assert scene.say("rogue-boss", "licence-granted", terms) == ""
    first = scene.said[-1]

    def flag() -> Flag:
        (found,) = [f for f in ledger_flags(CN, scene.told.registry, SOON) if f.object == terms["licence"]]
        return found

    assert (says(scene, flag()), flag().opened_at) == ((terms["licence"], 0, "rogue", "", "R"), first.at)
    other = terms | {"licence": scene.id("licence", 2), "number": "S"}
    assert scene.say("licensing", "licence-granted", other) == ""
    assert flag().closed_at == ""
    for _ in range(2):
        assert scene.say("licensing", "licence-granted", terms | {"licence": scene.id("licence", 3)}) == ""
    assert (flag().closed_at, flag().closed_by) == (scene.said[-2].at, scene.said[-2].statement)
    assert scene.say("licensing", "licence-granted", terms, at=first.at) == ""
    assert [f.object for f in ledger_flags(CN, scene.told.registry, SOON) if f.holder == scene.party("rogue")] == []


# -- in two places -----------------------------------------------------------------------------------------------------


def seen_again(scene: Scene, minutes: int, decision: str = "accepted") -> bool:
    """Whether a drum told of at the refinery so soon after it was filled at the garage was in two places."""
    drum = scene.fill(at="2026-08-03T02:00:00.000Z")
    line = verdict(drum, decision) if decision == "missing" else verdict(drum)
    body = scene.run() | {"lines": [line]}
    at = later("2026-08-03T02:00:00.000Z", minutes=minutes)
    assert scene.say("refinery-gate", "manifest-received", body, at=at) == ""
    return "impossible-travel" in {f.rule for f in scene.told.account()[1]}


def test_nobody_is_at_another_site_within_five_minutes(scene: Scene) -> None:
    assert seen_again(scene, 4)
    assert not seen_again(Scene(), 5)


def test_what_is_missing_at_a_gate_was_not_seen_there(scene: Scene) -> None:
    assert not seen_again(scene, 4, "missing")


@pytest.mark.parametrize("book", [False, True])
def test_a_book_of_days_tells_no_minute_at_which_a_drum_was_seen(scene: Scene, book: bool) -> None:
    drum = scene.fill(at="2026-08-03T02:00:00.000Z")
    body: dict[str, Any] = {"place": scene.place("refinery"), "stage": "final"}
    body |= {"facility": scene.park.story.ids["still"]}
    body |= {"end": "utilised", "method": "R9", "basis": "weighed", "inputs": [load(drum)]}
    body |= {"source": {"workbook": "a" * 64, "sheet": "B4", "row": 3}} if book else {}
    assert scene.say("garage-clerk", "manifest-issued", scene.run() | {"lines": [load(drum)]}) == ""
    assert scene.say("refinery-hall", "waste-treated", body, at="2026-08-03T02:02:00.000Z") == ""
    assert ("impossible-travel" in {f.rule for f in scene.told.account()[1]}) is not book


def test_where_a_stranger_says_a_drum_is_nobody_saw_it(scene: Scene) -> None:
    drum = scene.fill(at="2026-08-03T02:00:00.000Z")
    for who, site, at in (("rogue-boss", "rogue-yard", "02:02"), ("garage-clerk", "garage-yard", "02:04")):
        body = here(scene, drum, site, mass=weighed(100_000), previous_g=100_000)
        assert scene.say(who, "container-weighed", body, at=f"2026-08-03T{at}:00.000Z") == ""
    assert only(scene, "impossible-travel").holder == scene.party("rogue")


def test_how_soon_is_a_setting_of_the_site_where_it_turns_up(scene: Scene) -> None:
    setting = {"name": "travel-minutes", "value": 60, "effective_from": "2026-01-01"}
    assert scene.say("settings", "setting-adopted", setting | {"scope": scene.place("refinery")["site"]}) == ""
    assert seen_again(scene, 59)


@pytest.mark.parametrize(("pick_up", "flagged"), [("garage-yard", False), ("coating-yard", True), (None, True)])
def test_a_pick_up_where_it_was_seen_last_explains_how_it_came_elsewhere(
    scene: Scene, pick_up: str | None, flagged: bool
) -> None:
    drum = scene.fill(at="2026-08-03T02:00:00.000Z")
    run = scene.run() | {"from": scene.place(pick_up or "garage-yard")}
    if pick_up:
        body = run | {"lines": [load(drum)]}
        assert scene.say("driver", "manifest-collected", body, at="2026-08-03T02:00:00.000Z") == ""
    body = run | {"lines": [verdict(drum)]}
    assert scene.say("refinery-gate", "manifest-received", body, at="2026-08-03T02:04:00.000Z") == ""
    last = [f for f in scene.told.account()[1] if f.rule == "impossible-travel" and f.opened_at == scene.said[-1].at]
    assert bool(last) == flagged


def test_a_drum_left_behind_was_not_collected_and_one_beside_it_was(scene: Scene) -> None:
    left, taken = scene.fill(1, at="2026-08-03T02:00:00.000Z"), scene.fill(2, at="2026-08-03T02:00:00.000Z")
    elsewhere = scene.run() | {"from": scene.place("coating-yard"), "lines": [load(taken)]}
    elsewhere |= {"left_behind": [{"container": left, "reason": "no-room"}]}
    assert scene.say("driver", "manifest-collected", elsewhere, at="2026-08-03T02:04:00.000Z") == ""
    assert [f.object for f in scene.told.account()[1] if f.rule == "impossible-travel"] == [taken]


# -- across a border ---------------------------------------------------------------------------------------------------


def test_a_report_is_enough_for_general_waste_to_be_utilised_and_for_nothing_else(scene: Scene) -> None:
    report = {"approval": scene.id("approval", 1), "sender": scene.party("garage"), "receiver": scene.party("faraway"),
              "codes": [OIL, "900-001-S07"], "mass_g": 1_000_000, "valid_from": "2026-08-01",
              "valid_until": "2027-07-31"}  # fmt: skip
    kiln = scene.place("far-kiln")["site"]
    purposes = {f.purpose for f in scene.told.registry.facilities.values() if f.site == kiln}
    assert purposes == {"utilise"}
    assert scene.say("licensing", "cross-province-reported", report) == ""
    generated = {"facility": scene.id("facility", 9), "holder": scene.party("faraway"), "site": kiln, "code": "G1",
                 "purpose": "generate"}  # fmt: skip
    assert scene.say("far-gate", "facility-registered", generated) == ""
    for n, code in enumerate(("900-001-S07", OIL), 1):
        drum = scene.fill(n, code=code)
        near = scene.run(n + 10) | {"lines": [load(drum, code=code)]}
        assert scene.say("driver", "manifest-collected", near) == ""
        back = {"manifest": near["manifest"], "to": near["from"], "carrier": near["carrier"]}
        line = {"container": drum, "code": code, "mass": weighed(100_000)}
        assert scene.say("garage-clerk", "manifest-return-received", back | {"lines": [line]}) == ""
        far = scene.run(n, "far-kiln") | {"lines": [load(drum, code=code)]}
        assert scene.say("driver", "manifest-collected", far) == ""
        got = scene.run(n, "far-kiln") | {"lines": [verdict(drum) | {"code": code}]}
        assert scene.say("far-gate", "manifest-received", got) == ""
    assert [f.object for f in scene.told.account()[1] if f.rule == "no-approval"] == [scene.id("container", 2)]


@pytest.mark.parametrize("back", [False, True])
def test_what_came_back_has_crossed_no_border(scene: Scene, back: bool) -> None:
    drum, run = scene.fill(), scene.run(to="far-kiln")
    assert scene.say("driver", "manifest-collected", run | {"lines": [load(drum)]}) == ""
    assert scene.say("far-gate", "manifest-received", run | {"lines": [verdict(drum, "refused")]}) == ""
    flag = only(scene, "no-approval")
    assert (flag.key, flag.closed_at) == (run["manifest"], "")
    line = {"container": drum, "code": OIL, "mass": weighed(100_000)}
    returned = {"manifest": run["manifest"], "to": run["from"], "carrier": run["carrier"], "lines": [line]}
    if back:
        assert scene.say("garage-clerk", "manifest-return-received", returned) == ""
    assert only(scene, "no-approval").closed_at == (scene.said[-1].at if back else "")


def test_what_somebody_not_entitled_closed_bit_by_bit_is_one_exception(scene: Scene) -> None:
    drum, shed = scene.fill(), scene.park.story.ids["rogue-shed"]
    ends = {"from": scene.place("garage-yard"), "to": {"kind": "other"} | scene.place("rogue-yard")}
    sent = {"delivery": scene.id("delivery", 1), "lines": [load(drum)]} | ends
    for who, end in (("garage-clerk", "sent"), ("rogue-boss", "received")):
        assert scene.say(who, "delivery-recorded", sent | {"end": end}) == ""
    for n in (1, 2):
        body: dict[str, Any] = {"place": scene.place("rogue-yard"), "facility": shed, "stage": "final"}
        body |= {"end": "utilised", "method": "R9", "basis": "weighed", "inputs": [load(drum, 30_000 + n)]}
        assert scene.say("rogue-boss", "waste-treated", body) == ""
    flag = only(scene, "closed-by-unentitled")
    assert (flag.key, flag.grams) == (f"{scene.party('rogue')}/no-licence", 60_003)


# -- what is over ------------------------------------------------------------------------------------------------------


def test_what_is_emptied_or_lost_has_no_unknown_mass_and_is_not_missed_at_a_count(scene: Scene) -> None:
    store = scene.park.story.ids["garage-store"]
    drum = scene.fill()
    count = {"place": scene.place("garage-yard"), "facility": store, "absent": [drum]}
    assert scene.say("garage-clerk", "store-counted", count) == ""
    assert only(scene, "count-gap").closed_at == ""
    assert lost(scene, drum, 100_000) == ""
    assert only(scene, "count-gap").closed_at == scene.said[-1].at


def test_carried_overdue_mass_is_summed_over_lots_and_is_not_shown_beside_its_loss(scene: Scene) -> None:
    at = "2025-03-01T00:00:00.000Z"
    first, second, both = scene.fill(1, at=at), scene.fill(2, at=at), scene.id("container", 3)
    targets = [load(both, 200_000) | {"kind": "package", "name": "废机油"}]
    poured = {"place": scene.place("garage-yard"), "reason": "merge", "sources": [load(first), load(second)]}
    assert scene.say("garage-clerk", "contents-transferred", poured | {"targets": targets}) == ""
    assert scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(both, 200_000)]}) == ""
    shown = [(f.grams, f.closed_at) for f in scene.told.account()[1] if f.rule == "carried-overdue"]
    assert shown == [(200_000, "")]
    gone = {"container": both, "place": scene.place("carrier-depot"), "code": OIL, "net_g": 200_000}
    assert scene.say("driver", "container-lost", gone | {"stage": "in-transit", "reason": "stolen"}) == ""
    shown = [(f.grams, f.closed_at) for f in scene.told.account()[1] if f.rule == "carried-overdue"]
    assert shown == [(200_000, scene.said[-1].at)]


def test_what_a_party_may_not_receive_is_summed_over_lots(scene: Scene) -> None:
    both = scene.id("container", 3)
    targets = [load(both, 200_000) | {"kind": "package", "name": "废机油"}]
    poured = {"place": scene.place("garage-yard"), "reason": "merge", "sources": [load(scene.fill(n)) for n in (1, 2)]}
    assert scene.say("garage-clerk", "contents-transferred", poured | {"targets": targets}) == ""
    body = {"delivery": scene.id("delivery", 1), "end": "received", "from": scene.place("garage-yard"),
            "to": {"kind": "other"} | scene.place("rogue-yard"), "lines": [load(both, 200_000)]}  # fmt: skip
    assert scene.say("rogue-boss", "delivery-recorded", body) == ""
    assert only(scene, "receiver-not-entitled").grams == 200_000


def test_an_emptied_drum_has_no_unknown_mass(scene: Scene) -> None:
    volume = here(scene, scene.id("container", 1), kind="package", name="废机油")
    volume |= {"mass": {"basis": "volume", "volume_ml": 9}}
    assert scene.say("garage-clerk", "container-filled", volume) == ""
    assert only(scene, "mass-unknown").closed_at == ""
    poured = {"place": scene.place("garage-yard"), "reason": "pump", "sources": [load(scene.id("container", 1), 9)]}
    poured |= {"targets": [load(scene.fill(2), 9) | {"kind": "package", "name": "废机油"}]}
    assert scene.say("garage-clerk", "contents-transferred", poured) == ""
    assert scene.say("garage-clerk", "container-emptied", here(scene, scene.id("container", 1), rest_g=0)) == ""
    assert only(scene, "mass-unknown").closed_at == scene.said[-1].at


def test_what_is_found_and_was_never_lost_lacks_a_step(scene: Scene) -> None:
    found = here(scene, scene.fill(), net_g=5_000, lost_by=scene.place("garage-yard"))
    assert scene.say("garage-clerk", "container-found", found) == ""
    wanted = (f"lost/{scene.party('garage')}", 5_000, "garage", "garage-yard", "")
    assert says(scene, only(scene, "step-missing")) == wanted


def test_without_a_manifest_went_what_its_sender_says_it_sent(scene: Scene) -> None:
    way = {"delivery": scene.id("delivery", 1), "from": scene.place("garage-yard"), "carrier": scene.party("carrier")}
    way |= {"to": {"kind": "other"} | scene.place("refinery")}
    drum = scene.fill()
    for who, end, grams in (("garage-clerk", "sent", 100_000), ("refinery-gate", "received", 99_000)):
        assert scene.say(who, "delivery-recorded", way | {"end": end, "lines": [load(drum, grams)]}) == ""
    assert only(scene, "without-manifest").grams == 100_000


def test_a_journey_within_the_province_excuses_none_across_its_border(scene: Scene) -> None:
    drum = scene.fill()
    near = scene.run(1, "incinerator")
    assert scene.say("driver", "manifest-collected", near | {"lines": [load(drum)]}) == ""
    assert scene.say("furnace-gate", "manifest-received", near | {"lines": [verdict(drum)]}) == ""
    far = scene.run(2, "far-plant") | {"from": scene.place("incinerator"), "lines": [load(drum)]}
    assert scene.say("driver", "manifest-collected", far) == ""
    assert scene.say("far-gate", "manifest-received", far | {"lines": [verdict(drum)]}) == ""
    assert only(scene, "no-approval").key == scene.id("manifest", 2)
