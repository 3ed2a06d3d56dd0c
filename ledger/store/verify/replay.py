"""Replays what the entries mean: each fact is judged again, and its refusal, grams and states are compared.

Objects that share entries form a group; groups have nothing to do with each other, so each is replayed by itself, in
the order of the log, and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.custody.decide import decide, folds
from ledger.custody.events import check_about, parse
from ledger.custody.events.ledger import KeyEnrolled, KeyRevoked, LedgerOpened, StatementAdopted
from ledger.custody.fact import Fact
from ledger.custody.postings import Posting
from ledger.custody.regimes import regime
from ledger.errors import LedgerError
from ledger.log.entry import accepted_at
from ledger.log.hashing import leaf_hash
from ledger.log.statement import Statement, statement_hash
from ledger.log.wire import is_time
from ledger.store import standing
from ledger.store.append import fact_of
from ledger.store.rows import AuthorHead
from ledger.store.verify.findings import Difference, apart, shown
from ledger.store.verify.reading import (
    HASH,
    INDEX,
    LEAF,
    RAW,
    SAID,
    UNREADABLE,
    N,
    Reader,
    Row,
    among,
    entry_in,
    known_entry,
    known_statement,
    statement_in,
)

_READ: Final = 500
_NOT_RULES: Final = frozenset({"seen-decreased", "seen-unknown"})  # judged with the chains
_KEYS: Final = (LedgerOpened, KeyEnrolled, KeyRevoked)  # judged with the keys
POSTING: Final = (
    "place",
    "grams",
    "cause",
    "of_g",
    "debit_stage",
    "debit_holder",
    "debit_site",
    "debit_code",
    "debit_container",
    "credit_stage",
    "credit_holder",
    "credit_site",
    "credit_code",
    "credit_container",
)


@dataclass(slots=True, kw_only=True)
class Replayed:
    """What one task gives: differences, how many facts and postings were as they should be, what could not be said."""

    differences: list[Difference] = field(default_factory=list)
    entries: int = 0
    postings: int = 0
    skipped: int = 0


class Replay:
    """Replays tasks over one connection; `authors` are the standings that the log gives."""

    def __init__(self, reader: Reader, authors: Mapping[str, AuthorHead], regime_name: str) -> None:
        self._reader = reader
        self._authors = authors
        self._codes = regime(regime_name)
        self._kept: dict[str, Statement | None] | None = None

    def run(self, indices: Sequence[int]) -> Replayed:
        """Replay these entries, every group among them whole."""
        told = Replayed()
        states: dict[str, bytes | None] = {}
        histories: dict[str, list[int]] = {}
        ends: dict[str, bytes] = {}
        torn: set[str] = set()
        adopted: set[str] = set()
        for first in range(0, len(indices), _READ):
            some = list(indices[first : first + _READ])
            rows = {row[INDEX]: row for row in self._reader.records_at(some)}
            posted = self._posted(some)
            for index in some:
                self._entry(told, rows.get(index), posted.get(index, []), states, histories, ends, torn, adopted)
        self._states(told, states, histories, ends, torn)
        return told

    def _entry(
        self,
        told: Replayed,
        row: Row | None,
        posted: list[Row],
        states: dict[str, bytes | None],
        histories: dict[str, list[int]],
        ends: dict[str, bytes],
        torn: set[str],
        adopted: set[str],
    ) -> None:
        read = None if row is None else self._fact(row)
        if row is None or read is None:
            told.skipped += 1
            torn.update(self._touched(row))
            if row is not None and (right := self._reader.rightful(row)) is not None:
                torn.update(self._touched(right[0]))
            return
        fact, said, refused = read
        objects = [name for name in said.about if folds(name)]
        if torn.intersection(objects):
            torn.update(objects)
            told.skipped += 1
            return
        told.entries += 1
        try:
            check_about(fact.event, said.party, said.about)
        except LedgerError as error:
            self._say(told, "statement", "bytes", "rule", "an `about` that its event derives", str(error), row)
            return
        if refused in _NOT_RULES or isinstance(fact.event, _KEYS):
            self._postings(told, (), posted, row)
            return

        def history(stream: str) -> Iterator[Fact]:
            # Of objects with no state of their own, such as a party, what was recorded is looked up beside the log.
            known = histories.get(stream, []) if folds(stream) else self._reader.indices_of(stream, row[INDEX])
            for each in self._reader.records_at(known):
                if (again := self._fact(each)) is not None and again[2] is None:
                    yield again[0]

        ruled = self._standing(fact, said, adopted)
        decision = None if ruled else decide(fact, {name: states.get(name) for name in objects}, history)
        code = ruled or (decision.refused.code if decision and decision.refused is not None else None)
        if code != refused:
            self._say(told, "statement", "entry", "rule", code or "no refusal", refused or "no refusal", row)
            torn.update(objects)
            return
        if refused is not None or decision is None:
            self._postings(told, (), posted, row)
            return
        if isinstance(fact.event, StatementAdopted):
            adopted.add(fact.event.statement)
        self._postings(told, decision.postings, posted, row)
        states.update(decision.states)
        for name in objects:
            ends[name] = row[LEAF]
            histories.setdefault(name, []).append(row[INDEX])

    def _fact(self, row: Row) -> tuple[Fact, Statement, str | None] | None:
        """With the code of its refusal; None when the bytes cannot be believed: the ranges say so. There their form was
        checked, here it is not."""
        raw, said_raw = row[RAW], row[SAID]
        if type(raw) is not bytes or type(said_raw) is not bytes:
            return None
        if leaf_hash(raw) != row[LEAF] or statement_hash(said_raw) != row[HASH]:
            return None
        try:
            received_at, refused = accepted_at(raw), None
            if received_at is None:
                received = known_entry(raw)
                received_at, refused = received.received_at, received.refused
            if not is_time(received_at):
                return None
            said = known_statement(said_raw, row[HASH])
            event = parse(said.type, said.body, self._codes)
            return fact_of(event, said, self._authors[said.key], received_at), said, refused
        except (LedgerError, *UNREADABLE):
            return None

    def _touched(self, row: Row | None) -> Iterator[str]:
        if row is None:
            return
        for read, column in ((statement_in, SAID), (entry_in, RAW)):
            try:
                found: Any = read(row[column])
            except LedgerError:
                continue
            yield from found.about if isinstance(found, Statement) else (link.stream for link in found.links)
        yield from (name for name, _ in self._reader.links_of(row[N]))

    def _standing(self, fact: Fact, said: Statement, adopted: set[str]) -> str | None:
        """The refusal that rests on quarantine."""
        event = fact.event
        author = self._authors[said.key]
        refusal = None
        if isinstance(event, StatementAdopted):
            kept = self._quarantined()
            original = kept.get(event.statement)
            if original is None and event.statement in kept:
                return None
            before = bytes.fromhex(event.statement) if event.statement in adopted else None
            refusal = standing.refuse_adoption(event, author, original, before)
        return None if refusal is None else refusal.code

    def _quarantined(self) -> dict[str, Statement | None]:
        """Statements in quarantine by what their bytes hash to; None where a row's bytes cannot be believed."""
        if self._kept is None:
            self._kept = {}
            for hash_, raw in self._reader.rows("SELECT statement, bytes FROM quarantine"):
                try:
                    said = statement_in(raw)
                    self._kept[said.hash.hex()] = said
                    if said.hash == hash_:
                        continue
                except (LedgerError, TypeError):
                    pass
                self._kept.setdefault(shown(hash_), None)
        return self._kept

    def _posted(self, indices: Sequence[int]) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        for row in self._reader.rows(
            f'SELECT l."index", p.{", p.".join(POSTING)} FROM leaf l JOIN posting p ON p.n = l.n'
            f' WHERE {among(indices)} ORDER BY l."index", p.place'
        ):
            found.setdefault(row[0], []).append(row[1:])
        return found

    def _postings(self, told: Replayed, wanted: Sequence[Posting], got: list[Row], row: Row) -> None:
        expected = [(place, p.grams, p.cause, p.of_g, *p.debit, *p.credit) for place, p in enumerate(wanted)]
        told.postings += len(expected)
        if expected == got:
            return
        missing = [each for each in expected if each not in got]
        extra = [each for each in got if each not in expected]
        for want in missing:
            close = max(extra, key=lambda each: sum(a == b for a, b in zip(each, want, strict=True)), default=None)
            if close is None:
                self._say(told, "posting", "n", "grams", shown(want), "no row", row)
                continue
            extra.remove(close)
            for column, a, b in zip(POSTING, want, close, strict=True):
                if a != b:
                    place = f"place {want[0]}"
                    self._say(told, "posting", column, "grams", shown(a), shown(b), row, place)
        for each in extra:
            self._say(told, "posting", "place", "grams", "no row", shown(each), row)

    def _states(
        self,
        told: Replayed,
        states: dict[str, bytes | None],
        histories: dict[str, list[int]],
        ends: dict[str, bytes],
        torn: set[str],
    ) -> None:
        names = [name for name in states if name not in torn]
        for first in range(0, len(names), _READ):
            for stream, leaf, state in self._reader.states(names[first : first + _READ]):
                # Where the head has moved on since, its state belongs to entries that are not in this replay.
                if leaf == ends[stream] and state != states[stream]:
                    want, got = apart(states[stream], state)
                    seq, index = len(histories[stream]), histories[stream][-1]
                    told.differences.append(
                        Difference(
                            table="stream_head", column="state", check="state", expected=want, got=got, stream=stream,
                            seq=seq, index=index,
                        )
                    )  # fmt: skip

    def _say(
        self, told: Replayed, table: str, column: str, check: str, expected: str, got: str, row: Row, where: str = ""
    ) -> None:
        try:
            stream, seq, _ = known_entry(row[RAW]).links[0]
        except (IndexError, *UNREADABLE):
            stream, seq = None, None
        told.differences.append(
            Difference(
                table=table, column=column, check=check, expected=expected, got=got, stream=stream, seq=seq,
                index=row[INDEX], row=where,
            )
        )  # fmt: skip
