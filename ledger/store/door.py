"""What can be said of a statement before any transaction: bytes, ledger, key, signature, form, `about`, clear text."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, select

from ledger.custody.events import Event, check_about, parse
from ledger.custody.events.ledger import KeyEnrolled, LedgerOpened
from ledger.custody.wire import Codes
from ledger.errors import LedgerError
from ledger.log import statement
from ledger.log.hashing import sha256, verify_seal
from ledger.log.keys import PublicKey, possession_message
from ledger.log.statement import Statement
from ledger.log.wire import decode_base64
from ledger.store.answers import (
    AlreadyOpened,
    Answer,
    Draft,
    Kept,
    SealedText,
    SealUnknown,
    Submission,
    UnknownKey,
    WrongLedger,
)
from ledger.store.tables import author_head

_KEYS_MAX: Final = 200_000  # public keys remembered in process
_PARALLEL: Final = 32  # signatures worth several threads
_PART: Final = 16  # signatures for one thread


@dataclass(slots=True, kw_only=True)
class Item:
    """One statement on its way; `said` is None until a draft is signed."""

    key: bytes
    event: Event
    about: tuple[str, ...]
    id: str
    said: Statement | None
    signature: bytes
    sealed: tuple[tuple[SealedText, str], ...]  # with the subject's person id
    note: bytes | None
    draft: Draft | None = None
    kept: Kept | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A statement with something wrong about it, which may all the same have been received before as it is."""

    said: Statement
    error: LedgerError


class Door:
    """Row 2 of the answer table, as far as it needs no lock. Safe to call from many threads."""

    def __init__(self, engine: Engine, opened: LedgerOpened, codes: Codes) -> None:
        self._engine = engine
        self._opened = opened
        self._codes = codes
        self._public: dict[bytes, PublicKey] = {}
        self._pool = ThreadPoolExecutor(os.cpu_count() or 2)  # it starts its threads when there is work for them

    def close(self) -> None:
        """End the threads that verify; others start when there is work for them again."""
        self._pool.shutdown()
        self._pool = ThreadPoolExecutor(os.cpu_count() or 2)

    def know(self, public: PublicKey) -> None:
        """A key that no row names yet: the system's, with entry 0."""
        self._public[public.hash] = public

    def items(
        self, submissions: Sequence[Submission], verified: Collection[bytes] = ()
    ) -> list[Item | Answer | Doubtful]:
        """2. Bytes, ledger, key, signature, form and `about`; what fails is answered here and never written. What is
        `signed_hash` among the `verified` was verified before, here or by a copy of this process."""
        parsed: list[Statement | LedgerError] = []
        keys: dict[bytes, PublicKey] = {}  # those offered here, then those enrolled, which take precedence
        for submission in submissions:
            try:
                said = statement.parse(submission.raw)
                if said.ledger != self._opened.origin:
                    raise WrongLedger(expected=self._opened.origin, got=said.ledger)
                parsed.append(said)
                _offer(said, keys)
            except LedgerError as error:
                parsed.append(error)
        keys |= self._known({bytes.fromhex(said.key) for said in parsed if isinstance(said, Statement)})
        work = list(zip(submissions, parsed, strict=True))
        if len(work) < _PARALLEL or verified:
            signed = [_check_signature(each, keys, verified) for each in work]
        else:
            # PyNaCl leaves the interpreter lock while it verifies.
            parts = [work[start : start + _PART] for start in range(0, len(work), _PART)]
            checked = self._pool.map(lambda part: [_check_signature(each, keys) for each in part], parts)
            signed = [error for part in checked for error in part]
        return [self._prepared(submission, said, error) for (submission, said), error in zip(work, signed, strict=True)]

    def _prepared(
        self, submission: Submission, said: Statement | LedgerError, error: LedgerError | None
    ) -> Item | Answer | Doubtful:
        if isinstance(said, LedgerError):
            return Answer(id=None, statement=None, outcome="rejected", code=said.code, error=said)
        try:
            if error is not None:
                raise error
            return self._examine(said, submission)
        except LedgerError as wrong:
            return Doubtful(said, wrong)

    def _known(self, keys: set[bytes]) -> dict[bytes, PublicKey]:
        """Those of the keys that are enrolled."""
        remembered = self._public  # another thread may begin anew meanwhile
        found = {key: remembered[key] for key in keys if key in remembered}
        if missing := sorted(keys - found.keys()):
            with self._engine.connect() as connection:
                for batch in _batches(missing, 500):
                    query = select(author_head.c.key, author_head.c.public_key).where(author_head.c.key.in_(batch))
                    found |= {key: PublicKey(public) for key, public in connection.execute(query)}
            if len(remembered) > _KEYS_MAX:
                self._public = {}
            self._public.update(found)
        return found

    def _examine(self, said: Statement, submission: Submission) -> Item:
        event = parse(said.type, said.body, self._codes)
        check_about(event, said.party, said.about)
        if isinstance(event, KeyEnrolled):
            self._check_possession(event)
        if isinstance(event, LedgerOpened) and event is not self._opened and event != self._opened:
            raise AlreadyOpened()
        return Item(
            key=bytes.fromhex(said.key),
            event=event,
            about=said.about,
            id=said.id,
            said=said,
            signature=submission.signature,
            sealed=_opened_seals(event, submission.sealed, said.by),
            note=submission.note,
            kept=submission.kept,
        )

    def _check_possession(self, event: KeyEnrolled) -> None:
        public = PublicKey.from_hex(event.public_key)
        message = possession_message(self._opened.origin, event.key, event.holder, event.person, event.public_key)
        public.verify(decode_base64(event.proof, "proof of possession"), message)

    def item_of_draft(self, draft: Draft) -> Item:
        return Item(
            key=draft.signer.public.hash,
            event=draft.event,
            about=tuple(sorted(draft.event.streams(draft.party))),
            id=draft.id,
            said=None,
            signature=b"",
            sealed=_opened_seals(draft.event, draft.sealed, draft.person),
            note=None,
            draft=draft,
        )


