"""The public page: sums with their terms and checkpoint, nobody's own figures unless the authority decided so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api_world import ApiWorld
from tests.support.at_work import text

THREE = ("shop", "disposer", "stranger")


def shown(api: ApiWorld, query: str = "year=2025") -> str:
    return text(api.client().get(f"/public?{query}"))


def adopted(api: ApiWorld, value: str, **more: Any) -> None:
    body = {"name": "disclosure", "value": value, "effective_from": "2025-01-01"} | more
    assert api.world.authority.say("setting-adopted", body).outcome == "recorded"
    api.follow()


@pytest.fixture
def three(api: ApiWorld) -> ApiWorld:
    for name in THREE:
        api.drum(name, 100_000)
    return api


def test_anybody_reads_the_rate_by_kind_with_terms_and_checkpoint_and_no_name(three: ApiWorld) -> None:
    page = shown(three)
    assert "危险废物 3 0.00 % 0 g 300 kg 300 kg" in page
    assert f"截至检查点 {three.queries.projected()}" in page and "尚未整体验证" in page
    assert all(name not in page for name in (*THREE, "container:", "废机油"))
    assert three.client().get("/public?year=2025&as=csv").data.decode().count("300000") == 2


def test_a_kind_of_fewer_than_three_enterprises_is_not_summed(api: ApiWorld) -> None:
    for name in THREE[:2]:
        api.drum(name, 100_000)
    page = shown(api)
    assert "200 kg" not in page and "不足三家" in page


def test_an_enterprise_that_must_disclose_is_named_and_no_longer_hides_the_others(three: ApiWorld) -> None:
    adopted(three, "enterprise", scope=three.device["shop"].party)
    page = shown(three)
    assert "shop 危险废物 0.00 % 0 g 100 kg" in page
    assert "300 kg" not in page, "two remain: each could subtract itself"


def test_the_authority_closes_the_page(three: ApiWorld) -> None:
    adopted(three, "none")
    page = shown(three)
    assert "不通过本页公开" in page and "300 kg" not in page


def test_years_that_are_not_offered_are_refused(api: ApiWorld) -> None:
    assert api.client().get("/public?year=1999").status_code == 400
