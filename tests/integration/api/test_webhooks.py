"""Webhooks over HTTP: made, tested, replayed, read and removed by who they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from tests.support.api_world import ApiWorld
from tests.support.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as running:
        yield running


def work(api: ApiWorld) -> None:
    """What the job runner repeats."""
    api.follow()
    while api.webhooks.feed() + api.webhooks.deliver():
        pass


def test_a_webhook_is_told_what_its_party_may_read_and_nothing_else(api: ApiWorld, receiver: Receiver) -> None:
    client, csrf = api.logged_in("disposer")
    made = client.post("/v1/webhooks", json={"url": receiver.url}, headers=csrf)
    assert made.status_code == 201, made.json
    unrelated = api.drum("stranger")
    drum = api.drum()
    manifest = api.manifest(drum)
    work(api)
    bodies = b"\n".join(body for *_, body in receiver.posts).decode()
    assert manifest in bodies and unrelated not in bodies
    told = Webhook(made.json["secret"]).sign  # the same code that a receiver would use
    assert callable(told)
    log = client.get(f"/v1/webhooks/{made.json['id']}/deliveries").json["items"]
    assert {line["state"] for line in log} == {"delivered"} and len(log) == len(receiver.posts)


def test_the_test_button_a_replay_and_the_log(api: ApiWorld, receiver: Receiver) -> None:
    client, csrf = api.logged_in("shop")
    hook = client.post("/v1/webhooks", json={"url": receiver.url, "types": ["container-filled"]}, headers=csrf).json
    place = f"/v1/webhooks/{hook['id']}"
    queued = client.post(f"{place}/test", headers=csrf)
    assert (queued.status_code, queued.json["state"]) == (202, "waiting")
    api.drum()
    work(api)
    assert [line["type"] for line in client.get(f"{place}/deliveries").json["items"]].count("webhook-tested") == 1
    assert len(receiver.posts) == 2
    again = client.post(f"{place}/replay", json={"index": 0}, headers=csrf)
    assert (again.status_code, again.json["position"]) == (202, 0)
    work(api)
    ids = [headers["webhook-id"] for _, headers, _ in receiver.posts]
    assert len(ids) == 3 and len(set(ids)) == 2
    first = client.get(f"{place}/deliveries?limit=1").json["items"]
    rest = client.get(f"{place}/deliveries?before={first[0]['id']}").json["items"]
    assert len(first) == len(rest) == 1 and first != rest
    assert client.delete(place, headers=csrf).status_code == 204
    assert client.get(place).status_code == 404


def test_a_new_secret_and_the_one_before_both_sign_for_a_time(api: ApiWorld, receiver: Receiver) -> None:
    client, csrf = api.logged_in("shop")
    hook = client.post("/v1/webhooks", json={"url": receiver.url}, headers=csrf).json
    place = f"/v1/webhooks/{hook['id']}"
    rotated = client.post(f"{place}/secret", json={"hours": 2}, headers=csrf)
    assert rotated.status_code == 200 and rotated.json["secret"] != hook["secret"]

    def signers() -> list[str]:
        """Which of the secrets the newest message was signed with."""
        client.post(f"{place}/test", headers=csrf)
        work(api)
        _, headers, body = receiver.posts[-1]
        given = headers["webhook-signature"].split(" ")
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        secrets = {"old": hook["secret"], "new": rotated.json["secret"], "third": third}
        return [
            n for n, s in secrets.items() if s and Webhook(s).sign(headers["webhook-id"], at, body.decode()) in given
        ]

    third = ""
    assert signers() == ["old", "new"]
    api.world.clock.advance(hours=2)
    client, csrf = api.logged_in("shop")
    assert signers() == ["new"]
    third = client.post(f"{place}/secret", json={"hours": 0}, headers=csrf).json["secret"]
    assert signers() == ["third"]


def test_another_partys_webhook_does_not_exist(api: ApiWorld, receiver: Receiver) -> None:
    client, csrf = api.logged_in("shop")
    place = "/v1/webhooks/" + client.post("/v1/webhooks", json={"url": receiver.url}, headers=csrf).json["id"]
    other, csrf_other = api.logged_in("stranger")
    answers = [
        other.get(place),
        other.delete(place, headers=csrf_other),
        other.post(f"{place}/test", headers=csrf_other),
        other.post(f"{place}/replay", json={"index": 0}, headers=csrf_other),
        other.post(f"{place}/secret", json={}, headers=csrf_other),
        other.get(f"{place}/deliveries"),
    ]
    assert [a.status_code for a in answers] == [404] * 6
    assert client.get(place).status_code == 200


@pytest.mark.parametrize(
    "url",
    ["https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/", "http://[::1]:5432/", "file:///etc/passwd"],
)
def test_an_address_inside_is_refused(api_on_sqlite: ApiWorld, url: str) -> None:
    client, csrf = api_on_sqlite.logged_in("shop")
    answer = client.post("/v1/webhooks", json={"url": url}, headers=csrf)
    assert (answer.status_code, answer.json["code"]) == (422, "url-refused")
