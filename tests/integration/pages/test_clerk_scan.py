"""Scan, read, act: what a text leads to, for whom, and what can be done next."""

from __future__ import annotations

import re

import pytest

from ledger.labels.code import issue
from ledger.log.keys import PrivateKey
from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, label_link
from tests.support.clerk import fills, link_of, says, workplace
from tests.support.world import ORIGIN


@pytest.fixture
def clerk(api: ApiWorld) -> AtWork:
    return workplace(api)


def steps(clerk: AtWork, text: str) -> list[str]:
    """The addresses of the large buttons after a scan, in their order."""
    page = clerk.client.get("/scan", query_string={"q": text}).text
    return re.findall(r'class="button(?: main)?" href="([^"]+)"', page)


def test_an_empty_scan_page_says_how_to_begin_and_an_unknown_text_what_to_do(clerk: AtWork) -> None:
    assert "扫描容器标签开始" in clerk.open("/scan")
    assert "没有找到 NO-SUCH-DRUM" in clerk.open("/scan?q=NO-SUCH-DRUM")


def test_a_label_is_read_from_its_picture_and_says_what_it_is_and_what_to_do_next(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk, container_code="D-1")
    page = clerk.open(f"/scan?q={link_of(clerk, drum)}")
    for words in ("标签真实", "废机油 D-1", "900-214-08", "180 kg", "shop yard", "没有异常"):
        assert words in page, words
    assert steps(clerk, drum)[0] == f"/containers/{drum}/place"
    for other in ("D-1", f"http://localhost/containers/{drum}", drum.removeprefix("container:")):
        assert "废机油 D-1" in clerk.open(f"/scan?q={other}"), other


def test_of_several_drums_with_one_code_the_reader_chooses(api: ApiWorld, clerk: AtWork) -> None:
    first = fills(api, clerk, container_code="D-1")
    api.say("shop", "container-filled", api.filling(second := api.world.new("container")) | {"container_code": "D-1"})
    api.follow()
    assert "找到多项" in clerk.open("/scan?q=D-1")
    assert {f"/scan?q={first}", f"/scan?q={second}"} <= {each.replace("%3A", ":") for each in steps(clerk, "D-1")}


def test_forged_mistyped_and_replaced_labels_are_told_apart(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk)
    genuine = link_of(clerk, drum)
    forged = issue(label=api.world.new("label"), container=drum, origin=ORIGIN, key=PrivateKey(bytes(32)))
    assert "不在已知标签密钥之中" in clerk.open(f"/scan?q={forged.text}")
    assert "不要装运" in clerk.open(f"/scan?q={label_link(drum, api.world.new('label'))}")
    wrong = genuine[:70] + ("A" if genuine[70] != "A" else "B") + genuine[71:]
    assert "标签码有误" in clerk.open(f"/scan?q={wrong}")
    clerk.does(f"/containers/{drum}/replace", {"reason": "damaged"})
    assert "这张标签已被更换" in clerk.open(f"/scan?q={genuine}")
    assert "标签真实" in clerk.open(f"/scan?q={link_of(clerk, drum)}")


def test_a_stranger_learns_that_a_label_is_genuine_and_nothing_of_its_container(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk, container_code="D-1")
    link, stranger = link_of(clerk, drum), at_work(api, "stranger")
    page = stranger.open(f"/scan?q={link}")
    assert "贴在其他单位的容器上" in page
    (label_page,) = steps(stranger, link)
    assert "标签系真实签发，正在使用" in stranger.open(label_page)
    assert "废机油" not in page and "D-1" not in page
    assert "没有找到" in stranger.open("/scan?q=D-1")
    for path in ("", "/weigh", "/place"):
        assert stranger.get(f"/containers/{drum}{path}").status_code == 404, path


def test_the_likely_step_comes_first_for_each_who_meets_the_drum(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk)
    clerk.does(f"/containers/{drum}/place", {"spot": f"{api.yard['kept']['store']}|A"})
    assert steps(clerk, drum)[0] == f"/manifests/new?container={drum}"
    manifest = api.manifest(drum)
    carrier, gate = at_work(api, "carrier"), at_work(api, "disposer")
    assert steps(carrier, drum)[0] == f"/manifests/{manifest}/pick-up"
    api.world.clock.advance(ms=60_000)
    api.say("carrier", "manifest-collected", api.ends(manifest, drum))
    api.follow()
    assert steps(gate, drum)[0] == f"/manifests/{manifest}/gate"
    assert steps(gate, manifest)[0] == f"/manifests/{manifest}/gate"
    assert f"/containers/{drum}/weigh" not in steps(clerk, drum), "it is in other hands"


def test_a_blank_label_offers_to_be_bound(api: ApiWorld, clerk: AtWork) -> None:
    says(api, "label-issued", {"label": (label := api.world.new("label")), "place": api.yard["shop"]})
    api.follow()
    assert steps(clerk, label) == [f"/fill?label={label}", f"/labels/bind?label={label}"]
    assert f'value="{label}"' in clerk.get(f"/fill?label={label}").text
