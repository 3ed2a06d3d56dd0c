"""The rows that one reader is shown, a page at a time; no row that is not theirs leaves the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    true,
)  # fmt: skip

from ledger.access import Viewer
from ledger.log.ids import UUID_LENGTH
from ledger.store import tables as t
from ledger.store.shelf import Seen, projected

SCAN_MAX = 20_000  # entries looked at for one page of the feed


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """One entry of the feed, byte for byte."""

    index: int
    statement: bytes
    entry: bytes


def takes_part(viewer: Viewer, thing: ColumnElement[str]) -> ColumnElement[bool]:
    """True for the things that the reader is shown."""
    if viewer.who is None:
        return true()
    return thing.in_(select(t.involved.c.object).where(t.involved.c.who.in_(sorted(viewer.who))))


def seen(viewer: Viewer) -> Seen:
    """True for what stands of the reader's own parties and of the things that it is shown."""
    return lambda object_, holder: or_(takes_part(viewer, object_), holder.in_(sorted(viewer.own)))


def things(connection: Connection, viewer: Viewer, names: Iterable[str]) -> set[str]:
    """Those of these containers, manifests and deliveries that the reader is shown."""
    wanted = sorted(set(names))
    if viewer.who is None:
        return set(wanted)
    query = select(t.involved.c.object).where(t.involved.c.object.in_(wanted), t.involved.c.who.in_(sorted(viewer.who)))
    return set(connection.execute(query).scalars())


def containers(
    connection: Connection, viewer: Viewer, wanted: Mapping[str, str], after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    """Containers with these values, newest first, after (born_at, id)."""
    c = t.container.c
    return _page(connection, _wanted(t.container, viewer, wanted), (c.born_at, c.id), after, limit)


def manifests(
    connection: Connection, viewer: Viewer, wanted: Mapping[str, str], after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    """Manifests with these values, newest first, after (issued_at, id); `party` is any of its three."""
    m = t.manifest.c
    return _page(connection, _wanted(t.manifest, viewer, wanted), (m.issued_at, m.id), after, limit)


def begun(connection: Connection, viewer: Viewer, code: str, start: str, end: str) -> list[str]:
    """The containers with this code that began at moments [start, end)."""
    c = t.container.c
    query = select(c.id).where(c.code == code, c.born_at >= start, c.born_at < end, takes_part(viewer, c.id))
    return list(connection.execute(query).scalars())


def how_many(connection: Connection, viewer: Viewer, of: str, wanted: Mapping[str, str]) -> int:
    """How many containers or manifests (`of`) have these values."""
    table = {"containers": t.container, "manifests": t.manifest}[of]
    found = _wanted(table, viewer, wanted).with_only_columns(func.count())
    return int(connection.execute(found).scalar_one())


def _wanted(table: Table, viewer: Viewer, wanted: Mapping[str, str]) -> Select[Any]:
    rest = dict(wanted)
    party = rest.pop("party", "")
    conditions = [table.c[name] == value for name, value in rest.items()]
    if party:
        conditions.append(or_(*(table.c[role] == party for role in ("sender", "receiver", "carrier"))))
    return select(table).where(takes_part(viewer, table.c.id), *conditions)


def _page(
    connection: Connection, query: Select[Any], keys: Sequence[Any], after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    time, id_ = keys
    if after:
        query = query.where(or_(time < after[0], and_(time == after[0], id_ < after[1])))
    return [_named(row) for row in connection.execute(query.order_by(time.desc(), id_.desc()).limit(limit))]


def _named(row: Row[Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row._mapping.items()}


def named(connection: Connection, viewer: Viewer, text: str, limit: int) -> list[tuple[str, str]]:
    """(id, what people call it) of containers and manifests with this id, the start of it, code, label or number."""
    c, m = t.container.c, t.manifest.c
    long = 8 <= len(text) <= UUID_LENGTH
    begins = [column.startswith(f"{kind}:{text}", autoescape=True) for column, kind in _PREFIXED if long]
    by = or_(c.id == text, c.container_code == text, c.label == text, c.label == f"label:{text}", *begins[:1])
    query = select(c.id, c.container_code, c.name).where(by, takes_part(viewer, c.id)).order_by(c.id).limit(limit)
    found = [(row.id, row.container_code or row.name) for row in connection.execute(query)]
    by = or_(m.id == text, m.number == text, *begins[1:])
    rows = connection.execute(select(m.id, m.number).where(by, takes_part(viewer, m.id)).order_by(m.id).limit(limit))
    return [*found, *((row.id, row.number or row.id) for row in rows)]


_PREFIXED = ((t.container.c.id, "container"), (t.manifest.c.id, "manifest"))


def stock(
    connection: Connection, viewer: Viewer, wanted: Mapping[str, str], after: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    """Grams in hand by holder, site, stage, kind and code, with their first deadline: the parties' own, in the order of
    these keys."""
    c = t.clock.c
    keys = (c.holder, c.site, c.stage, c.kind, c.code)
    # By container and deadline, so that what left again late has none.
    open_ = select(*keys, c.deadline, func.sum(c.grams).label("grams"))
    open_ = open_.where(*(c[name] == value for name, value in wanted.items()))
    if viewer.who is not None:
        open_ = open_.where(c.holder.in_(sorted(viewer.own)))
    if after:
        open_ = open_.where(_beyond(keys, after))
    o = open_.group_by(*keys, c.container, c.deadline).having(func.sum(c.grams) != 0).subquery().c
    held = [o[key.name] for key in keys]
    figures = (func.sum(o.grams).label("grams"), func.min(case((o.grams > 0, o.deadline))).label("deadline"))
    query: Select[Any] = (
        select(*held, *figures).group_by(*held).having(func.sum(o.grams) != 0).order_by(*held).limit(limit)
    )
    return [_named(row) | {"grams": int(row.grams)} for row in connection.execute(query)]


def _beyond(keys: Sequence[Any], after: Sequence[str]) -> ColumnElement[bool]:
    """Row values compared in order: (a, b) > (x, y)."""
    steps = [and_(*(keys[m] == after[m] for m in range(n)), keys[n] > after[n]) for n in range(len(keys))]
    return or_(*steps)


def feed(
    connection: Connection, viewer: Viewer, own: Iterable[str], after: int, limit: int
) -> tuple[list[FeedRow], int]:
    """Entries from index `after` on that the reader is shown, and the index at which to go on: none of which it is not
    known yet whom it concerns, as nobody comes back to it.

    `own` are the parties' own streams (themselves, their sites). At most SCAN_MAX entries are looked at, so that a page
    may be short, or empty, though more follow.
    """
    stop = min(projected(connection), after + SCAN_MAX)
    query = (
        select(t.leaf.c.index, t.statement.c.bytes, t.statement.c.entry)
        .join(t.statement, t.statement.c.n == t.leaf.c.n)
        .where(t.leaf.c.index >= after, t.leaf.c.index < stop)
        .order_by(t.leaf.c.index)
        .limit(limit)
    )
    if viewer.who is not None:
        who = sorted(viewer.who)
        said = exists().where(
            t.author_head.c.key == t.statement.c.key,
            or_(t.author_head.c.party.in_(who), t.author_head.c.person.in_(who)),
        )
        linked = exists().where(
            t.link.c.n == t.leaf.c.n,
            or_(t.link.c.stream.in_(sorted(own)), takes_part(viewer, t.link.c.stream)),
        )
        query = query.where(or_(said, linked))
    rows = [FeedRow(index=row[0], statement=row[1], entry=row[2]) for row in connection.execute(query)]
    return rows, (rows[-1].index + 1 if len(rows) == limit else stop)
