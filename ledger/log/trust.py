"""The trust root: a verifier pins a ledger's origin and its genesis leaf hash; everything else follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.errors import ProofError
from ledger.log import canonical, entry, statement
from ledger.log.hashing import leaf_hash
from ledger.log.keys import PublicKey
from ledger.log.statement import Statement
from ledger.log.wire import check_members, decode_base64, is_hash, is_origin, wrong

GENESIS_TYPE = "ledger-opened"
BYTES_MAX = 4096
_WHAT = "trust.json"
_REQUIRED = frozenset({"genesis_leaf", "origin"})


class WrongGenesis(ProofError):
    """Entry 0 is not the one the verifier pinned."""

    code = "wrong-genesis"
    zh = "创世条目与信任锚不符：{detail}"
    en = "this is not the pinned genesis: {detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What trust.json says: the origin, and the hash (hex) of leaf 0."""

    origin: str
    genesis_leaf: str

    def __post_init__(self) -> None:
        if not is_origin(self.origin):
            wrong(_WHAT, "origin", "an origin without spaces and +", self.origin)
        if not is_hash(self.genesis_leaf):
            wrong(_WHAT, "genesis_leaf", "64 lowercase hex digits", self.genesis_leaf)

    @classmethod
    def parse(cls, raw: bytes) -> Trust:
        document = canonical.decode_any_layout(raw, limit=BYTES_MAX)
        check_members(document, _WHAT, required=_REQUIRED)
        return cls(origin=document["origin"], genesis_leaf=document["genesis_leaf"])

    def format(self) -> bytes:
        return canonical.encode({"genesis_leaf": self.genesis_leaf, "origin": self.origin}) + b"\n"


def verify_genesis(trust: Trust, entry_bytes: bytes, statement_bytes: bytes) -> Statement:
    """The `ledger-opened` statement that `trust` pins; raises `WrongGenesis`."""
    # 1. The pinned leaf.
    leaf = leaf_hash(entry_bytes).hex()
    if leaf != trust.genesis_leaf:
        raise WrongGenesis(detail="leaf hash", expected=trust.genesis_leaf, got=leaf)
    # 2. The entry accepts exactly this statement.
    genesis = entry.parse(entry_bytes)
    opened = statement.parse(statement_bytes)
    if genesis.statement != opened.hash.hex():
        raise WrongGenesis(detail="statement hash", expected=genesis.statement, got=opened.hash.hex())
    if genesis.refused is not None:
        raise WrongGenesis(detail="refused", got=genesis.refused)
    # 3. It opens this ledger.
    if opened.ledger != trust.origin:
        raise WrongGenesis(detail="origin", expected=trust.origin, got=opened.ledger)
    if opened.type != GENESIS_TYPE or opened.seq != 1:
        raise WrongGenesis(detail="type and seq", expected=f"{GENESIS_TYPE} 1", got=f"{opened.type} {opened.seq}")
    # 4. Signed by the key it carries, which the pinned hash alone makes trusted.
    key = PublicKey.from_hex(_system_key(opened.body))
    if key.hash.hex() != opened.key:
        raise WrongGenesis(detail="system key", expected=opened.key, got=key.hash.hex())
    statement.verify_signature(statement_bytes, decode_base64(genesis.signature, "signature"), key)
    return opened


def _system_key(body: dict[str, Any]) -> str:
    carried = body.get("system_key")
    text = carried.get("public_key") if type(carried) is dict else None
    if type(text) is not str:
        wrong(GENESIS_TYPE, "system_key", 'an object with the hex "public_key"', carried)
    return text
