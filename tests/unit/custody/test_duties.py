"""What a site owes the authority, by its tier; who was late; what was planned against what was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.custody.duties import Duty, Planned, duties_of, duty_flags, owed, plan_against_actual, tier_of, years_owed
from ledger.custody.flags import Flag
from ledger.custody.lots import Row
from tests.support.told import CN, Scene, load, verdict, weighed

TONNE = 1_000_000


@pytest.fixture
def scene() -> Scene:
    return Scene()


def site(scene: Scene, alias: str) -> str:
    return scene.place(alias)["site"]


@pytest.mark.parametrize(
    ("grams", "tier"),
    [
        (100 * TONNE, "key"),
        (100 * TONNE - 1, "simplified"),
        (10 * TONNE, "simplified"),
        (10 * TONNE - 1, "registered"),
        (0, "registered"),
    ],
)
def test_a_generators_tier_follows_from_a_years_grams(scene: Scene, grams: int, tier: str) -> None:
    assert tier_of(site(scene, "garage-yard"), grams, "2026-12-31", CN, scene.told.registry) == tier


@pytest.mark.parametrize("alias", ["chem-yard", "refinery", "brick-kiln"])
def test_an_own_facility_or_a_licence_makes_a_site_key_however_little_it_generates(scene: Scene, alias: str) -> None:
    assert tier_of(site(scene, alias), 0, "2026-12-31", CN, scene.told.registry) == "key"


def facility(scene: Scene, purpose: str, alias: str = "garage-yard") -> None:
    body = {"holder": scene.party("garage"), "facility": scene.id("facility", 1), "site": site(scene, alias)}
    assert scene.say("garage-clerk", "facility-registered", body | {"code": "TS9", "purpose": purpose}) == ""


@pytest.mark.parametrize(
    ("purpose", "tier"), [("utilise", "key"), ("dispose", "key"), ("store", "registered"), ("generate", "registered")]
)
def test_a_facility_of_its_own_that_ends_waste_makes_a_generator_key(scene: Scene, purpose: str, tier: str) -> None:
    facility(scene, purpose)
    assert tier_of(site(scene, "garage-yard"), 0, "2026-12-31", CN, scene.told.registry) == tier


@pytest.mark.parametrize(
    ("alias", "until", "tier"),
    [
        (None, "2026-12-31", "key"),
        ("garage-yard", "2026-12-31", "key"),
        ("plant-yard", "2026-12-31", "registered"),
        (None, "2026-12-30", "registered"),
    ],
)
def test_a_licence_makes_key_the_sites_it_is_for_while_it_lasts(
    scene: Scene, alias: str | None, until: str, tier: str
) -> None:
    body = {
        "licence": scene.id("licence", 1),
        "holder": scene.party("garage"),
        "number": "示证 D 号",
        "kind": "collection",
    }
    body |= {"valid_from": "2026-01-01", "valid_until": until} | ({"site": site(scene, alias)} if alias else {})
    assert scene.say("licensing", "licence-granted", body) == ""
    assert tier_of(site(scene, "garage-yard"), 0, "2026-12-31", CN, scene.told.registry) == tier


@pytest.mark.parametrize("scope", ["garage", "garage-yard"])
def test_the_limits_of_the_tiers_are_settings_from_a_day_on_of_a_site_or_a_party(scene: Scene, scope: str) -> None:
    stream = site(scene, scope) if scope.endswith("yard") else scene.party(scope)
    for name, value in (("tier-key-g", 20), ("tier-simplified-g", 10)):
        body = {"name": name, "value": value, "effective_from": "2026-06-01", "scope": stream}
        assert scene.say("settings", "setting-adopted", body) == ""

    def tier(grams: int, day: str = "2026-06-01", alias: str = "garage-yard") -> str:
        return tier_of(site(scene, alias), grams, day, CN, scene.told.registry)

    assert [tier(20), tier(19), tier(10), tier(9)] == ["key", "simplified", "simplified", "registered"]
    assert tier(20, "2026-05-31") == tier(20, alias="coating-yard") == "registered"


def test_a_site_that_nobody_registered_has_a_tier_by_its_grams_alone(scene: Scene) -> None:
    assert tier_of(scene.id("site", 9), 100 * TONNE, "2026-12-31", CN, scene.told.registry) == "key"


def test_what_is_overdue_names_the_site_its_holder_the_period_and_since_when(scene: Scene) -> None:
    yard = site(scene, "coating-yard")
    first = next(iter(duty_flags(duties_of(yard, "registered", 2026, CN, scene.told.registry), scene.told.registry)))
    assert first == Flag(
        rule="plan-overdue", object=yard, key="2026", grams=0, holder=scene.party("coating"), site=yard, detail="2026",
        opened_at="2026-03-31T15:59:59.999Z", opened_by="", closed_at="", closed_by="",
    )  # fmt: skip
    unknown = scene.id("site", 9)
    flags = list(duty_flags(duties_of(unknown, "registered", 2026, CN, scene.told.registry), scene.told.registry))
    assert [(f.object, f.holder) for f in flags] == [(unknown, ""), (unknown, "")]


def test_a_duty_is_overdue_from_after_its_moment_until_it_is_received() -> None:
    duty = Duty(site="s", kind="plan", period="2026", due_at="b", done_at="d")
    assert [duty.overdue_at(moment) for moment in "abcde"] == [False, False, True, False, False]
    assert replace(duty, done_at="").overdue_at("e")


def test_a_plan_is_received_when_the_first_of_its_year_and_site_was(scene: Scene) -> None:
    def plan(n: int, year: int, alias: str, at: str) -> None:
        who = {"garage-yard": "garage", "coating-yard": "coating"}[alias]
        body = {"plan": scene.id("plan", n), "holder": scene.party(who), "site": site(scene, alias), "year": year}
        line = {"code": "900-249-08", "generated_g": 1}
        assert scene.say(f"{who}-clerk", "plan-filed", body | {"lines": [line]}, at=at) == ""

    def received(year: int, alias: str = "garage-yard") -> list[str]:
        duties = duties_of(site(scene, alias), "registered", year, CN, scene.told.registry)
        return [d.done_at for d in duties if d.kind == "plan"]

    plan(1, 2026, "garage-yard", "2026-02-01T00:00:00.000Z")
    plan(2, 2026, "garage-yard", "2026-03-01T00:00:00.000Z")
    assert (received(2026), received(2025), received(2026, "coating-yard")) == (
        ["2026-02-01T00:00:00.000Z"], [""], [""]
    )  # fmt: skip


@pytest.mark.parametrize(("alias", "counts"), [(None, True), ("garage-yard", True), ("plant-yard", False)])
def test_a_period_closed_for_all_sites_or_this_one_is_declared(scene: Scene, alias: str | None, counts: bool) -> None:
    body = {"holder": scene.party("garage"), "period": "2026"} | ({"site": site(scene, alias)} if alias else {})
    start, end = CN.period("2026")
    said = body | {"start": start, "end": end}
    assert scene.say("garage-clerk", "period-closed", said, at="2027-01-05T00:00:00.000Z") == ""
    duties = duties_of(site(scene, "garage-yard"), "registered", 2026, CN, scene.told.registry)
    assert [d.done_at for d in duties] == ["", "2027-01-05T00:00:00.000Z" if counts else ""]


def test_each_tier_has_its_own_dates(scene: Scene) -> None:
    def owed(tier: Any) -> list[tuple[str, str, str]]:
        found = duties_of(site(scene, "garage-yard"), tier, 2026, CN, scene.told.registry)
        return [(d.kind, d.period, CN.day_of(d.due_at)) for d in found]

    assert owed("registered") == [("plan", "2026", "2026-03-31"), ("declaration", "2026", "2027-03-31")]
    assert owed("simplified") == [
        ("plan", "2026", "2026-03-31"),
        ("declaration", "2026-Q1", "2026-04-15"),
        ("declaration", "2026-Q2", "2026-07-15"),
        ("declaration", "2026-Q3", "2026-10-15"),
        ("declaration", "2026-Q4", "2027-01-15"),
        ("declaration", "2026", "2027-03-31"),
    ]
    monthly = owed("key")
    months = [("declaration", f"2026-{m:02d}", f"2026-{m + 1:02d}-15") for m in range(1, 12)]
    assert sorted(monthly) == sorted([*owed("registered"), *months, ("declaration", "2026-12", "2027-01-15")])


def test_what_was_received_in_time_is_in_order_and_a_millisecond_later_is_overdue(scene: Scene) -> None:
    yard = site(scene, "garage-yard")
    body = {"holder": scene.party("garage"), "site": yard}
    first = body | {"period": "2026-Q1", "start": "2025-12-31T16:00:00.000Z", "end": "2026-03-31T16:00:00.000Z"}
    second = body | {"period": "2026-Q2", "start": "2026-03-31T16:00:00.000Z", "end": "2026-06-30T16:00:00.000Z"}
    line = {"code": "900-249-08", "generated_g": 1}
    plan = body | {"plan": scene.id("plan", 1), "year": 2026, "lines": [line]}
    scene.say("garage-clerk", "plan-filed", plan, at="2026-03-31T15:59:59.999Z")
    scene.say("garage-clerk", "period-closed", first, at="2026-04-15T15:59:59.999Z")
    # It says that it happened in time; a deadline is met by what was received.
    scene.say(
        "garage-clerk", "period-closed", second, at="2026-07-15T15:00:00.000Z", received_at="2026-07-15T16:00:00.000Z"
    )
    duties = duties_of(yard, "simplified", 2026, CN, scene.told.registry)
    flags = list(duty_flags(duties, scene.told.registry))
    assert [(f.rule, f.key, f.closed_at) for f in flags][:1] == [
        ("declaration-overdue", "2026-Q2", "2026-07-15T16:00:00.000Z")
    ]
    assert {f.key for f in flags} == {"2026-Q2", "2026-Q3", "2026-Q4", "2026"}
    assert [d.period for d in duties if d.overdue_at("2026-10-20T00:00:00.000Z")] == ["2026-Q3"]
    assert not any(f.rule == "plan-overdue" for f in flags)
    other = duties_of(site(scene, "coating-yard"), "registered", 2026, CN, scene.told.registry)
    assert [f.rule for f in duty_flags(other, scene.told.registry)] == ["plan-overdue", "declaration-overdue"]


def test_a_closed_period_is_the_one_it_names(scene: Scene) -> None:
    body = {"holder": scene.party("garage"), "period": "2026-Q1", "start": "2026-01-01T00:00:00.000Z"}
    with pytest.raises(Exception, match="2025-12-31"):
        scene.say("garage-clerk", "period-closed", body | {"end": "2026-04-01T00:00:00.000Z"})


@pytest.mark.parametrize(("value", "years"), [(2026, 2), (2028, 0), (0, 28), ("soon", 0), ("2027", 1)])
def test_the_first_year_that_is_owed_here_is_a_number(scene: Scene, value: int | str, years: int) -> None:
    setting = {"name": "declarations-from", "value": value, "effective_from": "2026-01-01"}
    assert scene.say("settings", "setting-adopted", setting) == ""
    yard, registry = site(scene, "garage-yard"), scene.told.registry
    assert len(years_owed(yard, scene.party("garage"), "2027-02-01", registry)) == years


def owes(scene: Scene, yard: str, year: int = 2026) -> list[str]:
    """The plan and the periods that a site owes."""

    def rows(site: str, start: str, end: str) -> list[Row]:
        return [r for r in scene.told.account()[0] if r.producer_site == site and start <= r.at < end]

    return [d.period if d.kind == "declaration" else "plan" for d in owed(yard, year, rows, CN, scene.told.registry)[1]]


def test_who_has_no_hazardous_waste_owes_nothing_and_who_had_some_owes_for_the_next_year_too(scene: Scene) -> None:
    yard = site(scene, "garage-yard")
    scene.fill(1, code="SW07", at="2026-02-02T00:00:00.000Z")
    assert owes(scene, yard) == []
    scene.fill(2, at="2026-12-31T15:00:00.000Z")
    assert [owes(scene, yard, year) for year in (2025, 2026, 2027, 2028)] == [
        [], ["plan", "2026"], ["plan", "2027"], []
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "count"), [("comprehensive", 14), ("own-facility", 14), ("site-permit", 0)])
def test_a_licence_for_hazardous_waste_owes_and_a_permit_for_other_waste_does_not(
    scene: Scene, kind: str, count: int
) -> None:
    body = {"licence": scene.id("licence", 1), "holder": scene.party("garage"), "number": "示证 E 号", "kind": kind}
    said = body | {"valid_from": "2026-01-01", "valid_until": "2026-12-31"}
    assert scene.say("licensing", "licence-granted", said) == ""
    assert len(owes(scene, site(scene, "garage-yard"))) == count


@pytest.mark.parametrize(
    ("live", "owing"),
    [
        ("2026-03-31", ["plan", "2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4", "2026"]),
        ("2026-04-01", ["2026-Q2", "2026-Q3", "2026-Q4", "2026"]),
        ("2026-06-30", ["2026-Q2", "2026-Q3", "2026-Q4", "2026"]),
        ("2026-07-01", ["2026-Q3", "2026-Q4", "2026"]),
    ],
)
def test_what_ended_before_a_site_was_live_is_not_owed_whatever_it_says_of_itself_later(
    scene: Scene, live: str, owing: list[str]
) -> None:
    place = {"party": scene.party("garage"), "site": scene.id("site", 9)}
    body = {"holder": place["party"], "site": place["site"], "name": "新厂区"}
    assert scene.say("garage-clerk", "site-registered", body | {"live_from": live}) == ""
    drum = {"container": scene.id("container", 1), "place": place, "kind": "vessel", "code": "900-249-08", "name": "油"}
    assert scene.say("garage-clerk", "container-filled", drum | {"mass": weighed(10 * TONNE)}) == ""
    assert scene.say("garage-clerk", "site-registered", body | {"live_from": "2026-12-31"}) == ""
    assert owes(scene, place["site"]) == owing


def test_the_plan_stands_beside_what_was_generated_and_what_left(scene: Scene) -> None:
    yard = site(scene, "garage-yard")
    line = {"code": "900-249-08", "generated_g": 150_000, "entrusted_g": 150_000}
    body = {"plan": scene.id("plan", 1), "holder": scene.party("garage"), "site": yard, "year": 2026}
    scene.say("garage-clerk", "plan-filed", body | {"lines": [line, {"code": "900-214-08", "generated_g": 5}]})
    drum, other = scene.fill(1), scene.fill(2, grams=30_000, code="900-041-49")
    scene.say("driver", "manifest-collected", scene.run() | {"lines": [load(drum)]})
    scene.say("refinery-gate", "manifest-received", scene.run() | {"lines": [verdict(drum)]})
    found = plan_against_actual(yard, 2026, scene.told.account()[0], CN, scene.told.registry)
    assert [(p.code, p.planned, p.planned_generated_g, p.generated_g, p.entrusted_g) for p in found] == [
        ("900-041-49", False, 0, 30_000, 0),
        ("900-214-08", True, 5, 0, 0),
        ("900-249-08", True, 150_000, 100_000, 100_000),
    ]
    assert [(p.planned_treated_g, p.planned_entrusted_g, p.treated_g) for p in found] == [
        (0, 0, 0), (0, 0, 0), (0, 150_000, 0)
    ]  # fmt: skip
    assert plan_against_actual(yard, 2025, scene.told.account()[0], CN, scene.told.registry) == []
    assert scene.container(other).status == "held"


def test_what_a_site_closes_itself_is_treated_and_what_others_close_of_it_is_not(scene: Scene) -> None:
    yard, place = site(scene, "chem-yard"), scene.place("chem-yard")
    line = {"code": "900-404-06", "generated_g": 9, "treated_g": 7}
    plan = {"plan": scene.id("plan", 1), "holder": scene.party("chem"), "site": yard, "year": 2026, "lines": [line]}
    assert scene.say("chem-clerk", "plan-filed", plan) == ""
    for n, code in ((1, "900-404-06"), (2, "SW07")):
        body = {"container": scene.id("container", n), "place": place, "kind": "package", "code": code, "name": "废"}
        assert scene.say("chem-clerk", "container-filled", body | {"mass": weighed(100_000)}) == ""
    burnt = {"place": place, "facility": scene.id("facility", 1), "stage": "final", "end": "disposed", "method": "D10"}
    draw, slag = load(scene.id("container", 1), 60_000, "900-404-06"), load(scene.id("container", 3), 500, "772-003-18")
    ash = slag | {"kind": "package", "name": "焚烧残渣", "new": True}
    said = burnt | {"basis": "weighed", "inputs": [draw], "outputs": [ash]}
    assert scene.say("chem-clerk", "waste-treated", said) == ""
    found = plan_against_actual(yard, 2026, scene.told.account()[0], CN, scene.told.registry)
    assert found == [
        Planned(
            code="772-003-18", planned=False, planned_generated_g=0, planned_treated_g=0, planned_entrusted_g=0,
            generated_g=500, treated_g=0, entrusted_g=0,
        ),
        Planned(
            code="900-404-06", planned=True, planned_generated_g=9, planned_treated_g=7, planned_entrusted_g=0,
            generated_g=100_000, treated_g=60_000, entrusted_g=0,
        ),
    ]  # fmt: skip
    others = [row._replace(by_producer=False) for row in scene.told.account()[0]]
    assert [p.treated_g for p in plan_against_actual(yard, 2026, others, CN, scene.told.registry)] == [0, 0]


def test_a_year_begins_with_its_first_moment_and_ends_before_the_next_ones(scene: Scene) -> None:
    for n, at in enumerate(
        ("2025-12-31T15:59:59.999Z", "2025-12-31T16:00:00.000Z", "2026-12-31T15:59:59.999Z", "2026-12-31T16:00:00.000Z")
    ):
        scene.fill(n, 10**n, at=at)
    rows, registry = scene.told.account()[0], scene.told.registry
    found = {
        year: [p.generated_g for p in plan_against_actual(site(scene, "garage-yard"), year, rows, CN, registry)]
        for year in (2025, 2026, 2027)
    }
    assert found == {2025: [1], 2026: [110], 2027: [1_000]}
