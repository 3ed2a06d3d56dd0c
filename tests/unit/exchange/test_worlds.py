"""Worlds: the same chance makes the same park, of the size asked for; what of each planted fraud is seen, and where."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import pytest

from ledger.custody.duties import plan_against_actual
from ledger.custody.lots import Row
from ledger.custody.rate import Question, rate_of
from ledger.custody.regimes.base import later
from ledger.exchange.stories import Step
from ledger.exchange.worlds import FRAUDS, UnknownFraud, World
from tests.support.told import CN, Told, facts_of


def steps(seed: int = 1, enterprises: int = 8, days: int = 5, frauds: tuple[str, ...] = ()) -> list[Step]:
    return list(World(random.Random(seed), enterprises=enterprises, days=days, frauds=frauds).steps())


def test_the_same_seed_makes_the_same_world_and_another_seed_another() -> None:
    assert steps(seed=7) == steps(seed=7)
    assert {s.id for s in steps(seed=7)}.isdisjoint(s.id for s in steps(seed=8))


def test_steps_come_in_the_order_of_arrival_and_each_author_speaks_in_the_order_of_happening() -> None:
    told = steps(days=20)
    assert [s.received_at for s in told] == sorted(s.received_at for s in told)
    for author in {s.by.alias for s in told}:
        at = [s.at for s in told if s.by.alias == author]
        assert at == sorted(at)


# What the stories tell beside the usual way of things, each by an event of its own.
TROUBLES = {
    "container-lost", "container-found", "container-impounded", "container-released", "leak-reported", "store-counted",
    "entry-corrected", "stock-declared", "roadside-checked", "inspection-reported", "discrepancy-found-later",
    "manifest-handed-over", "manifest-return-received", "manifest-redirected", "paper-manifest-backfilled",
    "contents-transferred", "waste-reclassified", "identification-confirmed", "waste-discovered",
    "emergency-plan-declared", "licence-amended", "custody-transferred", "key-revoked", "statement-adopted",
    "subject-erased",
}  # fmt: skip


def test_the_park_of_a_year_has_the_plans_trades_the_stories_troubles_and_at_most_40_000_events() -> None:
    world = World(random.Random(1), enterprises=8, days=365)
    codes: set[str] = set()
    days: set[str] = set()
    trucks: dict[str, int] = {}
    told: Counter[str] = Counter()
    assets: Counter[str] = Counter()
    for step in world.steps():
        told[step.type] += 1
        assets[step.body.get("asset", "")] += 1
        codes |= {step.body["code"]} if "code" in step.body else set()
        days.add(CN.day_of(step.at))
        if step.type == "load-weighed-in":
            trucks[CN.day_of(step.at)] = trucks.get(CN.day_of(step.at), 0) + 1
    assert 20_000 < told.total() <= 40_000
    assert not TROUBLES - set(told)
    assert max(n for asset, n in assets.items() if asset) > 1
    assert {"900-001-S02", "252-002-11", "900-404-06", "900-249-08", "841-001-01", "SW60", "SW90"} <= codes
    assert min(days) < "2025-11-01" and max(days) == "2026-10-31"
    assert sorted(set(trucks.values())) == [2, 84]
    assert sum(n == 84 for n in trucks.values()) == 14


def test_everybody_is_visibly_invented() -> None:
    for step in steps():
        if step.type == "party-registered":
            (code,) = step.body["identifiers"]
            assert step.body["name"].startswith("示例") and step.body["name"].endswith("（虚构）")
            assert code["value"][2:8] == "999999"
            assert CN.check_identifier("uscc", code["value"]) is None


def test_a_fraud_that_nobody_can_commit_is_refused() -> None:
    with pytest.raises(UnknownFraud):
        World(random.Random(1), enterprises=1, days=5, frauds=("relabelling",))
    with pytest.raises(UnknownFraud):
        World(random.Random(1), enterprises=4, days=5, frauds=("bribery",))


# -- what is seen of each fraud ---------------------------------------------------------------------------------------

LONG = {"round-trips": 50, "silent-devices": 40, "small-skim": 30, "under-reporting": 24, "paper-receipts": 30}
# Time-driven rules of an honest park of this size, and its natural troubles.
NATURAL = {
    "missing-at-arrival", "confirmation-late", "refused-not-returned", "container-lost", "impounded",
    "defect-found-later", "not-on-manifest", "point-over-limit",
}  # fmt: skip


@cache
def played(fraud: str) -> tuple[World, Told, list[Row], list[tuple[str, str]], str]:
    frauds = (fraud,) if fraud else ()
    # Whose devices fall silent must plan as much as the simplified tier: less is not watched.
    world = World(
        random.Random(8 if fraud == "silent-devices" else 11), enterprises=4, days=LONG.get(fraud, 16), frauds=frauds
    )
    said = list(world.steps())
    told = Told().record(facts_of(said))
    assert told.refusals == []
    as_of = later(said[-1].received_at, days=8)
    flags = [(rule, object_) for rule, object_, _, _ in told.flags(as_of)]
    return world, told, told.account()[0], flags, as_of


def planted(fraud: str, kind: str) -> set[str]:
    found = {o for o in played(fraud)[0].planted[fraud].objects if o.startswith(kind)}
    assert found, f"nothing of {fraud} was planted"
    return found


def flagged(fraud: str, rule: str) -> set[str]:
    return {object_ for known, object_ in played(fraud)[3] if known == rule}


def rules(fraud: str) -> set[str]:
    return {rule for rule, _ in played(fraud)[3]} - NATURAL


def share_of_plan(fraud: str) -> dict[str, int]:
    """Per cent of the plan that was generated, by party with hazardous waste."""
    world, told, rows, _, _ = played(fraud)
    shares = {}
    for holder in world.enterprises:
        lines = plan_against_actual(holder.place["site"], 2026, rows, CN, told.registry)
        if lines:
            shares[holder.party] = sum(x.generated_g for x in lines) * 100 // sum(x.planned_generated_g for x in lines)
    return shares


def test_an_honest_park_raises_no_flag_but_its_natural_troubles() -> None:
    assert rules("") == set()


def test_a_skim_beyond_the_tolerance_is_flagged_on_every_container() -> None:
    assert flagged("weight-skim", "mass-difference") == planted("weight-skim", "container:")


def test_a_skim_within_the_tolerance_is_flagged_on_the_sender_whose_gaps_add_up() -> None:
    world, _, rows, _, as_of = played("small-skim")
    fraud = world.planted["small-skim"]
    (culprit,) = (h for h in world.enterprises if h.party == fraud.party)
    assert rules("small-skim") == {"net-difference"}
    assert flagged("small-skim", "net-difference") == {culprit.place["site"]}
    question = Question(
        view="origin", kind="hazardous", start=world.begins, end=as_of, as_of=as_of, parties=frozenset({fraud.party})
    )
    rate = rate_of(rows, question)
    assert rate.settled_g == fraud.grams
    assert rate.came_in_g["gain"] == 0


def test_an_enterprise_whose_devices_fall_silent_is_flagged_and_no_other() -> None:
    assert flagged("silent-devices", "silent-devices") == planted("silent-devices", "site:")


def test_whose_devices_are_silent_confirms_no_round_trip_of_another() -> None:
    world = World(random.Random(3), enterprises=4, days=50, frauds=("round-trips", "silent-devices"))
    said = list(world.steps())
    silent, traveller = world.planted["silent-devices"], world.planted["round-trips"]
    received = {
        (s.by.party, s.at > silent.since)
        for s in said
        if s.type == "manifest-received" and s.body["from"]["party"] == traveller.party
    }
    assert silent.party != traveller.party and (silent.party, True) not in received
    assert any(after for party, after in received if party in {e.party for e in world.enterprises})


@pytest.mark.parametrize("fraud", ["under-reporting", "silent-devices"])
def test_what_is_not_recorded_shows_in_no_figure_but_against_the_plan(fraud: str) -> None:
    # Where a few drums a month are planned, an honest year differs as much: the figure is a reason to look, no proof.
    world, shares = played(fraud)[0], share_of_plan(fraud)
    culprit = world.planted[fraud].party
    assert rules(fraud) - {"silent-devices"} == set()
    assert shares[culprit] < 80
    steady = [h.party for h in world.enterprises if h.wastes[0].listed and h.wastes[0].in_100_days >= 200]
    assert all(shares[party] > 90 for party in steady if party != culprit)
    assert set(steady) - {culprit}


def test_hazardous_waste_renamed_by_its_holder_is_flagged_on_every_container_and_stays_hazardous() -> None:
    renamed = planted("relabelling", "container:")
    assert flagged("relabelling", "reclassification-unconfirmed") == renamed
    assert flagged("relabelling", "closed-by-unentitled") == renamed


def test_a_receipt_of_what_nobody_collected_is_flagged_on_every_container() -> None:
    assert flagged("paper-receipts", "step-missing") == planted("paper-receipts", "container:")


def test_a_round_trip_wins_no_time_and_the_neighbour_is_named() -> None:
    world, _, rows, _, as_of = played("round-trips")
    travelled = planted("round-trips", "container:")
    assert flagged("round-trips", "receiver-not-entitled") == travelled
    born = {r.container: r.born_at for r in rows if r.account in ("generated", "opening")}
    # What is with a neighbour at the end has the neighbour's time yet.
    holder = {r.container: r.holder for r in rows if r.account == "arrived"}
    neighbours = {e.party for e in world.enterprises} - {world.planted["round-trips"].party}
    old = {c for c in travelled if later(born[c], days=30) < as_of and holder[c] not in neighbours}
    assert len(old) > 10
    assert old <= flagged("round-trips", "stored-too-long")


def test_a_container_on_a_used_manifest_is_flagged() -> None:
    assert flagged("double-manifest", "not-on-manifest") == planted("double-manifest", "container:")


def test_burning_without_residues_is_flagged_on_the_furnace() -> None:
    assert flagged("no-residues", "no-residues") == planted("no-residues", "facility:")


def test_every_fraud_has_its_test() -> None:
    tested = {"weight-skim", "small-skim", "under-reporting", "silent-devices", "relabelling", "paper-receipts"}
    assert tested | {"round-trips", "double-manifest", "no-residues"} == set(FRAUDS)
