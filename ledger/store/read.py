"""Reads the log back: records by id, hash or index, an object's chain, tiles, heads, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, func, literal_column, or_, select

from ledger.custody.postings import Account, Posting
from ledger.errors import LedgerError
from ledger.log.checkpoint import Policy
from ledger.log.heads import Head, snapshot_root
from ledger.log.note import Note, NoteSignature
from ledger.log.tiles import WIDTH
from ledger.store import tables as t

_NAMED_MAX: Final = 10_000  # names in one query


class NotFound(LedgerError):
    """No such record."""

    code = "not-found"
    zh = "未找到 {what}"
    en = "there is no {what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One statement with its entry, byte for byte; `index` is None until it is sequenced."""

    statement: bytes
    entry: bytes
    public_key: bytes
    index: int | None


_RECORD: Select[Any] = (
    select(t.statement.c.bytes, t.statement.c.entry, t.author_head.c.public_key, t.leaf.c.index)
    .join_from(t.statement, t.author_head, t.author_head.c.key == t.statement.c.key)
    .outerjoin(t.leaf, t.leaf.c.n == t.statement.c.n)
)


def record_by_id(connection: Connection, id_: str) -> Record | None:
    return _one(connection, _RECORD.where(t.statement.c.id == id_))


def record_by_hash(connection: Connection, statement_hash: bytes) -> Record | None:
    return _one(connection, _RECORD.where(t.statement.c.hash == statement_hash))


def record_by_index(connection: Connection, index: int) -> Record | None:
    return _one(connection, _RECORD.where(t.leaf.c.index == index))


def records(connection: Connection, start: int, stop: int) -> Iterator[Record]:
    """The records at indices [start, stop), in order."""
    query = _RECORD.where(t.leaf.c.index >= start, t.leaf.c.index < stop).order_by(t.leaf.c.index)
    return map(_record, connection.execute(query))


def stream(connection: Connection, name: str) -> Iterator[Record]:
    """The records of one object's chain, by its seq; refusals stand in their author's key stream."""
    query = _RECORD.join(t.link, t.link.c.n == t.statement.c.n).where(t.link.c.stream == name).order_by(t.link.c.seq)
    return map(_record, connection.execute(query))


def state(connection: Connection, name: str) -> bytes | None:
    """The current state of a container or manifest, as custody wrote it."""
    return connection.execute(select(t.stream_head.c.state).where(t.stream_head.c.stream == name)).scalar()


