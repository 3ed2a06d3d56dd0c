"""An exemption counts for its own stage, waste and method, in the edition of the day, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.custody.regimes.base import Act
from ledger.custody.registry import Edition
from tests.support.told import CN, Scene, Told

FLY_ASH = "772-002-18"
LANDFILL, KILN, ROAD = "2021-12-处置-1", "2021-12-处置-2", "2021-12-运输-1"


def reason(
    scene: Scene,
    row: str,
    code: str = FLY_ASH,
    *,
    end: str = "disposed",
    method: str | None = "D1",
    day: str = "2026-05-01",
) -> str:
    act = Act(
        deed="close",
        code=code,
        party=scene.party("tip"),
        site=scene.place("landfill")["site"],
        producer=scene.party("wte"),
        day=day,
        method=method,
        end=end,
        exemption=row,
    )
    return CN.entitled(act, scene.told.registry)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


def test_fly_ash_goes_into_a_landfill_by_its_row(scene: Scene) -> None:
    assert reason(scene, LANDFILL) == ""


@pytest.mark.parametrize(
    ("row", "code", "end", "method"),
    [
        ("", FLY_ASH, "disposed", "D1"),
        ("2021-12-处置-9", FLY_ASH, "disposed", "D1"),
        (ROAD, FLY_ASH, "disposed", "D1"),
        (KILN, FLY_ASH, "disposed", "D1"),
        (LANDFILL, FLY_ASH, "disposed", "D10"),
        (LANDFILL, FLY_ASH, "utilised", "D1"),
        (LANDFILL, "772-004-18", "disposed", "D1"),
    ],
)
def test_and_by_no_other_row_stage_method_or_waste(scene: Scene, row: str, code: str, end: str, method: str) -> None:
    assert reason(scene, row, code, end=end, method=method) == "licence-wrong-kind"


def test_a_row_of_a_whole_class_covers_its_codes(scene: Scene) -> None:
    assert reason(scene, "2021-20-利用-1", "900-300-34", end="utilised", method="R6") == ""
    assert reason(scene, "2021-20-利用-1", "900-300-34", end="", method="R6") == ""
    assert reason(scene, "2021-20-利用-1", "900-352-35", end="utilised", method="R6") == "licence-wrong-kind"


def test_a_row_in_words_only_counts_when_an_authority_confirms_it() -> None:
    scene = Scene()
    row, code = "2021-32-利用-1", "900-300-34"
    assert reason(scene, row, code, end="utilised", method="R6") == "licence-wrong-kind"
    body = {"holder": scene.party("tip"), "row": row, "codes": [code], "stage": "utilisation"}
    body |= {"valid_from": "2026-04-01", "valid_until": "2026-06-30"}
    assert scene.say("garage-clerk", "exemption-confirmed", body) == "not-authorised"
    assert scene.say("licensing", "exemption-confirmed", body) == ""
    assert reason(scene, "", code, end="utilised", method="R6") == ""
    days = ("2026-03-31", "2026-04-01", "2026-06-30", "2026-07-01")
    told = [reason(scene, "", code, end="utilised", method="R6", day=day) for day in days]
    assert told == ["licence-wrong-kind", "", "", "licence-wrong-kind"]
    assert reason(scene, "", "900-352-35", end="utilised", method="R6") == "licence-wrong-kind"
    assert reason(scene, "", code, end="disposed", method="D1") == "licence-wrong-kind"


def test_a_confirmed_row_for_all_stages_counts_at_each_by_the_methods_of_the_row() -> None:
    scene = Scene()
    body = {"holder": scene.party("tip"), "row": KILN, "codes": [FLY_ASH], "stage": "all"}
    body |= {"valid_from": "2026-04-01", "valid_until": "2026-06-30"}
    known = scene.told.registry.exemptions_on("2026-05-01")[KILN]
    assert reason(scene, "", method=min(known.methods)) == "licence-wrong-kind"
    assert scene.say("licensing", "exemption-confirmed", body) == ""
    assert reason(scene, "", method=min(known.methods)) == ""
    assert reason(scene, "", method="D10") == "licence-wrong-kind"


def test_without_a_loaded_edition_no_asserted_row_counts() -> None:
    scene = Scene()
    scene.told.registry.editions.clear()
    assert reason(scene, LANDFILL) == "licence-wrong-kind"
    assert Told().registry.edition_on("2026-05-01") is not None


def test_an_edition_without_an_exemption_list_leaves_the_earlier_one_in_use() -> None:
    scene = Scene()
    body = {"edition": "2025", "effective_from": "2025-01-01", "content": "a" * 64, "count": 1}
    assert scene.say("settings", "catalogue-adopted", body) == ""
    registry = scene.told.registry
    registry.editions["a" * 64] = Edition(codes=frozenset({FLY_ASH}))
    assert registry.edition_on("2026-05-01") is registry.editions["a" * 64]
    assert reason(scene, LANDFILL) == ""
    registry.editions["a" * 64] = Edition(
        codes=frozenset({FLY_ASH}), exemptions={KILN: registry.exemptions_on("2024-05-01")[KILN]}
    )
    assert reason(scene, LANDFILL) == "licence-wrong-kind"


@pytest.mark.parametrize(
    ("code", "end", "method", "listed"),
    [
        ("900-249-08", "utilised", "R9", True),
        ("900-249-08", "disposed", "R9", False),
        ("900-249-08", "disposed", "D10", True),
        ("841-001-01", "disposed", "Y10", True),
        ("841-001-01", "disposed", "D10", False),
        ("261-041-21", "utilised", "G23", True),
        ("900-249-08", "utilised", "G23", False),
    ],
)
def test_a_method_is_one_of_its_kind(code: str, end: str, method: str, listed: bool) -> None:
    methods = CN.methods(code, end)
    assert methods is not None and (method in methods) == listed
    assert CN.methods("SW60", end) is None


def test_the_edition_of_a_day_is_the_newest_in_force_and_else_the_newest_that_is_loaded() -> None:
    scene = Scene()
    registry = scene.told.registry
    (shipped,) = registry.editions.values()
    for edition, since, content in (("2025", "2025-01-01", "a" * 64), ("2016", "2016-08-01", "b" * 64)):
        body = {"edition": edition, "effective_from": since, "content": content, "count": 1}
        assert scene.say("settings", "catalogue-adopted", body) == ""
    newer = registry.editions["a" * 64] = Edition(codes=frozenset({FLY_ASH}))
    older = registry.editions["b" * 64] = Edition(codes=frozenset())
    assert registry.edition_on("2025-01-01") is newer
    assert registry.edition_on("2024-12-31") is shipped
    assert registry.edition_on("2020-12-31") is older
    del registry.editions["a" * 64]
    assert registry.edition_on("2026-05-01") is shipped
    assert registry.exemptions_on("2020-12-31") is shipped.exemptions
    registry.editions["b" * 64] = replace(older, exemptions={"x": next(iter(shipped.exemptions.values()))})
    registry.editions["a" * 64] = newer
    assert registry.exemptions_on("2026-05-01") is shipped.exemptions
    assert registry.exemptions_on("2020-12-31") is registry.editions["b" * 64].exemptions
