"""People who log in and what they hand out: sessions, tokens, invitations, webhooks. Rights are decided by `Actor`."""

from __future__ import annotations

from ledger.accounts.actor import ROLES, SCOPES, Actor
from ledger.accounts.people import Accounts, Person, Token, Visit, WaitingKey

__all__ = ["ROLES", "SCOPES", "Accounts", "Actor", "Person", "Token", "Visit", "WaitingKey"]
