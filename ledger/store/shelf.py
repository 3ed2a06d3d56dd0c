"""Reads the projections: sums for figures, exceptions that stand, rows of containers and manifests, names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnCollection,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    collate,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)  # fmt: skip

from ledger.custody.fact import Fact
from ledger.custody.flags import Flag, overdue_flag
from ledger.custody.lots import OPEN, Row
from ledger.custody.missing import ACCOUNTS, Heap
from ledger.custody.rate import Cell, Question
from ledger.custody.regimes.base import KINDS
from ledger.custody.totals import OVERDUE, day_start, month_start
from ledger.log.ids import UUID_LENGTH
from ledger.store import tables as t

# Columns of a table of lots, whichever it is: their names are the same.
Columns = ColumnCollection[str, Any]


def projected(connection: Connection) -> int:
    """How many entries the projections have taken in."""
    return int(connection.execute(select(t.projection_state.c.size)).scalar_one())


# ---------------------------------------------------------------------------------------------------- figures


def rate_cells(connection: Connection, q: Question, offset: timedelta) -> dict[Cell, int]:
    """The sums that `rate_from` needs: of whole months from the maintained totals, of any other period from lot rows.
    The rate is the same; of the cells from totals only what a rate asks for is."""
    return _rate_cells(connection, q, offset, "").get("", {})


def cells_by_producer(connection: Connection, q: Question, offset: timedelta) -> dict[str, dict[Cell, int]]:
    """The same for each first producer in scope."""
    return _rate_cells(connection, q, offset, "producer")


def _rate_cells(connection: Connection, q: Question, offset: timedelta, by: str) -> dict[str, dict[Cell, int]]:
    if not _whole_months(q, offset):
        return _cells_from_rows(connection, q, by)
    r = t.lot_total.c
    totals = (*_total_scope(q, by), r.at < q.end, r.account != OVERDUE)
    made = _cells(connection, q, r, by, literal(0), totals)
    for whose, stage, grams in _overdue_totals(connection, q, offset, by):
        # Open mass stands among the open already: it moves over to what is overdue.
        cells = made.setdefault(whose, {})
        for overdue, moved in ((True, grams), (False, -grams)):
            cell = Cell("open", True, True, "", False, False, stage == "held", overdue)
            cells[cell] = cells.get(cell, 0) + moved
    return made


def cells_from_rows(connection: Connection, q: Question) -> dict[Cell, int]:
    """The same from lot rows, for any period."""
    return _cells_from_rows(connection, q, "").get("", {})


def _cells_from_rows(connection: Connection, q: Question, by: str) -> dict[str, dict[Cell, int]]:
    r = t.lot_row.c
    return _cells(connection, q, r, by, _overdue_by(q), _scope(q))


def _cells(
    connection: Connection, q: Question, r: Columns, by: str, overdue: Any, wanted: Sequence[Any]
) -> dict[str, dict[Cell, int]]:
    keys = (
        r.account, r.at >= q.start, r.reason == "", r.grade, r.born_at < q.start, r.by_producer, r.stage == "held",
        overdue,
    )  # fmt: skip
    labelled = [_flag_column(k).label(name) for k, name in zip(keys, Cell._fields, strict=True)]
    columns = [r[by].label("whose"), *labelled] if by else labelled
    query = select(*columns, func.sum(r.grams)).where(*wanted).group_by(*(c.name for c in columns))
    made: dict[str, dict[Cell, int]] = {}
    for *whose, account, during, entitled, grade, from_before, mine, held, late, grams in connection.execute(query):
        cell = Cell(
            account, bool(during), bool(entitled), grade, bool(from_before), bool(mine), bool(held), bool(late)
        )  # fmt: skip
        made.setdefault("".join(whose), {})[cell] = int(grams)
    return made


def heaps(connection: Connection, q: Question, offset: timedelta) -> dict[Heap, int]:
    """The sums that `gaps_from` needs, from the totals where these hold them."""
    if not _whole_months(q, offset):
        return heaps_from_rows(connection, q)
    r = t.lot_total.c
    made = _heaps(connection, r, literal(0), (*_total_scope(q), r.at < q.end))
    for _, stage, grams in _overdue_totals(connection, q, offset):
        for overdue, moved in ((True, grams), (False, -grams)):
            heap = Heap("open", stage, "", overdue)
            made[heap] = made.get(heap, 0) + moved
    return made


def heaps_from_rows(connection: Connection, q: Question) -> dict[Heap, int]:
    """The same from lot rows, for any period."""
    return _heaps(connection, t.lot_row.c, _overdue_by(q), _scope(q))


def _heaps(connection: Connection, r: Columns, overdue: Any, wanted: Sequence[Any]) -> dict[Heap, int]:
    late = _flag_column(overdue).label("overdue")
    query = (
        select(r.account, r.stage, r.reason, late, func.sum(r.grams))
        .where(*wanted, r.account.in_(ACCOUNTS))
        .group_by(r.account, r.stage, r.reason, "overdue")
    )
    return {Heap(account, stage, reason, bool(o)): int(g) for account, stage, reason, o, g in connection.execute(query)}


def next_deadline(connection: Connection, q: Question) -> str:
    """The first deadline of open mass in scope after the question's moment; "" when none runs."""
    r, _, wanted = open_mass(connection, q)
    query = (
        select(r.deadline)
        .where(*wanted, r.account == "open", r.deadline >= q.horizon)
        .group_by(r.deadline, r.container)
        .having(func.sum(r.grams) > 0)
        .order_by(r.deadline, r.container)  # as the index has them: the first group found is the answer
        .limit(1)
    )
    return connection.execute(query).scalar() or ""


