"""A ledger with people in it: real database, real keys, a clock that tests move."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.custody.events import about_of
from ledger.log import statement
from ledger.log.hashing import EMPTY_ROOT
from ledger.log.ids import new_uuid7
from ledger.log.keys import PrivateKey
from ledger.log.note import SignerKey
from ledger.log.statement import Seen, Statement
from ledger.service import Answer, Keys, Ledger, RootAuthority, SealedText, Submission
from ledger.store.database import open_engine, upgrade
from ledger.store.moments import moment

ORIGIN = "ledger.example/park"
START_MS = 1_760_000_000_000  # 2025-10-09
OIL = "900-214-08"
ALL_ROLES = ("licensing", "registrar", "settings", "supervision")


@dataclass(slots=True)
class Clock:
    """A clock that stands still until a test moves it."""

    ms: int = START_MS

    def __call__(self) -> int:
        return self.ms

    def advance(self, *, ms: int = 0, hours: int = 0) -> None:
        self.ms += ms + hours * 3_600_000


@dataclass(slots=True)
class Device:
    """One key of one person, which numbers and chains what it signs."""

    world: World
    key: PrivateKey
    stream: str
    party: str
    person: str
    seq: int = 0
    prev: str | None = None

    @property
    def key_hash(self) -> str:
        return self.key.public.hash.hex()

    def sign(
        self,
        type_: str,
        body: dict[str, Any],
        *,
        at: str | None = None,
        id_: str | None = None,
        seen: Seen | None = None,
        sealed: tuple[SealedText, ...] = (),
        note: bytes | None = None,
    ) -> Submission:
        """The next statement of this device's chain."""
        raw = self.next_bytes(type_, body, at=at, id_=id_, seen=seen)
        self.seq, self.prev = self.seq + 1, statement.statement_hash(raw).hex()
        return Submission(raw=raw, signature=statement.sign(raw, self.key), sealed=sealed, note=note)

    def next_bytes(
        self,
        type_: str,
        body: dict[str, Any],
        /,
        *,
        at: str | None = None,
        id_: str | None = None,
        seen: Seen | None = None,
        **differently: Any,
    ) -> bytes:
        """Bytes of the next statement, without taking its place in the chain; `differently` replaces fields."""
        fields: dict[str, Any] = {
            "ledger": ORIGIN,
            "type": type_,
            "id": id_ or self.world.uuid7(),
            "party": self.party,
            "by": self.person,
            "key": self.key_hash,
            "seq": self.seq + 1,
            "prev": self.prev,
            "at": at or moment(self.world.clock()),
            "seen": seen or self.world.seen,
            "about": about_of(self.world.ledger.event(type_, body), self.party),
            "body": body,
        }
        return Statement.build(**fields | differently)

    def submit(self, raw: bytes) -> Submission:
        """These bytes, signed by this device."""
        return Submission(raw=raw, signature=statement.sign(raw, self.key))

    def say(self, type_: str, body: dict[str, Any], **more: Any) -> Answer:
        """Sign and record; the answer, whatever it is."""
        return self.world.ledger.record([self.sign(type_, body, **more)])[0]


@dataclass(slots=True, kw_only=True)
class World:
    """One ledger, its authority, and whoever a test lets in."""

    clock: Clock
    chance: random.Random
    url: str
    folder: Path
    keys: Keys
    authority: Device = field(init=False)
    ledger: Ledger = field(init=False)
    seen: Seen = field(default_factory=lambda: Seen(size=0, root=EMPTY_ROOT.hex()))

    @classmethod
    def create(cls, url: str, folder: Path, seed: int = 1) -> World:
        """An empty database becomes a ledger with one authority that holds every role."""
        chance = random.Random(seed)
        keys = Keys(
            log=SignerKey(ORIGIN, PrivateKey(chance.randbytes(32))),
            promise=PrivateKey(chance.randbytes(32)),
            system=PrivateKey(chance.randbytes(32)),
            kek=chance.randbytes(32),
        )
        world = cls(clock=Clock(), chance=chance, url=url, folder=folder, keys=keys)
        root = PrivateKey(chance.randbytes(32))
        authority = Device(world, root, world.new("key"), world.new("party"), world.new("person"))
        engine = open_engine(url)
        upgrade(engine)
        world.ledger = Ledger.init(
            engine=engine,
            keys=keys,
            signer_state=world.signer_state,
            clock=world.clock,
            chance=chance.randbytes,
            origin=ORIGIN,
            operator_name="演示园区",
            authorities=[
                RootAuthority(
                    party=authority.party,
                    person=authority.person,
                    key=authority.stream,
                    public_key=root.public,
                    roles=ALL_ROLES,
                    name="演示主管部门",
                )
            ],
        )
        world.authority = authority
        return world

    @property
    def signer_state(self) -> Path:
        return self.folder / "signer" / "highwater.json"

    def another_process(self) -> Ledger:
        """The same ledger through a connection pool and memory of its own."""
        return Ledger(
            engine=open_engine(self.url),
            keys=self.keys,
            signer_state=self.signer_state,
            clock=self.clock,
            chance=random.Random(self.chance.random()).randbytes,
        )

    def close(self) -> None:
        self.ledger.close()

    def uuid7(self) -> str:
        return new_uuid7(self.clock(), self.chance.randbytes(10))

    def new(self, kind: str) -> str:
        return f"{kind}:{self.uuid7()}"

    def look(self) -> Seen:
        """Sequence, sign, and let everybody see the newest checkpoint from now on."""
        self.ledger.sequence()
        self.ledger.sign()
        size = self.ledger.size()
        with self.ledger.engine.connect() as connection:
            root = connection.exec_driver_sql("SELECT root FROM log_state").scalar_one()
        self.seen = Seen(size=size, root=bytes(root).hex())
        return self.seen

    def enrol(self, by: Device, *, party: str, person: str | None = None, **how: Any) -> Device:
        """A new device, enrolled by another; asserts that it was."""
        key = PrivateKey(self.chance.randbytes(32))
        person = person or self.new("person")
        body = self.ledger.enrolment(key, holder=party, person=person, **how)
        answer = by.say("key-enrolled", body)
        assert answer.outcome == "recorded", answer
        return Device(self, key, body["key"], party, person)

    def party(self, name: str = "示例汽修厂") -> Device:
        """A new enterprise with its administrator's device."""
        party = self.new("party")
        admin = self.enrol(self.authority, party=party, admin=True)
        answer = admin.say("party-registered", {"holder": party, "name": name})
        assert answer.outcome == "recorded", answer
        return admin

    def site(self, admin: Device, name: str = "一号厂区") -> str:
        """A new site of the device's party."""
        site = self.new("site")
        answer = admin.say("site-registered", {"holder": admin.party, "site": site, "name": name})
        assert answer.outcome == "recorded", answer
        return site

    def filled(self, device: Device, site: str, container: str | None = None, grams: int = 180_000) -> dict[str, Any]:
        """The body of a `container-filled` with a drum of waste oil."""
        return {
            "container": container or self.new("container"),
            "place": {"party": device.party, "site": site},
            "kind": "package",
            "code": OIL,
            "name": "废机油",
            "mass": {"basis": "weighed", "net_g": grams},
        }
