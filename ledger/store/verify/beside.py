"""Compares every table that stands beside the log with what the log gives: heads, links, tiles, checkpoints, keys,
what was kept as evidence, and what is sealed."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.custody.decide import folds
from ledger.custody.events import parse
from ledger.custody.events.ledger import HeadsSnapshotted, StatementAdopted, SubjectErased
from ledger.custody.wire import ANY_CODES
from ledger.errors import LedgerError
from ledger.log import entry, statement
from ledger.log.checkpoint import Policy, parse_checkpoint, verify_cosignature
from ledger.log.hashing import leaf_hash, sha256, verify_seal
from ledger.log.heads import Head, snapshot_root
from ledger.log.keys import PrivateKey, PublicKey
from ledger.log.merkle import root_of
from ledger.log.note import Note, VerifierKey, verify_note
from ledger.log.statement import Statement
from ledger.log.tiles import HEIGHT, WIDTH
from ledger.log.wire import is_time
from ledger.store.rows import AUTHOR_COLUMNS
from ledger.store.sealing import open_up
from ledger.store.verify.chains import Whole
from ledger.store.verify.findings import Difference, shown
from ledger.store.verify.keys import Keys
from ledger.store.verify.ranges import link_mark
from ledger.store.verify.reading import Reader, Row

_SALT: Final = 32


@dataclass(slots=True, kw_only=True)
class Beside:
    """One comparison; `witnessed` is filled by `checkpoints`: (size, names of the witnesses that cosigned)."""

    whole: Whole
    keys: Keys
    log_key: VerifierKey
    policy: Policy | None
    secret: bytes
    kek: bytes | None
    latest: str
    witnessed: tuple[int, tuple[str, ...]] = (0, ())
    signed: int = 0
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
            yield _beside("log_state", "id", "row", "one row", f"{len(found)} rows")
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
            yield _beside("tile", column, "tree", "this row", got, f"level {place[0]} number {place[1]}", index)
        for level_, number in extra:
            yield _beside("tile", "number", "tree", "no row", "a row", f"level {level_} number {number}")
        for row in self._reader.rows("SELECT level, number, root, hashes FROM tile WHERE level > 0"):
            place = (row[0], row[1])
            if place in content:
                name, index = f"level {row[0]} number {row[1]}", row[1] << HEIGHT * (row[0] + 1)
                wanted = (expected[place], content[place])
                yield from _columns("tile", ("root", "hashes"), wanted, row[2:], "tree", name, index)

    def checkpoints(self) -> Iterator[Difference]:
        """What the log signed: each a root of this log. Two of the row's size, the note's size and the tree decide."""
        before = ""
        for size, root, note, signed_at in self._reader.rows("SELECT * FROM checkpoint ORDER BY size"):
            name = f"size {shown(size)}"
            try:
                head = parse_checkpoint(verify_note(Note.parse(note), [self.log_key]).text)
            except (LedgerError, TypeError, ValueError) as error:
                yield _beside("checkpoint", "note", "checkpoint", "a note signed by the log key", str(error), name)
                head = None
            if type(size) is int and 0 < size <= self.whole.size and (head is None or head.size == size):
                proven = self.whole.root_at(size)
                self.signed = max(self.signed, size)
                if proven != root:
                    yield _beside("checkpoint", "root", "checkpoint", shown(proven), shown(root), name, size - 1)
                if head is not None and head.root != proven:
                    yield _beside("checkpoint", "note", "checkpoint", shown(proven), head.root.hex(), name, size - 1)
            elif head is not None and self.whole.root_at(head.size) == head.root == root:
                yield _beside("checkpoint", "size", "checkpoint", str(head.size), shown(size), name, head.size - 1)
                self.signed = max(self.signed, head.size)
            else:
                yield _beside(
                    "checkpoint",
                    "size",
                    "checkpoint",
                    f"at most {self.whole.size}, the leaves there are",
                    shown(size),
                    name,
                )
            if not is_time(signed_at) or signed_at < before:
                yield _beside("checkpoint", "signed_at", "time", f"a moment from {before}", shown(signed_at), name)
            else:
                before = signed_at
        yield from self._cosignatures()

    def _cosignatures(self) -> Iterator[Difference]:
        known = {} if self.policy is None else {key.key_id: key for key in self.policy.witnesses.values()}
        notes: dict[Any, Any] = dict(self._pairs("size, note FROM checkpoint"))
        by_size: dict[int, set[str]] = {}
        for size, key_id, line in self._reader.rows("SELECT size, key_id, line FROM cosignature"):
            name = f"size {shown(size)} key id {shown(key_id)}"
            fitting = [each for each in (size, *notes) if each in notes]
            try:
                text = Note.parse(notes[fitting[0]]).text
                signature = Note.parse(notes[fitting[0]] + line.encode()).signatures[-1]
            except (LedgerError, AttributeError, IndexError, TypeError) as error:
                yield _beside("cosignature", "line", "checkpoint", "a signature line", str(error), name)
                continue
            if signature.key_id != key_id:
                # Of the two key ids the one that a known witness has is right.
                if signature.key_id in known or key_id not in known:
                    yield _beside("cosignature", "key_id", "row", signature.key_id.hex(), shown(key_id), name)
                else:
                    yield _beside("cosignature", "line", "checkpoint", shown(key_id), signature.key_id.hex(), name)
                    continue
            witness = known.get(signature.key_id)
            if witness is None:
                if size not in notes:
                    yield _beside("cosignature", "size", "row", "the size of a checkpoint", shown(size), name)
                continue
            try:
                verify_cosignature(text, signature, witness)
                if size not in notes:
                    raise KeyError(size)
            except (LedgerError, KeyError) as error:
                where = next((s for s in notes if _cosigned(notes[s], signature, witness)), None)
                if where is not None:
                    yield _beside("cosignature", "size", "checkpoint", str(where), shown(size), name)
                else:
                    yield _beside(
                        "cosignature", "line", "checkpoint", f"a signature by {witness.name}", str(error), name
                    )
                continue
            by_size.setdefault(size, set()).add(witness.name)
        if by_size:
            newest = max(by_size)
            self.witnessed = (newest, tuple(sorted(by_size[newest])))

    def outside(self, notes: Sequence[bytes]) -> Iterator[Difference]:
        """Notes kept by others: what the log once signed and others saw must still be the beginning of this log."""
        for raw in notes:
            try:
                head = parse_checkpoint(verify_note(Note.parse(raw), [self.log_key]).text)
            except LedgerError as error:
                yield _beside("checkpoint", "note", "outside", "a note signed by the log key", str(error), "given")
                continue
            proven = self.whole.root_at(head.size)
            if proven != head.root:
                got = f"a log of {self.whole.size} leaves" if proven is None else proven.hex()
                yield _beside(
                    "leaf", "hash", "outside", f"root {head.root.hex()}", got, f"size {head.size}", head.size - 1
                )

    def seen(self) -> Iterator[Difference]:
        """Every checkpoint that an author saw is a root of this log and was signed, or the split view is on record."""
        split: dict[bytes, Row] = {row[0]: row for row in self._reader.rows("SELECT * FROM split_view")}
        signed = {row[0] for row in self._reader.rows("SELECT size FROM checkpoint")} | {0}
        ours = {row[0] for row in self._reader.rows("SELECT note FROM checkpoint")} | {b""}
        gone: set[int] = set()
        for (size, root), indices in sorted(self.whole.seen.items()):
            proven = self.whole.root_at(size)
            if proven is not None and proven.hex() == root:
                if size not in signed and size not in gone:
                    gone.add(size)
                    yield _beside("checkpoint", "size", "row", "a row", "no row", f"size {size}", size - 1)
                indices = [index for index in indices if index < size]
            for index in indices:
                got = f"size {size} root {root}"
                for row in self._reader.records_at([index]):
                    kept = split.pop(row[2], None)
                    if kept is None:
                        want = "no checkpoint of this log" if proven is None else f"root {proven.hex()}"
                        yield _beside("statement", "bytes", "seen", want, got, "", index)
                        continue
                    yield from self._split(kept, size, root, index, ours)
        for hash_ in split:
            yield _beside("split_view", "statement", "row", "a statement that saw another tree", shown(hash_))

    def _split(self, kept: Row, size: int, root: str, index: int, ours: set[Any]) -> Iterator[Difference]:
        try:
            theirs = parse_checkpoint(verify_note(Note.parse(kept[1]), [self.log_key]).text)
            if (theirs.size, theirs.root.hex()) != (size, root):
                yield _beside("split_view", "theirs", "seen", f"size {size} root {root}", theirs.text(), "", index)
        except (LedgerError, TypeError) as error:
            yield _beside("split_view", "theirs", "seen", "a note signed by the log key", str(error), "", index)
        if kept[2] not in ours:
            yield _beside("split_view", "ours", "seen", "a note that this log keeps", shown(kept[2]), "", index)

    def snapshots(self) -> Iterator[Difference]:
        """Each head snapshot, made again from the links among exactly its leaves."""
        for told, _, event in self._told(HeadsSnapshotted):
            if event.size > told.index:
                yield _beside(
                    "statement", "bytes", "snapshot", f"size up to {told.index}", str(event.size), "", told.index
                )
                continue
            count, root = self._snapshot(event.size)
            if (count, root) != (event.count, event.root):
                got = f"{event.count} heads, root {event.root}"
                yield _beside("statement", "bytes", "snapshot", f"{count} heads, root {root}", got, "", told.index)

    def _snapshot(self, size: int) -> tuple[int, str]:
        heads: dict[str, tuple[int, str]] = {}
        for start in range(0, size, 4096):
            for row in self._reader.records(start, min(size, start + 4096)):
                try:
                    leaf = leaf_hash(row[4]).hex()
                    for link in entry.parse(row[4]).links:
                        heads[link.stream] = (link.seq, leaf)
                except (LedgerError, TypeError):
                    continue
        root = snapshot_root(Head(stream=s, seq=seq, leaf=leaf) for s, (seq, leaf) in sorted(heads.items()))
        return len(heads), root.hex()

    # ------------------------------------------------------------------------------------ heads and links

    def links(self) -> Iterator[Difference]:
        """The rows of `link`: as a set the same as the links inside the entries."""
        count, total = 0, 0
        odd = False
        for stream, seq, hash_ in self._reader.stream("SELECT stream, seq, statement FROM link"):
            count += 1
            try:
                total += link_mark(self.secret, stream, seq, hash_)
            except (AttributeError, TypeError):
                odd = True
        self.counts["links"] = count
        if odd or (count, total) != (self.whole.links, self.whole.link_sum):
            yield from self._links_one_by_one()

    def _links_one_by_one(self) -> Iterator[Difference]:
        strange: list[Row] = []
        sql = (
            'SELECT k.stream, k.seq, k.statement, e.bytes, l."index" FROM link k LEFT JOIN entry e'
            " ON e.statement = k.statement LEFT JOIN leaf l ON l.statement = k.statement"
        )
        for row in self._reader.stream(sql):
            try:
                known = any((link.stream, link.seq) == row[:2] for link in entry.parse(row[3]).links)
            except (LedgerError, TypeError):
                known = row[4] in self.whole.torn
            if not known:
                strange.append(row)
        for index in range(0, self.whole.size, 1024):
            for record in self._reader.records(index, min(self.whole.size, index + 1024)):
                yield from self._links_of(record, strange)
        for record in self._reader.waiting():
            yield from self._links_of(record, strange)
        for stream, seq, hash_, *_ in strange:
            yield _beside("link", "statement", "row", "no row", shown(hash_), f"{shown(stream)} seq {shown(seq)}")

    def _links_of(self, record: Row, strange: list[Row]) -> Iterator[Difference]:
        try:
            links = entry.parse(record[4]).links
        except (LedgerError, TypeError):
            return
        for link in links:
            found = self._reader.rows(f"SELECT statement FROM link WHERE stream = '{link.stream}' AND seq = {link.seq}")
            if found and found[0][0] == record[2]:
                continue
            # The row that should stand here: it shares two of its three columns with what it must be.
            wanted = (link.stream, link.seq, record[2])
            close = next((r for r in strange if sum(a == b for a, b in zip(r, wanted, strict=False)) == 2), None)
            if close is not None:
                strange.remove(close)
                names = ("stream", "seq", "statement")
                n = next(n for n in range(3) if close[n] != wanted[n])
                column, expected, got = names[n], shown(wanted[n]), shown(close[n])
            else:
                column, expected, got = "statement", shown(record[2]), "no row"
            yield Difference(
                table="link", column=column, check="row", expected=expected, got=got,
                stream=link.stream, seq=link.seq, index=record[0],
            )  # fmt: skip

    def stream_heads(self) -> Iterator[Difference]:
        """The end of every object chain, and that nothing but a container or manifest has a state."""
        count = 0
        strange: list[Row] = []
        left = set(self.whole.heads)
        for stream, seq, leaf, state in self._reader.stream(
            "SELECT stream, seq, leaf, state IS NOT NULL FROM stream_head"
        ):
            count += 1
            place = self.whole.heads.get(stream) if type(stream) is str else None
            if place is None:
                if seq != 0:  # locked once by a flush that wrote nothing there
                    strange.append((stream, seq, leaf))
                continue
            left.discard(stream)
            want = (place[0] - 1, bytes.fromhex(place[1] or ""))
            for column, expected, got in zip(("seq", "leaf"), want, (seq, leaf), strict=True):
                if expected != got:
                    yield _head(column, stream, place[0] - 1, expected, got)
            if bool(state) and not folds(stream):
                yield _head("state", stream, place[0] - 1, None, "a state")
        self.counts["objects"] = count
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
                yield _beside("author_head", "key", "head", head.key.hex(), "no row", head.stream)
            else:
                strange.remove(close)
                yield from self._author_head(close, head.row())
        for row in strange:
            yield _beside(
                "author_head", "key", "authority", "no row: the log enrols no such key", shown(row[0]), shown(row[1])
            )

    def _author_head(self, row: Row, expected: Row) -> Iterator[Difference]:
        for column, want, got in zip(AUTHOR_COLUMNS, expected, row, strict=True):
            if want != got:
                yield Difference(
                    table="author_head", column=column, check="head", expected=shown(want), got=shown(got),
                    stream=expected[1], seq=expected[AUTHOR_COLUMNS.index("seq")], row=f"key {expected[0].hex()}",
                )  # fmt: skip

    # ------------------------------------------------------------------------------------ kept as evidence

    def forks(self) -> Iterator[Difference]:
        """Second statements for a taken place: really signed by that key, and the branch that stayed is there."""
        sql = "SELECT statement, key, seq, bytes, signature, received_at, branch FROM author_fork"
        for row in self._reader.rows(sql):
            name = f"statement {shown(row[0])}"
            said = yield from self._kept("author_fork", row[:5], row[5], name)
            if said is None:
                continue
            digits = bytes.fromhex(said.key)
            near = self._reader.rows(
                f"SELECT hash FROM statement WHERE key = {self._blob(digits)} AND seq IN ({said.seq}, {said.seq - 1})"
            )
            if (row[6],) not in near:
                expected = " or ".join(hash_.hex() for (hash_,) in near if type(hash_) is bytes)
                yield _beside("author_fork", "branch", "author-chain", expected, shown(row[6]), name)

    def quarantine(self) -> Iterator[Difference]:
        """Statements of revoked keys: signed, beyond what the key may bring in, and adopted by entries only."""
        kept: set[Any] = set()
        for row in self._reader.rows("SELECT statement, key, seq, bytes, signature, received_at, id FROM quarantine"):
            name = f"statement {shown(row[0])}"
            kept.add(row[0])
            said = yield from self._kept("quarantine", row[:5], row[5], name)
            if said is None:
                continue
            if said.id != row[6]:
                yield _beside("quarantine", "id", "row", said.id, shown(row[6]), name)
            head = self.keys.authors.get(said.key)
            if head is None or head.revoked_last_seq is None or said.seq <= head.revoked_last_seq:
                yield _beside("quarantine", "seq", "authority", "a seq beyond a revocation", str(said.seq), name)
        wanted = {
            bytes.fromhex(event.statement): said.hash
            for told, said, event in self._told(StatementAdopted)
            if told.refused is None
        }
        stored = dict(self._pairs("quarantined, statement FROM adoption"))
        for quarantined, adopter in wanted.items():
            if stored.get(quarantined) == adopter:
                stored.pop(quarantined)
                continue
            name = f"quarantined {quarantined.hex()}"
            if quarantined in stored:
                yield _beside("adoption", "statement", "row", adopter.hex(), shown(stored.pop(quarantined)), name)
            else:
                close = next((q for q, a in stored.items() if a == adopter), None)
                stored.pop(close, None)
                yield _beside("adoption", "quarantined", "row", quarantined.hex(), shown(close), name)
        for quarantined, adopter in stored.items():
            yield _beside("adoption", "statement", "row", "no row", shown(adopter), f"quarantined {shown(quarantined)}")

    def _kept(self, table: str, row: Row, received_at: Any, name: str) -> Generator[Difference, None, Statement | None]:
        """Yields differences; returns the statement when its bytes hold, else None."""
        hash_, key, seq, raw, signature = row
        try:
            said = statement.parse(raw)
        except (LedgerError, TypeError) as error:
            yield _beside(table, "bytes", "bytes", "a statement in canonical form", str(error), name)
            return None
        head = self.keys.authors.get(said.key)
        signed = _signed(said, signature, head.public_key if head is not None else None)
        if said.hash != hash_:
            # Signed bytes prove themselves; then it is the key of the row that was changed.
            column = "statement" if signed else "bytes"
            yield _beside(table, column, "hash", said.hash.hex() if signed else shown(hash_), shown(hash_), name)
            if not signed:
                return None
        if not signed:
            yield _beside(table, "signature", "signature", f"a signature by {said.key}", shown(signature), name)
        if key != bytes.fromhex(said.key):
            yield _beside(table, "key", "row", said.key, shown(key), name)
        if seq != said.seq:
            yield _beside(table, "seq", "row", str(said.seq), shown(seq), name)
        if not is_time(received_at):
            yield _beside(table, "received_at", "time", "a moment", shown(received_at), name)
        return said

    # ------------------------------------------------------------------------------------ sealed

    def sealed(self) -> Iterator[Difference]:
        """Clear text under lock: for a commitment of that statement, and, given the key-encryption key, opening it."""
        erased = {event.person for told, _, event in self._told(SubjectErased) if told.refused is None}
        keys = dict(self._pairs("person, wrapped FROM subject_key"))
        opened: dict[str, bytes] = {}
        torn: set[str] = set()
        for person, wrapped in keys.items():
            if wrapped is None:
                if person not in erased:
                    torn.add(person)
                    yield _beside(
                        "subject_key", "wrapped", "sealed", "a key: nobody erased it", "NULL", f"person {person}"
                    )
            elif person in erased:
                yield _beside("subject_key", "wrapped", "sealed", "NULL: erased", shown(wrapped), f"person {person}")
            elif self.kek is not None:
                try:
                    opened[person] = open_up(self.kek, wrapped, person.encode())
                except (LedgerError, TypeError, AttributeError) as error:
                    torn.add(person)
                    # A key that opens for no other person either was changed itself.
                    owner = self._owner(wrapped, erased | self._subjects())
                    column = "wrapped" if owner is None else "person"
                    if owner is not None:
                        opened[owner] = open_up(self.kek, wrapped, owner.encode())
                    yield _beside(
                        "subject_key",
                        column,
                        "sealed",
                        owner or "a key under the key-encryption key",
                        str(person if owner else error),
                        f"person {shown(person)}",
                    )
        for person in erased - {p for p, w in keys.items() if w is None}:
            if person not in keys:
                yield _beside("subject_key", "person", "sealed", person, "no row", f"person {person}")
        for row in self._reader.rows("SELECT statement, path, person, ciphertext FROM sealed"):
            yield from self._sealed(row, opened, torn)
        yield from self._custodial()

    def _subjects(self) -> set[str]:
        return {row[0] for row in self._reader.rows("SELECT DISTINCT person FROM sealed") if type(row[0]) is str}

    def _owner(self, wrapped: Any, persons: set[str]) -> str | None:
        assert self.kek is not None
        for person in sorted(persons):
            try:
                open_up(self.kek, wrapped, person.encode())
            except (LedgerError, TypeError):
                continue
            return person
        return None

    def _sealed(self, row: Row, opened: dict[str, bytes], torn: set[str]) -> Iterator[Difference]:
        hash_, path, person, ciphertext = row
        name = f"statement {shown(hash_)} path {shown(path)}"
        try:
            said, event = self._event_of(hash_)
        except (LedgerError, LookupError, TypeError):
            said = None
        if said is None:
            yield _beside("sealed", "statement", "row", "a statement of this log", shown(hash_), name)
            return
        commitments = {p: (c, subject or said.by) for p, c, subject in event.sealed()}
        if path not in commitments:
            yield _beside("sealed", "path", "row", " or ".join(sorted(commitments)), shown(path), name)
            return
        commitment, subject = commitments[path]
        if subject != person:
            yield _beside("sealed", "person", "row", subject, shown(person), name)
        key = opened.get(subject)
        if key is None or subject in torn:
            return
        try:
            clear = open_up(key, ciphertext, f"{hash_.hex()} {path}".encode())
            verify_seal(commitment, salt=clear[:_SALT], field_path=path, value=clear[_SALT:].decode())
        except (LedgerError, TypeError, ValueError) as error:
            yield _beside("sealed", "ciphertext", "sealed", "text that opens the commitment", str(error), name)

    def _custodial(self) -> Iterator[Difference]:
        for key, party, person, wrapped in self._reader.rows("SELECT key, party, person, wrapped FROM custodial_key"):
            name = f"key {shown(key)}"
            if self.kek is not None:
                try:
                    private = PrivateKey(open_up(self.kek, wrapped, key))
                    if private.public.hash != key:
                        yield _beside("custodial_key", "key", "sealed", private.public.hash.hex(), shown(key), name)
                except (LedgerError, TypeError) as error:
                    known = any(head.person == person and head.server for head in self.keys.authors.values())
                    column = (
                        "wrapped" if type(key) is not bytes or key.hex() in self.keys.authors or not known else "key"
                    )
                    yield _beside(
                        "custodial_key", column, "sealed", "a key under the key-encryption key", str(error), name
                    )
            head = self.keys.authors.get(key.hex()) if type(key) is bytes else None
            if head is not None:  # kept, and not enrolled yet, is no fault
                for column, want, got in (("party", head.party, party), ("person", head.person, person)):
                    if want != got:
                        yield _beside("custodial_key", column, "row", want, shown(got), name)

    def documents(self) -> Iterator[Difference]:
        """Texts that events name by hash: each is what its hash says."""
        for hash_, content in self._reader.stream("SELECT hash, bytes FROM document"):
            got = sha256(content) if type(content) is bytes else None
            if got != hash_:
                yield _beside("document", "bytes", "hash", shown(hash_), shown(got), f"hash {shown(hash_)}")

    # ------------------------------------------------------------------------------------ rows that nothing names

    def strays(self, waiting: int, named: set[str]) -> Iterator[Difference]:
        """Entries and statements that are neither in the log nor waiting for it, and that nothing `named` explains."""
        counts = {
            table: self._reader.rows(f"SELECT count(*) FROM {table}")[0][0]
            for table in ("entry", "statement", "posting")
        }
        self.counts |= counts
        if counts["entry"] == counts["statement"] == self.whole.size + waiting and not self.whole.torn:
            return
        for hash_, id_, _ in self._reader.orphans()[0]:
            if shown(hash_) not in named:
                yield _beside(
                    "entry", "statement", "row", "no row: the log does not hold it", shown(hash_), f"id {shown(id_)}"
                )
        for hash_, key, seq, *_ in self._reader.orphans()[1]:
            if shown(hash_) not in named:
                place = f"key {shown(key)} seq {shown(seq)}"
                yield _beside("statement", "hash", "row", "no row: no entry names it", shown(hash_), place)

    def stray_postings(self, expected: int) -> Iterator[Difference]:
        """Grams posted by nobody: rows of statements that are not in the log."""
        ((count,),) = self._reader.rows("SELECT count(*) FROM posting")
        if count == expected:
            return
        sql = (
            "SELECT p.statement, p.n, p.grams FROM posting p LEFT JOIN leaf l ON l.statement = p.statement"
            " LEFT JOIN pending w ON w.statement = p.statement WHERE l.statement IS NULL AND w.statement IS NULL"
        )
        for hash_, n, grams in self._reader.rows(sql):
            name = f"n {shown(n)}"
            yield _beside("posting", "statement", "grams", "no row", f"{shown(hash_)}: {shown(grams)} g", name)

    # ------------------------------------------------------------------------------------ small parts

    def _pairs(self, what: str) -> list[tuple[Any, Any]]:
        return [(row[0], row[1]) for row in self._reader.rows(f"SELECT {what}")]

    def _told(self, kind: type[Any]) -> Iterator[tuple[Any, Statement, Any]]:
        for told in self.whole.rare:
            try:
                said = statement.parse(told.raw)
                event = parse(said.type, said.body, ANY_CODES)
            except LedgerError:
                continue
            if isinstance(event, kind) and told.refused is None:
                yield told, said, event

    def _event_of(self, hash_: Any) -> tuple[Statement | None, Any]:
        ((raw,),) = self._reader.rows(f"SELECT bytes FROM statement WHERE hash = {self._blob(hash_)}") or ((None,),)
        if raw is None:
            return None, None
        said = statement.parse(raw)
        return said, parse(said.type, said.body, ANY_CODES)

    def _blob(self, value: bytes) -> str:
        return f"x'{value.hex()}'" if self._reader.sqlite else f"'\\x{value.hex()}'::bytea"


def _signed(said: Statement, signature: Any, public: bytes | None) -> bool:
    try:
        statement.verify_signature(said.raw, signature, PublicKey(public or b""))
    except (LedgerError, TypeError):
        return False
    return True


def _cosigned(note: Any, signature: Any, witness: VerifierKey) -> bool:
    try:
        verify_cosignature(Note.parse(note).text, signature, witness)
    except (LedgerError, TypeError):
        return False
    return True


def _columns(
    table: str, names: Sequence[str], expected: Sequence[Any], got: Sequence[Any], check: str, row: str = "",
    index: int | None = None,
) -> Iterator[Difference]:  # fmt: skip
    for name, want, have in zip(names, expected, got, strict=True):
        if want != have:
            yield _beside(table, name, check, shown(want), shown(have), row, index)


def _beside(
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
