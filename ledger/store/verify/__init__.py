"""Verifies a whole ledger from its stored rows: every byte, signature, chain, tree, table and verdict, on all cores.

Ranges of the log are checked by processes of their own and joined in order; then the tables beside the log are compared
with what came out; then the facts are replayed, group by group. Nothing stored is believed because it is stored, and no
row, whatever is in it, ends the run.
"""

from __future__ import annotations

import gc
import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import Engine

from ledger.custody.events.ledger import LedgerOpened
from ledger.custody.regimes import regime
from ledger.errors import LedgerError
from ledger.log.checkpoint import Policy, parse_checkpoint
from ledger.log.merkle import Frontier
from ledger.log.note import VerifierKey
from ledger.log.tiles import WIDTH
from ledger.log.trust import Trust
from ledger.store import neighbours, projections
from ledger.store.database import open_engine
from ledger.store.garbage import uncollected
from ledger.store.neighbours import tasks
from ledger.store.others import Others
from ledger.store.projections import CatalogueReader
from ledger.store.rows import AuthorHead
from ledger.store.verify.apart import Apart
from ledger.store.verify.beside import Beside
from ledger.store.verify.chains import Whole
from ledger.store.verify.findings import LEVELS, UNPROVEN, Difference, Level, Verdict, Verified, shown
from ledger.store.verify.keys import Keys, offered
from ledger.store.verify.ranges import Part, Plan, Ranges
from ledger.store.verify.reading import Reader, Row, note_in
from ledger.store.verify.replay import Replay, Replayed

