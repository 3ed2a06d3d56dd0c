"""Treatment on its page: grams closed, residues, what remains; and what ended where, for those whom it concerns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text
from tests.support.world import OIL


@pytest.fixture
def hall(api: ApiWorld) -> AtWork:
    """The disposer's person, with a still to work at."""
    still, place = api.world.new("facility"), api.yard["disposer"]
    api.yard["still"] = {"facility": still}
    body = {"holder": place["party"], "facility": still, "site": place["site"], "code": "TS1", "purpose": "utilise"}
    assert api.say("disposer", "facility-registered", body).status_code == 201
    return at_work(api, "disposer")


def arrived(api: ApiWorld, grams: int = 180_000) -> str:
    """A drum of the shop's in the disposer's store."""
    drum = api.drum(grams=grams)
    manifest = api.manifest(drum, grams)
    for who, type_, line in (
        ("carrier", "manifest-collected", {"net_g": grams}),
        ("disposer", "manifest-received", {"decision": "accepted", "mass": {"basis": "weighed", "net_g": grams}}),
    ):
        api.world.clock.advance(ms=60_000)
        body = api.ends(manifest, drum, grams) | {"lines": [{"container": drum, "code": OIL} | line]}
        assert api.say(who, type_, body).status_code == 201
    api.follow()
    return drum


def batch(api: ApiWorld, *drums: str, **more: Any) -> dict[str, Any]:
    return {"container": list(drums), "method": "R9", "stage": "final"} | api.yard["still"] | more


def test_a_batch_closes_its_inputs_and_its_residue_is_new_waste(api: ApiWorld, hall: AtWork) -> None:
    whole, part = arrived(api), arrived(api)
    assert "TS1" in hall.open(f"/treat?container={whole}")
    form = batch(api, whole, part, started="2025-10-09T16:00", ended="2025-10-09T17:30", batch_code="HWZXLY20251009001")
    form |= {f"mass:{part}": "100", "out_name:0": "蒸馏残渣", "out_code:0": "900-213-08", "out_mass:0": "12.3"}
    where = hall.does("/treat", form)
    page = hall.open(where)
    assert "280 kg 已办结 · 利用 · R9" in page and "HWZXLY20251009001" in page
    assert "80 kg" in page and "12.3 kg" in page
    assert "由无资质单位利用或处置 · 180 kg · 没有有效许可证" in page, "what is wrong with it is said at once"
    story = api.queries.container(whole)
    assert story.thing.status == "emptied"
    event: Any = story.steps[-1].fact.event
    assert (event.started, event.ended) == ("2025-10-09T08:00:00.000Z", "2025-10-09T09:30:00.000Z")


def test_an_intermediate_step_closes_nothing(api: ApiWorld, hall: AtWork) -> None:
    drum = arrived(api)
    form = batch(api, drum, stage="intermediate", method="D9")
    form |= {"out_name:0": "脱水污泥", "out_code:0": OIL, "out_mass:0": "150", "out_kind:0": "vessel"}
    assert "预处理不办结任何重量" in hall.open(hall.does("/treat", form))
    assert "尚无已利用处置的废物" in hall.open("/certificates")


def test_what_cannot_be_treated_is_said(api: ApiWorld, hall: AtWork) -> None:
    drum, elsewhere = arrived(api), api.drum()
    for form, words in (
        (batch(api), "没有选择要利用处置的容器"),
        (batch(api, drum) | {f"mass:{drum}": "180.001"}, "超过在库重量"),
        (batch(api, elsewhere), "不在该设施所在场所"),
        (batch(api, drum) | {"method": ""}, "请填写利用处置方式"),
        (batch(api, drum) | {"facility": api.world.new("facility")}, "TS1"),
        (batch(api, drum) | {"started": "yesterday"}, "YYYY-MM-DDTHH:MM"),
    ):
        answer = hall.post("/treat", form)
        assert (answer.status_code, words in text(answer)) == (422, True), words


def test_treated_twice_is_refused_with_its_reason(api: ApiWorld, hall: AtWork) -> None:
    drum = arrived(api)
    form = batch(api, drum) | {"id": api.world.uuid7()}
    first = hall.does("/treat", form)
    again = hall.post("/treat", batch(api, drum))
    assert again.status_code == 422 and "不在该设施所在场所" in text(again)
    assert first.startswith("/treat/")


def test_each_sees_what_ended_of_its_own_or_at_its_hands_and_strangers_nothing(api: ApiWorld, hall: AtWork) -> None:
    where = hall.does("/treat", batch(api, arrived(api)))
    shop, stranger = at_work(api, "shop"), at_work(api, "stranger")
    for reader in (hall, shop):
        page = reader.get("/certificates").text
        assert f"/v1/papers/certificate/{api.device['shop'].party}.pdf" in page and "R9" in page
    assert "没有有效许可证" in shop.open("/certificates"), "who closed it was not entitled, and that is shown"
    assert "尚无已利用处置的废物" in stranger.open("/certificates")
    assert stranger.get(where.partition("?")[0]).status_code == 404
    assert "尚无" in shop.open("/certificates?period=2024") and "R9" in shop.open("/certificates?period=2025-10")
    assert shop.get("/certificates?period=soon").status_code == 422


def test_a_driver_treats_nothing(api: ApiWorld) -> None:
    driver = at_work(api, "dan", "driver", "carrier")
    assert driver.get("/treat").status_code == 403
    assert driver.post("/treat", {}).status_code == 403
