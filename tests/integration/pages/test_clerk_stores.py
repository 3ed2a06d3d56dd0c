"""Stores and their count; what may be said of one container; what is due today."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api import browser
from ledger.log import statement
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text
from tests.support.clerk import fills, says, workplace
from tests.support.world import OIL

ACID = "900-349-34"


@pytest.fixture
def clerk(api: ApiWorld) -> AtWork:
    return workplace(api, capacity_g=400_000)


def stored(api: ApiWorld, clerk: AtWork, zone: str = "A", **form: Any) -> str:
    drum = fills(api, clerk, **form)
    clerk.does(f"/containers/{drum}/place", {"spot": f"{api.yard['kept']['store']}|{zone}"})
    return drum


def test_capacity_and_neighbours_are_told_before_a_drum_is_put_down(api: ApiWorld, clerk: AtWork) -> None:
    pairs = {"name": "incompatible-pairs", "value": f"{OIL}+{ACID}", "effective_from": "2025-01-01"}
    assert api.world.authority.say("setting-adopted", pairs).outcome == "recorded"
    stored(api, clerk, container_code="OIL-1", net="300")
    body = api.filling(acid := api.world.new("container"), grams=50_000) | {"code": ACID, "name": "废酸"}
    says(api, "container-filled", body)
    api.follow()
    page = clerk.get(f"/containers/{acid}/place").text
    by_zone = {zone: text(part) for zone, part in zip("AB", map(_Part, page.split('class="choice"')[1:3]), strict=True)}
    assert "不相容" in by_zone["A"] and "不相容" not in by_zone["B"]
    assert "350 kg / 400 kg" in by_zone["B"] and "剩" in text(_Part(page))
    heavy = fills(api, clerk, net="150")
    assert "450 kg / 400 kg" in clerk.open(f"/containers/{heavy}/place")
    assert "超过" in clerk.open(f"/containers/{heavy}/place")


class _Part:
    """A part of a page, as an answer that `text` reads."""

    def __init__(self, text: str) -> None:
        self.text = text


def test_a_store_shows_its_zones_load_and_clocks_and_what_lies_outside(api: ApiWorld, clerk: AtWork) -> None:
    stored(api, clerk, "B", container_code="IN-1")
    fills(api, clerk, container_code="OUT-1", net="20")
    page = clerk.open(f"/stores/{api.yard['shop']['site']}")
    assert "180 kg / 400 kg" in page and re.search(r"IN-1 剩 36[45] 天 .*? 180 kg B", page)
    assert page.index("IN-1") < page.index("在场但未入库") < page.index("OUT-1")
    assert "STORE-1" in clerk.open("/stores")
    assert at_work(api, "stranger").get(f"/stores/{api.yard['shop']['site']}").status_code == 404


def test_a_stores_load_is_of_all_that_stands_in_it_however_many_are_read_at_a_time(
    api: ApiWorld, clerk: AtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.stores.ROWS_MAX", 2)
    for n in range(5):
        stored(api, clerk, "AB"[n % 2], container_code=f"IN-{n}", net="20")
    page = clerk.open(f"/stores/{api.yard['shop']['site']}")
    assert "100 kg / 400 kg" in page and all(f"IN-{n}" in page for n in range(5))


def test_a_drum_is_moved_weighed_leaks_is_lost_and_found_again(api: ApiWorld, clerk: AtWork) -> None:
    drum = stored(api, clerk)
    clerk.does(f"/containers/{drum}/place", {"spot": f"{api.yard['kept']['store']}|B"})
    clerk.does(f"/containers/{drum}/weigh", {"net": "179.5", "unit": "kg"})
    clerk.does(f"/containers/{drum}/leak", {"net": "500", "unit": "g", "into": "floor"})
    thing = api.queries.container(drum).thing
    assert (thing.zone, thing.net_g) == ("B", 179_000)
    clerk.does(f"/containers/{drum}/lost", {"reason": "stolen"})
    page = clerk.open(f"/containers/{drum}")
    assert "容器遗失" in page and "依据" in page and "找到后登记" in page
    clerk.does(f"/containers/{drum}/found", {"site": api.yard["shop"]["site"]})
    page = clerk.open(f"/containers/{drum}")
    for words in ("产生并装入", "入库", "移库", "复称", "报告泄漏", "登记遗失", "找到", "179 kg"):
        assert words in page, words
    seals = re.findall(r'href="/evidence/([^"]+)"', clerk.get(f"/containers/{drum}").text)
    assert seals == [step.fact.id for step in api.queries.container(drum).steps]


def test_the_list_is_filtered_by_its_address_and_exported(api: ApiWorld, clerk: AtWork) -> None:
    stored(api, clerk, container_code="D-1")
    fills(api, clerk, over="days", net="", container_code="D-2")
    assert "D-2" not in clerk.open("/containers?status=held")
    assert "D-2" in clerk.get("/containers?status=filling&as=csv").text
    assert "没有符合条件的容器" in at_work(api, "stranger").open("/containers")


def test_a_count_names_what_is_missing_and_unexpected_before_it_is_recorded(api: ApiWorld, clerk: AtWork) -> None:
    there, gone = stored(api, clerk, container_code="D-1"), stored(api, clerk, container_code="D-2")
    beyond = fills(api, clerk, container_code="D-3")
    site, store = api.yard["shop"]["site"], api.yard["kept"]["store"]
    assert "D-1" in clerk.open(f"/count/{site}")
    before = api.world.ledger.size()
    form = {"facility": store, "present": [there], "others": "D-3\nNO-SUCH\n"}
    review = clerk.post(f"/count/{site}", form)
    page = text(review)
    assert "未找到 1 个" in page and "账面之外 1 个" in page and "NO-SUCH" in page
    assert api.world.ledger.size() == before, "nothing is recorded before it is confirmed"
    kept = re.findall(r'name="present" value="([^"]+)"', review.text)
    clerk.does(f"/count/{site}", {"facility": store, "present": kept, "confirmed": "yes"})
    things = {name: api.queries.container(name).thing for name in (there, gone, beyond)}
    assert [bool(things[name].absent_at) for name in (there, gone, beyond)] == [False, True, False]
    assert things[beyond].facility == store
    assert at_work(api, "stranger").get(f"/count/{site}").status_code == 404


def test_a_count_that_is_sent_twice_is_recorded_once_with_all_its_parts(api: ApiWorld, clerk: AtWork) -> None:
    there, _gone = stored(api, clerk, container_code="D-1"), stored(api, clerk, container_code="D-2")
    form = {
        "facility": api.yard["kept"]["store"],
        "present": there,
        "confirmed": "yes",
        "id": api.world.ledger.new_id(),
    }
    before = api.world.ledger.size()
    for _ in range(2):
        assert clerk.post(f"/count/{api.yard['shop']['site']}", form).status_code == 303
    said = [statement.parse(record.statement) for record in api.world.ledger.records(before)]
    assert [(s.type, sorted(s.body)) for s in said] == [
        ("store-counted", ["facility", "place", "present"]), ("store-counted", ["absent", "facility", "place"])
    ]  # fmt: skip


def test_in_a_count_the_code_of_a_group_counts_all_that_is_in_it(api: ApiWorld, clerk: AtWork) -> None:
    first, second = stored(api, clerk, container_code="D-1"), stored(api, clerk, container_code="D-2")
    group = clerk.does(f"/containers/{first}/group", {"member": second}).partition("?")[0].rpartition("/")[2]
    site, store = api.yard["shop"]["site"], api.yard["kept"]["store"]
    assert clerk.get(f"/count/{site}").text.count(f'data-outer="{group}"') == 2
    clerk.does(f"/count/{site}", {"facility": store, "others": group, "confirmed": "yes"})
    assert [api.queries.container(drum).thing.absent_at for drum in (first, second)] == ["", ""]


def test_an_empty_store_that_agrees_with_its_books_records_nothing(api: ApiWorld, clerk: AtWork) -> None:
    form = {"facility": api.yard["kept"]["store"], "confirmed": "yes"}
    answer = clerk.post(f"/count/{api.yard['shop']['site']}", form)
    assert (answer.status_code, "账面没有" in text(answer) or "没有扫描到" in text(answer)) == (422, True)


def test_today_shows_clocks_that_run_out_manifests_that_wait_and_what_is_wrong(api: ApiWorld, clerk: AtWork) -> None:
    assert "今天没有要办的事" in clerk.open("/today")
    drum = stored(api, clerk, container_code="D-1")
    api.world.clock.advance(hours=24 * 345)
    clerk.client.set_cookie(browser.LOCAL_COOKIE, api.session("ann"))
    page = clerk.open("/today")
    assert "废机油 D-1" in page and re.search(r"剩 (19|20) 天", page)
    manifest = api.world.new("manifest")
    assert api.device["shop"].say("manifest-issued", api.ends(manifest, drum)).outcome == "recorded"
    assert f"/manifests/{manifest}/pick-up" in at_work(api, "carrier").get("/today").text
