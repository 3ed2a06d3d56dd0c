"""People who log in: their accounts, sessions and invitations; beside them what else lets somebody in.

A party's administrator acts for the own party only. The operator makes a party's first administrator, regulators and
other operators, and nothing else. Another party's things are answered like absent ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ledger.accounts import secrets
from ledger.accounts.actor import ROLES, Actor, regions_of
from ledger.accounts.errors import (
    CodeNeeded,
    LastAdministrator,
    LinkInvalid,
    LoginRefused,
    NameTaken,
    NameUnfit,
    NoSuch,
    NotAllowed,
    NotLoggedIn,
    RoleUnknown,
    Throttled,
)
from ledger.accounts.keys import DeviceKeys
from ledger.accounts.linked import LinkedLogins
from ledger.accounts.passkeys import Passkeys
from ledger.accounts.shared import SharedDevices
from ledger.accounts.tokens import Tokens
from ledger.accounts.visits import LINK, Visits
from ledger.log.ids import new_uuid7
from ledger.store.accounts import AccountStore, Taken
from ledger.store.database import Engine
from ledger.store.moments import Clock, moment
from ledger.store.sealing import Chance, lock_away, open_up

if TYPE_CHECKING:
    from ledger.accounts.oidc import Provider

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
IDLE_MS: Final = 12 * _HOUR
OLDEST_MS: Final = 7 * _DAY
WINDOW_MS: Final = 15 * _MINUTE
INVITED_MS: Final = 7 * _DAY
TRIES: Final = {"both": 5, "name": 50, "address": 100}
"""Failed log-ins in a window: by name and address together, by name from anywhere, by address for any name."""

_NAME = re.compile(r"[^\W_](?:[\w.@-]{0,62}[^\W_])?").fullmatch
_REGION = re.compile(r"\*|\d{2}(?:\d{2}(?:\d{2})?)?").fullmatch  # a code's first digits; * is the whole ledger
_OWN_ROLES: Final = frozenset({"admin", "clerk", "disposer", "driver"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account as its administrator sees it."""

    id: str
    name: str
    party: str
    person: str
    roles: tuple[str, ...]
    regions: tuple[str, ...]
    disabled: bool
    invited: bool  # no password yet
    totp: bool
    made_at: str


