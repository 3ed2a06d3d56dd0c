"""Ed25519 in plain integers, slow and readable (RFC 8032 §5.1): a second oracle for the one strict rule."""

from __future__ import annotations

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def add(p: Point, q: Point) -> Point:
    (x1, y1), (x2, y2) = p, q
    k = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def multiply(n: int, point: Point) -> Point:
    result = IDENTITY
    while n:
        if n & 1:
            result = add(result, point)
        point, n = add(point, point), n >> 1
    return result


def encode(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(octets: bytes) -> Point | None:
    """RFC 8032 §5.1.3, refusing every encoding that `encode` does not give."""
    number = int.from_bytes(octets, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y


BASE: Point = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    4 * pow(5, -1, P) % P,
)


def torsion() -> list[Point]:
    """The eight points whose order divides 8, as multiples of one of order 8."""
    y = 2
    while True:
        point = decode(y.to_bytes(32, "little"))
        if point is not None:
            small = multiply(L, point)
            if multiply(4, small) != IDENTITY:
                return [multiply(n, small) for n in range(8)]
        y += 1


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


def expand(seed: bytes) -> tuple[int, bytes]:
    """The secret scalar and the prefix of RFC 8032 §5.1.5."""
    digest = hashlib.sha512(seed).digest()
    return int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254, digest[32:]


def accepts_key(octets: bytes) -> bool:
    """The strict rule for keys: canonical, not the identity, in the prime-order group."""
    point = decode(octets)
    return point is not None and point != IDENTITY and multiply(L, point) == IDENTITY


def accepts(octets: bytes, signature: bytes, message: bytes) -> bool:
    """The strict rule for signatures: canonical R not of small order, S < L, [S]B = R + [k]A without a cofactor."""
    key, r, s = decode(octets), decode(signature[:32]), int.from_bytes(signature[32:], "little")
    if key is None or r is None or not accepts_key(octets) or s >= L or multiply(8, r) == IDENTITY:
        return False
    return multiply(s, BASE) == add(r, multiply(challenge(signature[:32], octets, message), key))
