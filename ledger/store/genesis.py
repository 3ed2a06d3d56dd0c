"""Entry 0, which opens a ledger: made, recorded, read back and held against the keys of this process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from ledger.custody.events import parse
from ledger.custody.events.ledger import LedgerOpened
from ledger.custody.regimes import regime
from ledger.errors import LedgerError
from ledger.log import statement
from ledger.log.hashing import EMPTY_ROOT
from ledger.log.ids import new_uuid7
from ledger.log.keys import PrivateKey, PublicKey
from ledger.log.note import SignerKey
from ledger.log.statement import Seen, Statement
from ledger.store import read
from ledger.store.answers import Submission
from ledger.store.append import Appender
from ledger.store.moments import Clock, moment
from ledger.store.sealing import Chance
from ledger.store.sequence import place

SCHEMA = 1


class NoLedger(LedgerError):
    """The database holds no genesis."""

    code = "no-ledger"
    zh = "此处没有账本，请先执行 init"
    en = "there is no ledger here; run init first"


class GenesisTorn(LedgerError):
    """The database holds a log whose entry 0 is not one that opens a ledger."""

    code = "genesis-torn"
    zh = "账本的第 0 条（开账条目）已损坏：{detail}"
    en = "entry 0, which opened this ledger, is not what it was: {detail}"


class KeyAbsent(LedgerError):
    """This process was not given that key."""

    code = "key-absent"
    zh = "本进程没有 {what} 的密钥"
    en = "this process does not hold the key of {what}"


class KeysOfAnother(LedgerError):
    """The keys at hand are not those that entry 0 names."""

    code = "keys-of-another"
    zh = "{what} 密钥不是此账本创世条目所记的密钥"
    en = "the {what} key is not the one that this ledger's entry 0 names"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Keys:
    """The server's own keys; `log` is None where a separate signer holds it."""

    log: SignerKey | None
    promise: PrivateKey
    system: PrivateKey
    kek: bytes

    def check(self, opened: LedgerOpened) -> None:
        """These are the keys that entry 0 names; raises KeysOfAnother."""
        for what, expected, got in (
            ("log", opened.log_key, None if self.log is None else self.log.verifier.encode()),
            ("promise", opened.promise_key, self.promise.public.raw.hex()),
            ("system", opened.system_key.public_key, self.system.public.raw.hex()),
        ):
            if expected != got:
                raise KeysOfAnother(what=what, expected=expected, got=got)


@dataclass(frozen=True, slots=True, kw_only=True)
class RootAuthority:
    """An authority whose key entry 0 pins."""

    party: str
    person: str
    key: str
    public_key: PublicKey
    roles: tuple[str, ...]
    name: str


def write(
    *,
    keys: Keys,
    now: int,
    chance: Chance,
    origin: str,
    operator_name: str,
    authorities: Sequence[RootAuthority],
    promise_hours: int,
    regime_name: str,
) -> Submission:
    """The statement that opens a new ledger, signed by its system key."""
    if keys.log is None:
        raise KeyAbsent(what="log")

    def fresh(kind: str) -> str:
        return f"{kind}:{new_uuid7(now, chance(10))}"

    body: dict[str, Any] = {
        "origin": origin,
        "operator": fresh("party"),
        "operator_name": operator_name,
        "system_key": {
            "stream": fresh("key"),
            "person": fresh("person"),
            "public_key": keys.system.public.raw.hex(),
        },
        "log_key": keys.log.verifier.encode(),
        "promise_key": keys.promise.public.raw.hex(),
        "promise_hours": promise_hours,
        "schema": SCHEMA,
        "regime": regime_name,
        "authorities": [
            {
                "party": each.party,
                "person": each.person,
                "key": each.key,
                "public_key": each.public_key.raw.hex(),
                "roles": sorted(each.roles),
                "name": each.name,
            }
            for each in authorities
        ],
    }
    opened = parse("ledger-opened", body, regime(regime_name))
    assert isinstance(opened, LedgerOpened)
    raw = Statement.build(
        ledger=origin,
        type=opened.type,
        id=new_uuid7(now, chance(10)),
        party=opened.operator,
        by=opened.system_key.person,
        key=keys.system.public.hash.hex(),
        seq=1,
        at=moment(now),
        seen=Seen(size=0, root=EMPTY_ROOT.hex()),
        about=sorted(opened.streams(opened.operator)),
        body=body,
    )
    return Submission(raw=raw, signature=statement.sign(raw, keys.system))


def record(engine: Engine, first: Submission, keys: Keys, clock: Clock, chance: Chance) -> None:
    """Write entry 0 into an empty database, a new one or the one that a mirror kept; raises KeysOfAnother."""
    opened = opened_by(first.raw)
    keys.check(opened)
    codes = regime(opened.regime)
    appender = Appender(
        engine=engine, opened=opened, codes=codes, clock=clock, chance=chance, promise_key=keys.promise, kek=keys.kek
    )
    hash_ = statement.statement_hash(first.raw)
    with engine.connect() as connection:  # a crash may have left it without an index
        known = read.record_by_hash(connection, hash_)
    with closing(appender):
        if known is None and (answer := appender.open_ledger(first)).error is not None:
            raise answer.error
    place(engine, 0, [hash_])


def opened(engine: Engine) -> LedgerOpened:
    """What entry 0 of a database says; raises NoLedger or GenesisTorn."""
    with engine.connect() as connection:
        if read.is_empty(connection):
            raise NoLedger()
        try:
            found = read.record_by_index(connection, 0)
        except (AttributeError, TypeError) as error:
            raise GenesisTorn(detail=f"statement.bytes: {error}") from error
    if found is None:
        raise GenesisTorn(detail="leaf.n, statement.n, statement.key", expected="a statement", got="none")
    return opened_by(found.statement)


def opened_by(raw: bytes) -> LedgerOpened:
    """What a statement says that opens a ledger; raises GenesisTorn."""
    try:
        said = statement.parse(raw)
        opened = parse(said.type, said.body, regime(str(said.body.get("regime"))))
    except (LedgerError, AttributeError, TypeError) as error:
        raise GenesisTorn(detail=f"statement.bytes: {error}") from error
    if not isinstance(opened, LedgerOpened):
        raise GenesisTorn(detail="statement.bytes", expected=LedgerOpened.type, got=said.type)
    return opened
