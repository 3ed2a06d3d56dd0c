"""A figure is corrected on its own page: who relied on it finds that on the day's page and agrees there."""

from __future__ import annotations

import re

import pytest

from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text


@pytest.fixture
def shop(api: ApiWorld) -> AtWork:
    return at_work(api, "shop")


def weighed_wrong(api: ApiWorld, shop: AtWork) -> tuple[str, str]:
    """A drum, and the address where its first record is corrected."""
    drum = api.drum(grams=180_000)
    found = re.search(rf'href="(/containers/{drum}/correct/[0-9a-f-]+)"', shop.get(f"/containers/{drum}").text)
    assert found is not None
    return drum, found[1]


FORM = {"figure": "mass.net_g|180000", "net": "182.5", "unit": "kg", "reason": "typing"}


def test_what_nobody_relied_on_is_put_right_at_once_and_what_was_recorded_stays(api: ApiWorld, shop: AtWork) -> None:
    drum, form = weighed_wrong(api, shop)
    assert "现在的数： 180 kg" in shop.open(form)
    made = shop.does(form, FORM | {"note": "看错秤"})
    page = shop.open(made)
    assert "已生效" in page and "录入错误 · 净重 180 kg → 182.5 kg" in page and "看错秤" in page
    assert api.queries.container(drum).thing.net_g == 182_500
    assert 'value="mass.net_g|182500"' in shop.get(form).text, "the next correction begins with the figure as it is"
    stale = shop.post(form, FORM | {"net": "190"})
    assert (stale.status_code, "请重新打开" in text(stale)) == (422, True)
    assert shop.post(form, FORM | {"figure": "mass.net_g|"}).status_code == 422
    same = shop.post(form, {"figure": "mass.net_g|182500", "net": "182.5", "reason": "typing"})
    assert (same.status_code, "≠ 182.5 kg" in text(same)) == (422, True)


def test_who_relied_on_a_figure_finds_its_correction_on_the_days_page_and_agrees(api: ApiWorld, shop: AtWork) -> None:
    drum, form = weighed_wrong(api, shop)
    api.world.clock.advance(ms=60_000)
    manifest = api.manifest(drum)
    api.world.clock.advance(ms=60_000)
    assert api.say("carrier", "manifest-collected", api.ends(manifest, drum)).status_code == 201
    api.follow()
    made = shop.does(form, FORM | {"note": "看错秤"}).partition("?")[0]
    assert "账面尚未改变" in shop.open(made) and "同意更正" not in shop.get(made).text
    assert api.queries.container(drum).thing.net_g == 180_000

    carrier, stranger = at_work(api, "carrier"), at_work(api, "stranger")
    assert made in carrier.get("/today").text and made not in shop.get("/today").text
    assert f"/exceptions/{drum}?rule=correction-waiting" in carrier.get("/today").text
    assert made in carrier.get(f"/containers/{drum}").text
    page = carrier.open(made)
    assert "净重 180 kg → 182.5 kg" in page and "同意更正" in page and "看错秤" not in page, "the note is its author's"
    assert stranger.get(made).status_code == stranger.post(f"{made}/agree", {}).status_code == 404
    refused = shop.post(f"{made}/agree", {})
    assert (refused.status_code, "应为 carrier" in text(refused)) == (409, True), text(refused)

    sent = {"id": api.world.uuid7()}
    assert carrier.does(f"{made}/agree", sent) == carrier.does(f"{made}/agree", sent), "sent twice, it is said once"
    assert "已生效" in carrier.open(made) and "同意更正" not in carrier.get(made).text
    assert made not in carrier.get("/today").text


def test_only_figures_of_ones_own_records_are_offered_for_correction(api: ApiWorld, shop: AtWork) -> None:
    drum, form = weighed_wrong(api, shop)
    carrier, regulator = at_work(api, "carrier"), at_work(api, "stranger")
    assert carrier.get(form).status_code == regulator.get(form).status_code == 404
    assert shop.get(f"/containers/{drum}/correct/{api.world.uuid7()}").status_code == 404


def test_a_declared_period_is_changed_only_with_the_authority(api: ApiWorld, shop: AtWork) -> None:
    drum, form = weighed_wrong(api, shop)
    party = api.device["shop"].party
    month = {"start": "2025-09-30T16:00:00.000Z", "end": "2025-10-31T16:00:00.000Z"}
    assert api.say("shop", "period-closed", {"holder": party, "period": "2025-10", **month}).status_code == 201
    api.follow()
    assert "2025-10" in shop.open(form)
    api.world.clock.advance(ms=60_000)
    refused = shop.post(form, FORM | {"net": "170"})
    assert (refused.status_code, "closed: 2025-10" in text(refused)) == (409, True), text(refused)
    page = shop.open(shop.does(form, FORM | {"net": "170", "closed": "2025-10"}))
    assert "已申报的期间 2025-10" in page and "等待 主管部门" in page
    assert api.queries.container(drum).thing.net_g == 180_000
