"""Containers put together in a group and single ones taken out of it, on the container's own pages."""

from __future__ import annotations

import pytest

from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text
from tests.support.clerk import fills, workplace


@pytest.fixture
def clerk(api: ApiWorld) -> AtWork:
    return workplace(api)


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
    members = page[page.index("组内容器") : page.index("登记内容")]
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
    inner = clerk.post(f"/containers/{drums['D-1']}/group", {"member": [alone]})
    assert (inner.status_code, "当前不能" in text(inner)) == (409, True), "it must be taken out first"


def test_a_form_sent_twice_takes_out_once_and_nobody_else_is_shown_the_group(api: ApiWorld, clerk: AtWork) -> None:
    group, drums = grouped(api, clerk, "D-1", "D-2")
    once = {"id": api.world.uuid7(), "member": drums["D-2"]}
    assert clerk.does(f"{group}/ungroup", once) == clerk.does(f"{group}/ungroup", once)
    assert at_work(api, "stranger").get(group).status_code == 404
    assert "合装成组" in clerk.open(f"/containers/{drums['D-2']}/group")
