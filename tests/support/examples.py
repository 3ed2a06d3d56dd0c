"""One example of every event type: the first of its kind that the stories tell, and by hand what only a ledger says."""

from __future__ import annotations

from functools import cache
from typing import Any

from ledger.custody.events import event_types
from ledger.exchange.catalogue import carried
from ledger.log.hashing import EMPTY_ROOT
from tests.support import log_world as world
from tests.support.told import told


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Body by event type, in the order of their names."""
    park, stories = told()
    bodies: dict[str, dict[str, Any]] = {}
    for story in (park.story, *(stories[name] for name in sorted(stories))):
        for step in story.steps:
            if not step.refused:
                bodies.setdefault(step.type, step.body)
    bodies |= of_the_ledger()
    return {type_: bodies[type_] for type_ in event_types() if type_ in bodies}


def of_the_ledger() -> dict[str, dict[str, Any]]:
    """What a ledger, its authorities and the administrators of its parties say of the ledger itself."""
    system, author = world.SYSTEM.public, world.AUTHOR.public
    key = world.stream("key", 6)
    filled = next(step for step in told()[1]["kept-too-long"].steps if step.type == "container-filled")
    return {
        "ledger-opened": {
            "origin": world.ORIGIN,
            "operator": world.PARTY,
            "operator_name": "示例运营方（虚构）",
            "system_key": {"stream": key, "person": world.PERSON, "public_key": system.raw.hex()},
            "log_key": world.LOG.verifier.encode(),
            "promise_key": system.raw.hex(),
            "promise_hours": 24,
            "schema": 1,
            "regime": "cn.1",
            "authorities": [
                {
                    "party": world.stream("party", 7),
                    "person": world.stream("person", 8),
                    "key": world.stream("key", 9),
                    "public_key": author.raw.hex(),
                    "roles": ["registrar", "licensing", "settings", "supervision"],
                    "name": "示例区生态环境局（虚构）",
                }
            ],
        },
        "key-enrolled": {
            "key": key,
            "public_key": author.raw.hex(),
            "holder": world.PARTY,
            "person": world.PERSON,
            "purpose": "statement",
            "proof": "QUFBQQ==",
            "admin": True,
        },
        "key-revoked": {"key": key, "holder": world.PARTY, "last_seq": 41, "reason": "lost"},
        "statement-adopted": {"statement": "ab" * 32, "type": filled.type, "at": filled.at, "body": filled.body},
        "subject-erased": {"person": world.PERSON, "reason": "request"},
        "heads-snapshotted": {"size": 5, "count": 3, "root": EMPTY_ROOT.hex()},
        "catalogue-adopted": carried("2021").body("2021", "2021-01-01"),
    }