def open_mass(connection: Connection, q: Question) -> tuple[Columns, ColumnElement[bool], Sequence[Any]]:
    """A table of lots, what is overdue in it, and the conditions by which it has a question's open mass: the clocks
    where nothing happened since, as what is open now was open at the end of the period; else the lot rows."""
    newest = connection.execute(select(func.max(t.lot_row.c.at)).where(t.lot_row.c.kind == q.kind)).scalar() or ""
    c, r = t.clock.c, t.lot_row.c
    if newest < q.end:
        return c, c.due_at < q.horizon, _narrow(q, c)
    return r, _overdue_by(q), [*_scope(q), r.account.in_(OPEN)]


def generated_at(connection: Connection, site: str, start: str, end: str) -> Iterator[Row]:
    """The lot rows of what a site generated, from [start, end): what a plan is compared with."""
    r = t.lot_row.c
    query = select(*(r[name] for name in Row._fields)).where(r.producer_site == site, r.at >= start, r.at < end)
    for row in connection.execute(query):
        yield Row(*row)


def of_unknown_mass(connection: Connection) -> Sequence[str]:
    """The containers whose mass is not known: an empty one's went somewhere untold."""
    c = t.container.c
    return connection.execute(select(c.id).where(c.mass_unknown)).scalars().all()


def running_clocks(connection: Connection, container: str) -> list[tuple[str, str, str, str, int]]:
    """(holder, site, stage, deadline, grams) of a container's open mass, the nearest deadline first."""
    r = t.lot_row.c
    keys = (r.holder, r.site, r.stage, r.deadline)
    query = (
        select(*keys, func.sum(r.grams))
        .where(r.container == container, r.account.in_(OPEN), r.deadline != "")
        .group_by(*keys)
        .having(func.sum(r.grams) > 0)
        .order_by(r.deadline)
    )
    return [(h, s, stage, d, int(g)) for h, s, stage, d, g in connection.execute(query)]


# ---------------------------------------------------------------------------------------------------- exceptions

Seen = Callable[[ColumnElement[str], ColumnElement[str]], ColumnElement[bool]]
"""From the columns of an object and its holder: whether a reader is shown what stands of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which exceptions are asked for: those that stand at `as_of`, with `closed` also those that ended by then; of some
    holders only, if any are named. `wanted`: values of rule, object, holder or site. In the order of `ORDER` those
    `after` these values, `limit` at most."""

    as_of: str
    parties: Sequence[str] = ()
    closed: bool = False
    seen: Seen = lambda _object, _holder: true()
    wanted: Mapping[str, str] = field(default_factory=dict)
    after: Sequence[str] = ()
    limit: int | None = None


ORDER: Final = ("opened_at", "rule", "object", "key")
_FLAG: Final = tuple(Flag.__dataclass_fields__)


