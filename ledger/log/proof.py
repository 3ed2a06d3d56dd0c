"""C2SP tlog-proof, and the receipt made of it: one record proven offline, without our server or database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import FormError, ProofError
from ledger.log import canonical, entry, statement
from ledger.log.checkpoint import Checkpoint, Policy, WrongOrigin, verify_checkpoint
from ledger.log.entry import Entry
from ledger.log.hashing import leaf_hash
from ledger.log.keys import PublicKey
from ledger.log.merkle import verify_inclusion
from ledger.log.note import NOTE_BYTES_MAX
from ledger.log.statement import Statement
from ledger.log.trust import Trust
from ledger.log.wire import check_members, decode_base64, decode_decimal, encode_base64, wrong

HEADER = "c2sp.org/tlog-proof@v1"
HASHES_MAX = 63
PROOF_BYTES_MAX = 2 << 20
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
_EXTRA = frozenset({"entry", "public_key", "statement", "v"})


class BadProofForm(FormError):
    """Text that is no C2SP tlog-proof."""

    code = "bad-proof-form"
    zh = "证明文件格式不合规：{detail}"
    en = "proof file is not well-formed: {detail}"


class ReceiptMismatch(ProofError):
    """Parts that are each valid but speak of different things."""

    code = "receipt-mismatch"
    zh = "收据各部分不一致：{detail}"
    en = "the parts of the receipt do not belong together: {detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """The container only: `extra` is not authenticated, `checkpoint_text` is a note not yet verified."""

    extra: bytes | None
    index: int
    hashes: tuple[bytes, ...]
    checkpoint_text: str


def parse_proof(text: bytes | str) -> TlogProof:
    """The parts of a proof file; verifies nothing."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > PROOF_BYTES_MAX:
        raise BadProofForm(detail="size", expected=f"at most {PROOF_BYTES_MAX} bytes", got=f"{len(raw)} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadProofForm(detail="not valid UTF-8", got=f"byte {error.start}") from None
    if control := _CONTROL.search(text):
        raise BadProofForm(detail="control character", got=f"U+{ord(control.group()):04X}")
    head, blank, checkpoint_text = text.partition("\n\n")
    if not blank:
        raise BadProofForm(detail="no empty line before the checkpoint")
    if not checkpoint_text.endswith("\n") or len(checkpoint_text) > NOTE_BYTES_MAX:
        raise BadProofForm(detail="checkpoint", expected="text ended by a newline", got=ascii(checkpoint_text[-20:]))
    lines = head.split("\n")
    if lines.pop(0) != HEADER:
        raise BadProofForm(detail="first line", expected=HEADER, got=ascii(head[:80]))
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "), "extra")
    if not lines or not lines[0].startswith("index "):
        raise BadProofForm(detail="index line", expected="index <number>", got=ascii(lines[:1]))
    index = decode_decimal(lines.pop(0).removeprefix("index "), "index")
    if len(lines) > HASHES_MAX:
        raise BadProofForm(detail="hashes", expected=f"at most {HASHES_MAX}", got=len(lines))
    hashes = tuple(decode_base64(line, "proof hash") for line in lines)
    for each in hashes:
        if len(each) != 32:
            raise BadProofForm(detail="proof hash", expected="32 bytes", got=f"{len(each)} bytes")
    return TlogProof(extra=extra, index=index, hashes=hashes, checkpoint_text=checkpoint_text)


def format_proof(proof: TlogProof) -> str:
    lines = [HEADER]
    if proof.extra is not None:
        lines.append(f"extra {encode_base64(proof.extra)}")
    lines.append(f"index {proof.index}")
    lines.extend(map(encode_base64, proof.hashes))
    return "\n".join(lines) + "\n\n" + proof.checkpoint_text


def build_receipt(
    *,
    entry_bytes: bytes,
    statement_bytes: bytes,
    public_key: PublicKey,
    index: int,
    hashes: Sequence[bytes],
    checkpoint_note: bytes | str,
) -> str:
    """A receipt: the exact bytes of entry and statement, the author's key, the proof and the signed checkpoint."""
    extra = canonical.encode(
        {
            "entry": encode_base64(entry_bytes),
            "public_key": public_key.raw.hex(),
            "statement": encode_base64(statement_bytes),
            "v": 1,
        }
    )
    note = checkpoint_note.decode() if isinstance(checkpoint_note, bytes) else checkpoint_note
    return format_proof(TlogProof(extra=extra, index=index, hashes=tuple(hashes), checkpoint_text=note))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedReceipt:
    """What a receipt proves: key `public_key` signed `statement`, and log `checkpoint.origin` holds it at `index`."""

    statement: Statement
    entry: Entry
    public_key: PublicKey
    index: int
    leaf_hash: bytes
    checkpoint: Checkpoint
    witnesses: tuple[tuple[str, int], ...]
    level: str
    level_zh: str

    def says(self, lang: str = "en") -> str:
        """One sentence on what was proven and one on what was not."""
        key, origin, size = self.statement.key[:16], self.checkpoint.origin, self.checkpoint.size
        if lang.startswith("zh"):
            fate = "并被受理" if self.entry.refused is None else f"但被规则 {self.entry.refused} 拒绝"
            guard = "运营方是否向他人出示另一份历史未得到证明；" if not self.witnesses else ""
            return (
                f"已证明：密钥 {key}… 签署了此陈述，它{fate}，是日志 {origin} 中第 {self.index} 条"
                f"（共 {size} 条，{self.level_zh}）。未证明：{guard}密钥属于谁，以及所填内容是否属实。"
            )
        fate = "accepted" if self.entry.refused is None else f"refused by the rule {self.entry.refused}"
        guard = "that nobody was shown another history; " if not self.witnesses else ""
        return (
            f"Proven: key {key}… signed this statement, and it stands, {fate}, as entry {self.index} of {size} in the "
            f"log {origin} ({self.level}). Not proven: {guard}whose the key is; that what was entered is true."
        )


def verify_receipt(text: bytes | str, policy: Policy, trust: Trust) -> VerifiedReceipt:
    """What the receipt proves under the two pinned files; raises the first step that fails."""
    # 1. Parse the container and its extra part.
    proof = parse_proof(text)
    if proof.extra is None:
        raise BadProofForm(detail="extra line", expected="entry, statement and public key", got="none")
    extra = canonical.decode(proof.extra, limit=PROOF_BYTES_MAX)
    check_members(extra, "receipt", required=_EXTRA)
    for member in sorted(_EXTRA - {"v"}):
        if type(extra[member]) is not str:
            wrong("receipt", member, "a string", extra[member])
    entry_bytes = decode_base64(extra["entry"], "entry")
    statement_bytes = decode_base64(extra["statement"], "statement")
    public_key = PublicKey.from_hex(extra["public_key"])
    accepted = entry.parse(entry_bytes)
    said = statement.parse(statement_bytes)
    # 2. The checkpoint meets the policy.
    verified = verify_checkpoint(proof.checkpoint_text, policy)
    checkpoint = verified.checkpoint
    # 3. It is the pinned log's.
    if checkpoint.origin != trust.origin:
        raise WrongOrigin(expected=trust.origin, got=checkpoint.origin)
    # 4. The entry is a leaf under its root.
    leaf = verify_inclusion(leaf_hash(entry_bytes), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    if proof.index == 0 and leaf.hex() != trust.genesis_leaf:
        raise ReceiptMismatch(detail="genesis leaf", expected=trust.genesis_leaf, got=leaf.hex())
    # 5. The entry is about this statement and, if it was accepted, stands in the chain of all that it is about.
    if accepted.statement != said.hash.hex():
        raise ReceiptMismatch(detail="statement hash", expected=accepted.statement, got=said.hash.hex())
    linked = tuple(link.stream for link in accepted.links)
    if accepted.refused is None and linked != said.about:
        missed = sorted(set(said.about).symmetric_difference(linked))
        raise ReceiptMismatch(detail="links", expected=f"{len(said.about)} of `about`", got=" ".join(missed[:4]))
    # 6. The statement names this key.
    if said.key != public_key.hash.hex():
        raise ReceiptMismatch(detail="key", expected=said.key, got=public_key.hash.hex())
    # 7. The key signed it.
    statement.verify_signature(statement_bytes, decode_base64(accepted.signature, "signature"), public_key)
    # 8. It was said to this ledger.
    if said.ledger != checkpoint.origin:
        raise ReceiptMismatch(detail="ledger", expected=checkpoint.origin, got=said.ledger)
    return VerifiedReceipt(
        statement=said,
        entry=accepted,
        public_key=public_key,
        index=proof.index,
        leaf_hash=leaf,
        checkpoint=checkpoint,
        witnesses=verified.witnesses,
        level=verified.level("en"),
        level_zh=verified.level("zh"),
    )
