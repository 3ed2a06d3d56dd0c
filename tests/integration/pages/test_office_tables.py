"""Office tables on their pages: what a page shows is to be had as CSV and XLSX, whole, and long lists go on."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from api.pages import containers, enterprises, exceptions, manifests, on_the_way, overview, tables, treatment
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work
from tests.support.world import OIL

GRAMS = 180_000


def say(api: ApiWorld, name: str, type_: str, body: dict[str, Any]) -> None:
    api.world.clock.advance(ms=60_000)
    answer = api.say(name, type_, body)
    assert answer.status_code == 201, answer.json


def drum(api: ApiWorld, code: str, owner: str = "shop") -> str:
    container = api.world.new("container")
    say(api, owner, "container-filled", api.filling(container, owner) | {"container_code": code})
    return container


def collected(api: ApiWorld, container: str) -> str:
    manifest = api.manifest(container)
    say(api, "carrier", "manifest-collected", api.ends(manifest, container))
    return manifest


def received(api: ApiWorld, container: str) -> None:
    verdict: dict[str, Any] = {"container": container, "code": OIL, "decision": "accepted"}
    verdict |= {"mass": {"basis": "weighed", "net_g": GRAMS}}
    say(api, "disposer", "manifest-received", api.ends(collected(api, container), container) | {"lines": [verdict]})


def hall(api: ApiWorld) -> tuple[AtWork, dict[str, Any]]:
    """The disposer's person, and the form of a treatment in a still of theirs."""
    still, place = api.world.new("facility"), api.yard["disposer"]
    body = {"holder": place["party"], "facility": still, "site": place["site"], "code": "TS1", "purpose": "utilise"}
    say(api, "disposer", "facility-registered", body)
    return at_work(api, "disposer"), {"facility": still, "method": "R9", "stage": "final"}


def undeclared(api: ApiWorld, code: str) -> None:
    """A drum sent to the disposer without a manifest: an exception of the shop's."""
    body: dict[str, Any] = {"delivery": api.world.new("delivery"), "end": "sent"}
    body |= {"lines": [{"container": drum(api, code), "code": OIL, "net_g": GRAMS}]}
    ends = {"from": api.yard["shop"], "to": api.yard["disposer"] | {"kind": "licensed"}}
    say(api, "shop", "delivery-recorded", body | ends)


# ---------------------------------------------------------------------------------------------- files


def cells(page: str, table: str) -> list[str]:
    """The first cell of each row that a page shows of a table: of the last one before its link to the file."""
    before, link, _ = page.partition(f"table={table}&amp;as=csv")
    assert link, f"no file of {table} is offered"
    body = before.rpartition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"(?s)<tr>.*?<td[^>]*>(.*?)</td>", body)
    return [html.unescape(re.sub(r"<[^>]+>", " ", row)).strip() for row in rows]


def as_csv(reader: AtWork, address: str) -> list[list[str]]:
    answer = reader.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


PLACES = {
    "people": ("shop", "/admin/people", "shop"),
    "keys": ("shop", "/admin/devices", "设备自有"),
    "lots": ("shop", "/containers/{road}", "shop"),
    "lines": ("shop", "/manifests/{manifest}", "R-001"),
    "aboard": ("carrier", "/manifests/{manifest}/roadside", "R-001"),
    "travelling": ("shop", "/manifests/new", "S-001"),
    "store": ("shop", "/stores/{site}", "S-001"),
    "held": ("disposer", "/treat", "T-002"),
    "inputs": ("disposer", "/treat/{record}", "T-001"),
    "outputs": ("disposer", "/treat/{record}", "蒸馏残渣"),
}


@pytest.fixture
def scene(api: ApiWorld) -> dict[str, str]:
    """A drum in store, one on the road, one that waits at the disposer's and one treated there."""
    drum(api, "S-001")
    road = drum(api, "R-001")
    manifest = collected(api, road)
    waiting, treated = drum(api, "T-002"), drum(api, "T-001")
    received(api, waiting)
    received(api, treated)
    api.follow()
    disposer, form = hall(api)
    api.follow()
    residue = {"out_name:0": "蒸馏残渣", "out_code:0": "900-213-08", "out_mass:0": "12.3"}
    where = disposer.does("/treat", form | residue | {"container": treated})
    record = where.partition("?")[0].rpartition("/")[2]
    return {"road": road, "manifest": manifest, "site": api.yard["shop"]["site"], "record": record}


