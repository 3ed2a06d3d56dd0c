"""Checks one range of the log by itself: bytes, hashes, signatures, tiles, and the chains as far as the range shows
them. What only its neighbours can tell is handed back: the first and the last link of every chain.

A value that differs is laid at one door: each is stored more than once, and the copy that the others outvote is named.
"""

from __future__ import annotations

from array import array
from binascii import b2a_base64
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from orjson import loads

from ledger.custody.decide import FOLDED, folds
from ledger.errors import LedgerError
from ledger.log import entry, statement
from ledger.log.hashing import leaf_hash, leaf_hashes
from ledger.log.keys import PublicKey
from ledger.log.merkle import Frontier
from ledger.log.statement import Author, Seen, Statement, author_of, statement_hash, statement_hashes
from ledger.log.tiles import WIDTH, right_edge, subtrees
from ledger.log.wire import SIZE_MAX, decode_base64
from ledger.store.neighbours import number_of
from ledger.store.rows import AuthorHead
from ledger.store.verify.findings import Difference, Level, shown
from ledger.store.verify.reading import (
    HASH,
    ID,
    INDEX,
    KEY,
    LEAF,
    RAW,
    SAID,
    SEQ,
    SIGNATURE,
    UNREADABLE,
    N,
    Reader,
    Row,
    entry_document,
    entry_in,
    known_statement,
    said_by,
    statement_in,
)

