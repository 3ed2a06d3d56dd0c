"""What a licence allows in a year: a warning when it is used up, an exception above 120 %, until new terms allow it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ledger.custody.flags import Flag
from ledger.custody.quantities import quantity_flags
from tests.support.told import CN, Scene

OIL = "900-249-08"
END = "2027-06-01T00:00:00.000Z"


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    terms = {
        "licence": scene.id("licence", 1), "holder": scene.party("heir"), "number": "H", "kind": "comprehensive",
        "site": scene.place("heir-yard")["site"], "include": [OIL], "annual_g": 1_003, "valid_from": "2026-01-01",
        "valid_until": "2028-12-31",
    }  # fmt: skip
    assert scene.say("licensing", "licence-granted", terms) == ""
    return scene


def came(grams: int, day: str = "2026-08-04", code: str = OIL, site: str = "heir-yard") -> tuple[str, str, str, int]:
    return (code, site, f"{day}T01:00:00.000Z", grams)


def found(scene: Scene, *arrived: tuple[str, str, str, int], as_of: str = END) -> list[Flag]:
    """The exceptions of the licence, given what arrived at the heir's."""

    def arrivals(holder: str, start: str, end: str) -> Iterable[tuple[str, str, str, int]]:
        mine = arrived if holder == scene.party("heir") else ()
        return [(code, scene.place(site)["site"], at, g) for code, site, at, g in mine if start <= at < end]

    return list(quantity_flags(arrivals, CN, scene.told.registry, as_of))


def rules(scene: Scene, *arrived: tuple[str, str, str, int]) -> list[str]:
    return [f.rule for f in found(scene, *arrived)]


def amended(scene: Scene, from_: str, annual_g: int | None = 10_000) -> None:
    body: dict[str, Any] = {"licence": scene.id("licence", 1), "holder": scene.party("heir"), "from": from_}
    terms = {"valid_until": "2028-12-31", "include": ["HW08"]} | ({"annual_g": annual_g} if annual_g else {})
    assert scene.say("licensing", "licence-amended", body | terms) == ""


def test_used_up_is_at_the_last_gram_and_too_much_a_gram_above_120_percent_rounded_down(scene: Scene) -> None:
    assert rules(scene, came(1_002)) == []
    assert rules(scene, came(1_003)) == ["licence-nearly-full"]
    assert rules(scene, came(1_203)) == ["licence-nearly-full"]
    assert rules(scene, came(1_204)) == ["licence-nearly-full", "licence-quantity"]


def test_it_says_which_licence_in_which_year_by_how_much_and_since_when(scene: Scene) -> None:
    arrived = [came(50, "2026-09-01"), came(1_003, "2026-08-04"), came(200, "2026-09-02")]
    full, over = found(scene, *arrived)
    assert full == Flag(
        rule="licence-nearly-full", object=scene.id("licence", 1), key="2026", grams=250, holder=scene.party("heir"),
        site="", detail="1253 / 1003", opened_at="2026-08-04T01:00:00.000Z", opened_by="",
    )  # fmt: skip
    assert (over.grams, over.opened_at) == (250, "2026-09-02T01:00:00.000Z")


def test_each_local_year_is_counted_by_itself_and_so_is_what_the_licence_does_not_cover(scene: Scene) -> None:
    new_year = (OIL, "heir-yard", "2026-12-31T16:00:00.000Z", 600)
    assert rules(scene, came(600), new_year) == []
    assert rules(scene, came(600), came(600, code="900-300-34")) == []
    assert rules(scene, came(600), came(600, site="garage-yard")) == []
    assert rules(scene, came(600), came(600)) == ["licence-nearly-full"]
    assert [f.key for f in found(scene, came(1_003), came(1_003, "2027-03-01"))] == ["2026", "2027"]


def test_a_licence_without_an_annual_mass_is_never_used_up(scene: Scene) -> None:
    second = {"licence": scene.id("licence", 2), "holder": scene.party("heir"), "number": "2", "kind": "comprehensive",
              "include": ["HW08"], "valid_from": "2026-01-01", "valid_until": "2028-12-31"}  # fmt: skip
    assert scene.say("licensing", "licence-granted", second) == ""
    assert {f.object for f in found(scene, came(9_000))} == {scene.id("licence", 1)}


def test_the_percentages_are_settings_of_the_holder_and_of_the_day(scene: Scene) -> None:
    setting = {"name": "licence-limit-percent", "value": 110, "effective_from": "2026-09-01"}
    assert scene.say("settings", "setting-adopted", setting | {"scope": scene.party("heir")}) == ""
    assert rules(scene, came(1_150, "2026-08-31")) == ["licence-nearly-full"]
    assert rules(scene, came(1_150, "2026-09-01")) == ["licence-nearly-full", "licence-quantity"]


@pytest.mark.parametrize(
    ("from_", "closed"),
    [("2026-08-05", "2026-08-04T16:00:00.000Z"), ("2026-08-04", None), ("2026-12-31", "2026-12-30T16:00:00.000Z"),
     ("2027-01-01", "")],
)  # fmt: skip
def test_new_terms_of_the_same_year_end_it_from_their_day_on(scene: Scene, from_: str, closed: str | None) -> None:
    amended(scene, from_)
    flags = found(scene, came(1_003))
    assert [f.closed_at for f in flags] == ([] if closed is None else [closed])


def test_new_terms_that_allow_too_little_end_nothing_and_those_without_a_limit_do(scene: Scene) -> None:
    amended(scene, "2026-09-01", 1_100)
    assert [(f.rule, f.closed_at) for f in found(scene, came(1_400))] == [
        ("licence-nearly-full", ""), ("licence-quantity", "")
    ]  # fmt: skip
    amended(scene, "2026-10-01", None)
    assert {f.closed_at for f in found(scene, came(1_400))} == {"2026-09-30T16:00:00.000Z"}


def test_terms_that_are_still_to_come_end_nothing_yet(scene: Scene) -> None:
    amended(scene, "2026-09-01")
    assert [f.closed_at for f in found(scene, came(1_003), as_of="2026-08-31T15:59:59.999Z")] == [""]
    assert [f.closed_at for f in found(scene, came(1_003), as_of="2026-08-31T16:00:00.000Z")] != [""]


def test_a_rectification_that_the_authority_ordered_and_closed_afterwards_ends_it(scene: Scene) -> None:
    order = {"holder": scene.party("heir"), "concerns": scene.id("licence", 1), "until": "2026-12-01"}
    order |= {"order": "a" * 64}
    assert scene.say("supervision", "rectification-ordered", order, at="2026-09-01T00:00:00.000Z") == ""
    closing = {"holder": scene.party("heir"), "ordered": scene.said[-1].id}
    assert scene.say("supervision", "rectification-closed", closing, at="2026-09-02T00:00:00.000Z") == ""
    ended = {(f.closed_at, f.closed_by) for f in found(scene, came(1_003))}
    assert ended == {("2026-09-02T00:00:00.000Z", scene.said[-1].statement)}
    for since in ("2026-09-01", "2026-09-03"):
        assert {f.closed_at for f in found(scene, came(1_003, since))} == {""}
