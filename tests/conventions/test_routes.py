"""Every address says who may call it and what it answers; every failure has a status; the description is exact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from api.auth import Right
from api.errors import STATUS, status_of
from api.pages.hints import HINTS
from ledger.custody.events import event_types
from tests.conventions.test_errors import all_errors
from tests.support.api_world import ApiWorld


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    folder = tmp_path_factory.mktemp("routes")
    made = ApiWorld.create(f"sqlite:///{folder / 'ledger.sqlite'}", folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def described(api: ApiWorld) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json").json
    return found


def test_every_view_decides_who_may_call_it_and_is_described(api: ApiWorld) -> None:
    for rule in api.app.url_map.iter_rules():
        view = api.app.view_functions[rule.endpoint]
        assert isinstance(getattr(view, "right", None), Right), f"{rule} decides nothing about who may call it"
        if rule.rule.startswith("/v1/"):
            assert hasattr(view, "operation"), f"{rule} is not described"


def test_the_public_addresses_are_these_and_no_others(api: ApiWorld) -> None:
    rules = {r.rule for r in api.app.url_map.iter_rules()}
    public = {r.rule for r in api.app.url_map.iter_rules() if right_of(api, r) is Right.PUBLIC}
    log = {"/checkpoint", "/checkpoint.unwitnessed", "/tile/<path:tile>", "/trust.json", "/policy.txt", "/v1/log"}
    running = {"/health", "/ready", "/openapi.json", "/docs"}
    entering = {r for r in rules if r.startswith(("/v1/session", "/v1/invitation", "/v1/visit"))}
    door = {"/", "/sign-in", "/sign-in/shared", "/language/<lang>", "/visit", "/admin/invitation/<secret>"}
    door |= {r for r in rules if r.startswith(("/sign-in/oidc", "/sign-in/passkey"))}
    pages = {"/static/<path:path>", "/parts/<path:path>", "/public", "/L/<code>"}
    shells = {"/shift", "/waiting", "/device", "/verifier", "/sw.js", "/manifest.webmanifest"}
    assert public - entering == log | running | door | pages | shells | {"/v1/labels/<label>"}


def right_of(api: ApiWorld, rule: Any) -> Right:
    right: Right = api.app.view_functions[rule.endpoint].right  # type: ignore[union-attr]
    return right


def test_every_failure_has_a_status_and_every_status_a_failure(api: ApiWorld) -> None:
    assert api.app.view_functions, "the application's own failures are loaded with it"
    codes = {error.code: status_of(error) for error in all_errors() if not error.__module__.startswith("cli.")}
    assert all(400 <= status < 600 for status in codes.values())
    mentioned = set(STATUS) - set(codes)
    assert mentioned == set(), f"the table names codes that nothing raises: {mentioned}"


def test_the_table_of_statuses_is_the_only_place_that_maps_codes_to_them() -> None:
    api_folder = Path(__file__).parents[2] / "api"
    pattern = re.compile(r"abort\(|HTTPStatus|errorhandler\(")
    found = [str(p) for p in api_folder.rglob("*.py") if pattern.search(p.read_text())]
    assert found == []


def test_the_description_is_valid_openapi_and_names_each_operation_once(described: dict[str, Any]) -> None:
    validate(described)
    assert described["openapi"].startswith("3.1")
    ids = [op["operationId"] for ops in described["paths"].values() for op in ops.values()]
    assert len(ids) == len(set(ids))


def test_every_event_that_people_may_say_has_an_address_and_a_schema(described: dict[str, Any]) -> None:
    custodial = {n for n, c in event_types().items() if c.author in ("anybody", "admin", "registrar-or-admin")}
    paths = {path.removeprefix("/v1/events/") for path in described["paths"] if path.startswith("/v1/events/")}
    assert paths == custodial
    for name in custodial:
        wanted = described["paths"][f"/v1/events/{name}"]["post"]["requestBody"]
        said = named(described, wanted["content"]["application/json"]["schema"])
        assert named(described, said["properties"]["body"])["additionalProperties"] is False


def named(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = described["components"]["schemas"][name] if name else schema
    return found


def test_the_page_of_the_description_needs_nothing_from_elsewhere(api: ApiWorld) -> None:
    page = api.get("/docs")
    assert page.status_code == 200
    assert re.findall(r'(?:src|href)="(?!#|/openapi\.json)', page.text) == []
    assert "<script" not in page.text
    assert all(f'href="#{name}"' in page.text for name in ("SubmissionIn", "Problem"))


def test_what_pages_are_for_is_told_of_pages_that_there_are(api: ApiWorld) -> None:
    assert HINTS.keys() <= api.app.view_functions.keys()
