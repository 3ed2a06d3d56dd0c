"""Coming in by an organisation's own log-in: a real provider in another process, right tokens and every wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pyotp
import pytest

from api import browser
from ledger.bootstrap import open_provider
from ledger.settings import OidcSettings
from tests.integration.pages.test_admin import visitor
from tests.support import issuer as issuers
from tests.support.api_world import PASSWORD, ApiWorld
from tests.support.check import check_ledger
from tests.support.issuer import FAULTS, Issuer


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with issuers.running(tmp_path_factory.mktemp("issuer")) as made:
        yield made


@pytest.fixture
def api(sqlite_url: str, tmp_path: Path, issuer: Issuer) -> Iterator[ApiWorld]:
    made = ApiWorld.create(sqlite_url, tmp_path, provider=open_provider(issuer.settings))
    yield made
    made.follow()
    check_ledger(made.world.ledger)
    made.close()


def go(client: Any, issuer: Issuer, subject: str, fault: str = "") -> Any:
    """Sign in at the provider and come back."""
    start = client.get("/sign-in/oidc/start?next=/stores")
    assert start.status_code == 303 and start.location.startswith(f"{issuer.url}/authorize?")
    return client.get(issuer.log_in(start.location, subject, fault))


def onward(client: Any, token: dict[str, str]) -> str:
    """Where somebody is led who wants to link the own account."""
    page = client.post("/admin/me/link", data=token | {"password": PASSWORD})
    found = re.search(r'class="button main" href="(http[^"]+)"', page.text)
    assert page.status_code == 200 and found is not None
    return unescape(found.group(1))


def link(api: ApiWorld, issuer: Issuer, name: str, subject: str) -> tuple[Any, dict[str, str]]:
    client, token = visitor(api, name)
    back = client.get(issuer.log_in(onward(client, token), subject))
    assert (back.status_code, back.location) == (303, "/admin/me?changed=link")
    return client, token


def test_a_linked_person_comes_in_and_goes_on_to_where_they_wanted(api: ApiWorld, issuer: Issuer) -> None:
    link(api, issuer, "shop", "u-1")
    client = api.client()
    assert "/sign-in/oidc/start" in client.get("/sign-in").text
    back = go(client, issuer, "u-1")
    assert (back.status_code, back.location) == (303, "/stores")
    assert client.get("/stores").status_code == 200
    assert client.get_cookie(browser.LOCAL_BEGUN_COOKIE) is None


def test_whom_the_organisation_knows_but_no_account_names_is_told_what_to_do(api: ApiWorld, issuer: Issuer) -> None:
    before = len(api.accounts.everybody())
    refused = go(api.client(), issuer, "u-unknown")
    assert refused.status_code == 401 and "not-linked" in refused.text and "先用密码登录" in refused.text
    assert len(api.accounts.everybody()) == before


@pytest.mark.parametrize("fault", FAULTS)
def test_a_token_with_a_fault_lets_nobody_in(api: ApiWorld, issuer: Issuer, fault: str) -> None:
    link(api, issuer, "shop", "u-1")
    client = api.client()
    refused = go(client, issuer, "u-1", fault)
    told = re.search(r"重新登录：(.*)</p>", unescape(refused.text))
    assert refused.status_code == 401 and told is not None and FAULTS[fault] in told.group(1)
    assert refused.status_code == 401 and "oidc-refused" in refused.text
    assert client.get("/stores").status_code == 303


def test_a_way_in_ends_once_in_the_browser_that_began_it_and_soon(api: ApiWorld, issuer: Issuer) -> None:
    link(api, issuer, "shop", "u-1")
    client, thief = api.client(), api.client()
    start = client.get("/sign-in/oidc/start")
    kept = client.get_cookie(browser.LOCAL_BEGUN_COOKIE)
    back = issuer.log_in(start.location, "u-1")
    assert thief.get(back).status_code == 401, "another browser has not the secret"
    assert client.get(back).status_code == 303
    client.set_cookie(browser.LOCAL_BEGUN_COOKIE, kept.value)
    assert "重新登录：begun" in client.get(back).text, "the same state a second time"

    thief.get("/sign-in/oidc/start")
    other = issuer.log_in(api.client().get("/sign-in/oidc/start").location, "u-1")
    assert "重新登录：state" in thief.get(other).text, "another browser's state"

    late = api.client()
    back = issuer.log_in(late.get("/sign-in/oidc/start").location, "u-1")
    api.world.clock.ms += 600_001
    assert "重新登录：begun" in late.get(back).text


def test_a_refusal_of_the_provider_is_told(api: ApiWorld, issuer: Issuer) -> None:
    client = api.client()
    state = re.search(r"state=([0-9a-f]+)", client.get("/sign-in/oidc/start").location)
    assert state is not None
    assert "oidc-refused" in client.get(f"/sign-in/oidc?error=access_denied&state={state.group(1)}").text
    client.get("/sign-in/oidc/start")
    assert client.get("/sign-in/oidc?code=made-up").status_code == 401


def test_a_disabled_account_stays_outside_and_a_new_password_ends_the_link(api: ApiWorld, issuer: Issuer) -> None:
    clerk = api.join("a-clerk", "clerk", api.actor["shop"].party)
    link(api, issuer, "a-clerk", "u-2")
    api.accounts.disable(api.actor["shop"], clerk.account)
    assert go(api.client(), issuer, "u-2").status_code == 401
    api.accounts.disable(api.actor["shop"], clerk.account, False)
    assert go(api.client(), issuer, "u-2").status_code == 303
    api.accounts.accept(api.accounts.reset(api.actor["shop"], clerk.account), "a longer secret of mine")
    assert "not-linked" in go(api.client(), issuer, "u-2").text


def test_linking_asks_for_the_password_and_for_the_same_account_and_one_log_in_has_one(
    api: ApiWorld, issuer: Issuer
) -> None:
    client, token = link(api, issuer, "shop", "u-1")
    assert client.post("/admin/me/link", data=token | {"password": "another one"}).status_code == 401
    assert client.post("/admin/me/link", data={"password": PASSWORD}).status_code == 403

    stranger, theirs = visitor(api, "stranger")
    taken = stranger.get(issuer.log_in(onward(stranger, theirs), "u-1"))
    assert taken.status_code == 409 and "link-taken" in taken.text

    back = issuer.log_in(onward(stranger, theirs), "u-3")
    stranger.set_cookie(browser.LOCAL_COOKIE, api.session("carrier"))
    assert "oidc-refused" in stranger.get(back).text, "somebody else has signed in meanwhile"

    assert client.post("/admin/me/link/drop", data=token).status_code == 303
    assert "not-linked" in go(api.client(), issuer, "u-1").text


def test_one_time_codes_are_asked_of_the_password_and_not_of_the_provider(api: ApiWorld, issuer: Issuer) -> None:
    link(api, issuer, "shop", "u-1")
    secret, _ = api.accounts.offer_totp(api.actor["shop"])
    code = pyotp.TOTP(secret).at(api.world.clock() // 1000)
    api.accounts.set_totp(api.actor["shop"], secret, code, PASSWORD, address="192.0.2.1")
    assert api.client().post("/sign-in", data={"name": "shop", "password": PASSWORD}).status_code == 401
    assert go(api.client(), issuer, "u-1").status_code == 303


def test_a_provider_that_does_not_answer_is_named(sqlite_url: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    nobody = OidcSettings(issuer="http://127.0.0.1:1", client_id="x", secret_file=secret)
    api = ApiWorld.create(sqlite_url, tmp_path, provider=open_provider(nobody))
    told = api.get("/sign-in/oidc/start")
    assert told.status_code == 422 and "http://127.0.0.1:1" in told.text
    api.close()


def test_without_a_provider_nothing_is_offered(api_without: ApiWorld) -> None:
    assert api_without.get("/sign-in/oidc/start").status_code == 404
    assert api_without.get("/sign-in/oidc").status_code == 404
    assert "oidc" not in api_without.get("/sign-in").text


@pytest.fixture
def api_without(sqlite_url: str, tmp_path: Path) -> Iterator[ApiWorld]:
    made = ApiWorld.create(sqlite_url, tmp_path)
    yield made
    made.close()
