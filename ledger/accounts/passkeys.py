"""Passkeys: a key in somebody's phone or computer, opened there by a finger, a face or a code, that alone lets them in.

The authenticator must have verified its person, so no one-time code is asked for. The challenge follows from a secret
that the browser keeps, and counts once, as in `linked`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ledger.accounts import secrets
from ledger.accounts.actor import Actor
from ledger.accounts.errors import NoSuch, PasskeyRefused
from ledger.accounts.linked import BEGUN_MS, Prove
from ledger.store.accounts import AccountStore, Taken
from ledger.store.moments import Clock, moment
from ledger.store.sealing import Chance

_VERIFIED: Final = UserVerificationRequirement.REQUIRED
# What cannot even be read fails in the libraries below with any of these.
_WRONG: Final = (WebAuthnException, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the browser says it is: passkeys of one host count on no other."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One of a person's passkeys."""

    id: str
    made_at: str
    used_at: str | None


class Passkeys:
    """Adding passkeys to one's own account, and coming in by one."""

    def __init__(self, store: AccountStore, clock: Clock, chance: Chance, prove: Prove) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._prove = prove

    def begin_adding(self, by: Actor, site: Site, password: str, *, address: str) -> tuple[str, str]:
        """What the browser asks its authenticator to make, as JSON, and the secret that it keeps until then; the
        password is asked again."""
        self._prove(by, password, address)
        account = self._store.account(by.account)
        secret = self._begin(by.account)
        options = generate_registration_options(
            rp_id=site.host,
            rp_name="wasteledger",
            user_name="" if account is None else account.name,
            user_id=by.account.encode(),
            challenge=_challenge(secret),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=row.id) for row in self._store.passkeys(by.account)],
        )
        return options_to_json(options), secret

    def add(self, by: Actor, site: Site, secret: str, credential: str) -> None:
        """The passkey that the authenticator made; raises PasskeyRefused."""
        if self._end(secret) != by.account:
            raise PasskeyRefused(reason="account", expected="the account that asked for it, still signed in")
        try:
            made = verify_registration_response(
                credential=credential,
                expected_challenge=_challenge(secret),
                expected_rp_id=site.host,
                expected_origin=site.origin,
                require_user_verification=True,
            )
            self._store.add_passkey(
                id=made.credential_id,
                account=by.account,
                public_key=made.credential_public_key,
                signed=made.sign_count,
                made_at=self._clock(),
                used_at=None,
            )
        except (*_WRONG, Taken) as error:
            raise PasskeyRefused(reason=str(error)[:200]) from None

    def begin(self, site: Site) -> tuple[str, str]:
        """What the browser asks its authenticator to sign, as JSON, and the secret that it keeps until then."""
        secret = self._begin("")
        options = generate_authentication_options(
            rp_id=site.host, challenge=_challenge(secret), user_verification=_VERIFIED
        )
        return options_to_json(options), secret

    def come_in(self, site: Site, secret: str, credential: str, *, replaces: str | None) -> str:
        """The secret of a new session; raises PasskeyRefused."""
        if self._end(secret):
            raise PasskeyRefused(reason="begun", expected="a sign-in begun in this browser")
        try:
            given = parse_authentication_credential_json(credential)
            row = self._store.passkey(given.raw_id)
            if row is None:
                raise PasskeyRefused(reason="unknown", expected="a passkey of an active account")
            shown = verify_authentication_response(
                credential=given,
                expected_challenge=_challenge(secret),
                expected_rp_id=site.host,
                expected_origin=site.origin,
                credential_public_key=row.public_key,
                credential_current_sign_count=row.signed,
                require_user_verification=True,
            )
        except _WRONG as error:
            raise PasskeyRefused(reason=str(error)[:200]) from None
        now = self._clock()
        self._store.use_passkey(row.id, shown.new_sign_count, now)
        made = secrets.new_secret(self._chance)
        replaced = None if replaces is None else secrets.kept(replaces)
        self._store.add_session(secrets.kept(made), row.account, now, replaced)
        return made

    def of(self, by: Actor) -> list[Passkey]:
        """The own ones, oldest first."""
        return [_passkey(row) for row in self._store.passkeys(by.account)]

    def drop(self, by: Actor, id_: str) -> None:
        """It lets nobody in any more; raises NoSuch."""
        own = [row.id for row in self._store.passkeys(by.account) if row.id.hex() == id_]
        if not own or not self._store.drop_passkey(own[0], by.account):
            raise NoSuch(what=f"passkey {id_[:80]!a}")

    def _begin(self, account: str) -> str:
        secret = secrets.new_secret(self._chance)
        self._store.begin(secrets.kept(secret), account, "", self._clock() + BEGUN_MS)
        return secret

    def _end(self, secret: str) -> str:
        begun = self._store.end_begun(secrets.kept(secret), self._clock())
        if begun is None:
            raise PasskeyRefused(reason="begun", expected="what was begun in this browser within ten minutes")
        return str(begun.account)


def _challenge(secret: str) -> bytes:
    return bytes.fromhex(secrets.derived(secret, "passkey-challenge"))


def _passkey(row: Any) -> Passkey:
    used = None if row.used_at is None else moment(row.used_at)
    return Passkey(id=row.id.hex(), made_at=moment(row.made_at), used_at=used)
