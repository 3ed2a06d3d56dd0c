"""What is put from one container into others, and what is added to a manifest afterwards: paper days, late defects."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.api_world import ApiWorld
from tests.support.at_work import AtWork, at_work, text
from tests.support.clerk import fills, workplace

Rows = list[tuple[str, str, str]]


@pytest.fixture
def clerk(api: ApiWorld) -> AtWork:
    return workplace(api)


def repack(*rows: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    """The form with (text, what, kilograms) in its rows."""
    into, what, mass = zip(*rows, strict=True)
    return {"into": list(into), "what": list(what), "mass": list(mass), "unit": "kg", "reason": "split"} | more


def test_a_drum_is_split_into_new_ones_that_wait_for_labels(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk, container_code="D-1")
    assert "倒装、分装" in clerk.open(f"/containers/{drum}")
    form = repack(("S-1", "package", "100"), ("S-2", "package", "79.5"), ("", "package", ""))
    where = clerk.does(f"/containers/{drum}/repack", form)
    assert "S-1" in (shown := clerk.open(where)) and "贴标签" in shown
    rows = {row["container_code"]: (row["net_g"], row["status"]) for row in api.queries.containers()}
    assert rows == {"D-1": (0, "emptied"), "S-1": (100_000, "held"), "S-2": (79_500, "held")}


def test_a_part_goes_into_a_drum_that_is_there(api: ApiWorld, clerk: AtWork) -> None:
    drum, other = fills(api, clerk, container_code="D-1"), fills(api, clerk, container_code="D-2")
    clerk.does(f"/containers/{drum}/repack", repack(("D-2", "there", "30"), taken="30", reason="pump"))
    assert [api.queries.container(each).thing.net_g for each in (drum, other)] == [150_000, 210_000]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (repack(("NO-SUCH", "there", "30")), "本场所没有这个容器"),
        (repack(("D-1", "there", "30")), "本场所没有这个容器"),
        (repack(("S-1", "package", "180.001"), taken="180.001"), "重量不正确"),
        (repack(("S-1", "package", "")), "sources"),
    ],
    ids=["nowhere", "itself", "more-than-it-holds", "into-nothing"],
)
def test_what_cannot_be_repacked_is_refused_and_nothing_is_recorded(
    api: ApiWorld, clerk: AtWork, form: dict[str, Any], words: str
) -> None:
    drum = fills(api, clerk, container_code="D-1")
    answer = clerk.post(f"/containers/{drum}/repack", form)
    assert (answer.status_code, words in text(answer)) == (422, True), text(answer)
    assert api.queries.container(drum).thing.net_g == 180_000


def test_a_repacking_sent_twice_is_recorded_once(api: ApiWorld, clerk: AtWork) -> None:
    drum = fills(api, clerk)
    form = repack(("S-1", "package", "180")) | {"id": api.world.uuid7()}
    assert clerk.does(f"/containers/{drum}/repack", form) == clerk.does(f"/containers/{drum}/repack", form)
    assert len(api.queries.containers(code="S-1")) == 1


def on_the_road(api: ApiWorld) -> tuple[str, str]:
    """A drum, and the address of its manifest."""
    drum = api.drum()
    lines = [{"container": drum, "code": "900-214-08", "net_g": 180_000}]
    manifest = api.manifest(drum, lines=lines)
    api.world.clock.advance(ms=60_000)
    assert api.say("carrier", "manifest-collected", api.ends(manifest, drum) | {"lines": lines}).status_code == 201
    api.follow()
    return drum, f"/manifests/{manifest}"


def test_a_manifest_that_ran_on_paper_is_said_so_by_any_of_its_parties(api: ApiWorld) -> None:
    drum, where = on_the_road(api)
    form = {"container": drum, "outage_from": "2025-10-01T08:00", "outage_until": "2025-10-02T18:00"}
    for name in ("shop", "disposer"):
        person = at_work(api, name)
        assert "补录纸质联单" in person.open(where)
        site = re.search(r'<option value="(site:[^"]+)"', person.get(f"{where}/paper").text)
        assert site is not None
        person.does(f"{where}/paper", form | {"site": site[1], "paper_number": "P-1"})
    assert [step.fact.event.type for step in api.queries.history(drum)].count("paper-manifest-backfilled") == 2
    wrong = at_work(api, "carrier").post(f"{where}/paper", form | {"site": "x", "outage_from": "yesterday"})
    assert wrong.status_code == 422 and "YYYY-MM-DDTHH:MM" in text(wrong)
    assert at_work(api, "stranger").get(f"{where}/paper").status_code == 404


def test_a_defect_found_later_is_reported_by_who_received_and_only_of_what_was_accepted(api: ApiWorld) -> None:
    drum, where = on_the_road(api)
    gate, shop = at_work(api, "disposer"), at_work(api, "shop")
    assert gate.get(f"{where}/defect").status_code == 404, "nothing was accepted yet"
    mass = {"basis": "weighed", "net_g": 180_000}
    verdict = {"container": drum, "code": "900-214-08", "decision": "accepted", "listed_g": 180_000, "mass": mass}
    manifest = where.rpartition("/")[2]
    api.world.clock.advance(ms=60_000)
    body = api.ends(manifest, drum) | {"lines": [verdict]}
    assert api.say("disposer", "manifest-received", body).status_code == 201
    api.follow()
    form = {"container": drum, "kind": "packaging", "told": "李女士", "note": "桶底锈蚀"}
    gate.does(f"{where}/defect", form)
    assert api.queries.container(drum).thing.defects
    assert shop.get(f"{where}/defect").status_code == shop.post(f"{where}/defect", form).status_code == 404
