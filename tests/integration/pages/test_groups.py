"""Containers put together in a group and single ones taken out of it, on the container's own pages."""

from __future__ import annotations

import pytest

from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text
from tests.support.clerk import fills, workplace
from tests.support.labels import printed, read
from tests.support.world import OIL


@pytest.fixture
def clerk(api: ApiWorld) -> AtWork:
    return workplace(api, capacity_g=400_000)


def grouped(api: ApiWorld, clerk: AtWork, *codes: str) -> tuple[str, dict[str, str]]:
    """A group of new drums; its page, and the drums by their codes."""
    drums = {code: fills(api, clerk, container_code=code) for code in codes}
    first, *others = drums.values()
    return clerk.does(f"/containers/{first}/group", {"member": others}).partition("?")[0], drums


def test_drums_are_put_together_and_one_is_taken_out_while_the_others_stay(api: ApiWorld, clerk: AtWork) -> None:
    alone = fills(api, clerk, container_code="D-4")
    group, drums = grouped(api, clerk, "D-1", "D-2", "D-3")
    page = clerk.open(group)
    assert all(code in page for code in drums) and "D-4" not in page
    assert clerk.does(f"{group}/ungroup", {"member": drums["D-2"]}).startswith(group)
    page = clerk.get(group).text
    members = page[page.index("组内容器") : page.index("还可以")]
    assert "D-1" in members and "D-3" in members and "D-2" not in members
    assert "在组内" in clerk.open(f"/containers/{drums['D-1']}")
    assert "在组内" not in clerk.open(f"/containers/{drums['D-2']}")
    clerk.does(f"{group}/group", {"member": [alone, drums["D-2"]]})
    assert "D-4" in clerk.open(group)
    clerk.does(f"{group}/ungroup", {"member": [alone, *drums.values()]})
    assert "组内没有容器" in clerk.open(group)
    assert [api.queries.container(drum).thing.net_g for drum in drums.values()] == [180_000] * 3


def test_what_is_not_in_a_group_is_not_taken_out_and_what_is_in_one_goes_into_no_other(
    api: ApiWorld, clerk: AtWork
) -> None:
    group, drums = grouped(api, clerk, "D-1", "D-2")
    alone = fills(api, clerk, container_code="D-3")
    cases: tuple[tuple[str, dict[str, list[str]], str], ...] = (
        (f"{group}/ungroup", {}, "至少一个容器"),
        (f"{group}/ungroup", {"member": [alone]}, "不在此组内"),
        (f"{group}/group", {"member": [drums["D-1"]]}, "不能编入此组"),
        (f"/containers/{alone}/group", {"member": [drums["D-1"]]}, "不能编入此组"),
        (f"/containers/{alone}/group", {"member": [alone]}, "不能编入此组"),
    )
    for path, form, words in cases:
        answer = clerk.post(path, form)
        assert (answer.status_code, words in text(answer)) == (422, True), (path, form, text(answer))
    poured = {"into": group.rpartition("/")[2], "what": "there", "mass": "10", "reason": "repack"}
    answer = clerk.post(f"/containers/{alone}/repack", poured)
    assert (answer.status_code, "没有这个容器" in text(answer)) == (422, True), text(answer)
    inner = clerk.post(f"/containers/{drums['D-1']}/group", {"member": [alone]})
    assert (inner.status_code, "当前不能" in text(inner)) == (409, True), "it must be taken out first"


def test_a_form_sent_twice_takes_out_once_and_nobody_else_is_shown_the_group(api: ApiWorld, clerk: AtWork) -> None:
    group, drums = grouped(api, clerk, "D-1", "D-2")
    once = {"id": api.world.uuid7(), "member": drums["D-2"]}
    assert clerk.does(f"{group}/ungroup", once) == clerk.does(f"{group}/ungroup", once)
    assert at_work(api, "stranger").get(group).status_code == 404
    assert "合装成组" in clerk.open(f"/containers/{drums['D-2']}/group")


def blank(api: ApiWorld, clerk: AtWork) -> str:
    """What the code on a pre-printed blank label says."""
    roll = clerk.does("/labels/blank", {"count": "1", "site": api.yard["shop"]["site"]}).partition("?")[0]
    (page,) = printed(clerk.get(f"{roll}.zpl").data)
    return read(page)[0]


