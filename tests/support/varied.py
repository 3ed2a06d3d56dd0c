"""A small ledger that holds something in every table: what verification has to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.custody.registry import Edition
from ledger.log import statement
from ledger.log.checkpoint import Checkpoint, Policy, cosign, sign_checkpoint
from ledger.log.hashing import seal_commitment
from ledger.log.keys import PrivateKey
from ledger.log.note import COSIGNATURE, Note, SignerKey
from ledger.log.statement import Seen
from ledger.service import SealedText
from ledger.store.projections import Projector
from ledger.store.verify import Verdict
from tests.support.world import OIL, Device, World


@dataclass(slots=True, kw_only=True)
class Varied:
    """The world with its witness; `policy` knows the witness, `outside` is a note that somebody kept."""

    world: World
    policy: Policy
    outside: bytes

    def verify(self, **how: Any) -> Verdict:
        """Everything, replay and projections included, with all that is known from outside."""
        how = {"policy": self.policy, "notes": [self.outside], "read_catalogue": no_codes} | how
        return self.world.ledger.verify(**how)


def no_codes(_: bytes) -> Edition:
    """Documents of these tests hold no codes."""
    return Edition()


def varied(url: str, folder: Path, fillings: int = 260, *, waiting: bool = False) -> Varied:
    """A ledger of at least one complete tile; `waiting` leaves entries without an index (PostgreSQL)."""
    world = World.create(url, folder)
    witness = SignerKey("witness.example/1", PrivateKey(world.chance.randbytes(32)), COSIGNATURE)
    log = world.ledger.policy_text().splitlines()[0]
    policy = Policy.parse(f"{log}\nwitness w {witness.verifier.encode()}\nquorum w\n")
    shop, carrier, plant = world.party("示例汽修厂"), world.party("示例运输"), world.party("示例处置")
    yard, works = world.site(shop), world.site(plant)
    _journey(world, shop, carrier, plant, yard, works)
    world.look()
    note = Note.parse(world.ledger.unwitnessed_checkpoint())
    world.ledger.add_cosignature(cosign(note.text, witness, world.clock() // 1000).line(), policy)
    world.clock.advance(ms=2_000)
    _refusals(world, shop, yard)
    _people(world, shop, yard)
    _revoked(world, shop, yard)
    drums = [shop.sign("container-filled", world.filled(shop, yard, grams=1_000 + n)) for n in range(fillings)]
    world.ledger.record(drums)
    world.look()
    world.clock.advance(ms=2_000)
    assert world.ledger.snapshot_heads().outcome == "recorded"
    world.ledger.keep_document(b"edition 2021")
    _split(world, carrier, yard)
    world.look()
    Projector(world.ledger.engine, world.ledger.regime, no_codes).follow()
    if waiting:
        world.ledger.record([shop.sign("container-filled", world.filled(shop, yard))])
    return Varied(world=world, policy=policy, outside=world.ledger.unwitnessed_checkpoint())


def _said(device: Device, type_: str, body: dict[str, Any], **more: Any) -> None:
    answer = device.say(type_, body, **more)
    assert answer.outcome == "recorded", answer


def _journey(world: World, shop: Device, carrier: Device, plant: Device, yard: str, works: str) -> None:
    """A drum filled, stored, manifested, received and corrected; the pick-up arrives after the receipt."""
    drum, manifest = world.new("container"), world.new("manifest")
    here, there = {"party": shop.party, "site": yard}, {"party": plant.party, "site": works}
    _said(shop, "container-filled", world.filled(shop, yard, drum), at="2025-10-01T01:00:00.000Z")
    target = world.ledger.stream(drum)[-1]
    ends = {"manifest": manifest, "from": here, "to": there, "carrier": carrier.party}
    load = [{"container": drum, "code": OIL, "net_g": 180_000}]
    verdict = {"container": drum, "code": OIL, "decision": "accepted", "mass": {"basis": "weighed", "net_g": 179_000}}
    _said(shop, "manifest-issued", {**ends, "lines": load}, at="2025-10-02T01:00:00.000Z")
    _said(plant, "manifest-received", {**ends, "lines": [verdict]}, at="2025-10-02T09:00:00.000Z")
    _said(carrier, "manifest-collected", {**ends, "lines": load}, at="2025-10-02T02:00:00.000Z")
    correction = {
        "container": drum,
        "target": statement.parse(target.statement).id,
        "field": "mass.net_g",
        "old": 180_000,
        "new": 180_500,
        "reason": "typing",
    }
    _said(shop, "entry-corrected", correction)


def _refusals(world: World, shop: Device, yard: str) -> None:
    drum = world.new("container")
    _said(shop, "container-filled", world.filled(shop, yard, drum))
    assert shop.say("container-filled", world.filled(shop, yard, drum)).code == "container-exists"
    unknown = Seen(size=world.seen.size, root="ab" * 32)
    assert shop.say("container-filled", world.filled(shop, yard), seen=unknown).code == "seen-unknown"
    fork = shop.next_bytes("container-filled", world.filled(shop, yard))
    _said(shop, "container-filled", world.filled(shop, yard))
    assert world.ledger.record([shop.submit(fork)])[0].code == "author-fork"


def _people(world: World, shop: Device, yard: str) -> None:
    """Clear text of two people, one of them erased; a key that the server keeps; a key for one statement."""
    for erased in (False, True):
        person, salt = world.new("person"), world.chance.randbytes(32)
        text = SealedText(path="handler.name", salt=salt, value="张三")
        handler = {"person": person, "name": {"sealed": seal_commitment(salt, text.path, text.value)}}
        _said(shop, "container-filled", world.filled(shop, yard) | {"handler": handler}, sealed=(text,))
        if erased:
            assert world.ledger.erase(person).outcome == "recorded"
    person = world.new("person")
    _said(shop, "key-enrolled", world.ledger.keep_key(party=shop.party, person=person))
    body = world.filled(shop, yard)
    assert world.ledger.record_for(person, "container-filled", body, "2025-10-09T08:00:00.000Z").error is None
    guest = world.enrol(shop, party=world.new("party"), uses=1)
    _said(guest, "container-filled", world.filled(guest, world.new("site")))


def _revoked(world: World, shop: Device, yard: str) -> None:
    """A stolen key: one statement still enters late, one is quarantined and adopted."""
    clerk = world.enrol(shop, party=shop.party)
    _said(clerk, "container-filled", world.filled(clerk, yard))
    late = clerk.sign("container-filled", world.filled(clerk, yard))
    body = world.filled(clerk, yard)
    stolen = clerk.sign("container-filled", body)
    _said(shop, "key-revoked", {"key": clerk.stream, "holder": shop.party, "last_seq": 2, "reason": "stolen"})
    assert [each.outcome for each in world.ledger.record([late, stolen])] == ["recorded", "quarantined"]
    said = statement.parse(stolen.raw)
    adoption = {"statement": said.hash.hex(), "type": said.type, "at": said.at, "body": body}
    _said(shop, "statement-adopted", adoption)
    assert shop.say("key-revoked", {"key": clerk.stream, "holder": shop.party, "last_seq": 0, "reason": "lost"}).code


def _split(world: World, carrier: Device, yard: str) -> None:
    """The carrier was shown another tree of the same size, signed by the log key."""
    assert world.keys.log is not None
    other = Checkpoint(origin=world.ledger.origin, size=world.seen.size, root=b"\xab" * 32)
    note = sign_checkpoint(other, world.keys.log).encode()
    seen = Seen(size=other.size, root=other.root.hex())
    _said(carrier, "container-filled", world.filled(carrier, yard), seen=seen, note=note)
