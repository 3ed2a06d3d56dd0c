"""Proofs of what the log holds: tiles, checkpoints, receipts. What never changes is remembered, up to a limit."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine

from ledger.log.checkpoint import Policy, parse_checkpoint, verify_cosignature
from ledger.log.keys import PublicKey
from ledger.log.note import Note
from ledger.log.proof import build_receipt
from ledger.log.tiles import TileReader, tile_width
from ledger.store import keeping, read
from ledger.store.database import asking
from ledger.store.moments import Clock
from ledger.store.read import NotFound, Record

_TILES_MAX: Final = 4_096  # 32 MB: the leaves of a million entries
_RECEIPTS_MAX: Final = 4_096  # about 8 MB
_NOTED_MS: Final = 1_000


class Proofs:
    """Proofs out of one database, whose checkpoints are to meet `policy` unless another is asked for. Safe to call from
    many threads."""

    def __init__(self, engine: Engine, clock: Clock, policy: Policy) -> None:
        self._engine = engine
        self._clock = clock
        self._policy = policy
        self._tiles: dict[tuple[int, int, int], bytes] = {}
        self._grown = 0  # leaves that the log is known to have: it never shrinks
        self._receipts: dict[int, tuple[bytes, str]] = {}  # by index, with the note each was made for
        self._noted: tuple[int, tuple[int, bytes] | None] = 0, None

    def unwitnessed(self, size: int | None) -> bytes:
        """The note that the log signed at a size; the newest, if absent."""
        with self._engine.connect() as connection:
            found = read.unwitnessed(connection, size)
        if found is None:
            raise NotFound(what="checkpoint" if size is None else f"checkpoint of size {size}")
        return found[1]

    def witnessed(self, policy: Policy | None) -> bytes:
        """The newest note that meets the policy's quorum, with its cosignatures."""
        with self._engine.connect() as connection:
            found = read.witnessed(connection, policy or self._policy)
        if found is None:
            raise NotFound(what="witnessed checkpoint")
        return found[1]

    def cosign(self, line: str, policy: Policy | None, size: int | None) -> int:
        """Keep a witness's line for the checkpoint of a size; the POSIX time at which the witness signed."""
        raw = self.unwitnessed(size)
        note = Note.parse(raw)
        signature = Note.parse(raw + line.encode()).signatures[-1]
        for key in (policy or self._policy).witnesses.values():
            if (key.name, key.key_id) == (signature.name, signature.key_id):
                time = verify_cosignature(note.text, signature, key)
                keeping.add_cosignature(self._engine, parse_checkpoint(note.text).size, signature)
                self._noted = 0, None
                return time
        raise NotFound(what=f"witness {signature.name}")

    def receipt(self, record: Record, policy: Policy | None) -> str | None:
        """The receipt of a record; None while no checkpoint that meets the policy's quorum holds it."""
        found = None if record.index is None else self._note_over(record.index, policy)
        if found is None or record.index is None:
            return None
        size, note = found
        made_for, receipt = self._receipts.get(record.index, (b"", ""))
        if made_for != note:
            receipt = build_receipt(
                entry_bytes=record.entry,
                statement_bytes=record.statement,
                public_key=PublicKey(record.public_key),
                index=record.index,
                hashes=TileReader(self._known_tile, size).inclusion(record.index),
                checkpoint_note=note,
            )
            if len(self._receipts) >= _RECEIPTS_MAX:
                self._receipts.clear()
            self._receipts[record.index] = note, receipt
        return receipt

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof (RFC 9162 §2.1.3) that the entry at `index` is among the first `size`; raises NotFound."""
        if size > self._grown:
            with asking(self._engine) as connection:
                self._grown = read.size(connection)
        if not 0 <= index < size <= self._grown:
            raise NotFound(what=f"proof of entry {index} at size {size}")
        return TileReader(self._known_tile, size).inclusion(index)

    def tile(self, level: int, number: int, width: int) -> bytes:
        """A hash tile of the size now; raises NotFound when the tree is not that wide."""
        if (known := self._tiles.get((level, number, width))) is not None:
            return known
        with asking(self._engine) as connection:
            if tile_width(level, number, read.size(connection)) < width:
                raise NotFound(what=f"tile {level}/{number} of width {width}")
            return self._tile(connection, level, number, width)

    def _note_over(self, index: int, policy: Policy | None) -> tuple[int, bytes] | None:
        """Size and note of the newest checkpoint that meets the quorum and holds the entry; of the server's own policy
        one read less than a second ago will do."""
        now = self._clock()
        read_at, found = self._noted
        if policy is None and found is not None and index < found[0] and 0 <= now - read_at < _NOTED_MS:
            return found
        with asking(self._engine) as connection:
            found = read.witnessed(connection, policy or self._policy)
        if policy is None:
            self._noted = now, found
        return found if found is not None and index < found[0] else None

    def _known_tile(self, level: int, number: int, width: int) -> bytes:
        """A tile that there is; asks the database only for what is not remembered."""
        if (known := self._tiles.get((level, number, width))) is not None:
            return known
        with asking(self._engine) as connection:
            return self._tile(connection, level, number, width)

    def _tile(self, connection: Connection, level: int, number: int, width: int) -> bytes:
        """The first `width` hashes of a tile, which never change and are remembered."""
        known = self._tiles.get((level, number, width))
        if known is None:
            known = read.tile(connection, level, number, width)
            if len(self._tiles) >= _TILES_MAX:
                self._tiles.clear()
            if len(known) == 32 * width:
                self._tiles[level, number, width] = known
        return known