def test_what_a_page_shows_is_to_be_had_as_csv_and_xlsx_by_those_whom_it_concerns(
    api: ApiWorld, scene: dict[str, str]
) -> None:
    names = ("shop", "carrier", "disposer", "stranger")
    readers = {name: AtWork(api, api.logged_in(name)[0], "") for name in names}
    for table, (who, path, known) in PLACES.items():
        address = path.format(**scene)
        shown = cells(readers[who].get(address).text, table)
        rows = as_csv(readers[who], f"{address}?table={table}&as=csv")
        assert [row[0] for row in rows[1:]] == shown, table
        assert any(known in cell for row in rows for cell in row), table
        book = readers[who].get(f"{address}?table={table}&as=xlsx")
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0).to_python()
        assert [str(row[0]) for row in sheet] == [row[0] for row in rows], table

        other = readers["stranger"].get(f"{address}?table={table}&as=csv")
        of_one = "{" in path
        assert other.status_code == (404 if of_one else 200), table
        assert of_one or not set(map(tuple, rows[1:])) & {*map(tuple, csv.reader(io.StringIO(other.text)))}, table


def test_a_file_has_no_column_of_buttons_and_the_whole_key(api: ApiWorld) -> None:
    shop = at_work(api, "shop")
    rows = as_csv(shop, "/admin/devices?as=csv")
    assert rows[0] == ["人员", "密钥", "种类", "已签名", "状态"]
    assert all(re.fullmatch(r"[0-9a-f]{64}", row[1]) for row in rows[1:]) and len(rows) > 2
    assert "吊销此密钥" in shop.get("/admin/devices").text


def test_masses_are_added_up_on_the_page_and_not_in_the_file(api: ApiWorld) -> None:
    first, second = drum(api, "A-1"), drum(api, "A-2")
    lines = [{"container": each, "code": OIL, "net_g": GRAMS} for each in (first, second)]
    address, shop = f"/manifests/{api.manifest(first, lines=lines)}", at_work(api, "shop")
    assert re.search(r"合计 · 2 360 kg", shop.open(address))
    assert len(as_csv(shop, f"{address}?as=csv")) == 3


def test_what_a_form_answers_with_is_no_file_before_it_is_recorded(api: ApiWorld) -> None:
    container = drum(api, "A-1")
    manifest = collected(api, container)
    api.follow()
    disposer = at_work(api, "disposer")
    summary = disposer.post(f"/manifests/{manifest}/gate", {f"mass:{container}": "180"})
    assert summary.status_code == 200 and "as=csv" not in summary.text
    assert at_work(api, "shop").get("/manifests/new?table=checked&as=csv").status_code == 400


# ---------------------------------------------------------------------------------------------- long lists


def parts(reader: AtWork, address: str, table: str) -> Iterator[tuple[str, list[str]]]:
    """(which rows it says are shown, those shown) of each part of a list, by the links that lead on."""
    while address:
        page = reader.get(address).text
        files = re.escape(f"table={table}&amp;as=csv")
        place = re.search(rf'(?s)<p class="small place">([^<·]*)[^\n]*\n<p class="small downloads">[^\n]*{files}', page)
        assert place, address
        yield place[1].strip(), cells(page, table)
        on = re.search(r'<a href="([^"]*)">后面的行', place[0])
        assert ("最前的行" in place[0]) == ("skip=" in address)
        address = html.unescape(on[1]) if on else ""


@pytest.fixture
def shop(api: ApiWorld) -> AtWork:
    return at_work(api, "shop")


def walked(reader: AtWork, address: str, table: str, places: list[str]) -> list[str]:
    """A list walked to its end, which says where it is; all of it, which its file holds from wherever it is asked."""
    seen = list(parts(reader, address, table))
    assert [place for place, _ in seen] == places
    rows = [row for _, shown in seen for row in shown]
    file = as_csv(reader, f"{address}{'&' if '?' in address else '?'}table={table}&as=csv")
    assert [row[0] for row in file[1:]] == rows
    return rows


OF_FIVE = ["第 1–2 行，共 5 行", "第 3–4 行，共 5 行", "第 5–5 行，共 5 行"]


