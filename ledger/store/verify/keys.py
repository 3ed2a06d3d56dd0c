"""Who may sign, as the log itself says: keys enrolled, revoked and chained to the authorities that entry 0 pins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ledger.custody.decide import decide
from ledger.custody.events import Event, parse
from ledger.custody.events.ledger import KeyEnrolled, KeyRevoked, LedgerOpened
from ledger.custody.rules import Refusal
from ledger.custody.wire import ANY_CODES
from ledger.errors import LedgerError
from ledger.log.keys import PublicKey, possession_message
from ledger.log.statement import Statement
from ledger.log.wire import decode_base64
from ledger.store.append import fact_of
from ledger.store.rows import AUTHOR_COLUMNS, AuthorHead, StreamHead
from ledger.store.standing import enrolled, refuse_enrolment, refuse_revocation, roots
from ledger.store.verify.chains import Whole
from ledger.store.verify.findings import Difference, shown
from ledger.store.verify.ranges import Told
from ledger.store.verify.reading import Reader, statement_in

# The first entry in a key's own stream is its enrolment, or entry 0.
_ENROLMENTS = (
    "SELECT s.bytes FROM link k JOIN statement s ON s.n = k.n"
    " WHERE k.seq = 1 AND k.stream {c} >= 'key:' AND k.stream {c} < 'key;'"
)


def offered(reader: Reader) -> dict[str, AuthorHead]:
    """Every key by its hash, as its enrolment describes it; whether that enrolment had the right to is `Keys`' matter.

    A key whose enrolment cannot be read is taken from `author_head`, when it is the one that its hash names.
    """
    found: dict[str, AuthorHead] = {}
    collation = "" if reader.sqlite else 'COLLATE "C"'
    for (said_raw,) in reader.rows(_ENROLMENTS.format(c=collation)):
        try:
            said = statement_in(said_raw)
            event = parse(said.type, said.body, ANY_CODES)
            for head in _heads_of(event, said, found):
                found.setdefault(head.key.hex(), head)
        except (LedgerError, TypeError):
            continue
    for row in reader.rows(f"SELECT {', '.join(AUTHOR_COLUMNS)} FROM author_head"):
        head = AuthorHead(**dict(zip(AUTHOR_COLUMNS, row, strict=True)))
        try:
            if (key := PublicKey(head.public_key).hash.hex()) not in found:
                found[key] = replace(head, server=bool(head.server), admin=bool(head.admin))
        except (LedgerError, TypeError):
            continue
    return found


def _heads_of(event: Event, said: Statement, known: dict[str, AuthorHead]) -> Iterator[AuthorHead]:
    if isinstance(event, LedgerOpened):
        yield from roots(event)
    elif isinstance(event, KeyEnrolled):
        by = known.get(said.key) or AuthorHead(key=b"", stream="", public_key=b"", party=said.party, person=said.by)
        yield enrolled(event, by=by)


@dataclass(slots=True)
class Keys:
    """The standings that the log gives, entry by entry; `authors` is by key hash in hex, `present` are the parties with
    a key of their own."""

    whole: Whole
    origin: str
    authors: dict[str, AuthorHead] = field(default_factory=dict)
    streams: dict[str, AuthorHead] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    differences: list[Difference] = field(default_factory=list)

    def derive(self) -> None:
        """Walk through everything that opened, enrolled or revoked."""
        for told in sorted(self.whole.rare, key=lambda each: each.index):
            try:
                said = statement_in(told.raw)
                event = parse(said.type, said.body, ANY_CODES)
            except LedgerError as error:
                self._say(told.index, "statement", "bytes", "an event", str(error))
                continue
            if told.refused in ("seen-decreased", "seen-unknown") or (
                told.refused is not None and not isinstance(event, KeyEnrolled | KeyRevoked)
            ):
                continue
            try:
                self._take(told, said, event)
            except LedgerError as error:
                self._say(told.index, "statement", "bytes", "a well-formed key", str(error))
        for key, head in self.authors.items():
            head.seq, prev = self.whole.authors.get(key, (1, None))
            head.seq -= 1
            head.hash = bytes.fromhex(prev) if prev else None
            head.seen_size = self.whole.seen_last.get(key, 0)

    def _take(self, told: Told, said: Statement, event: Event) -> None:
        index = told.index
        match event:
            case LedgerOpened():
                if index != 0:
                    self._say(index, "statement", "bytes", "one ledger-opened, at index 0", said.type)
                    return
                for head in roots(event):
                    self._add(head)
            case KeyEnrolled():
                public = PublicKey.from_hex(event.public_key)
                message = possession_message(self.origin, event.key, event.holder, event.person, event.public_key)
                public.verify(decode_base64(event.proof, "proof of possession"), message)
                known = self.authors.get(public.hash.hex())
                author, present = self.authors.get(said.key), event.holder in self.present
                refusal = refuse_enrolment(event, author, known, self._head(event.key), present)
                by = self._judged(told, said, event, refusal)
                if by is None:
                    return
                self._add(enrolled(event, by=by))
                began = self.whole.began.get(public.hash.hex())
                if began is not None and began < index:
                    self._say(began, "leaf", "index", f"an index above {index}, where its key was enrolled", str(began))
            case KeyRevoked():
                target = self.streams.get(event.key)
                by = self._judged(told, said, event, refuse_revocation(event, target))
                if by is None or target is None:
                    return
                target.revoked_last_seq = event.last_seq
                target.revoked_at_seq = self._seq_at(target.key, index)
                last = self.whole.authors.get(target.key.hex(), (1, None))[0] - 1
                if last > max(event.last_seq, target.revoked_at_seq):
                    self._say(index, "statement", "seq", f"at most {event.last_seq} after revocation", str(last))
            case _:
                pass

    def _judged(self, told: Told, said: Statement, event: Event, refusal: Refusal | None) -> AuthorHead | None:
        """The author, when the event was rightly accepted; says so when it was wrongly judged."""
        by = self.authors.get(said.key)
        if by is None:
            self._say(told.index, "statement", "bytes", "a key chained to an authority of entry 0", said.key)
            return None
        refusal = refusal or decide(fact_of(event, said, by, said.at), {}, lambda _: ()).refused
        code = None if refusal is None else refusal.code
        if code != told.refused:
            self._say(told.index, "statement", "entry", code or "no refusal", told.refused or "accepted")
        return by if code is None and told.refused is None else None

    def _head(self, stream: str) -> StreamHead:
        return StreamHead(seq=int(stream in self.streams))

    def _add(self, head: AuthorHead) -> None:
        self.authors[head.key.hex()] = self.streams[head.stream] = head
        if head.uses is None:
            self.present.add(head.party)

    def _seq_at(self, key: bytes, index: int) -> int:
        """How far a key's chain went with the entry at `index`, which may be its own: a key can revoke itself."""
        digits = f"x'{key.hex()}'" if self.whole.reader.sqlite else f"'\\x{key.hex()}'::bytea"
        ((seq,),) = self.whole.reader.rows(
            f"SELECT max(s.seq) FROM statement s JOIN leaf l ON l.n = s.n WHERE s.key = {digits}"
            f' AND l."index" <= {index}'
        )
        return seq if type(seq) is int else 0

    def unchained(self) -> Iterator[Difference]:
        """Keys that signed entries although no authority stands behind them; keys used more often than allowed."""
        for key, index in self.whole.began.items():
            head = self.authors.get(key)
            if head is None:
                yield _authority(index, "statement", "bytes", "a key chained to an authority of entry 0", key)
            elif head.uses is not None and head.seq > head.uses:
                yield _authority(index, "statement", "seq", f"at most {head.uses} statements", str(head.seq))

    def _say(self, index: int, table: str, column: str, expected: str, got: str) -> None:
        self.differences.append(_authority(index, table, column, expected, got))


def _authority(index: int, table: str, column: str, expected: str, got: str) -> Difference:
    return Difference(table=table, column=column, check="authority", expected=expected, got=shown(got), index=index)
