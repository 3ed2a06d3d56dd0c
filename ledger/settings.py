"""What an operator may choose, read once from the environment, checked, and printable without secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from ledger.errors import LedgerError

_PASSWORD = re.compile(r"(?<=:)[^:@/]+(?=@)")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,40}").fullmatch
_RATE = re.compile(r"[1-9][0-9]{0,8}/(?:second|minute|hour)").fullmatch
_ADDRESS = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::[1-9][0-9]{0,4})?").fullmatch
_PREFIX = "WASTELEDGER_"
_KNOWN = frozenset(
    {
        "ADDRESS",
        "HOME",
        "DATABASE",
        "SCHEMA",
        "SIGNER_STATE",
        "LOG_KEY",
        "POLICY",
        "FAIL_AT",
        "AS",
        "RATE_LIMIT",
        "WEBHOOK_NETWORKS",
        "PROXIES",
        "OIDC_ISSUER",
        "OIDC_CLIENT_ID",
        "OIDC_CLIENT_SECRET_FILE",
    }
)


Network = IPv4Network | IPv6Network


class BadSetting(LedgerError):
    """An environment variable that cannot be meant so."""

    code = "bad-setting"
    zh = "环境变量 {name} 不正确"
    en = "environment variable {name} is not correct"


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """The OpenID Connect provider at which people may log in, where this server is known as `client_id`."""

    issuer: str
    client_id: str
    secret_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`home` holds the ledger and its keys; the signer's high-water file lies elsewhere, on purpose."""

    home: Path
    database: str
    schema: str
    signer_state: Path
    policy: Path
    log_key: Path | None = None  # kept where the signer alone sees it; among the others, if None
    rate_limit: str = "1200/minute"  # requests of one token, person or address, in each worker
    proxies: int = 0  # how many of our own stand in front and say who asks: each adds one line to X-Forwarded-*
    webhook_networks: tuple[Network, ...] = ()  # not public, and yet webhooks may reach them, also by plain http
    oidc: OidcSettings | None = None
    address: str = ""  # host and port under which phones reach this server, for labels; "" is the origin's host

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def trust(self) -> Path:
        return self.home / "trust.json"

    @property
    def verdict(self) -> Path:
        return self.home / "verified.json"

    def __str__(self) -> str:
        return "\n".join(
            f"{_PREFIX}{name}={value}"
            for name, value in (
                ("HOME", self.home),
                ("DATABASE", _PASSWORD.sub("***", self.database)),
                ("SCHEMA", self.schema),
                ("SIGNER_STATE", self.signer_state),
                ("LOG_KEY", self.log_key or self.keys / "log.key"),
                ("POLICY", self.policy),
                ("RATE_LIMIT", self.rate_limit),
                ("PROXIES", self.proxies),
                ("ADDRESS", self.address),
                ("WEBHOOK_NETWORKS", ",".join(map(str, self.webhook_networks))),
                ("OIDC_ISSUER", self.oidc.issuer if self.oidc else ""),
                ("OIDC_CLIENT_ID", self.oidc.client_id if self.oidc else ""),
                ("OIDC_CLIENT_SECRET_FILE", self.oidc.secret_file if self.oidc else ""),
            )
        )

    __repr__ = __str__


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings; raises BadSetting for a value that cannot be used and for a name that means nothing."""
    given = {name.removeprefix(_PREFIX): value for name, value in environment.items() if name.startswith(_PREFIX)}
    for name in sorted(given.keys() - _KNOWN):
        raise BadSetting(name=_PREFIX + name, expected=", ".join(_PREFIX + each for each in sorted(_KNOWN)), got=name)
    home = Path(given.get("HOME", "wasteledger")).absolute()
    database = given.get("DATABASE", f"sqlite:///{home / 'ledger.db'}")
    if not database.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise BadSetting(name=f"{_PREFIX}DATABASE", expected="sqlite:/// or postgresql://", got=database.split(":")[0])
    try:
        _ = urlsplit(database).port
    except ValueError as error:
        raise BadSetting(name=f"{_PREFIX}DATABASE", expected="postgresql://user@host:5432/name", got=error) from None
    schema = given.get("SCHEMA", "wasteledger")
    if not _SCHEMA(schema):
        raise BadSetting(name=f"{_PREFIX}SCHEMA", expected="a lowercase identifier", got=schema)
    state = Path(given.get("SIGNER_STATE", f"{home}-signer/highwater.json")).absolute()
    if state.is_relative_to(home):
        # A restored backup of the data directory must not bring an old high-water mark with it.
        raise BadSetting(name=f"{_PREFIX}SIGNER_STATE", expected=f"a path outside {home}", got=str(state))
    rate_limit = given.get("RATE_LIMIT", "1200/minute")
    if not _RATE(rate_limit):
        raise BadSetting(name=f"{_PREFIX}RATE_LIMIT", expected="a number a second, minute or hour", got=rate_limit)
    proxies = given.get("PROXIES", "0")
    if proxies not in ("0", "1", "2", "3"):
        raise BadSetting(name=f"{_PREFIX}PROXIES", expected="0 to 3", got=proxies)
    address = given.get("ADDRESS", "")
    if address and not _ADDRESS(address):
        raise BadSetting(name=f"{_PREFIX}ADDRESS", expected="a host, with :port where it is not 443", got=address)
    return Settings(
        home=home,
        database=database,
        schema=schema,
        signer_state=state,
        address=address,
        policy=Path(given.get("POLICY", home / "policy.txt")).absolute(),
        log_key=Path(given["LOG_KEY"]).absolute() if "LOG_KEY" in given else None,
        rate_limit=rate_limit,
        proxies=int(proxies),
        webhook_networks=_networks(given.get("WEBHOOK_NETWORKS", "")),
        oidc=_oidc(given),
    )


def kept_private(url: str) -> bool:
    """Whether what is sent there is read by nobody on the way: by https, or within this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in ("localhost", "127.0.0.1", "::1"))
    )


def _oidc(given: Mapping[str, str]) -> OidcSettings | None:
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET_FILE")
    issuer, client_id, secret_file = (given.get(name, "") for name in names)
    if not (issuer or client_id or secret_file):
        return None
    for name in names:
        if not given.get(name):
            raise BadSetting(name=_PREFIX + name, expected="all three of OIDC_* or none", got="none")
    if not kept_private(issuer) or "?" in issuer or "#" in issuer:
        raise BadSetting(name=f"{_PREFIX}OIDC_ISSUER", expected="https://host/path as the provider says it", got=issuer)
    return OidcSettings(issuer=issuer, client_id=client_id, secret_file=Path(secret_file).absolute())


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError as error:
        name = f"{_PREFIX}WEBHOOK_NETWORKS"
        raise BadSetting(name=name, expected="networks such as 192.168.1.0/24, by comma", got=str(error)) from None
