"""Statements that are kept as evidence and are no entries: forks of an author chain, and what a revoked key signed."""

from __future__ import annotations

from typing import Final

from ledger.log.statement import Statement
from ledger.store.answers import Answer, Aside, AuthorFork, KeyRevokedBefore, QuarantineFull, rejected
from ledger.store.rows import AuthorHead, Changes, Rows

QUARANTINE_MAX: Final = 1_000  # statements of one revoked key: whoever stole it may not fill the disk with it


def keep_fork(
    rows: Rows, changes: Changes, said: Statement, signature: bytes, received_at: str, author: AuthorHead
) -> Answer:
    """A second statement for a place in the author chain; the first received stays the branch."""
    place = min(said.seq, author.seq)
    ours = next((row[1] for row in changes.statement if row[2:4] == (author.key, place)), None)
    if ours is None:
        ((ours,),) = rows.query("SELECT hash FROM statement WHERE key = ? AND seq = ?", author.key, place)
    if not _known(rows, changes, "author_fork", said.hash):
        changes.add("author_fork", (said.hash, author.key, said.seq, said.raw, signature, received_at, ours))
    return rejected(said, AuthorFork(seq=place, expected=ours.hex(), got=said.hash.hex()))


def quarantine(
    rows: Rows, changes: Changes, said: Statement, signature: bytes, received_at: str, author: AuthorHead
) -> Answer:
    """A statement beyond a revoked key's last_seq, without effect until another key of the party adopts it."""
    if not _known(rows, changes, "quarantine", said.hash):
        ((kept,),) = rows.query("SELECT count(*) FROM quarantine WHERE key = ?", author.key)
        kept += sum(row[1] == author.key for row in changes.others.get("quarantine", ()))
        if kept >= QUARANTINE_MAX:
            return rejected(said, QuarantineFull(expected=f"at most {QUARANTINE_MAX} statements", got=kept + 1))
        changes.add("quarantine", (said.hash, author.key, said.seq, said.id, said.raw, signature, received_at))
    error = KeyRevokedBefore(expected=f"seq at most {author.revoked_last_seq}", got=said.seq)
    return Answer(id=said.id, statement=said.hash.hex(), outcome="quarantined", code=error.code, error=error)


def known_again(rows: Rows, changes: Changes, hash_: bytes, kept: Aside | None) -> bool:
    """Whether a statement that was adopted is in quarantine, where what a mirror `kept` of it is put back."""
    changes.others.setdefault("quarantine", [])  # written before the adoptions that refer to it
    known = _known(rows, changes, "quarantine", hash_)
    if kept is not None and not known:
        said = kept.said
        row = (said.hash, bytes.fromhex(said.key), said.seq, said.id, said.raw, kept.signature, kept.received_at)
        changes.add("quarantine", row)
    return known or kept is not None


def _known(rows: Rows, changes: Changes, table: str, hash_: bytes) -> bool:
    if any(row[0] == hash_ for row in changes.others.get(table, ())):
        return True
    return bool(rows.query(f"SELECT 1 FROM {table} WHERE statement = ?", hash_))
