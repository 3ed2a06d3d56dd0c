"""Who asks: a person at a screen or a program with a token, what it may do, and whose records it may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["clerk", "driver", "disposer", "admin", "regulator", "operator"]
Scope = Literal["read", "write", "admin", "mirror", "metrics"]

ROLES: tuple[Role, ...] = ("admin", "clerk", "disposer", "driver", "operator", "regulator")
SCOPES: tuple[Scope, ...] = ("admin", "metrics", "mirror", "read", "write")
BUSINESS: frozenset[Role] = frozenset({"admin", "clerk", "disposer", "driver", "regulator"})
"""The roles that see business data; an operator alone sees none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person logged in (`via` session), or a party's program (`via` token, which has scopes; its `person` may be "").

    `regions` are prefixes of region codes that a regulator watches; none means the whole ledger.
    """

    account: str
    person: str
    party: str
    roles: frozenset[Role]
    regions: tuple[str, ...] = ()
    scopes: frozenset[Scope] = frozenset()
    via: Literal["session", "token"] = "session"

    def may(self, scope: Scope) -> bool:
        """True for a person at a screen, and for a token that was given the scope."""
        return self.via == "session" or scope in self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Whose records are shown. `who` holds parties, or the one person that a driver is; None stands for everybody's.

    `own` are the parties whose inner matters (addresses, telephones, other parties' lots) are shown too.
    """

    who: frozenset[str] | None
    own: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """True for a regulator of the whole ledger."""
        return self.who is None

    def is_own(self, party: str) -> bool:
        """True when the party's inner matters are shown."""
        return self.who is None or party in self.own


ALL = Viewer(who=None)
NOTHING = Viewer(who=frozenset())
