"""A label's code is told genuine, forged or mistyped without any network."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.labels import code
from tests.support import log_world as world
from tests.support.labels import KEY
from tests.support.vectors import FOLDER

LABEL, CONTAINER = world.stream("label", 1), world.stream("container", 2)
BASE = code.link_base(world.ORIGIN)
BOUND = code.issue(label=LABEL, container=CONTAINER, origin=world.ORIGIN, key=KEY)
BLANK = code.issue(label=LABEL, origin=world.ORIGIN, key=KEY)


@pytest.mark.parametrize("issued", [BOUND, BLANK], ids=["bound", "blank"])
def test_a_link_says_what_was_issued_and_by_which_key(issued: code.LabelCode) -> None:
    found, key = code.verify_label(issued.link(BASE), origin=world.ORIGIN, keys=[world.AUTHOR.public, KEY.public])
    assert (found, key) == (issued, KEY.public)


@pytest.mark.parametrize(
    "change", [str.lower, lambda t: f" {t}\n", lambda t: t.rpartition("/")[2], lambda t: t[:60] + " " + t[60:]]
)
def test_case_blanks_and_a_missing_head_do_not_matter(change: object) -> None:
    text = change(BOUND.link(BASE))  # type: ignore[operator]
    assert code.verify_label(text, origin=world.ORIGIN, keys=[KEY.public])[0] == BOUND


def test_a_link_fits_the_alphanumeric_mode_of_a_qr_code() -> None:
    assert set(BOUND.link(BASE)) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert (len(BOUND.text), len(BLANK.text)) == (167, 141)


@settings(max_examples=100)
@given(at=st.integers(0, 166), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_one_wrong_character_is_called_mistyped_never_forged(at: int, letter: str) -> None:
    text = BOUND.text[:at] + letter + BOUND.text[at + 1 :]
    if text == BOUND.text:
        return
    with pytest.raises(code.LabelCodeMistyped):
        code.verify_label(BASE + text, origin=world.ORIGIN, keys=[KEY.public])


@pytest.mark.parametrize(
    "text", [BASE + BOUND.text[:-1], BASE + BOUND.text + "A", BASE + BOUND.text.replace("A", "0", 1), BASE]
)
def test_a_code_cut_or_with_strange_characters_is_called_mistyped(text: str) -> None:
    with pytest.raises(code.LabelCodeMistyped):
        code.parse(text)


@pytest.mark.parametrize("text", ["", "drum-1", "https://example.com/", "91150600MA0EXAMP0W9002140820260301001"])
def test_what_is_not_ours_is_called_so(text: str) -> None:
    with pytest.raises(code.NoLabelCode):
        code.parse(text)


def forged(**changes: object) -> str:
    fields: dict[str, Any] = {name: getattr(BOUND, name) for name in ("label", "container", "key_id", "signature")}
    return code.LabelCode(**fields | changes).link(BASE)


@pytest.mark.parametrize(
    "text",
    [
        forged(container=world.stream("container", 3)),
        forged(label=world.stream("label", 3)),
        forged(container=""),
        forged(signature=BLANK.signature),
        forged(signature=bytes(64)),
    ],
    ids=["other container", "other label", "made blank", "signature of another", "no signature"],
)
def test_a_changed_label_with_right_check_characters_is_called_forged(text: str) -> None:
    with pytest.raises(code.LabelForged):
        code.verify_label(text, origin=world.ORIGIN, keys=[KEY.public])


def test_a_label_of_another_ledger_is_called_forged() -> None:
    with pytest.raises(code.LabelForged):
        code.verify_label(BOUND.link(BASE), origin="ledger.example/other", keys=[KEY.public])


def test_a_label_of_a_key_that_the_ledger_does_not_certify_is_named_with_that_key() -> None:
    with pytest.raises(code.LabelKeyUnknown) as refused:
        code.verify_label(BOUND.link(BASE), origin=world.ORIGIN, keys=[world.AUTHOR.public])
    assert KEY.public.hash.hex()[:8] in refused.value.says("en")


@pytest.mark.parametrize("ids", [{"label": CONTAINER}, {"label": LABEL, "container": LABEL}, {"label": "label:1"}])
def test_only_labels_and_containers_get_a_code(ids: dict[str, str]) -> None:
    with pytest.raises(code.LabelIdForm):
        code.issue(**ids, origin=world.ORIGIN, key=KEY)


def test_the_published_vector_is_verified_by_other_code_than_ours() -> None:
    for each in json.loads((FOLDER / "label_codes.json").read_text())["genuine"]:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(each["public_key"]))
        key.verify(bytes.fromhex(each["signature"]), each["message"].encode())
        assert code.parse(each["link"]).signature.hex() == each["signature"]
