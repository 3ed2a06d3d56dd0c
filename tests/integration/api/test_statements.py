"""The answer table over HTTP, one or many, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import request_started
from prometheus_client import REGISTRY

from ledger.log import entry, promise
from ledger.log.checkpoint import Policy
from ledger.log.hashing import leaf_hash
from ledger.log.keys import PublicKey
from ledger.log.proof import verify_receipt
from ledger.log.trust import Trust
from ledger.log.wire import decode_base64
from tests.support.api_world import ApiWorld, wire_of
from tests.support.world import OIL


def test_a_recorded_statement_comes_with_its_entry_its_promise_and_links(api: ApiWorld) -> None:
    container = api.world.new("container")
    answer = api.say("shop", "container-filled", api.filling(container))
    assert answer.status_code == 201
    told = answer.json
    received = entry.parse(told["entry"].encode())
    assert (received.statement, told["outcome"]) == (told["statement"], "recorded")
    said = promise.verify(
        told["promise"]["promise"].encode(),
        decode_base64(told["promise"]["signature"], "signature"),
        PublicKey.from_hex(api.world.ledger.opened.promise_key),
    )
    assert said.statement == told["statement"]
    assert told["exceptions"] == []
    assert api.get(told["links"]["entry"], "shop").json["entry"] == told["entry"]


def test_a_receipt_is_a_promise_first_and_verifies_offline_later(api: ApiWorld) -> None:
    told = api.say("shop", "container-filled", api.filling(api.world.new("container"))).json
    early = api.get(told["links"]["receipt"], "shop")
    assert (early.status_code, early.json["promise"]) == (202, told["promise"])
    api.follow()
    receipt = api.get(told["links"]["receipt"], "shop")
    assert receipt.status_code == 200
    policy = Policy.parse(api.get("/policy.txt").data)
    verified = verify_receipt(receipt.data, policy, Trust.parse(api.get("/trust.json").data))
    assert verified.leaf_hash == leaf_hash(told["entry"].encode())


def test_the_same_bytes_again_get_the_same_answer(api: ApiWorld) -> None:
    submission = api.device["shop"].sign("container-filled", api.filling(api.world.new("container")))
    first, second = api.send(submission, "shop"), api.send(submission, "shop")
    assert first.status_code == second.status_code == 201
    same = ("id", "statement", "entry", "promise", "received_at")
    assert [first.json[n] for n in same] == [second.json[n] for n in same]


@contextmanager
def seen_by_flask(app: Any) -> Iterator[list[str]]:
    """What comes to Flask meanwhile."""
    seen: list[str] = []

    def note(_: Any, **__: Any) -> None:
        seen.append("request")

    with request_started.connected_to(note, app):
        yield seen


def recorded_count() -> tuple[float, float]:
    labels = {"method": "POST", "route": "/v1/statements", "status": "201"}
    asked = REGISTRY.get_sample_value("wasteledger_request_seconds_count", labels)
    answered = REGISTRY.get_sample_value("wasteledger_answers_total", {"outcome": "recorded", "code": ""})
    return asked or 0, answered or 0


def test_a_plain_statement_is_answered_before_flask_as_flask_would_answer_it(api: ApiWorld) -> None:
    submission = api.device["shop"].sign("container-filled", api.filling(api.world.new("container")))
    before = recorded_count()
    with seen_by_flask(api.app) as seen:
        first = api.send(submission, "shop")
        assert seen == []
        usual = api.post(
            "/v1/statements", wire_of(submission), "shop", **{"Content-Type": "application/json; charset=utf-8"}
        )
        assert seen == ["request"]
    assert first.status_code == usual.status_code == 201
    assert first.json | {"index": 0} == usual.json | {"index": 0}
    own = ("X-Request-Id", "Content-Length")
    assert [{n: v for n, v in each.headers.items() if n not in own} for each in (first, usual)] == [
        {n: v for n, v in usual.headers.items() if n not in own}
    ] * 2
    assert recorded_count() == (before[0] + 2, before[1] + 2)


def test_what_is_unusual_goes_the_usual_way_and_is_counted_once(sqlite_url: str, tmp_path: Path) -> None:
    api = ApiWorld.create(sqlite_url, tmp_path, rate_limit="6/hour")
    shop, drum = api.device["shop"], api.world.new("container")
    plain = wire_of(shop.sign("container-filled", api.filling(drum)))
    lost = {"container": drum, "place": api.yard["shop"], "code": OIL, "net_g": 180_000, "stage": "held"}
    lost |= {"reason": "unknown"}
    weighed = {"container": drum, "place": api.yard["shop"], "code": OIL, "previous_g": 180_000}
    weighed |= {"mass": {"basis": "weighed", "net_g": 180_000}}
    with seen_by_flask(api.app) as seen:
        assert api.post("/v1/statements", plain, "shop").status_code == 201
        again = api.say("shop", "container-weighed", weighed)
        assert (again.status_code, again.json.get("exceptions"), seen) == (201, [], []), again.json
        flagged = api.say("shop", "container-lost", lost)
        assert [each["rule"] for each in flagged.json["exceptions"]] == ["container-lost"]
        wrong = api.post("/v1/statements", plain | {"statement": plain["statement"] + " "}, "shop")
        assert (wrong.status_code, wrong.json["code"]) == (422, "not-canonical")
        assert api.post("/v1/statements", plain | {"more": 1}, "shop").status_code == 400
        assert api.post("/v1/statements", plain, None, Authorization="Bearer wl_guess").status_code == 401
        assert len(seen) == 4
        assert [api.post("/v1/statements", plain, "shop").status_code for _ in range(2)] == [201, 429]
    api.close()


def test_each_row_of_the_answer_table_has_its_status(api: ApiWorld) -> None:
    shop, container = api.device["shop"], api.world.new("container")
    first = shop.sign("container-filled", api.filling(container))
    assert api.send(first, "shop").status_code == 201
    ahead = shop.submit(shop.next_bytes("container-filled", api.filling(api.world.new("container")), seq=shop.seq + 5))
    gap = api.send(ahead, "shop")
    assert (gap.status_code, gap.json["code"], gap.json["expected"]) == (409, "author-gap", f"{shop.seq + 1}")
    fork = shop.submit(shop.next_bytes("container-filled", api.filling(api.world.new("container")), seq=shop.seq))
    forked = api.send(fork, "shop")
    assert (forked.status_code, forked.json["code"]) in ((409, "author-fork"), (422, "bad-field"))
    again = api.say("shop", "container-filled", api.filling(container))
    assert (again.status_code, again.json["code"], again.json["outcome"]) == (409, "container-exists", "refused")
    assert again.json["law"] and again.json["rule"] == "container-exists" and again.json["entry"]
    unsigned = wire_of(shop.submit(shop.next_bytes("container-filled", api.filling(api.world.new("container")))))
    unsigned["signature"] = "A" * 86 + "=="
    bad = api.post("/v1/statements", unsigned, "shop")
    assert (bad.status_code, bad.json["code"], bad.json["outcome"]) == (422, "bad-signature", "rejected")


def test_a_batch_has_a_result_for_each_and_one_bad_one_spoils_nothing(api: ApiWorld) -> None:
    shop = api.device["shop"]
    good = [shop.sign("container-filled", api.filling(api.world.new("container"))) for _ in range(3)]
    batch = [wire_of(each) for each in good]
    batch.insert(1, {"statement": "{}", "signature": "A" * 86 + "=="})
    answer = api.post("/v1/statements", {"statements": batch}, "shop")
    assert answer.status_code == 200
    assert [each["status"] for each in answer.json["results"]] == [201, 422, 201, 201]
    assert answer.json["results"][1]["problem"]["outcome"] == "rejected"


def test_a_thousand_and_one_are_too_many_and_none_is_too_few(api: ApiWorld) -> None:
    one = {"statement": "{}", "signature": "A" * 86 + "=="}
    assert api.post("/v1/statements", {"statements": [one] * 1_000}, "shop").status_code == 200
    for count in (0, 1_001):
        refused = api.post("/v1/statements", {"statements": [one] * count}, "shop")
        assert (refused.status_code, refused.json["code"]) == (400, "bad-request")


def test_a_refusal_speaks_chinese_or_english(api: ApiWorld) -> None:
    container = api.drum()
    refused = api.device["shop"].sign("container-filled", api.filling(container))
    chinese = api.post("/v1/statements", wire_of(refused), "shop", **{"Accept-Language": "zh-CN,en;q=0.5"})
    english = api.post("/v1/statements", wire_of(refused), "shop", **{"Accept-Language": "en-GB"})
    assert chinese.headers["Content-Type"] == english.headers["Content-Type"] == "application/problem+json"
    assert "来源记录" in chinese.json["detail"] and "birth record" in english.json["detail"]
    assert chinese.json["code"] == english.json["code"]


def test_exceptions_that_a_statement_raises_come_with_its_answer(api: ApiWorld) -> None:
    drum = api.drum()
    body = {"container": drum, "place": api.yard["shop"], "code": "900-214-08", "net_g": 180_000}
    answer = api.say("shop", "container-lost", body | {"stage": "held", "reason": "missing-at-count"})
    assert answer.status_code == 201
    assert [each["rule"] for each in answer.json["exceptions"]] == ["container-lost"]
    assert answer.json["exceptions"][0]["law"]


def test_what_a_drum_met_for_the_first_time_raises_is_what_the_projections_find_later(api: ApiWorld) -> None:
    drum = api.world.new("container")
    long_ago = "2025-01-02T03:04:05.000Z"
    answer = api.say("shop", "container-filled", api.filling(drum), at=long_ago)
    said = {each["rule"]: each["detail"] for each in answer.json["exceptions"]}
    assert said
    api.follow()
    found = api.queries.container(drum).flags
    assert said == {each.rule: each.detail for each in found if each.opened_by == answer.json["statement"]}


def test_what_prepare_shows_can_be_signed_and_is_recorded(api: ApiWorld) -> None:
    shop = api.device["shop"]
    wanted = {"type": "container-filled", "body": api.filling(api.world.new("container")), "key": shop.key_hash}
    shown = api.post("/v1/prepare", wanted | {"at": api.world.ledger.now()}, "shop")
    assert shown.status_code == 200, shown.json
    assert api.send(shop.submit(shown.json["statement"].encode()), "shop").status_code == 201
    stranger = api.post("/v1/prepare", wanted | {"at": api.world.ledger.now()}, "stranger")
    assert (stranger.status_code, stranger.json["code"]) == (403, "not-allowed")


def test_a_person_without_a_key_says_it_through_the_server_and_can_repeat_it(api: ApiWorld) -> None:
    ledger, actor = api.world.ledger, api.actor["shop"]
    body = ledger.keep_key(party=actor.party, person=actor.person)
    assert api.say("shop", "key-enrolled", body).status_code == 201
    client, proof = api.logged_in("shop")
    filling = api.filling(api.world.new("container"))
    said = {"id": api.world.uuid7(), "body": filling | {"destination": {"clear": "送往示例处置厂"}}}
    first = client.post("/v1/events/container-filled", json=said, headers=proof)
    assert first.status_code == 201, first.json
    again = client.post("/v1/events/container-filled", json=said, headers=proof)
    assert (again.status_code, again.json["entry"]) == (201, first.json["entry"])
    shown = client.get(first.json["links"]["entry"]).json
    assert '"custody":"server"' in shown["statement"] and "送往" not in shown["statement"]
    sealed = f"/v1/entries/{first.json['id']}/clear"
    assert client.get(sealed).json == {"clear": {"destination": "送往示例处置厂"}}
    assert [api.get(sealed, name).status_code for name in ("regulator", "disposer", "mirror")] == [200, 404, 403]
    unproven = client.post("/v1/events/container-filled", json=said)
    assert (unproven.status_code, unproven.json["code"]) == (403, "csrf-refused")


def test_a_custodial_event_names_every_wrong_field_at_once(api: ApiWorld) -> None:
    client, proof = api.logged_in("shop")
    body = api.filling(api.world.new("container")) | {"kind": "barrel", "colour": "red", "mass": {"net_g": 1.5}}
    answer = client.post("/v1/events/container-filled", json={"body": body}, headers=proof)
    assert answer.status_code == 400
    assert set(answer.json["errors"]["body"]) == {"kind", "colour", "mass"}


def test_bodies_that_are_no_plain_json_are_turned_away(api: ApiWorld) -> None:
    token = {"Authorization": f"Bearer {api.token['shop']}"}
    post = api.client().post
    kinds = {
        415: {"data": b"{}", "content_type": "text/plain"},
        400: {"data": b"{", "content_type": "application/json"},
        413: {"data": b" " * (9 << 20), "content_type": "application/json"},
    }
    for status, sent in kinds.items():
        assert post("/v1/statements", headers=token, **sent).status_code == status
    packed = post("/v1/statements", headers=token | {"Content-Encoding": "gzip"}, json={})
    assert packed.status_code == 415
    deep = b'{"statements":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert post("/v1/statements", headers=token, data=deep, content_type="application/json").status_code == 400
