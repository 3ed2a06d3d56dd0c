"""Inspections: a draw that anybody repeats, orders with their state, and no authority's signature by the server."""

from __future__ import annotations

import hashlib
import re

from ledger.log.hashing import sha256
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work

SEED = "2026-03-01 lottery 4 8 15 16 23 42"


def test_the_draw_is_what_the_published_rule_gives_on_the_downloaded_roll(api: ApiWorld, regulator: AtWork) -> None:
    roll = regulator.get("/inspections/roll.txt").data
    lines = roll.decode().split()
    assert len(lines) == 4 and lines == sorted(lines)
    expected = lines[int(hashlib.sha256(roll + SEED.encode()).hexdigest(), 16) % 4]
    page = regulator.client.get("/inspections", query_string={"seed": SEED}).text
    form = page[page.index('data-say="inspection-drawn"') :]
    said = dict(re.findall(r'name="(holder|drawn_from|seed)" value="([^"]+)"', form))
    assert said == {"holder": expected, "drawn_from": sha256(roll).hex(), "seed": sha256(SEED.encode()).hex()}


def test_what_an_authority_signed_itself_is_listed_with_its_state_for_the_enterprise_too(
    api: ApiWorld, regulator: AtWork
) -> None:
    shop = api.device["shop"].party
    authority = api.world.authority
    body = {"holder": shop, "concerns": shop, "until": "2025-10-31", "order": "ab" * 32}
    ordered = authority.say("rectification-ordered", body)
    assert ordered.outcome == "recorded", ordered.error
    api.follow()
    assert (
        "整改中" in regulator.open("/inspections")
        and 'data-say="rectification-closed"' in regulator.get("/inspections").text
    )
    worker = at_work(api, "shop")
    assert "整改中" in worker.open("/inspections") and "data-say" not in worker.get("/inspections").text
    assert "整改中" not in at_work(api, "stranger").open("/inspections")
    assert authority.say("rectification-closed", {"holder": shop, "ordered": ordered.id}).outcome == "recorded"
    api.follow()
    assert "已销号" in regulator.open("/inspections")


def test_the_server_signs_for_no_authority_and_takes_the_forms_of_nobody_else(api: ApiWorld, regulator: AtWork) -> None:
    size = api.world.ledger.size()
    form = {"holder": api.device["shop"].party, "drawn_from": "ab" * 32, "seed": "cd" * 32}
    refused = regulator.post("/inspections/inspection-drawn", form)
    assert refused.status_code >= 400 and "没有代管" in refused.text
    assert regulator.post("/inspections/licence-granted", form).status_code == 404
    assert at_work(api, "shop").post("/inspections/inspection-drawn", form).status_code == 403
    api.follow()
    assert api.world.ledger.size() == size + 1, "only the key of the shop's clerk was enrolled"
