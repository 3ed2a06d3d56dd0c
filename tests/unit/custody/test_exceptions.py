"""What every exception of the stories says beside its days: how many grams, whose, where and why."""

from __future__ import annotations

import pytest

from tests.support.told import Told, facts_of, moment, told

# Story -> (rule, thing, grams, holder, site, detail).
SAID: dict[str, list[tuple[str, str, int, str, str, str]]] = {
    "absent-party": [
        ("not-on-manifest", "drum", 30_000, "collector", "collector-yard", ""),
    ],
    "cloned-label": [
        ("impossible-travel", "drum", 90_000, "chem", "annex", "chem-yard 2026-03-30T04:00:00.000Z"),
    ],
    "closed-period": [
        ("correction-waiting", "less", 0, "lab", "", "authority"),
    ],
    "cross-province": [
        ("no-approval", "ash-early", 10_000_000, "plant", "plant-yard", "faraway"),
        ("no-approval", "oil-early", 80_000, "garage", "garage-yard", "faraway"),
    ],
    "de-listed": [
        ("closed-by-unentitled", "hasty", 1_000_000, "brickworks", "brick-kiln", "no-licence"),
        ("receiver-not-entitled", "hasty", 1_000_000, "brickworks", "brick-kiln", "no-licence"),
        ("reclassification-unconfirmed", "confirmed", 2_000_000, "coating", "coating-yard", "900-099-S17"),
        ("reclassification-unconfirmed", "hasty", 1_000_000, "coating", "coating-yard", "900-099-S17"),
    ],
    "defect-later": [
        ("defect-found-later", "drum", 200_000, "refiner", "refinery", "characteristic"),
    ],
    "delivered-outside": [
        ("closed-by-unentitled", "papered", 60_000, "rogue", "rogue-yard", "no-licence"),
        ("without-manifest", "bare", 20_000, "chem", "chem-yard", "示例账本外公司（虚构）"),
    ],
    "drum-twice": [
        ("asset-in-use", "second", 0, "coating", "coating-yard", "first"),
    ],
    "epidemic": [
        ("closed-by-unentitled", "bag-after", 6_000, "burner", "incinerator", "licence-wrong-kind"),
        ("receiver-not-entitled", "bag-after", 6_000, "burner", "incinerator", "licence-wrong-kind"),
    ],
    "fly-ash": [
        ("closed-by-unentitled", "slag", 5_000_000, "brickworks", "brick-kiln", "no-contract"),
        ("receiver-not-entitled", "slag", 5_000_000, "brickworks", "brick-kiln", "no-contract"),
    ],
    "fly-ash-landfill": [
        ("closed-by-unentitled", "fly-ash-raw", 500_000, "tip", "landfill", "licence-wrong-kind"),
        ("receiver-not-entitled", "fly-ash-raw", 500_000, "tip", "landfill", "licence-wrong-kind"),
    ],
    "go-live": [
        ("count-gap", "newer", 20_000, "lab", "old-store", ""),
        ("stock-after-go-live", "late", 10_000, "lab", "old-store", ""),
    ],
    "heirs-stock": [
        ("container-lost", "stolen", 30_000, "heir", "heir-yard", ""),
    ],
    "hospital-bags": [
        ("carried-overdue", "bag-late", 12_000, "carrier", "", ""),
        ("carried-overdue", "bag-late", 12_000, "sterile", "autoclave-hall", ""),
        ("stored-too-long", "bag-late", 12_000, "hospital", "ward", "held"),
    ],
    "household": [
        ("no-residues", "wte-furnace", 10_000_000, "wte", "wte-plant", "D10"),
    ],
    "identified-hazardous": [
        ("reclassification-unconfirmed", "doubtful", 3_000_000, "coating", "coating-yard", "900-001-S07"),
    ],
    "impounded": [
        ("impounded", "drum", 45_000, "coating", "coating-yard", ""),
    ],
    "kept-too-long": [
        ("carried-overdue", "drum", 140_000, "carrier", "", ""),
        ("carried-overdue", "drum", 140_000, "refiner", "refinery", ""),
        ("stored-too-long", "drum", 140_000, "garage", "garage-yard", "held"),
    ],
    "labels": [
        ("label-not-issued", "unissued", 0, "coating", "coating-yard", "b"),
        ("label-on-two", "printed", 0, "coating", "coating-yard", "c b"),
        ("label-replaced", "torn", 0, "coating", "coating-yard", "a"),
    ],
    "leak": [
        ("leak", "soil", 8_000, "coating", "coating-yard", ""),
        ("leak", "sump", 5_000, "coating", "coating-yard", ""),
    ],
    "lost-found": [
        ("container-lost", "mislaid", 150_000, "garage", "garage-yard", ""),
        ("missing-at-arrival", "fallen", 160_000, "carrier", "", "refiner"),
    ],
    "neighbours": [
        ("incompatible-neighbours", "store", 150_000, "chem", "chem-yard", "HW34 HW35"),
    ],
    "out-of-plan": [
        ("not-in-plan", "oil", 8_000, "coating", "shop", "900-249-08"),
    ],
    "over-capacity": [
        ("over-capacity", "small-store", 50_000, "chem", "chem-yard", "350000 / 300000"),
    ],
    "oversight": [
        ("closed-by-unentitled", "jul", 5_000, "faraway", "far-two", "licence-wrong-kind"),
        ("closed-by-unentitled", "mar", 5_000, "faraway", "far-two", "licence-wrong-kind"),
        ("receiver-not-entitled", "jul", 5_000, "faraway", "far-two", "licence-wrong-kind"),
        ("receiver-not-entitled", "mar", 5_000, "faraway", "far-two", "licence-wrong-kind"),
    ],
    "own-incinerator": [
        ("closed-by-unentitled", "oil", 80_000, "chem", "chem-yard", "licence-does-not-cover"),
        ("method-not-listed", "oil", 80_000, "chem", "chem-yard", "R9"),
    ],
    "paper-days": [
        ("recorded-late", "drum-late", 0, "carrier-2", "", "2026-01-27T01:00:00.000Z"),
        ("recorded-late", "drum-late", 0, "smelter", "", "2026-01-27T01:00:00.000Z"),
    ],
    "point-over-limit": [
        ("point-over-limit", "point", 400_000, "lab", "lab-store", "3400000 / 3000000"),
    ],
    "refused-redirected": [
        ("refused-not-returned", "watery", 176_500, "carrier", "", "refiner"),
    ],
    "rubble-trucks": [
        ("receiver-not-entitled", "three", 15_000_000, "rogue", "rogue-yard", "no-licence"),
    ],
    "second-carrier": [
        ("step-missing", "untold", 90_000, "carrier-2", "", ""),
    ],
    "self-granted": [
        ("closed-by-unentitled", "to-selfmade", 90_000, "selfmade", "selfmade-yard", "licence-only-asserted"),
        ("receiver-not-entitled", "to-selfmade", 90_000, "selfmade", "selfmade-yard", "licence-only-asserted"),
    ],
    "skimmed": [
        ("net-difference", "coating-yard", 2_250, "coating", "coating-yard", "refiner 2026-07 5 × 2250 / 500000"),
    ],
    "unlicensed": [
        ("closed-by-unentitled", "drum", 130_000, "rogue", "rogue-yard", "no-licence"),
        ("receiver-not-entitled", "drum", 130_000, "rogue", "rogue-yard", "no-licence"),
        ("without-manifest", "drum", 130_000, "garage", "garage-yard", "rogue"),
    ],
    "unlisted-missing": [
        ("missing-at-arrival", "missing", 70_000, "carrier", "", "refiner"),
        ("not-on-manifest", "extra", 30_000, "refiner", "refinery", ""),
    ],
    "used-up-approval": [
        ("approval-exceeded", "by-mass", 10_000, "coating", "", "160000 / 150000"),
        ("approval-exceeded", "by-shipments", 0, "coating", "", "2 / 1"),
    ],
    "wrong-weight": [
        ("correction-waiting", "drum", 0, "carrier", "", "garage"),
        ("correction-waiting", "drum", 0, "garage", "", "carrier"),
        ("correction-waiting", "drum", 0, "refiner", "", "garage"),
    ],
}


@pytest.mark.parametrize("name", sorted(SAID))
def test_exceptions_say_how_much_whose_and_where(name: str) -> None:
    park, stories = told()
    story = stories[name]
    at = moment(story.expect[-1]["as_of"])
    world = Told().record(facts_of([s for s in (*park.steps, *story.steps) if s.received_at <= at]))

    def called(text: str) -> str:
        """The text with the stories' names for ids."""
        return " ".join(park.alias_of(w, story) if w[:1].isalpha() and ":" in w else w for w in text.split())

    journeys = {"missing-at-arrival", "refused-not-returned", "not-on-manifest", "without-manifest", "no-approval"}
    seen = []
    for f in [*world.account()[1], *world.together(at)]:
        assert f.rule not in journeys or f.key.startswith(("manifest:", "delivery:"))
        # By rule and key somebody explains it.
        assert isinstance(f.key, str)
        seen.append((f.rule, called(f.object), f.grams, called(f.holder), called(f.site), called(f.detail)))
    assert sorted(seen, key=str) == sorted(SAID[name], key=str)
