"""Signed notes, checkpoints, cosignatures and policies, clause by clause of the C2SP specifications."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.errors import FormError, LedgerError, ProofError
from ledger.log.checkpoint import (
    BadCheckpoint,
    BadPolicy,
    Checkpoint,
    Policy,
    QuorumMissing,
    WrongOrigin,
    cosign,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
    verify_cosignature,
)
from ledger.log.hashing import EMPTY_ROOT
from ledger.log.keys import BadPublicKey, PublicKey
from ledger.log.note import (
    COSIGNATURE,
    ED25519,
    BadNote,
    BadNoteKey,
    BadNoteSignature,
    Note,
    NoteNotSigned,
    NoteSignature,
    SignerKey,
    VerifierKey,
    key_id,
    verify_note,
)
from ledger.log.wire import BadBase64, BadDecimal, encode_base64
from tests.support.log_world import COSIGNED_AT, LOG, ORIGIN, WITNESSES, a_policy, a_world, policy_text, private_key
from tests.support.repository import shared_data

OTHERS = json.loads(shared_data("vectors/note/signed_note_vectors.json").read_bytes())["notes"]
WORLD = a_world()
NOTE = WORLD.note()
LOG_NOTE = WORLD.note(())


# --- signed-note


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case["name"])
def test_notes_of_other_implementations_verify_and_are_written_back(case: dict[str, str]) -> None:
    key = VerifierKey.parse(case["vkey"])
    note = Note.parse(case["msg"].encode())
    verified = verify_note(note, [key])
    assert (verified.text, verified.signers) == (case["text"], (key,))
    assert key.encode() == case["vkey"]
    assert note.encode() == case["msg"].encode()


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case["name"])
def test_no_bit_of_a_note_of_others_can_be_changed(case: dict[str, str]) -> None:
    key = VerifierKey.parse(case["vkey"])
    raw = case["msg"].encode()
    for place in range(len(raw)):
        for bit in range(8):
            changed = raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]
            with pytest.raises(LedgerError):
                verify_note(Note.parse(changed), [key])


def test_a_private_key_of_the_go_package_signs_the_same_note() -> None:
    case = next(case for case in OTHERS if "skey" in case)
    signer = SignerKey.parse(case["skey"])
    assert signer.encode() == case["skey"]
    assert signer.verifier.encode() == case["vkey"]
    assert Note(case["text"], ()).sign(signer).encode() == case["msg"].encode()


def signature_line(name: str = ORIGIN) -> str:
    return LOG_NOTE.signatures[0].line().replace(ORIGIN, name)


BAD_NOTES = {
    "nothing": "",
    "no blank line": "text\n" + signature_line(),
    "no signature line": "text\n\n",
    "no text and no blank line": signature_line(),
    "a signature line without newline": "text\n\n" + signature_line()[:-1],
    "a hyphen for the dash": "text\n\n" + signature_line().replace("—", "-"),
    "two spaces after the dash": "text\n\n" + signature_line().replace("— ", "—  "),
    "two spaces before the signature": "text\n\n" + signature_line().replace(f"{ORIGIN} ", f"{ORIGIN}  "),
    "no name": "text\n\n" + signature_line(""),
    "a plus in the name": "text\n\n" + signature_line("a+b"),
    "an ideographic space in the name": "text\n\n" + signature_line("a\u3000b"),
    "a no-break space in the name": "text\n\n" + signature_line("a\u00a0b"),
    "no signature": f"text\n\n— {ORIGIN}\n",
    "an empty signature": f"text\n\n— {ORIGIN} \n",
    "a key id alone": f"text\n\n— {ORIGIN} AAAAAA==\n",
    "base64 without padding": f"text\n\n— {ORIGIN} AAAAAAA\n",
    "base64 with spare bits": f"text\n\n— {ORIGIN} AAAAAAB=\n",
    "base64 of the URL alphabet": f"text\n\n— {ORIGIN} AAAAAA-_\n",
    "a space after the signature": "text\n\n" + signature_line()[:-1] + " \n",
    "a carriage return": "text\r\n\n" + signature_line(),
    "a tab": "te\txt\n\n" + signature_line(),
    "a NUL": "te\0xt\n\n" + signature_line(),
    "a bad line among good ones": "text\n\n" + signature_line() + "note\n" + signature_line(),
    "101 signatures": "text\n\n" + signature_line() * 101,
}


@pytest.mark.parametrize("text", BAD_NOTES.values(), ids=BAD_NOTES)
def test_a_note_of_another_form_is_refused(text: str) -> None:
    with pytest.raises((BadNote, BadBase64)):
        Note.parse(text.encode())


def test_a_note_that_is_not_utf8_or_too_large_is_refused() -> None:
    for raw in (b"te\xffxt\n\n" + signature_line().encode(), b"x" * (1 << 20) + b"\n\n" + signature_line().encode()):
        with pytest.raises(BadNote):
            Note.parse(raw)


def test_a_note_is_split_at_its_last_blank_line() -> None:
    text = "a\n\nb\n\n\nc\n"
    note = Note(text, ()).sign(LOG)
    assert Note.parse(note.encode()) == note
    assert verify_note(Note.parse(note.encode()), [LOG.verifier]).text == text


def test_sixteen_signatures_and_unknown_ones_are_no_obstacle() -> None:
    unknown = [NoteSignature(f"other{n}.example", bytes([n]) * 4, b"x" * (n * 100 + 1)) for n in range(16)]
    stranger = NoteSignature(ORIGIN, b"\0\0\0\0", bytes(64))  # our name, another key id
    namesake = NoteSignature("other.example", LOG.verifier.key_id, bytes(64))  # our key id, another name
    note = Note(LOG_NOTE.text, (*unknown, stranger, namesake, *LOG_NOTE.signatures))
    assert verify_note(Note.parse(note.encode()), [LOG.verifier]).signers == (LOG.verifier,)


def test_a_bad_signature_of_a_known_key_rejects_the_note_even_beside_a_good_one() -> None:
    bad = NoteSignature(ORIGIN, LOG.verifier.key_id, bytes(64))
    for signatures in ((bad, *LOG_NOTE.signatures), (*LOG_NOTE.signatures, bad)):
        with pytest.raises(BadNoteSignature):
            verify_note(Note(LOG_NOTE.text, signatures), [LOG.verifier])


def test_a_note_without_a_known_signature_is_rejected() -> None:
    other = SignerKey("other.example", private_key("other"))
    for keys in ([], [other.verifier]):
        with pytest.raises(NoteNotSigned):
            verify_note(LOG_NOTE, keys)
    with pytest.raises(BadNoteKey):
        verify_note(LOG_NOTE, [LOG.verifier, LOG.verifier])


VKEY = LOG.verifier.encode()
PUBLIC = LOG.verifier.public.raw


def vkey(name: str = ORIGIN, kind: int = ED25519, key: bytes = PUBLIC) -> str:
    """A vkey whose key id is right even where the rest is not."""
    return f"{name}+{key_id(name, kind, key).hex()}+{encode_base64(bytes([kind]) + key)}"


BAD_VKEYS = {
    "nothing": "",
    "two parts": "+".join(VKEY.split("+")[:2]),
    "no name": vkey(name=""),
    "a space in the name": vkey(name="a b"),
    "a line separator in the name": vkey(name="a\u2028b"),
    "a control in the name": vkey(name="a\x01b"),
    "another key id": VKEY.replace(VKEY.split("+")[1], "00000000"),
    "a key id of seven digits": VKEY.replace(VKEY.split("+")[1], VKEY.split("+")[1][:7]),
    "ECDSA": vkey(kind=2),
    "RFC 6962 tree heads": vkey(kind=5),
    "ML-DSA-44": vkey(kind=6),
    "31 bytes": vkey(key=PUBLIC[:31]),
    "33 bytes": vkey(key=PUBLIC + b"\0"),
    "a point of small order": vkey(key=b"\x01" + bytes(31)),
    "a key that is not canonical": vkey(key=b"\xee" + b"\xff" * 30 + b"\x7f"),
    "padding too much": VKEY + "=",
    "a space at the end": VKEY + " ",
    "a newline at the end": VKEY + "\n",
}


@pytest.mark.parametrize("text", BAD_VKEYS.values(), ids=BAD_VKEYS)
def test_a_key_of_another_form_is_refused(text: str) -> None:
    assert VerifierKey.parse(vkey()).encode() == VKEY
    with pytest.raises((BadNoteKey, BadBase64, BadPublicKey)):
        VerifierKey.parse(text)


def test_a_plus_in_the_base64_of_a_key_does_not_divide_it() -> None:
    for number in range(200):
        key = SignerKey(ORIGIN, private_key(f"plus {number}"))
        if key.verifier.encode().count("+") > 2:
            assert VerifierKey.parse(key.verifier.encode()) == key.verifier
            return
    raise AssertionError("expected a key with + in its base64 among 200")


# --- tlog-checkpoint


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    checkpoint = WORLD.checkpoint()
    assert parse_checkpoint(checkpoint.text()) == checkpoint
    empty = Checkpoint(origin="go.sum database tree", size=0, root=EMPTY_ROOT)
    assert parse_checkpoint(empty.text()) == empty


def test_a_real_checkpoint_of_another_log_is_read() -> None:
    case = next(case for case in OTHERS if "checkpoint" in case["name"])
    assert parse_checkpoint(case["text"]).size == 35_225_469


ROOT64 = encode_base64(bytes(32))
BAD_CHECKPOINTS = {
    "nothing": "",
    "two lines": "o\n1\n",
    "no last newline": f"o\n1\n{ROOT64}",
    "no origin": f"\n1\n{ROOT64}\n",
    "a leading zero": f"o\n01\n{ROOT64}\n",
    "a negative size": f"o\n-1\n{ROOT64}\n",
    "a plus": f"o\n+1\n{ROOT64}\n",
    "a space": f"o\n 1\n{ROOT64}\n",
    "an underscore": f"o\n1_0\n{ROOT64}\n",
    "digits of another script": f"o\n١\n{ROOT64}\n",
    "hex": f"o\n0x1\n{ROOT64}\n",
    "2^63": f"o\n{2**63}\n{ROOT64}\n",
    "no size": f"o\n\n{ROOT64}\n",
    "a root of 31 bytes": f"o\n1\n{encode_base64(bytes(31))}\n",
    "a root of 33 bytes": f"o\n1\n{encode_base64(bytes(33))}\n",
    "a root without padding": f"o\n1\n{ROOT64[:-1]}\n",
    "a root with spare bits": f"o\n1\n{ROOT64[:-2]}B=\n",
    "the empty tree with another root": f"o\n0\n{ROOT64}\n",
    "an extension line": f"o\n1\n{ROOT64}\nmore\n",
    "an empty extension line": f"o\n1\n{ROOT64}\n\n",
}


@pytest.mark.parametrize("text", BAD_CHECKPOINTS.values(), ids=BAD_CHECKPOINTS)
def test_a_checkpoint_of_another_form_is_refused(text: str) -> None:
    assert parse_checkpoint(f"o\n1\n{ROOT64}\n").size == 1
    with pytest.raises((BadCheckpoint, BadDecimal, BadBase64)):
        parse_checkpoint(text)


def test_a_log_signs_only_under_its_own_name() -> None:
    with pytest.raises(WrongOrigin):
        sign_checkpoint(Checkpoint(origin="other.example", size=0, root=EMPTY_ROOT), LOG)


# --- tlog-cosignature


def test_a_cosignature_says_the_time_and_signs_the_lines_of_the_specification() -> None:
    witness = WITNESSES[0]
    line = cosign(LOG_NOTE.text, witness, 1_679_315_147)
    assert verify_cosignature(LOG_NOTE.text, line, witness.verifier) == 1_679_315_147
    message = b"cosignature/v1\ntime 1679315147\n" + LOG_NOTE.text.encode()
    assert line.signature == (1_679_315_147).to_bytes(8, "big") + witness.private.sign(message)
    assert witness.verifier.key_id == VerifierKey(witness.name, COSIGNATURE, witness.private.public).key_id
    assert witness.verifier.key_id != VerifierKey(witness.name, ED25519, witness.private.public).key_id


def test_a_cosignature_of_another_time_text_length_or_key_is_refused() -> None:
    witness = WITNESSES[0]
    line = cosign(LOG_NOTE.text, witness, COSIGNED_AT)

    def with_signature(signature: bytes) -> NoteSignature:
        return NoteSignature(line.name, line.key_id, signature)

    plain = witness.private.sign(LOG_NOTE.text.encode())
    beyond = witness.private.sign(b"cosignature/v1\ntime %d\n" % 2**63 + LOG_NOTE.text.encode())
    for text, signature, key in (
        (LOG_NOTE.text.replace("5", "6", 1), line, witness.verifier),
        (LOG_NOTE.text, with_signature((COSIGNED_AT + 1).to_bytes(8, "big") + line.signature[8:]), witness.verifier),
        (LOG_NOTE.text, with_signature(line.signature[8:]), witness.verifier),
        (LOG_NOTE.text, with_signature(line.signature + b"\0"), witness.verifier),
        (LOG_NOTE.text, with_signature(line.signature[:7]), witness.verifier),
        (LOG_NOTE.text, with_signature(bytes(8) + plain), witness.verifier),
        (LOG_NOTE.text, with_signature((2**63).to_bytes(8, "big") + beyond), witness.verifier),
        (LOG_NOTE.text, line, WITNESSES[1].verifier),
    ):
        with pytest.raises(BadNoteSignature):
            verify_cosignature(text, signature, key)


def test_log_keys_do_not_cosign_and_witness_keys_do_not_sign_notes() -> None:
    with pytest.raises(BadNoteKey):
        cosign(LOG_NOTE.text, LOG, COSIGNED_AT)
    with pytest.raises(BadNoteKey):
        LOG_NOTE.sign(WITNESSES[0])
    with pytest.raises(BadNoteKey):
        verify_note(NOTE, [WITNESSES[0].verifier])
    with pytest.raises(BadNoteKey):
        verify_cosignature(NOTE.text, NOTE.signatures[0], LOG.verifier)
    for time in (-1, 2**63):
        with pytest.raises(BadCheckpoint):
            cosign(LOG_NOTE.text, WITNESSES[0], time)
    with pytest.raises(BadCheckpoint):
        cosign("not a checkpoint\n", WITNESSES[0], COSIGNED_AT)


# --- tlog-policy

V1, V2, V3 = (witness.verifier.encode() for witness in WITNESSES)
SAME_KEY_AS_LOG = SignerKey("witness.example/log", LOG.private, COSIGNATURE).verifier.encode()
SAME_KEY_AS_W1 = SignerKey("witness.example/other", WITNESSES[0].private, COSIGNATURE).verifier.encode()
HEAD = f"log {VKEY}\nwitness w1 {V1}\nwitness w2 {V2}\nwitness w3 {V3}\n"

GOOD_POLICIES: dict[str, tuple[str, list[set[int]], list[set[int]]]] = {
    "no witness needed": (HEAD + "quorum none\n", [set(), {1}], []),
    "no witness known": (f"log {VKEY}\nquorum none\n", [set()], []),
    "one witness": (HEAD + "quorum w2\n", [{2}, {1, 2}], [set(), {1}, {1, 3}]),
    "all": (HEAD + "group g all w1 w2 w3\nquorum g\n", [{1, 2, 3}], [{1, 2}, set()]),
    "any": (HEAD + "group g any w1 w2 w3\nquorum g\n", [{1}, {3}], [set()]),
    "two of three": (HEAD + "group g 2 w1 w2 w3\nquorum g\n", [{1, 3}, {1, 2, 3}], [{2}, set()]),
    "two levels": (HEAD + "group a 1 w1 w2\ngroup b all a w3\nquorum b\n", [{1, 3}, {2, 3}], [{1, 2}, {3}, set()]),
    "a group that is not the quorum": (HEAD + "group a all w1 w2\nquorum w3\n", [{3}], [{1, 2}]),
    "tabs, spaces, comments, URLs": (
        f"\t# c\xc3 \n \t\n log\t{VKEY}  https://log.example/\nwitness \tw1 {V1}\thttps://w.example/ \n quorum w1\t\n",
        [{1}],
        [set()],
    ),
    "witnesses after the quorum": (f"quorum none\nwitness w1 {V1}\nlog {VKEY}\n", [set()], []),
    "a group named like a keyword": (HEAD + "group all all w1\ngroup any 1 all\nquorum any\n", [{1}], [{2}]),
    "names outside ASCII": (f"log {VKEY}\nwitness \u212a {V1}\nwitness K {V2}\nquorum \u212a\n", [{1}], [{2}]),
    "no newline at the end": (HEAD + "quorum none", [set()], []),
}


@pytest.mark.parametrize(("text", "enough", "short"), GOOD_POLICIES.values(), ids=GOOD_POLICIES)
def test_a_policy_is_met_by_its_quorum_and_by_nothing_less(
    text: str, enough: list[set[int]], short: list[set[int]]
) -> None:
    policy = Policy.parse(text)
    for numbers in enough:
        note = WORLD.note(tuple(WITNESSES[n - 1] for n in sorted(numbers)))
        known = [
            WITNESSES[n - 1].name for n in sorted(numbers) if WITNESSES[n - 1].verifier in policy.witnesses.values()
        ]
        assert [name for name, _ in verify_checkpoint(note.encode(), policy).witnesses] == known
    for numbers in short:
        note = WORLD.note(tuple(WITNESSES[n - 1] for n in sorted(numbers)))
        with pytest.raises(QuorumMissing):
            verify_checkpoint(note.encode(), policy)


BAD_POLICIES: dict[str, str | bytes] = {
    "nothing": "",
    "no quorum": HEAD,
    "two quorums": HEAD + "quorum none\nquorum none\n",
    "an unknown quorum": HEAD + "quorum w4\n",
    "a quorum before its witness": f"log {VKEY}\nquorum w1\nwitness w1 {V1}\n",
    "a quorum of two names": HEAD + "quorum w1 w2\n",
    "a quorum without name": HEAD + "quorum\n",
    "an unknown keyword": HEAD + "mirror m\nquorum none\n",
    "a keyword in capitals": HEAD + "Quorum none\n",
    "a log without key": "log\nquorum none\n",
    "a log with two URLs": f"log {VKEY} a b\nquorum none\n",
    "a witness without name": f"witness {V1}\nquorum none\n",
    "a witness with two URLs": f"witness w1 {V1} a b\nquorum none\n",
    "the same log twice": f"log {VKEY}\nlog {VKEY}\nquorum none\n",
    "the same log key under two names": f"log {VKEY}\nlog {vkey(name='other.example')}\nquorum none\n",
    "the same witness key under two names": HEAD + f"witness w4 {SAME_KEY_AS_W1}\nquorum none\n",
    "one key as log and as witness": HEAD + f"witness w4 {SAME_KEY_AS_LOG}\nquorum none\n",
    "one key as witness and as log": f"witness w4 {SAME_KEY_AS_LOG}\nlog {VKEY}\nquorum none\n",
    "a log key of type 04": f"log {V1}\nquorum none\n",
    "a witness key of type 01": f"witness w1 {VKEY}\nquorum none\n",
    "a witness named none": f"witness none {V1}\nquorum none\n",
    "a group named none": HEAD + "group none any w1\nquorum none\n",
    "none as a member": HEAD + "group g any none\nquorum g\n",
    "two witnesses of one name": f"witness w1 {V1}\nwitness w1 {V2}\nquorum none\n",
    "a group named as a witness": HEAD + "group w1 any w2\nquorum none\n",
    "a witness named as a group": HEAD[: -len(f"witness w3 {V3}\n")] + f"group g any w1\nwitness g {V3}\nquorum none\n",
    "a group without members": HEAD + "group g any\nquorum g\n",
    "a group of itself": HEAD + "group g any g\nquorum g\n",
    "a member defined later": f"witness w1 {V1}\ngroup g any w1 w2\nwitness w2 {V2}\nquorum g\n",
    "a member twice in a group": HEAD + "group g 2 w1 w1\nquorum g\n",
    "a member in two groups": HEAD + "group a any w1 w2\ngroup b any w1 w3\nquorum b\n",
    "a group in two groups": HEAD + "group a any w1\ngroup b any a w2\ngroup c any a w3\nquorum c\n",
    "threshold 0": HEAD + "group g 0 w1 w2\nquorum g\n",
    "threshold 3 of 2": HEAD + "group g 3 w1 w2\nquorum g\n",
    "a negative threshold": HEAD + "group g -1 w1\nquorum g\n",
    "threshold 01": HEAD + "group g 01 w1\nquorum g\n",
    "threshold +1": HEAD + "group g +1 w1\nquorum g\n",
    "threshold in hex": HEAD + "group g 0x1 w1\nquorum g\n",
    "threshold in another script": HEAD + "group g ١ w1\nquorum g\n",
    "a threshold in capitals": HEAD + "group g ANY w1\nquorum g\n",
    "a carriage return": HEAD + "quorum none\r\n",
    "a NUL in a comment": "# \0\n" + HEAD + "quorum none\n",
    "a DEL in a comment": "# \x7f\n" + HEAD + "quorum none\n",
    "a vertical tab": HEAD + "quorum\vnone\n",
    "an ideographic space": HEAD + "quorum\u3000none\n",
    "a comment after a line": HEAD + "quorum none # yes\n",
    "a wrong key id": f"log {VKEY.replace(VKEY.split('+')[1], '00000000')}\nquorum none\n",
}


@pytest.mark.parametrize("text", BAD_POLICIES.values(), ids=BAD_POLICIES)
def test_a_policy_of_another_form_is_refused(text: str | bytes) -> None:
    with pytest.raises((BadPolicy, BadNoteKey)):
        Policy.parse(text)


def test_names_and_comments_of_a_policy_are_opaque_octets() -> None:
    text = b"# \xff\xfe\nwitness \xe2\x84 " + V1.encode() + b"\nwitness \xe2 " + V2.encode() + b"\nquorum \xe2\x84\n"
    policy = Policy.parse(text)
    assert policy.witnesses[policy.quorum].encode() == V1


def test_thirty_two_logs_witnesses_and_groups_are_supported() -> None:
    def key(name: str, kind: int) -> str:
        return SignerKey(f"{name}.example", private_key(name), kind).verifier.encode()

    lines = [f"log {key(f'log{n}', ED25519)}" for n in range(32)]
    lines += [f"witness w{n} {key(f'wit{n}', COSIGNATURE)}" for n in range(32)]
    lines += ["group g0 any w0"] + [f"group g{n} all g{n - 1} w{n}" for n in range(1, 32)]
    policy = Policy.parse("\n".join([*lines, "quorum g31", ""]))
    assert (len(policy.logs), len(policy.witnesses), len(policy.groups)) == (32, 32, 32)
    assert policy.is_met({f"w{n}" for n in range(32)})
    assert not policy.is_met({f"w{n}" for n in range(31)})


def test_a_checkpoint_names_its_level_of_trust() -> None:
    policy = a_policy(threshold="any")
    two = verify_checkpoint(WORLD.note(WITNESSES[:2]).encode(), policy)
    assert two.checkpoint == WORLD.checkpoint()
    assert two.witnesses == ((WITNESSES[0].name, COSIGNED_AT), (WITNESSES[1].name, COSIGNED_AT + 1))
    assert (two.level("en"), two.level("zh")) == ("witnessed 2 of 3", "经 3 个见证方中的 2 个见证")
    alone = verify_checkpoint(LOG_NOTE.encode(), a_policy(quorum="none"))
    assert (alone.level("en"), alone.level("zh")) == ("operator only", "仅由运营方自证")


def test_a_checkpoint_is_refused_unless_its_own_log_signed_it() -> None:
    policy = a_policy(quorum="none")
    other = SignerKey("other.example", private_key("other"))
    for note, reason in (
        (Note(LOG_NOTE.text, NOTE.signatures[1:]), NoteNotSigned),
        (Note(LOG_NOTE.text, ()).sign(other), NoteNotSigned),
        (sign_checkpoint(Checkpoint(origin="other.example", size=0, root=EMPTY_ROOT), other), WrongOrigin),
        (Note(LOG_NOTE.text.replace(ORIGIN, "other.example"), ()).sign(LOG), WrongOrigin),
    ):
        with pytest.raises(reason):
            verify_checkpoint(note.encode(), policy)
    empty = Policy.parse("quorum none\n")
    with pytest.raises(WrongOrigin):
        verify_checkpoint(LOG_NOTE.encode(), empty)


def test_a_bad_line_of_a_known_witness_rejects_the_note_and_two_good_ones_count_once() -> None:
    policy = a_policy(threshold="2")
    twice = WORLD.note((WITNESSES[0], WITNESSES[0]))
    with pytest.raises(QuorumMissing):
        verify_checkpoint(twice.encode(), policy)
    more = WORLD.note((WITNESSES[0], WITNESSES[0], WITNESSES[1]))
    assert verify_checkpoint(more.encode(), policy).witnesses[0] == (WITNESSES[0].name, COSIGNED_AT + 1)
    bad = NoteSignature(WITNESSES[2].name, WITNESSES[2].verifier.key_id, bytes(72))
    with pytest.raises(BadNoteSignature):
        verify_checkpoint(more.with_signature(bad).encode(), policy)


def test_every_refusal_of_a_note_is_a_named_failure_of_form_or_proof() -> None:
    raised: set[Any] = set()
    for text in BAD_NOTES.values():
        try:
            verify_checkpoint(text, a_policy())
        except (FormError, ProofError) as error:
            raised.add(type(error))
    assert raised == {BadNote, BadBase64}
    assert isinstance(PublicKey(PUBLIC), PublicKey)
    assert policy_text().endswith("quorum witnesses\n")
