"""Receives statements: the answer table in its order, one transaction for all callers that came meanwhile.

What a crash means: before the commit nothing was received and nobody was answered; after it everything is there, and
who got no answer sends the same bytes again and gets the stored one. Numbers in comments are the rows of the answer
table (LEDGER.md §5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from sqlalchemy import Engine

from ledger.custody.decide import decide, folds
from ledger.custody.events import Event, parse
from ledger.custody.events.ledger import (
    KeyEnrolled,
    KeyRevoked,
    LedgerOpened,
    StatementAdopted,
    SubjectErased,
)
from ledger.custody.fact import Fact
from ledger.custody.rules import Refusal, refusal_by_code
from ledger.custody.wire import ANY_CODES, Codes
from ledger.errors import FormError
from ledger.log import entry, promise, statement
from ledger.log.entry import Link
from ledger.log.hashing import EMPTY_ROOT, leaf_hash
from ledger.log.keys import PrivateKey, PublicKey
from ledger.log.merkle import Frontier
from ledger.log.note import VerifierKey
from ledger.log.statement import Seen, Statement
from ledger.log.wire import encode_base64
from ledger.store import apart, standing
from ledger.store.answers import (
    AlreadyOpened,
    Answer,
    AuthorGap,
    Draft,
    IdReused,
    Kept,
    Promises,
    RestoreDiffers,
    Submission,
    Then,
    UnknownKey,
    rejected,
)
from ledger.store.door import Door, Doubtful, Item, in_author_order
from ledger.store.facts import enrolled
from ledger.store.failpoints import hit
from ledger.store.garbage import uncollected
from ledger.store.group import Group
from ledger.store.moments import Clock, hours_after, moment
from ledger.store.rows import AuthorHead, Changes, Conflict, Guess, Rows, StreamHead, open_rows
from ledger.store.sealing import Chance
from ledger.store.seen import SeenRule
from ledger.store.sequence import LogEnd, extend, read_end
from ledger.store.subjects import Subjects

FLUSH_MAX: Final = 2_000  # items in one transaction
QUEUE_MAX: Final = 20_000  # items waiting before callers are sent away
_TRIES: Final = 8
_MANY: Final = 64  # statements of one caller, worth a look of its own and a pause of the collector
_HEADS_MAX: Final = 50_000  # heads remembered in process: some 50 MB
_LAG_MS: Final = 5_000  # from received_at to commit; readers rely on 10 s
_WARY_MAX: Final = 63  # flushes that read the heads first, after guesses were wrong
_ON_STANDING: Final = (LedgerOpened, KeyEnrolled, KeyRevoked, StatementAdopted, SubjectErased)


@dataclass(slots=True)
class _Call:
    """What one caller brought; `answers` has one place for each of it. Many submissions are looked at by the caller's
    own thread while others write, few by the one that writes, together with those of others: a step's code and data
    are at hand then, and nobody waits for the interpreter."""

    submissions: Sequence[Submission] = ()
    found: Sequence[Item | Answer | Doubtful] = ()
    drafts: Sequence[Draft] = ()
    born: AuthorHead | None = None  # the system key, with entry 0
    then: Then | None = None
    answers: list[Answer] = field(default_factory=list)


@dataclass(slots=True)
class _Flush:
    """One transaction's working state."""

    received_at: str
    taken: dict[str, bytes]
    guess: Guess | None = None
    changes: Changes = field(default_factory=Changes)
    leaves: list[tuple[int, bytes]] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)  # by id, of this flush
    facts: dict[str, list[Fact]] = field(default_factory=dict)  # by stream, of this flush
    erased: list[str] = field(default_factory=list)
    keys: dict[str, bytes | None] = field(default_factory=dict)  # over clear text, by person; None: destroyed


