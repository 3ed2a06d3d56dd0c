"""Compares every table that stands beside the log with what the log gives: heads, links, tiles, checkpoints, keys,
what was kept as evidence, and what is sealed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ledger.custody.decide import folds
from ledger.custody.events.ledger import HeadsSnapshotted
from ledger.errors import LedgerError
from ledger.log.checkpoint import Checkpoint, Policy, parse_checkpoint, verify_cosignature
from ledger.log.hashing import leaf_hash
from ledger.log.heads import Head, snapshot_root
from ledger.log.merkle import root_of
from ledger.log.note import VerifierKey, verify_note
from ledger.log.tiles import HEIGHT, WIDTH
from ledger.log.wire import is_time
from ledger.store.rows import AUTHOR_COLUMNS
from ledger.store.tables import metadata
from ledger.store.verify.chains import Whole
from ledger.store.verify.findings import Difference, apart, shown
from ledger.store.verify.keys import Keys
from ledger.store.verify.ranges import agrees, places, ten_seconds_before
from ledger.store.verify.reading import INDEX, RAW, N, Reader, Row, entry_in, note_in
from ledger.store.verify.replay import POSTING

_SALT: Final = 32


@dataclass(slots=True, kw_only=True)
class Beside:
    """One comparison; `witnessed` is filled by `checkpoints`: (size, names of the witnesses that cosigned)."""

    whole: Whole
    keys: Keys
    log_key: VerifierKey
    policy: Policy | None
    latest: str
    witnessed: tuple[int, tuple[str, ...]] = (0, ())
    signed: int = 0
    moved: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def _reader(self) -> Reader:
        return self.whole.reader

    # ------------------------------------------------------------------------------------ the tree

    def log_state(self) -> Iterator[Difference]:
        """The one row that says where the log ends."""
        root, packed = self.whole.root_at(self.whole.size), self.whole.frontier_bytes()
        found = self._reader.rows("SELECT id, size, root, frontier, received_at FROM log_state")
        if len(found) != 1:
            yield beside("log_state", "id", "row", "one row", f"{len(found)} rows")
        expected = (1, self.whole.size, root, packed, self.latest)
        for row in found[:1]:
            yield from _columns("log_state", ("id", "size", "root", "frontier", "received_at"), expected, row, "tree")

    def tiles(self) -> Iterator[Difference]:
        """Complete tiles, all of them and no other; the ranges have looked into those of level 0."""
        level, hashes = 1, self.whole.tiles
        expected = {(0, number): root for number, root in enumerate(hashes)}
        content: dict[tuple[int, int], bytes] = {}
        while len(hashes) >= WIDTH:
            full = [hashes[start : start + WIDTH] for start in range(0, len(hashes) - WIDTH + 1, WIDTH)]
            hashes = [root_of(tile) for tile in full]
            for number, (tile, root) in enumerate(zip(full, hashes, strict=True)):
                expected[level, number] = root
                content[level, number] = b"".join(tile)
            level += 1
        stored = {(row[0], row[1]) for row in self._reader.rows("SELECT level, number FROM tile")}
        missing, extra = sorted(expected.keys() - stored), list(stored - expected.keys())
        for place in missing:
            moved = next((e for e in extra if (e[0] == place[0]) != (e[1] == place[1])), None)
            if moved is not None:
                extra.remove(moved)
            column = "level" if moved is not None and moved[1] == place[1] else "number"
            got = "no row" if moved is None else f"level {moved[0]} number {moved[1]}"
            index = place[1] << HEIGHT * (place[0] + 1)
            yield beside("tile", column, "tree", "this row", got, f"level {place[0]} number {place[1]}", index)
        for level_, number in extra:
            yield beside("tile", "number", "tree", "no row", "a row", f"level {level_} number {number}")
        for row in self._reader.rows("SELECT level, number, root, hashes FROM tile WHERE level > 0"):
            place = (row[0], row[1])
            if place in content:
                name, index = f"level {row[0]} number {row[1]}", row[1] << HEIGHT * (row[0] + 1)
                wanted = (expected[place], content[place])
                yield from _columns("tile", ("root", "hashes"), wanted, row[2:], "tree", name, index)

    def checkpoints(self) -> Iterator[Difference]:
        """What the log signed: each a root of this log. Two of the row's size, the note's size and the tree decide."""
        times: list[tuple[int, Any, str]] = []
        for size, root, note, signed_at in self._reader.rows("SELECT size, root, note, signed_at FROM checkpoint"):
            name = f"size {shown(size)}"
            head = self._signed_head(note)
            if head is None:
                yield beside("checkpoint", "note", "checkpoint", "a note signed by the log key", shown(note), name)
            at = size
            if type(size) is int and 0 < size <= self.whole.size and (head is None or head.size == size):
                proven = self.whole.root_at(size)
                if proven != root:
                    yield beside("checkpoint", "root", "checkpoint", shown(proven), shown(root), name, size - 1)
                if head is not None and head.root != proven:
                    yield beside("checkpoint", "note", "checkpoint", shown(proven), head.root.hex(), name, size - 1)
            elif head is not None and self.whole.root_at(head.size) == head.root == root:
                at = head.size
                self.moved.add(f"size {at}")
                yield beside("checkpoint", "size", "checkpoint", str(at), shown(size), name, at - 1)
            else:
                most = f"at most {self.whole.size}, the leaves there are"
                yield beside("checkpoint", "size", "checkpoint", most, shown(size), name)
                continue
            self.signed = max(self.signed, at)
            times.append((at, signed_at, name))
        before = ""
        for _, signed_at, name in sorted(times, key=lambda each: each[0]):
            if not is_time(signed_at) or signed_at < before:
                yield beside("checkpoint", "signed_at", "time", f"a moment from {before}", shown(signed_at), name)
            else:
                before = signed_at
        yield from self._cosignatures()

    def _cosignatures(self) -> Iterator[Difference]:
        known = {} if self.policy is None else {key.key_id: key for key in self.policy.witnesses.values()}
        notes: dict[Any, Any] = dict(pairs(self._reader, "size, note FROM checkpoint"))
        by_size: dict[int, set[str]] = {}
        for size, key_id, line in self._reader.rows("SELECT size, key_id, line FROM cosignature"):
            name = f"size {shown(size)} key id {shown(key_id)}"
            fitting = [each for each in (size, *notes) if each in notes]
            try:
                text = note_in(notes[fitting[0]]).text
                signature = note_in(notes[fitting[0]] + line.encode()).signatures[-1]
            except (LedgerError, AttributeError, IndexError, TypeError) as error:
                yield beside("cosignature", "line", "checkpoint", "a signature line", str(error), name)
                continue
            if signature.key_id != key_id:
                # Of the two key ids the one that a known witness has is right.
                if signature.key_id in known or key_id not in known:
                    yield beside("cosignature", "key_id", "row", signature.key_id.hex(), shown(key_id), name)
                else:
                    yield beside("cosignature", "line", "checkpoint", shown(key_id), signature.key_id.hex(), name)
                    continue
            witness = known.get(signature.key_id)
            if witness is None:
                if size not in notes:
                    yield beside("cosignature", "size", "row", "the size of a checkpoint", shown(size), name)
                continue
            try:
                verify_cosignature(text, signature, witness)
                if size not in notes:
                    raise KeyError(size)
            except (LedgerError, KeyError) as error:
                where = next((s for s in notes if _cosigned(notes[s], signature, witness)), None)
                if where is not None:
                    yield beside("cosignature", "size", "checkpoint", str(where), shown(size), name)
                else:
                    yield beside(
                        "cosignature", "line", "checkpoint", f"a signature by {witness.name}", str(error), name
                    )
                continue
            by_size.setdefault(size, set()).add(witness.name)
        if by_size:
            newest = max(by_size)
            self.witnessed = (newest, tuple(sorted(by_size[newest])))

    def outside(self, notes: Sequence[bytes]) -> Iterator[Difference]:
        """Notes kept by others: what the log once signed and others saw must still be the beginning of this log."""
        signed = {row[0] for row in self._reader.rows("SELECT size FROM checkpoint")}
        for raw in notes:
            try:
                head = parse_checkpoint(verify_note(note_in(raw), [self.log_key]).text)
            except LedgerError as error:
                yield beside("checkpoint", "note", "outside", "a note signed by the log key", str(error), "given")
                continue
            proven = self.whole.root_at(head.size)
            if proven != head.root:
                got = f"a log of {self.whole.size} leaves" if proven is None else proven.hex()
                yield beside(
                    "leaf", "hash", "outside", f"root {head.root.hex()}", got, f"size {head.size}", head.size - 1
                )
            elif head.size not in signed and f"size {head.size}" not in self.moved:
                name = f"size {head.size}"
                yield beside("checkpoint", "size", "outside", "a row: the log signed it", "no row", name, head.size - 1)

    def seen(self) -> Iterator[Difference]:
        """Every checkpoint that an author saw is a root of this log and was signed, or the split view is on record."""
        split: dict[bytes, Row] = {row[0]: row for row in self._reader.rows("SELECT * FROM split_view")}
        signed = {row[0] for row in self._reader.rows("SELECT size FROM checkpoint")} | {0}
        for (size, root), packed in sorted(self.whole.seen.items()):
            told = list(places(packed))
            proven = self.whole.root_at(size)
            if proven is not None and proven.hex() == root:
                if size not in signed and f"size {size}" not in self.moved:
                    yield beside("checkpoint", "size", "row", "a row", "no row", f"size {size}", size - 1)
                told = [(index, hash_) for index, hash_ in told if index < size]
            for index, hash_ in told:
                kept = split.pop(hash_, None)
                if kept is not None:
                    yield from self._split(kept, size, root, index)
                    continue
                other = next((key for key in split if self._is_view(split[key], size, root)), None)
                if other is not None:
                    yield beside("split_view", "statement", "row", hash_.hex(), shown(other), "", index)
                    del split[other]
                    continue
                want = "a size of this log" if proven is None else f"root {proven.hex()}"
                got = f"size {size} root {root}, and no row"
                yield beside(
                    "split_view", "statement", "seen", f"{want}, or both notes of a split view", got, "", index
                )
        for hash_ in split:
            yield beside("split_view", "statement", "row", "a statement that saw another tree", shown(hash_))
        yield from self._seen_after_all()

    def _seen_after_all(self) -> Iterator[Difference]:
        """Refusals because a checkpoint was unknown, although the log had signed it ten seconds before or earlier."""
        signed = {0: "", **dict(pairs(self._reader, "size, signed_at FROM checkpoint"))}
        for index, _, _, size, root in self.whole.unseen:
            proven, at = self.whole.root_at(size), signed.get(size)
            if proven is None or proven.hex() != root or not isinstance(at, str):
                continue
            for (raw,) in self._reader.entries(index, index + 1):
                if at <= ten_seconds_before(entry_in(raw).received_at):
                    yield beside("statement", "entry", "seen", "no refusal", "seen-unknown", "", index)

    def _is_view(self, kept: Row, size: int, root: str) -> bool:
        head = self._signed_head(kept[1])
        return head is not None and (head.size, head.root.hex()) == (size, root)

    def _split(self, kept: Row, size: int, root: str, index: int) -> Iterator[Difference]:
        if not self._is_view(kept, size, root):
            yield beside("split_view", "theirs", "seen", f"size {size} root {root}", shown(kept[1]), "", index)
        ours = self._signed_head(kept[2])
        if kept[2] != b"" and (ours is None or self.whole.root_at(ours.size) != ours.root or ours.size > size):
            yield beside("split_view", "ours", "seen", f"a note of this log up to {size}", shown(kept[2]), "", index)

    def _signed_head(self, note: Any) -> Checkpoint | None:
        try:
            return parse_checkpoint(verify_note(note_in(note), [self.log_key]).text)
        except (LedgerError, TypeError, ValueError):
            return None

    def snapshots(self) -> Iterator[Difference]:
        """Each head snapshot, made again from the links among exactly its leaves; one walk through the log for all."""
        heads: dict[str, tuple[int, str]] = {}
        walked = 0
        # What is damaged below its size, and said to be, cannot be made again.
        whole = min(self.whole.torn, default=self.whole.size)
        for told, _, event in sorted(self.whole.told(HeadsSnapshotted), key=lambda each: each[2].size):
            if event.size > told.index:
                yield beside(
                    "statement", "bytes", "snapshot", f"size up to {told.index}", str(event.size), "", told.index
                )
            if event.size > min(told.index, whole):
                continue
            for start in range(walked, event.size, 4_096):
                stop = min(event.size, start + 4_096)
                for (raw,) in self._reader.entries(start, stop):
                    leaf = leaf_hash(raw).hex()
                    for link in entry_in(raw).links:
                        heads[link.stream] = (link.seq, leaf)
            walked = event.size
            root = snapshot_root(Head(stream=s, seq=seq, leaf=leaf) for s, (seq, leaf) in sorted(heads.items())).hex()
            if (len(heads), root) != (event.count, event.root):
                want, got = f"{len(heads)} heads, root {root}", f"{event.count} heads, root {event.root}"
                yield beside("statement", "bytes", "snapshot", want, got, "", told.index)

    # ------------------------------------------------------------------------------------ heads and links

    def links(self) -> Iterator[Difference]:
        """The rows of `link`: as a set the same as the links inside the entries."""
        ((count,),) = self._reader.rows("SELECT count(*) FROM link")
        self.counts["links"] = count
        if self.whole.links_differ or count != self.whole.links:
            yield from self._links_one_by_one()

    def _links_one_by_one(self) -> Iterator[Difference]:
        strange: list[Row] = []
        sql = (
            'SELECT k.stream, k.seq, k.n, s.entry, l."index" FROM link k LEFT JOIN statement s ON s.n = k.n'
            " LEFT JOIN leaf l ON l.n = k.n"
        )
        for row in self._reader.stream(sql):
            try:
                known = any((link.stream, link.seq) == row[:2] for link in entry_in(row[3]).links)
            except (LedgerError, TypeError):
                known = row[4] in self.whole.torn
            if not known:
                strange.append(row)
        for index in range(0, self.whole.size, 1024):
            for record in self._reader.records(index, min(self.whole.size, index + 1024)):
                yield from self._links_of(record, strange)
        for record in self._reader.waiting():
            yield from self._links_of(record, strange)
        for stream, seq, n, *_ in strange:
            yield beside("link", "n", "row", "no row", shown(n), f"{shown(stream)} seq {shown(seq)}")

    def _links_of(self, record: Row, strange: list[Row]) -> Iterator[Difference]:
        try:
            links = entry_in(record[RAW]).links
        except (LedgerError, TypeError):
            return
        for link in links:
            found = self._reader.rows(f"SELECT n FROM link WHERE stream = '{link.stream}' AND seq = {link.seq}")
            if found and found[0][0] == record[N]:
                continue
            # The row that should stand here: it shares two of its three columns with what it must be.
            wanted = (link.stream, link.seq, record[N])
            close = next((r for r in strange if sum(a == b for a, b in zip(r, wanted, strict=False)) == 2), None)
            if close is not None:
                strange.remove(close)
                names = ("stream", "seq", "n")
                n = next(n for n in range(3) if close[n] != wanted[n])
                column, expected, got = names[n], shown(wanted[n]), shown(close[n])
            else:
                column, expected, got = "n", shown(record[N]), "no row"
            yield Difference(
                table="link", column=column, check="row", expected=expected, got=got,
                stream=link.stream, seq=link.seq, index=record[INDEX],
            )  # fmt: skip

    def heads_agree(self) -> bool:
        """Whether `stream_head` holds the end of every object chain and no other row, each with a state only where an
        object has one. The ranges have looked at the chains that they saw whole."""
        left = self.whole.heads
        agreed = sum([agrees(head, left[head[0]]) for head in self._reader.heads(list(left))])
        return agreed == len(left) and agreed + self.whole.ended == self.counts["objects"]

    def stream_heads(self) -> Iterator[Difference]:
        """What differs in `stream_head`, row by row; needs all chains."""
        strange: list[Row] = []
        left = set(self.whole.heads)
        for stream, seq, leaf, state in self._reader.stream(
            "SELECT stream, seq, leaf, state IS NOT NULL FROM stream_head"
        ):
            place = self.whole.heads.get(stream) if type(stream) is str else None
            if place is None:
                if seq != 0 or leaf is not None or state:
                    strange.append((stream, seq, leaf))
                continue
            left.discard(stream)
            want = (place[0] - 1, bytes.fromhex(place[1] or ""))
            for column, expected, got in zip(("seq", "leaf"), want, (seq, leaf), strict=True):
                if expected != got:
                    yield _head(column, stream, place[0] - 1, expected, got)
            if bool(state) and not folds(stream):
                yield _head("state", stream, place[0] - 1, None, "a state")
        for stream in sorted(left):
            seq, leaf = self.whole.heads[stream]
            close = next((r for r in strange if r[1:] == (seq - 1, bytes.fromhex(leaf or ""))), None)
            if close is not None:
                strange.remove(close)
            yield _head("stream", stream, seq - 1, stream, "no row" if close is None else close[0])
        for row in strange:
            yield _head("stream", str(row[0]), row[1], "no row", row[0])

    def author_heads(self) -> Iterator[Difference]:
        """The standing of every key and the end of its chain, as enrolments, revocations and statements give it."""
        left = dict(self.keys.authors)
        strange: list[Row] = []
        for row in self._reader.rows(f"SELECT {', '.join(AUTHOR_COLUMNS)} FROM author_head"):
            expected = left.pop(row[0].hex(), None) if type(row[0]) is bytes else None
            if expected is None:
                strange.append(row)
                continue
            yield from self._author_head(row, expected.row())
        for head in left.values():
            close = next((r for r in strange if r[1] == head.stream), None)
            if close is None:
                yield beside("author_head", "key", "head", head.key.hex(), "no row", head.stream)
            else:
                strange.remove(close)
                yield from self._author_head(close, head.row())
        for row in strange:
            yield beside(
                "author_head", "key", "authority", "no row: the log enrols no such key", shown(row[0]), shown(row[1])
            )

    def _author_head(self, row: Row, expected: Row) -> Iterator[Difference]:
        for column, want, got in zip(AUTHOR_COLUMNS, expected, row, strict=True):
            if want != got:
                yield Difference(
                    table="author_head", column=column, check="head", expected=shown(want), got=shown(got),
                    stream=expected[1], seq=expected[AUTHOR_COLUMNS.index("seq")], row=f"key {expected[0].hex()}",
                )  # fmt: skip

    # ------------------------------------------------------------------------------------ rows that nothing names

    def strays(self, waiting: int, named: set[str]) -> Iterator[Difference]:
        """Statements that are neither in the log nor waiting for it, and that nothing `named` explains."""
        counts = {table: self._reader.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("statement", "posting")}
        self.counts |= counts
        if counts["statement"] == self.whole.size + waiting and not self.whole.torn:
            return
        for n, id_, _ in self._reader.orphans():
            if shown(n) not in named:
                yield beside("statement", "n", "row", "no row: the log does not hold it", shown(n), f"id {shown(id_)}")

    def stray_postings(self, expected: int, named: set[str]) -> Iterator[Difference]:
        """Grams posted by nobody: rows of statements that are not in the log, and that nothing `named` explains."""
        missing = [d for d in self.whole.differences if (d.table, d.got) == ("posting", "no row")]
        ((count,),) = self._reader.rows("SELECT count(*) FROM posting")
        if count == expected and not missing:
            return
        sql = (
            f"SELECT p.n, p.{', p.'.join(POSTING)} FROM posting p LEFT JOIN leaf l ON l.n = p.n"
            " LEFT JOIN pending w ON w.n = p.n WHERE l.n IS NULL AND w.n IS NULL"
        )
        for n, *posting in self._reader.rows(sql):
            # The same grams under another statement are the missing ones, moved.
            lost = next((d for d in missing if d.expected == shown(tuple(posting))), None)
            if lost is not None:
                missing.remove(lost)
                self.whole.differences.remove(lost)
                yield replace(lost, expected="the statement that posted it", got=shown(n))
            elif shown(n) not in named:
                got = f"{shown(n)}: {shown(posting[1])} g"
                yield beside("posting", "n", "grams", "no row", got, f"place {shown(posting[0])}")

    # ------------------------------------------------------------------------------------ the database itself

    def tables(self) -> Iterator[Difference]:
        """Every table is one: a view can show each reader something else."""
        for name, kind in self._reader.kinds().items():
            if kind != "table" and name in metadata.tables:
                yield beside(name, "*", "table", "a table", kind)

    def indexes(self) -> Iterator[Difference]:
        """Every index has what its table has: figures are read by indexes, and verified by their tables."""
        for name, said in self._reader.torn_indexes():
            yield beside(name, "*", "table", "indexes of what the table has", said)

    # ------------------------------------------------------------------------------------ small parts


def _cosigned(note: Any, signature: Any, witness: VerifierKey) -> bool:
    try:
        verify_cosignature(note_in(note).text, signature, witness)
    except (LedgerError, TypeError):
        return False
    return True


def _columns(
    table: str, names: Sequence[str], expected: Sequence[Any], got: Sequence[Any], check: str, row: str = "",
    index: int | None = None,
) -> Iterator[Difference]:  # fmt: skip
    for name, want, have in zip(names, expected, got, strict=True):
        if want != have:
            yield beside(table, name, check, *apart(want, have), row, index)


def pairs(reader: Reader, what: str) -> list[tuple[Any, Any]]:
    """Two columns of a small table."""
    return [(row[0], row[1]) for row in reader.rows(f"SELECT {what}")]


def beside(
    table: str, column: str, check: str, expected: str, got: str, row: str = "", index: int | None = None
) -> Difference:
    return Difference(table=table, column=column, check=check, expected=expected, got=got, row=row, index=index)


def _head(column: str, stream: str, seq: int, expected: Any, got: Any) -> Difference:
    return Difference(
        table="stream_head",
        column=column,
        check="head",
        expected=shown(expected),
        got=shown(got),
        stream=stream,
        seq=seq,
    )
