"""A passkey lets its person in without password and code; what does not prove it is refused."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api import browser
from tests.integration.pages.test_admin import visitor
from tests.support.api_world import PASSWORD, ApiWorld
from tests.support.authenticator import PRESENT, Authenticator


def add(api: ApiWorld, name: str, authenticator: Authenticator) -> tuple[Any, dict[str, str], Any]:
    """Somebody's browser, the field of its forms, and the answer to adding the passkey."""
    client, token = visitor(api, name)
    options = client.post("/admin/me/passkey/start", data=token | {"password": PASSWORD})
    assert options.json["authenticatorSelection"]["userVerification"] == "required"
    assert options.json["authenticatorSelection"]["residentKey"] == "required"
    made = client.post("/admin/me/passkey", data=token | {"credential": authenticator.make(options.json)})
    return client, token, made


def come_in(client: Any, authenticator: Authenticator) -> Any:
    options = client.post("/sign-in/passkey/start").json
    assert options["userVerification"] == "required" and options["allowCredentials"] == []
    return client.post("/sign-in/passkey", data={"credential": authenticator.sign(options), "next": "/stores"})


def test_a_passkey_alone_lets_in_whoever_added_it_also_where_codes_are_asked_for(api: ApiWorld) -> None:
    mine = Authenticator()
    assert add(api, "shop", mine)[2].status_code == 303
    secret, _ = api.accounts.offer_totp(api.actor["shop"])
    code = pyotp.TOTP(secret).at(api.world.clock() // 1000)
    api.accounts.set_totp(api.actor["shop"], secret, code, PASSWORD, address="192.0.2.1")
    client = api.client()
    answer = come_in(client, mine)
    assert (answer.status_code, answer.location) == (303, "/stores")
    assert "上次使用" in client.get("/admin/me").text
    who = api.accounts.actor_for_session(client.get_cookie(browser.LOCAL_COOKIE).value)
    assert who is not None and who.person == api.actor["shop"].person


WRONG = {
    "not verified": Authenticator(flags=PRESENT),
    "another site's page": Authenticator(origin="https://example.cn"),
    "another site's key": Authenticator(host="example.cn"),
    "another key": Authenticator(key=ec.generate_private_key(ec.SECP256R1())),
    "unknown": Authenticator(id=b"another id"),
    "counted back": Authenticator(count=4),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_prove_the_passkey_lets_nobody_in(api: ApiWorld, what: str) -> None:
    mine = Authenticator(count=5)
    add(api, "shop", mine)
    wrong = WRONG[what]
    if what != "another key":
        wrong.key = mine.key
    if what != "counted back":
        wrong.count = 6
    client = api.client()
    refused = come_in(client, wrong)
    assert refused.status_code == 401 and "通行密钥未被接受" in refused.text
    assert client.get_cookie(browser.LOCAL_COOKIE) is None
    mine.count = 6
    assert come_in(client, mine).status_code == 303


def test_a_challenge_counts_once_in_its_own_browser_and_soon(api: ApiWorld) -> None:
    mine = Authenticator()
    add(api, "shop", mine)
    client, thief = api.client(), api.client()
    options = client.post("/sign-in/passkey/start").json
    kept = client.get_cookie(browser.LOCAL_BEGUN_COOKIE).value
    form = {"credential": mine.sign(options)}
    assert thief.post("/sign-in/passkey", data=form).status_code == 401
    thief.post("/sign-in/passkey/start")
    assert thief.post("/sign-in/passkey", data=form).status_code == 401
    assert client.post("/sign-in/passkey", data=form).status_code == 303
    again = api.client()
    again.set_cookie(browser.LOCAL_BEGUN_COOKIE, kept)
    assert again.post("/sign-in/passkey", data=form).status_code == 401

    form = {"credential": mine.sign(again.post("/sign-in/passkey/start").json)}
    api.world.clock.ms += 600_001
    assert again.post("/sign-in/passkey", data=form).status_code == 401
    for nonsense in ("", "{}", "[]", "null", '{"id": 1}'):
        again.post("/sign-in/passkey/start")
        assert again.post("/sign-in/passkey", data={"credential": nonsense}).status_code == 401, nonsense
    foreign = {"Origin": "https://example.cn"}
    assert again.post("/sign-in/passkey/start", headers=foreign).status_code == 403


def test_adding_asks_for_the_password_and_a_verified_person_and_nobody_adds_another_ones(api: ApiWorld) -> None:
    client, token = visitor(api, "shop")
    assert client.post("/admin/me/passkey/start", data=token | {"password": "another one"}).status_code == 401
    assert client.post("/admin/me/passkey/start", data={"password": PASSWORD}).status_code == 403
    for wrong in (Authenticator(flags=PRESENT), Authenticator(origin="https://example.cn")):
        assert add(api, "shop", wrong)[2].status_code == 401
    options = api.client().post("/sign-in/passkey/start")
    client.set_cookie(browser.LOCAL_BEGUN_COOKIE, re.findall("begun-local=([^;]+)", options.headers["Set-Cookie"])[0])
    made = client.post("/admin/me/passkey", data=token | {"credential": Authenticator().make(options.json)})
    assert made.status_code == 401, "begun for coming in, without a password"
    mine = Authenticator()
    assert add(api, "shop", mine)[2].status_code == 303
    assert add(api, "stranger", mine)[2].status_code == 401, "the same credential"


def test_removed_disabled_and_reset_a_passkey_lets_in_no_longer(api: ApiWorld) -> None:
    mine = Authenticator()
    clerk = api.join("a-clerk", "clerk", api.actor["shop"].party)
    client, token, _ = add(api, "a-clerk", mine)
    api.accounts.disable(api.actor["shop"], clerk.account)
    assert come_in(api.client(), mine).status_code == 401
    api.accounts.disable(api.actor["shop"], clerk.account, False)
    assert come_in(api.client(), mine).status_code == 303

    stranger, theirs = visitor(api, "stranger")
    drop = f"/admin/me/passkey/{mine.id.hex()}/drop"
    assert stranger.post(drop, data=theirs).status_code == 404
    client, token = visitor(api, "a-clerk")
    assert client.post(drop, data=token).status_code == 303
    assert come_in(api.client(), mine).status_code == 401

    add(api, "a-clerk", mine)
    api.accounts.accept(api.accounts.reset(api.actor["shop"], clerk.account), "a longer secret of mine")
    assert come_in(api.client(), mine).status_code == 401
