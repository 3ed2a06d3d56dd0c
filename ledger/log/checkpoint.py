"""C2SP tlog-checkpoint, tlog-cosignature and tlog-policy: what size and root a log had, who signed it, who watched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ledger.errors import FormError, ProofError
from ledger.log.hashing import EMPTY_ROOT
from ledger.log.note import (
    COSIGNATURE,
    ED25519,
    BadNoteKey,
    BadNoteSignature,
    Note,
    NoteSignature,
    SignerKey,
    VerifierKey,
    verify_note,
)
from ledger.log.wire import SIZE_MAX, decode_base64, decode_decimal, encode_base64

POLICY_BYTES_MAX = 1 << 20


class BadCheckpoint(FormError):
    """Text that is no checkpoint of the form we use."""

    code = "bad-checkpoint"
    zh = "检查点格式不合规：{detail}"
    en = "checkpoint is not well-formed: {detail}"


class BadPolicy(FormError):
    """Text that is no C2SP tlog-policy."""

    code = "bad-policy"
    zh = "信任策略第 {line} 行不合规：{detail}"
    en = "trust policy is not well-formed at line {line}: {detail}"


class WrongOrigin(ProofError):
    """A checkpoint of a log that was not asked about."""

    code = "wrong-origin"
    zh = "来源标识不符"
    en = "this is another log's origin"


class QuorumMissing(ProofError):
    """Fewer cosignatures than the policy demands."""

    code = "quorum-missing"
    zh = "见证签名不足以满足策略 {quorum}"
    en = "cosignatures do not meet the quorum {quorum}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A tree head; ours carries no extension lines, and one that does is refused."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise BadCheckpoint(detail="origin", expected="one non-empty line", got=ascii(self.origin))
        if not 0 <= self.size <= SIZE_MAX:
            raise BadCheckpoint(detail="size", expected="0 to 2^63-1", got=self.size)
        if len(self.root) != 32:
            raise BadCheckpoint(detail="root", expected="32 bytes", got=f"{len(self.root)} bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise BadCheckpoint(detail="root of the empty tree", expected=EMPTY_ROOT.hex(), got=self.root.hex())

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The tree head in a note's text; says nothing of its signatures."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1]:
        raise BadCheckpoint(detail="lines", expected="origin, size and root, each ended by a newline", got=ascii(text))
    if len(lines) > 4:
        raise BadCheckpoint(detail="extension lines", expected="none", got=ascii(lines[3][:80]))
    origin, size, root, _ = lines
    return Checkpoint(origin=origin, size=decode_decimal(size, "size"), root=decode_base64(root, "root"))


def sign_checkpoint(checkpoint: Checkpoint, signer: SignerKey) -> Note:
    """The log's own signed note; the key's name is the origin, as the policy demands."""
    if signer.name != checkpoint.origin:
        raise WrongOrigin(expected=signer.name, got=checkpoint.origin)
    return Note(checkpoint.text(), ()).sign(signer)


def cosignature_message(text: str, unix_s: int) -> bytes:
    return f"cosignature/v1\ntime {unix_s}\n{text}".encode()


def cosign(text: str, witness: SignerKey, unix_s: int) -> NoteSignature:
    """A witness's signature over the note text, saying "largest consistent tree I have seen at this time"."""
    if witness.kind != COSIGNATURE:
        raise BadNoteKey(detail="signature type", expected="04", got=f"{witness.kind:02x}")
    if not 0 <= unix_s <= SIZE_MAX:
        raise BadCheckpoint(detail="time", expected="0 to 2^63-1", got=unix_s)
    parse_checkpoint(text)
    signature = witness.private.sign(cosignature_message(text, unix_s))
    return NoteSignature(witness.name, witness.verifier.key_id, unix_s.to_bytes(8, "big") + signature)


def verify_cosignature(text: str, signature: NoteSignature, witness: VerifierKey) -> int:
    """The POSIX time at which `witness` cosigned the note text; raises `BadNoteSignature`."""
    if witness.kind != COSIGNATURE:
        raise BadNoteKey(detail="signature type", expected="04", got=f"{witness.kind:02x}")
    if (signature.name, signature.key_id) != (witness.name, witness.key_id):
        raise BadNoteSignature(name=witness.name, expected=witness.key_id.hex(), got=signature.key_id.hex())
    unix_s = int.from_bytes(signature.signature[:8], "big")
    if len(signature.signature) != 72 or unix_s > SIZE_MAX:
        raise BadNoteSignature(name=witness.name, expected="8 bytes of time up to 2^63-1 and 64 of signature")
    try:
        witness.public.verify(signature.signature[8:], cosignature_message(text, unix_s))
    except ProofError as error:
        raise BadNoteSignature(name=witness.name) from error
    return unix_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Met when at least `threshold` of `members` (names of witnesses or earlier groups) are."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which logs are believed, and which witnesses must have cosigned; `groups` stand in order of definition."""

    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, VerifierKey]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: bytes | str) -> Policy:
        return _parse_policy(text)

    def is_met(self, cosigned: set[str]) -> bool:
        """Whether the witnesses named in `cosigned` (names of this policy) are enough."""
        if self.quorum == "none":
            return True
        met = set(cosigned)
        for name, group in self.groups.items():
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(name)
        return self.quorum in met


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedCheckpoint:
    """A checkpoint that met the policy; `witnesses` are (key name, POSIX time), one per witness of the policy."""

    checkpoint: Checkpoint
    witnesses: tuple[tuple[str, int], ...]
    witness_count: int

    def level(self, lang: str = "en") -> str:
        """The level of trust in words."""
        if not self.witnesses:
            return "仅由运营方自证" if lang.startswith("zh") else "operator only"
        k, n = len(self.witnesses), self.witness_count
        return f"经 {n} 个见证方中的 {k} 个见证" if lang.startswith("zh") else f"witnessed {k} of {n}"


