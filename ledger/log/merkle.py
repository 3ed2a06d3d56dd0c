"""RFC 6962 / RFC 9162 Merkle trees: append with a frontier, make proofs from stored nodes, verify proofs.

`node(level, index)` is the hash of the complete subtree over leaves [index·2^level, (index+1)·2^level).
Steps of the verifiers carry the numbers of RFC 9162 §2.1.3.2 and §2.1.4.2; fn, sn, fr, sr, r are its names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ledger.errors import FormError, ProofError
from ledger.log.hashing import EMPTY_ROOT, node_hash
from ledger.log.wire import SIZE_MAX

Node = Callable[[int, int], bytes]


class TreeForm(FormError):
    """A size, index or packed frontier that no tree has."""

    code = "bad-tree-input"
    zh = "默克尔树的输入不合规：{detail}"
    en = "Merkle tree input is not well-formed: {detail}"


class BadInclusion(ProofError):
    """The leaf is not shown to be at its index under the root."""

    code = "bad-inclusion-proof"
    zh = "包含证明不成立：{detail}"
    en = "inclusion proof does not hold: {detail}"


class BadConsistency(ProofError):
    """The new root is not shown to extend the old one."""

    code = "bad-consistency-proof"
    zh = "一致性证明不成立：{detail}"
    en = "consistency proof does not hold: {detail}"


@dataclass(slots=True)
class Frontier:
    """The complete subtrees along a tree's right edge, largest first: all that appending needs to know.

    Invariant: `hashes` has one hash for each 1 bit of `size`, in the order of the bits from the highest.
    """

    size: int = 0
    hashes: list[bytes] = field(default_factory=list)

    def append(self, leaf_hash: bytes) -> None:
        carry, size = leaf_hash, self.size
        while size & 1:
            carry = node_hash(self.hashes.pop(), carry)
            size >>= 1
        self.hashes.append(carry)
        self.size += 1

    def root(self) -> bytes:
        return _fold(self.hashes)

    def copy(self) -> Frontier:
        return Frontier(self.size, self.hashes.copy())

    def to_bytes(self) -> bytes:
        """Size as eight big-endian bytes, then the hashes."""
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, packed: bytes) -> Frontier:
        size, hashes = int.from_bytes(packed[:8], "big"), _split(packed[8:])
        if len(packed) < 8 or size > SIZE_MAX or len(hashes) != size.bit_count() or len(packed) % 32 != 8:
            raise TreeForm(detail="frontier", expected=f"{8 + 32 * size.bit_count()} bytes", got=f"{len(packed)} bytes")
        return cls(size, hashes)


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """RFC 9162 §2.1.1: the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier.append(leaf)
    return frontier.root()


