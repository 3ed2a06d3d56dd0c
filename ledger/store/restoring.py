"""Brings back from a mirror the entries that a ledger lost, each at its index, byte for byte.

Nothing is written before the whole mirror is shown to be what the log key signed and what is here to be its beginning.
A crash leaves a shorter log that is a beginning too: the next run goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Column, ColumnElement, Connection, Engine, func, select

from ledger.errors import LedgerError, ProofError
from ledger.log import entry, statement
from ledger.log.checkpoint import Checkpoint, WrongOrigin, parse_checkpoint
from ledger.log.entry import Link
from ledger.log.hashing import leaf_hash
from ledger.log.keys import PublicKey
from ledger.log.merkle import Frontier
from ledger.log.note import Note, VerifierKey, verify_note
from ledger.log.tiles import WIDTH
from ledger.log.wire import decode_base64, encode_base64, is_time
from ledger.store import read
from ledger.store import tables as t
from ledger.store.answers import Aside, Kept, RestoreDiffers, Submission
from ledger.store.append import Appender
from ledger.store.sequence import place

CHECKPOINT: Final = "checkpoint"
ENTRIES: Final = "entries.jsonl"
_LINE_MAX: Final = 1 << 21  # twice a statement of 256 KiB and an entry of 64, should every character be escaped
_TOLD: Final = 1_000
_BATCH: Final = 1_000  # entries in one transaction

Progress = Callable[[int, int, str], None]
"""Is told how much is done, of how much, in which stage."""


class MirrorBad(ProofError):
    """A mirror's entry is not what the log signed."""

    code = "mirror-bad"
    zh = "镜像第 {index} 条不是日志所签：{what}"
    en = "the mirror's entry {index} is not what the log signed: {what}"


class MirrorShort(ProofError):
    """A mirror ends before what it is needed for."""

    code = "mirror-short"
    zh = "镜像不够长：{what}；请使用更新的镜像"
    en = "the mirror is too short: {what}; use a newer one"


class MirrorForks(ProofError):
    """The mirror and this ledger hold two histories, though the log key signed the mirror's."""

    code = "mirror-forks"
    zh = "自第 {index} 条起，此处与镜像不同；请换用更早的备份，再从镜像恢复"
    en = "from entry {index} on this ledger is not the mirror's; restore an earlier backup, then from the mirror"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A folder with `checkpoint`, a note by the log's `key`, and `entries.jsonl`, as `export entries` writes it."""

    folder: Path
    key: VerifierKey

    def head(self) -> Checkpoint:
        """What the log signed of this mirror; raises NoteNotSigned or WrongOrigin."""
        return _signed((self.folder / CHECKPOINT).read_bytes(), self.key)

    def entries(self, start: int, stop: int) -> Iterator[Submission]:
        """The entries at [start, stop), each with the statement that it names; what lies behind is not looked at."""
        with (self.folder / ENTRIES).open("rb") as file:
            lines = iter(lambda: file.readline(_LINE_MAX), b"")
            index = start
            for index, line in enumerate(islice(lines, start, stop), start + 1):
                yield _kept(line, index - 1, self.key)
        if index < stop:
            raise MirrorShort(what=ENTRIES, expected=f"{stop} entries, as its checkpoint says", got=index)


