"""A tablet that several people share: a badge or a PIN lets a clerk in there, and nowhere else."""

from __future__ import annotations

import re
from typing import Any

from api import browser
from ledger.accounts import Actor
from ledger.accounts.shared import SharedDevices
from tests.integration.pages.test_admin import visitor
from tests.support.api_world import ApiWorld

PIN = "481516"


def tablet(api: ApiWorld) -> Any:
    """A browser that the shop's administrator has made a shared device."""
    client, token = visitor(api, "shop")
    answer = client.post("/admin/shared-devices", data=token | {"name": "危废库平板"})
    assert answer.status_code == 303 and client.get_cookie(browser.LOCAL_COOKIE) is None
    return client


def badge_of(api: ApiWorld, name: str) -> str:
    who: Actor = api.actor[name]
    shared: SharedDevices = api.accounts.shared
    return shared.set_pin(who, PIN)


def clerk(api: ApiWorld, name: str = "a-clerk", party: str = "shop") -> str:
    api.join(name, "clerk", api.actor[party].party)
    return badge_of(api, name)


def test_a_badge_alone_or_name_and_pin_let_a_clerk_in_on_the_shared_device(api: ApiWorld) -> None:
    badge, client = clerk(api), tablet(api)
    page = client.get("/sign-in")
    assert "危废库平板" in page.text and "a-clerk" in page.text
    for form in ({"badge": badge}, {"name": "a-clerk", "pin": PIN}):
        assert client.post("/sign-in/shared", data=form).status_code == 303
        assert client.get("/scan").status_code == 200
        client.delete_cookie(browser.LOCAL_COOKIE)


def test_neither_counts_on_another_device_for_another_party_or_when_it_is_wrong(api: ApiWorld) -> None:
    badge, foreign = clerk(api), clerk(api, "their-clerk", "stranger")
    assert api.client().post("/sign-in/shared", data={"badge": badge}).status_code == 401
    client = tablet(api)
    for form in ({"badge": foreign}, {"badge": badge + "x"}, {"name": "a-clerk", "pin": "481517"}, {}):
        assert client.post("/sign-in/shared", data=form).status_code == 401, form


def test_what_was_lost_counts_no_longer_and_guessing_is_stopped(api: ApiWorld) -> None:
    badge, client = clerk(api), tablet(api)
    admin, token = visitor(api, "shop")
    account = next(each.id for each in api.accounts.people(api.actor["shop"]) if each.name == "a-clerk")
    assert admin.post(f"/admin/people/{account}/badge/drop", data=token).status_code == 303
    assert client.post("/sign-in/shared", data={"badge": badge}).status_code == 401
    badge = badge_of(api, "a-clerk")
    device = re.search(r"/admin/shared-devices/([0-9a-f-]{36})/drop", admin.get("/admin/devices").text)
    assert device is not None and admin.post(device.group(), data=token).status_code == 303
    assert client.post("/sign-in/shared", data={"badge": badge}).status_code == 401
    client = tablet(api)
    tries = [client.post("/sign-in/shared", data={"name": "a-clerk", "pin": f"{n}23579"}) for n in range(8)]
    assert tries[-1].status_code == 429


def test_administrators_come_in_by_password_only_and_weak_pins_are_refused(api: ApiWorld) -> None:
    badge, client = badge_of(api, "shop"), tablet(api)
    assert client.post("/sign-in/shared", data={"badge": badge}).status_code == 401
    api.join("a-clerk", "clerk", api.actor["shop"].party)
    hand, token = visitor(api, "a-clerk")
    for pin in ("123456", "111111", "12345", "12a456"):
        assert hand.post("/admin/me/badge", data=token | {"pin": pin}).status_code == 422, pin
    shown = hand.post("/admin/me/badge", data=token | {"pin": PIN})
    assert shown.status_code == 200 and "<svg" in shown.text
