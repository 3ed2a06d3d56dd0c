"""Receipts and policies by an operator that holds the log key and keeps to no form: signed, and none in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ledger.log import statement
from ledger.log.checkpoint import cosign
from ledger.log.hashing import leaf_hash, sha256
from ledger.log.keys import PrivateKey
from ledger.log.merkle import inclusion_proof, root_of
from ledger.log.note import COSIGNATURE, NoteSignature, SignerKey
from ledger.log.wire import encode_base64
from tests.support import ed25519_reference as reference

ORIGIN = "ledger.example/hostile"
INDEX, SIZE = 2, 5
LOG = SignerKey(ORIGIN, PrivateKey(b"l" * 32))
WITNESS = SignerKey("witness.example", PrivateKey(b"w" * 32), COSIGNATURE)
OWN = SignerKey("own.example", LOG.private, COSIGNATURE)
AUTHOR = PrivateKey(b"a" * 32)
STREAM = "container:019f1b30-a280-7775-b53e-b378244c4bb9"
POLICY = f"log {LOG.verifier.encode()}\nquorum none\n"
WITNESSED = f"log {LOG.verifier.encode()}\nwitness w {WITNESS.verifier.encode()}\n"
TRUST = {"genesis_leaf": "cd" * 32, "origin": ORIGIN}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """What a verifier is given."""

    name: str
    receipt: str
    policy: str = POLICY


def cases() -> Iterator[Case]:
    """All of them, each with one lie."""
    yield from (Case(f"statement {name}", _receipt(said=change)) for name, change in _SAID.items())
    yield from (Case(f"entry {name}", _receipt(entry=change)) for name, change in _ENTRY.items())
    yield from (Case(f"receipt {name}", _receipt(extra=change)) for name, change in _EXTRA.items())
    yield from (Case(f"checkpoint {name}", _receipt(text=change)) for name, change in _TEXT.items())
    signed = _receipt(lines=lambda text: cosign(text, WITNESS, 1).line())
    yield from (Case(f"policy {name}", signed, policy) for name, policy in _POLICIES.items())
    own = f"log {LOG.verifier.encode()}\nwitness w {OWN.verifier.encode()}\nquorum w\n"
    yield Case("policy of a log that is its own witness", _receipt(lines=lambda text: cosign(text, OWN, 1).line()), own)
    for name, line in _LINES.items():
        yield Case(f"note {name}", _receipt(lines=lambda _, line=line: line))  # type: ignore[misc]
    yield Case("key of mixed order", _of_mixed_order())


def sound() -> list[Case]:
    """The nearest ones that are in order."""
    twice = _receipt(lines=lambda text: cosign(text, WITNESS, 1).line() + cosign(text, WITNESS, 2**53 + 1).line())
    return [Case("alone", _receipt()), Case("witnessed", twice, WITNESSED + "quorum w\n")]


def _receipt(
    *,
    said: Callable[[Document], Document] = lambda document: document,
    entry: Callable[[Document], Document] = lambda document: document,
    extra: Callable[[Document], Document] = lambda document: document,
    text: Callable[[str], str] = lambda text: text,
    lines: Callable[[str], str] = lambda _: "",
    public: bytes = AUTHOR.public.raw,
    sign: Callable[[bytes], bytes] = AUTHOR.sign,
) -> str:
    about = {"about": [STREAM], "at": "2025-01-01T00:00:00.000Z", "body": {"n": 1}, "by": "person", "id": STREAM[10:]}
    seen = {"root": "ab" * 32, "size": 0}
    by = {"key": sha256(public).hex(), "ledger": ORIGIN, "party": STREAM, "seen": seen, "seq": 1, "v": 1}
    raw = _written(said({**about, **by, "type": "container-filled"}))
    accepted = _written(
        entry(
            {
                "links": [{"seq": 1, "stream": STREAM}],
                "received_at": "2025-01-01T00:00:01.000Z",
                "signature": encode_base64(sign(statement.signed_message(raw))),
                "statement": statement.statement_hash(raw).hex(),
                "v": 1,
            }
        )
    )
    leaves = [sha256(bytes([n])) for n in range(SIZE)]
    leaves[INDEX] = leaf_hash(accepted)
    proof = inclusion_proof(INDEX, SIZE, lambda level, n: root_of(leaves[n << level : n + 1 << level]))
    head = text(f"{ORIGIN}\n{SIZE}\n{encode_base64(root_of(leaves))}\n")
    parts = {"entry": encode_base64(accepted), "public_key": public.hex(), "statement": encode_base64(raw), "v": 1}
    told = f"extra {encode_base64(_written(extra(parts)))}\nindex {INDEX}\n" + "".join(
        f"{encode_base64(each)}\n" for each in proof
    )
    log = NoteSignature(LOG.name, LOG.verifier.key_id, LOG.private.sign(head.encode())).line()
    return f"c2sp.org/tlog-proof@v1\n{told}\n{head}\n{log}{lines(head)}"


def _written(document: Document) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _with(**members: Any) -> Callable[[Document], Document]:
    return lambda document: document | members


def _without(name: str) -> Callable[[Document], Document]:
    return lambda document: {key: value for key, value in document.items() if key != name}


def _of_mixed_order() -> str:
    """A key with a part of order 8: where the challenge is a multiple of 8 the plain equation is met."""
    scalar, _ = reference.expand(AUTHOR.seed)
    point = reference.add(reference.multiply(scalar, reference.BASE), reference.torsion()[1])
    public = reference.encode(point)

    def sign(message: bytes) -> bytes:
        for nonce in range(1, 1_000):
            commitment = reference.encode(reference.multiply(nonce, reference.BASE))
            challenge = reference.challenge(commitment, public, message)
            if challenge % 8 == 0:
                return commitment + ((nonce + challenge * scalar) % reference.L).to_bytes(32, "little")
        raise AssertionError("one nonce in eight does it")

    return _receipt(public=public, sign=sign)


_SAID: dict[str, Callable[[Document], Document]] = {
    "of a version to come": _with(v=2),
    "without a version": _without("v"),
    "with a member that nobody knows": _with(refused="x"),
    "of a type with capitals": _with(type="A"),
    "by nobody": _with(by=""),
    "seq 0": _with(seq=0),
    "seq 2 without prev": _with(seq=2),
    "on 30 February": _with(at="2025-02-30T00:00:00.000Z"),
    "in the year 0": _with(at="0000-01-01T00:00:00.000Z"),
    "that saw nothing": _with(seen={}),
    "about nothing": _with(about=[]),
    "about one thing twice": _with(about=[STREAM, STREAM]),
    "without a body": _with(body="x"),
    "in custody of me": _with(custody="me"),
    "too large": _with(body={"a": "x" * 300_000}),
}
_ENTRY: dict[str, Callable[[Document], Document]] = {
    "of a version to come": _with(v=2),
    "refused for an empty reason": _with(refused=""),
    "refused: false": _with(refused=False),
    "refused for two reasons": _with(refused=["a", "b"]),
    "without links": _without("links"),
    "with no link": _with(links=[]),
    "with a link that has no prev": _with(links=[{"seq": 2, "stream": STREAM}]),
    "left out of the chain of what it is about": _with(links=[{"seq": 1, "stream": f"other:{STREAM[10:]}"}]),
    "with a link to nothing": _with(links=[{"seq": 1, "stream": "x"}]),
    "received never": _without("received_at"),
    "received in month 13": _with(received_at="2025-13-01T00:00:00.000Z"),
    "with a member that nobody knows": _with(other=1),
}
_EXTRA: dict[str, Callable[[Document], Document]] = {
    "of a version to come": _with(v=2),
    "with a member that nobody knows": _with(more=1),
}
_TEXT: dict[str, Callable[[str], str]] = {
    "with an extension line": lambda text: f"{text}also\n",
    "with an empty line more": lambda text: f"{text}\n",
    "with a size no number holds": lambda text: text.replace(f"\n{SIZE}\n", "\n9007199254740993\n"),
}
_LINES = {
    "with a signature of four bytes": "— a MTIzNA==\n",
    "with a name of two": "— a+b MTIzNDU=\n",
    "with a hundred signatures more": "— a MTIzNDU=\n" * 100,
}
_POLICIES = {
    "with a member twice": f"{WITNESSED}group g 2 w w\nquorum g\n",
    "with one key for two witnesses": f"{WITNESSED}witness v {WITNESS.verifier.encode()}\nquorum w\n",
    "with one name for two": f"{WITNESSED}group w any w\nquorum w\n",
    "with two quorums": f"{WITNESSED}quorum w\nquorum none\n",
    "with a witness called none": WITNESSED.replace("witness w", "witness none") + "quorum none\n",
    "with a threshold in hex": f"{WITNESSED}group g 0x1 w\nquorum g\n",
    "with a member that nobody is": f"{WITNESSED}group g any x\nquorum none\n",
    "with a witness that signs as a log": f"{POLICY}witness w {SignerKey('l', WITNESS.private).verifier.encode()}\n",
    "with carriage returns": POLICY.replace("\n", "\r\n"),
}
