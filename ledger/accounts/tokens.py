"""API tokens: a party's systems come in by a secret with scopes and an end; it is shown once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ledger.accounts import secrets
from ledger.accounts.actor import SCOPES, Actor, regions_of
from ledger.accounts.errors import NoSuch, NotAllowed, ScopeUnknown
from ledger.log.ids import new_uuid7
from ledger.store.accounts import AccountStore
from ledger.store.moments import Clock, moment
from ledger.store.sealing import Chance

DAYS_MAX: Final = 366
_DAY_MS: Final = 86_400_000
_USED_MS: Final = 60_000  # how finely the last use is told
_KEPT_MS: Final = 1_000
_KEPT_MAX: Final = 1_000
_TOKEN = re.compile(r"wl_([A-Za-z0-9]{10})_[A-Za-z0-9_-]{43}").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token without its secret. It is the party's, and goes on when its maker's account is switched off or gone:
    `maker_left` says so to who may replace it."""

    id: str
    prefix: str
    name: str
    party: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    regions: tuple[str, ...]
    made_by: str
    maker_left: bool
    made_at: str
    expires_at: str
    revoked_at: str | None
    used_at: str | None


class Tokens:
    """The tokens of all parties."""

    def __init__(self, store: AccountStore, clock: Clock, chance: Chance) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._known: dict[str, tuple[int, Any]] = {}

    def actor(self, secret: str) -> Actor | None:
        """The party behind a token; None when it is unknown, expired or revoked."""
        now = self._clock()
        parts = _TOKEN(secret)
        row = None if parts is None else self._row(parts[1], now)
        # The row is found by a part that is no secret; the secret is compared by hash, in constant time.
        if row is None or not secrets.same(row.hash, secrets.kept(secret)):
            return None
        if row.revoked_at is not None or now >= row.expires_at:
            return None
        if now - (row.used_at or 0) >= _USED_MS:
            self._store.use_token(row.id, now)
            self._known.clear()
        return _actor(row.id, row.party, row.roles, row.regions, row.scopes)

    def _row(self, prefix: str, now: int) -> Any:
        """A token's row, at most a second old: that much later counts what another process revoked."""
        read_at, row = self._known.get(prefix, (0, None))
        if row is None or not 0 <= now - read_at < _KEPT_MS:
            row = self._store.token(prefix)
            if row is not None:
                if len(self._known) >= _KEPT_MAX:
                    self._known.clear()
                self._known[prefix] = now, row
        return row

    def issue(self, by: Actor, *, name: str, scopes: Iterable[str], days: int) -> tuple[Token, str]:
        """A token of the own party and its secret, shown once. Only a regulator's may mirror."""
        wanted = frozenset(scopes)
        regulator = "regulator" in by.roles
        allowed = set(SCOPES) if regulator else set(SCOPES) - {"mirror"}
        if by.via != "session" or not by.roles & {"admin", "regulator"}:
            raise NotAllowed(expected="admin or regulator", got=" ".join(sorted(by.roles)))
        if not wanted or not wanted <= allowed:
            raise ScopeUnknown(expected=", ".join(sorted(allowed)), got=", ".join(sorted(wanted)) or "none")
        if not 1 <= days <= DAYS_MAX:
            raise ScopeUnknown(expected=f"1 to {DAYS_MAX} days", got=days)
        now = self._clock()
        prefix = secrets.new_prefix(self._chance)
        secret = f"wl_{prefix}_{secrets.new_secret(self._chance)}"
        self._store.add_token(
            id=new_uuid7(now, self._chance(10)),
            prefix=prefix,
            hash=secrets.kept(secret),
            party=by.party,
            name=name,
            scopes=" ".join(sorted(wanted)),
            roles="regulator" if regulator else "clerk",
            regions=" ".join(by.regions) or "*",
            made_by=by.person,
            made_at=now,
            expires_at=now + days * _DAY_MS,
            revoked_at=None,
            used_at=None,
        )
        return _told(self._store.token(prefix), {by.person}), secret

    def listed(self, by: Actor) -> list[Token]:
        """The own party's tokens, oldest first."""
        active = {row.person for row in self._store.accounts(by.party) if not row.disabled}
        return [_told(row, active) for row in self._store.tokens(by.party)]

    def revoke(self, by: Actor, id_: str) -> None:
        """For good: here at once, in other processes within a second; raises NoSuch."""
        if not self._store.revoke_token(id_, by.party, self._clock()):
            raise NoSuch(what=f"token {id_}")
        self._known.clear()


@lru_cache(maxsize=_KEPT_MAX)
def _actor(id_: str, party: str, roles: str, regions: str, scopes: str) -> Actor:
    return Actor(
        account="",
        person="",
        party=party,
        roles=frozenset(roles.split()),
        regions=regions_of(regions),
        scopes=frozenset(scopes.split()),
        via="token",
        token=id_,
    )


def _told(row: Any, active: Collection[str]) -> Token:
    return Token(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        party=row.party,
        scopes=tuple(row.scopes.split()),
        roles=tuple(row.roles.split()),
        regions=tuple(row.regions.split()),
        made_by=row.made_by,
        maker_left=row.made_by not in active,
        made_at=moment(row.made_at),
        expires_at=moment(row.expires_at),
        revoked_at=None if row.revoked_at is None else moment(row.revoked_at),
        used_at=None if row.used_at is None else moment(row.used_at),
    )
