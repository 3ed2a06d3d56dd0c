"""Everything a door may ask of the log side: open, record, prove, sign, erase, read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.custody.events import Event, parse
from ledger.custody.fact import Fact
from ledger.custody.postings import Posting
from ledger.custody.regimes import regime
from ledger.custody.wire import ANY_CODES
from ledger.errors import LedgerError
from ledger.log import entry, statement
from ledger.log.checkpoint import Checkpoint, Policy, parse_checkpoint
from ledger.log.hashing import leaf_hash
from ledger.log.heads import Head
from ledger.log.ids import new_uuid7
from ledger.log.keys import PrivateKey, PublicKey, possession_message
from ledger.log.note import Note
from ledger.log.statement import Statement
from ledger.log.tiles import WIDTH
from ledger.log.trust import Trust
from ledger.log.wire import decode_base64, encode_base64, is_hash
from ledger.store import genesis, keeping, read, restoring
from ledger.store.answers import Answer, Draft, IdReused, SealedText, Submission, Then
from ledger.store.append import Appender, fact_of
from ledger.store.database import Engine, asking
from ledger.store.genesis import KeyAbsent, Keys, RootAuthority
from ledger.store.moments import Clock, moment
from ledger.store.proofs import Proofs
from ledger.store.read import NotFound, Record
from ledger.store.restoring import Lost, Mirror, Progress
from ledger.store.rows import AuthorHead
from ledger.store.sealing import Chance
from ledger.store.sequence import sequence_waiting
from ledger.store.sign import Signer
from ledger.store.verify import Verdict, verify

__all__ = [
    "Answer", "KeyAbsent", "Keys", "Ledger", "NotFound", "Record", "RootAuthority", "SealedText", "Submission",
]  # fmt: skip

Said = tuple[str, dict[str, Any], str, tuple[SealedText, ...]]
"""A statement before it is signed: type, body in wire form, moment, and the clear texts of what is sealed in it."""
_RECORDS_MAX = 4_096  # about 8 MB


class CustodialKeyAbsent(LedgerError):
    """The server keeps no key of this person's."""

    code = "custodial-key-absent"
    zh = "服务器没有代管 {person} 的密钥"
    en = "the server keeps no key of {person}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """No checkpoint holds the entry so far; the promise says until when one will."""

    received_at: str
    promise: bytes
    promise_signature: bytes
    index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A key's standing and the end of its author chain."""

    key: str
    stream: str
    public_key: PublicKey
    purpose: str
    party: str
    person: str
    roles: frozenset[str]
    admin: bool
    server: bool
    seq: int
    prev: str | None
    revoked_last_seq: int | None


