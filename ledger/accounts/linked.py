"""Logging in at an organisation's own provider: an account is linked once by its person, and let in ever after.

The provider never makes an account and never says what one may do. What a browser has begun it can end once, within
ten minutes, and only with the secret that it keeps: state, nonce and verifier all follow from that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ledger.accounts import secrets
from ledger.accounts.actor import Actor
from ledger.accounts.errors import LinkTaken, NoSuch, NotLinked, OidcRefused
from ledger.store.accounts import AccountStore, Taken
from ledger.store.moments import Clock
from ledger.store.sealing import Chance

if TYPE_CHECKING:
    from ledger.accounts.oidc import Provider

BEGUN_MS: Final = 600_000
Prove = Callable[[Actor, str, str], None]


class LinkedLogins:
    """Accounts and the log-ins elsewhere that let them in; without a provider nothing of it is offered."""

    def __init__(
        self, store: AccountStore, clock: Clock, chance: Chance, prove: Prove, provider: Provider | None
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._prove = prove
        self._provider = provider

    @property
    def offered(self) -> bool:
        """Whether the operator has switched it on."""
        return self._provider is not None

    def begin(self, back: str, place: str = "", account: str = "") -> tuple[str, str]:
        """Where the browser is to go, and the secret that it keeps until it comes to `back`."""
        provider = self._chosen()
        secret = secrets.new_secret(self._chance)
        url = provider.address(
            back,
            state=secrets.derived(secret, "oidc-state"),
            nonce=secrets.derived(secret, "oidc-nonce"),
            verifier=secrets.derived(secret, "oidc-verifier"),
        )
        self._store.begin(secrets.kept(secret), account, place, self._clock() + BEGUN_MS)
        return url, secret

    def begin_link(self, by: Actor, back: str, place: str, password: str, *, address: str) -> tuple[str, str]:
        """As `begin`, to link the own account; the password is asked again."""
        self._prove(by, password, address)
        return self.begin(back, place, by.account)

    def finish(
        self, secret: str, back: str, *, state: str, code: str, by: Actor | None, replaces: str | None
    ) -> tuple[str, str | None]:
        """Where to go on to, and the secret of a new session, or None where the account was linked; raises OidcRefused,
        NotReached, NotLinked or LinkTaken."""
        provider, now = self._chosen(), self._clock()
        begun = self._store.end_begun(secrets.kept(secret), now)
        if begun is None:
            raise OidcRefused(reason="begun", expected="a log-in begun in this browser within ten minutes")
        if not secrets.same(secrets.derived(secret, "oidc-state").encode(), state.encode(errors="replace")):
            raise OidcRefused(reason="state", expected="what this browser took there", got="another")
        if not code:
            raise OidcRefused(reason="code", expected="a code of the provider", got="none")
        subject = provider.subject(
            back,
            code=code,
            nonce=secrets.derived(secret, "oidc-nonce"),
            verifier=secrets.derived(secret, "oidc-verifier"),
        )
        if begun.account:
            if by is None or by.account != begun.account:
                raise OidcRefused(reason="account", expected="the account that asked for it, still signed in")
            try:
                self._store.set_linked(begun.account, provider.issuer, subject)
            except Taken:
                raise LinkTaken() from None
            return begun.place, None
        row = self._store.linked_account(provider.issuer, subject)
        if row is None or row.disabled:
            raise NotLinked()
        made = secrets.new_secret(self._chance)
        self._store.add_session(secrets.kept(made), row.id, now, None if replaces is None else secrets.kept(replaces))
        return begun.place, made

    def has(self, by: Actor) -> bool:
        """Whether a log-in there lets this account in."""
        return self._provider is not None and self._store.linked(by.account, self._provider.issuer)

    def drop(self, by: Actor) -> None:
        """From now on it does not."""
        self._store.drop_linked(by.account)

    def _chosen(self) -> Provider:
        if self._provider is None:
            raise NoSuch(what="OpenID Connect")
        return self._provider
