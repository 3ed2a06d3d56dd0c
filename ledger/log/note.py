"""C2SP signed-note: text signed by one or more named Ed25519 keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import FormError, ProofError
from ledger.log.hashing import sha256
from ledger.log.keys import PrivateKey, PublicKey
from ledger.log.wire import decode_base64, encode_base64, is_key_name

ED25519 = 0x01
COSIGNATURE = 0x04  # C2SP tlog-cosignature, Ed25519
NOTE_BYTES_MAX = 1 << 20
SIGNATURES_MAX = 100  # the specification asks for at least 16
_DASH = "— "
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(.+)").fullmatch
_SKEY = re.compile(r"PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)").fullmatch


class BadNote(FormError):
    """Bytes that are no signed note."""

    code = "bad-note"
    zh = "签名文本格式不合规：{detail}"
    en = "signed note is not well-formed: {detail}"


class BadNoteKey(FormError):
    """Text that is no key of a signed note, or of the wrong type."""

    code = "bad-note-key"
    zh = "签名文本的密钥不合规：{detail}"
    en = "note key is not well-formed: {detail}"


class NoteNotSigned(ProofError):
    """No signature line belongs to a known key."""

    code = "note-not-signed"
    zh = "没有可信密钥签署此文本：{detail}"
    en = "no trusted key has signed the note: {detail}"


class BadNoteSignature(ProofError):
    """A line of a known key that does not verify."""

    code = "bad-note-signature"
    zh = "{name} 的签名不成立"
    en = "the signature of {name} does not hold"


def key_id(name: str, kind: int, public_key: bytes) -> bytes:
    """SHA-256(name ‖ 0A ‖ signature type ‖ public key)[:4]."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public_key)[:4]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A name, a signature type and a public key; the text form is `<name>+<key id hex>+<base64(type ‖ key)>`."""

    name: str
    kind: int
    public: PublicKey

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise BadNoteKey(detail="name", expected="no Unicode space, no + and no control", got=ascii(self.name))
        if self.kind not in (ED25519, COSIGNATURE):
            raise BadNoteKey(detail="signature type", expected="01 or 04", got=f"{self.kind:02x}")

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, self.kind, self.public.raw)

    def encode(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.kind]) + self.public.raw)}"

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        if (parts := _VKEY(vkey)) is None:  # only the first two + divide: base64 has + of its own
            raise BadNoteKey(detail="vkey", expected="<name>+<8 hex digits>+<base64>", got=ascii(vkey[:120]))
        name, hex_id, text = parts.groups()
        kind, material = _key_material(text)
        return _check_id(cls(name, kind, PublicKey(material)), hex_id)


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A name, a signature type and a private key; the text form is the Go note package's `PRIVATE+KEY+…`."""

    name: str
    private: PrivateKey
    kind: int = ED25519

    def __post_init__(self) -> None:
        VerifierKey(self.name, self.kind, self.private.public)

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.kind, self.private.public)

    def encode(self) -> str:
        material = encode_base64(bytes([self.kind]) + self.private.seed)
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, skey: str) -> SignerKey:
        if (parts := _SKEY(skey)) is None:
            raise BadNoteKey(detail="private key", expected="PRIVATE+KEY+<name>+<8 hex digits>+<base64>")
        name, hex_id, text = parts.groups()
        kind, material = _key_material(text)
        signer = cls(name, PrivateKey(material), kind)
        _check_id(signer.verifier, hex_id)
        return signer


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line; `signature` is what follows the four bytes of the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """`text` ends in a newline; nothing in a note may be believed before `verify_note` or a policy has verified it."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise BadNote(detail="text", expected="a newline at its end", got=ascii(self.text[-20:]))
        if control := _CONTROL.search(self.text):
            raise BadNote(detail="control character", got=f"U+{ord(control.group()):04X}")

    @classmethod
    def parse(cls, raw: bytes) -> Note:
        """C2SP signed-note, Format: split at the last blank line, every signature line well-formed."""
        if len(raw) > NOTE_BYTES_MAX:
            raise BadNote(detail="too large", expected=f"at most {NOTE_BYTES_MAX} bytes", got=f"{len(raw)} bytes")
        try:
            message = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadNote(detail="not valid UTF-8", got=f"byte {error.start}") from None
        if control := _CONTROL.search(message):
            raise BadNote(detail="control character", got=f"U+{ord(control.group()):04X}")
        text, blank, lines = message.rpartition("\n\n")
        if not blank:
            raise BadNote(detail="no blank line before the signatures")
        if not lines.endswith("\n"):
            raise BadNote(detail="signatures", expected="lines that each end in a newline", got=ascii(lines[-20:]))
        rows = lines[:-1].split("\n")
        if len(rows) > SIGNATURES_MAX:
            raise BadNote(detail="signatures", expected=f"at most {SIGNATURES_MAX}", got=len(rows))
        return cls(text + "\n", tuple(map(_parse_signature, rows)))

    def encode(self) -> bytes:
        return f"{self.text}\n{''.join(each.line() for each in self.signatures)}".encode()

    def sign(self, signer: SignerKey) -> Note:
        """This note with one more signature of type 01."""
        if signer.kind != ED25519:
            raise BadNoteKey(detail="signature type", expected="01", got=f"{signer.kind:02x}")
        return self.with_signature(
            NoteSignature(signer.name, signer.verifier.key_id, signer.private.sign(self.text.encode()))
        )

    def with_signature(self, signature: NoteSignature) -> Note:
        return Note(self.text, (*self.signatures, signature))


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """Text that each of `signers` has signed."""

    text: str
    signers: tuple[VerifierKey, ...]


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> VerifiedNote:
    """The note's text, signed by at least one of `keys` (type 01); unknown keys are ignored, a bad known one kills."""
    known = {(key.name, key.key_id): key for key in keys}
    if len(known) != len(keys):
        raise BadNoteKey(detail="two known keys share name and key id")
    if any(key.kind != ED25519 for key in keys):
        raise BadNoteKey(detail="signature type", expected="01")
    signers: dict[VerifierKey, None] = {}
    for each in note.signatures:
        key = known.get((each.name, each.key_id))
        if key is None:
            continue
        try:
            key.public.verify(each.signature, note.text.encode())
        except ProofError as error:
            raise BadNoteSignature(name=each.name) from error
        signers[key] = None
    if not signers:
        raise NoteNotSigned(
            detail="known keys",
            expected=", ".join(key.name for key in keys),
            got=", ".join(each.name for each in note.signatures) or "no signature",
        )
    return VerifiedNote(note.text, tuple(signers))


