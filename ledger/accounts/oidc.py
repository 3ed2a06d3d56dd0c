"""A log-in at the OpenID Connect provider that the operator chose: authorization code with PKCE.

Nothing of the provider is kept between two questions, so it may change its keys and addresses at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests import RequestException

from ledger.accounts.errors import OidcRefused
from ledger.accounts.outside import NotReached
from ledger.settings import kept_private
from ledger.store.moments import Clock

TIMEOUT_S: Final = 5.0
_LEEWAY_S: Final = 60
# Signatures by the provider's own key only: none would be anybody's, HS256 anybody's who knows the client's secret.
_SIGNED: Final = JWSRegistry(
    algorithms=["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
    strict_check_header=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One issuer of log-ins, and how this server is known there."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    clock: Clock

    def address(self, back: str, *, state: str, nonce: str, verifier: str) -> str:
        """Where a browser goes to log in; raises NotReached or OidcRefused."""
        with self._session(back) as session:
            url, _ = session.create_authorization_url(
                self._discover(session)["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
            return str(url)

    def subject(self, back: str, *, code: str, nonce: str, verifier: str) -> str:
        """Who logged in, as a code that a browser brought back says; raises NotReached or OidcRefused."""
        with self._session(back) as session:
            found = self._discover(session)
            if "client_secret_basic" not in found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
                session.token_endpoint_auth_method = "client_secret_post"
            told = session.fetch_token(
                found["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                allow_redirects=False,
            )
            token = jwt.decode(
                told["id_token"], KeySet.import_key_set(_read(session, found["jwks_uri"])), registry=_SIGNED
            )
            claims = CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"value": self.issuer}, "aud": {"value": self.client_id}, "sub": {"essential": True}},
                {"nonce": nonce, "client_id": self.client_id, "access_token": told.get("access_token")},
            )
            claims.validate(now=self.clock() // 1000, leeway=_LEEWAY_S)
            return str(claims["sub"])

    @contextmanager
    def _session(self, back: str) -> Iterator[Any]:
        """Questions to the provider; whatever goes wrong in them is one of two failures."""
        session = OAuth2Session(
            self.client_id,
            self.secret,
            scope="openid",
            redirect_uri=back,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_S,
        )
        try:
            with session:
                yield session
        except RequestException as error:
            raise NotReached(reason=f"{self.issuer}: {type(error).__name__}") from None
        except (AuthlibBaseError, JoseError, LookupError, TypeError, ValueError) as error:
            raise OidcRefused(reason=str(error)[:200] or type(error).__name__) from None

    def _discover(self, session: Any) -> dict[str, Any]:
        found: dict[str, Any] = _read(session, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found["issuer"] != self.issuer:
            raise OidcRefused(reason="issuer", expected=self.issuer, got=ascii(found["issuer"])[:200])
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not kept_private(found[name]):
                raise OidcRefused(reason=name, expected="https", got=ascii(found[name])[:200])
        return found


def _read(session: Any, url: str) -> Any:
    answer = session.get(url, withhold_token=True, allow_redirects=False)
    answer.raise_for_status()
    return answer.json()
