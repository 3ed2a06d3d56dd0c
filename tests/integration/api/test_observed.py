"""What every answer carries, and what is never kept of a request."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from api.observed import JsonLines
from tests.support.api_world import ApiWorld


def test_every_answer_forbids_what_pages_of_others_could_do_with_it(api_on_sqlite: ApiWorld) -> None:
    for path in ("/health", "/v1/containers", "/nowhere"):
        headers = api_on_sqlite.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert len(headers["X-Request-Id"]) == 32


def test_hash_tiles_may_be_kept_for_ever_and_what_is_a_partys_may_not(api_on_sqlite: ApiWorld) -> None:
    api = api_on_sqlite
    assert "public" in api.get("/tile/0/000.p/1").headers["Cache-Control"]
    assert api.get("/tile/0/000.p/1").headers["Access-Control-Allow-Origin"] == "*"
    assert api.get("/v1/containers", "shop").headers["Cache-Control"] == "private, no-cache"
    assert "Access-Control-Allow-Origin" not in api.get("/v1/containers", "shop").headers


def test_a_whole_tile_asked_for_again_is_answered_counted_and_told_like_the_first_time(
    api_on_sqlite: ApiWorld, caplog: pytest.LogCaptureFixture
) -> None:
    api = api_on_sqlite
    shop, yard = api.device["shop"], api.world.new("site")
    api.world.ledger.record([shop.sign("container-filled", api.world.filled(shop, yard)) for _ in range(256)])

    def counted() -> float:
        labels = {"method": "GET", "route": "/tile/<path:tile>", "status": "200"}
        return float(REGISTRY.get_sample_value("wasteledger_request_seconds_count", labels) or 0)

    before = counted()
    with caplog.at_level(logging.INFO, "wasteledger.request"):
        answers = [api.get("/tile/0/000") for _ in range(3)]
    assert counted() == before + 3
    told = [json.loads(JsonLines().format(record)) for record in caplog.records]
    assert [(each["route"], each["status"]) for each in told] == [("/tile/<path:tile>", 200)] * 3
    assert len({each["request"] for each in told}) == 3
    headers = [{n: v for n, v in each.headers.items() if n != "X-Request-Id"} for each in answers]
    assert headers[0] == headers[1] == headers[2]
    assert "Content-Security-Policy" in headers[2]
    assert len(answers[0].data) == 8192 and answers[0].data == answers[1].data == answers[2].data
    assert api.get("/tile/0/000?wrong=1").status_code == 400
    assert api.client().head("/tile/0/000").data == b""
    assert api.post("/tile/0/000", {}).status_code == 405


def test_a_line_of_the_log_names_the_route_and_neither_address_nor_person_nor_secret(
    api_on_sqlite: ApiWorld, caplog: pytest.LogCaptureFixture
) -> None:
    api = api_on_sqlite
    with caplog.at_level(logging.INFO, "wasteledger.request"):
        api.get("/v1/search?q=%E5%BC%A0%E4%B8%89", "shop")
        api.get(f"/v1/containers/{api.drum()}", "shop")
    lines = [JsonLines().format(record) for record in caplog.records]
    assert [json.loads(each)["route"] for each in lines][-1] == "/v1/containers/<container>"
    told = "\n".join(lines)
    for private in ("张三", "%E5", api.token["shop"], api.device["shop"].party, "container:", "127.0.0.1"):
        assert private not in told


def test_a_server_writes_the_same_line_without_the_logging_module(
    api_on_sqlite: ApiWorld, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.INFO, "wasteledger.request"):
        api_on_sqlite.get("/health")
        with (tmp_path / "log").open("wb") as told:
            monkeypatch.setattr("api.observed._lines", told.fileno())
            api_on_sqlite.get("/health")
    (record,) = caplog.records
    usual, straight = json.loads(JsonLines().format(record)), json.loads((tmp_path / "log").read_text())
    assert list(usual) == list(straight)
    passing = {"at", "ms", "request"}
    assert {n: v for n, v in usual.items() if n not in passing} == {
        n: v for n, v in straight.items() if n not in passing
    }
    monkeypatch.setattr("api.observed._lines", 1_000_000)  # no such file any more
    assert api_on_sqlite.get("/health").status_code == 200


def test_the_trace_of_a_failure_says_where_and_never_with_what() -> None:
    try:
        raise ValueError("示例机密 wl_secret")
    except ValueError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    line = JsonLines().format(record)
    assert "wl_secret" not in line and "机密" not in line
    assert json.loads(line)["trace"][0] == "ValueError"
    assert "test_observed.py" in json.loads(line)["trace"][1]
