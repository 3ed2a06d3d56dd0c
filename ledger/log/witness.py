"""One history only: a newer checkpoint is believed when it extends what was seen before."""

from __future__ import annotations

from typing import Final

from ledger.log.checkpoint import Checkpoint, parse_checkpoint
from ledger.log.hashing import EMPTY_ROOT
from ledger.log.merkle import verify_consistency
from ledger.log.note import Note, VerifierKey, verify_note
from ledger.log.statement import Seen
from ledger.log.tiles import ReadTile, TileReader

NOTHING_SEEN: Final = Seen(size=0, root=EMPTY_ROOT.hex())


def verify_newer(note: bytes, log_key: VerifierKey, seen: Seen, read_tile: ReadTile) -> Checkpoint:
    """The checkpoint in `note`, shown to be signed by the log and to extend what was `seen`: only then adopt it."""
    checkpoint = parse_checkpoint(verify_note(Note.parse(note), [log_key]).text)
    if seen.size:
        tiles = TileReader(read_tile, checkpoint.size)
        # A smaller tree has no proof: it is refused by its size.
        proof = tiles.consistency(seen.size) if 0 < seen.size < checkpoint.size else []
        verify_consistency(seen.size, checkpoint.size, bytes.fromhex(seen.root), checkpoint.root, proof)
    return checkpoint