class Accounts:
    """Everything about people and what they hand out; safe to call from many threads."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        chance: Chance,
        kek: bytes,
        origin: str,
        provider: Provider | None = None,
    ) -> None:
        self._store = AccountStore(engine)
        self._clock = clock
        self._chance = chance
        self._kek = kek
        self._origin = origin
        self.tokens = Tokens(self._store, clock, chance)
        self.keys = DeviceKeys(self._store, clock, origin)
        self.visits = Visits(self._store, clock, chance, origin, self.keys)
        self.shared = SharedDevices(self._store, clock, chance, self._count)
        self.linked = LinkedLogins(self._store, clock, chance, self._prove, provider)
        self.passkeys = Passkeys(self._store, clock, chance, self._prove)

    # ------------------------------------------------------------------------------------ who is asking

    def actor_for_session(self, secret: str) -> Actor | None:
        """The person behind a session's cookie; None when it has ended."""
        now = self._clock()
        hash_ = secrets.kept(secret)
        row = self._store.session(hash_)
        if row is None or now - row.seen_at >= IDLE_MS or now - row.made_at >= OLDEST_MS:
            return None
        if now - row.seen_at >= _MINUTE:
            self._store.see_session(hash_, now)
        return Actor(
            account=row.id,
            person=row.person,
            party=row.party,
            roles=frozenset(row.roles.split()),
            regions=regions_of(row.regions),
            via="session",
        )

    def actor_for_token(self, secret: str) -> Actor | None:
        """The party behind an API token or a one-time link; None when it is unknown, expired or revoked."""
        return self.visits.actor(secret) if secret.startswith(LINK) else self.tokens.actor(secret)

    # ------------------------------------------------------------------------------------ logging in

    def log_in(self, name: str, password: str, *, address: str, code: str = "", replaces: str | None = None) -> str:
        """The secret of a new session; raises Throttled, LoginRefused or CodeNeeded. Attempts are counted before
        anything is looked at, so that many at once get no more tries than one after another."""
        name = name.casefold()[:256]
        now = self._clock()
        subjects = self._count(name, address, now)
        row = self._store.account_named(name) if _NAME(name) else None
        if not secrets.matches("" if row is None else row.password, password) or row is None or row.disabled:
            raise LoginRefused()
        if row.totp is not None:
            if not code:
                raise CodeNeeded()
            secret = open_up(self._kek, row.totp, row.id.encode()).decode()
            step = secrets.totp_step(secret, code, now)
            if step is None or not self._store.use_totp_step(row.id, step):
                raise LoginRefused()
        self._store.uncount(*subjects)
        made = secrets.new_secret(self._chance)
        self._store.add_session(secrets.kept(made), row.id, now, None if replaces is None else secrets.kept(replaces))
        return made

    def _count(self, name: str, address: str, now: int) -> tuple[list[bytes], bytes]:
        """Count the attempt; what to forget once it succeeds, and what to count one less of: an address may go on to
        try many names."""
        both, by_name, by_address = (
            secrets.kept(s) for s in (f"both {name} {address}", f"name {name}", f"at {address}")
        )
        limits = {both: TRIES["both"], by_name: TRIES["name"], by_address: TRIES["address"]}
        counts = self._store.count(limits, now, now + WINDOW_MS)
        waits = [until for (n, until), subject in zip(counts, sorted(limits), strict=True) if n > limits[subject]]
        if waits:
            raise Throttled(retry_after=max(1, -(-(max(waits) - now) // 1000)))
        return [both, by_name], by_address

    def log_out(self, secret: str) -> None:
        self._store.end_session(secrets.kept(secret))

    def change_password(self, by: Actor, old: str, new: str, *, session: str, address: str) -> None:
        """Every other session of the account ends."""
        self._prove(by, old, address)
        row = self._own(by)
        hashed = secrets.hash_password(secrets.verify_strength(new, row.name))
        self._store.set_password(row.id, hashed, secrets.kept(session))

    def offer_totp(self, by: Actor) -> tuple[str, str]:
        """A new shared secret and its URI; nothing changes until `set_totp` shows that the authenticator has it."""
        row = self._own(by)
        secret = secrets.new_totp(self._chance)
        return secret, secrets.totp_uri(secret, row.name, self._origin)

    def set_totp(self, by: Actor, secret: str, code: str, password: str, *, address: str) -> None:
        """From now on log-in asks for a code of this secret; "" switches it off. The password is asked again."""
        row = self._own(by)
        now = self._clock()
        subjects = self._count(row.name, address, now)
        if not secrets.matches(row.password, password):
            raise LoginRefused()
        locked, step = None, 0
        if secret:
            found = secrets.totp_step(secret, code, now)
            if found is None:
                raise LoginRefused()
            locked, step = lock_away(self._kek, secret.encode(), row.id.encode(), self._chance), found
        self._store.uncount(*subjects)
        self._store.change_account(row.id, totp=locked, totp_step=step)

    def _prove(self, by: Actor, password: str, address: str) -> None:
        """Raises LoginRefused or Throttled unless this is the person's own password."""
        row = self._own(by)
        subjects = self._count(row.name, address, self._clock())
        if not secrets.matches(row.password, password):
            raise LoginRefused()
        self._store.uncount(*subjects)

    def _own(self, by: Actor) -> Any:
        row = self._store.account(by.account)
        if row is None:
            raise NotLoggedIn()
        return row

    # ------------------------------------------------------------------------------------ people

    def invite(
        self,
        by: Actor,
        *,
        name: str,
        roles: Iterable[str],
        party: str = "",
        person: str = "",
        regions: Sequence[str] = (),
    ) -> tuple[Person, str]:
        """A new account and the secret of the link that sets its password, shown once.

        `person` names somebody whose key the ledger has enrolled for the party already; else a new person is made.
        """
        wanted = frozenset(roles)
        party = party or by.party
        self._may_give(by, wanted, party)
        if person and not any(row.person == person for row in self._store.keys(party)):
            raise NoSuch(what=person)
        account = self._add(name, party, person, wanted, regions, password="")
        return self._person(account), self._invite_account(account, by)

    def create(
        self,
        *,
        name: str,
        password: str,
        roles: Iterable[str],
        party: str,
        person: str = "",
        regions: Sequence[str] = (),
    ) -> Person:
        """An account made by who has the machine itself, such as the very first one."""
        hashed = secrets.hash_password(secrets.verify_strength(password, name.casefold()))
        return self._person(self._add(name, party, person, frozenset(roles), regions, hashed))

    def _add(
        self, name: str, party: str, person: str, roles: frozenset[str], regions: Sequence[str], password: str
    ) -> Any:
        name = name.casefold()
        if not _NAME(name):
            raise NameUnfit(expected="1 to 64 letters, digits and . @ - _", got=ascii(name[:80]))
        if not roles or not roles <= set(ROLES):
            raise RoleUnknown(expected=", ".join(ROLES), got=", ".join(sorted(roles)) or "none")
        if roles & {"operator", "regulator"} and len(roles) > 1:
            raise RoleUnknown(expected="operator or regulator alone", got=", ".join(sorted(roles)))
        if ("regulator" in roles) != bool(regions) or not all(_REGION(each) for each in regions):
            raise RoleUnknown(expected="regions such as 3205, or *, for a regulator alone", got=" ".join(regions))
        id_ = new_uuid7(self._clock(), self._chance(10))
        try:
            self._store.add_account(
                id=id_,
                name=name,
                party=party,
                person=person or f"person:{new_uuid7(self._clock(), self._chance(10))}",
                roles=" ".join(sorted(roles)),
                regions=" ".join(sorted(regions)),
                password=password,
                totp=None,
                totp_step=0,
                disabled=False,
                made_at=self._clock(),
            )
        except Taken:
            raise NameTaken(name=name) from None
        return self._store.account(id_)

    def _may_give(self, by: Actor, roles: frozenset[str], party: str) -> None:
        if by.via == "session" and "admin" in by.roles and party == by.party and roles <= _OWN_ROLES:
            return
        if by.via == "session" and "operator" in by.roles:
            if roles == {"admin"} and not self._store.accounts(party, "admin"):
                return
            if roles == {"regulator"} and self._store.is_authority(party):
                return
            if roles == {"operator"} and party == by.party:
                return
        raise NotAllowed(expected="roles of the own party, or as operator a first administrator", got=" ".join(roles))

    def _invite_account(self, account: Any, by: Actor) -> str:
        secret = secrets.new_secret(self._chance)
        now = self._clock()
        self._store.add_invitation(
            hash=secrets.kept(secret),
            account=account.id,
            party=account.party,
            person=account.person,
            key="",
            by_party=by.party,
            by_person=by.person,
            made_at=now,
            expires_at=now + INVITED_MS,
            used_at=None,
        )
        return secret

    def accept(self, secret: str, password: str) -> None:
        """Set the password of the account that the link was made for; the link is used up."""
        now = self._clock()
        hash_ = secrets.kept(secret)
        row = self._store.invitation(hash_, now)
        account = None if row is None or not row.account else self._store.account(row.account)
        if account is None:
            raise LinkInvalid()
        hashed = secrets.hash_password(secrets.verify_strength(password, account.name))
        if not self._store.use_invitation(hash_, now):
            raise LinkInvalid()
        self._store.set_password(account.id, hashed)

    def people(self, by: Actor) -> list[Person]:
        """The own party's accounts for its administrator; for the operator those that an operator makes."""
        if "operator" in by.roles:
            made = {"admin", "operator", "regulator"}
            return [self._person(row) for row in self._store.accounts() if made & set(row.roles.split())]
        return [self._person(row) for row in self._store.accounts(by.party)]

    def one(self, by: Actor, id_: str) -> Person:
        """One of `people`."""
        return self._person(self._in_reach(by, id_))

    def reset(self, by: Actor, id_: str) -> str:
        """The secret of a new link that sets the password, as when somebody forgot theirs; the one-time code goes."""
        row = self._in_reach(by, id_)
        if "operator" in by.roles and "admin" in row.roles.split() and row.password:
            # An operator who could set an administrator's password could read the party's business.
            raise NotAllowed(expected="an administrator of the party, or a person at the machine")
        self._store.change_account(row.id, totp=None)
        return self._invite_account(row, by)

    def set_roles(self, by: Actor, id_: str, roles: Iterable[str]) -> Person:
        """Other roles of the own party; its last administrator stays one."""
        row = self._in_reach(by, id_)
        wanted = frozenset(roles)
        if "admin" not in by.roles or not wanted or not wanted <= _OWN_ROLES:
            raise NotAllowed(expected=", ".join(sorted(_OWN_ROLES)), got=", ".join(sorted(wanted)))
        if "admin" not in wanted:
            self._keep_one_administrator(row)
        self._store.change_account(row.id, roles=" ".join(sorted(wanted)))
        return self.one(by, id_)

    def disable(self, by: Actor, id_: str, disabled: bool = True) -> Person:
        """A disabled account's sessions end at once."""
        row = self._in_reach(by, id_)
        if disabled:
            self._keep_one_administrator(row)
        self._store.disable(row.id, disabled)
        return self.one(by, id_)

    def may_forget(self, by: Actor, id_: str) -> str:
        """The person whom the ledger is to erase; raises NoSuch or LastAdministrator."""
        row = self._in_reach(by, id_)
        self._keep_one_administrator(row)
        return str(row.person)

    def forget(self, by: Actor, id_: str) -> None:
        """Delete the account and all that names its person, sessions and kept key included."""
        self._store.forget(id_, self.may_forget(by, id_))

    def _in_reach(self, by: Actor, id_: str) -> Any:
        row = self._store.account(id_)
        if row is None or by.via != "session":
            raise NoSuch(what=f"account {id_}")
        roles = set(row.roles.split())
        if ("admin" in by.roles and row.party == by.party and roles <= _OWN_ROLES) or (
            "operator" in by.roles and roles & {"admin", "operator", "regulator"}
        ):
            return row
        raise NoSuch(what=f"account {id_}")

    def _keep_one_administrator(self, row: Any) -> None:
        for role in ("admin", "operator"):
            if role in row.roles.split():
                others = [r for r in self._store.accounts(row.party, role) if r.id != row.id and not r.disabled]
                if not others:
                    raise LastAdministrator(expected=f"another active {role}")

    def _person(self, row: Any) -> Person:
        return Person(
            id=row.id,
            name=row.name,
            party=row.party,
            person=row.person,
            roles=tuple(row.roles.split()),
            regions=tuple(row.regions.split()),
            disabled=row.disabled,
            invited=not row.password,
            totp=row.totp is not None,
            made_at=moment(row.made_at),
        )

    # ------------------------------------------------------------------------------------ at the machine itself

    def everybody(self) -> list[Person]:
        """Every account, for who has the machine itself."""
        return [self._person(row) for row in self._store.accounts()]

    def set_password(self, name: str, password: str) -> Person:
        """For who has the machine itself; every session ends, the one-time code goes."""
        row = self._store.account_named(name.casefold())
        if row is None:
            raise NoSuch(what=f"account {name}")
        hashed = secrets.hash_password(secrets.verify_strength(password, row.name))
        self._store.change_account(row.id, totp=None)
        self._store.set_password(row.id, hashed)
        return self._person(self._store.account(row.id))

    # ------------------------------------------------------------------------------------ housekeeping

    def sweep(self) -> int:
        """Delete ended sessions, old counters, expired links; how many rows."""
        return self._store.sweep(self._clock(), IDLE_MS, OLDEST_MS)