def _parse_signature(line: str) -> NoteSignature:
    if not line.startswith(_DASH):
        raise BadNote(detail="signature line", expected="an em dash and a space first", got=ascii(line[:80]))
    name, _, text = line[len(_DASH) :].partition(" ")
    if not _is_name(name):
        raise BadNote(detail="key name in a signature line", got=ascii(line[:80]))
    signature = decode_base64(text, f"signature of {name}")
    if len(signature) < 5:
        raise BadNote(detail="signature", expected="a key id of 4 bytes and more", got=f"{len(signature)} bytes")
    return NoteSignature(name, signature[:4], signature[4:])


def _is_name(name: str) -> bool:
    return is_key_name(name) and _CONTROL.search(name) is None and not any("\ud800" <= c <= "\udfff" for c in name)


def _key_material(text: str) -> tuple[int, bytes]:
    material = decode_base64(text, "note key")
    if not material or material[0] not in (ED25519, COSIGNATURE):
        raise BadNoteKey(detail="signature type", expected="01 or 04", got=material[:1].hex())
    if len(material) != 33:
        raise BadNoteKey(detail="length", expected="33 bytes", got=f"{len(material)} bytes")
    return material[0], material[1:]


def _check_id(key: VerifierKey, hex_id: str) -> VerifierKey:
    if key.key_id.hex() != hex_id:
        raise BadNoteKey(detail="key id", expected=key.key_id.hex(), got=hex_id)
    return key
