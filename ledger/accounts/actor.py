"""Who is asking: the one thing that every right is decided by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ROLES: Final = ("admin", "clerk", "disposer", "driver", "operator", "regulator")
SCOPES: Final = ("mirror", "read", "statements:write", "webhooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody whom a session, a token or a one-time link has let in.

    A session stands for a person and is limited by roles. A token stands for a party, has no person and is limited by
    `scopes`; its roles are "regulator" (made by one, with the same regions) or "clerk". A one-time link stands for an
    absent party: no roles, the scope to send its one statement.
    """

    account: str  # "" unless by session
    person: str  # "" for a token
    party: str
    roles: frozenset[str]
    regions: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    via: Literal["session", "token", "link"]
    token: str = ""


def regions_of(kept: str) -> tuple[str, ...]:
    """For an actor no region is a limit of none."""
    return () if kept == "*" else tuple(kept.split())
