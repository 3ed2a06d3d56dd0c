"""Tokens and webhooks in the browser: made and shown once, tested, ended; nobody sees another party's."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.integration.pages.test_admin import visitor
from tests.support.api_world import ApiWorld
from tests.support.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as running:
        yield running


def test_an_administrator_makes_a_token_that_works_until_it_is_revoked(api: ApiWorld) -> None:
    client, token = visitor(api, "shop")
    page = client.post("/admin/systems/tokens", data=token | {"name": "二号汽车衡", "scope": ["read"], "days": "30"})
    secret = re.search(r"<code>(wl_[^<]+)</code>", page.text)
    assert page.status_code == 200 and secret is not None
    headers = {"Authorization": f"Bearer {secret[1]}"}
    assert api.client().get("/v1/containers", headers=headers).status_code == 200
    listed = client.get("/admin/systems").text
    assert "二号汽车衡" in listed and secret[1] not in listed
    revoke = re.findall(r"/admin/systems/tokens/[0-9a-f-]{36}/revoke", listed.partition("二号汽车衡")[2])[0]
    stranger, other = visitor(api, "stranger")
    assert "二号汽车衡" not in stranger.get("/admin/systems").text
    assert stranger.post(revoke, data=other).status_code == 404
    assert client.post(revoke, data=token).status_code == 303
    assert api.client().get("/v1/containers", headers=headers).status_code == 401
    assert "已作废" in client.get("/admin/systems").text


def test_a_token_whose_maker_has_left_says_so_and_can_be_revoked(api: ApiWorld) -> None:
    party = api.device["shop"].party
    leaver = api.join("leaver", "admin", party)
    secret = api.issue("leaver", "read")
    client, token = visitor(api, "shop")
    assert "生成人账号已停用" not in client.get("/admin/systems").text
    api.accounts.disable(api.actor["shop"], leaver.account)
    page = client.get("/admin/systems").text
    assert "生成人账号已停用" in page
    headers = {"Authorization": f"Bearer {secret}"}
    assert api.client().get("/v1/containers", headers=headers).status_code == 200  # the party's scale goes on weighing
    revoke = re.findall(r"/admin/systems/tokens/[0-9a-f-]{36}/revoke", page.partition("生成人账号已停用")[2])[0]
    assert client.post(revoke, data=token).status_code == 303
    assert api.client().get("/v1/containers", headers=headers).status_code == 401


def test_what_a_token_cannot_be_is_said(api: ApiWorld) -> None:
    client, token = visitor(api, "shop")
    good = token | {"name": "x", "scope": ["read"], "days": "30"}
    wrongs: list[dict[str, object]] = [
        {"days": "soon"},
        {"days": "400"},
        {"scope": ["mirror"]},
        {"scope": []},
        {"name": " "},
    ]
    for wrong in wrongs:
        assert client.post("/admin/systems/tokens", data=good | wrong).status_code in (403, 422), wrong
    api.join("weigher", "clerk", api.device["shop"].party)
    clerk, _ = visitor(api, "weigher")
    assert clerk.get("/admin/systems").status_code == 403


def test_a_regulator_makes_a_token_for_a_witness(api: ApiWorld) -> None:
    client, token = visitor(api, "regulator")
    assert "/admin/systems" in client.get("/admin").text
    page = client.post("/admin/systems/tokens", data=token | {"name": "见证", "scope": ["mirror"], "days": "366"})
    secret = re.search(r"<code>(wl_[^<]+)</code>", page.text)
    assert secret is not None and "/admin/systems/webhooks" not in page.text
    headers = {"Authorization": f"Bearer {secret[1]}"}
    assert api.client().get("/tile/entries/000.p/1", headers=headers).status_code == 200


def test_a_webhook_is_added_tested_and_removed(api: ApiWorld, receiver: Receiver) -> None:
    client, token = visitor(api, "shop")
    url = receiver.url
    page = client.post("/admin/systems/webhooks", data=token | {"url": url, "type": ["container-filled"]})
    assert page.status_code == 200 and "whsec_" in page.text
    hook = re.findall(r"/admin/systems/webhooks/[0-9a-f-]{36}", page.text)[-1]
    assert client.post(f"{hook}/test", data=token).status_code == 303
    shown = client.get(hook).text
    assert url in shown and "待送" in shown and "测试" in shown and "whsec_" not in shown
    api.webhooks.deliver()
    assert "已送达" in client.get(hook).text and len(receiver.posts) == 1
    assert "whsec_" in client.post(f"{hook}/secret", data=token).text
    assert client.post(f"{hook}/replay", data=token | {"index": "0"}).status_code == 303
    assert client.post(f"{hook}/replay", data=token | {"index": "-1"}).status_code == 422
    stranger, other = visitor(api, "stranger")
    assert stranger.get(hook).status_code == 404
    assert stranger.post(f"{hook}/remove", data=other).status_code == 404
    assert client.post(f"{hook}/remove", data=token).status_code == 303
    assert client.get(hook).status_code == 404
    inside = client.post("/admin/systems/webhooks", data=token | {"url": "https://10.0.0.1/x"})
    assert inside.status_code == 422
