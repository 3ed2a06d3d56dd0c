"""A browser's session: safe cookies, a proof for every change, nothing fixed beforehand, nothing left afterwards."""

from __future__ import annotations

import pyotp

from api import browser
from tests.support.api_world import PASSWORD, ApiWorld

LOG_IN = {"name": "shop", "password": PASSWORD}


def test_logging_in_sets_a_cookie_that_no_script_and_no_other_site_can_use(api: ApiWorld) -> None:
    answer = api.client().post("/v1/session", json=LOG_IN, base_url="https://ledger.example")
    assert answer.status_code == 201
    (cookie,) = answer.headers.getlist("Set-Cookie")
    name, _, attributes = cookie.partition("=")
    assert name == "__Host-wasteledger"
    parts = {each.strip().lower() for each in attributes.split(";")}
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= parts and not any("domain" in p for p in parts)
    assert answer.headers["Cache-Control"] == "no-store"
    local = api.client().post("/v1/session", json=LOG_IN, base_url="http://localhost:8080").headers["Set-Cookie"]
    assert "Secure" not in local and "HttpOnly" in local
    plain = api.client().post("/v1/session", json=LOG_IN, base_url="http://ledger.lan").headers["Set-Cookie"]
    assert "Secure" in plain  # so that over plain http it is never sent back


def test_a_session_knows_its_person_until_it_is_ended(api: ApiWorld) -> None:
    client = api.client()
    assert client.get("/v1/session").status_code == 401
    told = client.post("/v1/session", json=LOG_IN).json
    me = client.get("/v1/session").json
    assert me == told and me["roles"] == ["admin"] and me["party"] == api.device["shop"].party
    assert client.delete("/v1/session", headers={browser.CSRF_HEADER: me["csrf_token"]}).status_code == 204
    assert client.get("/v1/session").status_code == 401


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(api: ApiWorld) -> None:
    answers = [
        api.client().post(
            "/v1/session", json={"name": name, "password": "wrong password"}, headers={"Accept-Language": "en"}
        )
        for name in ("shop", "nobody")
    ]
    assert [a.status_code for a in answers] == [401, 401]
    assert answers[0].json == answers[1].json
    assert answers[0].json["code"] == "login-refused"
    assert "Set-Cookie" not in answers[0].headers


def test_after_too_many_tries_the_answer_says_when_to_come_back(api: ApiWorld) -> None:
    for _ in range(5):
        assert api.client().post("/v1/session", json=LOG_IN | {"password": "x"}).status_code == 401
    answer = api.client().post("/v1/session", json=LOG_IN)
    assert (answer.status_code, answer.json["code"]) == (429, "login-throttled")
    assert 0 < int(answer.headers["Retry-After"]) <= 900


def test_a_secret_that_was_planted_before_logging_in_is_worth_nothing_after(api: ApiWorld) -> None:
    """Session fixation."""
    client = api.client()
    client.set_cookie(browser.LOCAL_COOKIE, "planted")
    client.post("/v1/session", json=LOG_IN)
    cookie = client.get_cookie(browser.LOCAL_COOKIE)
    assert cookie is not None and cookie.value != "planted"
    thief = api.client()
    thief.set_cookie(browser.LOCAL_COOKIE, "planted")
    assert thief.get("/v1/session").status_code == 401
    before = cookie.value
    client.post("/v1/session", json=LOG_IN)  # and the session that a browser had ends when it logs in anew
    thief.set_cookie(browser.LOCAL_COOKIE, before)
    assert thief.get("/v1/session").status_code == 401


def test_a_change_without_the_sessions_own_token_is_refused(api: ApiWorld) -> None:
    """Cross-site request forgery."""
    client, right = api.logged_in("shop")
    _, of_another = api.logged_in("shop")
    body = {"name": "ERP", "scopes": ["read"], "days": 1}
    refused = [
        {},
        {browser.CSRF_HEADER: ""},
        {browser.CSRF_HEADER: "0" * 64},
        of_another,
        right | {"Origin": "https://evil.example"},
        right | {"Origin": "null"},
        right | {"Sec-Fetch-Site": "cross-site"},
        right | {"Sec-Fetch-Site": "same-site"},
    ]
    for headers in refused:
        answer = client.post("/v1/tokens", json=body, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (403, "csrf-refused"), headers
    assert client.get("/v1/tokens").json["items"] != [] and len(api.accounts.tokens.listed(api.actor["shop"])) == 1
    allowed = right | {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/tokens", json=body, headers=allowed).status_code == 201


def test_another_site_cannot_log_a_browser_in(api: ApiWorld) -> None:
    answer = api.client().post("/v1/session", json=LOG_IN, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json["code"]) == (403, "csrf-refused")
    form = api.client().post("/v1/session", data=LOG_IN)  # what a form of another site can send
    assert form.status_code == 415


def test_a_token_in_the_header_needs_no_csrf_proof_and_beats_the_cookie(api: ApiWorld) -> None:
    client, _ = api.logged_in("shop")
    me = client.get("/v1/session", headers={"Authorization": f"Bearer {api.token['stranger']}"}).json
    assert (me["via"], me["party"]) == ("token", api.device["stranger"].party)
    assert client.get("/v1/session", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_changing_the_password_asks_for_the_old_one_and_ends_other_sessions(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    other, _ = api.logged_in("shop")
    wrong = client.post("/v1/session/password", json={"old": "x", "new": "another good one"}, headers=csrf)
    assert wrong.json["code"] == "login-refused"
    weak = client.post("/v1/session/password", json={"old": PASSWORD, "new": "1234567890"}, headers=csrf)
    assert (weak.status_code, weak.json["code"]) == (422, "password-weak")
    done = client.post("/v1/session/password", json={"old": PASSWORD, "new": "another good one"}, headers=csrf)
    assert done.status_code == 204
    assert client.get("/v1/session").status_code == 200
    assert other.get("/v1/session").status_code == 401


def test_one_time_codes_are_switched_on_asked_for_and_switched_off(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    offered = client.post("/v1/session/totp", headers=csrf).json
    totp = pyotp.TOTP(offered["secret"])
    code = totp.at(api.world.clock() // 1000)
    body = {"secret": offered["secret"], "code": code, "password": PASSWORD}
    assert client.put("/v1/session/totp", json=body | {"password": "x"}, headers=csrf).status_code == 401
    assert client.put("/v1/session/totp", json=body, headers=csrf).status_code == 204
    assert api.client().post("/v1/session", json=LOG_IN).json["code"] == "code-needed"
    api.world.clock.advance(ms=30_000)
    code = totp.at(api.world.clock() // 1000)
    assert api.client().post("/v1/session", json=LOG_IN | {"code": code}).status_code == 201
    assert client.put("/v1/session/totp", json={"password": PASSWORD}, headers=csrf).status_code == 204
    assert api.client().post("/v1/session", json=LOG_IN).status_code == 201


def test_an_invited_person_sets_a_password_and_comes_in(api: ApiWorld) -> None:
    client, csrf = api.logged_in("shop")
    invited = client.post("/v1/people", json={"name": "李四", "roles": ["clerk"]}, headers=csrf)
    assert invited.status_code == 201, invited.json
    guest = api.client()
    taken = {"secret": invited.json["secret"], "password": PASSWORD}
    assert guest.post("/v1/session/invitation", json=taken).status_code == 204
    assert guest.post("/v1/session/invitation", json=taken).json["code"] == "link-invalid"
    assert guest.post("/v1/session", json={"name": "李四", "password": PASSWORD}).json["roles"] == ["clerk"]