class Appender:
    """The one way in. Calls from many threads share transactions; a single caller pays for no thread."""

    def __init__(
        self,
        *,
        engine: Engine,
        opened: LedgerOpened,
        codes: Codes,
        clock: Clock,
        chance: Chance,
        promise_key: PrivateKey,
        kek: bytes,
    ) -> None:
        self._engine = engine
        self._opened = opened
        self._clock = clock
        self._promise_key = promise_key
        self._seen = SeenRule(opened.origin, VerifierKey.parse(opened.log_key))
        self._subjects = Subjects(kek, chance)
        self._rows: Rows | None = None
        self._authors: dict[bytes, AuthorHead] = {}
        self._streams: dict[str, StreamHead] = {}
        self._end = LogEnd(Frontier())
        self._received_at = ""  # of the newest flush
        self._wary = 0  # flushes to come that do not guess: after each wrong guess in a row twice as many
        self._doubts = 0
        self._group: Group[_Call] = Group(self._write, at_once=FLUSH_MAX, waiting_max=QUEUE_MAX)
        self._door = Door(engine, opened, codes)

    def close(self) -> None:
        """Give the connection back and end the threads, until they are needed again; what was answered is committed
        already. Only while nobody records."""
        self._forget()
        self._door.close()
        if self._rows is not None:
            self._rows.close()
            self._rows = None

    # ------------------------------------------------------------------------------------ before the transaction

    def record(
        self, submissions: Sequence[Submission], then: Then | None = None, verified: Collection[bytes] = ()
    ) -> list[Answer]:
        """One answer for each submission, in their order; raises Busy when the queue is full. `then` is called with
        each answer by the thread that wrote it. `verified` is what the door need not verify again."""
        if len(submissions) < _MANY:
            call = _Call(submissions, then=then)
            self._group.run(call, len(submissions))
        else:
            with uncollected():
                call = _Call(found=self._door.items(submissions, verified), then=then)
                self._group.run(call, len(submissions))
        return call.answers

    def record_drafts(self, drafts: Sequence[Draft]) -> list[Answer]:
        """As `record`, for statements signed by keys that this server keeps."""
        call = _Call(drafts=drafts)
        self._group.run(call, len(drafts))
        return call.answers

    def open_ledger(self, genesis: Submission) -> Answer:
        """Record entry 0, trusted by nothing but the hash that verifiers will pin."""
        system = next(standing.roots(self._opened))
        self._door.know(PublicKey(system.public_key))
        call = _Call([genesis], born=system)
        self._group.run(call, 1)
        return call.answers[0]

    # ------------------------------------------------------------------------------------ group commit

    def _write(self, calls: list[_Call]) -> None:
        """Answer all these calls; one thread at a time is here."""
        found = iter(self._door.items([each for call in calls for each in call.submissions]))
        prepared = [
            [self._settled(each) for each in (*call.found, *islice(found, len(call.submissions)))] for call in calls
        ]
        items: list[Item] = []
        for call, each in zip(calls, prepared, strict=True):
            each.extend(self._door.item_of_draft(draft) for draft in call.drafts)
            items += in_author_order([item for item in each if isinstance(item, Item)])
        born = calls[0].born
        try:
            for start in range(0, len(items), FLUSH_MAX):
                self._transact(items[start : start + FLUSH_MAX], born)
        except BaseException:
            self._forget()
            raise
        for call, each in zip(calls, prepared, strict=True):
            call.answers = [_answer_of(item) for item in each]
            if call.then is not None:
                for answer in call.answers:
                    call.then(answer)

    def _settled(self, found: Item | Answer | Doubtful) -> Item | Answer:
        """Row 1 comes before row 2: bytes that were received once have their answer."""
        if not isinstance(found, Doubtful):
            return found
        return self._stored_before(found.said) or rejected(found.said, found.error)

    def _transact(self, items: list[Item], born: AuthorHead | None) -> None:
        for left in reversed(range(_TRIES)):
            if self._rows is None:
                self._rows = open_rows(self._engine)
            try:
                return self._attempt(self._rows, items, born)
            except Conflict:
                self._rows.rollback()
                self._forget()
                if left == 0:
                    raise
            except BaseException:
                self._rows.rollback()
                raise

    def _forget(self) -> None:
        self._authors.clear()
        self._streams.clear()
        self._end = LogEnd(Frontier())

    def _attempt(self, rows: Rows, items: list[Item], born: AuthorHead | None) -> None:
        if len(self._streams) + len(self._authors) > _HEADS_MAX:
            self._forget()
        if not rows.begin():
            self._forget()
        guesses = self._may_guess(items)
        started = self._clock()
        flush = self._guessed(started) if guesses else self._load(rows, items, started)
        changes = flush.changes
        if born is not None:
            self._open_with(rows, born, flush)
        self._answer_all(rows, flush, items)
        if not (changes.statement or changes.others):
            rows.rollback()
            return
        hit("append.before-write")
        rows.write(changes, flush.guess)
        for person in flush.erased:
            self._subjects.erase(rows, person)
        end = self._end
        if rows.inline and flush.leaves:
            end = extend(rows, end, flush.leaves, flush.received_at)
        hit("append.after-write")
        late = self._clock() - started > _LAG_MS and items[0].kept is None  # no clock says when that was received
        if late and not (rows.inline or guesses):
            raise Conflict("the clock went on too far between reading it and the commit")
        hit("append.before-commit")
        rows.commit()
        self._end, self._received_at = end, flush.received_at
        self._wary = 0 if guesses else max(0, self._wary - 1)
        self._doubts = self._doubts // 4 if guesses else self._doubts
        hit("append.after-commit")

    def _guessed(self, started: int) -> _Flush:
        """A flush that locks nothing before it writes."""
        self._wary = self._doubts = min(2 * self._doubts + 1, _WARY_MAX)  # until the guess is known to be right
        received_at = max(moment(started), self._received_at)
        return _Flush(received_at, taken={}, guess=Guess(started, received_at))

    def _answer_all(self, rows: Rows, flush: _Flush, items: list[Item]) -> None:
        try:
            for item in items:
                item.answer = self._answer(rows, flush, item)
                if item.kept is not None:
                    _check_kept(item.kept, item.answer)
        except Exception as error:
            if flush.guess is None:
                raise
            raise Conflict("remembered heads may contradict what is stored") from error
        changes = flush.changes
        if flush.guess is not None and (len(changes.statement) != len(items) or changes.others):
            raise Conflict("only what is received can be answered from remembered heads")

    def _may_guess(self, items: list[Item]) -> bool:
        """Whether these can be answered from remembered heads alone, an object never met taken for a new one: then
        nothing is read before the write, which refuses when a head has moved. What is rare takes the locks first."""
        return self._wary == 0 and all(
            item.draft is None
            and item.kept is None
            and not item.sealed
            and item.key in self._authors
            and not isinstance(item.event, _ON_STANDING)
            for item in items
        )

    def _load(self, rows: Rows, items: list[Item], now: int) -> _Flush:
        """Lock author heads, then stream heads, each sorted, and read what the answers depend on."""
        keys = {item.key for item in items}
        key_streams: set[str] = set()
        streams: set[str] = set()
        for item in items:
            streams.update(item.about)
            match item.event:
                case KeyEnrolled() as event:
                    keys.add(PublicKey.from_hex(event.public_key).hash)
                case KeyRevoked() as event:
                    key_streams.add(event.key)
                case StatementAdopted() as event:
                    found = rows.query("SELECT key FROM quarantine WHERE statement = ?", bytes.fromhex(event.statement))
                    keys.update(key for (key,) in found)
                case _:
                    pass
        if not rows.inline:  # others write too: what is locked is read anew
            for key in keys:
                self._authors.pop(key, None)
            for name in streams:
                self._streams.pop(name, None)
        locked = rows.lock(
            sorted(key for key in keys if key not in self._authors),  # `-` would walk through all that is remembered
            sorted(key_streams),
            sorted(name for name in streams if name not in self._streams),
            [item.id for item in items],
            now,
        )
        self._authors.update(locked.authors)
        self._streams.update(locked.streams)
        if rows.inline and not self._end.exists:
            self._end = read_end(rows)
            self._received_at = max(self._received_at, self._end.received_at)
        newest = max(locked.received_at, self._received_at)
        received_at = max((item.kept.received_at for item in items if item.kept is not None), default=moment(now))
        return _Flush(received_at=max(received_at, newest), taken=locked.taken)

    # ------------------------------------------------------------------------------------ the answer table

    def _answer(self, rows: Rows, flush: _Flush, item: Item) -> Answer:
        author = self._authors.get(item.key)
        if item.said is None or item.draft is not None:
            assert item.draft is not None
            if author is None:
                raise UnknownKey(expected="an enrolled key", got=item.key.hex())
            self._sign(rows, item, author)
        said = item.said
        assert said is not None
        # 1. The same id and bytes.
        if (before := flush.answers.get(said.id)) is not None and before.statement == said.hash.hex():
            return before
        taken = flush.taken.get(said.id)
        if taken == said.hash:
            return _stored(rows, said, self.promise_for)
        # 2. What form and key demand, as far as it depends on the key's standing.
        try:
            author = standing.of_author(author, said)
        except FormError as error:
            return rejected(said, error)
        # 3. The place in the author chain is taken, by this seq or by another past.
        other_past = said.seq == author.seq + 1 and author.hash is not None and said.prev != author.hash.hex()
        if said.seq <= author.seq or other_past:
            return apart.keep_fork(rows, flush.changes, said, item.signature, flush.received_at, author)
        # 4. The id stands for other bytes.
        if taken is not None or before is not None:
            return rejected(said, IdReused(id=said.id))
        # A revoked key's statement beyond last_seq is evidence of something, and has no effect.
        if author.revoked_last_seq is not None and said.seq > author.revoked_last_seq:
            return apart.quarantine(rows, flush.changes, said, item.signature, flush.received_at, author)
        # 5. Something before it is missing.
        if said.seq > author.seq + 1:
            return rejected(said, AuthorGap(expected=author.seq + 1, got=said.seq))
        # 6. and 7. Received, whatever the rules say.
        return self._receive(rows, flush, item, author)

    def _receive(self, rows: Rows, flush: _Flush, item: Item, author: AuthorHead) -> Answer:
        said = item.said
        assert said is not None
        kept = item.kept
        received_at = flush.received_at if kept is None else kept.received_at
        fact = fact_of(item.event, said, author, received_at)
        states: dict[str, bytes] = {}
        postings: Sequence[Any] = ()
        rare = isinstance(item.event, _ON_STANDING)
        refusal: Refusal | None
        if kept is None:
            refusal = self._seen.refusal(rows, flush.changes, said, item.note, author)
            if refusal is None and rare:
                refusal = self._standing_refusal(rows, item, author)
        else:  # what it was refused for then may rest on what no mirror holds
            refusal = None if kept.refused is None else refusal_by_code(kept.refused)
            if item.note is not None:  # of a split view, to be put on record again
                refusal = self._seen.refusal(rows, flush.changes, said, item.note, author)
        if refusal is None:
            object_states = {name: self._head(name).state for name in item.about if folds(name)}
            decision = decide(fact, object_states, lambda stream: self._history(rows, flush, stream))
            refusal, states, postings = decision.refused, decision.states, decision.postings
        if refusal is not None and flush.guess is not None:  # it would move none of the heads that it rests on
            raise Conflict("a refusal cannot be told from remembered heads")
        streams = item.about if refusal is None else self._key_stream(rows, author)
        heads = [self._head(name) for name in streams]
        links = tuple(
            [
                Link(name, head.seq + 1, None if head.leaf is None else head.leaf.hex())
                for name, head in zip(streams, heads, strict=True)
            ]
        )
        try:
            code = None if refusal is None else refusal.code
            raw = entry.known(fact.statement, encode_base64(item.signature), received_at, links, code)
        except FormError as error:  # too many objects for one leaf
            return rejected(said, error)
        leaf = leaf_hash(raw)
        changes = flush.changes
        changes.before.setdefault(author.key, author.seq)
        # Inline, its place in the log follows at once; else the database draws it, and this one counts in the flush.
        n = (self._end.frontier.size if rows.inline else 0) + len(changes.statement) + 1
        changes.statement.append((n, said.hash, item.key, said.seq, said.id, said.raw, item.signature, raw))
        for name, head in zip(streams, heads, strict=True):
            changes.before.setdefault(name, head.seq)
            head.seq += 1
            head.leaf = leaf
            head.state = states.get(name, head.state)
            changes.link.append((name, head.seq, n))
            changes.streams[name] = head
        author.seq, author.hash = said.seq, said.hash
        changes.authors[author.key] = author
        if refusal is None:
            author.seen_size = said.seen.size
            changes.posting += [
                (n, place, p.grams, p.cause, p.of_g, *p.debit, *p.credit) for place, p in enumerate(postings)
            ]
            for name in item.about:
                flush.facts.setdefault(name, []).append(fact)
            if rare:
                self._take_effect(rows, flush, item, author)
            self._subjects.seal(rows, changes, flush.keys, said.hash, item.sealed)
        flush.leaves.append((n, leaf))
        answer = Answer(
            id=said.id,
            statement=fact.statement,
            outcome="recorded" if refusal is None else "refused",
            code=code,
            error=refusal,
            entry=raw,
            received_at=received_at,
            links=links,
            index=self._end.frontier.size + len(flush.leaves) - 1 if rows.inline else None,
            fact=fact if refusal is None else None,
            promises=self.promise_for,
        )
        flush.answers[said.id] = answer
        return answer

    def _key_stream(self, rows: Rows, author: AuthorHead) -> tuple[str]:
        """Where a refusal is linked. Whoever else writes to a key's stream locks its author head first, which is held
        here: so this late lock can wait for nobody in a circle."""
        if author.stream not in self._streams:
            self._streams.update(rows.lock((), (), (author.stream,), ()).streams)
        return (author.stream,)

    def _head(self, stream: str) -> StreamHead:
        return self._streams.get(stream) or self._streams.setdefault(stream, StreamHead())

    def _sign(self, rows: Rows, item: Item, author: AuthorHead) -> None:
        draft = item.draft
        assert draft is not None
        newest = rows.query("SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1")
        size, root = newest[0] if newest else (0, EMPTY_ROOT)
        raw = Statement.build(
            ledger=self._opened.origin,
            type=draft.event.type,
            id=draft.id,
            party=draft.party,
            by=draft.person,
            key=item.key.hex(),
            custody="server" if draft.server else None,
            seq=author.seq + 1,
            prev=None if author.hash is None else author.hash.hex(),
            at=draft.at,
            seen=Seen(size=size, root=root.hex()),
            about=item.about,
            body=draft.body,
        )
        item.said = statement.parse(raw)
        item.signature = statement.sign(raw, draft.signer)

    # ------------------------------------------------------------------------------------ rules of the log side

    def _standing_refusal(self, rows: Rows, item: Item, author: AuthorHead) -> Refusal | None:
        match item.event:
            case KeyEnrolled() as event:
                known = self._authors.get(PublicKey.from_hex(event.public_key).hash)
                present = event.uses is not None and self._present(rows, event.holder)
                return standing.refuse_enrolment(event, author, known, self._head(event.key), present)
            case KeyRevoked() as event:
                target = self._by_stream(event.key)
                return standing.refuse_revocation(event, target)
            case StatementAdopted() as event:
                hash_ = bytes.fromhex(event.statement)
                kept = rows.query("SELECT bytes FROM quarantine WHERE statement = ?", hash_)
                adopted = rows.query("SELECT statement FROM adoption WHERE quarantined = ?", hash_)
                original = statement.parse(kept[0][0]) if kept else None
                return standing.refuse_adoption(event, author, original, adopted[0][0] if adopted else None)
            case _:
                return None

    def _present(self, rows: Rows, party: str) -> bool:
        """Whether the party has a key of its own. Whoever enrols one writes to the party's stream, which is held."""
        own = any(head.party == party and head.uses is None for head in self._authors.values())
        return own or bool(rows.query("SELECT 1 FROM author_head WHERE party = ? AND uses IS NULL LIMIT 1", party))

    def _by_stream(self, stream: str) -> AuthorHead | None:
        return next((head for head in self._authors.values() if head.stream == stream), None)

    def _take_effect(self, rows: Rows, flush: _Flush, item: Item, author: AuthorHead) -> None:
        match item.event:
            case LedgerOpened() as event:
                _, *authorities = standing.roots(event)
                for each in authorities:
                    self._add_author(flush, each)
            case KeyEnrolled() as event:
                self._add_author(flush, standing.enrolled(event, by=author))
            case KeyRevoked() as event:
                target = self._by_stream(event.key)
                assert target is not None
                target.revoked_last_seq, target.revoked_at_seq = event.last_seq, target.seq
                flush.changes.authors[target.key] = target
            case StatementAdopted() as event:
                assert item.said is not None
                row = (bytes.fromhex(event.statement), item.said.hash)
                if item.kept is None or apart.known_again(rows, flush.changes, row[0], item.kept.adopts):
                    flush.changes.add("adoption", row)
            case SubjectErased() as event:
                flush.erased.append(event.person)
            case _:
                pass

    def _add_author(self, flush: _Flush, author: AuthorHead) -> None:
        self._authors[author.key] = author
        flush.changes.authors[author.key] = author
        flush.changes.born.add(author.key)

    def _open_with(self, rows: Rows, system: AuthorHead, flush: _Flush) -> None:
        if rows.query("SELECT 1 FROM author_head LIMIT 1"):
            raise AlreadyOpened()
        self._add_author(flush, system)

    # ------------------------------------------------------------------------------------ history and clear text

    def _history(self, rows: Rows, flush: _Flush, stream: str) -> Iterator[Fact]:
        found = rows.query(
            "SELECT s.bytes, s.entry, s.key FROM link l JOIN statement s ON s.n = l.n"
            " WHERE l.stream = ? ORDER BY l.seq",
            stream,
        )
        for said_raw, entry_raw, key in found:
            accepted = entry.parse(entry_raw)
            if accepted.refused is None:
                said = statement.parse(said_raw)
                author = self._author_of(rows, key)
                yield fact_of(parse(said.type, said.body, ANY_CODES), said, author, accepted.received_at)
        yield from flush.facts.get(stream, ())

    def _author_of(self, rows: Rows, key: bytes) -> AuthorHead:
        """A head for its standing only, which never changes after enrolment but by revocation: read without a lock."""
        return self._authors.get(key) or rows.author(key)

    # ------------------------------------------------------------------------------------ answers

    def _stored_before(self, said: Statement) -> Answer | None:
        if self._rows is None:
            self._rows = open_rows(self._engine)
        if not self._rows.begin():
            self._forget()
        try:
            known = self._rows.query("SELECT 1 FROM statement WHERE hash = ?", said.hash)
            return _stored(self._rows, said, self.promise_for) if known else None
        finally:
            self._rows.rollback()

    def promise_for(self, statement_hex: str, received_at: str) -> tuple[bytes, bytes]:
        """The promise for a received statement, and its signature."""
        made = promise.build(
            ledger=self._opened.origin,
            statement=statement_hex,
            received_at=received_at,
            deadline=hours_after(received_at, self._opened.promise_hours),
        )
        return made, promise.sign(made, self._promise_key)


