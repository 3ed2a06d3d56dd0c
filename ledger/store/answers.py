"""What goes into the append and what comes out: submissions, answers, and the named reasons of a rejection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ledger.custody.events import Event
from ledger.custody.fact import Fact
from ledger.errors import FormError, LedgerError, ProofError
from ledger.log.entry import Link
from ledger.log.keys import PrivateKey
from ledger.log.statement import Statement

Outcome = Literal["recorded", "refused", "rejected", "quarantined"]
Promises = Callable[[str, str], tuple[bytes, bytes]]
"""From statement hash (hex) and `received_at` to the promise and its signature."""


class WrongLedger(FormError):
    """The statement was made for another ledger."""

    code = "wrong-ledger"
    zh = "该声明属于另一账本"
    en = "the statement is for another ledger"


class UnknownKey(FormError):
    """No such key is enrolled here."""

    code = "unknown-key"
    zh = "密钥未登记"
    en = "the key is not enrolled"


class WrongAuthor(FormError):
    """The key does not speak for the party or person named, or not in this way."""

    code = "wrong-author"
    zh = "密钥与声明的 {what} 不符"
    en = "the key does not go with the statement's {what}"


class KeyUsedUp(FormError):
    """A one-time key has made its statement."""

    code = "key-used-up"
    zh = "一次性密钥已用完"
    en = "the one-time key was already used"


class AlreadyOpened(FormError):
    """A ledger has one genesis."""

    code = "already-opened"
    zh = "账本已经开启"
    en = "the ledger is already open"


class SealUnknown(FormError):
    """Clear text for a field that carries no commitment."""

    code = "seal-unknown"
    zh = "字段 {path} 没有封存承诺"
    en = "field {path} carries no sealed commitment"


class AuthorFork(LedgerError):
    """Two statements of one key for one place in its chain; both are kept as evidence, the first one stays."""

    code = "author-fork"
    zh = "同一密钥在序号 {seq} 处出现两份不同声明，均已留存为证据"
    en = "one key made two statements at seq {seq}; both are kept as evidence"


class IdReused(LedgerError):
    """An id stands for the statement it first came with."""

    code = "id-reused"
    zh = "标识 {id} 已用于另一声明"
    en = "id {id} already stands for another statement"


class AuthorGap(LedgerError):
    """Statements before this one have not arrived."""

    code = "author-gap"
    zh = "作者链缺少前面的声明"
    en = "statements before this one in the author chain are missing"


class KeyRevokedBefore(LedgerError):
    """The key was revoked and this statement lies beyond what it may still bring in; kept, without effect."""

    code = "key-revoked"
    zh = "密钥已撤销，声明已隔离，可由本单位另一密钥采纳"
    en = "the key was revoked; the statement is kept in quarantine until another key of the party adopts it"


class QuarantineFull(LedgerError):
    """A revoked key has left enough evidence; no more of it is kept."""

    code = "quarantine-full"
    zh = "该密钥已撤销，其隔离的声明已达上限"
    en = "the key was revoked and no more of its statements are kept in quarantine"


class RestoreDiffers(ProofError):
    """What this ledger makes of a statement is not the entry that the log had of it."""

    code = "restore-differs"
    zh = "第 {index} 条无法照原样恢复（同时有他人写入，或程序版本不同）"
    en = "entry {index} cannot be brought back as it was (somebody else writes too, or the program is another version)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedText:
    """The clear text of one sealed field, which travels beside the statement."""

    path: str
    salt: bytes
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A statement in quarantine: its bytes, its signature by a revoked key, when it came."""

    said: Statement
    signature: bytes
    received_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a mirror kept of a statement that was received before: its place in the log, its exact entry, and what that
    entry says; of an adoption also what it adopts."""

    index: int
    entry: bytes
    received_at: str
    refused: str | None
    adopts: Aside | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A signed statement as it arrives; `note` is the signed checkpoint behind its `seen`, when the author has it.
    With `kept` it comes back to the place that it had, or not at all."""

    raw: bytes
    signature: bytes
    sealed: tuple[SealedText, ...] = ()
    note: bytes | None = None
    kept: Kept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one statement. `entry` holds the exact leaf bytes; `promise` with its signature says when the log
    will hold it; `index` is its place, None until sequenced; `fact` is what was accepted just now."""

    id: str | None
    statement: str | None
    outcome: Outcome
    code: str | None = None
    error: LedgerError | None = None
    entry: bytes | None = None
    received_at: str | None = None
    links: tuple[Link, ...] = ()
    index: int | None = None
    fact: Fact | None = field(default=None, repr=False, compare=False)
    promises: Promises | None = field(default=None, repr=False, compare=False)

    @property
    def promise(self) -> bytes | None:
        """The promise for the entry; Ed25519 is deterministic, so it is the same whenever it is asked for."""
        signed = self.signed_promise()
        return None if signed is None else signed[0]

    @property
    def promise_signature(self) -> bytes | None:
        """The promise key's signature over `promise`."""
        signed = self.signed_promise()
        return None if signed is None else signed[1]

    def signed_promise(self) -> tuple[bytes, bytes] | None:
        """Both at once; signed when asked for."""
        if self.promises is None or self.statement is None or self.received_at is None:
            return None
        return self.promises(self.statement, self.received_at)


Then = Callable[[Answer], None]
"""What is to be done with an answer as soon as it is certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A statement that this server signs itself, inside the append: its place in the author chain is found there."""

    signer: PrivateKey
    party: str
    person: str
    server: bool
    id: str
    event: Event
    body: dict[str, Any]
    at: str
    sealed: tuple[SealedText, ...] = ()


def rejected(said: Statement, error: LedgerError) -> Answer:
    """The answer to a statement that is not received; nothing of it becomes an entry."""
    return Answer(id=said.id, statement=said.hash.hex(), outcome="rejected", code=error.code, error=error)
