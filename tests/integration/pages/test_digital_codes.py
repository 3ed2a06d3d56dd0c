"""Digital codes of a device: reserved in blocks, each code once, and what stands on no label is printed on none."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pdfplumber
import pytest

from ledger.service import Said
from tests.integration.pages.test_clerk_filling import CREDIT
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work
from tests.support.clerk import fills, says, workplace
from tests.support.world import OIL

TODAY = "2025-10-09"


@pytest.fixture
def clerk(api: ApiWorld) -> AtWork:
    clerk = workplace(api)
    known = {"holder": api.device["shop"].party, "name": "shop"}
    says(api, "party-amended", known | {"identifiers": [{"scheme": "uscc", "value": CREDIT}]})
    api.follow()
    return clerk


def key_of(api: ApiWorld, name: str) -> str:
    return next(a.stream for a in api.world.ledger.authors() if a.person == api.actor[name].person)


def reserved(api: ApiWorld, device: str, first: int, last: int) -> None:
    block = {"holder": api.device["shop"].party, "code": OIL, "day": TODAY, "device": device}
    says(api, "label-codes-reserved", block | {"first": first, "last": last})


def codes(clerk: AtWork, key: str) -> Any:
    """What a device of the clerk's knows of today's codes."""
    blocks = clerk.get(f"/shift.json?key={key}").json["digital_codes"]
    return next(each for each in blocks if each["day"] == TODAY)


def test_of_two_blocks_that_name_the_same_serials_the_one_recorded_first_has_them(api: ApiWorld, clerk: AtWork) -> None:
    mine = key_of(api, "ann")
    empty = codes(clerk, mine)
    assert (empty["serials"], empty["next"]) == ([], {"first": 1, "last": 20})
    reserved(api, api.world.new("key"), 1, 20)
    reserved(api, mine, 11, 22)
    found = codes(clerk, mine)
    assert (found["serials"], found["next"]) == (["021", "022"], {"first": 23, "last": 42})
    assert found["prefix"] == f"{CREDIT}9002140820251009"


def test_a_block_is_found_behind_much_that_was_recorded_after_it(api: ApiWorld, clerk: AtWork) -> None:
    mine, shop = key_of(api, "ann"), api.device["shop"].party
    reserved(api, mine, 1, 2)
    other = {"holder": shop, "code": OIL, "day": "2025-10-08", "device": mine, "first": 1, "last": 20}
    said: list[Said] = [("label-codes-reserved", other, api.world.ledger.now(), ())] * 1_001
    api.world.ledger.record_all_for(api.actor["ann"].person, said)
    assert codes(clerk, mine)["serials"] == ["001", "002"]


def test_a_code_that_stands_on_a_label_is_not_offered_again(api: ApiWorld, clerk: AtWork) -> None:
    mine = key_of(api, "ann")
    clerk.does(f"/labels/{fills(api, clerk)}/digital-code", {})
    assert codes(clerk, mine)["serials"] == [f"{n:03}" for n in range(2, 21)]


def test_a_digital_code_leads_to_its_drum_however_much_of_the_waste_began_since(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk)
    clerk.does(f"/labels/{drum}/digital-code", {})
    api.world.clock.advance(hours=8)
    later: list[Said] = [
        ("container-filled", api.filling(api.world.new("container")), api.world.ledger.now(), ()) for _ in range(1_000)
    ]
    api.world.ledger.record_all_for(api.actor["ann"].person, later)
    api.follow()
    assert f"/containers/{drum}" in clerk.get(f"/scan?q={CREDIT}9002140820251009001").text
    assert clerk.get(f"/scan?q={CREDIT}9002140800010101001").status_code == 200, "a day before all that is told"


def test_a_label_prints_no_code_that_nobody_gave_it(api: ApiWorld, clerk: AtWork) -> None:
    first, second = fills(api, clerk), fills(api, clerk)
    clerk.does(f"/labels/{first}/digital-code", {})
    with pdfplumber.open(BytesIO(clerk.get(f"/labels/{second}.pdf").data)) as opened:
        assert "代码待发" in opened.pages[0].extract_text()


def test_nobody_is_given_the_codes_of_anothers_key(api: ApiWorld, clerk: AtWork) -> None:
    reserved(api, key_of(api, "ann"), 1, 20)
    carrier = at_work(api, "carrier")
    for who, key in ((carrier, key_of(api, "ann")), (clerk, key_of(api, "carrier")), (clerk, "")):
        assert who.get(f"/shift.json?key={key}").json["digital_codes"] == []
