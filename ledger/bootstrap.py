"""The one composition root: clock, chance, database and keys are chosen here and passed in everywhere else."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.access import Viewer
from ledger.accounts import Accounts
from ledger.accounts.outside import Outside
from ledger.accounts.webhooks import Webhooks
from ledger.errors import LedgerError
from ledger.exchange.catalogue import carried, edition_of
from ledger.jobs import Jobs, Task
from ledger.log.checkpoint import Checkpoint, Policy
from ledger.log.ids import new_uuid7
from ledger.log.keys import PrivateKey
from ledger.log.note import SignerKey
from ledger.log.trust import Trust, WrongGenesis
from ledger.queries import Queries
from ledger.reading import Reading
from ledger.service import KeyAbsent, Keys, Ledger, RootAuthority
from ledger.settings import BadSetting, OidcSettings, Settings, from_environment
from ledger.store import genesis
from ledger.store.database import Engine, current, newest, open_engine, upgrade
from ledger.store.moments import Clock
from ledger.store.projections import Projector
from ledger.store.read import size
from ledger.store.restoring import Lost, Mirror, Progress, check
from ledger.store.shown import FeedRow
from ledger.store.sign import Signer

if TYPE_CHECKING:
    from ledger.accounts.oidc import Provider


class SchemaOld(LedgerError):
    """The database needs migrations first."""

    code = "schema-old"
    zh = "数据库结构版本不符，请先执行 db upgrade"
    en = "the database is at another schema revision; run db upgrade first"


class HomeTaken(LedgerError):
    """Keys are never overwritten."""

    code = "home-taken"
    zh = "{path} 已有账本的密钥"
    en = "{path} already holds a ledger's keys"


class KeyFileBad(LedgerError):
    """A key file is missing or not what it should be."""

    code = "key-file-bad"
    zh = "密钥文件 {path} 缺失或不可用"
    en = "key file {path} is missing or cannot be used"


def settings() -> Settings:
    """The settings of this process."""
    return from_environment(os.environ)


def clock() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """A fresh uuid7."""
    return new_uuid7(clock(), os.urandom(10))


def engine(chosen: Settings) -> Engine:
    """The database of these settings, as it is."""
    if chosen.database.startswith("sqlite"):
        chosen.home.mkdir(parents=True, exist_ok=True)
    return open_engine(chosen.database, chosen.schema)


def open_ledger(chosen: Settings) -> Ledger:
    """The ledger of these settings; raises NoLedger, SchemaOld or KeyFileBad."""
    keys = read_keys(chosen)
    made = engine(chosen)
    revision = current(made)
    if revision != newest():
        made.dispose()
        raise SchemaOld(expected=newest(), got=revision or "an empty database")
    policy = Policy.parse(chosen.policy.read_bytes()) if chosen.policy.exists() else None
    return Ledger(
        engine=made, keys=keys, signer_state=chosen.signer_state, clock=clock, chance=os.urandom, policy=policy
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A log as long as its mirror: the entries from `start` on were brought back. `documents` are hashes of editions of
    the catalogue whose content is not here."""

    start: int
    head: Checkpoint
    lost: Lost
    documents: tuple[str, ...]


def restore_ledger(chosen: Settings, folder: Path, progress: Progress) -> Restored:
    """Make the database of these settings, empty or older, as long as the mirror in `folder`. Nothing is written before
    all the mirror's entries are checked; what is not brought back is said. Stopped half-way, it goes on from there."""
    keys = read_keys(chosen)
    if keys.log is None:
        raise KeyAbsent(what="log")
    made = engine(chosen)
    start = _size(made)
    mirror = Mirror(folder=folder, key=keys.log.verifier)
    head = mirror.head()
    signed = Signer(engine=made, key=keys.log, state=chosen.signer_state, clock=clock).signed()
    with made.connect() as connection:
        leaf = check(mirror, head, connection, start, signed, progress)
    made.dispose()  # a process with a connection cannot be copied
    trust = Trust(origin=head.origin, genesis_leaf=leaf.hex())
    if chosen.trust.exists() and (pinned := Trust.parse(chosen.trust.read_bytes())) != trust:
        raise WrongGenesis(detail=chosen.trust.name, expected=pinned.genesis_leaf, got=trust.genesis_leaf)
    if start == 0:
        upgrade(made)
        (first,) = mirror.entries(0, 1)
        genesis.record(made, first, keys, clock, os.urandom)
        made.dispose()
    ledger = open_ledger(chosen)
    try:
        ledger.restore(mirror, head, progress)
        ledger.keep_document(carried("2021").content)
        ledger.rest()
        queries = open_queries(ledger)
        queries.projector.follow(lambda done, of: progress(done, of, "projections"))
        registry = queries.registry()
        ledger.sign_again(head, lambda done, of: progress(done, of, "sign"))
        missing, policy = ledger.lost(), ledger.policy_text()
    finally:
        ledger.close()
    for path, content in ((chosen.trust, trust.format()), (chosen.policy, policy.encode())):
        if not path.exists():
            path.write_bytes(content)
    documents = {each.content for each in registry.catalogues} - registry.editions.keys()
    return Restored(start=start, head=head, lost=missing, documents=tuple(sorted(documents)))


def _size(made: Engine) -> int:
    """How many entries a database holds; raises SchemaOld where it holds an older form of them."""
    if (revision := current(made)) not in (None, newest()):
        raise SchemaOld(expected=newest(), got=revision)
    with made.connect() as connection:
        return 0 if revision is None else size(connection)


