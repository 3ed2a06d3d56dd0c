"""The tree, its proofs and its tiles, against other implementations' vectors and a naive recursive tree."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.log import merkle, tiles
from ledger.log.hashing import EMPTY_ROOT, leaf_hash, node_hash, sha256
from ledger.log.merkle import BadConsistency, BadInclusion, Frontier, TreeForm, verify_consistency, verify_inclusion
from ledger.log.tiles import BadTile, BadTilePath, TilePath, TileReader, parse_tile_path, tile_path, tiles_to_write
from tests.support.repository import shared_data

LEAVES = [leaf_hash(str(n).encode()) for n in range(700)]


# --- the naive tree: RFC 9162 §2.1.1 to §2.1.4 as written, recursive, over all leaves


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = naive_split(len(leaves))
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = naive_split(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: list[bytes], known: bool) -> list[bytes]:
    n = len(leaves)
    if m == n:
        return [] if known else [naive_root(leaves)]
    k = naive_split(n)
    if m <= k:
        return [*naive_subproof(m, leaves[:k], known), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], False), naive_root(leaves[:k])]


def node_of(leaves: list[bytes]) -> merkle.Node:
    def node(level: int, index: int) -> bytes:
        subtree = leaves[index << level : (index + 1) << level]
        assert len(subtree) == 1 << level, f"asked for an incomplete subtree, level {level}, index {index}"
        return naive_root(subtree)

    return node


# --- vectors of other implementations


def vectors(kind: str) -> list[Any]:
    found = sorted(shared_data(f"vectors/merkle/{kind}").rglob("*.json"))
    assert found
    return [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in found]


def octets(text: str | None) -> bytes:
    return base64.b64decode(text or "")


@pytest.mark.parametrize("path", vectors("inclusion"))
def test_inclusion_vectors_of_others_hold_or_fail_as_they_say(path: Path) -> None:
    case = json.loads(path.read_bytes())
    leaf, root, proof = octets(case["leafHash"]), octets(case["root"]), list(map(octets, case["proof"] or []))
    if case["wantErr"]:
        with pytest.raises(BadInclusion):
            verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof, root)
    else:
        assert verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof, root) == leaf


@pytest.mark.parametrize("path", vectors("consistency"))
def test_consistency_vectors_of_others_hold_or_fail_as_they_say(path: Path) -> None:
    case = json.loads(path.read_bytes())
    root1, root2, proof = octets(case["root1"]), octets(case["root2"]), list(map(octets, case["proof"] or []))
    if case["wantErr"]:
        with pytest.raises(BadConsistency):
            verify_consistency(case["size1"], case["size2"], root1, root2, proof)
    else:
        assert verify_consistency(case["size1"], case["size2"], root1, root2, proof) == root2


def test_the_reference_tree_of_certificate_transparency_has_its_roots() -> None:
    case = json.loads(shared_data("vectors/merkle/ct_reference_tree.json").read_bytes())
    leaves = [leaf_hash(bytes.fromhex(text)) for text in case["leaf_inputs_hex"]]
    roots = [bytes.fromhex(text) for text in case["root_hashes_hex_by_size_0_to_8"]]
    assert [merkle.root_of(leaves[:size]) for size in range(9)] == roots
    hasher = case["hasher"]
    assert EMPTY_ROOT.hex() == hasher["empty_root"]
    assert leaf_hash(b"").hex() == hasher["empty_leaf"]
    assert leaf_hash(b"L123456").hex() == hasher["leaf(ascii L123456)"]
    assert node_hash(b"N123", b"N456").hex() == hasher["node(ascii N123,N456)"]


# --- against the naive tree


def test_every_proof_in_every_small_tree_is_the_naive_one_and_verifies() -> None:
    for size in range(1, 34):
        leaves, root, node = LEAVES[:size], naive_root(LEAVES[:size]), node_of(LEAVES[:size])
        assert merkle.root_of(leaves) == merkle.tree_root(size, node) == root
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, node)
            assert proof == naive_path(index, leaves)
            verify_inclusion(leaves[index], index, size, proof, root)
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old, size, node)
            assert proof == naive_subproof(old, leaves, True)
            verify_consistency(old, size, naive_root(leaves[:old]), root, proof)


def test_a_proof_holds_for_no_other_index_size_or_leaf_in_any_small_tree() -> None:
    roots = [naive_root(LEAVES[:size]) for size in range(18)]
    for size in range(1, 18):
        for index in range(size):
            proof = naive_path(index, LEAVES[:size])
            for other_size in range(18):
                for other in range(-1, 18):
                    if (other, other_size) == (index, size):
                        continue
                    with pytest.raises(BadInclusion):
                        verify_inclusion(LEAVES[index], other, other_size, proof, roots[other_size])


def test_consistency_holds_for_no_other_root_size_or_hash_in_any_small_tree() -> None:
    roots = [naive_root(LEAVES[:size]) for size in range(14)]
    for size in range(1, 14):
        for old in range(1, size + 1):
            proof = naive_subproof(old, LEAVES[:size], True)
            assert verify_consistency(old, size, roots[old], roots[size], proof) == roots[size]
            wrong = [(old, size, LEAVES[20], roots[size], proof), (old, size, roots[old], LEAVES[20], proof)]
            wrong += [(other, size, roots[old], roots[size], proof) for other in range(14) if other != old]
            wrong += [(other, size, roots[other], roots[size], proof) for other in range(14) if other != old]
            for place in range(len(proof)):
                wrong.append((old, size, roots[old], roots[size], proof[:place] + proof[place + 1 :]))
                wrong.append((old, size, roots[old], roots[size], [*proof[:place], LEAVES[20], *proof[place + 1 :]]))
                wrong.append((old, size, roots[old], roots[size], [*proof[:place], LEAVES[20], *proof[place:]]))
            for case in wrong:
                with pytest.raises(BadConsistency):
                    verify_consistency(*case)


def test_consistency_from_size_zero_backwards_or_with_a_wrong_length_is_refused() -> None:
    root3, root5 = naive_root(LEAVES[:3]), naive_root(LEAVES[:5])
    proof = naive_subproof(3, LEAVES[:5], True)
    verify_consistency(3, 5, root3, root5, proof)
    for size1, size2, old, new, hashes in (
        (0, 5, EMPTY_ROOT, root5, []),
        (0, 5, EMPTY_ROOT, root5, proof),
        (0, 0, EMPTY_ROOT, EMPTY_ROOT, []),
        (-1, 5, root3, root5, proof),
        (5, 3, root5, root3, proof),
        (3, 3, root3, root3, proof),
        (3, 3, root3, root5, []),
        (3, 5, root3, root5, []),
        (3, 5, root3[:31], root5, proof),
        (3, 5, root3, root5 + b"\0", proof),
        (3, 5, root3, root5, [*proof[:-1], proof[-1][:31]]),
        (3, 5, root3, root5, [*proof, b""]),
        (3, 5, root3, root5, proof[:-1]),
        (3, 5, root3, root5, [*proof, proof[-1]]),
    ):
        with pytest.raises(BadConsistency):
            verify_consistency(size1, size2, old, new, hashes)


def test_equal_sizes_are_consistent_by_equal_roots_alone() -> None:
    assert verify_consistency(3, 3, LEAVES[0], LEAVES[0], []) == LEAVES[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 700), st.data())
def test_a_frontier_kept_as_bytes_goes_on_where_it_was(size: int, data: st.DataObject) -> None:
    stop = data.draw(st.integers(0, size))
    frontier = Frontier()
    for leaf in LEAVES[:stop]:
        frontier.append(leaf)
    again = Frontier.from_bytes(frontier.to_bytes())
    assert again == frontier
    for leaf in LEAVES[stop:size]:
        again.append(leaf)
    assert (again.size, again.root()) == (size, naive_root(LEAVES[:size]))
    assert frontier.root() == naive_root(LEAVES[:stop])


def test_a_frontier_of_the_wrong_length_is_refused() -> None:
    packed = Frontier(3, LEAVES[:2]).to_bytes()
    assert Frontier.from_bytes(packed).size == 3
    for wrong in (b"", packed[:7], packed[:-1], packed + b"\0", packed[:-32], packed + bytes(32), b"\xff" + packed[1:]):
        with pytest.raises(TreeForm):
            Frontier.from_bytes(wrong)


def test_a_proof_outside_the_tree_is_not_made() -> None:
    node = node_of(LEAVES[:5])
    for index in (-1, 5):
        with pytest.raises(TreeForm):
            merkle.inclusion_proof(index, 5, node)
    for old in (0, 6):
        with pytest.raises(TreeForm):
            merkle.consistency_proof(old, 5, node)


# --- tiles


class Store(dict[tuple[int, int, int], bytes]):
    def read(self, level: int, index: int, width: int) -> bytes:
        return self[level, index, width]

    def grow(self, old: int, leaves: list[bytes]) -> None:
        for tile in tiles_to_write(old, leaves, self.read):
            assert len(tile.data) == tile.width * 32
            self[tile.level, tile.index, tile.width] = tile.data


def assert_tiles(store: Store, size: int, leaves: list[bytes]) -> None:
    """The tiles of a tree of `size`, by the definition of tlog-tiles."""
    for level in range(4):
        count = size // 256**level
        for index in range((count + 255) // 256):
            width = min(256, count - index * 256)
            span = 256**level
            expected = b"".join(
                naive_root(leaves[(index * 256 + i) * span : (index * 256 + i + 1) * span]) for i in range(width)
            )
            assert store[level, index, width] == expected


@settings(max_examples=25, deadline=None)
@example(batches=[1, 254, 1, 1, 255, 188])
@given(st.lists(st.sampled_from([0, 1, 2, 3, 100, 255, 256, 257, 400]), max_size=5))
def test_tiles_written_in_any_batches_give_the_naive_roots_and_proofs(batches: list[int]) -> None:
    store, size = Store(), 0
    for batch in batches:
        if size + batch > len(LEAVES):
            break
        store.grow(size, LEAVES[size : size + batch])
        size += batch
        assert_tiles(store, size, LEAVES)
    reader = TileReader(store.read, size)
    leaves = LEAVES[:size]
    root = naive_root(leaves)
    assert reader.root() == root
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        assert reader.inclusion(index) == naive_path(index, leaves)
    for old in {1, 2, 255, 256, 257, size // 2, size - 1, size} & set(range(1, size + 1)):
        proof = reader.consistency(old)
        assert proof == naive_subproof(old, leaves, True)
        verify_consistency(old, size, naive_root(LEAVES[:old]), root, proof)


def test_a_tree_of_66_000_leaves_has_three_levels_of_tiles_as_the_specification_counts_them() -> None:
    leaves = [leaf_hash(n.to_bytes(4, "big")) for n in range(66_000)]
    store, frontier = Store(), Frontier()
    for start in range(0, len(leaves), 10_000):
        store.grow(start, leaves[start : start + 10_000])
    for leaf in leaves:
        frontier.append(leaf)
    reader = TileReader(store.read, len(leaves))
    assert reader.root() == frontier.root()
    assert [len(store[key]) // 32 for key in ((0, 257, 208), (1, 0, 256), (1, 1, 1), (2, 0, 1))] == [208, 256, 1, 1]
    for index in (0, 65_535, 65_536, 65_999):
        verify_inclusion(leaves[index], index, len(leaves), reader.inclusion(index), frontier.root())
    verify_consistency(65_536, 66_000, naive_root(leaves[:65_536]), frontier.root(), reader.consistency(65_536))


def test_widths_are_those_of_the_example_of_70_000_leaves() -> None:
    assert [tiles.tile_width(0, n, 70_000) for n in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [tiles.tile_width(1, n, 70_000) for n in (0, 1)] == [256, 17]
    assert [tiles.tile_width(2, 0, 70_000), tiles.tile_width(3, 0, 70_000)] == [1, 0]
    assert [tiles.tile_width(0, 0, 256), tiles.tile_width(1, 0, 256)] == [256, 1]


def test_a_tile_of_the_wrong_length_is_refused_and_a_wrong_hash_proves_nothing() -> None:
    store = Store()
    store.grow(0, LEAVES[:300])
    root = naive_root(LEAVES[:300])
    good = store[0, 1, 44]
    store[0, 1, 44] = good[:-32]
    with pytest.raises(BadTile):
        TileReader(store.read, 300).inclusion(0)
    with pytest.raises(BadTile):
        store.grow(300, LEAVES[300:301])
    store[0, 1, 44] = bytes([good[0] ^ 1]) + good[1:]
    with pytest.raises(BadInclusion):
        verify_inclusion(LEAVES[0], 0, 300, TileReader(store.read, 300).inclusion(0), root)


PATHS = {
    "tile/0/000": TilePath(level=0, index=0, width=256),
    "tile/0/x001/x234/067": TilePath(level=0, index=1_234_067, width=256),
    "tile/63/999.p/255": TilePath(level=63, index=999, width=255),
    "tile/1/x001/000.p/1": TilePath(level=1, index=1000, width=1),
    "tile/entries/x002/003.p/7": TilePath(level=None, index=2003, width=7),
}


@pytest.mark.parametrize(("path", "tile"), PATHS.items(), ids=PATHS)
def test_tile_paths_are_read_and_written_as_specified(path: str, tile: TilePath) -> None:
    assert parse_tile_path(path) == tile
    assert tile_path(tile.level, tile.index, tile.width) == path


BAD_PATHS = [
    "", "tile/0", "/tile/0/000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/0", "tile/0/0000", "tile/0/1000",
    "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/x001/x002", "tile/0/X001/002", "tile/0/000.p/0",
    "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000/", "tile/0/000\n",
    "tile/8/0/000", "tile/0/٠٠٠", "tile/data/000", "tile/0/000.p/1/", "tile/0/x999/x999/x999/x999/x999/x999/999",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_names_no_tile_is_refused(path: str) -> None:
    with pytest.raises(BadTilePath):
        parse_tile_path(path)


@settings(max_examples=100)
@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_every_tile_has_one_path(level: int | None, index: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, index, width)) == TilePath(level=level, index=index, width=width)


@pytest.mark.parametrize("tile", [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 2**63, 1), (0, 0, 0), (0, 0, 257)])
def test_a_tile_that_cannot_be_has_no_path(tile: tuple[int, int, int]) -> None:
    with pytest.raises(BadTilePath):
        tile_path(*tile)
