"""Every role on every route: let in exactly where this table says so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from api import browser
from api.auth import Right
from tests.support.api_world import PASSWORD, ApiWorld

PERSONS = {"clerk", "driver", "disposer", "admin", "regulator", "operator"}
TOKENS = {"read token", "write token", "mirror token", "webhook token", "link"}
EVERYBODY = PERSONS | TOKENS | {"nobody"}

MAY: dict[Right, set[str]] = {
    Right.PUBLIC: EVERYBODY,
    Right.ANYBODY: PERSONS | TOKENS,
    Right.PERSON: PERSONS,
    Right.READ: PERSONS - {"operator"} | {"read token"},
    Right.SEND: PERSONS | {"write token", "link"},
    Right.ACT: {"clerk", "driver", "disposer", "admin"},
    Right.HANDLE: {"clerk", "disposer", "admin"},
    Right.MIRROR: {"mirror token"},
    Right.ADMINISTER: {"admin"},
    Right.OPERATE: {"operator"},
    Right.VERIFY: {"operator", "regulator"},
    Right.OVERSEE: {"regulator"},
    Right.PEOPLE: {"admin", "operator"},
    Right.TOKENS: {"admin", "regulator"},
    Right.WEBHOOKS: {"admin", "webhook token"},
}
"""Who may, by right: written down here a second time, on purpose."""

PUBLIC = {
    "health.", "log.", "labels.", "session.log_in", "session.accept", "visits.opened", "visits.offer_key",
    # Pages: coming in, what anybody may see, files without anybody's data, and what a link opens.
    "page_entrance.home", "page_entrance.sign_in", "page_entrance.come_in", "page_entrance.language",
    "page_organisation.start", "page_organisation.back",
    "page_passkeys.start", "page_passkeys.come_in",
    "page_admin.invitation", "page_admin.accept", "page_visits.visit", "page_files.", "page_found.", "page_disclosure.",
    "page_offline.shift", "page_offline.waiting", "page_offline.device", "page_offline.verifier", "page_offline.worker",
    "page_offline.installable",
}  # fmt: skip
"""Where a route may be public: these blueprints and views, and no other."""


class House:
    """One application, and one way in for each role."""

    def __init__(self, api: ApiWorld) -> None:
        self.api = api
        self.app: Flask = api.app
        self.app.config["STREAM_ENDS_AFTER_S"] = 0.0
        self.headers: dict[str, dict[str, str]] = {"nobody": {}}
        names = {"admin": "shop", "regulator": "regulator", "operator": "operator"}
        for role in ("clerk", "driver", "disposer"):
            names[role] = f"the-{role}"
            _, secret = api.accounts.invite(api.actor["shop"], name=names[role], roles=[role])
            api.accounts.accept(secret, PASSWORD)
        self.secrets = {role: api.session(name) for role, name in names.items()}
        for role, name, scope in (
            ("read token", "shop", "read"),
            ("write token", "shop", "statements:write"),
            ("webhook token", "shop", "webhooks"),
            ("mirror token", "regulator", "mirror"),
        ):
            self.headers[role] = {"Authorization": f"Bearer {api.issue(name, scope)}"}
        _, link = api.accounts.visits.invite(api.actor["shop"], api.world.new("party"))
        self.headers["link"] = {"Authorization": f"Bearer {link}"}

    def ask(self, role: str, method: str, path: str) -> Any:
        client: Any = self.app.test_client()
        headers = self.headers.get(role, {})
        if role in self.secrets:
            client.set_cookie(browser.LOCAL_COOKIE, self.secrets[role])
            headers = {browser.CSRF_HEADER: browser.csrf_token(self.secrets[role])}
        return client.open(path, method=method, json={} if method not in ("GET", "HEAD") else None, headers=headers)


APART = {
    ("session.log_out", "DELETE"), ("page_entrance.go_out", "POST"), ("page_admin.share_device", "POST"),
    ("page_entrance.home", "GET"),
}  # fmt: skip
"""Three end the session that the next question needs, one leads strangers to the door: each has a test of its own."""


def code_of(answer: Any) -> str | None:
    """The code of a failure, told as JSON, as a page, or by being led to the door."""
    if answer.is_json:
        return (answer.json or {}).get("code") if isinstance(answer.json, dict) else None
    if answer.status_code == 303 and answer.location.startswith("/sign-in"):
        return "not-logged-in"
    above = r"<code>([a-z-]+)</code></p>\s*(?:<details.*?</details>\s*)?</main>"
    told = re.search(above, answer.text) if answer.status_code >= 400 else None
    return None if told is None else told.group(1)


@pytest.fixture
def house(api_on_sqlite: ApiWorld) -> House:
    return House(api_on_sqlite)


def right_of(app: Flask, rule: Rule) -> Any:
    return getattr(app.view_functions[rule.endpoint], "right", None)


def routes(app: Flask) -> list[tuple[Rule, str, str]]:
    """Every route with one of its methods and an address that fits it."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            values = {
                name: "1" if "int" in str(rule._converters[name]).lower() else "none-such" for name in rule.arguments
            }
            built = rule.build(values)
            assert built is not None, rule
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                found.append((rule, method, built[1]))
    return found


def test_every_route_has_a_right_that_this_table_knows(house: House) -> None:
    for rule, method, _ in routes(house.app):
        right = right_of(house.app, rule)
        assert right in MAY, f"{method} {rule} has no right"
    assert set(MAY) == set(Right)


def test_no_route_is_public_that_should_not_be(house: House) -> None:
    public = {r.endpoint for r, *_ in routes(house.app) if right_of(house.app, r) is Right.PUBLIC}
    assert {each for each in public if not any(each.startswith(allowed) for allowed in PUBLIC)} == set()
    assert right_of(house.app, next(r for r, *_ in routes(house.app) if r.endpoint == "page_offline.shift_data")) is (
        Right.ACT
    )


def test_every_role_is_let_in_where_it_may_and_nowhere_else(house: House) -> None:
    wrong = []
    count = 0
    for rule, method, path in routes(house.app):
        right = right_of(house.app, rule)
        if (rule.endpoint, method) in APART:
            continue
        for role in sorted(EVERYBODY):
            answer = house.ask(role, method, path)
            code = code_of(answer)
            let_in = code not in ("not-logged-in", "not-allowed")
            expected = role in MAY[right]
            page = rule.endpoint.startswith("page_")
            told_who = answer.status_code == ((303 if page else 401) if role == "nobody" else 403)
            if let_in != expected or (not expected and not told_who) or answer.status_code >= 500:
                wrong.append(f"{role} {method} {rule}: {answer.status_code} {code}, expected {right.name}")
            answer.close()
            count += 1
    assert wrong == []
    assert count > 40 * len(EVERYBODY)
