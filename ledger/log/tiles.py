"""C2SP tlog-tiles: the tree as immutable files of 256 hashes, written as it grows and read for any proof."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ledger.errors import FormError, ProofError
from ledger.log.hashing import parent_row
from ledger.log.merkle import consistency_proof, inclusion_proof, tree_root
from ledger.log.wire import SIZE_MAX

HEIGHT = 8
WIDTH = 1 << HEIGHT
LEVEL_MAX = 63
ReadTile = Callable[[int, int, int], bytes]
_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?").fullmatch


class BadTilePath(FormError):
    """A path that names no tile."""

    code = "bad-tile-path"
    zh = "瓦片路径不合规：{path}"
    en = "tile path {path} is not well-formed"


class BadTile(ProofError):
    """Bytes of another length than the tile's."""

    code = "bad-tile"
    zh = "瓦片 {path} 不完整"
    en = "tile {path} is not whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """`width` hashes of level `level` (in tiles, not in tree levels), from number `index` · 256."""

    level: int
    index: int
    width: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePath:
    """`level` is None for a bundle of entries."""

    level: int | None
    index: int
    width: int


def tile_path(level: int | None, index: int, width: int) -> str:
    """`tile/<L>/<N>[.p/<W>]`, `level` None for `tile/entries/…`; without a leading slash."""
    if not (level is None or 0 <= level <= LEVEL_MAX) or not 0 <= index <= SIZE_MAX or not 1 <= width <= WIDTH:
        raise BadTilePath(path=f"{level}, {index}, {width}", expected="level to 63, index from 0, width 1 to 256")
    path, rest = f"{index % 1000:03d}", index // 1000
    while rest:
        path, rest = f"x{rest % 1000:03d}/{path}", rest // 1000
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{path}{suffix}"


def parse_tile_path(path: str) -> TilePath:
    """The tile that `path` names; only the one text that `tile_path` gives."""
    if (found := _PATH(path)) is None:
        raise BadTilePath(path=ascii(path[:120]), expected="tile/<L>/<N>[.p/<W>]")
    level, index, width = found.groups()
    parsed = TilePath(
        level=None if level == "entries" else int(level),
        index=int(index.replace("x", "").replace("/", "")),
        width=WIDTH if width is None else int(width),
    )
    # `.p/256`, `tile/00` and `x000/001` name nothing.
    if tile_path(parsed.level, parsed.index, parsed.width) != path:
        raise BadTilePath(path=ascii(path), expected="tile/<L>/<N>[.p/<W>]")
    return parsed


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes tile `index` of `level` has in a tree of `size` leaves: 0 (none) to 256 (full)."""
    return max(0, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))


def tiles_to_write(old_size: int, new_leaf_hashes: Sequence[bytes], read_tile: ReadTile) -> list[Tile]:
    """Every tile that `new_leaf_hashes` fill or begin, lowest level first; old partial tiles come from `read_tile`."""
    written: list[Tile] = []
    level, hashes = 0, list(new_leaf_hashes)
    while hashes:
        old_count = old_size >> HEIGHT * level
        index, width = divmod(old_count, WIDTH)
        row = b"".join(hashes)
        if width:
            row = _whole(read_tile(level, index, width), level, index, width) + row
        hashes = []
        for start in range(0, len(row), WIDTH * 32):
            data = row[start : start + WIDTH * 32]
            written.append(Tile(level=level, index=index, width=len(data) // 32, data=data))
            if len(data) == WIDTH * 32:
                hashes.append(_tree(data)[HEIGHT])
            index += 1
        level += 1
    return written


@dataclass(frozen=True, slots=True)
class TileReader:
    """Nodes, roots and proofs of the first `size` leaves; `read_tile(level, index, width)` gives a tile's bytes.

    A tile of the wrong length raises `BadTile`; a wrong hash in it makes a proof that does not verify.
    """

    read_tile: ReadTile
    size: int

    def node(self, level: int, index: int) -> bytes:
        tile_level, inner = divmod(level, HEIGHT)
        tile_index, place = divmod(index << inner, WIDTH)
        width = tile_width(tile_level, tile_index, self.size)
        data = _whole(self.read_tile(tile_level, tile_index, width), tile_level, tile_index, width)
        start = (place >> inner) * 32
        return _tree(data)[inner][start : start + 32]

    def root(self) -> bytes:
        return tree_root(self.size, self.node)

    def inclusion(self, index: int) -> list[bytes]:
        return inclusion_proof(index, self.size, self.node)

    def consistency(self, old_size: int) -> list[bytes]:
        return consistency_proof(old_size, self.size, self.node)


def subtrees(data: bytes) -> list[bytes]:
    """All complete subtrees inside a tile, a packed row for each level; row 0 is the tile itself."""
    rows = [data]
    while len(rows[-1]) > 32:
        rows.append(parent_row(rows[-1]))
    return rows


def right_edge(rows: Sequence[bytes], count: int) -> list[bytes]:
    """The largest of these subtrees that together cover the first `count` leaves, from left to right."""
    edge: list[bytes] = []
    covered = 0
    for level in range(len(rows) - 1, -1, -1):
        if count >> level & 1:
            start = (covered >> level) * 32
            edge.append(rows[level][start : start + 32])
            covered += 1 << level
    return edge


def _whole(data: bytes, level: int, index: int, width: int) -> bytes:
    if len(data) != width * 32:
        path = tile_path(level, index, width)
        raise BadTile(path=path, expected=f"{width * 32} bytes", got=f"{len(data)} bytes")
    return data


@lru_cache(maxsize=1_024)  # keyed by the bytes themselves, so it can never be stale; about 16 MB when full
def _tree(data: bytes) -> tuple[bytes, ...]:
    return tuple(subtrees(data))
