"""News to a party's own systems, as the Standard Webhooks specification says: signed, retried, replayable.

A webhook has a position in the log. Feeding moves it on and queues a message for each entry that concerns its party, in
one transaction; delivering takes due messages and posts them. A message is posted at least once and keeps its id, also
when replayed, so that a receiver can tell. What a crash means: a message held by a dead process is due again when its
hold ends.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from ledger.accounts.actor import Actor
from ledger.accounts.errors import NoSuch, ScopeUnknown
from ledger.accounts.outside import NotReached, Outside, UrlRefused
from ledger.log import canonical, entry, statement
from ledger.log.ids import new_uuid7
from ledger.log.wire import encode_base64
from ledger.store.database import Engine
from ledger.store.moments import Clock, moment
from ledger.store.sealing import Chance, lock_away, open_up
from ledger.store.shown import FeedRow
from ledger.store.webhooks import Record, WebhookStore

RETRY_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Waits after each failed attempt, about three days in all; then the message is dead until it is replayed."""

HOOKS_MAX: Final = 20
_HOLD_MS: Final = 120_000
_AT_ONCE: Final = 8
_PER_WEBHOOK: Final = 4
_FEED: Final = 500
_TYPE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[0-9]+)?").fullmatch
TEST: Final = "webhook-tested"

Changes = Callable[[str, int, int], tuple[Sequence[FeedRow], int]]
"""From party, first index and limit: entries that concern it, and the index at which to go on."""


class TooManyHooks(ScopeUnknown):
    """A party has a bounded number of webhooks."""

    code = "too-many-webhooks"
    zh = "网络回调数量已达上限"
    en = "the party has as many webhooks as it may"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook without its secret."""

    id: str
    party: str
    url: str
    types: tuple[str, ...]
    position: int
    disabled: str
    made_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One line of the delivery log."""

    id: str
    index: int | None  # None for a test
    type: str
    state: str  # waiting, delivered, dead
    attempts: int
    status: int | None
    error: str
    made_at: str
    next_at: str | None
    done_at: str | None


