"""One-time links: an absent party offers one key and, once its inviter signed for it, makes one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ledger.accounts import secrets
from ledger.accounts.actor import Actor
from ledger.accounts.errors import LinkInvalid, NoSuch, NotAllowed
from ledger.accounts.keys import DeviceKeys, WaitingKey
from ledger.log.ids import new_uuid7
from ledger.store.accounts import AccountStore
from ledger.store.moments import Clock, moment
from ledger.store.sealing import Chance
from ledger.store.standing import PartyPresent

LINK: Final = "wv_"
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A one-time link: what the absent party's client needs to make its key."""

    ledger: str
    party: str
    person: str
    key: str
    by_party: str
    by_person: str
    expires_at: str
    used: bool


class Visits:
    """The links that parties gave out."""

    def __init__(self, store: AccountStore, clock: Clock, chance: Chance, origin: str, keys: DeviceKeys) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._origin = origin
        self._keys = keys

    def actor(self, secret: str) -> Actor | None:
        """The visitor behind a link; None when it is unknown or has expired."""
        visit = self._store.invitation(secrets.kept(secret), self._clock())
        if visit is None or visit.account:
            return None
        return Actor(
            account="",
            person=visit.person,
            party=visit.party,
            roles=frozenset(),
            scopes=frozenset({"statements:write"}),
            via="link",
        )

    def invite(self, by: Actor, party: str, days: int = 7) -> tuple[Visit, str]:
        """A link with which an absent party can offer one key and, once its inviter signed, make one statement."""
        if by.via != "session" or not by.person or party == by.party:
            raise NotAllowed(expected="a logged-in person who invites another party", got=party)
        if not self.absent(party):
            raise PartyPresent(party=party)
        secret = LINK + secrets.new_secret(self._chance)
        now = self._clock()
        row = {
            "hash": secrets.kept(secret),
            "account": "",
            "party": party,
            "person": f"person:{new_uuid7(now, self._chance(10))}",
            "key": f"key:{new_uuid7(now, self._chance(10))}",
            "by_party": by.party,
            "by_person": by.person,
            "made_at": now,
            "expires_at": now + min(max(days, 1), 30) * _DAY_MS,
            "used_at": None,
        }
        self._store.add_invitation(**row)
        return self.of(secret), secret

    def absent(self, party: str) -> bool:
        """Whether the party has no key of its own, so that another may vouch for one."""
        return all(row.uses is not None for row in self._store.keys(party))

    def of(self, secret: str) -> Visit:
        """What a link is for; raises LinkInvalid."""
        row = self._store.invitation(secrets.kept(secret), self._clock())
        if row is None or row.account:
            raise LinkInvalid()
        return self._told(row)

    def given(self, by: Actor) -> list[Visit]:
        """The links that the own party gave out and that have not expired."""
        return [self._told(row) for row in self._store.visits(by.party) if row.expires_at > self._clock()]

    def drop(self, by: Actor, key: str) -> None:
        """The link leads nowhere from now on; raises NoSuch."""
        if not self._store.drop_visit(key, by.party):
            raise NoSuch(what=f"link for {key}")

    def offer_key(self, secret: str, *, public_key: str, proof: str) -> tuple[WaitingKey, Visit]:
        """The visitor's client offers the one key of this link; raises LinkInvalid when it did so before."""
        visit = self.of(secret)
        body = {
            "key": visit.key,
            "public_key": public_key,
            "holder": visit.party,
            "person": visit.person,
            "purpose": "statement",
            "proof": proof,
            "uses": 1,
        }
        if visit.used:
            raise LinkInvalid()
        made = self._keys.wait(body, voucher=visit.by_party)
        self._store.use_invitation(secrets.kept(secret), self._clock())
        return made, visit

    def _told(self, row: Any) -> Visit:
        return Visit(
            ledger=self._origin,
            party=row.party,
            person=row.person,
            key=row.key,
            by_party=row.by_party,
            by_person=row.by_person,
            expires_at=moment(row.expires_at),
            used=row.used_at is not None,
        )
