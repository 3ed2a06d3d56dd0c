"""A device that several people share, as a tablet in a store room: who works there comes in by a badge or a PIN.

Neither counts anywhere but on a device that an administrator of the person's own party has made a shared one, and
neither lets an administrator, regulator or operator in: those have a password.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ledger.accounts import secrets
from ledger.accounts.actor import Actor
from ledger.accounts.errors import LoginRefused, NoSuch
from ledger.errors import FormError
from ledger.log.ids import new_uuid7
from ledger.store.accounts import AccountStore
from ledger.store.moments import Clock, moment
from ledger.store.sealing import Chance

Count = Callable[[str, str, int], tuple[list[bytes], bytes]]
HANDS: Final = frozenset({"clerk", "disposer", "driver"})
PIN_DIGITS: Final = 6
_BADGE: Final = "wb_"


class PinWeak(FormError):
    """A PIN that would be guessed first."""

    code = "pin-weak"
    zh = "PIN 过于简单"
    en = "the PIN is too simple"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDevice:
    """A device where people of a party come in by badge or PIN."""

    id: str
    party: str
    name: str
    made_at: str


class SharedDevices:
    """Shared devices, and the badges and PINs of the people who work at them."""

    def __init__(self, store: AccountStore, clock: Clock, chance: Chance, count: Count) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._count = count

    def share(self, by: Actor, name: str) -> str:
        """The secret that makes the browser it is kept in a shared device of the administrator's party."""
        secret = secrets.new_secret(self._chance)
        id_ = new_uuid7(self._clock(), self._chance(10))
        self._store.add_shared_device(
            hash=secrets.kept(secret), id=id_, party=by.party, name=name[:64], made_at=self._clock()
        )
        return secret

    def device(self, secret: str | None) -> SharedDevice | None:
        """The shared device that keeps this secret; None where it is none, or no longer."""
        row = None if not secret else self._store.shared_device(secrets.kept(secret))
        return None if row is None else _device(row)

    def devices(self, by: Actor) -> list[SharedDevice]:
        """The party's shared devices."""
        return [_device(row) for row in self._store.shared_devices(by.party)]

    def unshare(self, by: Actor, id_: str) -> None:
        """From now on only passwords count there; raises NoSuch."""
        if not self._store.drop_shared_device(id_, by.party):
            raise NoSuch(what=f"shared device {id_}")

    def set_pin(self, by: Actor, pin: str) -> str:
        """Choose a PIN; what a new badge's code says, shown once. The badge of before is no longer one."""
        if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdigit()) or len(set(pin)) < 3 or pin in "0123456789":
            raise PinWeak(expected=f"{PIN_DIGITS} digits, at least three different, no plain row")
        badge = _BADGE + secrets.new_secret(self._chance)
        self._store.set_badge(by.account, secrets.kept(badge), secrets.hash_password(pin))
        return badge

    def drop_badge(self, account: str) -> None:
        """Neither badge nor PIN counts any more, as when one was lost."""
        self._store.drop_badge(account)

    def names(self, device: SharedDevice) -> list[str]:
        """Who may choose their name on that device: those with a PIN."""
        return [row.name for row in self._store.badged(device.party) if _may(row)]

    def come_in(
        self,
        device: SharedDevice,
        *,
        badge: str = "",
        name: str = "",
        pin: str = "",
        address: str,
        replaces: str | None,
    ) -> str:
        """The secret of a new session, by a badge alone or by name and PIN; raises LoginRefused or Throttled."""
        now = self._clock()
        subjects = self._count(f"{device.id} {badge[:12] or name.casefold()[:64]}", address, now)
        if badge:
            row = self._store.badge(secrets.kept(badge))
        else:
            row = self._store.badged_named(device.party, name.casefold()[:64])
            if not secrets.matches("" if row is None else row.pin, pin):
                row = None
        if row is None or row.party != device.party or not _may(row):
            raise LoginRefused()
        self._store.uncount(*subjects)
        made = secrets.new_secret(self._chance)
        self._store.add_session(secrets.kept(made), row.id, now, None if replaces is None else secrets.kept(replaces))
        return made


def _may(row: Any) -> bool:
    return not row.disabled and set(row.roles.split()) <= HANDS


def _device(row: Any) -> SharedDevice:
    return SharedDevice(id=row.id, party=row.party, name=row.name, made_at=moment(row.made_at))
