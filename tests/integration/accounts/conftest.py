"""Accounts on each database, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.accounts import Accounts, Actor
from tests.support.world import ORIGIN, World

PASSWORD = "correct horse battery"


@dataclass(slots=True)
class House:
    """A ledger with accounts: the operator, two parties with an administrator each."""

    world: World
    accounts: Accounts
    operator: Actor
    admin: Actor
    other: Actor

    def log_in(self, name: str, password: str = PASSWORD, **more: str) -> str:
        return self.accounts.log_in(name, password, **({"address": "192.0.2.1"} | more))

    def actor(self, name: str, password: str = PASSWORD) -> Actor:
        found = self.accounts.actor_for_session(self.log_in(name, password))
        assert found is not None
        return found

    def member(self, name: str, *roles: str, by: Actor | None = None) -> Actor:
        """Somebody invited by an administrator, who took up the invitation."""
        _, secret = self.accounts.invite(by or self.admin, name=name, roles=roles)
        self.accounts.accept(secret, PASSWORD)
        return self.actor(name)


def house_of(world: World) -> House:
    accounts = Accounts(
        engine=world.ledger.engine, clock=world.clock, chance=world.chance.randbytes, kek=world.keys.kek, origin=ORIGIN
    )
    made = []
    for name, role, party in (
        ("operator", "operator", world.ledger.opened.operator),
        ("admin", "admin", world.party().party),
        ("other", "admin", world.party("别家").party),
    ):
        accounts.create(name=name, password=PASSWORD, roles=[role], party=party)
        actor = accounts.actor_for_session(accounts.log_in(name, PASSWORD, address="192.0.2.1"))
        assert actor is not None
        made.append(actor)
    return House(world, accounts, *made)


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """On SQLite, and again on PostgreSQL."""
    world = World.create(database_url, tmp_path)
    yield house_of(world)
    world.close()
