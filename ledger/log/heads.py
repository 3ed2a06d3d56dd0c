"""Head snapshots: a tree over every stream's last entry, sorted by stream, proving a head or its absence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.errors import FormError, ProofError
from ledger.log import canonical
from ledger.log.hashing import EMPTY_ROOT, leaf_hash
from ledger.log.ids import STREAM, is_stream
from ledger.log.merkle import Frontier, inclusion_proof, root_of, verify_inclusion
from ledger.log.wire import is_hash, wrong


class HeadsNotSorted(FormError):
    """A snapshot is a sorted list of different streams."""

    code = "heads-not-sorted"
    zh = "流头未按流标识排序或有重复：{stream}"
    en = "heads are not sorted by stream, or one comes twice: {stream}"


class NoSuchHead(FormError):
    """Presence of a stream that is not there cannot be proven."""

    code = "no-such-head"
    zh = "快照中没有流 {stream}"
    en = "the snapshot has no stream {stream}"


class HeadExists(FormError):
    """Absence of a stream that is there cannot be proven."""

    code = "head-exists"
    zh = "快照中有流 {stream}"
    en = "the snapshot has the stream {stream}"


class BadAbsence(ProofError):
    """The neighbours do not leave the stream out."""

    code = "bad-absence-proof"
    zh = "缺席证明不成立：{detail}"
    en = "absence proof does not hold: {detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A stream's last entry: its seq and leaf hash in hex."""

    stream: str
    seq: int
    leaf: str

    def __post_init__(self) -> None:
        if not is_stream(self.stream):
            wrong("head", "stream", STREAM, self.stream)
        if type(self.seq) is not int or not 1 <= self.seq <= canonical.INT_MAX:
            wrong("head", "seq", "an integer from 1", self.seq)
        if not is_hash(self.leaf):
            wrong("head", "leaf", "64 lowercase hex digits", self.leaf)

    def hash(self) -> bytes:
        return leaf_hash(canonical.encode({"leaf": self.leaf, "seq": self.seq, "stream": self.stream}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """`head` is number `index` of the snapshot."""

    head: Head
    index: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """The two neighbours between which a stream would stand; None beyond an edge."""

    left: Presence | None
    right: Presence | None


def snapshot_root(heads: Iterable[Head]) -> bytes:
    """The root over heads given sorted by stream; takes them as they come, so a million need no memory."""
    return root_of(_sorted_hashes(heads))


def prove_presence(heads: Sequence[Head], stream: str) -> Presence:
    place, found = _find(heads, stream)
    if not found:
        raise NoSuchHead(stream=stream)
    return _presences(heads, place)[0]


def prove_absence(heads: Sequence[Head], stream: str) -> Absence:
    place, found = _find(heads, stream)
    if found:
        raise HeadExists(stream=stream)
    places = [each for each in (place - 1, place) if 0 <= each < len(heads)]
    proofs = {each.index: each for each in _presences(heads, *places)}
    return Absence(left=proofs.get(place - 1), right=proofs.get(place))


def verify_presence(proof: Presence, *, size: int, root: bytes) -> Head:
    """The head, shown to be in the snapshot of `size` heads under `root`; raises `BadInclusion`."""
    verify_inclusion(proof.head.hash(), proof.index, size, proof.hashes, root)
    return proof.head


def verify_absence(stream: str, proof: Absence, *, size: int, root: bytes) -> str:
    """`stream`, shown to be in no head of the snapshot, given that the snapshot is sorted; raises `BadAbsence`."""
    if not is_stream(stream):
        wrong("absence proof", "stream", STREAM, stream)
    left, right = proof.left, proof.right
    # 1. Without neighbours the snapshot is empty.
    if left is None and right is None:
        if size != 0 or root != EMPTY_ROOT:
            raise BadAbsence(detail="no neighbours", expected="an empty snapshot", got=f"{size} heads")
        return stream
    # 2. Each neighbour is in the snapshot and stands on its side.
    if left is not None and verify_presence(left, size=size, root=root).stream >= stream:
        raise BadAbsence(detail="left neighbour", expected=f"a stream before {stream}", got=left.head.stream)
    if right is not None and verify_presence(right, size=size, root=root).stream <= stream:
        raise BadAbsence(detail="right neighbour", expected=f"a stream after {stream}", got=right.head.stream)
    # 3. Nothing fits between them, or beyond the edge.
    before = -1 if left is None else left.index
    after = size if right is None else right.index
    if after != before + 1:
        raise BadAbsence(detail="neighbours are not adjacent", expected=before + 1, got=after)
    return stream


def _sorted_hashes(heads: Iterable[Head]) -> Iterable[bytes]:
    before = ""
    for head in heads:
        if head.stream <= before:
            raise HeadsNotSorted(stream=head.stream)
        before = head.stream
        yield head.hash()


def _find(heads: Sequence[Head], stream: str) -> tuple[int, bool]:
    place = sum(head.stream < stream for head in heads)
    return place, place < len(heads) and heads[place].stream == stream


def _presences(heads: Sequence[Head], *places: int) -> list[Presence]:
    hashes = list(_sorted_hashes(heads))

    def node(level: int, index: int) -> bytes:
        frontier = Frontier()
        for leaf in hashes[index << level : (index + 1) << level]:
            frontier.append(leaf)
        return frontier.root()

    return [
        Presence(head=heads[place], index=place, hashes=tuple(inclusion_proof(place, len(heads), node)))
        for place in places
    ]