def flags(connection: Connection, asked: Asked) -> Iterator[Flag]:
    """The exceptions kept for containers, labels and stores."""
    f = t.flag.c
    query = select(*(f[name] for name in _FLAG)).where(f.opened_at <= asked.as_of)
    if not asked.closed:
        query = query.where(or_(f.closed_at == "", f.closed_at > asked.as_of))
    for row in connection.execute(_narrowed(connection, query, {name: f[name] for name in _FLAG}, asked)):
        rule, object_, key, grams, holder, site, detail, opened_at, opened_by, closed_at, closed_by = row
        yield Flag(
            rule=rule, object=object_, key=key, grams=grams, holder=holder, site=site, detail=detail,
            opened_at=opened_at, opened_by=opened_by, closed_at=closed_at, closed_by=closed_by,
        )  # fmt: skip


def overdue_flags(connection: Connection, asked: Asked) -> Iterator[Flag]:
    """Open mass whose clock had run out: of the clocks only those that have, whatever else is kept."""
    c = t.clock.c
    keys = (c.container, c.stage, c.holder, c.site, c.deadline)
    query = (
        select(*keys, func.sum(c.grams))
        .where(c.kind.in_(KINDS), c.due_at <= asked.as_of, c.deadline != "", c.deadline < asked.as_of)
        .group_by(*keys)
        .having(func.sum(c.grams) > 0)
    )
    columns = {
        "rule": case((c.stage == "in-transit", literal("transit-overtime")), else_=literal("stored-too-long")),
        "object": c.container, "key": c.holder + "/" + c.stage + "/" + c.deadline, "holder": c.holder, "site": c.site,
        "opened_at": c.deadline,
    }  # fmt: skip
    for container, stage, holder, site, deadline, grams in connection.execute(
        _narrowed(connection, query, columns, asked)
    ):
        yield overdue_flag(container, stage, holder, site, deadline, int(grams))


def _narrowed(
    connection: Connection, query: Select[Any], columns: Mapping[str, ColumnElement[str]], asked: Asked
) -> Select[Any]:
    """What is asked for of a table whose columns, under a flag's names, are these."""
    query = query.where(asked.seen(columns["object"], columns["holder"]))
    query = query.where(*(columns[name] == value for name, value in asked.wanted.items()))
    if asked.parties:
        query = query.where(columns["holder"].in_(asked.parties))
    # Told in the order of their bytes, as Python has it, whatever the language of the database.
    postgres = connection.dialect.name == "postgresql"
    keys = [collate(columns[name], "C") if postgres else columns[name] for name in ORDER]
    if asked.after:
        query = query.where(keys[0] >= asked.after[0], tuple_(*keys) > tuple_(*map(literal, asked.after)))
    return query if asked.limit is None else query.order_by(*keys).limit(asked.limit)


# ---------------------------------------------------------------------------------------------------- things


def containers(connection: Connection, *, holder: str, status: str, code: str) -> list[dict[str, Any]]:
    """Rows of containers, newest first; "" leaves a condition out."""
    c = t.container.c
    query = select(t.container).order_by(c.born_at.desc(), c.id)
    for column, wanted in ((c.holder, holder), (c.status, status), (c.container_code, code)):
        if wanted:
            query = query.where(column == wanted)
    return [dict(row._mapping) for row in connection.execute(query)]


def born(connection: Connection, sites: Sequence[str], start: str, end: str) -> list[str]:
    """The containers that began at these sites at moments [start, end)."""
    c = t.container.c
    query = select(c.id).where(c.born_site.in_(sites), c.born_at >= start, c.born_at < end)
    return list(connection.execute(query).scalars())


def manifests(connection: Connection, *, party: str) -> list[dict[str, Any]]:
    """Rows of the manifests that a party sends, carries or receives, newest first."""
    m = t.manifest.c
    query = select(t.manifest).order_by(m.issued_at.desc(), m.id)
    if party:
        query = query.where(or_(m.sender == party, m.receiver == party, m.carrier == party))
    return [dict(row._mapping) for row in connection.execute(query)]


def named(connection: Connection, name: str) -> Iterator[tuple[str, str, str]]:
    """(id, kind, what people call it) of containers and manifests that a code, number, id or its start leads to."""
    c, m = t.container.c, t.manifest.c
    begun = 4 <= len(name) <= UUID_LENGTH
    by_code = [c.id == name, c.container_code == name, c.label == name]
    by_code += [c.id.startswith(f"container:{name}", autoescape=True)] if begun else []
    for id_, code, waste in connection.execute(select(c.id, c.container_code, c.name).where(or_(*by_code)).limit(10)):
        yield id_, "container", code or waste
    by_number = [m.id == name, m.number == name]
    by_number += [m.id.startswith(f"manifest:{name}", autoescape=True)] if begun else []
    for id_, number in connection.execute(select(m.id, m.number).where(or_(*by_number)).limit(10)):
        yield id_, "manifest", number or id_


