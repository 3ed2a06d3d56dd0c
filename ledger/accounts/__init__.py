"""People who log in and what they hand out: sessions, tokens, invitations, webhooks. Rights are decided by `Actor`."""

from __future__ import annotations

from ledger.accounts.actor import ROLES, SCOPES, Actor
from ledger.accounts.keys import WaitingKey
from ledger.accounts.people import Accounts, Person
from ledger.accounts.tokens import Token
from ledger.accounts.visits import Visit

__all__ = ["ROLES", "SCOPES", "Accounts", "Actor", "Person", "Token", "Visit", "WaitingKey"]