def check(mirror: Mirror, head: Checkpoint, here: Connection, size: int, signed: Frontier, progress: Progress) -> bytes:
    """The leaf hash of entry 0, once all the mirror's entries lead to `head`, begin with the `size` that are here and
    with those that the signer remembers to have signed."""
    needed = max(size, signed.size)
    if head.size < max(needed, 1):
        raise MirrorShort(what=CHECKPOINT, expected=f"at least {max(needed, 1)} entries", got=head.size)
    frontier, genesis, ours = Frontier(), b"", b""
    apart: int | str | None = None  # the first entry that is another here
    for index, each in enumerate(_told(mirror.entries(0, head.size), 0, head.size, "check", progress)):
        assert each.kept is not None
        leaf = leaf_hash(each.kept.entry)
        if index == 0:
            genesis = leaf
        if index < size and index % WIDTH == 0:
            ours = read.tile(here, 0, index // WIDTH, min(WIDTH, size - index))
        if index < size and apart is None and ours[32 * (index % WIDTH) :][:32] != leaf:
            apart = index
        frontier.append(leaf)
        if frontier.size == signed.size and frontier.root() != signed.root() and apart is None:
            apart = f"0 … {index}"
    if frontier.root() != head.root:
        where, got = _contradicted(mirror, head.size), frontier.root().hex()
        raise MirrorBad(index=where, what="root", expected=head.root.hex(), got=got)
    if apart is not None:
        raise MirrorForks(index=apart)
    return genesis


def write(mirror: Mirror, appender: Appender, engine: Engine, stop: int, progress: Progress) -> None:
    """Bring back the entries that are missing here up to `stop` of a mirror that was checked."""
    with engine.connect() as connection:
        start = read.size(connection)
    entries = mirror.entries(start, stop)
    while batch := list(islice(entries, _BATCH)):
        for answer, each in zip(appender.record(batch), batch, strict=True):
            assert each.kept is not None
            if answer.error is not None and answer.entry != each.kept.entry:
                raise RestoreDiffers(index=each.kept.index, expected="the entry as it was", got=answer.code)
        place(engine, start, [statement.statement_hash(each.raw) for each in batch])
        start += len(batch)
        progress(start, stop, "entries")


def grounds(here: Connection) -> dict[str, dict[str, Any]]:
    """What entries rest on that is none itself, by statement hash, as a mirror keeps it: the statement that was adopted
    from quarantine, the note of another tree."""
    found: dict[str, dict[str, Any]] = {
        hash_.hex(): {
            "adopted": {
                "statement": said.decode(),
                "signature": encode_base64(signature),
                "public_key": public.hex(),
                "received_at": received_at,
            }
        }
        for hash_, said, signature, public, received_at in read.adopted(here)
    }
    for hash_, note in read.split_views(here):
        found.setdefault(hash_.hex(), {})["note"] = note.decode()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """How much of what the entries speak of is not here: no mirror holds it, and no backup brought it."""

    sealed: int  # statements with sealed texts of which only the commitments are left; those erased among them
    custodial_keys: int  # of people whose key this server kept
    adopted: int  # statements of revoked keys, kept in quarantine until they were adopted


def lost(here: Connection) -> Lost:
    """What is missing beside the entries."""
    count = select(func.count())
    said = count.select_from(t.statement)
    keys = count.select_from(t.author_head).where(t.author_head.c.server, t.author_head.c.revoked_last_seq.is_(None))
    questions = {
        "sealed": said.where(_says(here, b'{"sealed":"'), t.statement.c.hash.not_in(select(t.sealed.c.statement))),
        "custodial_keys": keys.where(t.author_head.c.key.not_in(select(t.custodial_key.c.key))),
        "adopted": said.where(
            _says(here, b'"type":"statement-adopted"'),
            ~_says(here, b'"refused":"', t.statement.c.entry),
            t.statement.c.hash.not_in(select(t.adoption.c.statement)),
        ),
    }
    return Lost(**{name: here.execute(question).scalar_one() for name, question in questions.items()})


def _says(here: Connection, part: bytes, column: Column[bytes] = t.statement.c.bytes) -> ColumnElement[bool]:
    """Whether canonical bytes hold these: inside a text quotes are escaped, so they are no text's."""
    place = func.pg_catalog.position if here.dialect.name == "postgresql" else func.instr
    return place(column, part) > 0


def _told(entries: Iterator[Submission], start: int, stop: int, stage: str, progress: Progress) -> Iterator[Submission]:
    for n, each in enumerate(entries, start + 1):
        yield each
        if n % _TOLD == 0 or n == stop:
            progress(n, stop, stage)


def _signed(note: bytes, key: VerifierKey) -> Checkpoint:
    head = parse_checkpoint(verify_note(Note.parse(note), [key]).text)
    if head.origin != key.name:
        raise WrongOrigin(expected=key.name, got=head.origin)
    return head


def _kept(line: bytes, index: int, key: VerifierKey) -> Submission:
    try:
        document = orjson.loads(line)
        place, raw, said = document["index"], document["entry"].encode(), document["statement"].encode()
    except (ValueError, LookupError, TypeError, AttributeError):
        raise MirrorBad(index=index, what="a line of `export entries`", got=ascii(line[:40])) from None
    if place != index:
        raise MirrorBad(index=index, what="index", expected=index, got=place)
    try:
        received = entry.parse(raw)
        signature = decode_base64(received.signature, "signature")
    except LedgerError as error:
        raise MirrorBad(index=index, what=error) from None
    if (hash_ := statement.statement_hash(said).hex()) != received.statement:
        raise MirrorBad(index=index, what="statement", expected=received.statement, got=hash_)
    try:
        note, adopts = _note(document.get("note"), said, key), _adopted(document.get("adopted"), said)
    except (LedgerError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise MirrorBad(index=index, what="note, adopted", got=error) from None
    kept = Kept(index=index, entry=raw, received_at=received.received_at, refused=received.refused, adopts=adopts)
    return Submission(raw=said, signature=signature, note=note, kept=kept)


def _note(text: str | None, said: bytes, key: VerifierKey) -> bytes | None:
    """The note of the tree that an author saw, when it is this and signed."""
    if text is None:
        return None
    head, seen = _signed(text.encode(), key), statement.parse(said).seen
    if (head.size, head.root.hex()) != seen:
        raise ValueError(f"expected a note of {seen.size} {seen.root}, got {head.size} {head.root.hex()}")
    return text.encode()


def _adopted(document: dict[str, str] | None, said: bytes) -> Aside | None:
    """The statement that another adopts, when it is this and signed."""
    if document is None:
        return None
    adopted, public = statement.parse(document["statement"].encode()), PublicKey.from_hex(document["public_key"])
    wanted = statement.parse(said).body.get("statement")
    if adopted.hash.hex() != wanted or adopted.key != public.hash.hex() or not is_time(document["received_at"]):
        raise ValueError(f"expected the statement {wanted}, got {adopted.hash.hex()} by {public.hash.hex()}")
    signature = decode_base64(document["signature"], "signature")
    statement.verify_signature(adopted.raw, signature, public)
    return Aside(said=adopted, signature=signature, received_at=document["received_at"])


def _contradicted(mirror: Mirror, size: int) -> str:
    """The first entry that a later one of the same object's chain contradicts; all of them where none does."""
    ends: dict[str, tuple[int, str, int]] = {}
    for index, each in enumerate(mirror.entries(0, size)):
        assert each.kept is not None
        leaf = leaf_hash(each.kept.entry).hex()
        for link in entry.parse(each.kept.entry).links:
            seq, prev, before = ends.get(link.stream, (0, None, index))
            if link != Link(link.stream, seq + 1, prev):
                return str(before)
            ends[link.stream] = seq + 1, leaf, index
    return f"0 … {size - 1}"
