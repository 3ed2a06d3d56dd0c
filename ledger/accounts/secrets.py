"""Passwords, one-time codes and random secrets: how they are made, kept and compared."""

from __future__ import annotations

import hmac
import threading
from base64 import b32encode, urlsafe_b64encode
from itertools import pairwise
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from ledger.accounts.errors import PasswordWeak
from ledger.log.hashing import sha256
from ledger.store.sealing import Chance

PASSWORD_MIN: Final = 10
PASSWORD_MAX: Final = 256
_STEP_S: Final = 30
# OWASP's minimum for argon2id: 19 MiB, two passes. Four at once at most: a flood of log-ins cannot eat the memory.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE: Final = threading.BoundedSemaphore(4)
_NOBODYS: Final = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3MgcGFzc3dvcmQ$Sux8X2jGCPKDCg7DMLi8e20McWdLkA+s3rqhwcncE3A"


def hash_password(password: str) -> str:
    """The PHC string to keep."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(kept: str, password: str) -> bool:
    """Whether this is the password; takes as long where there is none."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _NOBODYS, password) and bool(kept)
        except (VerifyMismatchError, InvalidHashError):
            return False


def verify_strength(password: str, name: str) -> str:
    """A password that may be taken: long, not the name, not one or two characters repeated, not a plain row."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise PasswordWeak(expected=f"{PASSWORD_MIN} to {PASSWORD_MAX} characters", got=f"{len(password)}")
    if name and name in password.casefold():
        raise PasswordWeak(expected="a password without the name in it")
    if len(set(password)) < 5:
        raise PasswordWeak(expected="at least 5 different characters")
    steps = {ord(b) - ord(a) for a, b in pairwise(password)}
    if steps <= {1, -9} or steps <= {-1, 9}:
        raise PasswordWeak(expected="no plain row of characters")
    return password


def new_secret(chance: Chance) -> str:
    """32 random bytes as text for cookies, links and tokens."""
    return urlsafe_b64encode(chance(32)).rstrip(b"=").decode()


def new_password(chance: Chance) -> str:
    """A password of 100 bits that can be read out: four groups of five letters and digits."""
    letters = b32encode(chance(15))[:20].decode().lower()
    return "-".join(letters[start : start + 5] for start in range(0, 20, 5))


def new_prefix(chance: Chance) -> str:
    """Ten characters that tell a token in lists and find its row."""
    return b32encode(chance(7))[:10].decode().lower()


def kept(secret: str) -> bytes:
    """What is stored of a random secret: its hash, so that a copy of the database lets nobody in."""
    return sha256(secret.encode(errors="replace"))


def derived(secret: str, purpose: str) -> str:
    """One of several values, 64 hex digits each, that follow from a secret and do not give it away."""
    return hmac.digest(secret.encode(errors="replace"), f"wasteledger/{purpose}/v1".encode(), "sha256").hex()


def same(one: bytes, other: bytes) -> bool:
    """Compared in a time that does not depend on where they differ."""
    return hmac.compare_digest(one, other)


def new_totp(chance: Chance) -> str:
    """A shared secret of 160 bits in base 32 (RFC 4226 §4)."""
    return b32encode(chance(20)).decode()


def totp_uri(secret: str, name: str, origin: str) -> str:
    """What an authenticator's camera reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=origin)


def totp_step(secret: str, code: str, now_ms: int) -> int | None:
    """The time step whose code this is, one step of clock difference allowed each way (RFC 6238 §5.2); else None."""
    totp = pyotp.TOTP(secret)
    step = now_ms // 1000 // _STEP_S
    fitting = [n for n in (step - 1, step, step + 1) if same(totp.generate_otp(n).encode(), code.encode())]
    return fitting[0] if fitting else None
