"""What an author says it has seen of the log, beside what this log signed."""

from __future__ import annotations

from typing import Final

from ledger.custody.rules import Refusal
from ledger.errors import LedgerError
from ledger.log.checkpoint import parse_checkpoint
from ledger.log.hashing import EMPTY_ROOT
from ledger.log.note import Note, VerifierKey, verify_note
from ledger.log.statement import Statement
from ledger.store.rows import AuthorHead, Changes, Rows
from ledger.store.standing import SeenDecreased, SeenUnknown

_ROOTS_MAX: Final = 10_000  # remembered in process


class SeenRule:
    """`seen.size` never decreases along an author chain, and every checkpoint seen is this log's."""

    def __init__(self, origin: str, log_key: VerifierKey) -> None:
        self._origin = origin
        self._log_key = log_key
        self._roots: dict[int, bytes] = {0: EMPTY_ROOT}

    def refusal(
        self, rows: Rows, changes: Changes, said: Statement, note: bytes | None, author: AuthorHead
    ) -> Refusal | None:
        """Why the statement is refused, if it is. Two histories, each validly signed, are no reason: both are kept."""
        seen = said.seen
        if seen.size < author.seen_size:
            return SeenDecreased(expected=f"at least {author.seen_size}", got=seen.size)
        if (root := self._root_at(rows, seen.size)) is not None and root.hex() == seen.root:
            return None
        if note is None:
            return SeenUnknown(size=seen.size, expected="a checkpoint of this ledger", got=seen.root)
        try:
            theirs = parse_checkpoint(verify_note(Note.parse(note), [self._log_key]).text)
        except LedgerError as error:
            return SeenUnknown(size=seen.size, expected="a note signed by this log", got=error.code)
        if (theirs.origin, theirs.size, theirs.root.hex()) != (self._origin, seen.size, seen.root):
            return SeenUnknown(
                size=seen.size, expected=f"{seen.size} {seen.root}", got=f"{theirs.size} {theirs.root.hex()}"
            )
        ours = rows.query("SELECT note FROM checkpoint WHERE size <= ? ORDER BY size DESC LIMIT 1", seen.size)
        changes.add("split_view", (said.hash, note, ours[0][0] if ours else b""))
        return None

    def _root_at(self, rows: Rows, size: int) -> bytes | None:
        if size not in self._roots:
            found = rows.query("SELECT root FROM checkpoint WHERE size = ?", size)
            if not found:
                return None
            if len(self._roots) > _ROOTS_MAX:
                self._roots = {0: EMPTY_ROOT}
            self._roots[size] = found[0][0]
        return self._roots[size]