# ---------------------------------------------------------------------------------------------------- pure parts


def _answer_of(each: Item | Answer) -> Answer:
    answer = each if isinstance(each, Answer) else each.answer
    assert answer is not None
    return answer


def _check_kept(kept: Kept, answer: Answer) -> None:
    if answer.entry != kept.entry or answer.index not in (None, kept.index):
        got = (answer.code or "another entry") if answer.index in (None, kept.index) else f"index {answer.index}"
        raise RestoreDiffers(index=kept.index, expected=kept.refused or "the entry as it was", got=got)


def fact_of(event: Event, said: Statement, author: AuthorHead, received_at: str) -> Fact:
    """What a fold reads of a statement; the author as enrolled, and whether the statement entered after revocation."""
    late = author.revoked_at_seq is not None and said.seq > author.revoked_at_seq
    return Fact(
        event=event,
        by=enrolled(
            author.party, author.person, said.key, author.roles, author.admin, author.server, author.vouched_by, late
        ),
        at=said.at,
        received_at=received_at,
        seq=said.seq,
        id=said.id,
        statement=said.hash.hex(),
    )


def _stored(rows: Rows, said: Statement, promises: Promises) -> Answer:
    ((raw, index),) = rows.query(
        'SELECT s.entry, l."index" FROM statement s LEFT JOIN leaf l ON l.n = s.n WHERE s.hash = ?', said.hash
    )
    received = entry.parse(raw)
    return Answer(
        id=said.id,
        statement=said.hash.hex(),
        outcome="recorded" if received.refused is None else "refused",
        code=received.refused,
        error=None if received.refused is None else refusal_by_code(received.refused),
        entry=raw,
        received_at=received.received_at,
        links=received.links,
        index=index,
        promises=promises,
    )
