"""One strict Ed25519 rule: canonical encodings, no small order, S < L, the cofactorless equation.

A public key is judged once, when it is made; a signature on every use. PyNaCl verifies and releases the GIL while it
does, so threads scale; the checks that its documentation does not promise are written out here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError

from ledger.errors import FormError, ProofError
from ledger.log import canonical
from ledger.log.hashing import sha256

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_SIGN_BIT = 1 << 255
_POSSESSION = b"wasteledger/key-possession/v1\n"

# y of the eight points whose order divides 8, by order 1, 2, 4, 8, 8; with either sign bit.
_Y8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = frozenset(
    (y | sign).to_bytes(32, "little") for y in (1, _P - 1, 0, _Y8, _P - _Y8) for sign in (0, _SIGN_BIT)
)


class BadPublicKey(FormError):
    """An encoding under which some signature would hold for many messages or in many readings."""

    code = "bad-public-key"
    zh = "公钥不可接受：{detail}"
    en = "public key is not acceptable: {detail}"


class BadPrivateKey(FormError):
    """A seed has 32 bytes."""

    code = "bad-private-key"
    zh = "私钥种子不合规"
    en = "private key seed is not well-formed"


class BadSignature(ProofError):
    """The one Ed25519 rule refuses the signature."""

    code = "bad-signature"
    zh = "签名不成立：{detail}"
    en = "signature does not hold: {detail}"


def _is_canonical(point: bytes) -> bool:
    """Whether 32 bytes encode a y below the field's prime; x = 0 with a sign bit is of small order, refused there."""
    return point[31] & 0x7F != 0x7F or int.from_bytes(point, "little") & (_SIGN_BIT - 1) < _P


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point of the prime-order group; making one refuses every other encoding."""

    raw: bytes
    hash: bytes = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if type(self.raw) is not bytes or len(self.raw) != 32:
            raise BadPublicKey(detail="length", expected="32 bytes", got=f"{len(self.raw)} bytes")
        if not _is_canonical(self.raw):
            raise BadPublicKey(detail="y is not canonical", expected="y < 2^255-19", got=self.raw.hex())
        if self.raw in _SMALL_ORDER:
            raise BadPublicKey(detail="point of small order", got=self.raw.hex())
        if not crypto_core_ed25519_is_valid_point(self.raw):
            raise BadPublicKey(detail="not on the curve or of mixed order", got=self.raw.hex())
        object.__setattr__(self, "hash", sha256(self.raw))

    @classmethod
    def from_hex(cls, text: str) -> PublicKey:
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            raise BadPublicKey(detail="hex", expected="64 lowercase hex digits", got=ascii(text[:80])) from None
        if raw.hex() != text:
            raise BadPublicKey(detail="hex", expected="64 lowercase hex digits", got=ascii(text[:80]))
        return cls(raw)

    def verify(self, signature: bytes, message: bytes) -> None:
        """RFC 8032 §5.1.7 step by step, without the cofactor; raises `BadSignature`."""
        # 1. R and S: 64 bytes, R canonical and not of small order, S < L.
        if len(signature) != 64:
            raise BadSignature(detail="length", expected="64 bytes", got=f"{len(signature)} bytes")
        commitment = signature[:32]
        if not _is_canonical(commitment):
            raise BadSignature(detail="R is not canonical")
        if commitment in _SMALL_ORDER:
            raise BadSignature(detail="R is of small order")
        if signature[63] >> 4 and int.from_bytes(signature[32:], "little") >= _L:  # below 2^252 nearly always
            raise BadSignature(detail="S is not below the group order")
        # 2., 3. [S]B = R + [k]A
        try:
            crypto_sign_open(signature + message, self.raw)
        except BadSignatureError:
            raise BadSignature(detail="the equation is not met", got=f"key {self.raw.hex()}") from None


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """An Ed25519 key made from its 32-byte seed (RFC 8032 §5.1.5); the seed comes from the caller."""

    seed: bytes
    public: PublicKey = field(init=False, compare=False)
    _secret: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if type(self.seed) is not bytes or len(self.seed) != 32:
            raise BadPrivateKey(expected="32 bytes", got=f"{len(self.seed)} bytes")
        public, secret = crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "public", PublicKey(public))
        object.__setattr__(self, "_secret", secret)

    def __repr__(self) -> str:
        return f"PrivateKey(public={self.public.raw.hex()})"  # never the seed

    def sign(self, message: bytes) -> bytes:
        return crypto_sign(message, self._secret)[:64]


def possession_message(ledger: str, key_stream: str, party: str, person: str, public_key_hex: str) -> bytes:
    """What a new key signs to show that its enroller holds it: for this ledger, key stream, party and person only."""
    return _POSSESSION + canonical.encode(
        {"key": key_stream, "ledger": ledger, "party": party, "person": person, "public_key": public_key_hex, "v": 1}
    )
