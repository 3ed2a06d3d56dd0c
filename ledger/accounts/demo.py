"""Log-ins for a demonstration: one for each role, with passwords that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from ledger.accounts.people import Accounts

PASSWORD: Final = "only-for-the-demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLogIn:
    """Who can log in to a demonstration, and how."""

    name: str
    password: str
    role: str
    party: str
    person: str


def demo_accounts(
    accounts: Accounts,
    wanted: Iterable[tuple[str, str, str]],
    *,
    keep_key: Callable[[str, str], dict[str, Any]],
    enrol: Callable[[str, dict[str, Any]], object],
) -> list[DemoLogIn]:
    """An account for each (name, role, party), with PASSWORD. Who acts for an enterprise also gets a
    custodial key: `keep_key(party, person)` makes it (Ledger.keep_key), `enrol(party, body)` has the party's
    administrator sign its `key-enrolled`."""
    made = []
    for name, role, party in wanted:
        regions = ["*"] if role == "regulator" else []
        person = accounts.create(name=name, password=PASSWORD, roles=[role], party=party, regions=regions).person
        if role not in ("operator", "regulator"):
            body = keep_key(party, person)
            enrol(party, body | ({"admin": True} if role == "admin" else {}))
        made.append(DemoLogIn(name=name, password=PASSWORD, role=role, party=party, person=person))
    return made
