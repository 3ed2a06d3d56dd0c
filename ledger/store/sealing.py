"""Encrypts what may one day have to be erased: personal clear text under its subject's key, keys under the ledger's.

The key-encryption key never lies in the database. Destroying a subject's wrapped key makes every copy of the
ciphertext, backups included, unreadable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ledger.errors import ProofError

Chance = Callable[[int], bytes]
"""`os.urandom` or, in tests, something repeatable."""

_NONCE: Final = 12


class NotOpened(ProofError):
    """The ciphertext was made under another key, for another place, or was changed."""

    code = "sealed-not-opened"
    zh = "密文无法解开：{what}"
    en = "ciphertext cannot be opened: {what}"


def new_key() -> bytes:
    """32 fresh bytes."""
    return ChaCha20Poly1305.generate_key()


def lock_away(key: bytes, clear: bytes, place: bytes, chance: Chance) -> bytes:
    """nonce ‖ ciphertext of `clear`, which opens for this `place` only."""
    nonce = chance(_NONCE)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, clear, place)


def open_up(key: bytes, locked: bytes, place: bytes) -> bytes:
    """The clear bytes; raises NotOpened."""
    try:
        return ChaCha20Poly1305(key).decrypt(locked[:_NONCE], locked[_NONCE:], place)
    except (InvalidTag, ValueError):
        raise NotOpened(what=place.decode(errors="replace")) from None