class Ledger:
    """One ledger in one database. Safe to call from many threads."""

    def __init__(
        self,
        *,
        engine: Engine,
        keys: Keys,
        signer_state: Path,
        clock: Clock,
        chance: Chance,
        policy: Policy | None = None,
    ) -> None:
        """Open the ledger that is there; raises NoLedger or GenesisTorn. `policy` names the witnesses whose quorum
        checkpoints wait for; none, if absent."""
        self.engine = engine
        self.opened = genesis.opened(engine)
        self.regime = regime(self.opened.regime)
        self._keys = keys
        self._clock = clock
        self._chance = chance
        self._signer_state = signer_state
        self._appender = Appender(
            engine=engine,
            opened=self.opened,
            codes=self.regime,
            clock=clock,
            chance=chance,
            promise_key=keys.promise,
            kek=keys.kek,
        )
        self._proofs = Proofs(engine, clock, policy or Policy.parse(self.policy_text()))
        self._records: dict[str, Record] = {}

    @classmethod
    def init(
        cls,
        *,
        engine: Engine,
        keys: Keys,
        signer_state: Path,
        clock: Clock,
        chance: Chance,
        origin: str,
        operator_name: str,
        authorities: Sequence[RootAuthority] = (),
        promise_hours: int = 24,
        regime_name: str = "cn.1",
    ) -> Ledger:
        """Record entry 0 in an empty database and sign it; afterwards `trust` and `policy_text` are what to pin."""
        first = genesis.write(
            keys=keys,
            now=clock(),
            chance=chance,
            origin=origin,
            operator_name=operator_name,
            authorities=authorities,
            promise_hours=promise_hours,
            regime_name=regime_name,
        )
        genesis.record(engine, first, keys, clock, chance)
        made = cls(engine=engine, keys=keys, signer_state=signer_state, clock=clock, chance=chance)
        made.sign()
        return made

    def close(self) -> None:
        """Give all connections back."""
        self._appender.close()
        self.engine.dispose()

    def rest(self) -> None:
        """Give back the connection and threads of recording, until they are needed again: then a command that has
        nothing left to record can be copied for other work. Only while nobody records."""
        self._appender.close()

    # ------------------------------------------------------------------------------------ what to pin

    @property
    def origin(self) -> str:
        return self.opened.origin

    def trust(self) -> Trust:
        """What a verifier pins: the origin and the hash of leaf 0."""
        return Trust(origin=self.origin, genesis_leaf=leaf_hash(self.record_at(0).entry).hex())

    def policy_text(self) -> str:
        """A C2SP policy that believes this log's key alone; witnesses are added by who pins it."""
        return f"log {self.opened.log_key}\nquorum none\n"

    # ------------------------------------------------------------------------------------ record

    def record(
        self, submissions: Sequence[Submission], then: Then | None = None, verified: Collection[bytes] = ()
    ) -> list[Answer]:
        """One answer for each signed statement, in their order. Raises Busy when too many wait. `then` is called with
        each answer as soon as it is committed, by the thread that wrote it, before any caller goes on. `verified` are
        the `signed_hash`es of what this process, or a copy of it, has verified and need not verify again."""
        return self._appender.record(submissions, then, verified)

    def record_for(
        self,
        person: str,
        type_: str,
        body: dict[str, Any],
        at: str,
        sealed: tuple[SealedText, ...] = (),
        id_: str | None = None,
    ) -> Answer:
        """Record what a person says whose key this server keeps; signed and numbered inside the append.

        With an `id_` of the caller's it is safe to say again: what that person said under that id is answered as it
        was, whatever comes with it now.
        """
        return self.record_all_for(person, [(type_, body, at, sealed)], id_)[0]

    def record_all_for(self, person: str, said: Sequence[Said], id_: str | None = None) -> list[Answer]:
        """The same for several statements, in one transaction and in their order. `id_` is the first one's: said again,
        its answer is the only one."""
        kept = keeping.custodial_key_of(self.engine, self._keys.kek, person)
        if kept is None:
            raise CustodialKeyAbsent(person=person)
        if id_ is not None and (before := self._said_before(id_, person)) is not None:
            return [before]
        party, private = kept
        answers = self._record_drafts(private, party, person, True, said, id_)
        if id_ is not None and answers[0].code == IdReused.code:
            return [self._said_before(id_, person) or answers[0]]
        return answers

    def _said_before(self, id_: str, person: str) -> Answer | None:
        """The stored answer to a statement of that person's under that id: the same bytes come in again."""
        try:
            record = self.record_of(id_)
        except NotFound:
            return None
        if statement.parse(record.statement).by != person:
            return None
        signature = decode_base64(entry.parse(record.entry).signature, "signature")
        return self.record([Submission(raw=record.statement, signature=signature)])[0]

    def record_as_system(self, type_: str, body: dict[str, Any], at: str | None = None) -> Answer:
        """Record what the operator's system says of itself."""
        said = [(type_, body, at or moment(self._clock()), ())]
        opened = self.opened
        return self._record_drafts(self._keys.system, opened.operator, opened.system_key.person, False, said)[0]

    def _record_drafts(
        self,
        private: PrivateKey,
        party: str,
        person: str,
        server: bool,
        said: Sequence[Said],
        id_: str | None = None,
    ) -> list[Answer]:
        drafts = [
            Draft(
                signer=private,
                party=party,
                person=person,
                server=server,
                id=id_ if id_ and n == 0 else self.new_id(),
                event=parse(type_, body, self.regime),
                body=body,
                at=at,
                sealed=sealed,
            )
            for n, (type_, body, at, sealed) in enumerate(said)
        ]
        return self._appender.record_drafts(drafts)

    def now(self) -> str:
        """This moment, by the server's clock."""
        return moment(self._clock())

    def newest_seen(self) -> Checkpoint:
        """The newest checkpoint: what an author who looks now has seen."""
        return parse_checkpoint(Note.parse(self.unwitnessed_checkpoint()).text)

    def new_id(self) -> str:
        """A fresh uuid7."""
        return new_uuid7(self._clock(), self._chance(10))

    def event(self, type_: str, body: dict[str, Any]) -> Event:
        """The typed event of a body, checked against this ledger's regime."""
        return parse(type_, body, self.regime)

    # ------------------------------------------------------------------------------------ keys and people

    def author(self, key: str) -> Standing | None:
        """The standing of a key (hex SHA-256 of the public key), and where its chain goes on."""
        head = keeping.author(self.engine, bytes.fromhex(key))
        return None if head is None else _standing(head)

    def authors(self) -> list[Standing]:
        """Every enrolled key."""
        return [_standing(head) for head in keeping.authors(self.engine)]

    def enrolment(
        self,
        key: PrivateKey,
        *,
        holder: str,
        person: str,
        roles: Sequence[str] = (),
        admin: bool = False,
        uses: int | None = None,
        purpose: str = "statement",
        server: bool = False,
    ) -> dict[str, Any]:
        """The body of a `key-enrolled` for a new key, with its proof of possession."""
        stream = f"key:{self.new_id()}"
        public = key.public.raw.hex()
        proof = key.sign(possession_message(self.origin, stream, holder, person, public))
        optional: dict[str, Any] = {"roles": sorted(roles), "admin": admin, "uses": uses}
        return {
            "key": stream,
            "public_key": public,
            "holder": holder,
            "person": person,
            "purpose": purpose,
            "proof": encode_base64(proof),
            **{name: value for name, value in optional.items() if value},
            **({"custody": "server"} if server else {}),
        }

    def keep_key(self, *, party: str, person: str) -> dict[str, Any]:
        """Make a custodial key for a person; the body returned is for an administrator of the party to sign."""
        key = PrivateKey(self._chance(32))
        keeping.keep(self.engine, self._keys.kek, key, party, person, self._chance)
        return self.enrolment(key, holder=party, person=person, server=True)

    def erase(self, person: str, reason: str = "request") -> Answer:
        """Delete a person's clear text, destroy the key over it, and say so in the ledger, in one transaction."""
        return self.record_as_system("subject-erased", {"person": person, "reason": reason})

    def keep_document(self, content: bytes) -> str:
        """Keep a text that events name by its hash, such as an edition of the catalogue; returns the hash in hex."""
        return keeping.keep_document(self.engine, content).hex()

    def document(self, hash_: str) -> bytes:
        """A kept text by its hash in hex; raises NotFound."""
        content = keeping.document(self.engine, bytes.fromhex(hash_))
        if content is None:
            raise NotFound(what=f"document {hash_}")
        return content

    def clear_text(self, id_: str) -> dict[str, str]:
        """The sealed fields of a statement that can still be read, by path."""
        hash_ = statement.statement_hash(self.record_of(id_).statement)
        return keeping.clear_text(self.engine, self._keys.kek, hash_)

    # ------------------------------------------------------------------------------------ sequence, sign, prove

    def sequence(self) -> int:
        """Give every waiting entry its index; how many there were. SQLite's are never waiting."""
        return sequence_waiting(self.engine)

    def sign(self) -> Checkpoint | None:
        """Sign the log if it grew."""
        return self._signer().sign()

    def verify_length(self) -> None:
        """Before anything is recorded, where the signer's file is at hand: raises LogShrank for an old backup, on which
        it would take the place of what is missing."""
        if self._keys.log is not None:
            self._signer().verify_length()

    def adopt_note(self, note: bytes) -> Checkpoint:
        """Take a note from a witness, mirror or paper as the signer's high-water mark."""
        return self._signer().adopt(note)

    def restore(self, mirror: Mirror, head: Checkpoint, progress: Progress) -> None:
        """Write the entries that are missing here up to `head` of a mirror that was checked."""
        restoring.write(mirror, self._appender, self.engine, head.size, progress)

    def sign_again(self, head: Checkpoint, progress: Callable[[int, int], None]) -> None:
        """Sign what was signed up to `head`, and take that as the mark below which nothing is signed again."""
        signer = self._signer()
        signer.sign_again(head, progress)
        signer.adopt(self.unwitnessed_checkpoint(head.size))

    def lost(self) -> Lost:
        """What this ledger lacks of what its entries speak of."""
        with self.engine.connect() as connection:
            return restoring.lost(connection)

    def _signer(self) -> Signer:
        if self._keys.log is None:
            raise KeyAbsent(what="log")
        return Signer(engine=self.engine, key=self._keys.log, state=self._signer_state, clock=self._clock)

    def snapshot_heads(self) -> Answer:
        """Say, signed by the system, which objects have which last entry among all entries up to now."""
        with self.engine.connect() as connection:
            body = read.snapshot(connection)
        return self.record_as_system("heads-snapshotted", body)

    def unwitnessed_checkpoint(self, size: int | None = None) -> bytes:
        """The note that the log signed at a size; the newest, if absent."""
        return self._proofs.unwitnessed(size)

    def checkpoint(self, policy: Policy | None = None) -> bytes:
        """The newest note that meets the policy's quorum, with its cosignatures."""
        return self._proofs.witnessed(policy)

    def add_cosignature(self, line: str, policy: Policy | None = None, size: int | None = None) -> int:
        """Keep a witness's line for the checkpoint of a size (the newest, if absent); the POSIX time at which the
        witness signed."""
        return self._proofs.cosign(line, policy, size)

    def receipt(self, name: str, policy: Policy | None = None) -> str | NotYet:
        """The receipt (C2SP tlog-proof) of a statement, by id or hash; NotYet while no checkpoint holds it."""
        return self.receipt_of(self.record_of(name), policy)

    def receipt_of(self, record: Record, policy: Policy | None = None) -> str | NotYet:
        """The same of a record that is at hand."""
        return self._proofs.receipt(record, policy) or self._not_yet(record)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof (RFC 9162 §2.1.3) that the entry at `index` is among the first `size`; raises NotFound."""
        return self._proofs.inclusion(index, size)

    def _not_yet(self, record: Record) -> NotYet:
        received = entry.parse(record.entry)
        made, signature = self._appender.promise_for(received.statement, received.received_at)
        return NotYet(
            received_at=received.received_at,
            promise=made,
            promise_signature=signature,
            index=record.index,
        )

    def verify(self, **how: Any) -> Verdict:
        """Verify the whole ledger from its stored rows; `how` is what `ledger.store.verify.verify` takes by name."""
        return verify(self.engine, self.opened, kek=self._keys.kek, **how)

    # ------------------------------------------------------------------------------------ read

    def size(self) -> int:
        """Entries that have an index."""
        with self.engine.connect() as connection:
            return read.size(connection)

    def waiting(self) -> tuple[int, str]:
        """How many entries have no index yet, and since when the oldest of them waits ("" for none)."""
        with self.engine.connect() as connection:
            count, oldest = read.waiting(connection)
        return count, "" if oldest is None else entry.parse(oldest).received_at

    def record_of(self, name: str) -> Record:
        """The record of a statement, by id or by statement hash in hex; raises NotFound."""
        if (known := self._records.get(name)) is not None:
            return known
        with asking(self.engine) as connection:
            if is_hash(name):
                found = read.record_by_hash(connection, bytes.fromhex(name))
            else:
                found = read.record_by_id(connection, name)
        if found is None:
            raise NotFound(what=f"record {name}")
        if found.index is not None:  # from now on nothing of it changes
            if len(self._records) >= _RECORDS_MAX:
                self._records.clear()
            self._records[name] = found
        return found

    def record_at(self, index: int) -> Record:
        """The record at an index; raises NotFound."""
        with self.engine.connect() as connection:
            found = read.record_by_index(connection, index)
        if found is None:
            raise NotFound(what=f"entry {index}")
        return found

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """Records by index, read as they are asked for."""
        with self.engine.connect() as connection:
            stop = read.size(connection) if stop is None else stop
            for first in range(start, stop, 1_000):
                yield from list(read.records(connection, first, min(stop, first + 1_000)))

    def grounds(self) -> dict[str, dict[str, Any]]:
        """What entries rest on that is none itself, by statement hash, as a mirror keeps it: the statement that was
        adopted from quarantine, the note of another tree."""
        with self.engine.connect() as connection:
            return restoring.grounds(connection)

    def stream(self, name: str) -> list[Record]:
        """One object's chain, by its seq."""
        with self.engine.connect() as connection:
            return list(read.stream(connection, name))

    def facts(self, name: str) -> Iterator[Fact]:
        """What was accepted about an object, in the order of its chain."""
        authors: dict[str, AuthorHead] = {}
        for record in self.stream(name):
            received, said = entry.parse(record.entry), statement.parse(record.statement)
            if received.refused is not None:
                continue
            if said.key not in authors:
                head = keeping.author(self.engine, bytes.fromhex(said.key))
                assert head is not None
                authors[said.key] = head
            event = parse(said.type, said.body, ANY_CODES)
            yield fact_of(event, said, authors[said.key], received.received_at)

    def state(self, name: str) -> bytes | None:
        """The current state of a container or manifest."""
        with self.engine.connect() as connection:
            return read.state(connection, name)

    def postings(self, statement_hash: str) -> list[Posting]:
        """The grams that one statement moved."""
        with self.engine.connect() as connection:
            return list(read.postings(connection, bytes.fromhex(statement_hash)))

    def quarantined(self, party: str) -> list[Statement]:
        """A party's statements in quarantine that nobody adopted yet."""
        with self.engine.connect() as connection:
            return [statement.parse(raw) for raw in read.quarantined(connection, party)]

    def heads(self, size: int) -> list[Head]:
        """The last entry of each object among exactly the leaves [0, size), sorted."""
        with self.engine.connect() as connection:
            return list(read.heads(connection, size))

    def tile(self, level: int, number: int, width: int) -> bytes:
        """A hash tile of the size now; raises NotFound when the tree is not that wide."""
        return self._proofs.tile(level, number, width)

    def entries(self, number: int, width: int) -> bytes:
        """A C2SP entry bundle: each entry's leaf bytes behind two bytes of length."""
        first = number * WIDTH
        raw = [each.entry for each in self.records(first, first + width)]
        if len(raw) != width:
            raise NotFound(what=f"entry bundle {number} of width {width}")
        return b"".join(len(each).to_bytes(2, "big") + each for each in raw)


def _standing(head: AuthorHead) -> Standing:
    return Standing(
        key=head.key.hex(),
        stream=head.stream,
        public_key=PublicKey(head.public_key),
        purpose=head.purpose,
        party=head.party,
        person=head.person,
        roles=frozenset(head.roles.split()),
        admin=head.admin,
        server=head.server,
        seq=head.seq,
        prev=None if head.hash is None else head.hash.hex(),
        revoked_last_seq=head.revoked_last_seq,
    )
