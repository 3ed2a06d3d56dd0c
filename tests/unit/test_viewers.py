"""What each role is shown: its party's, a driver its own jobs, who only runs the ledger nothing."""

from __future__ import annotations

import pytest

from api.auth import viewer_of
from ledger.access import ALL, NOTHING, Viewer
from ledger.accounts import Actor

PARTY = Viewer(who=frozenset({"party:1"}), own=frozenset({"party:1"}))
DRIVER = Viewer(who=frozenset({"person:1"}))


@pytest.mark.parametrize(
    ("roles", "via", "shown"),
    [
        *((role, "session", PARTY) for role in ("admin", "clerk", "disposer", "driver clerk")),
        ("clerk", "token", PARTY),
        ("", "link", PARTY),
        ("driver", "session", DRIVER),
        ("operator driver", "session", DRIVER),
        ("operator", "session", NOTHING),
        ("", "token", NOTHING),
    ],
)
def test_a_role_is_shown_its_partys_or_its_own_or_nothing(roles: str, via: str, shown: Viewer) -> None:
    actor = Actor(account="", person="person:1", party="party:1", roles=frozenset(roles.split()), via=via)  # type: ignore[arg-type]
    assert viewer_of(actor) == shown


def test_who_sees_everything_sees_everybodys_own_and_others_only_their_own() -> None:
    assert (ALL.everything, NOTHING.everything, PARTY.everything) == (True, False, False)
    assert ALL.is_own("party:2") and PARTY.is_own("party:1")
    assert not PARTY.is_own("party:2") and not DRIVER.is_own("person:1") and not NOTHING.is_own("party:1")