def test_a_blank_label_on_the_outside_leads_to_the_group_and_no_waste_label_is_printed_for_it(
    api: ApiWorld, clerk: AtWork
) -> None:
    group, _ = grouped(api, clerk, "D-1", "D-2")
    link, outer = blank(api, clerk), group.removeprefix("/containers/")
    without = clerk.post(f"{group}/bind", {"label": ""})
    assert (without.status_code, "预印的空白标签" in text(without)) == (422, True)
    assert clerk.post(f"{group}/bind", {"label": "D-1"}).status_code == 422
    assert clerk.does(f"{group}/bind", {"label": link}).partition("?")[0] == group
    page = clerk.open(f"/scan?q={link}")
    assert "标签真实" in page and "2 个容器 · 360 kg" in page and "D-1" in page and "D-2" in page
    assert f'href="{group}"' in clerk.get(f"/scan?q={link}").text
    assert "正在使用" in clerk.open(link[link.index("/L/") :])
    assert api.queries.container(outer).flags == ()
    assert clerk.get(f"/labels/{outer}").status_code == clerk.get(f"/labels/{outer}.pdf").status_code == 404
    other = blank(api, clerk)
    assert clerk.post(f"{group}/replace", {"reason": "damaged", "label": ""}).status_code == 422
    clerk.does(f"{group}/replace", {"reason": "damaged", "label": other})
    assert "已被更换" in clerk.open(f"/scan?q={link}") and "D-1" in clerk.open(f"/scan?q={other}")
    second, _ = grouped(api, clerk, "D-3", "D-4")
    third = blank(api, clerk)
    to = {"label": third, "container": second.removeprefix("/containers/")}
    assert clerk.does("/labels/bind", to).partition("?")[0] == second


def test_a_group_is_put_into_store_and_moved_as_a_whole(api: ApiWorld, clerk: AtWork) -> None:
    group, drums = grouped(api, clerk, "D-1", "D-2", "D-3")
    fills(api, clerk, container_code="D-4", net="20")
    assert "540 kg / 400 kg" in clerk.open(f"{group}/place"), "the load of all of them"
    clerk.does(f"{group}/ungroup", {"member": drums["D-3"]})
    page = clerk.open(f"{group}/place")
    assert "360 kg / 400 kg" in page and "没有问题" in page
    once = {"id": api.world.uuid7(), "spot": f"{api.yard['kept']['store']}|A"}
    assert clerk.does(f"{group}/place", once) == clerk.does(f"{group}/place", once)
    clerk.does(f"{group}/place", {"spot": f"{api.yard['kept']['store']}|B"})
    told = {code: api.queries.container(drum) for code, drum in drums.items()}
    types = {code: [type(step.fact.event).__name__ for step in story.steps] for code, story in told.items()}
    assert types["D-1"] == types["D-2"]
    assert types["D-1"][-2:] == ["ContainerStored", "ContainerMoved"] and types["D-1"].count("ContainerStored") == 1
    assert [told[code].thing.zone for code in drums] == ["B", "B", ""]
    assert "现在位置" in clerk.open(f"{group}/place")
    page = clerk.open(f"/stores/{api.yard['shop']['site']}")
    assert page.index("D-1") < page.index("在场但未入库") and group[-8:] not in page, "a group is no container"


def test_a_group_with_a_member_elsewhere_is_not_moved_and_nothing_of_it_is(api: ApiWorld, clerk: AtWork) -> None:
    group, drums = grouped(api, clerk, "D-1", "D-2")
    clerk.does(f"/containers/{drums['D-2']}/lost", {"reason": "stolen"})
    spot = {"spot": f"{api.yard['kept']['store']}|A"}
    for answer in (clerk.get(f"{group}/place"), clerk.post(f"{group}/place", spot)):
        assert (answer.status_code, "D-2 不在本场所" in text(answer)) == (422, True), text(answer)
    assert api.queries.container(drums["D-1"]).thing.facility == ""
    clerk.does(f"{group}/ungroup", {"member": drums["D-2"]})
    clerk.does(f"{group}/place", spot)
    assert api.queries.container(drums["D-1"]).thing.zone == "A"
    clerk.does(f"{group}/ungroup", {"member": drums["D-1"]})
    assert "组内没有容器" in clerk.open(f"{group}/place")
    assert clerk.post(f"{group}/place", spot).status_code == 422
    assert at_work(api, "stranger").get(f"{group}/place").status_code == 404


def test_what_came_on_somebody_elses_pallet_is_put_on_an_own_one_and_theirs_is_used_again_once_emptied(
    api: ApiWorld, clerk: AtWork
) -> None:
    group, drums = grouped(api, clerk, "D-1", "D-2")
    alone, refinery = fills(api, clerk, container_code="D-3"), at_work(api, "disposer")
    for drum in drums.values():
        line = {"container": drum, "code": OIL, "decision": "accepted", "mass": {"basis": "weighed", "net_g": 180_000}}
        body = api.ends(api.manifest(drum), drum) | {"lines": [line]}
        assert api.say("disposer", "manifest-received", body).status_code == 201
    api.follow()
    late = clerk.post(f"{group}/group", {"member": alone})
    assert (late.status_code, "D-1 不在本场所" in text(late)) == (422, True), text(late)
    first, second = drums.values()
    assert "在组内" not in refinery.open(f"/containers/{first}")
    assert f'data-outer="{group.rpartition("/")[2]}"' in refinery.get("/manifests/new").text, "it is still scanned"
    own = refinery.does(f"/containers/{first}/group", {"member": second}).partition("?")[0]
    assert "2 个容器 · 360 kg" in refinery.open(own) and "组内没有容器" in clerk.open(group)
    clerk.does(f"{group}/group", {"member": alone})
    assert "D-3" in clerk.open(group)
