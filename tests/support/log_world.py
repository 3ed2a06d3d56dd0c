"""A small log in memory, the same on every run: keys from fixed seeds, statements, entries, tiles, checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledger.log import entry, statement
from ledger.log.checkpoint import Checkpoint, Policy, cosign, sign_checkpoint
from ledger.log.entry import Link
from ledger.log.hashing import EMPTY_ROOT, leaf_hash
from ledger.log.ids import new_uuid7
from ledger.log.keys import PrivateKey
from ledger.log.merkle import Frontier
from ledger.log.note import COSIGNATURE, Note, SignerKey
from ledger.log.proof import build_receipt
from ledger.log.statement import Seen, Statement
from ledger.log.tiles import Tile, TileReader, tiles_to_write
from ledger.log.trust import Trust
from ledger.log.wire import encode_base64

ORIGIN = "ledger.example/park"
START_MS = 1_772_000_000_000
COSIGNED_AT = 1_772_000_100


def private_key(name: str) -> PrivateKey:
    return PrivateKey(name.encode().ljust(32, b"."))


def uuid7(number: int) -> str:
    return new_uuid7(START_MS + number, number.to_bytes(10, "big"))


def stream(kind: str, number: int) -> str:
    return f"{kind}:{uuid7(number)}"


AUTHOR = private_key("author")
SYSTEM = private_key("system")
LOG = SignerKey(ORIGIN, private_key("log"))
WITNESSES = tuple(SignerKey(f"witness.example/{n}", private_key(f"witness {n}"), COSIGNATURE) for n in (1, 2, 3))
DRUM, PARTY, SITE, PERSON = stream("container", 1), stream("party", 2), stream("site", 3), stream("person", 4)


def policy_text(quorum: str = "witnesses", threshold: str = "all") -> str:
    lines = [f"log {LOG.verifier.encode()} https://{ORIGIN}/"]
    lines += [f"witness w{n} {witness.verifier.encode()}" for n, witness in enumerate(WITNESSES, 1)]
    lines += [f"group witnesses {threshold} w1 w2 w3", f"quorum {quorum}"]
    return "# the park's policy\n\n" + "\n".join(lines) + "\n"


def a_statement(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "ledger": ORIGIN,
        "type": "container-filled",
        "id": uuid7(10),
        "party": PARTY,
        "by": PERSON,
        "key": AUTHOR.public.hash.hex(),
        "seq": 1,
        "at": "2026-02-25T06:13:20.000Z",
        "seen": Seen(size=0, root=EMPTY_ROOT.hex()),
        "about": (DRUM, SITE),
        "body": {"code": "900-214-08", "container": DRUM, "mass": {"g": 180_500}, "name": "废矿物油", "site": SITE},
    }
    return Statement.build(**(fields | changes))


def an_entry(raw: bytes, signer: PrivateKey, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "statement": statement.statement_hash(raw).hex(),
        "signature": encode_base64(statement.sign(raw, signer)),
        "received_at": "2026-02-25T06:13:21.000Z",
        "links": (Link(DRUM, 1, None), Link(SITE, 1, None)),
    }
    return entry.build(**(fields | changes))


@dataclass
class World:
    """A log of exact bytes with its tiles; `add` sequences at once."""

    statements: list[bytes] = field(default_factory=list)
    entries: list[bytes] = field(default_factory=list)
    tiles: dict[tuple[int, int, int], bytes] = field(default_factory=dict)
    frontier: Frontier = field(default_factory=Frontier)

    def add(self, raw: bytes, entry_bytes: bytes) -> None:
        leaf = leaf_hash(entry_bytes)
        for tile in tiles_to_write(self.frontier.size, [leaf], self.read_tile):
            self.write(tile)
        self.frontier.append(leaf)
        self.statements.append(raw)
        self.entries.append(entry_bytes)

    def write(self, tile: Tile) -> None:
        self.tiles[tile.level, tile.index, tile.width] = tile.data

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        return self.tiles[level, index, width]

    @property
    def trust(self) -> Trust:
        return Trust(origin=ORIGIN, genesis_leaf=leaf_hash(self.entries[0]).hex())

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(origin=ORIGIN, size=self.frontier.size, root=self.frontier.root())

    def note(self, witnesses: tuple[SignerKey, ...] = WITNESSES) -> Note:
        note = sign_checkpoint(self.checkpoint(), LOG)
        for number, witness in enumerate(witnesses):
            note = note.with_signature(cosign(note.text, witness, COSIGNED_AT + number))
        return note

    def receipt(self, index: int, note: Note | None = None) -> str:
        return build_receipt(
            entry_bytes=self.entries[index],
            statement_bytes=self.statements[index],
            public_key=SYSTEM.public if index == 0 else AUTHOR.public,
            index=index,
            hashes=TileReader(self.read_tile, self.frontier.size).inclusion(index),
            checkpoint_note=(note or self.note()).encode(),
        )


def genesis() -> bytes:
    return a_statement(
        type="ledger-opened",
        id=uuid7(5),
        key=SYSTEM.public.hash.hex(),
        about=(PARTY,),
        body={"origin": ORIGIN, "system_key": {"public_key": SYSTEM.public.raw.hex()}},
    )


def a_world(size: int = 5) -> World:
    """The genesis, then one author's chain of statements about one drum and one site."""
    world = World()
    opening = genesis()
    world.add(opening, an_entry(opening, SYSTEM, links=(Link(PARTY, 1, None),)))
    prev: bytes | None = None
    for seq in range(1, size):
        raw = a_statement(
            id=uuid7(10 + seq), seq=seq, prev=None if prev is None else statement.statement_hash(prev).hex()
        )
        before = None if seq == 1 else leaf_hash(world.entries[-1]).hex()
        world.add(raw, an_entry(raw, AUTHOR, links=(Link(DRUM, seq, before), Link(SITE, seq, before))))
        prev = raw
    return world


def a_policy(**changes: str) -> Policy:
    return Policy.parse(policy_text(**changes))