def tree_root(size: int, node: Node) -> bytes:
    """The root of the first `size` leaves, from stored nodes."""
    return _range_root(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """RFC 9162 §2.1.3.1: PATH(index, D[size]), from the leaf's sibling up."""
    if not 0 <= index < size:
        raise TreeForm(detail="index", expected=f"0 to {size - 1}", got=index)
    proof: list[bytes] = []
    first, last = 0, size
    while last - first > 1:  # from the root down, so turned round at the end
        middle = first + _split_point(last - first)
        if index < middle:
            proof.append(_range_root(middle, last, node))
            last = middle
        else:
            proof.append(_range_root(first, middle, node))
            first = middle
    return proof[::-1]


def consistency_proof(size1: int, size2: int, node: Node) -> list[bytes]:
    """RFC 9162 §2.1.4.1: PROOF(size1, D[size2]); empty when the sizes are equal."""
    if not 0 < size1 <= size2:
        raise TreeForm(detail="sizes", expected=f"1 to {size2}", got=size1)
    proof: list[bytes] = []
    first, last = 0, size2
    while size1 < last:
        middle = first + _split_point(last - first)
        if size1 <= middle:
            proof.append(_range_root(middle, last, node))
            last = middle
        else:
            proof.append(_range_root(first, middle, node))
            first = middle
    if first:  # SUBPROOF's `b` is false: the old tree's right edge is not known to the verifier
        proof.append(_range_root(first, last, node))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bytes:
    """`leaf` (a leaf hash), shown to be number `index` under `root` of `size`; raises `BadInclusion`."""
    _check_hashes(BadInclusion, leaf, root, *proof)
    # 1. Compare leaf_index with tree_size.
    if not 0 <= index < size <= SIZE_MAX:
        raise BadInclusion(detail="index outside the tree", expected=f"0 to {size - 1}", got=index)
    # 2. Set fn to leaf_index and sn to tree_size - 1.
    fn, sn = index, size - 1
    # 3. Set r to hash.
    r = leaf
    # 4. For each value p in inclusion_path:
    for p in proof:
        # 4.a If sn is 0, then stop: the proof is too long.
        if sn == 0:
            raise BadInclusion(detail="too many hashes", got=len(proof))
        # 4.b If LSB(fn) is set, or fn equals sn: p is the left sibling; then skip levels without one.
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        # 4.c Right-shift both fn and sn one time.
        fn, sn = fn >> 1, sn >> 1
    # 5. Compare sn to 0, and r to root_hash.
    if sn != 0:
        raise BadInclusion(detail="too few hashes", got=len(proof))
    if r != root:
        raise BadInclusion(detail="root", expected=root.hex(), got=r.hex())
    return leaf


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> bytes:
    """`root2`, shown to extend `root1`; from size 0 nothing can be shown, so it is refused. Raises `BadConsistency`."""
    _check_hashes(BadConsistency, root1, root2, *proof)
    if not 0 < size1 <= size2 <= SIZE_MAX:
        raise BadConsistency(detail="sizes", expected=f"1 to {size2}", got=size1)
    if size1 == size2:
        if proof:
            raise BadConsistency(detail="equal sizes need no hashes", expected=0, got=len(proof))
        if root1 != root2:
            raise BadConsistency(detail="two roots of one size", expected=root1.hex(), got=root2.hex())
        return root2
    # 1. If consistency_path is an empty array, stop and fail.
    if not proof:
        raise BadConsistency(detail="no hashes")
    # 2. If first is an exact power of 2, prepend first_hash to consistency_path.
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    # 3. Set fn to first - 1 and sn to second - 1.
    fn, sn = size1 - 1, size2 - 1
    # 4. If LSB(fn) is set, right-shift both equally until LSB(fn) is not set.
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    # 5. Set both fr and sr to the first value.
    fr = sr = path[0]
    # 6. For each subsequent value c:
    for c in path[1:]:
        # 6.a If sn is 0, then stop and fail.
        if sn == 0:
            raise BadConsistency(detail="too many hashes", got=len(proof))
        # 6.b If LSB(fn) is set, or fn equals sn: c is a left sibling of both; then skip levels without one.
        if fn & 1 or fn == sn:
            fr = node_hash(c, fr)
            sr = node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        # 6.c Right-shift both fn and sn one time.
        fn, sn = fn >> 1, sn >> 1
    # 7. fr equals first_hash, sr equals second_hash, and sn is 0.
    if sn != 0:
        raise BadConsistency(detail="too few hashes", got=len(proof))
    if fr != root1:
        raise BadConsistency(detail="old root", expected=root1.hex(), got=fr.hex())
    if sr != root2:
        raise BadConsistency(detail="new root", expected=root2.hex(), got=sr.hex())
    return root2


def _split_point(size: int) -> int:
    """k of RFC 9162 §2.1.1: the largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def _range_root(first: int, last: int, node: Node) -> bytes:
    """MTH(D[first:last]); `first` is a multiple of the power of two not below `last` - `first`."""
    hashes: list[bytes] = []
    while first < last:
        level = (last - first).bit_length() - 1
        hashes.append(node(level, first >> level))
        first += 1 << level
    return _fold(hashes)


def _fold(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees given largest first."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = node_hash(left, root)
    return root


def _split(packed: bytes) -> list[bytes]:
    return [packed[start : start + 32] for start in range(0, len(packed), 32)]


def _check_hashes(error: type[ProofError], *hashes: bytes) -> None:
    for each in hashes:
        if type(each) is not bytes or len(each) != 32:
            raise error(detail="hash length", expected="32 bytes", got=f"{len(each)} bytes")
