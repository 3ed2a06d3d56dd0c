"""Sums over lot rows for the overview: by producer, by container, and where the grams went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, func, literal, select, true

from ledger.custody.flow import ACCOUNTS as FLOWING
from ledger.custody.flow import Spot
from ledger.custody.lots import OPEN
from ledger.custody.missing import Heap
from ledger.custody.rate import Question
from ledger.custody.regimes.base import KINDS
from ledger.store import tables as t
from ledger.store.shelf import Columns, _flag_column, _scope, open_mass, sums_by_party

_NAMED_MAX: Final = 10_000  # ids in one query


def ends_by_producer(connection: Connection, q: Question, offset: timedelta) -> dict[str, dict[str, int]]:
    """For each first producer, the grams that an entitled party utilised and disposed of in the period."""
    r, scope = sums_by_party(q, offset)
    closed = (r.account == "closed", r.reason == "", r.at >= q.start)
    made: dict[str, dict[str, int]] = {}
    for producer, end, grams in _summed(connection, r, r.producer, (r.stage,), *scope, *closed):
        made.setdefault(producer, {})[end] = int(grams)
    return made


def heaps_by_container(connection: Connection, q: Question, why: str) -> dict[str, dict[Heap, int]]:
    """What `gaps_from` needs to tell the gaps of one reason, for each container."""
    if why in OPEN:
        r, late, scope = open_mass(connection, q)
        keys: tuple[Any, ...] = (r.account, r.stage, literal(""), late)
    else:
        r = t.lot_row.c
        keys = (r.account, r.stage, r.reason, literal(0))
        account, unentitled, _ = why.partition("-by-unentitled")
        scope = [*_scope(q), r.account == account, r.reason != "" if unentitled else true()]
    made: dict[str, dict[Heap, int]] = {}
    for container, account, stage, reason, overdue, grams in _summed(connection, r, r.container, keys, *scope):
        made.setdefault(container, {})[Heap(account, stage, reason, bool(overdue))] = int(grams)
    return made


def spots(connection: Connection, q: Question, offset: timedelta) -> dict[Spot, int]:
    """What `bands_from` needs."""
    r, scope = sums_by_party(q, offset)
    return {
        _spot(key): int(grams) for *key, grams in _summed(connection, r, None, _spot_keys(q, r), *scope, _flowing(r))
    }


def spots_by_container(connection: Connection, q: Question) -> dict[str, dict[Spot, int]]:
    """The same for each container."""
    r = t.lot_row.c
    made: dict[str, dict[Spot, int]] = {}
    for container, *key, grams in _summed(connection, r, r.container, _spot_keys(q, r), *_scope(q), _flowing(r)):
        made.setdefault(container, {})[_spot(key)] = int(grams)
    return made


def _flowing(r: Columns) -> Any:
    return r.account.in_(sorted(FLOWING))


def _spot_keys(q: Question, r: Columns) -> tuple[Any, ...]:
    return (
        r.account, r.stage, r.by_producer, and_(r.site != "", r.site != r.producer_site), r.at >= q.start,
        r.reason == "", r.grade == "C",
    )  # fmt: skip


def _spot(key: Sequence[Any]) -> Spot:
    account, stage, *flags = key
    return Spot(account, stage, *map(bool, flags))


def deadlines(connection: Connection, q: Question) -> dict[str, str]:
    """By container, the first deadline of its open mass in scope."""
    r, _, scope = open_mass(connection, q)
    query = (
        select(r.container, func.min(r.deadline))
        .where(*scope, r.deadline != "")
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
    r = t.lot_row.c
    # Kind by kind, as the index has them: else every row is looked at.
    ends = [select(end(r.at)).where(r.kind == kind).scalar_subquery() for end in (func.min, func.max) for kind in KINDS]
    found = connection.execute(select(*ends)).one()
    return min(filter(None, found), default=""), max(filter(None, found), default="")


def _summed(connection: Connection, r: Columns, by: Any, keys: Any, *wanted: Any) -> Iterator[Any]:
    columns = [_flag_column(key).label(f"k{n}") for n, key in enumerate(keys)]
    if by is not None:
        columns.insert(0, by.label("whose"))
    query = select(*columns, func.sum(r.grams)).where(*wanted)
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