def open_queries(ledger: Ledger) -> Queries:
    """The read side of an open ledger."""
    projector = Projector(ledger.engine, ledger.regime, edition_of)
    return Queries(engine=ledger.engine, regime=ledger.regime, projector=projector)


def open_accounts(ledger: Ledger, chosen: Settings) -> Accounts:
    """Who can log in to an open ledger."""
    kek = read_keys(chosen).kek
    return Accounts(
        engine=ledger.engine,
        clock=clock,
        chance=os.urandom,
        kek=kek,
        origin=ledger.origin,
        provider=None if chosen.oidc is None else open_provider(chosen.oidc),
    )


def open_provider(chosen: OidcSettings) -> Provider:
    """The OpenID Connect provider of people's organisation; raises BadSetting without its secret."""
    from ledger.accounts.oidc import Provider  # its libraries are loaded by who uses them

    try:
        secret = chosen.secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        name = "WASTELEDGER_OIDC_CLIENT_SECRET_FILE"
        raise BadSetting(name=name, expected="a file that this process may read", got=type(error).__name__) from None
    return Provider(issuer=chosen.issuer, client_id=chosen.client_id, secret=secret, clock=clock)


def open_webhooks(ledger: Ledger, queries: Queries, chosen: Settings) -> Webhooks:
    """The webhooks of an open ledger; each party is told what it may read."""
    reading = Reading(queries)

    def changes(party: str, after: int, limit: int) -> tuple[Sequence[FeedRow], int]:
        return reading.changes(Viewer(who=frozenset({party}), own=frozenset({party})), after, limit)

    return Webhooks(
        engine=ledger.engine,
        clock=clock,
        chance=os.urandom,
        kek=read_keys(chosen).kek,
        origin=ledger.origin,
        changes=changes,
        projected=queries.projected,
        outside=Outside(opened=chosen.webhook_networks),
    )


def open_jobs(ledger: Ledger, queries: Queries, accounts: Accounts, webhooks: Webhooks, *, sign: bool) -> Jobs:
    """What runs beside the requests, in this process or in others: give an index, follow, tell, sweep; and in one
    process alone, sign."""
    tasks = {
        "sequence": Task(run=ledger.sequence, every_s=0.2),
        "follow": Task(run=queries.projector.follow, every_s=0.5),
        "feed": Task(run=webhooks.feed, every_s=1, busy=20),
        "deliver": Task(run=webhooks.deliver, every_s=1, busy=20),
        "sweep": Task(run=accounts.sweep, every_s=3_600),
    }
    if sign:
        tasks["sign"] = Task(run=ledger.sign, every_s=1)
    return Jobs(tasks)


def init_ledger(
    chosen: Settings,
    *,
    origin: str,
    operator_name: str,
    authorities: Sequence[RootAuthority] = (),
    promise_hours: int = 24,
    regime_name: str = "cn.1",
    told: Clock = clock,
) -> Ledger:
    """A new ledger with new keys; writes trust.json and the policy beside them. `told` replaces the clock in a demo."""
    if chosen.keys.exists():
        raise HomeTaken(path=chosen.keys)
    keys = Keys(log=SignerKey(origin, _new_key()), promise=_new_key(), system=_new_key(), kek=os.urandom(32))
    made = engine(chosen)
    upgrade(made)
    write_keys(chosen, keys)
    ledger = Ledger.init(
        engine=made,
        keys=keys,
        signer_state=chosen.signer_state,
        clock=told,
        chance=os.urandom,
        origin=origin,
        operator_name=operator_name,
        authorities=authorities,
        promise_hours=promise_hours,
        regime_name=regime_name,
    )
    chosen.trust.write_bytes(ledger.trust().format())
    chosen.policy.write_text(ledger.policy_text(), encoding="utf-8")
    return ledger


def _new_key() -> PrivateKey:
    return PrivateKey(os.urandom(32))


def read_keys(chosen: Settings) -> Keys:
    """The keys in the home; `log.key` may be absent where another process signs."""
    log = chosen.log_key or chosen.keys / "log.key"
    return Keys(
        log=SignerKey.parse(log.read_text(encoding="utf-8").strip()) if log.exists() else None,
        promise=PrivateKey(_read_seed(chosen.keys / "promise.key")),
        system=PrivateKey(_read_seed(chosen.keys / "system.key")),
        kek=_read_seed(chosen.keys / "kek.key"),
    )


def write_keys(chosen: Settings, keys: Keys) -> None:
    """Key files that only their owner can read, each made new."""
    chosen.keys.mkdir(parents=True, mode=0o700)
    if keys.log is not None:
        log = chosen.log_key or chosen.keys / "log.key"
        log.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        _write_secret(log, keys.log.encode())
    _write_secret(chosen.keys / "promise.key", keys.promise.seed.hex())
    _write_secret(chosen.keys / "system.key", keys.system.seed.hex())
    _write_secret(chosen.keys / "kek.key", keys.kek.hex())


def _read_seed(path: Path) -> bytes:
    try:
        seed = bytes.fromhex(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        raise KeyFileBad(path=path, expected="64 hex digits") from None
    if len(seed) != 32:
        raise KeyFileBad(path=path, expected="64 hex digits", got=f"{2 * len(seed)}")
    return seed


def _write_secret(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