def registered(connection: Connection, size: int) -> Sequence[int]:
    """The indices of the registry's facts among the first `size` entries, in order."""
    r = t.registry_fact.c
    return connection.execute(select(r.index).where(r.index < size).order_by(r.index)).scalars().all()


def closed_of(connection: Connection, producer: str, start: str, end: str) -> Sequence[str]:
    """The containers in which mass of that first producer came to its end in [start, end)."""
    r = t.lot_row.c
    mine = (r.account == "closed", r.producer == producer, r.at >= start, r.at < end)
    return connection.execute(select(r.container).where(*mine).distinct().order_by(r.container)).scalars().all()


def places(connection: Connection, history: Sequence[Fact]) -> dict[str, int]:
    """The index of each fact's entry, by statement hash in hex."""
    hashes = [bytes.fromhex(f.statement) for f in history]
    query = (
        select(t.statement.c.hash, t.leaf.c.index)
        .join(t.leaf, t.leaf.c.n == t.statement.c.n)
        .where(t.statement.c.hash.in_(hashes))
    )
    return {bytes(row[0]).hex(): row[1] for row in connection.execute(query)}


def _scope(q: Question) -> list[ColumnElement[bool]]:
    return [*_narrow(q, t.lot_row.c), t.lot_row.c.at < q.end]


def _narrow(q: Question, r: Columns) -> list[ColumnElement[bool]]:
    """What `in_scope` calls in scope, in any table of lots."""
    conditions: list[ColumnElement[bool]] = [r.kind == q.kind]
    party, site = (r.producer, r.producer_site) if q.view == "origin" else (r.holder, r.site)
    if q.parties:
        conditions.append(party.in_(q.parties))
    if q.sites:
        conditions.append(site.in_(q.sites))
    if q.code:
        conditions.append(r.code == q.code)
    return conditions


def _total_scope(q: Question, by: str = "") -> list[ColumnElement[bool]]:
    r = t.lot_total.c
    return [r.whole == (not (q.parties or q.sites or q.code or by)), *_narrow(q, r)]


def sums_by_party(q: Question, offset: timedelta) -> tuple[Columns, Sequence[Any]]:
    """A table of lots and the conditions of a question: the totals of every party for whole months, else the lot
    rows."""
    if _whole_months(q, offset):
        c = t.lot_total.c
        return c, [*_total_scope(q, "producer"), c.at < q.end]
    return t.lot_row.c, _scope(q)


def _whole_months(q: Question, offset: timedelta) -> bool:
    return all(moment == month_start(moment, offset) for moment in (q.start, q.end))


def _overdue_totals(
    connection: Connection, q: Question, offset: timedelta, by: str = ""
) -> Iterator[tuple[str, str, int]]:
    """(whose, stage, grams) of open mass that is overdue at the question's moment: by days, and of its last day by
    clocks; whose is "" unless a column is named that says it.

    Nothing counts for clocks before it happened, so that nothing here is of after the period."""
    day = day_start(q.horizon, offset)
    r, c = t.lot_total.c, t.clock.c
    for columns, wanted in (
        (r, (*_total_scope(q, by), r.account == OVERDUE, r.at < day)),
        (c, (*_narrow(q, c), c.due_at >= day, c.due_at < q.horizon)),
    ):
        keys = (columns[by], columns.stage) if by else (columns.stage,)
        for *whose, stage, grams in connection.execute(
            select(*keys, func.sum(columns.grams)).where(*wanted).group_by(*keys)
        ):
            yield "".join(whose), stage, int(grams)


def _overdue_by(q: Question) -> ColumnElement[bool]:
    """What `cell_of` calls overdue."""
    r = t.lot_row.c
    late = or_(r.account == "overdue", and_(r.deadline != "", r.deadline < q.horizon))
    return and_(late, r.clock_at < q.horizon)


def _flag_column(expression: Any) -> ColumnElement[Any]:
    """A condition as 0 or 1, which both databases can group by; plain columns stay."""
    if str(getattr(expression, "type", "")) == "BOOLEAN":
        return case((expression, literal(1)), else_=literal(0))
    return expression  # type: ignore[no-any-return]
