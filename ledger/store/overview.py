"""Sums over lot rows for the overview: by producer, by container, and where the grams went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import Connection, and_, case, func, literal, select

from ledger.custody.flow import ACCOUNTS as FLOWING
from ledger.custody.flow import Spot
from ledger.custody.lots import OPEN
from ledger.custody.missing import ACCOUNTS, Heap
from ledger.custody.rate import Cell, Question
from ledger.store import tables as t
from ledger.store.shelf import _flag_column, _overdue_by, _scope

_NAMED_MAX: Final = 10_000  # ids in one query


def cells_by_producer(connection: Connection, q: Question) -> dict[str, dict[Cell, int]]:
    """What `rate_from` needs, for each first producer in scope."""
    r = t.lot_row.c
    keys = (
        r.account, r.at >= q.start, r.reason == "", r.grade, r.born_at < q.start, r.holder == r.producer,
        r.stage == "held", _overdue_by(q),
    )  # fmt: skip
    made: dict[str, dict[Cell, int]] = {}
    for producer, account, during, entitled, grade, *rest, grams in _summed(connection, q, r.producer, keys):
        cell = Cell(account, bool(during), bool(entitled), grade, *map(bool, rest))
        made.setdefault(producer, {})[cell] = int(grams)
    return made


def cells_of_each(connection: Connection, questions: Sequence[Question]) -> list[dict[Cell, int]]:
    """What `rate_from` needs, for questions that differ in their periods only; the rows are read once for all."""
    r = t.lot_row.c
    marks = sorted({m for q in questions for m in (q.start, q.end, q.horizon)})
    keys = (
        r.account, r.reason == "", r.grade, r.holder == r.producer, r.stage == "held", r.deadline != "",
        *(_marked(column, marks) for column in (r.at, r.born_at, r.deadline, r.clock_at)),
    )  # fmt: skip
    widest = replace(questions[0], end=marks[-1])
    sums = [tuple(row) for row in _summed(connection, widest, None, keys)]
    made: list[dict[Cell, int]] = []
    for q in questions:
        start, end, horizon = (marks.index(m) for m in (q.start, q.end, q.horizon))
        cells: dict[Cell, int] = {}
        for account, entitled, grade, by_producer, held, timed, at, born, deadline, clock, grams in sums:
            if at > end:
                continue
            late = account == "overdue" or (timed and deadline <= horizon)
            cell = Cell(
                account, at > start, bool(entitled), grade, born <= start, bool(by_producer), bool(held),
                bool(late and clock <= horizon),
            )  # fmt: skip
            cells[cell] = cells.get(cell, 0) + int(grams)
        made.append(cells)
    return made


def _marked(column: Any, marks: Sequence[str]) -> Any:
    """How many of the moments had come: at most n exactly where the column is before marks[n]."""
    return reduce(add, (case((column >= mark, literal(1)), else_=literal(0)) for mark in marks))


def ends_by_producer(connection: Connection, q: Question) -> dict[str, dict[str, int]]:
    """For each first producer, the grams that an entitled party utilised and disposed of in the period."""
    r = t.lot_row.c
    closed = (r.account == "closed", r.reason == "", r.at >= q.start)
    made: dict[str, dict[str, int]] = {}
    for producer, end, grams in _summed(connection, q, r.producer, (r.stage,), *closed):
        made.setdefault(producer, {})[end] = int(grams)
    return made


def heaps_by_container(connection: Connection, q: Question) -> dict[str, dict[Heap, int]]:
    """What `gaps_from` needs, for each container."""
    r = t.lot_row.c
    keys = (r.account, r.stage, r.reason, _overdue_by(q))
    made: dict[str, dict[Heap, int]] = {}
    wanted = r.account.in_(ACCOUNTS)
    for container, account, stage, reason, late, grams in _summed(connection, q, r.container, keys, wanted):
        made.setdefault(container, {})[Heap(account, stage, reason, bool(late))] = int(grams)
    return made


def spots(connection: Connection, q: Question) -> dict[Spot, int]:
    """What `bands_from` needs."""
    return {Spot(*_spot(key)): int(grams) for *key, grams in _summed(connection, q, None, _spot_keys(q), _flowing())}


def spots_by_container(connection: Connection, q: Question) -> dict[str, dict[Spot, int]]:
    """The same for each container."""
    made: dict[str, dict[Spot, int]] = {}
    for container, *key, grams in _summed(connection, q, t.lot_row.c.container, _spot_keys(q), _flowing()):
        made.setdefault(container, {})[Spot(*_spot(key))] = int(grams)
    return made


def _flowing() -> Any:
    return t.lot_row.c.account.in_(sorted(FLOWING))


def _spot_keys(q: Question) -> tuple[Any, ...]:
    r = t.lot_row.c
    return (
        r.account, r.stage, r.holder == r.producer,
        and_(r.site != "", r.site != r.producer_site), r.at >= q.start, r.reason == "", r.grade == "C",
    )  # fmt: skip


def _spot(key: Any) -> tuple[Any, ...]:
    account, stage, *flags = key
    return account, stage, *map(bool, flags)


def deadlines(connection: Connection, q: Question) -> dict[str, str]:
    """By container, the first deadline of its open mass in scope."""
    r = t.lot_row.c
    query = (
        select(r.container, func.min(r.deadline))
        .where(*_scope(q), r.account.in_(OPEN), r.deadline != "")
        .group_by(r.container, r.holder, r.stage, r.deadline)
        .having(func.sum(r.grams) > 0)
    )
    made: dict[str, str] = {}
    for container, deadline in connection.execute(query):
        made[container] = min(deadline, made.get(container, deadline))
    return made


def titles(connection: Connection, containers: Sequence[str]) -> dict[str, str]:
    """What people call these containers: the code on it, else its waste."""
    c, made = t.container.c, {}
    for start in range(0, len(containers), _NAMED_MAX):
        part = containers[start : start + _NAMED_MAX]
        for id_, code, waste in connection.execute(select(c.id, c.container_code, c.name).where(c.id.in_(part))):
            made[id_] = code or waste
    return made


def moments(connection: Connection) -> tuple[str, str]:
    """The first and the last moment of which lot rows tell; "" when there are none."""
    first, last = connection.execute(select(func.min(t.lot_row.c.at), func.max(t.lot_row.c.at))).one()
    return first or "", last or ""


def _summed(connection: Connection, q: Question, by: Any, keys: Any, *wanted: Any) -> Iterator[Any]:
    columns = [_flag_column(key).label(f"k{n}") for n, key in enumerate(keys)]
    if by is not None:
        columns.insert(0, by.label("whose"))
    query = select(*columns, func.sum(t.lot_row.c.grams)).where(*_scope(q), *wanted)
    return iter(connection.execute(query.group_by(*(c.name for c in columns))))


def signed_at(connection: Connection) -> str:
    """When the log signed its newest checkpoint; "" before the first."""
    return connection.execute(select(func.max(t.checkpoint.c.signed_at))).scalar() or ""


def quarantined_keys(connection: Connection) -> list[tuple[str, int, str]]:
    """(key in hex, statements, since when) of keys whose statements wait for somebody to adopt them."""
    q = t.quarantine.c
    query = (
        select(q.key, func.count(), func.min(q.received_at))
        .where(q.statement.not_in(select(t.adoption.c.quarantined)))
        .group_by(q.key)
        .order_by(func.min(q.received_at))
    )
    return [(bytes(key).hex(), int(count), since) for key, count, since in connection.execute(query)]
