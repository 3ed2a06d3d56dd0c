"""An author at the edge: numbers, chains and signs statements, and seals what is personal in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger.custody.events import Event, about_of, body_of
from ledger.log import statement
from ledger.log.hashing import seal_commitment
from ledger.log.keys import PrivateKey
from ledger.log.statement import Seen, Statement
from ledger.log.witness import NOTHING_SEEN
from ledger.store.answers import SealedText


@dataclass(frozen=True, slots=True)
class Signed:
    """One statement's bytes, exactly as signed."""

    raw: bytes
    signature: bytes


@dataclass(slots=True, kw_only=True)
class AuthorChain:
    """One key's chain of statements in one ledger: `seq` and `prev` are those of the newest one it signed."""

    key: PrivateKey
    ledger: str
    party: str
    person: str
    seq: int = 0
    prev: str | None = None
    seen: Seen = NOTHING_SEEN

    def statement(self, event: Event, at: str, id: str, body: dict[str, Any] | None = None) -> Signed:
        """The next statement of the chain; `body` spares writing the event's fields again where they are at hand."""
        raw = Statement.build(
            ledger=self.ledger,
            type=event.type,
            id=id,
            party=self.party,
            by=self.person,
            key=self.key.public.hash.hex(),
            seq=self.seq + 1,
            prev=self.prev,
            at=at,
            seen=self.seen,
            about=about_of(event, self.party),
            body=body_of(event) if body is None else body,
        )
        signed = Signed(raw, statement.sign(raw, self.key))
        self.seq, self.prev = self.seq + 1, statement.statement_hash(raw).hex()
        return signed


def seal(body: dict[str, Any], chance: Callable[[int], bytes]) -> tuple[dict[str, Any], tuple[SealedText, ...]]:
    """`body` with every `{"clear": text}` replaced by a commitment under a fresh salt, and the texts to send along."""
    texts: list[SealedText] = []

    def sealed(value: Any, path: str) -> Any:
        match value:
            case {"clear": str(clear), **rest} if not rest:
                salt = chance(32)
                texts.append(SealedText(path=path, salt=salt, value=clear))
                return {"sealed": seal_commitment(salt, path, clear)}
            case dict():
                return {name: sealed(inner, f"{path}.{name}" if path else name) for name, inner in value.items()}
            case list():
                return [sealed(inner, f"{path}.{n}") for n, inner in enumerate(value)]
            case _:
                return value

    return sealed(body, ""), tuple(texts)