class Webhooks:
    """A party's webhooks, and the two steps that a job runner repeats: `feed` and `deliver`."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        chance: Chance,
        kek: bytes,
        origin: str,
        changes: Changes,
        projected: Callable[[], int],
        outside: Outside,
    ) -> None:
        self._store = WebhookStore(engine)
        self._clock = clock
        self._chance = chance
        self._kek = kek
        self._origin = origin
        self._changes = changes
        self._projected = projected
        self._outside = outside

    # ------------------------------------------------------------------------------------ a party's own

    def add(self, by: Actor, url: str, types: Sequence[str] = ()) -> tuple[Hook, str]:
        """A webhook from now on, and its secret, shown once; raises UrlRefused or NotReached."""
        self._outside.verify(url)
        unfit = [each for each in types if not _TYPE(each)]
        if unfit or len(types) > 100:
            raise ScopeUnknown(expected="event types such as container-filled", got=ascii(unfit[:1]))
        if len(self._store.of_party(by.party)) >= HOOKS_MAX:
            raise TooManyHooks(expected=f"at most {HOOKS_MAX}")
        id_ = new_uuid7(self._clock(), self._chance(10))
        key = self._chance(32)
        self._store.add(
            id=id_,
            party=by.party,
            url=url,
            secret=lock_away(self._kek, key, id_.encode(), self._chance),
            types=" ".join(sorted(set(types))),
            position=self._store.size(),
            disabled="",
            made_at=self._clock(),
        )
        return self.one(by, id_), _shown(key)

    def of_party(self, by: Actor) -> list[Hook]:
        return [_hook(row) for row in self._store.of_party(by.party)]

    def one(self, by: Actor, id_: str) -> Hook:
        """Raises NoSuch, also for another party's."""
        row = self._store.one(id_, by.party)
        if row is None:
            raise NoSuch(what=f"webhook {id_}")
        return _hook(row)

    def rotate(self, by: Actor, id_: str, hours: int) -> tuple[Hook, str]:
        """A new secret, shown once. For so many hours the one before signs as well, so that a receiver can change over
        without losing a message; one that was before both signs no more."""
        row = self._store.one(self.one(by, id_).id)
        assert row is not None
        newest, *_ = self._keys(row.id, row.secret)
        key, until = self._chance(32), self._clock() + hours * 3_600_000
        kept = key + newest + until.to_bytes(8, "big")
        self._store.change(row.id, secret=lock_away(self._kek, kept, row.id.encode(), self._chance))
        return self.one(by, id_), _shown(key)

    def _keys(self, id_: str, secret: bytes) -> list[bytes]:
        """The keys that sign now, the newest first: kept are 32 bytes, and behind them the older key and its end."""
        kept = open_up(self._kek, secret, id_.encode())
        keys, until = [kept[:32]], int.from_bytes(kept[64:], "big")
        return [*keys, kept[32:64]] if self._clock() < until else keys

    def remove(self, by: Actor, id_: str) -> None:
        self._store.remove(self.one(by, id_).id)

    def test(self, by: Actor, id_: str) -> Delivery:
        """Queue a message that says nothing but that the webhook works; the log shows what came of it."""
        hook = self.one(by, id_)
        now = self._clock()
        made = f"msg_{new_uuid7(now, self._chance(10))}"
        self._store.add_message(**_message(made, hook.id, -1, TEST, now))
        return _delivery(self._store.message(made))

    def replay(self, by: Actor, id_: str, position: int) -> Hook:
        """Everything from this log index on is sent again, under the old ids; a disabled webhook is in use again."""
        hook = self.one(by, id_)
        self._store.change(hook.id, position=min(position, hook.position), disabled="")
        return self.one(by, id_)

    def log(self, by: Actor, id_: str, before: str = "", limit: int = 100) -> list[Delivery]:
        """The delivery log, newest first; `before` is the id that the last page ended with."""
        hook = self.one(by, id_)
        last = self._store.message(before) if before else None
        start = None if last is None or last.webhook != hook.id else (last.made_at, last.id)
        return [_delivery(row) for row in self._store.messages(hook.id, start, limit)]

    # ------------------------------------------------------------------------------------ what a job repeats

    def feed(self) -> int:
        """Queue what the log has got since, as far as is known whom it concerns; how many messages."""
        count = 0
        for hook in self._store.behind(self._projected()):
            found, position = self._changes(hook.party, hook.position, _FEED)
            wanted = set(hook.types.split())
            now = self._clock()
            types = {row.index: statement.parse(row.statement).type for row in found}
            messages = [
                _message(f"msg_{hook.id}_{index}", hook.id, index, type_, now)
                for index, type_ in types.items()
                if not wanted or type_ in wanted
            ]
            if self._store.move_on(hook.id, hook.position, position, messages):
                count += len(messages)
        return count

    def deliver(self) -> int:
        """Post what is due; how many messages were tried."""
        now = self._clock()
        due = self._store.claim(now, now + _HOLD_MS, _AT_ONCE, _PER_WEBHOOK)
        if due:
            with ThreadPoolExecutor(len(due)) as pool:
                list(pool.map(self._deliver, due))
        return len(due)

    def _deliver(self, message: Any) -> None:
        try:
            body = self._body(message)
            keys = self._keys(message.webhook, message.secret)
            status, error = self._outside.post(message.url, self._headers(message.id, body, keys), body), ""
        except (NotReached, UrlRefused) as failure:
            status, error = None, failure.says("en")
        now = self._clock()
        if status is not None and 200 <= status < 300:
            state, due = "delivered", now
        elif message.attempts > len(RETRY_S):
            state, due = "dead", now
        else:
            wait = RETRY_S[message.attempts - 1] * 1_000
            state, due = "waiting", now + wait + wait * self._chance(1)[0] // 2_560  # up to a tenth more
        self._store.settle(message.id, state=state, due_at=due, now=now, status=status, error=error)
        if status == 410:  # Gone: the receiver wants no more, says the specification
            self._store.change(message.webhook, disabled="gone")

    def _headers(self, id_: str, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
        """Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body, joined by full stops; one for each key."""
        seconds = str(self._clock() // 1_000)
        signed = b".".join((id_.encode(), seconds.encode(), body))
        signatures = [encode_base64(hmac.digest(key, signed, "sha256")) for key in keys]
        return {
            "Content-Type": "application/json",
            "User-Agent": "wasteledger",
            "webhook-id": id_,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
        }

    def _body(self, message: Any) -> bytes:
        """What happened and where to read more: the particulars are fetched with a token, under its rights."""
        if message.position < 0:
            return canonical.encode(
                {"type": TEST, "timestamp": moment(self._clock()), "data": {"ledger": self._origin}}
            )
        record = self._store.record(message.position)
        assert record is not None, f"the log has no index {message.position}"
        return payload(self._origin, message.position, record)


def _shown(key: bytes) -> str:
    return f"whsec_{b64encode(key).decode()}"


def payload(origin: str, index: int, record: Record) -> bytes:
    """One entry as news."""
    said, accepted = statement.parse(record.statement), entry.parse(record.entry)
    told: dict[str, Any] = {
        "ledger": origin,
        "index": index,
        "id": said.id,
        "statement": accepted.statement,
        "party": said.party,
        "at": said.at,
        "about": list(said.about),
    }
    if accepted.refused is not None:
        told["refused"] = accepted.refused
    return canonical.encode({"type": said.type, "timestamp": accepted.received_at, "data": told})


def _message(id_: str, webhook: str, position: int, type_: str, now: int) -> dict[str, Any]:
    return {
        "id": id_,
        "webhook": webhook,
        "position": position,
        "type": type_,
        "state": "waiting",
        "attempts": 0,
        "due_at": now,
        "made_at": now,
        "done_at": None,
        "status": None,
        "error": "",
    }


def _hook(row: Any) -> Hook:
    return Hook(
        id=row.id,
        party=row.party,
        url=row.url,
        types=tuple(row.types.split()),
        position=row.position,
        disabled=row.disabled,
        made_at=moment(row.made_at),
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        index=None if row.position < 0 else row.position,
        type=row.type,
        state=row.state,
        attempts=row.attempts,
        status=row.status,
        error=row.error,
        made_at=moment(row.made_at),
        next_at=moment(row.due_at) if row.state == "waiting" else None,
        done_at=None if row.done_at is None else moment(row.done_at),
    )
