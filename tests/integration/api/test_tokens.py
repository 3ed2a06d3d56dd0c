"""API tokens over HTTP: scopes are limits, ends are ends, and nobody sees another party's."""

from __future__ import annotations

from tests.support.api_world import ApiWorld


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_token_is_shown_once_listed_without_its_secret_and_revoked_at_once(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    made = client.post("/v1/tokens", json={"name": "ERP", "scopes": ["read"], "days": 30}, headers=csrf).json
    listed = client.get("/v1/tokens")
    assert made["secret"] not in listed.text and made["id"] in {each["id"] for each in listed.json["items"]}
    assert api.client().get("/v1/containers", headers=bearer(made["secret"])).status_code == 200
    assert client.delete(f"/v1/tokens/{made['id']}", headers=csrf).status_code == 204
    assert api.client().get("/v1/containers", headers=bearer(made["secret"])).status_code == 401


def test_a_token_does_what_its_scopes_say_and_no_more(api: ApiWorld) -> None:
    reading = api.issue("shop", "read")
    sending = api.issue("shop", "statements:write")
    hooks = api.issue("shop", "webhooks")
    container = {"type": "container-filled", "body": {}, "key": "0" * 64, "at": "2025-10-09T08:00:00.000Z"}

    def statuses(secret: str) -> list[int]:
        client = api.client()
        return [
            client.get("/v1/containers", headers=bearer(secret)).status_code,
            client.post("/v1/prepare", json=container, headers=bearer(secret)).status_code,
            client.get("/v1/webhooks", headers=bearer(secret)).status_code,
            client.get("/v1/people", headers=bearer(secret)).status_code,
            client.post("/v1/tokens", json={}, headers=bearer(secret)).status_code,
            client.get("/v1/keys/waiting", headers=bearer(secret)).status_code,
        ]

    assert statuses(reading) == [200, 403, 403, 403, 403, 403]
    assert statuses(sending) == [403, 403, 403, 403, 403, 403]  # /v1/prepare: the key is unknown
    assert statuses(hooks) == [403, 403, 200, 403, 403, 403]


def test_an_expired_token_lets_nobody_in(api: ApiWorld) -> None:
    secret = api.issue("shop", "read")
    api.world.clock.advance(hours=24 * 30 - 1)
    assert api.client().get("/v1/containers", headers=bearer(secret)).status_code == 200
    api.world.clock.advance(hours=1)
    answer = api.client().get("/v1/containers", headers=bearer(secret))
    assert (answer.status_code, answer.json["code"]) == (401, "not-logged-in")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_another_partys_token_cannot_be_seen_or_revoked(api: ApiWorld) -> None:
    client, csrf = api.logged_in("stranger")
    (theirs,) = api.accounts.tokens.listed(api.actor["shop"])
    assert theirs.id not in client.get("/v1/tokens").text
    assert client.delete(f"/v1/tokens/{theirs.id}", headers=csrf).status_code == 404
    assert api.get("/v1/containers", "shop").status_code == 200


def test_only_a_regulators_token_may_mirror(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    answer = client.post("/v1/tokens", json={"name": "m", "scopes": ["mirror"], "days": 1}, headers=csrf)
    assert (answer.status_code, answer.json["code"]) == (422, "bad-scope")
    client, csrf = api.logged_in("regulator")
    assert (
        client.post("/v1/tokens", json={"name": "m", "scopes": ["mirror"], "days": 1}, headers=csrf).status_code == 201
    )
