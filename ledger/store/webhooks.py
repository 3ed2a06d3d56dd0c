"""Rows of webhooks and of the messages to them: the queue and the delivery log in one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from ledger.store import read
from ledger.store import tables as t
from ledger.store.database import Engine, writing
from ledger.store.read import Record

__all__ = ["Record", "WebhookStore"]


class WebhookStore:
    """Every question and change, each in one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, **row: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(insert(t.webhook).values(**row))

    def one(self, id_: str, party: str | None = None) -> Row[Any] | None:
        query = select(t.webhook).where(t.webhook.c.id == id_)
        with self._engine.connect() as connection:
            return connection.execute(query if party is None else query.where(t.webhook.c.party == party)).first()

    def of_party(self, party: str) -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(
                connection.execute(select(t.webhook).where(t.webhook.c.party == party).order_by(t.webhook.c.id))
            )

    def behind(self, size: int) -> list[Row[Any]]:
        """Webhooks in use that have not been shown all of the log."""
        query = select(t.webhook).where(t.webhook.c.position < size, t.webhook.c.disabled == "")
        with self._engine.connect() as connection:
            return list(connection.execute(query.order_by(t.webhook.c.position).limit(1_000)))

    def change(self, id_: str, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(t.webhook).where(t.webhook.c.id == id_).values(**values))

    def remove(self, id_: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(t.delivery).where(t.delivery.c.webhook == id_))
            connection.execute(delete(t.webhook).where(t.webhook.c.id == id_))

    def move_on(self, id_: str, old: int, new: int, messages: Sequence[dict[str, Any]]) -> bool:
        """Put messages in the queue and move the webhook's position, both or neither; False when another process
        moved it first. A message that was sent before (a replay) waits again, under its old id."""
        with writing(self._engine) as connection:
            w, d = t.webhook.c, t.delivery.c
            moved = connection.execute(update(t.webhook).where(w.id == id_, w.position == old).values(position=new))
            if moved.rowcount != 1:
                return False
            ids = [each["id"] for each in messages]
            known = set(connection.execute(select(d.id).where(d.id.in_(ids))).scalars())
            again = [each for each in messages if each["id"] in known]
            fresh = [each for each in messages if each["id"] not in known]
            if again:
                values = {"state": "waiting", "attempts": 0, "due_at": again[0]["due_at"], "done_at": None, "error": ""}
                connection.execute(update(t.delivery).where(d.id.in_([each["id"] for each in again])).values(**values))
            if fresh:
                connection.execute(insert(t.delivery), fresh)
            return True

    def add_message(self, **row: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(insert(t.delivery).values(**row))

    def messages(self, webhook: str, before: tuple[int, str] | None, limit: int) -> list[Row[Any]]:
        """The delivery log, newest first."""
        d = t.delivery.c
        query = select(t.delivery).where(d.webhook == webhook)
        if before is not None:
            at, id_ = before
            query = query.where((d.made_at < at) | ((d.made_at == at) & (d.id < id_)))
        with self._engine.connect() as connection:
            return list(connection.execute(query.order_by(d.made_at.desc(), d.id.desc()).limit(limit)))

    def message(self, id_: str) -> Row[Any] | None:
        with self._engine.connect() as connection:
            return connection.execute(select(t.delivery).where(t.delivery.c.id == id_)).first()

    def claim(self, now: int, until: int, limit: int, per_webhook: int) -> list[Row[Any]]:
        """Due messages, few of each webhook, with their webhook's row, held for this process until `until`: should it
        die, they are due again then. Two processes never get the same one."""
        d, w = t.delivery.c, t.webhook.c
        rank = func.row_number().over(partition_by=d.webhook, order_by=(d.due_at, d.position)).label("rank")
        due = (
            select(d.id, d.due_at, rank)
            .join_from(t.delivery, t.webhook, w.id == d.webhook)
            .where(d.state == "waiting", d.due_at <= now, w.disabled == "")
            .subquery()
        )
        query = select(due.c.id, due.c.due_at).where(due.c.rank <= per_webhook).order_by(due.c.due_at).limit(limit)
        with writing(self._engine) as connection:
            held = []
            for id_, seen in connection.execute(query).all():
                mine = update(t.delivery).where(d.id == id_, d.state == "waiting", d.due_at == seen)
                if connection.execute(mine.values(due_at=until, attempts=d.attempts + 1)).rowcount == 1:
                    held.append(id_)
            columns = (d.id, d.webhook, d.position, d.type, d.attempts, w.url, w.secret)
            both = select(*columns).join_from(t.delivery, t.webhook, w.id == d.webhook)
            return list(connection.execute(both.where(d.id.in_(held)).order_by(d.position)))

    def settle(self, id_: str, *, state: str, due_at: int, now: int, status: int | None, error: str) -> None:
        """What became of one attempt."""
        done = None if state == "waiting" else now
        values = {"state": state, "due_at": due_at, "status": status, "error": error[:300], "done_at": done}
        with writing(self._engine) as connection:
            connection.execute(update(t.delivery).where(t.delivery.c.id == id_).values(**values))

    def size(self) -> int:
        with self._engine.connect() as connection:
            return read.size(connection)

    def record(self, index: int) -> Record | None:
        with self._engine.connect() as connection:
            return read.record_by_index(connection, index)
