"""What an attacker tries against people and their secrets, and what must come of it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from api import browser
from api.observed import JsonLines
from ledger.accounts import secrets
from ledger.store import tables as t
from tests.support.api_world import PASSWORD, ApiWorld
from tests.support.receiver import Receiver

NASTY = (
    "..", "../../etc/passwd", "%2e%2e%2f", "a\x00b", "a\r\nSet-Cookie: x=y", "' OR '1'='1", "<script>", "\u202e",
    "x" * 3000, "None", "-1", "*", "%", "_", "{}", "\ud83d",
)  # fmt: skip


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that anything logs, down to the last detail, formatted as the server formats it."""
    caplog.handler.setFormatter(JsonLines())
    with caplog.at_level(logging.DEBUG):
        yield caplog


def test_no_secret_and_no_name_of_a_person_is_in_any_log(api: ApiWorld, logged: pytest.LogCaptureFixture) -> None:
    client = api.client()
    told = client.post("/v1/session", json={"name": "shop", "password": PASSWORD}).json
    cookie = client.get_cookie(browser.LOCAL_COOKIE)
    assert cookie is not None
    csrf = {browser.CSRF_HEADER: told["csrf_token"]}
    client.post("/v1/session", json={"name": "王小明", "password": "a wrong password"})
    token = client.post("/v1/tokens", json={"name": "ERP", "scopes": ["read"], "days": 1}, headers=csrf).json["secret"]
    invited = client.post("/v1/people", json={"name": "王小明", "roles": ["clerk"]}, headers=csrf).json
    link = client.post("/v1/visits", json={"party": api.world.new("party")}, headers=csrf).json["secret"]
    api.client().post("/v1/visits/opened", json={"secret": link})
    api.client().get("/v1/containers", headers={"Authorization": f"Bearer {token}"})
    api.client().get(f"/v1/containers?token={token}")
    api.client().get(f"/v1/keys/{token}")
    with Receiver().running() as receiver:
        hook = client.post("/v1/webhooks", json={"url": receiver.url}, headers=csrf).json["secret"]
        api.follow()
        api.webhooks.feed()
        api.webhooks.deliver()
    api.app.config["STREAM_ENDS_AFTER_S"] = 0.0
    client.get("/v1/stream").close()
    assert "/v1/session" in logged.text
    for secret in (
        PASSWORD,
        "a wrong password",
        cookie.value,
        told["csrf_token"],
        token,
        invited["secret"],
        link,
        hook,
    ):
        assert secret not in logged.text
    assert "王小明" not in logged.text and "\\u738b" not in logged.text


def test_an_error_of_the_database_does_not_say_what_it_was_about(api: ApiWorld) -> None:
    row: dict[str, Any] = {"hash": b"h", "account": "somebody's secret", "made_at": 0, "seen_at": None}
    with pytest.raises(SQLAlchemyError) as failure, api.world.ledger.engine.begin() as connection:
        connection.execute(insert(t.login_session).values(**row))
    assert "somebody's secret" not in str(failure.value).partition("DETAIL")[0]


