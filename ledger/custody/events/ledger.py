"""Events of the ledger itself: its opening, its keys, adoption, erasure, head snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from ledger.custody.events import Event, event, parse
from ledger.custody.values import Base64, Hash, KeyId, Moment, Name, Party, Person, Word
from ledger.custody.wire import ANY_CODES, Codes, Whole, WireError, text

Role = Literal["registrar", "licensing", "settings", "supervision"]
PublicKey = Hash
Origin = Annotated[str, text(r"[a-z0-9][a-z0-9.-]*(?:/[A-Za-z0-9._-]+)*", "a host name, with a path if need be")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemKey:
    """The operator's key that signs entry 0."""

    stream: KeyId
    person: Person
    public_key: PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A root authority key, pinned in entry 0."""

    party: Party
    person: Person
    key: KeyId
    public_key: PublicKey
    roles: tuple[Role, ...]
    name: Name


@event("ledger-opened")
class LedgerOpened(Event):
    """Entry 0: the ledger's origin, keys, regime and the authorities everybody pins."""

    origin: Origin
    operator: Party
    operator_name: Name
    system_key: SystemKey
    log_key: Annotated[str, text(r"\S{1,400}", "a C2SP verifier key")]
    promise_key: PublicKey
    promise_hours: Annotated[int, Whole(1, 720)]
    schema: Annotated[int, Whole(1, 1000)]
    regime: Annotated[str, text(r"[a-z]{2}\.[1-9][0-9]*", "a regime and its version, such as cn.1")]
    authorities: tuple[Authority, ...]

    author = "operator"

    def streams(self, party: str) -> frozenset[str]:
        keys = {self.system_key.stream, *(a.key for a in self.authorities)}
        return frozenset({self.operator, *(a.party for a in self.authorities), *keys})


@event("key-enrolled")
class KeyEnrolled(Event):
    """A key of a person of a party, with the new key's own proof that it exists."""

    key: KeyId
    public_key: PublicKey
    holder: Party
    person: Person
    purpose: Literal["statement", "label", "promise"]
    proof: Base64
    roles: tuple[Role, ...] = ()
    admin: bool = False
    custody: Literal["server"] | None = None
    uses: Annotated[int, Whole(1, 1)] | None = None

    author = "registrar-or-admin"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.key, self.holder})


@event("key-revoked")
class KeyRevoked(Event):
    """A key counts no further than `last_seq`; later statements go to quarantine."""

    key: KeyId
    holder: Party
    last_seq: Annotated[int, Whole(0, 2**53 - 1)]
    reason: Literal["lost", "stolen", "left", "replaced", "used"]

    author = "registrar-or-admin"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({self.key, self.holder})


@event("statement-adopted")
class StatementAdopted(Event):
    """A quarantined statement's event, taken over under the adopter's own responsibility."""

    statement: Hash
    type_: Word
    at: Moment
    body: dict[str, object]

    def check(self, path: str, codes: Codes) -> None:
        # What another adoption took over is adopted itself: in a second shell it would have no effect.
        inner = None if self.type_ == self.type else parse(self.type_, self.body, codes)
        if inner is None or not inner.containers():
            raise WireError(path="type", expected="an event of containers or manifests", got=self.type_)

    def inner(self) -> Event:
        """The adopted event."""
        return parse(self.type_, self.body, ANY_CODES)

    def streams(self, party: str) -> frozenset[str]:
        return self.inner().streams(party)

    def containers(self) -> tuple[str, ...]:
        return self.inner().containers()

    def sealed(self) -> Iterator[tuple[str, str, str]]:
        # By the paths that the first author committed to, in the event as it was said.
        return self.inner().sealed()


@event("subject-erased")
class SubjectErased(Event):
    """A person's clear text and key were destroyed; every proof still verifies."""

    person: Person
    reason: Literal["request", "retention-ended", "order"]

    author = "operator"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({party})


@event("heads-snapshotted")
class HeadsSnapshotted(Event):
    """The root over every object's head for exactly the leaves [0, size)."""

    size: Annotated[int, Whole(1, 2**53 - 1)]
    count: Annotated[int, Whole(1, 2**53 - 1)]
    root: Hash

    author = "operator"

    def streams(self, party: str) -> frozenset[str]:
        return frozenset({party})