__all__ = ["LEVELS", "UNPROVEN", "Difference", "Level", "Progress", "Verdict", "Verified", "verify"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

TASK: Final = 16 * WIDTH  # entries in one range, at most
_TASKS: Final = 16  # for each process, so that none has to wait long for the last one
# From how many entries on other processes bring more than they cost: copies of this one, and such as are none.
_WORTH: Final[dict[Level, tuple[int, int]]] = {
    "hashes": (8_000, 100_000), "signatures": (1_000, 12_000), "replay": (800, 8_000),
}  # fmt: skip
_SAID_MAX: Final = 10_000  # differences kept; more are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What a process is told once."""

    url: str
    schema: str
    plan: Plan
    regime: str


def verify(
    engine: Engine,
    opened: LedgerOpened,
    *,
    level: Level = "replay",
    since: Verified | None = None,
    trust: Trust | None = None,
    policy: Policy | None = None,
    notes: Sequence[bytes] = (),
    kek: bytes | None = None,
    read_catalogue: CatalogueReader | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """The verdict over the ledger in this database; never raises for what is stored in it.

    `trust` pins leaf 0, `policy` names witnesses, `notes` are signed checkpoints kept outside; `since` is what an
    earlier verdict's `verified()` gave: the bytes before it are shown to be the same ones by hashing them again, so
    that their form and signatures are not looked at again, nor objects replayed of which nothing new was said. `kek`
    lets sealed text be opened and compared.
    """
    started = time.perf_counter()
    others = Others.begun(engine, _WORTH[level], processes or os.cpu_count() or 1, __name__)
    reader = Reader(engine)
    try:
        run = _Run(engine, opened, reader, level, since, others, progress)
        with uncollected():
            verdict = run.verdict(trust, policy, notes, kek, read_catalogue)
    finally:
        others.end()
        reader.close()
    object.__setattr__(verdict, "seconds", time.perf_counter() - started)
    return verdict


class _Run:
    """One verification."""

    def __init__(
        self,
        engine: Engine,
        opened: LedgerOpened,
        reader: Reader,
        level: Level,
        since: Verified | None,
        others: Others,
        progress: Progress | None,
    ) -> None:
        self._opened = opened
        self._reader = reader
        self._level = level
        self._since = since
        # What was looked at less deeply than now is asked for is looked at again.
        deep = since is not None and LEVELS.index(since.level) >= LEVELS.index(level)
        self._known = since.size if since is not None and deep else 0
        self._progress = progress or (lambda _what, _done, _of: None)
        self._whole = Whole(reader)
        self._others = others
        url = engine.url.render_as_string(hide_password=False)
        schema = "" if reader.sqlite else str(reader.rows("SHOW search_path")[0][0])
        others.prepare(_connected, url, schema)
        self._plan = self._planned()
        self._job = _Job(url=url, schema=schema, plan=self._plan, regime=opened.regime)

    def verdict(
        self,
        trust: Trust | None,
        policy: Policy | None,
        notes: Sequence[bytes],
        kek: bytes | None,
        read_catalogue: CatalogueReader | None,
    ) -> Verdict:
        waiting = self._reader.waiting()
        planned = self._whole.differences.copy()
        beside = self._walked(waiting, policy, keep=False)
        if not beside.heads_agree():
            # Something in `stream_head` differs; what it is, only all chains together tell.
            self._whole = Whole(self._reader, differences=planned)
            beside = self._walked(waiting, policy, keep=True)
            self._whole.differences += beside.stream_heads()
        self._compare(beside, Apart(whole=self._whole, keys=beside.keys, kek=kek), notes, len(waiting))
        skipped = self._replay(beside.keys.authors, read_catalogue, beside) if self._level == "replay" else 0
        self._pinned(trust, policy)
        return self._said(beside, policy, len(waiting), len(notes), skipped, pinned=trust is not None)

    # ------------------------------------------------------------------------------------ the plan

    def _planned(self) -> Plan:
        """How many leaves there are by most accounts, and where each stands."""
        reader = self._reader
        # One by one: asked for together, they would be looked for in every row.
        asked = ", ".join(f"(SELECT {each} FROM leaf)" for each in ("count(*)", 'min("index")', 'max("index")'))
        ((count, first, last),) = reader.rows(f"SELECT {asked}")
        state = reader.rows("SELECT size, frontier FROM log_state")
        edge: tuple[bytes, ...] = ()
        votes: list[int] = [] if last is None else [last + 1]
        for size, packed in state[:1]:
            votes += [size] if type(size) is int else []
            try:
                frontier = Frontier.from_bytes(packed)
                votes.append(frontier.size)
                full = (frontier.size // WIDTH).bit_count()
                edge = tuple(frontier.hashes[full:])
            except (LedgerError, TypeError):
                pass
        size = max(votes, key=lambda each: (votes.count(each), each == count, each), default=0)
        if size > count + 1:
            size = min(size, count + 1 + reader.rows("SELECT count(*) FROM statement")[0][0])
        moved = self._moved(size) if (count, first, last) != (size, 0, size - 1) else {}
        wanted = {size} if size else set()
        for at, note in reader.rows("SELECT size, note FROM checkpoint"):
            wanted |= {at} if type(at) is int else set()
            try:
                wanted.add(parse_checkpoint(note_in(note).text).size)
            except (LedgerError, TypeError, AttributeError):
                continue
        if self._since is not None:
            wanted.add(self._since.size)
        return Plan(
            origin=self._opened.origin,
            size=size,
            wanted=tuple(sorted(each for each in wanted if 0 < each <= size)),
            edge=edge,
            moved=moved,
            keys=offered(reader) if self._level != "hashes" else {},
        )

    def _moved(self, size: int) -> dict[int, int]:
        """Leaves outside [0, size) paired with the places that are empty."""
        there: set[int] = set()
        outside: list[int] = []
        for (index,) in self._reader.stream('SELECT "index" FROM leaf ORDER BY "index"'):
            if 0 <= index < size:
                there.add(index)
            else:
                outside.append(index)
        gaps = [index for index in range(size) if index not in there]
        for gap, got in zip(gaps, [*outside, *[None] * len(gaps)], strict=False):
            self._say("leaf", "index", "row", str(gap), "no row" if got is None else str(got), gap)
        for stray in outside[len(gaps) :]:
            self._say("leaf", "index", "row", "no row", str(stray), stray)
        return dict(zip(gaps, outside, strict=False))

    # ------------------------------------------------------------------------------------ the log

    def _walked(self, waiting: Sequence[Row], policy: Policy | None, *, keep: bool) -> Beside:
        """The whole log, joined from its ranges, and the keys that it enrols."""
        whole, size = self._whole, self._plan.size
        parts = self._parts(keep)
        objects = self._reader.objects(exact=keep)  # while others check the first ranges
        for part in parts:
            whole.add(part)
            self._progress("entries", part.stop, size)
        latest = whole.latest
        if waiting:
            whole.add(Ranges(self._reader, self._plan).check_waiting(waiting, size, self._level), sequenced=False)
        keys = Keys(whole, self._opened.origin)
        keys.derive()
        return Beside(
            whole=whole,
            keys=keys,
            log_key=VerifierKey.parse(self._opened.log_key),
            policy=policy,
            latest=latest,
            counts={"objects": objects},
        )

    def _parts(self, keep: bool) -> Iterator[Part]:
        """The ranges in order."""
        size = self._plan.size
        new = min(self._known, size) // WIDTH * WIDTH
        task = min(TASK, (size // (_TASKS * self._others.processes) // WIDTH + 1) * WIDTH)
        work = [
            (start, min(start + task, end), self._level, known, keep)
            for begin, end, known in ((0, new, True), (new, size, False))
            for start in range(begin, end, task)
        ]
        ranges = Ranges(self._reader, self._plan)
        return self._others.share(_range, pickle.dumps(self._job), ranges.check, work)

    # ------------------------------------------------------------------------------------ beside the log

    def _compare(self, beside: Beside, apart: Apart, notes: Sequence[bytes], waiting: int) -> None:
        checks: list[Callable[[], Iterable[Difference]]] = [
            beside.log_state, beside.tiles, beside.checkpoints, lambda: beside.outside(notes),
        ]  # fmt: skip
        if self._level != "hashes":
            checks += [
                beside.tables, beside.seen, beside.snapshots, beside.links, beside.author_heads, apart.forks,
                apart.quarantine, apart.sealed, apart.documents, lambda: beside.keys.differences, beside.keys.unchained,
                lambda: beside.strays(waiting, self._named()),
            ]  # fmt: skip
        for done, check in enumerate(checks, 1):
            self._whole.differences += check()
            self._progress("tables", done, len(checks))

    def _named(self) -> set[str]:
        """Numbers that a difference has named."""
        told = [each for each in self._whole.differences if (each.column, each.check) == ("n", "row")]
        return {text for each in told for text in (each.expected, each.got)}

    # ------------------------------------------------------------------------------------ replay

    def _replay(
        self,
        authors: dict[str, AuthorHead],
        read_catalogue: CatalogueReader | None,
        beside: Beside,
    ) -> int:
        whole = self._whole
        done, told = 0, Replayed()
        most = min(neighbours.TASK, self._plan.size // (_TASKS * self._others.processes) + 1)
        work = list(tasks(whole.owners[: self._plan.size], whole.groups.of, self._known, most))
        replay = Replay(self._reader, authors, self._opened.regime)
        results = self._others.share(_replayed, pickle.dumps((self._job, authors)), replay.run, [(t,) for t in work])
        for task, result in zip(work, results, strict=True):
            whole.differences += result.differences
            told.entries += result.entries
            told.postings += result.postings
            told.skipped += result.skipped
            done += len(task)
            self._progress("replay", done, self._plan.size)
        whole.differences += beside.stray_postings(told.postings, self._named())
        beside.counts |= {"replayed": told.entries}
        if read_catalogue is not None:
            whole.differences += self._projected(read_catalogue, beside)
            self._progress("projections", 1, 1)
        return told.skipped

    def _projected(self, read_catalogue: CatalogueReader, beside: Beside) -> Iterator[Difference]:
        if self._whole.differences:
            return  # they follow what is damaged: first the log, then what is derived from it
        reader, size = self._reader, self._plan.size
        for id_, followed in reader.rows("SELECT id, size FROM projection_state"):
            if id_ != 1:
                yield _projection("projection_state", "id", "1", shown(id_), "")
            if type(followed) is not int or not 0 <= followed <= size:
                yield _projection("projection_state", "size", f"0 to {size}", shown(followed), "")
                return
            beside.counts["projected"] = followed
        yield from beside.indexes()
        odd = (
            'SELECT r.statement, s.hash, r."index" FROM registry_fact r JOIN leaf l ON l."index" = r."index"'
            " JOIN statement s ON s.n = l.n WHERE r.statement <> s.hash"
        )
        for got, want, index in reader.rows(odd):
            yield _projection("registry_fact", "statement", shown(want), shown(got), f"index {index}")
        found = projections.differences(reader.connection, regime(self._opened.regime), read_catalogue)
        try:
            for table, row, expected, got in found:
                name, _, column = row.partition(" ")
                yield _projection(table, column or _NAMED_BY.get(table, "id"), expected, got, name)
        except Exception as error:  # whatever a projection's row holds, the verdict is given
            yield Difference(
                table="projection_state", column="size", check="projection", expected="rows that can be read",
                got=f"{type(error).__name__}: {error}",
            )  # fmt: skip

    # ------------------------------------------------------------------------------------ the verdict

    def _pinned(self, trust: Trust | None, policy: Policy | None) -> None:
        logs = [] if policy is None else [key.encode() for key in policy.logs]
        if logs and self._opened.log_key not in logs:
            self._say("statement", "bytes", "authority", f"log key {' or '.join(logs)}", self._opened.log_key, 0)
        if trust is not None:
            root = self._whole.root_at(1)
            if root is None or root.hex() != trust.genesis_leaf:
                self._say("leaf", "hash", "outside", trust.genesis_leaf, shown(root), 0)
        if self._since is not None:
            root = self._whole.root_at(self._since.size)
            if root is None or root.hex() != self._since.root:
                last = self._since.size - 1
                self._say("leaf", "hash", "outside", f"root {self._since.root}", f"root {shown(root)}", last)

    def _say(self, table: str, column: str, check: str, expected: str, got: str, index: int) -> None:
        self._whole.differences.append(
            Difference(table=table, column=column, check=check, expected=expected, got=got, index=index)
        )

    def _said(
        self, beside: Beside, policy: Policy | None, waiting: int, outside: int, skipped: int, *, pinned: bool
    ) -> Verdict:
        whole = self._whole
        unique = dict.fromkeys(whole.differences)
        ordered = sorted(unique, key=lambda d: (d.index is None, d.index or 0, d.table, d.column))
        reach, witnesses = beside.witnessed
        counts = {"entries": whole.size, "octets": whole.octets, "links": whole.links, **beside.counts}
        return Verdict(
            origin=self._opened.origin,
            level=self._level,
            size=whole.size,
            root=shown(whole.root_at(whole.size)),
            waiting=waiting,
            since=self._known,
            signed=beside.signed,
            reach=reach,
            witnesses=witnesses,
            witness_count=0 if policy is None else len(policy.witnesses),
            outside=outside,
            pinned=pinned,
            counts=counts | ({"skipped": skipped} if skipped else {}),
            seconds=0.0,
            differences=tuple(ordered[:_SAID_MAX]),
            more=max(0, len(ordered) - _SAID_MAX),
        )


_NAMED_BY: Final = {"registry_fact": "index", "lot_row": "container", "flag": "object"}


def _projection(table: str, column: str, expected: str, got: str, row: str) -> Difference:
    return Difference(table=table, column=column, check="projection", expected=expected, got=got, row=row)


# ---------------------------------------------------------------------------------------------------- processes


@lru_cache(maxsize=1)
def _reader(url: str, schema: str) -> Reader:
    """Each process opens its own connection; it reads entries that have an index, which never change."""
    gc.disable()  # it would look in vain: nothing here refers in circles
    return Reader(open_engine(url, schema) if schema else open_engine(url))


def _connected(url: str, schema: str) -> None:
    _reader(url, schema)


@lru_cache(maxsize=1)
def _told_ranges(packed: bytes) -> Ranges:
    job: _Job = pickle.loads(packed)
    return Ranges(_reader(job.url, job.schema), job.plan)


@lru_cache(maxsize=1)
def _told_replay(packed: bytes) -> Replay:
    job: _Job
    job, authors = pickle.loads(packed)
    return Replay(_reader(job.url, job.schema), authors, job.regime)


def _range(packed: bytes, start: int, stop: int, level: Level, known: bool, keep: bool) -> Part:
    return _told_ranges(packed).check(start, stop, level, known, keep)


def _replayed(packed: bytes, indices: list[int]) -> Replayed:
    return _told_replay(packed).run(indices)