def test_a_token_is_compared_by_hash_in_constant_time(api: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """By construction: whatever is wrong with it, a secret meets `compare_digest` as 32 bytes, and only there."""
    compared: list[tuple[bytes, bytes]] = []
    same = secrets.same

    def seen(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return same(one, other)

    monkeypatch.setattr(secrets, "same", seen)
    secret = api.token["shop"]
    head, tail = secret.rsplit("_", 1) if secret.count("_") == 2 else (secret[:13], secret[14:])
    tries = [head + "_" + changed for changed in ("A" * 43, tail[:-1] + ("A" if tail[-1] != "A" else "E"), tail)]
    found = [api.accounts.actor_for_token(each) for each in tries]
    assert [each is not None for each in found] == [False, False, True]
    assert [(len(a), len(b)) for a, b in compared] == [(32, 32)] * 3
    assert compared[2][1] == hashlib.sha256(secret.encode()).digest()
    assert secrets.same.__code__ is not same.__code__ and "compare_digest" in same.__code__.co_names


def test_nothing_in_an_address_breaks_out_of_it(api: ApiWorld) -> None:
    """Path, header and query injection."""
    client, csrf = api.logged_in("shop")
    for name in NASTY:
        try_address(client, csrf, name)


def try_address(client: Any, csrf: dict[str, str], name: str) -> None:
    part = quote(name.encode("utf-8", "surrogatepass"), safe="")
    for path in ("people/{}", "tokens/{}", "webhooks/{}", "webhooks/{}/deliveries", "keys/waiting/{}", "visits/{}"):
        for method in (client.get, client.delete):
            answer = method("/v1/" + path.format(part), headers=csrf)
            assert answer.status_code in (400, 404, 405), (path, answer.status_code)
            assert "x=y" not in str(answer.headers)
    for path, body in (
        ("keys/{}/revoke", {"reason": "lost"}),
        ("keys/waiting/{}/confirm", None),
        ("quarantine/{}/adopt", None),
        ("people/{}/reset", None),
        ("webhooks/{}/replay", {"index": 0}),
    ):
        answer = client.post("/v1/" + path.format(part), json=body, headers=csrf)
        assert answer.status_code in (400, 404, 405), (path, answer.status_code, answer.text)


def test_nothing_in_a_field_breaks_anything(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    for name in NASTY:
        if "\ud83d" not in name:
            api.world.clock.advance(hours=1)  # so that no try is sent away unread
            try_fields(client, csrf, name)


def try_fields(client: Any, csrf: dict[str, str], name: str) -> None:
    for path, body in (
        ("session", {"name": name, "password": name}),
        ("session/invitation", {"secret": name, "password": PASSWORD}),
        ("session/password", {"old": name, "new": name}),
        ("people", {"name": name, "roles": ["clerk"]}),
        ("people", {"name": "x", "roles": [name]}),
        ("tokens", {"name": name, "scopes": ["read"], "days": 1}),
        ("webhooks", {"url": name}),
        ("webhooks", {"url": "https://127.0.0.1/", "types": [name]}),
        ("keys", {"key": name, "public_key": name, "proof": name}),
        ("visits", {"party": name}),
        ("visits/opened", {"secret": name}),
        ("visits/key", {"secret": name, "public_key": "0" * 64, "proof": "A" * 86 + "=="}),
    ):
        answer = client.post(f"/v1/{path}", json=body, headers=csrf)
        assert answer.status_code < 500, (path, answer.text)
        assert answer.is_json or answer.status_code == 204


@pytest.mark.parametrize(
    "place", ["//evil.example", "/\\evil.example", "/\t/evil.example", "/\r/evil.example", "/\n\\e"]
)
def test_who_comes_in_goes_on_to_this_server_and_to_no_other(api_on_sqlite: ApiWorld, place: str) -> None:
    for answer in (
        api_on_sqlite.client().get("/language/en", query_string={"next": place}),
        api_on_sqlite.client().post("/sign-in", data={"name": "shop", "password": PASSWORD, "next": place}),
    ):
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_file_name_longer_than_any_is_no_file(api_on_sqlite: ApiWorld) -> None:
    for path in ("a" * 300, "a/" * 3000):
        assert api_on_sqlite.client().get(f"/static/{path}").status_code == 404


def test_a_nul_in_a_form_is_told_alike_on_both_databases(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    for path in ("/admin/systems/tokens", "/admin/shared-devices", "/admin/people", "/sign-in"):
        form = {"name": "a\0b", "scope": "read", "days": "1", "role": "clerk", "password": "p"}
        assert client.post(path, data=form, headers=csrf).status_code == 400, path
    operator, csrf = api.logged_in("operator")
    form = {"name": "first", "role": "admin", "party": "party:\0"}
    assert operator.post("/admin/people", data=form, headers=csrf).status_code == 400
    assert client.get("/v1/search?q=x&q=%00").status_code == 400


def test_rubbish_instead_of_a_token_or_cookie_is_nobody(api: ApiWorld) -> None:
    for value in (
        "",
        "x",
        "wl_",
        "wl_aaaaaaaaaa_" + "A" * 43,
        "wv_" + "A" * 43,
        "\xff\xfe",
        "A" * 6000,
        "Bearer",
        "a b",
    ):
        assert api.client().get("/v1/keys", headers={"Authorization": f"Bearer {value}"}).status_code == 401
        client = api.client()
        client.set_cookie(browser.LOCAL_COOKIE, quote(value))
        assert client.get("/v1/keys").status_code == 401
    for header in ("Basic c2hvcDpzZWNyZXQ=", "Bearer", "bearer", "Token x", ""):
        assert api.client().get("/v1/keys", headers={"Authorization": header}).status_code == 401


def test_a_clerk_cannot_become_more_and_an_administrator_not_more_than_that(api: ApiWorld) -> None:
    """Privilege escalation."""
    admin, csrf_admin = api.logged_in("shop")
    made = admin.post("/v1/people", json={"name": "clerk", "roles": ["clerk"]}, headers=csrf_admin).json
    api.accounts.accept(made["secret"], PASSWORD)
    clerk, csrf = api.logged_in("clerk")
    me = clerk.get("/v1/session").json["account"]
    assert clerk.patch(f"/v1/people/{me}", json={"roles": ["admin"]}, headers=csrf).status_code == 403
    for roles in (["operator"], ["regulator"], ["admin", "operator"], ["clerk", "regulator"]):
        changed = admin.patch(f"/v1/people/{me}", json={"roles": roles}, headers=csrf_admin)
        invited = admin.post("/v1/people", json={"name": "x", "roles": roles, "regions": ["*"]}, headers=csrf_admin)
        assert (changed.status_code, invited.status_code) == (403, 403), roles
    for extra in ("party", "person", "account", "via", "admin"):
        offer = {"name": "x", "scopes": ["read"], "days": 1, extra: "operator"}
        assert admin.post("/v1/tokens", json=offer, headers=csrf_admin).status_code == 400
    elsewhere = {"name": "x", "roles": ["admin"], "party": api.device["stranger"].party}
    assert admin.post("/v1/people", json=elsewhere, headers=csrf_admin).status_code == 403


def test_a_change_of_roles_counts_from_the_next_request_of_an_open_session(api: ApiWorld) -> None:
    _, secret = api.accounts.invite(api.actor["shop"], name="second", roles=["admin"])
    api.accounts.accept(secret, PASSWORD)
    client, _ = api.logged_in("second")
    assert client.get("/v1/people").status_code == 200
    me = client.get("/v1/session").json["account"]
    api.accounts.set_roles(api.actor["shop"], me, ["clerk"])
    assert client.get("/v1/people").status_code == 403
    api.accounts.disable(api.actor["shop"], me)
    assert client.get("/v1/people").status_code == 401


def test_what_belongs_to_one_party_is_not_there_for_another(api: ApiWorld) -> None:
    """Tenant isolation, for everything that an administrator looks after."""
    shop, csrf = api.logged_in("shop")
    with Receiver().running() as receiver:
        hook = shop.post("/v1/webhooks", json={"url": receiver.url}, headers=csrf).json["id"]
    person = shop.post("/v1/people", json={"name": "clerk", "roles": ["clerk"]}, headers=csrf).json["id"]
    token = shop.post("/v1/tokens", json={"name": "t", "scopes": ["read"], "days": 1}, headers=csrf).json["id"]
    visit = shop.post("/v1/visits", json={"party": api.world.new("party")}, headers=csrf).json["key"]
    stranger, csrf_stranger = api.logged_in("stranger")
    for path in ("people", "tokens", "webhooks", "visits", "keys", "keys/waiting", "quarantine"):
        text = stranger.get(f"/v1/{path}").text
        for own in (hook, person, token, visit, api.device["shop"].party, api.device["shop"].stream):
            assert own not in text, path
    tries = [
        stranger.get(f"/v1/people/{person}"),
        stranger.patch(f"/v1/people/{person}", json={"disabled": True}, headers=csrf_stranger),
        stranger.post(f"/v1/people/{person}/reset", headers=csrf_stranger),
        stranger.delete(f"/v1/people/{person}", headers=csrf_stranger),
        stranger.delete(f"/v1/tokens/{token}", headers=csrf_stranger),
        stranger.delete(f"/v1/visits/{visit}", headers=csrf_stranger),
        stranger.get(f"/v1/webhooks/{hook}"),
        stranger.post(f"/v1/keys/{api.device['shop'].stream}/revoke", json={"reason": "lost"}, headers=csrf_stranger),
    ]
    assert [each.status_code for each in tries] == [404] * len(tries)


def test_who_asks_is_believed_from_our_own_proxy_and_from_nobody_else(tmp_path: Path, sqlite_url: str) -> None:
    """Otherwise a throttled address would name itself anew with each try."""
    for proxies, expected in ((0, [401] * 5 + [429]), (1, [401] * 6)):
        api = ApiWorld.create(f"{sqlite_url}{proxies}", tmp_path / str(proxies), proxies=proxies)
        body = {"name": "shop", "password": "wrong password"}
        statuses = [
            api.client().post("/v1/session", json=body, headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
            for n in range(6)
        ]
        assert statuses == expected
        api.close()