def states(connection: Connection, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The same of many, by name; without those of which nothing is known."""
    h = t.stream_head.c
    for start in range(0, len(names), _NAMED_MAX):
        query = select(h.stream, h.state).where(h.stream.in_(names[start : start + _NAMED_MAX]), h.state.is_not(None))
        yield from ((name, state) for name, state in connection.execute(query))


def postings(connection: Connection, statement_hash: bytes) -> Iterator[Posting]:
    """The grams that one statement moved, in their order."""
    query = (
        select(t.posting)
        .join(t.statement, t.statement.c.n == t.posting.c.n)
        .where(t.statement.c.hash == statement_hash)
        .order_by(t.posting.c.place)
    )
    for _, _, grams, cause, of_g, *accounts in connection.execute(query):
        yield Posting(grams, Account(*accounts[:5]), Account(*accounts[5:]), cause, of_g)


def quarantined(connection: Connection, party: str) -> Iterator[bytes]:
    """The bytes of a party's statements that wait for somebody to adopt them, as received."""
    adopted = select(t.adoption.c.quarantined)
    query = (
        select(t.quarantine.c.bytes)
        .join(t.author_head, t.author_head.c.key == t.quarantine.c.key)
        .where(t.author_head.c.party == party, t.quarantine.c.statement.not_in(adopted))
        .order_by(t.quarantine.c.received_at, t.quarantine.c.seq)
    )
    return iter(connection.execute(query).scalars().all())


def adopted(connection: Connection) -> Iterator[tuple[bytes, bytes, bytes, bytes, str]]:
    """Each statement that was adopted from quarantine: its adopter's hash, its bytes, signature, public key, and when
    it came."""
    q = t.quarantine.c
    query = (
        select(t.adoption.c.statement, q.bytes, q.signature, t.author_head.c.public_key, q.received_at)
        .join_from(t.adoption, t.quarantine, q.statement == t.adoption.c.quarantined)
        .join(t.author_head, t.author_head.c.key == q.key)
    )
    return (tuple(row) for row in connection.execute(query).all())


def split_views(connection: Connection) -> Iterator[tuple[bytes, bytes]]:
    """Each statement whose author saw another tree, by its hash, with the note of that."""
    query = select(t.split_view.c.statement, t.split_view.c.theirs)
    return (tuple(row) for row in connection.execute(query).all())


def _one(connection: Connection, query: Select[Any]) -> Record | None:
    row = connection.execute(query).first()
    return None if row is None else _record(row)


def _record(row: Row[Any]) -> Record:
    said, received, public_key, index = tuple(row)
    return Record(statement=said, entry=received, public_key=public_key, index=index)


# ---------------------------------------------------------------------------------------------------- the tree


def tile(connection: Connection, level: int, number: int, width: int) -> bytes:
    """The first `width` hashes of a tile: stored when complete, else put together from what lies below it."""
    if width == WIDTH:
        # By the driver: of a proof that reads a tile, building this question took as long as answering it.
        stored = connection.exec_driver_sql(
            f"SELECT hashes FROM tile WHERE level = {level:d} AND number = {number:d}"
        ).scalar()
        return stored or b""
    first = number * WIDTH
    if level == 0:
        query = (
            select(t.leaf.c.hash)
            .where(t.leaf.c.index >= first, t.leaf.c.index < first + width)
            .order_by(t.leaf.c.index)
        )
    else:
        query = (
            select(t.tile.c.root)
            .where(t.tile.c.level == level - 1, t.tile.c.number >= first, t.tile.c.number < first + width)
            .order_by(t.tile.c.number)
        )
    return b"".join(connection.execute(query).scalars())


def size(connection: Connection) -> int:
    """Leaves in the log."""
    return connection.execute(select(t.log_state.c.size)).scalar() or 0


def is_empty(connection: Connection) -> bool:
    """Whether nothing was ever recorded here."""
    rows = (select(table).limit(1).exists() for table in (t.statement, t.leaf, t.log_state))
    return not connection.execute(select(or_(*rows))).scalar()


def waiting(connection: Connection) -> tuple[int, bytes | None]:
    """How many entries have no index yet, and the bytes of the one that waits longest."""
    count = connection.execute(select(func.count()).select_from(t.pending)).scalar_one()
    oldest = select(t.statement.c.entry).join(t.pending, t.pending.c.n == t.statement.c.n).order_by(t.pending.c.n)
    return count, connection.execute(oldest.limit(1)).scalar()


def heads(connection: Connection, size: int) -> Iterator[Head]:
    """The last entry of every stream among exactly the leaves [0, size), sorted by stream."""
    ends = (
        select(t.link.c.stream, func.max(t.link.c.seq).label("seq"))
        .join(t.leaf, t.leaf.c.n == t.link.c.n)
        .where(t.leaf.c.index < size)
        .group_by(t.link.c.stream)
        .subquery()
    )
    collation = 'ends.stream COLLATE "C"' if connection.dialect.name == "postgresql" else "ends.stream"
    named = ends.alias("ends")
    query = (
        select(named.c.stream, named.c.seq, t.leaf.c.hash)
        .join(t.link, (t.link.c.stream == named.c.stream) & (t.link.c.seq == named.c.seq))
        .join(t.leaf, t.leaf.c.n == t.link.c.n)
        .order_by(literal_column(collation))
    )
    rows = connection.execution_options(yield_per=5_000).execute(query)
    return (Head(stream=name, seq=seq, leaf=leaf.hex()) for name, seq, leaf in rows)


# ---------------------------------------------------------------------------------------------------- checkpoints


_SIGNED = select(t.checkpoint.c.size, t.checkpoint.c.note).order_by(t.checkpoint.c.size.desc())
_NEWEST = _SIGNED.limit(1)
_COSIGNED = _SIGNED.where(t.checkpoint.c.size.in_(select(t.cosignature.c.size)))
_LINES = select(t.cosignature.c.line).where(t.cosignature.c.size == bindparam("size")).order_by(t.cosignature.c.key_id)


def snapshot(connection: Connection) -> dict[str, Any]:
    """How many entries there are, how many objects they speak of, and the root over all these objects' last entries."""
    entries, count = size(connection), 0

    def counted() -> Iterator[Head]:
        nonlocal count
        for head in heads(connection, entries):
            count += 1
            yield head

    root = snapshot_root(counted())
    return {"size": entries, "count": count, "root": root.hex()}


def unwitnessed(connection: Connection, size: int | None = None) -> tuple[int, bytes] | None:
    """Size and note of the checkpoint that the log signed at a size; the newest, if absent."""
    row = connection.execute(_NEWEST if size is None else _SIGNED.where(t.checkpoint.c.size == size)).first()
    return None if row is None else (row.size, row.note)


def witnessed(connection: Connection, policy: Policy) -> tuple[int, bytes] | None:
    """Size and note, cosignatures included, of the newest checkpoint that meets the policy's quorum."""
    by_key = {(key.name, key.key_id): name for name, key in policy.witnesses.items()}
    if policy.is_met(set()):
        signed = [newest] if (newest := unwitnessed(connection)) else []
    else:
        signed = [(row.size, row.note) for row in connection.execute(_COSIGNED)]
    for size_, raw in signed:
        lines = connection.execute(_LINES, {"size": size_}).scalars()
        note = Note.parse(raw + "".join(lines).encode())
        if policy.is_met({by_key[each] for each in map(_named, note.signatures) if each in by_key}):
            return size_, note.encode()
    return None


def _named(signature: NoteSignature) -> tuple[str, bytes]:
    return signature.name, signature.key_id