def test_exceptions_and_what_is_behind_a_gap_go_on_with_their_filters(
    api: ApiWorld, shop: AtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        undeclared(api, f"U-{n}")
    api.follow()
    monkeypatch.setattr(exceptions, "LIST_MAX", 2)
    monkeypatch.setattr(overview, "LIST_MAX", 2)
    walked(shop, "/exceptions?rule=without-manifest&severity=serious", "exceptions", OF_FIVE)
    second = shop.get("/exceptions?rule=without-manifest&skip=2").text
    assert "rule=without-manifest&amp;skip=4" in second and all(f"U-{n}" in second for n in (2, 3))
    party = api.device["shop"].party
    walked(shop, f"/enterprises/{party}?year=2025", "exceptions", OF_FIVE)
    gap = re.search(r'href="(/overview/missing[^"]*)"', shop.get(f"/overview?party={party}").text)
    assert gap
    rows = walked(shop, html.unescape(gap[1]), "containers", OF_FIVE)
    assert sorted(rows) == [f"U-{n}" for n in range(5)]


def test_enterprises_go_on_by_what_is_missing(
    api: ApiWorld, regulator: AtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in ("shop", "carrier", "stranger"):
        drum(api, f"{owner}-1", owner)
    api.follow()
    monkeypatch.setattr(enterprises, "LIST_MAX", 2)
    places = ["第 1–2 行，共 3 行", "第 3–3 行，共 3 行"]
    assert sorted(walked(regulator, "/enterprises?period=2025", "enterprises", places)) == [
        "carrier",
        "shop",
        "stranger",
    ]


def test_containers_go_on_with_their_filters_and_their_file_is_whole_or_refused(
    api: ApiWorld, shop: AtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        drum(api, f"C-{n}")
    other = api.filling(api.world.new("container")) | {"container_code": "C-3", "code": "900-249-08"}
    say(api, "shop", "container-filled", other)
    api.follow()
    monkeypatch.setattr(containers, "SHOWN", 2)
    rows = walked(
        shop, f"/containers?status=held&code={OIL}", "containers", ["第 1–2 行，共 3 行", "第 3–3 行，共 3 行"]
    )
    assert rows == ["C-2", "C-1", "C-0"]
    monkeypatch.setattr(tables, "FILE_ROWS_MAX", 2)
    refused = shop.get("/containers?status=held&as=csv")
    assert refused.status_code == 400 and "至多 2 行" in refused.text, "no file is cut without a word"


def test_manifests_under_way_and_cancelled_go_on(api: ApiWorld, shop: AtWork, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [api.manifest(drum(api, f"M-{n}")) for n in range(6)]
    for name in names[:3]:
        body = {"manifest": name, "place": api.yard["shop"], "free": [], "reason": "mistake"}
        body["free"] = sorted(api.queries.history(name)[0].fact.event.containers())
        say(api, "shop", "manifest-cancelled", body)
    api.follow()
    monkeypatch.setattr(manifests, "SHOWN", 2)
    ends = [name[-8:] for name in reversed(names)]
    of_three = ["第 1–2 行，共 3 行", "第 3–3 行，共 3 行"]
    assert walked(shop, "/manifests?show=under-way", "under-way", of_three) == ends[:3]
    assert walked(at_work(api, "carrier"), "/manifests?show=mine", "mine", of_three) == ends[:3]
    assert walked(shop, "/manifests?show=cancelled", "cancelled", of_three) == ends[3:]
    assert len(as_csv(shop, "/manifests?table=cancelled&as=csv")) == 4


def test_what_may_travel_and_what_ended_go_on(api: ApiWorld, shop: AtWork, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        drum(api, f"D-{n}")
    treated = [drum(api, f"E-{n}") for n in range(2)]
    for each in treated:
        received(api, each)
    disposer, form = hall(api)
    api.follow()
    for each in treated:
        disposer.does("/treat", form | {"container": each})
    monkeypatch.setattr(on_the_way, "HELD_SHOWN", 2)
    monkeypatch.setattr(treatment, "SHOWN", 1)
    of_three = ["第 1–2 行，共 3 行", "第 3–3 行，共 3 行"]
    assert walked(shop, "/manifests/new", "travelling", of_three) == ["D-0", "D-1", "D-2"]
    assert len(walked(shop, "/certificates?period=2025", "endings", ["第 1–1 行，共 2 行", "第 2–2 行，共 2 行"])) == 2
