"""Entries that no projection has yet, cut into groups that can be told at once, where all their objects begin there."""

from __future__ import annotations

import sys
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select

from ledger.custody.involved import SHARED
from ledger.custody.registry import REGISTRY_EVENTS
from ledger.store import facts
from ledger.store import tables as t
from ledger.store.neighbours import Groups, number_of, tasks
from ledger.store.rebuilding import Cut

WORTH: Final = (10_000, sys.maxsize)  # entries: fewer are followed, and without a copy of this process all are
_JOINING: Final = (*SHARED, "label:")
_TASK: Final = 1_000
_LARGE: Final = 20_000  # entries of one group: more are not held in memory


def cut(connection: Connection, start: int, stop: int) -> Cut | None:
    """The entries [start, stop) cut into tasks; None where an object was told of before, or one group has too many."""
    among = and_(
        t.leaf.c.index >= start,
        t.leaf.c.index < stop,
        or_(*(and_(t.link.c.stream >= kind, t.link.c.stream < f"{kind[:-1]};") for kind in _JOINING)),
    )
    links = select(t.link.c.stream, t.leaf.c.index).join(t.leaf, t.leaf.c.n == t.link.c.n).where(among)
    earlier = links.with_only_columns(t.link.c.stream).group_by(t.link.c.stream).having(func.min(t.link.c.seq) > 1)
    if connection.execute(earlier.limit(1)).first() is not None:
        return None
    groups, owners = Groups(), [0] * (stop - start)
    for stream, index in connection.execute(links):
        number = number_of(stream.encode())
        if owners[index - start]:
            groups.join(owners[index - start], number)
        else:
            owners[index - start] = number
    whole = [[start + place for place in task if owners[place]] for task in tasks(owners, groups.of, 0, _TASK)]
    if max(map(len, whole), default=0) > _LARGE:
        return None
    alone = [start + place for place, owner in enumerate(owners) if not owner]
    registered = [
        {"index": index, "statement": bytes.fromhex(fact.statement)}
        for index, fact, _ in facts.told_at(connection, alone)
        if isinstance(fact.event, REGISTRY_EVENTS)
    ]
    return Cut(tasks=[task for task in whole if task], registered=registered)
