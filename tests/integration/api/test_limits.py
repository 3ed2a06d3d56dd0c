"""Nobody takes everything: requests are counted by caller, and a full queue sends callers away for a moment."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.bodies import TooManyBodies, Turns
from api.errors import TooMany
from api.limits import Window
from ledger.store.group import Group
from tests.support.api_world import ApiWorld


def test_a_window_lets_so_many_through_and_begins_anew() -> None:
    window = Window(2, 60)
    window.count("a", 120.0)
    window.count("a", 150.0)
    window.count("b", 150.0)
    with pytest.raises(TooMany) as refused:
        window.count("a", 170.0)
    assert refused.value.fields["retry_after"] == 11
    window.count("a", 180.0)


def test_one_callers_flood_leaves_others_and_the_public_log_alone(sqlite_url: str, tmp_path: Path) -> None:
    api = ApiWorld.create(sqlite_url, tmp_path, rate_limit="5/hour")
    statuses = [api.get("/v1/containers", "shop").status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    refused = api.get("/v1/containers", "shop")
    assert refused.json["code"] == "too-many-requests" and int(refused.headers["Retry-After"]) > 0
    assert api.get("/v1/containers", "disposer").status_code == 200
    assert [api.get("/checkpoint").status_code for _ in range(10)] == [200] * 10
    guesses = [api.get("/v1/containers", None, Authorization="Bearer wl_guess").status_code for _ in range(7)]
    assert guesses == [401] * 5 + [429] * 2, "guessing tokens is counted by address"
    api.close()


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded"])
def test_a_form_larger_than_any_is_not_taken_in(api_on_sqlite: ApiWorld, kind: str) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n' if "b" in kind[-2:] else b"a="
    client, _ = api_on_sqlite.logged_in("shop")
    for who, path in ((api_on_sqlite.client(), "/sign-in"), (client, "/fill"), (client, "/v1/tokens")):
        body = io.BytesIO(head + b"a" * (1 << 20))
        answer = who.post(path, input_stream=body, content_type=kind, headers={"Accept": "text/html"})
        assert answer.status_code == 413, path
        assert body.tell() < 1 << 17, "what is too large is not read first"


def test_languages_without_end_take_no_longer_than_one(api_on_sqlite: ApiWorld) -> None:
    began = time.process_time()
    answer = api_on_sqlite.get("/sign-in", **{"Accept-Language": ",".join(["x"] * 100_000)})
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, "zh-CN")
    assert time.process_time() - began < 2


def test_whoever_dawdles_over_bodies_keeps_few_threads_waiting() -> None:
    turns = Turns(2)
    for _ in range(2):
        turns.take("dawdler", 0.01)
    with pytest.raises(TooManyBodies):
        turns.take("dawdler", 0.01)
    turns.take("other", 0.0)
    taken = threading.Thread(target=turns.take, args=("dawdler", 30.0))
    taken.start()
    turns.give_up("dawdler")
    taken.join(10)
    assert not taken.is_alive(), "a turn that is given up is the next one's"


def test_a_full_queue_answers_503_says_when_to_come_back_and_loses_nothing(api_on_sqlite: ApiWorld) -> None:
    api = api_on_sqlite
    group, go = api.world.ledger._appender._group, threading.Event()
    write = group._work

    def write_later(calls: list[Any]) -> None:
        assert go.wait(30)
        write(calls)

    group._waiting_max, group._work = 1, write_later
    statements = [api.device[name].sign("container-filled", filling(api, name)) for name in ("shop", "stranger")]
    told: dict[int, int] = {}

    def send(n: int) -> None:
        told[n] = api.send(statements[n], "shop").status_code

    senders = []
    for n, waiting in enumerate((0, 1)):  # the first is being written, the second waits
        senders.append(threading.Thread(target=send, args=(n,)))
        senders[-1].start()
        until(partial(holds, group, waiting))
    late = api.device["carrier"].sign("container-filled", filling(api, "carrier"))
    refused = api.send(late, "carrier")
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (503, "busy", "1")
    go.set()
    for each in senders:
        each.join()
    assert told == {0: 201, 1: 201}
    assert api.send(late, "carrier").status_code == 201


def holds(group: Group[Any], waiting: int) -> bool:
    return group._led and group.waiting == waiting


def filling(api: ApiWorld, name: str) -> dict[str, Any]:
    return api.filling(api.world.new("container"), name)


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not so():
        assert time.monotonic() < end, "the queue did not fill"
        time.sleep(0.01)