def verify_checkpoint(note_text: bytes | str, policy: Policy) -> VerifiedCheckpoint:
    """The checkpoint in a signed note, signed by a listed log under its own origin and cosigned by the quorum."""
    note = Note.parse(note_text.encode("utf-8", "surrogatepass") if isinstance(note_text, str) else note_text)
    checkpoint = parse_checkpoint(note.text)
    # 1. Signed by a listed log, whose key name is the origin.
    logs = [key for key in policy.logs if key.name == checkpoint.origin]
    if not logs:
        raise WrongOrigin(expected=", ".join(key.name for key in policy.logs), got=checkpoint.origin)
    verify_note(note, logs)
    # 2. Every line of a known witness is verified; of several by one witness the newest time counts.
    times: dict[str, int] = {}
    for name, key in policy.witnesses.items():
        for each in note.signatures:
            if (each.name, each.key_id) == (key.name, key.key_id):
                times[name] = max(times.get(name, 0), verify_cosignature(note.text, each, key))
    # 3. The quorum.
    if not policy.is_met(set(times)):
        raise QuorumMissing(quorum=policy.quorum, got=", ".join(times) or "no cosignature")
    return VerifiedCheckpoint(
        checkpoint=checkpoint,
        witnesses=tuple((policy.witnesses[name].name, time) for name, time in times.items()),
        witness_count=len(policy.witnesses),
    )


_POLICY_CONTROL = re.compile(b"[\x00-\x08\x0b-\x1f\x7f]")
_SPACE = re.compile("[ \t]+")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,8}").fullmatch


def _parse_policy(text: bytes | str) -> Policy:
    octets = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(octets) > POLICY_BYTES_MAX:
        raise BadPolicy(line=0, detail="size", expected=f"at most {POLICY_BYTES_MAX} bytes", got=f"{len(octets)} bytes")
    logs: list[VerifierKey] = []
    witnesses: dict[str, VerifierKey] = {}
    groups: dict[str, Group] = {}
    members: set[str] = set()
    keys: set[bytes] = set()
    quorum: str | None = None

    for number, octet_line in enumerate(octets.split(b"\n"), 1):

        def fail(detail: str, expected: object = None, got: object = None, number: int = number) -> BadPolicy:
            return BadPolicy(line=number, detail=detail, expected=expected, got=got)

        def new_key(vkey: str, kind: int) -> VerifierKey:
            key = VerifierKey.parse(vkey)
            if key.kind != kind:
                raise fail("signature type", f"{kind:02x}", f"{key.kind:02x}")
            if key.public.raw in keys:  # also across kinds: a log that is its own witness would witness nothing
                raise fail("one public key on two lines", got=key.name)
            keys.add(key.public.raw)
            return key

        def new_name(name: str) -> str:
            if name == "none" or name in witnesses or name in groups:
                raise fail("name is taken", got=ascii(name))
            return name

        if control := _POLICY_CONTROL.search(octet_line):
            raise fail("control character", got=control.group().hex())
        # Names are opaque octets: surrogateescape keeps them apart without looking at Unicode.
        line = octet_line.decode("utf-8", "surrogateescape").strip(" \t")
        if not line or line.startswith("#"):
            continue
        match _SPACE.split(line):
            case ["log", vkey] | ["log", vkey, _]:
                logs.append(new_key(vkey, ED25519))
            case ["witness", name, vkey] | ["witness", name, vkey, _]:
                witnesses[new_name(name)] = new_key(vkey, COSIGNATURE)
            case ["group", name, threshold, first, *rest]:
                names = (first, *rest)
                for member in names:
                    if member not in witnesses and member not in groups:
                        raise fail("member is not defined before", got=ascii(member))
                    if member in members:
                        raise fail("name is a member twice", got=ascii(member))
                    members.add(member)
                k = {"any": "1", "all": str(len(names))}.get(threshold, threshold)
                if not _THRESHOLD(k) or int(k) > len(names):
                    raise fail("threshold", f"any, all or 1 to {len(names)}", ascii(threshold))
                groups[new_name(name)] = Group(threshold=int(k), members=names)
            case ["quorum", name]:
                if quorum is not None:
                    raise fail("second quorum line")
                if name != "none" and name not in witnesses and name not in groups:
                    raise fail("quorum is not defined before", got=ascii(name))
                quorum = name
            case _:
                raise fail("line", "log, witness, group or quorum with its items", ascii(line[:80]))
    if quorum is None:
        raise BadPolicy(line=octets.count(b"\n") + 1, detail="no quorum line")
    return Policy(logs=tuple(logs), witnesses=witnesses, groups=groups, quorum=quorum)
