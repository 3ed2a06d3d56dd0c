"""One batch is written in chunks, and a chunk may tell of containers of a later one: each has its rows once."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.store import projections, shelf
from tests.support.api_world import ApiWorld
from tests.support.world import OIL


def test_containers_of_one_batch_that_flow_into_each_other_are_written_once(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = ApiWorld.create(sqlite_url, tmp_path)
    drums = sorted(api.world.new("container") for _ in range(3))
    for drum in drums:
        assert api.say("shop", "container-filled", api.filling(drum, grams=50_000)).status_code == 201
    for source, target in ((drums[2], drums[1]), (drums[1], drums[0])):
        body = {
            "place": api.yard["shop"],
            "sources": [{"container": source, "code": OIL, "net_g": 10_000}],
            "targets": [{"container": target, "code": OIL, "net_g": 10_000, "kind": "package", "name": "废油"}],
            "reason": "pump",
        }
        answer = api.say("shop", "contents-transferred", body)
        assert answer.status_code == 201, answer.json
    monkeypatch.setattr(projections, "_CHUNK", 1)
    api.follow()
    with api.world.ledger.engine.connect() as connection:
        rows = shelf.containers(connection, holder=api.device["shop"].party, status="", code="")
    assert {row["id"]: row["net_g"] for row in rows} == {drums[0]: 60_000, drums[1]: 50_000, drums[2]: 40_000}
    api.close()