RARE = frozenset(
    {"heads-snapshotted", "key-enrolled", "key-revoked", "ledger-opened", "statement-adopted", "subject-erased"}
)
_BACK = timedelta(seconds=10)
_START = (1, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What every range must know: `wanted` sizes whose roots are asked for, `edge` the stored hashes over the last,
    incomplete tile, `moved` leaves that stand under another index, keys as their enrolments made them."""

    origin: str
    size: int
    wanted: tuple[int, ...]
    edge: tuple[bytes, ...]
    moved: Mapping[int, int]
    keys: Mapping[str, AuthorHead]


@dataclass(frozen=True, slots=True)
class Told:
    """A statement of which the whole ledger has to know."""

    index: int
    raw: bytes
    refused: str | None


@dataclass(slots=True, kw_only=True)
class Part:
    """What one range gives. A chain's next is the (seq, prev) that its next member must say; of object chains that
    begin here and end where `stream_head` says, only their number is kept. Owners are numbers of objects, 0 for none,
    and `seen` holds the places (see `places`) that saw a (size, root)."""

    start: int
    stop: int
    differences: list[Difference] = field(default_factory=list)
    first: dict[str, tuple[int, str | None, int]] = field(default_factory=dict)
    next: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    author_first: dict[str, tuple[int, str | None, int]] = field(default_factory=dict)
    author_next: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    seen_first: dict[str, tuple[int, int]] = field(default_factory=dict)
    seen_last: dict[str, int] = field(default_factory=dict)
    seen: dict[tuple[int, str], bytearray] = field(default_factory=dict)
    unseen: list[tuple[int, str, str, int, str]] = field(default_factory=list)
    tiles: list[bytes] = field(default_factory=list)
    edges: dict[int, list[bytes]] = field(default_factory=dict)
    earliest: str = "~"
    latest: str = ""
    rare: list[Told] = field(default_factory=list)
    owners: array[int] = field(default_factory=lambda: array("I"))
    joined: set[tuple[int, int]] = field(default_factory=set)
    torn: list[int] = field(default_factory=list)
    ended: int = 0
    links: int = 0
    links_differ: bool = False
    octets: int = 0


def ten_seconds_before(moment: str) -> str:
    """The earliest `received_at` that may stand behind this one in the log."""
    if not moment:
        return ""
    return (datetime.fromisoformat(moment) - _BACK).isoformat(timespec="milliseconds")[:23] + "Z"


PLACE = 8 + 32


def places(packed: bytes | bytearray) -> Iterator[tuple[int, bytes]]:
    """The (index, statement hash) of entries, which are many and so kept as one text of PLACE bytes each."""
    for at in range(0, len(packed), PLACE):
        yield int.from_bytes(packed[at : at + 8], "big"), bytes(packed[at + 8 : at + PLACE])


class Ranges:
    """Checks ranges over one connection."""

    def __init__(self, reader: Reader, plan: Plan) -> None:
        self._reader = reader
        self._plan = plan
        self._public: dict[str, PublicKey | None] = {}
        self._unproven: list[tuple[int, Row, str, bytes, AuthorHead]] = []
        self._linked: dict[str, list[tuple[int, Any]]] = {}
        self._authors: dict[bytes, tuple[str, AuthorHead, Author]] = {}

    def check(self, start: int, stop: int, level: Level, known: bool = False, keep: bool = False) -> Part:
        """The part [start, stop); `start` is a multiple of a tile's width. Of bytes that are `known` from an earlier
        run neither form nor signature is looked at again; that they are the same bytes, the root shows. `keep`: also
        the chains that are at their end."""
        part = Part(start=start, stop=stop)
        stored = {
            number: (root, hashes)
            for number, root, hashes in self._reader.rows(
                "SELECT number, root, hashes FROM tile WHERE level = 0"
                f" AND number >= {start // WIDTH} AND number < {-(-stop // WIDTH)}"
            )
        }
        for first in range(start, stop, WIDTH):
            tile = self._placed(part, first, min(first + WIDTH, stop))
            complete = stored.get(first // WIDTH) if len(tile) == WIDTH else None
            leaves, damaged = self._tile(part, first, tile, complete)
            begun = len(part.first)
            if level == "hashes":
                self._links_only(part, first, tile, leaves, damaged)
            else:
                self._entries(part, first, tile, leaves, damaged, known)
                self._link_rows(part)
            if not keep:
                self._end(part, list(islice(part.first, begun, None)))
        if not keep:
            self._end(part, list(part.first))
        return part

    def _link_rows(self, part: Part) -> None:
        """Whether `link` holds the links of these entries; that it holds no other, their number tells in the end."""
        part.links_differ |= not self._reader.holds(self._linked)
        self._linked.clear()

    def _end(self, part: Part, names: Iterable[str]) -> None:
        """Forget those of these chains that begin here and end as `stream_head` says; `Beside` counts them."""
        first, next_ = part.first, part.next
        for head in self._reader.heads([name for name in names if first[name][:2] == _START]):
            name = head[0]
            if agrees(head, next_[name]):
                del first[name], next_[name]
                part.ended += 1

    def check_waiting(self, rows: Sequence[Row], start: int, level: Level) -> Part:
        """Entries that wait for an index, as if they stood behind the log."""
        part = Part(start=start, stop=start + len(rows))
        tile = [row if row[SAID] is not None else self._found(row, part) for row in rows]
        leaves = [leaf_hash(row[RAW]) if row and type(row[RAW]) is bytes else b"" for row in tile]
        damaged = {n for n in range(len(tile)) if self._statement_damaged(part, start + n, tile, n)}
        if level == "hashes":
            self._links_only(part, start, tile, leaves, damaged)
        else:
            self._entries(part, start, tile, leaves, damaged, known=False)
        self._link_rows(part)
        return part

    # ------------------------------------------------------------------------------------ rows, leaves, tiles

    def _placed(self, part: Part, first: int, last: int) -> list[Row | None]:
        """What is stored under each of these indices."""
        found = self._reader.records(first, last)
        if len(found) == last - first and None not in [row[SAID] for row in found]:
            return found  # type: ignore[return-value]
        rows = {row[INDEX]: row for row in found}
        for index in [i for i in self._plan.moved if first <= i < last]:
            for row in self._reader.records_at([self._plan.moved[index]]):
                rows[index] = (index, *row[1:])
                part.torn.append(index)
        return [
            row if row is not None and row[SAID] is not None else self._whole(i, row, part)
            for i in range(first, last)
            for row in (rows.get(i),)
        ]

    def _whole(self, index: int, row: Row | None, part: Part) -> Row | None:
        part.torn.append(index)
        # A missing leaf is said where rows and indices are counted; if only one entry lacks its leaf, it is this one.
        return self._reader.only_orphan(index) if row is None else self._found(row, part)

    def _found(self, row: Row, part: Part) -> Row | None:
        """The row whose statement is not there under the number that it has here."""
        right = self._reader.rightful(row)
        if right is None:
            index = row[INDEX] if row[LEAF] is not None else None
            part.differences.append(
                Difference(
                    table="statement", column="n", check="row", expected=shown(row[N]), got="no row", index=index
                )
            )  # fmt: skip
            return None
        part.differences.append(right[1])
        return right[0]

    def _tile(self, part: Part, first: int, tile: list[Row | None], stored: Row | None) -> tuple[list[bytes], set[int]]:
        """The leaf hashes to go on with, and the places whose bytes cannot be believed."""
        try:
            computed = leaf_hashes([row[RAW] for row in tile])  # type: ignore[index]
            whole = (
                computed == [row[LEAF] for row in tile]  # type: ignore[index]
                and statement_hashes([row[SAID] for row in tile]) == [row[HASH] for row in tile]  # type: ignore[index]
                and (stored is None or stored[1] == b"".join(computed))
            )
        except TypeError:
            whole = False
        damaged: set[int] = set()
        if not whole:
            computed, damaged = self._vote(part, first, tile, stored)
        rows, wanted = subtrees(b"".join(computed)), self._plan.wanted
        for size in wanted[bisect_right(wanted, first) : bisect_right(wanted, first + len(tile))]:
            part.edges[size] = right_edge(rows, size - first)
        if len(computed) == WIDTH:
            root = rows[-1]
            part.tiles.append(root)
            if stored is not None and stored[0] != root:
                part.differences.append(_tile_differs("root", first, first, root, stored[0]))
        part.octets += sum([len(row[RAW]) + len(row[SAID]) for n, row in enumerate(tile) if row and n not in damaged])
        return computed, damaged

    def _vote(self, part: Part, first: int, tile: list[Row | None], stored: Row | None) -> tuple[list[bytes], set[int]]:
        """Leaf by leaf: what the bytes give, what `leaf` says, what the tile says; two outvote the third."""
        third = self._third(tile, stored)
        leaves: list[bytes] = []
        damaged: set[int] = set()
        outvoted: list[int] = []
        for n, row in enumerate(tile):
            index = first + n
            if row is None:
                damaged.add(n)
                leaves.append(third[n] or bytes(32))
                continue
            got = leaf_hash(row[RAW]) if type(row[RAW]) is bytes else None
            if got not in (row[LEAF], third[n]) and (right := self._reader.rightful(row)) is not None:
                tile[n], got = right[0], row[LEAF]
                part.differences.append(right[1])
                part.torn.append(index)
            if got is not None and got == row[LEAF]:
                if third[n] not in (None, got):
                    outvoted.append(n)
                leaves.append(got)
            elif got is not None and got == third[n]:
                self._say(part, "leaf", "hash", "hash", got, row[LEAF], index, row)
                leaves.append(got)
            else:
                self._say(part, "statement", "entry", "hash", row[LEAF], got or row[RAW], index, row)
                damaged.add(n)
                leaf = row[LEAF] if type(row[LEAF]) is bytes else third[n]
                leaves.append(leaf if leaf is not None and len(leaf) == 32 else bytes(32))
            if self._statement_damaged(part, index, tile, n):
                damaged.add(n)
        if stored is not None and (outvoted or third[0] is None):
            n = outvoted[0] if outvoted else 0
            got = third[n] or stored[1]
            part.differences.append(_tile_differs("hashes", first + n, first, leaves[n], got))
        return leaves, damaged

    def _third(self, tile: list[Row | None], stored: Row | None) -> list[bytes | None]:
        if stored is not None and type(stored[1]) is bytes and len(stored[1]) == WIDTH * 32:
            return [stored[1][n * 32 : n * 32 + 32] for n in range(len(tile))]
        # The last tile is not kept; the frontier holds its roots, so the copy that leads to them is the right one.
        kept = [row[LEAF] if row is not None else None for row in tile]
        if len(tile) < WIDTH and self._plan.edge and all(type(leaf) is bytes for leaf in kept):
            frontier = Frontier()
            for leaf in kept:
                frontier.append(leaf)  # type: ignore[arg-type]
            if tuple(frontier.hashes) == self._plan.edge:
                return list(kept)
            return [leaf_hash(row[RAW]) if row and type(row[RAW]) is bytes else None for row in tile]
        return [None] * len(tile)

    def _statement_damaged(self, part: Part, index: int, tile: list[Row | None], n: int) -> bool:
        """Whether the statement's bytes cannot be believed; what bytes and entry agree on, a changed hash is not."""
        if (row := tile[n]) is None:
            return True
        got = statement_hash(row[SAID]) if type(row[SAID]) is bytes else row[SAID]
        if got == row[HASH]:
            return False
        if got == said_by(row[RAW]):
            self._say(part, "statement", "hash", "hash", got, row[HASH], index, row)
            tile[n] = (*row[:HASH], got, *row[ID:])
            return False
        self._say(part, "statement", "bytes", "hash", row[HASH], got, index, row)
        return True

    # ------------------------------------------------------------------------------------ entries and chains

    def _links_only(
        self, part: Part, first: int, tile: list[Row | None], leaves: list[bytes], damaged: set[int]
    ) -> None:
        """Object chains, and whom each entry quotes; authors only as far as their numbers."""
        read: list[tuple[int, Row]] = []
        for index, (row, leaf) in enumerate(zip(tile, leaves, strict=True), first):
            if row is None:
                continue
            if damaged and index - first in damaged:
                self._number(part, read)
                self._mend(part, index, row, leaf)
                continue
            try:
                document = loads(row[RAW])
                if document["statement"] != row[HASH].hex():
                    self._say(part, "statement", "hash", "hash", document["statement"], row[HASH], index, row)
                self._links(part, index, document["links"], leaf.hex(), None)
                self._time(part, index, row, document["received_at"])
                read.append((index, row))
            except UNREADABLE as error:
                self._say(part, "statement", "entry", "bytes", "an entry", repr(error), index, row)
        self._number(part, read)

    def _number(self, part: Part, read: list[tuple[int, Row]]) -> None:
        """How far authors' numbers go; the last one of each counts."""
        numbered = [each for each in read if type(each[1][KEY]) is bytes and type(each[1][SEQ]) is int]
        for key, (index, row) in {each[1][KEY]: each for each in reversed(numbered)}.items():
            part.author_first.setdefault(key.hex(), (row[SEQ], None, index))
        for key, (_, row) in {each[1][KEY]: each for each in numbered}.items():
            part.author_next[key.hex()] = (row[SEQ] + 1, row[HASH].hex())
        read.clear()

    def _entries(
        self, part: Part, first: int, tile: list[Row | None], leaves: list[bytes], damaged: set[int], known: bool
    ) -> None:
        for n, row in enumerate(tile):
            owner = 0
            if row is not None and n in damaged:
                owner = self._mend(part, first + n, row, leaves[n])
                part.torn.append(first + n)
            elif row is not None:
                index, leaf = first + n, leaves[n].hex()
                foreseen = self._foreseen(part, index, row, leaf, known)
                owner = self._read(part, index, row, leaf, known) if foreseen is None else foreseen
            part.owners.append(owner)
        self._prove(part)

    def _foreseen(self, part: Part, index: int, row: Row, leaf: str, known: bool) -> int | None:
        """Writes what the entry must be by its columns and the chains before it: where its bytes are just that, nothing
        is left to look at but the signature. None: they are not, or the chains cannot tell."""
        _, _, n, hash_, id_, raw, key, seq, said, signature = row
        if key not in self._authors or type(signature) is not bytes:
            return None
        by, head, author = self._authors[key]
        want, prev = part.author_next.get(by, _START)
        if want != seq or prev is None or (read := statement.continued(said, author, id_, seq, prev)) is None:
            return None
        about, seen, type_ = read
        if type_ in RARE:
            return None
        next_, linked, quoted = part.next, self._linked, hash_.hex()
        links = [(stream, *next_.get(stream, _START)) for stream in about]
        received_at = entry.accepted_as(raw, quoted, signature, links)
        if received_at is None:
            return None
        if not known:
            self._unproven.append((index, row, by, signature, head))
        part.author_next[by] = (seq + 1, quoted)
        self._saw(part, index, row, None, by, seen)
        self._time(part, index, row, received_at)
        for stream, number, prev in links:
            if prev is None:
                part.first[stream] = (1, None, index)
            next_[stream] = (number + 1, leaf)
            linked.setdefault(stream, []).append((number, n))
        part.links += len(links)
        return _owner(part, about)

    def _read(self, part: Part, index: int, row: Row, leaf: str, known: bool) -> int:
        column = "entry"
        try:
            received = loads(row[RAW]) if known else entry_document(row[RAW])
            column = "bytes"
            said = known_statement(row[SAID], row[HASH]) if known else statement_in(row[SAID], row[HASH])
            return self._entry(part, index, row, received, said, leaf, known)
        except (LedgerError, *UNREADABLE) as error:
            self._say(part, "statement", column, "bytes", "the canonical form", f"{error}", index, row)
            part.torn.append(index)
            return 0

    def _entry(
        self, part: Part, index: int, row: Row, received: dict[str, Any], said: Statement, leaf: str, known: bool
    ) -> int:
        hash_, key, seq, about, told = row[HASH].hex(), said.key, said.seq, said.about, len(part.differences)
        if received["statement"] != hash_:
            self._say(part, "statement", "hash", "hash", received["statement"], hash_, index, row)
        if row[ID] != said.id:
            self._say(part, "statement", "id", "row", said.id, row[ID], index, row)
        if said.ledger != self._plan.origin:
            self._say(part, "statement", "bytes", "authority", self._plan.origin, said.ledger, index, row)
        if row[SEQ] != seq:
            self._say(part, "statement", "seq", "row", seq, row[SEQ], index, row)
        author = self._plan.keys.get(key)
        if row[KEY] is None or row[KEY] != (author.key if author is not None else bytes.fromhex(key)):
            self._say(part, "statement", "key", "row", key, row[KEY], index, row)
        self._signed(part, index, row, received["signature"], said, author, known)
        # The author's chain, and what the author had seen.
        want = part.author_next.get(key)
        if want is None:
            part.author_first[key] = (seq, said.prev, index)
        elif want[0] != seq or want[1] != said.prev:
            self._broken(part, index, row, "author-chain", want, (seq, said.prev))
        part.author_next[key] = (seq + 1, hash_)
        refused = received.get("refused")
        self._saw(part, index, row, refused, key, said.seen)
        self._time(part, index, row, received["received_at"])
        # The objects' chains.
        links = received["links"]
        streams = tuple([link["stream"] for link in links])
        expected = about if refused is None else (author.stream,) if author is not None else streams
        if streams != expected:
            self._say(part, "statement", "entry", "link", " ".join(expected), " ".join(streams), index, row)
        self._links(part, index, links, leaf, row[N])
        if said.type in RARE:
            part.rare.append(Told(index, said.raw, refused))
        if author is not None and len(part.differences) == told:
            self._authors[row[KEY]] = key, author, author_of(said)
        return _owner(part, about)

    def _signed(
        self, part: Part, index: int, row: Row, signed: str, said: Statement, author: AuthorHead | None, known: bool
    ) -> None:
        if author is None:
            self._say(part, "statement", "bytes", "authority", "a key enrolled in this log", said.key, index, row)
            return
        custody = "server" if author.server else None
        if (author.party, author.person, custody) != (said.party, said.by, said.custody):
            for what, expected, got in (
                ("party", author.party, said.party),
                ("by", author.person, said.by),
                ("custody", custody, said.custody),
            ):
                if expected != got:
                    self._say(
                        part, "statement", "bytes", "authority", f"{what} {expected}", f"{what} {got}", index, row
                    )
        signature = row[SIGNATURE] if type(row[SIGNATURE]) is bytes else b""
        if b2a_base64(signature, newline=False).decode() != signed:
            self._say(part, "statement", "signature", "signature", signed, row[SIGNATURE], index, row)
            signature = decode_base64(signed, "signature")
        if not known:
            self._unproven.append((index, row, said.key, signature, author))

    def _prove(self, part: Part) -> None:
        """The signatures of a tile, one after another: a loop that does nothing else stays in the processor's cache."""
        for index, row, key, signature, author in self._unproven:
            try:
                statement.verify_signature(row[SAID], signature, self._public_key(author))
            except LedgerError as error:
                self._say(part, "statement", "signature", "signature", f"a signature by {key}", error, index, row)
        self._unproven.clear()

    def _public_key(self, author: AuthorHead) -> PublicKey:
        known = self._public.get(author.stream)
        if known is None:
            known = self._public[author.stream] = PublicKey(author.public_key)
        return known

    def _saw(self, part: Part, index: int, row: Row, refused: str | None, key: str, seen: Seen) -> None:
        size, root = seen
        if refused in ("seen-decreased", "seen-unknown"):
            before = part.seen_last.get(key, -1)
            told = before < 0 or refused == "seen-unknown"
            part.unseen.append((index, refused, key, size if told else -1, root))
            if refused == "seen-decreased" and 0 <= before <= size:
                self._say(part, "statement", "entry", "seen", "no refusal", refused, index, row)
            return
        places = part.seen.get((size, root))
        if places is None:
            places = part.seen[size, root] = bytearray()
        places += index.to_bytes(8, "big") + row[HASH]
        last = part.seen_last.get(key)
        if last is None:
            part.seen_first.setdefault(key, (size, index))
        elif size < last:
            self._say(part, "statement", "bytes", "seen", f"size from {last}", size, index, row)
        if refused is None:
            part.seen_last[key] = size

    def _time(self, part: Part, index: int, row: Row, received_at: str) -> None:
        """Time steps back by little."""
        if received_at >= part.latest:
            part.latest = received_at
            if received_at >= part.earliest:
                return
        elif received_at < (bound := ten_seconds_before(part.latest)):
            self._say(part, "statement", "entry", "time", f"received_at from {bound}", received_at, index, row)
        if received_at < part.earliest:
            part.earliest = received_at

    def _links(self, part: Part, index: int, links: list[dict[str, Any]], leaf: str, n: Any) -> None:
        """One entry's links, each to go on from the one before it; `n` as in `link`, None where nobody looks there."""
        next_, linked = part.next, self._linked
        for link in links:
            stream, seq, prev = link["stream"], link["seq"], link.get("prev")
            if type(stream) is not str or type(seq) is not int or "\0" in stream or seq > SIZE_MAX:
                raise TypeError(f"a link to {stream!r}, {seq!r}")
            want = next_.get(stream)
            if want is None:
                part.first[stream] = (seq, prev, index)
            elif want[0] != seq or want[1] != prev:
                part.differences.append(broken_link(self._reader, stream, index, want, (seq, prev)))
            next_[stream] = (seq + 1, leaf)
            if n is not None:
                linked.setdefault(stream, []).append((seq, n))
        part.links += len(links)

    def _mend(self, part: Part, index: int, row: Row, leaf: bytes) -> int:
        """Carry the chains past bytes that cannot be believed, by the rows and the copy that still can."""
        links = self._reader.links_of(row[N])
        for name, seq in links:
            if name not in part.next:
                part.first[name] = (seq, "", index)  # "": its own prev cannot be read
            part.next[name] = (seq + 1, leaf.hex())
            part.links += 1
            self._linked.setdefault(name, []).append((seq, row[N]))
        about: Sequence[str] = [name for name, _ in links]
        if type(row[SAID]) is bytes and statement_hash(row[SAID]) == row[HASH]:
            try:
                said = statement_in(row[SAID])
            except LedgerError:
                return _owner(part, about)
            if said.key not in part.author_next:
                part.author_first[said.key] = (said.seq, said.prev, index)
            elif part.author_next[said.key] != (said.seq, said.prev):
                want = part.author_next[said.key]
                self._broken(part, index, row, "author-chain", want, (said.seq, said.prev))
            part.author_next[said.key] = (said.seq + 1, said.hash.hex())
            if said.type in RARE:
                part.rare.append(Told(index, said.raw, None))
            about = said.about
        elif type(row[KEY]) is bytes and type(row[SEQ]) is int:
            key = row[KEY].hex()
            part.author_first.setdefault(key, (row[SEQ], "", index))
            part.author_next[key] = (row[SEQ] + 1, row[HASH].hex())
        return _owner(part, about)

    # ------------------------------------------------------------------------------------ saying it

    def _broken(
        self, part: Part, index: int, row: Row, check: str, want: tuple[int, str | None], got: tuple[int, str | None]
    ) -> None:
        self._say(part, "statement", "bytes", check, chain_words(want), chain_words(got), index, row)

    def _say(
        self, part: Part, table: str, column: str, check: str, expected: Any, got: Any, index: int, row: Row
    ) -> None:
        stream, seq = self.place(row)
        part.differences.append(
            Difference(
                table=table,
                column=column,
                check=check,
                expected=shown(expected),
                got=str(got) if isinstance(got, LedgerError) else shown(got),
                stream=stream,
                seq=seq,
                index=index if index < self._plan.size else None,
            )
        )

    def place(self, row: Row) -> tuple[str | None, int | None]:
        """The first object that the entry stands in, and its number there."""
        try:
            link = entry_in(row[RAW]).links[0]
            return link.stream, link.seq
        except (LedgerError, TypeError):
            found = self._reader.links_of(row[N])
            return found[0] if found else (None, None)


def agrees(head: Row, place: tuple[int, str | None]) -> bool:
    """Whether a row of `stream_head` (its state only whether there is one) is the end of a chain."""
    stream, seq, leaf, state = head
    return seq == place[0] - 1 and type(leaf) is bytes and leaf.hex() == place[1] and (not state or folds(stream))


def _tile_differs(column: str, index: int, first: int, expected: bytes, got: Any) -> Difference:
    return Difference(
        table="tile",
        column=column,
        check="tree",
        expected=expected.hex(),
        got=shown(got),
        index=index,
        row=f"level 0 number {first // WIDTH}",
    )


def broken_link(
    reader: Reader, stream: str, index: int, want: tuple[int, str | None], got: tuple[int, str | None]
) -> Difference:
    """A link that does not go on from the one before it; a predecessor that comes later is an order broken."""
    seq = got[0]
    before = reader.index_of(stream, seq - 1) if type(seq) is int and seq > 1 else None
    late = before is not None and before > index
    return Difference(
        table="leaf" if late else "statement",
        column="index" if late else "entry",
        check="index-order" if late else "link",
        expected=f"an index above {before}, where its predecessor stands" if late else chain_words(want),
        got=str(index) if late else chain_words(got),
        stream=stream,
        seq=seq if type(seq) is int else None,
        index=index,
    )


def chain_words(place: tuple[int, str | None]) -> str:
    """A (seq, prev) pair in words."""
    return f"seq {place[0]}" + (f" prev {place[1]}" if place[1] else "")


def _owner(part: Part, about: Sequence[str]) -> int:
    """The first of the objects that have a state, by its number; all of them are joined."""
    numbers = [number_of(name.encode()) for name in about if name.startswith(FOLDED)]
    for number in numbers[1:]:
        part.joined.add((numbers[0], number))
    return numbers[0] if numbers else 0
