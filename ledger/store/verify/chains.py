"""Joins the ranges again, in order: chains across their borders, the tree above their tiles, roots at any size."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from ledger.custody.events import Event, parse
from ledger.custody.wire import ANY_CODES
from ledger.errors import LedgerError
from ledger.log.hashing import EMPTY_ROOT, leaf_hash
from ledger.log.merkle import Frontier
from ledger.log.statement import Statement
from ledger.log.tiles import WIDTH
from ledger.store.neighbours import Groups
from ledger.store.verify.findings import Difference
from ledger.store.verify.ranges import PLACE, Part, Told, broken_link, chain_words, places, ten_seconds_before
from ledger.store.verify.reading import RAW, Reader, entry_in, statement_in

_START = (1, None)
E = TypeVar("E", bound=Event)


@dataclass(slots=True)
class Whole:
    """What all ranges so far come to. `heads` and `authors` hold what the next member of each chain must say; `ended`
    counts the object chains that a range saw whole."""

    reader: Reader
    differences: list[Difference] = field(default_factory=list)
    heads: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    authors: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    began: dict[str, int] = field(default_factory=dict)
    seen_last: dict[str, int] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})
    seen: dict[tuple[int, str], bytearray] = field(default_factory=dict)
    unseen: list[tuple[int, str, str, int, str]] = field(default_factory=list)
    tiles: list[bytes] = field(default_factory=list)
    frontier: Frontier = field(default_factory=Frontier)
    edge: list[bytes] = field(default_factory=list)
    size: int = 0
    latest: str = ""
    rare: list[Told] = field(default_factory=list)
    owners: array[int] = field(default_factory=lambda: array("I"))
    groups: Groups = field(default_factory=Groups)
    torn: set[int] = field(default_factory=set)
    ended: int = 0
    links: int = 0
    links_differ: bool = False
    octets: int = 0

    def add(self, part: Part, *, sequenced: bool = True) -> None:
        """Take in the range that follows; waiting entries belong to the chains and not to the tree."""
        self.differences += part.differences
        for stream, (seq, prev, index) in part.first.items():
            want = self.heads.get(stream, _START)
            if want != (seq, prev) and not (prev == "" and want[0] == seq):
                self.differences.append(broken_link(self.reader, stream, index, want, (seq, prev)))
        self.heads.update(part.next)
        for key, (seq, prev, index) in part.author_first.items():
            want = self.authors.get(key, _START)
            self.began.setdefault(key, index)
            if want != (seq, prev) and not (prev in ("", None) and want[0] == seq):
                self._say("bytes", "author-chain", chain_words(want), chain_words((seq, prev)), index)
        self.authors.update(part.author_next)
        if sequenced:
            self._grow(part)
        self._saw(part)
        self._time(part)
        self.rare += part.rare
        self.owners += part.owners
        for left, right in part.joined:
            self.groups.join(left, right)
        self.torn.update(part.torn)
        self.ended += part.ended
        self.links += part.links
        self.links_differ |= part.links_differ
        self.octets += part.octets

    def _saw(self, part: Part) -> None:
        for key, (size, index) in part.seen_first.items():
            if size < (last := self.seen_last.get(key, 0)):
                self._say("bytes", "seen", f"size from {last}", str(size), index)
        for index, refused, key, size, _ in part.unseen:
            if refused == "seen-decreased" and size >= 0 and size >= self.seen_last.get(key, 0):
                self._say("entry", "seen", "no refusal", refused, index)
        self.seen_last.update(part.seen_last)
        self.unseen += [each for each in part.unseen if each[1] == "seen-unknown"]
        for pair, packed in part.seen.items():
            # A pair that is known to be right needs no more than one place; a wrong one keeps all that told it.
            known, (first, _) = self.roots.get(pair[0]), next(places(packed))
            right = known is not None and known.hex() == pair[1] and pair[0] <= first
            kept = self.seen.setdefault(pair, bytearray())
            kept += packed[: PLACE - len(kept)] if right and len(kept) <= PLACE else b"" if right else packed

    def _time(self, part: Part) -> None:
        bound = ten_seconds_before(self.latest)
        if part.earliest < bound:
            for row in self.reader.records(part.start, part.stop):
                try:
                    received_at = entry_in(row[RAW]).received_at
                except (LedgerError, TypeError):
                    continue
                if received_at < bound:
                    self._say("entry", "time", f"received_at from {bound}", received_at, row[0])
        self.latest = max(self.latest, part.latest)

    def _grow(self, part: Part) -> None:
        edges = sorted(each for each in part.edges.items() if each[0] % WIDTH)
        for number in range(-(-(part.stop - part.start) // WIDTH)):
            stop = part.start + (number + 1) * WIDTH
            while edges and edges[0][0] < stop:
                size, hashes = edges.pop(0)
                self.roots[size] = Frontier(size, self.frontier.hashes + hashes).root()
            if number < len(part.tiles):
                self.frontier.append(part.tiles[number])
                self.roots[stop] = self.frontier.root()
        self.tiles += part.tiles
        self.size = part.stop
        self.edge = part.edges.get(part.stop, []) if part.stop % WIDTH else []

    def frontier_bytes(self) -> bytes:
        """The right edge of the whole tree, as `log_state` keeps it."""
        return Frontier(self.size, self.frontier.hashes + self.edge).to_bytes()

    def _say(self, column: str, check: str, expected: str, got: str, index: int) -> None:
        self.differences.append(
            Difference(table="statement", column=column, check=check, expected=expected, got=got, index=index)
        )

    def told(self, kind: type[E]) -> Iterator[tuple[Told, Statement, E]]:
        """The accepted events of one rare kind, in the order of the log."""
        for each in self.rare:
            try:
                said = statement_in(each.raw)
                event = parse(said.type, said.body, ANY_CODES)
            except LedgerError:
                continue
            if isinstance(event, kind) and each.refused is None:
                yield each, said, event

    # ------------------------------------------------------------------------------------ roots at other sizes

    def root_at(self, size: int) -> bytes | None:
        """The root of the first `size` leaves; sizes that nobody asked for in time are read again."""
        if size not in self.roots and 0 < size <= self.size:
            frontier = Frontier()
            for root in self.tiles[: size // WIDTH]:
                frontier.append(root)
            rest = Frontier()
            for row in self.reader.records(size - size % WIDTH, size):
                rest.append(leaf_hash(row[RAW]) if type(row[RAW]) is bytes else b"")
            self.roots[size] = Frontier(size, frontier.hashes + rest.hashes).root()
        return self.roots.get(size)
