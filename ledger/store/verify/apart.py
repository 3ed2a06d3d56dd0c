"""Looks into what is kept apart from the log: forks, quarantine, adoptions, and what lies under lock."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ledger.custody.events import parse
from ledger.custody.events.ledger import StatementAdopted, SubjectErased
from ledger.custody.wire import ANY_CODES
from ledger.errors import LedgerError
from ledger.log import statement
from ledger.log.hashing import sha256, verify_seal
from ledger.log.keys import PrivateKey, PublicKey
from ledger.log.statement import Statement
from ledger.log.wire import is_time
from ledger.store.sealing import open_up
from ledger.store.verify.beside import beside, pairs
from ledger.store.verify.chains import Whole
from ledger.store.verify.findings import Difference, shown
from ledger.store.verify.keys import Keys
from ledger.store.verify.reading import Reader, Row, statement_in

_SALT: Final = 32


@dataclass(slots=True, kw_only=True)
class Apart:
    """One comparison; `kek` is the key-encryption key, when sealed text may be opened to be compared."""

    whole: Whole
    keys: Keys
    kek: bytes | None

    @property
    def _reader(self) -> Reader:
        return self.whole.reader

    def forks(self) -> Iterator[Difference]:
        """Second statements for a taken place: really signed by that key, and the branch that stayed is there."""
        sql = "SELECT statement, key, seq, bytes, signature, received_at, branch FROM author_fork"
        for row in self._reader.rows(sql):
            name = f"statement {shown(row[0])}"
            said = yield from self._kept("author_fork", row[:5], row[5], name)
            if said is None:
                continue
            digits = bytes.fromhex(said.key)
            near = self._reader.rows(
                f"SELECT hash FROM statement WHERE key = {self._blob(digits)} AND seq IN ({said.seq}, {said.seq - 1})"
            )
            if (row[6],) not in near:
                expected = " or ".join(hash_.hex() for (hash_,) in near if type(hash_) is bytes)
                yield beside("author_fork", "branch", "author-chain", expected, shown(row[6]), name)

    def quarantine(self) -> Iterator[Difference]:
        """Statements of revoked keys: signed, beyond what the key may bring in, and adopted by entries only."""
        kept: set[Any] = set()
        for row in self._reader.rows("SELECT statement, key, seq, bytes, signature, received_at, id FROM quarantine"):
            name = f"statement {shown(row[0])}"
            kept.add(row[0])
            said = yield from self._kept("quarantine", row[:5], row[5], name)
            if said is None:
                continue
            if said.id != row[6]:
                yield beside("quarantine", "id", "row", said.id, shown(row[6]), name)
            head = self.keys.authors.get(said.key)
            if head is None or head.revoked_last_seq is None or said.seq <= head.revoked_last_seq:
                yield beside("quarantine", "seq", "authority", "a seq beyond a revocation", str(said.seq), name)
        wanted = {
            bytes.fromhex(event.statement): said.hash
            for told, said, event in self.whole.told(StatementAdopted)
            if told.refused is None
        }
        stored = dict(pairs(self._reader, "quarantined, statement FROM adoption"))
        for quarantined, adopter in wanted.items():
            if stored.get(quarantined) == adopter:
                stored.pop(quarantined)
                continue
            name = f"quarantined {quarantined.hex()}"
            if quarantined in stored:
                yield beside("adoption", "statement", "row", adopter.hex(), shown(stored.pop(quarantined)), name)
            else:
                close = next((q for q, a in stored.items() if a == adopter), None)
                stored.pop(close, None)
                yield beside("adoption", "quarantined", "row", quarantined.hex(), shown(close), name)
        for quarantined, adopter in stored.items():
            yield beside("adoption", "statement", "row", "no row", shown(adopter), f"quarantined {shown(quarantined)}")

    def _kept(self, table: str, row: Row, received_at: Any, name: str) -> Generator[Difference, None, Statement | None]:
        """Yields differences; returns the statement when its bytes hold, else None."""
        hash_, key, seq, raw, signature = row
        try:
            said = statement_in(raw)
        except (LedgerError, TypeError) as error:
            yield beside(table, "bytes", "bytes", "a statement in canonical form", str(error), name)
            return None
        head = self.keys.authors.get(said.key)
        signed = _signed(said, signature, head.public_key if head is not None else None)
        if said.hash != hash_:
            # Signed bytes prove themselves; then it is the key of the row that was changed.
            column = "statement" if signed else "bytes"
            yield beside(table, column, "hash", said.hash.hex() if signed else shown(hash_), shown(hash_), name)
            if not signed:
                return None
        if not signed:
            yield beside(table, "signature", "signature", f"a signature by {said.key}", shown(signature), name)
        if key != bytes.fromhex(said.key):
            yield beside(table, "key", "row", said.key, shown(key), name)
        if seq != said.seq:
            yield beside(table, "seq", "row", str(said.seq), shown(seq), name)
        if not is_time(received_at):
            yield beside(table, "received_at", "time", "a moment", shown(received_at), name)
        return said

    # ------------------------------------------------------------------------------------ sealed

    def sealed(self) -> Iterator[Difference]:
        """Clear text under lock: for a commitment of that statement, and, given the key-encryption key, opening it."""
        erased = {event.person for told, _, event in self.whole.told(SubjectErased) if told.refused is None}
        keys = dict(pairs(self._reader, "person, wrapped FROM subject_key"))
        opened: dict[str, bytes] = {}
        torn: set[str] = set()
        gone = sorted(erased - keys.keys())
        for person, wrapped in keys.items():
            if wrapped is None:
                if person not in erased and gone:
                    torn.add(person)
                    want = gone.pop(0)
                    yield beside("subject_key", "person", "sealed", want, shown(person), f"person {shown(person)}")
                elif person not in erased:
                    torn.add(person)
                    yield beside(
                        "subject_key", "wrapped", "sealed", "a key: nobody erased it", "NULL", f"person {person}"
                    )
            elif person in erased:
                yield beside("subject_key", "wrapped", "sealed", "NULL: erased", shown(wrapped), f"person {person}")
            elif self.kek is not None:
                try:
                    opened[person] = open_up(self.kek, wrapped, person.encode())
                except (LedgerError, TypeError, AttributeError) as error:
                    torn.add(person)
                    # A key that opens for no other person either was changed itself.
                    owner = self._owner(wrapped, erased | self._subjects())
                    column = "wrapped" if owner is None else "person"
                    if owner is not None:
                        opened[owner] = open_up(self.kek, wrapped, owner.encode())
                    yield beside(
                        "subject_key",
                        column,
                        "sealed",
                        owner or "a key under the key-encryption key",
                        str(person if owner else error),
                        f"person {shown(person)}",
                    )
        for person in gone:
            yield beside("subject_key", "person", "sealed", person, "no row", f"person {person}")
        for row in self._reader.rows("SELECT statement, path, person, ciphertext FROM sealed"):
            yield from self._sealed(row, opened, torn)
        yield from self._custodial()

    def _subjects(self) -> set[str]:
        return {row[0] for row in self._reader.rows("SELECT DISTINCT person FROM sealed") if type(row[0]) is str}

    def _owner(self, wrapped: Any, persons: set[str]) -> str | None:
        assert self.kek is not None
        for person in sorted(persons):
            try:
                open_up(self.kek, wrapped, person.encode())
            except (LedgerError, TypeError):
                continue
            return person
        return None

    def _sealed(self, row: Row, opened: dict[str, bytes], torn: set[str]) -> Iterator[Difference]:
        hash_, path, person, ciphertext = row
        name = f"statement {shown(hash_)} path {shown(path)}"
        try:
            said, event = self._event_of(hash_)
        except (LedgerError, LookupError, TypeError):
            said = None
        if said is None:
            yield beside("sealed", "statement", "row", "a statement of this log", shown(hash_), name)
            return
        commitments = {p: (c, subject or said.by) for p, c, subject in event.sealed()}
        if path not in commitments:
            yield beside("sealed", "path", "row", " or ".join(sorted(commitments)), shown(path), name)
            return
        commitment, subject = commitments[path]
        if subject != person:
            yield beside("sealed", "person", "row", subject, shown(person), name)
        key = opened.get(subject)
        if key is None or subject in torn:
            return
        try:
            clear = open_up(key, ciphertext, f"{hash_.hex()} {path}".encode())
            verify_seal(commitment, salt=clear[:_SALT], field_path=path, value=clear[_SALT:].decode())
        except (LedgerError, TypeError, ValueError) as error:
            yield beside("sealed", "ciphertext", "sealed", "text that opens the commitment", str(error), name)

    def _custodial(self) -> Iterator[Difference]:
        for key, party, person, wrapped in self._reader.rows("SELECT key, party, person, wrapped FROM custodial_key"):
            name = f"key {shown(key)}"
            if self.kek is not None:
                try:
                    private = PrivateKey(open_up(self.kek, wrapped, key))
                    if private.public.hash != key:
                        yield beside("custodial_key", "key", "sealed", private.public.hash.hex(), shown(key), name)
                except (LedgerError, TypeError) as error:
                    known = any(head.person == person and head.server for head in self.keys.authors.values())
                    column = (
                        "wrapped" if type(key) is not bytes or key.hex() in self.keys.authors or not known else "key"
                    )
                    yield beside(
                        "custodial_key", column, "sealed", "a key under the key-encryption key", str(error), name
                    )
            head = self.keys.authors.get(key.hex()) if type(key) is bytes else None
            if head is not None:  # kept, and not enrolled yet, is no fault
                for column, want, got in (("party", head.party, party), ("person", head.person, person)):
                    if want != got:
                        yield beside("custodial_key", column, "row", want, shown(got), name)

    def documents(self) -> Iterator[Difference]:
        """Texts that events name by hash: each is what its hash says."""
        for hash_, content in self._reader.stream("SELECT hash, bytes FROM document"):
            got = sha256(content) if type(content) is bytes else None
            if got != hash_:
                yield beside("document", "bytes", "hash", shown(hash_), shown(got), f"hash {shown(hash_)}")

    def _event_of(self, hash_: Any) -> tuple[Statement | None, Any]:
        if type(hash_) is not bytes:
            return None, None
        ((raw,),) = self._reader.rows(f"SELECT bytes FROM statement WHERE hash = {self._blob(hash_)}") or ((None,),)
        if raw is None:
            return None, None
        said = statement_in(raw)
        return said, parse(said.type, said.body, ANY_CODES)

    def _blob(self, value: bytes) -> str:
        return f"x'{value.hex()}'" if self._reader.sqlite else f"'\\x{value.hex()}'::bytea"


def _signed(said: Statement, signature: Any, public: bytes | None) -> bool:
    try:
        statement.verify_signature(said.raw, signature, PublicKey(public or b""))
    except (LedgerError, TypeError):
        return False
    return True
