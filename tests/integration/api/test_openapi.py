"""The description is exactly true: whatever is sent, every answer is one that it names and none is our failure."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineEvent, FatalError, NonFatalError, ScenarioFinished
from werkzeug.serving import make_server

from api import browser
from tests.support.api_world import ApiWorld

# 422 is for what has the form and cannot be meant, such as a day that does not exist; 429 for guessing.
MEANT_WRONG = ["2xx", "401", "403", "404", "409", "422", "429"]


@pytest.fixture
def api(sqlite_url: str, tmp_path: Any) -> Iterator[ApiWorld]:
    """A park in which the shop's person speaks through a key that the server keeps."""
    made = ApiWorld.create(sqlite_url, tmp_path)
    actor = made.actor["shop"]
    kept = made.world.ledger.keep_key(party=actor.party, person=actor.person)
    assert made.say("shop", "key-enrolled", kept).status_code == 201
    made.manifest(made.drum())
    yield made
    made.close()


# All events are alike to who may send none of them; logging out would end what is tried after it.
OTHER_EVENTS = r"^/v1/events/(?!container-filled$|manifest-received$)"
LEAVING = rf"{OTHER_EVENTS}|^/v1/session$|^/v1/session/password$"


def test_nobody_gets_an_answer_that_is_not_described(api: ApiWorld) -> None:
    assert list(wrong(api, {}, without=OTHER_EVENTS)) == []


@pytest.mark.parametrize(("without", "edges"), [(LEAVING, True), ("^(?!/v1/events/)", False)], ids=["most", "events"])
def test_a_person_logged_in_gets_no_answer_that_is_not_described(api: ApiWorld, without: str, edges: bool) -> None:
    """Edge cases once over, for events two of them, as all have one view; then each event by chance."""
    secret = api.session("shop")
    headers = {browser.CSRF_HEADER: browser.csrf_token(secret)}
    entered = {"session_on_this_machine": {"api_key": secret}}
    assert list(wrong(api, headers, without=without, edges=edges, entered=entered)) == []
    client = api.client()
    client.set_cookie(browser.LOCAL_COOKIE, secret)
    assert client.get("/v1/containers").status_code == 200, "the session did not last, so little was tried"


def test_a_partys_program_gets_no_answer_that_is_not_described(api: ApiWorld) -> None:
    assert list(wrong(api, {"Authorization": f"Bearer {api.token['shop']}"}, without=OTHER_EVENTS)) == []


def wrong(
    api: ApiWorld, headers: dict[str, str], *, without: str, edges: bool = True, entered: dict[str, Any] | None = None
) -> Iterator[str]:
    """Every check that failed anywhere: examples, edge cases, fuzzing, and calls that follow one another."""
    config = SchemathesisConfig.from_dict(
        {
            "headers": headers,
            **({"auth": {"openapi": entered}} if entered else {}),
            "generation": {"max-examples": 2, "deterministic": True, "database": "none", "no-shrink": True},
            "phases": {
                "stateful": {"generation": {"max-examples": 5}},
                "coverage": {"enabled": edges, "unexpected-methods": ["put"]},
            },
            "checks": {"positive_data_acceptance": {"expected-statuses": MEANT_WRONG}},
            "continue-on-failure": True,
        }
    )
    server = make_server("127.0.0.1", 0, api.app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        url = f"http://127.0.0.1:{server.port}/openapi.json"
        described = schemathesis.openapi.from_url(url, config=config).exclude(path_regex=without)
        for event in from_schema(described).execute():
            yield from _failures(event)
    finally:
        server.shutdown()
        serving.join()


def _failures(event: EngineEvent) -> Iterator[str]:
    match event:
        case ScenarioFinished():
            for case, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info is not None:
                        asked = event.recorder.cases[case].value
                        shown = f"{asked.path_parameters} {asked.query} {str(asked.body)[:2000]}"
                        told = f"{check.failure_info.failure.title}: {check.failure_info.failure.message[:300]}"
                        yield f"{event.phase} {asked.operation.label} {shown} -> {told}"
        case NonFatalError() | FatalError():
            error = event.value if isinstance(event, NonFatalError) else event.exception
            yield f"{type(event).__name__} {getattr(event, 'label', '')} -> {error!r}"
        case _:
            pass
