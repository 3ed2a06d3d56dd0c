"""What an administrator does in a browser: people, keys, places, licences, plans."""

from __future__ import annotations

import re
from typing import Any

from api import browser
from tests.support.api_world import PASSWORD, ApiWorld


def visitor(api: ApiWorld, name: str) -> tuple[Any, dict[str, str]]:
    """A browser of somebody logged in, and the field that its forms carry."""
    client, headers = api.logged_in(name)
    return client, {browser.CSRF_FIELD: headers[browser.CSRF_HEADER]}


def keep_key(api: ApiWorld, name: str) -> None:
    """The server keeps a key for an administrator, who was vouched for by the party's own device."""
    who = api.actor[name]
    body = api.world.ledger.keep_key(party=who.party, person=who.person) | {"admin": True}
    assert api.say(name, "key-enrolled", body).status_code == 201


def test_a_new_clerk_is_invited_sets_a_password_and_gets_a_key_that_is_confirmed(api: ApiWorld) -> None:
    keep_key(api, "shop")
    client, token = visitor(api, "shop")
    page = client.post("/admin/people", data=token | {"name": "new-clerk", "role": ["clerk"]})
    link = re.search(r"/admin/invitation/[^<\s]+", page.text)
    assert page.status_code == 200 and link is not None
    newcomer = api.client()
    assert newcomer.get(link.group()).status_code == 200
    word = "a longer secret of mine"
    assert newcomer.post(link.group(), data={"new": word, "again": "another"}).status_code == 422
    assert newcomer.post(link.group(), data={"new": word, "again": word}).status_code == 303
    assert newcomer.post("/sign-in", data={"name": "new-clerk", "password": word}).location == "/"

    waiting = client.get("/admin/devices")
    key = re.search(r"/admin/devices/(key:[0-9a-f-]{36})/confirm", waiting.text)
    assert key is not None
    assert client.post(key.group(), data=token).status_code == 303
    assert "没有等待确认的密钥" in client.get("/admin/devices").text


def test_who_is_not_confirmed_yet_is_told_who_has_to_do_what(api: ApiWorld) -> None:
    who = api.join("early", "clerk", api.device["shop"].party)
    api.world.ledger.keep_key(party=who.party, person=who.person)
    drum = api.drum()
    client, token = visitor(api, "early")
    answer = client.post(f"/containers/{drum}/weigh", data=token | {"net": "180", "id": api.world.uuid7()})
    assert (answer.status_code, "请本单位管理员在“管理”的“设备与密钥”中确认" in answer.text) == (409, True)


def test_an_operator_makes_the_first_administrator_of_a_registered_enterprise(api: ApiWorld) -> None:
    client, token = visitor(api, "operator")
    party = api.world.party("newcomer").party
    api.follow()
    form = client.get("/admin/people").text
    assert f'<option value="{party}"' in form and 'value="admin"' in form and 'value="clerk"' not in form
    made = client.post("/admin/people", data=token | {"name": "first", "role": "admin", "party": party})
    assert "/admin/invitation/" in made.text and "由主管部门（登记）" in made.text
    second = client.post("/admin/people", data=token | {"name": "second", "role": "admin", "party": party})
    assert second.status_code == 403, "the first one gives the further roles"


def test_another_party_sees_nothing_of_it_and_clerks_may_not_invite(api: ApiWorld) -> None:
    client, token = visitor(api, "shop")
    client.post("/admin/people", data=token | {"name": "somebody", "role": ["clerk"]})
    stranger, _ = visitor(api, "stranger")
    assert "somebody" not in stranger.get("/admin/people").text
    api.join("a-clerk", "clerk", api.actor["shop"].party)
    clerk, _ = visitor(api, "a-clerk")
    assert clerk.get("/admin/people").status_code == 403


def test_a_change_without_the_pages_own_token_is_refused(api: ApiWorld) -> None:
    client, _ = visitor(api, "shop")
    assert client.post("/admin/people", data={"name": "x", "role": ["clerk"]}).status_code == 403
    assert "x" not in [each.name for each in api.accounts.people(api.actor["shop"])]


def test_places_kinds_of_waste_licences_and_plans_are_registered_and_shown(api: ApiWorld) -> None:
    keep_key(api, "shop")
    client, token = visitor(api, "shop")
    site = api.yard["shop"]["site"]
    forms: dict[str, dict[str, str]] = {
        "/admin/places/profile": {"name": "废机油", "code": "900-249-08", "form": "liquid", "hazards": "T,I"},
        "/admin/places/facility": {
            "site": site, "code": "TS009", "purpose": "store", "capacity": "3", "zones": "甲 乙",
        },
        "/admin/licences": {
            "number": "示 9 号", "kind": "own-facility", "valid_from": "2026-01-01", "valid_until": "2029-01-01",
        },
        "/admin/plans": {"site": site, "year": "2026", "code": "900-249-08", "generated": "2.5", "entrusted": "2"},
    }  # fmt: skip
    for path, form in forms.items():
        answer = client.post(path, data=token | form)
        assert answer.status_code == 303, (path, answer.text)
    shown = client.get("/admin/places").text
    assert "废机油" in shown and "TS009" in shown and "甲 乙" in shown and "3 t" in shown
    assert "本单位登记" in client.get("/admin/licences").text
    assert "2.5 t" in client.get("/admin/plans?year=2026").text
    csv = client.get("/admin/plans?year=2026&as=csv")
    assert csv.content_type.startswith("text/csv") and "2500000" in csv.text


def test_bad_input_is_told_and_nothing_is_written(api: ApiWorld) -> None:
    keep_key(api, "shop")
    client, token = visitor(api, "shop")
    size = api.world.ledger.size()
    for path, form in (
        ("/admin/places/profile", {"name": "x", "code": "not a code", "form": "liquid"}),
        ("/admin/places/profile", {"name": "", "code": "900-249-08", "form": "liquid"}),
        ("/admin/plans", {"site": "x", "year": "this year"}),
        (
            "/admin/plans",
            {"site": "x", "year": "2026", "code": "900-249-08", "generated": "2.55555555", "entrusted": ""},
        ),
        ("/admin/plans", {"site": "x", "year": "2026", "code": "900-249-08", "generated": "2"}),
    ):
        assert client.post(path, data=token | form).status_code == 422, path
    assert client.post("/admin/places/nonsense", data=token).status_code == 404
    assert api.world.ledger.size() == size


def test_one_changes_ones_own_password(api: ApiWorld) -> None:
    client, token = visitor(api, "shop")
    new = "quite another long secret"
    answer = client.post("/admin/me/password", data=token | {"old": PASSWORD, "new": new, "again": new})
    assert answer.status_code == 303
    assert api.client().post("/sign-in", data={"name": "shop", "password": PASSWORD}).status_code == 401
    assert api.client().post("/sign-in", data={"name": "shop", "password": new}).status_code == 303
