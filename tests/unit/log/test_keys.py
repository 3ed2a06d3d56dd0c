"""One strict Ed25519 rule, against `cryptography` where it is ordinary and plain integers where it is not."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log import hashing
from ledger.log.keys import BadPrivateKey, BadPublicKey, BadSignature, PrivateKey, PublicKey, possession_message
from tests.support import ed25519_reference as reference

MESSAGE = b"a drum"
KEY = PrivateKey(bytes(range(32)))
SCALAR, _ = reference.expand(KEY.seed)
POINT = reference.multiply(SCALAR, reference.BASE)
TORSION = reference.torsion()


def accepts_key(raw: bytes) -> bool:
    try:
        PublicKey(raw)
    except BadPublicKey:
        return False
    return True


def accepts(raw: bytes, signature: bytes, message: bytes) -> bool:
    try:
        PublicKey(raw).verify(signature, message)
    except (BadPublicKey, BadSignature):
        return False
    return True


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_ordinary_signatures_are_those_of_the_cryptography_package(seed: bytes, message: bytes) -> None:
    key, other = PrivateKey(seed), Ed25519PrivateKey.from_private_bytes(seed)
    assert key.public.raw == other.public_key().public_bytes_raw()
    assert key.public.hash == hashing.sha256(key.public.raw)
    assert key.sign(message) == other.sign(message)
    key.public.verify(other.sign(message), message)


@settings(max_examples=100)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=60), st.data())
def test_a_changed_bit_in_signature_or_message_is_refused_as_by_cryptography(
    seed: bytes, message: bytes, data: st.DataObject
) -> None:
    key = PrivateKey(seed)
    octets = bytearray(key.sign(message) + message)
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    signature, changed = bytes(octets[:64]), bytes(octets[64:])
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(key.public.raw).verify(signature, changed)
    with pytest.raises(BadSignature):
        key.public.verify(signature, changed)


def edge_keys() -> list[bytes]:
    """Small order with either sign, mixed order, y from p to 2^255-1, off the curve, and one good key."""
    top = 1 << 255
    small = [reference.encode(point) for point in TORSION]
    mixed = [reference.encode(reference.add(POINT, point)) for point in TORSION[1:]]
    high = [(y | sign).to_bytes(32, "little") for y in range(reference.P, top) for sign in (0, top)]
    low = [(y | sign).to_bytes(32, "little") for y in range(20) for sign in (0, top)]
    return [KEY.public.raw, *small, *mixed, *high, *low]


@pytest.mark.parametrize("raw", edge_keys(), ids=bytes.hex)
def test_edge_case_keys_are_judged_as_plain_integers_judge_them(raw: bytes) -> None:
    assert accepts_key(raw) == reference.accepts_key(raw)


def test_of_the_edge_case_keys_most_are_refused_and_the_good_one_is_not() -> None:
    accepted = [raw for raw in edge_keys() if accepts_key(raw)]
    assert KEY.public.raw in accepted
    refused = [reference.encode(point) for point in TORSION]
    refused += [reference.encode(reference.add(POINT, point)) for point in TORSION[1:]]
    assert not set(refused) & set(accepted)


def forged(r_scalar: int, r_torsion: reference.Point, *, extra: int = 0, message: bytes = MESSAGE) -> bytes:
    """A signature by the holder of the key, with R moved by a point of small order and S by `extra`."""
    r = reference.encode(reference.add(reference.multiply(r_scalar, reference.BASE), r_torsion))
    s = (r_scalar + reference.challenge(r, KEY.public.raw, message) * SCALAR) % reference.L + extra
    return r + s.to_bytes(32, "little")


EDGE_SIGNATURES = {
    "by hand": forged(7, reference.IDENTITY),
    "S + L": forged(7, reference.IDENTITY, extra=reference.L),
    "S + 2L": forged(7, reference.IDENTITY, extra=2 * reference.L),
    "R the identity": forged(0, reference.IDENTITY),
    **{f"R of small order, {n}": forged(0, point) for n, point in enumerate(TORSION[1:], 1)},
    **{f"R of mixed order, {n}": forged(7, point) for n, point in enumerate(TORSION[1:], 1)},
    "R the identity, not canonical": (reference.P + 1).to_bytes(32, "little") + forged(0, reference.IDENTITY)[32:],
    "R the identity with a sign": (1 | 1 << 255).to_bytes(32, "little") + forged(0, reference.IDENTITY)[32:],
    "63 bytes": forged(7, reference.IDENTITY)[:63],
    "65 bytes": forged(7, reference.IDENTITY) + b"\0",
    "nothing": b"",
}


@pytest.mark.parametrize("signature", EDGE_SIGNATURES.values(), ids=EDGE_SIGNATURES)
def test_edge_case_signatures_are_judged_as_plain_integers_judge_them(signature: bytes) -> None:
    expected = len(signature) == 64 and reference.accepts(KEY.public.raw, signature, MESSAGE)
    assert accepts(KEY.public.raw, signature, MESSAGE) == expected


def test_of_the_edge_case_signatures_only_the_plain_one_is_accepted() -> None:
    accepted = [name for name, signature in EDGE_SIGNATURES.items() if accepts(KEY.public.raw, signature, MESSAGE)]
    assert accepted == ["by hand"]


def test_a_refusal_names_the_clause_of_the_rule_that_was_broken() -> None:
    off_curve = next(y for y in range(2, 20) if reference.decode(y.to_bytes(32, "little")) is None)
    for raw, detail in (
        (reference.P.to_bytes(32, "little"), "y is not canonical"),
        (b"\x01" + bytes(31), "point of small order"),
        (reference.encode(reference.add(POINT, TORSION[1])), "not on the curve or of mixed order"),
        (off_curve.to_bytes(32, "little"), "not on the curve or of mixed order"),
    ):
        with pytest.raises(BadPublicKey, match=detail):
            PublicKey(raw)
    for name, detail in (
        ("R the identity, not canonical", "R is not canonical"),
        ("R the identity", "R is of small order"),
        ("S + L", "S is not below the group order"),
        ("R of mixed order, 1", "the equation is not met"),
    ):
        with pytest.raises(BadSignature, match=detail):
            KEY.public.verify(EDGE_SIGNATURES[name], MESSAGE)


def test_the_key_01_00_that_fits_any_message_elsewhere_is_refused() -> None:
    raw = b"\x01" + bytes(31)
    Ed25519PublicKey.from_public_bytes(raw).verify(raw + bytes(32), b"any message")
    with pytest.raises(BadPublicKey):
        PublicKey(raw)


@pytest.mark.parametrize("raw", [b"", bytes(31), KEY.public.raw + b"\0"], ids=["none", "31 bytes", "33 bytes"])
def test_a_key_has_32_bytes(raw: bytes) -> None:
    with pytest.raises(BadPublicKey):
        PublicKey(raw)
    with pytest.raises(BadPrivateKey):
        PrivateKey(raw)


def test_a_key_in_hex_has_one_form() -> None:
    text = KEY.public.raw.hex()
    assert PublicKey.from_hex(text) == KEY.public
    for other in (text.upper(), text[:-1], text + " ", f" {text}", f"0x{text[2:]}", ""):
        with pytest.raises(BadPublicKey):
            PublicKey.from_hex(other)


def test_a_private_key_never_shows_its_seed() -> None:
    assert KEY.seed.hex() not in repr(KEY)
    assert KEY.public.raw.hex() in repr(KEY)


def test_possession_is_proven_for_one_ledger_key_party_and_person_only() -> None:
    fields = {"ledger": "ledger.example", "key_stream": "key:1", "party": "party:1", "person": "person:1"}
    fields["public_key_hex"] = KEY.public.raw.hex()
    message = possession_message(**fields)
    assert message.startswith(b"wasteledger/key-possession/v1\n{")
    KEY.public.verify(KEY.sign(message), message)
    for name in fields:
        with pytest.raises(BadSignature):
            KEY.public.verify(KEY.sign(message), possession_message(**(fields | {name: "other"})))


def test_a_commitment_is_opened_only_by_its_own_salt_path_and_value() -> None:
    salt = bytes(range(32))
    commitment = hashing.seal_commitment(salt, "driver.name", "张三")
    assert hashing.verify_seal(commitment, salt=salt, field_path="driver.name", value="张三") == "张三"
    for other in (
        {"salt": bytes(32), "field_path": "driver.name", "value": "张三"},
        {"salt": salt, "field_path": "driver.phone", "value": "张三"},
        {"salt": salt, "field_path": "driver.name", "value": "李四"},
    ):
        with pytest.raises(hashing.SealMismatch):
            hashing.verify_seal(commitment, **other)  # type: ignore[arg-type]
    for salt_, path, value in ((salt[:31], "a", "b"), (salt, "a\0b", "c"), (salt, "", "c"), (salt, "a", "\ud800")):
        with pytest.raises(hashing.SealForm):
            hashing.seal_commitment(salt_, path, value)