def signed_hash(statement_hash: bytes, signature: bytes) -> bytes:
    """Names a statement, which names its key, together with its signature."""
    return sha256(statement_hash + signature)


def _check_signature(
    work: tuple[Submission, Statement | LedgerError], keys: Mapping[bytes, PublicKey], verified: Collection[bytes] = ()
) -> LedgerError | None:
    submission, said = work
    if isinstance(said, LedgerError):
        return said
    public = keys.get(bytes.fromhex(said.key))
    if public is None:
        return UnknownKey(expected="an enrolled key", got=said.key)
    if verified and signed_hash(said.hash, submission.signature) in verified:
        return None
    try:
        statement.verify_signature(said.raw, submission.signature, public)
    except LedgerError as error:
        return error
    return None


def in_author_order(items: list[Item]) -> list[Item]:
    """Each key's items by seq, in the places that the request gave to that key: what one author enrols, another can
    use later in the same request."""
    if len(items) < 2:
        return items
    places: dict[bytes, list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault(item.key, []).append(place)
    ordered = list(items)
    for own in places.values():
        for place, item in zip(own, sorted((items[n] for n in own), key=_seq), strict=True):
            ordered[place] = item
    return ordered


def _seq(item: Item) -> int:
    return 0 if item.said is None else item.said.seq


def _offer(said: Statement, offered: dict[bytes, PublicKey]) -> None:
    """A key enrolled in this request may sign in it: its standing is looked at later, its bytes are all that counts."""
    public = said.body.get("public_key") if said.type == KeyEnrolled.type else None
    if isinstance(public, str):
        try:
            key = PublicKey.from_hex(public)
        except LedgerError:
            return
        offered[key.hash] = key


def _opened_seals(event: Event, sealed: Iterable[SealedText], author: str) -> tuple[tuple[SealedText, str], ...]:
    """Each clear text, shown to open its commitment, with the person it is about."""
    if not sealed:
        return ()
    commitments = {path: (commitment, person) for path, commitment, person in event.sealed()}
    found: dict[str, tuple[SealedText, str]] = {}
    for text in sealed:
        if text.path not in commitments or text.path in found:
            raise SealUnknown(path=text.path, expected=", ".join(sorted(commitments)) or "none", got=text.path)
        commitment, person = commitments[text.path]
        verify_seal(commitment, salt=text.salt, field_path=text.path, value=text.value)
        found[text.path] = (text, person or author)
    return tuple(found.values())


def _batches(keys: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
