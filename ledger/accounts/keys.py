"""Keys of people and devices: offered with proof of possession, waiting for who may sign their enrolment; and those
enrolled, with what one that was revoked left in quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.accounts.actor import Actor
from ledger.accounts.errors import KeyWaits, NoSuch
from ledger.log import canonical
from ledger.log.keys import PublicKey, possession_message
from ledger.log.wire import decode_base64
from ledger.store.accounts import AccountStore, Taken
from ledger.store.moments import Clock, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingKey:
    """A key whose `body` an administrator (for one use: the inviter) is to sign as `key-enrolled`."""

    key: str
    party: str
    person: str
    one_time: bool
    body: dict[str, Any]
    made_at: str


class DeviceKeys:
    """The keys of all parties."""

    def __init__(self, store: AccountStore, clock: Clock, origin: str) -> None:
        self._store = store
        self._clock = clock
        self._origin = origin

    def offer(self, by: Actor, *, key: str, public_key: str, proof: str, admin: bool = True) -> WaitingKey:
        """A person's device offers its own key, with proof that it has it; an administrator signs the enrolment (for a
        party's first administrator, the registrar). An administrator's is one with their rights unless `admin` is
        false, as for a machine."""
        body = {
            "key": key,
            "public_key": public_key,
            "holder": by.party,
            "person": by.person,
            "purpose": "statement",
            "proof": proof,
        }
        return self.wait(body, admin=admin and "admin" in by.roles)

    def wait(self, body: dict[str, Any], *, admin: bool = False, voucher: str = "") -> WaitingKey:
        """A key, this server's or another's, waits for an administrator's signature, or for that of the party that
        vouches for it; raises KeyWaits when it waits already."""
        body = body | ({"admin": True} if admin else {})
        public = PublicKey.from_hex(body["public_key"])
        message = possession_message(self._origin, body["key"], body["holder"], body["person"], body["public_key"])
        public.verify(decode_base64(body["proof"], "proof of possession"), message)
        now = self._clock()
        try:
            self._store.add_key_request(
                key=body["key"],
                hash=public.hash,
                party=body["holder"],
                person=body["person"],
                voucher=voucher,
                body=canonical.encode(body),
                made_at=now,
            )
        except Taken:
            raise KeyWaits(expected="a new key", got=body["key"]) from None
        return WaitingKey(
            key=body["key"],
            party=body["holder"],
            person=body["person"],
            one_time=bool(voucher),
            body=body,
            made_at=moment(now),
        )

    def waiting(self, by: Actor) -> list[WaitingKey]:
        """Keys of the own party, and one-time keys of those whom the party invited; for an authority also those of
        parties that have no administrator's key yet. Oldest first."""
        return [_waiting(row) for row in self._store.key_requests(by.party, newcomers="regulator" in by.roles)]

    def offered(self, key: str) -> WaitingKey:
        """Any key that waits, for who has the machine itself; raises NoSuch."""
        row = self._store.key_request(key)
        if row is None:
            raise NoSuch(what=f"waiting key {key}")
        return _waiting(row)

    def one_waiting(self, by: Actor, key: str) -> WaitingKey:
        """One of `waiting`; raises NoSuch. Who is no administrator may sign for who was invited by them."""
        for each in self.waiting(by):
            if each.key == key and (by.roles & {"admin", "regulator"} or each.one_time):
                return each
        raise NoSuch(what=f"waiting key {key}")

    def dismiss(self, by: Actor, key: str) -> None:
        """It waits no more, unsigned; raises NoSuch."""
        self.one_waiting(by, key)
        self._store.drop_key_request(key)

    def kept_of(self, person: str) -> bool:
        """Whether this server can sign for the person."""
        return bool(person) and self._store.has_custodial_key(person)

    def enrolled(self, by: Actor) -> list[Any]:
        """The own party's enrolled keys, as the append keeps them."""
        return self._store.keys(by.party)

    def one(self, by: Actor, stream: str) -> Any:
        """One enrolled key of the own party; raises NoSuch."""
        row = self._store.key(stream)
        if row is None or row.party != by.party:
            raise NoSuch(what=f"key {stream}")
        return row

    def quarantined(self, by: Actor) -> list[Any]:
        """The own party's statements in quarantine."""
        return self._store.quarantined(by.party)

    def one_quarantined(self, by: Actor, statement: str) -> Any:
        """One of `quarantined`, by its hash in hex; raises NoSuch."""
        for row in self.quarantined(by):
            if row.statement.hex() == statement:
                return row
        raise NoSuch(what=f"statement {statement} in quarantine")


def _waiting(row: Any) -> WaitingKey:
    return WaitingKey(
        key=row.key,
        party=row.party,
        person=row.person,
        one_time=bool(row.voucher),
        body=dict(canonical.decode(row.body, limit=len(row.body))),
        made_at=moment(row.made_at),
    )
