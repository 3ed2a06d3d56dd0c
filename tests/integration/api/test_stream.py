"""Server-sent events: what is new for this reader, from where the page left off, and not for ever."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api.resources import stream
from tests.support.api_world import ApiWorld


@pytest.fixture(autouse=True)
def short(api: ApiWorld) -> None:
    """Streams end at once, so that a test reads all of one."""
    api.app.config["STREAM_ENDS_AFTER_S"] = 0.1


def read(api: ApiWorld, path: str, by: str | None = "shop", **headers: str) -> Any:
    """A whole stream, and closed as a server closes it."""
    with api.get(path, by, **headers) as answer:
        answer.get_data()
        return answer


def events(text: str) -> list[dict[str, str]]:
    found = []
    for block in text.split("\n\n"):
        lines = [line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":")]
        if any(name == "id" for name, _ in lines):
            found.append(dict(lines))
    return found


def test_a_page_is_told_what_its_party_takes_part_in(api: ApiWorld) -> None:
    drum, unrelated = api.drum(), api.drum("stranger")
    answer = read(api, "/v1/stream?after=0")
    assert answer.mimetype == "text/event-stream" and answer.headers["Cache-Control"] == "no-store"
    told = events(answer.text)
    assert drum in answer.text and unrelated not in answer.text
    (filled,) = [each for each in told if each["event"] == "container-filled"]
    assert int(filled["id"]) == json.loads(filled["data"])["index"] + 1


def test_a_page_that_comes_back_goes_on_where_it_was(api: ApiWorld) -> None:
    api.drum()
    last = events(read(api, "/v1/stream?after=0").text)[-1]
    second = api.drum()
    told = events(read(api, "/v1/stream?after=0", **{"Last-Event-ID": last["id"]}).text)
    assert [json.loads(each["data"])["about"] for each in told if second in each["data"]]
    assert all(int(each["id"]) > int(last["id"]) for each in told)
    assert events(read(api, "/v1/stream").text) == []  # without a place: from now on
    assert read(api, "/v1/stream", **{"Last-Event-ID": "x; DROP"}).status_code == 200


def test_an_operator_is_told_nothing_and_nobody_is_asked_to_log_in(api: ApiWorld) -> None:
    client, _ = api.logged_in("operator")
    assert client.get("/v1/stream?after=0").status_code == 403
    assert read(api, "/v1/stream?after=0", None).status_code == 401


def test_a_worker_has_a_bounded_number_of_streams_and_gets_them_back(api: ApiWorld) -> None:
    held = [api.client().get("/v1/stream", headers={"Authorization": f"Bearer {api.token['shop']}"}, buffered=False)
            for _ in range(stream.STREAMS_MAX)]  # fmt: skip
    full = read(api, "/v1/stream")
    assert (full.status_code, full.json["code"]) == (503, "too-many-streams")
    for each in held:
        each.close()
    assert read(api, "/v1/stream").status_code == 200


def test_a_stream_that_could_not_be_opened_keeps_no_place(api: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise OperationalError("SELECT", {}, OSError())

    with monkeypatch.context() as broken:
        broken.setattr(stream, "current_viewer", away)
        for _ in range(stream.STREAMS_MAX):
            assert read(api, "/v1/stream").status_code == 503
    assert read(api, "/v1/stream").status_code == 200
