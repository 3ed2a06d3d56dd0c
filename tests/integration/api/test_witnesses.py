"""Witnesses over HTTP: a checkpoint waits for the policy's quorum, and a witness's line is brought by who mirrors."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.log.checkpoint import Policy, cosign, parse_checkpoint, verify_checkpoint
from ledger.log.keys import PrivateKey
from ledger.log.note import COSIGNATURE, Note, SignerKey
from ledger.service import Ledger
from tests.support.api_world import ApiWorld


@pytest.fixture
def witness(api: ApiWorld) -> SignerKey:
    return SignerKey("witness.example", PrivateKey(api.world.chance.randbytes(32)), COSIGNATURE)


@pytest.fixture
def policy(api: ApiWorld, witness: SignerKey) -> Policy:
    """The app's ledger opened again with a policy that names the witness."""
    world = api.world
    text = f"log {world.ledger.opened.log_key}\nwitness w {witness.verifier.encode()}\nquorum w\n"
    api.app.extensions["ledger"] = Ledger(
        engine=world.ledger.engine,
        keys=world.keys,
        signer_state=world.signer_state,
        clock=world.clock,
        chance=world.chance.randbytes,
        policy=Policy.parse(text),
    )
    return Policy.parse(text)


def brought(api: ApiWorld, name: str, size: int, line: str) -> Any:
    headers = {"Authorization": f"Bearer {api.token[name]}"}
    return api.client().post("/v1/cosignatures", json={"size": size, "line": line.rstrip("\n")}, headers=headers)


def test_a_checkpoint_and_receipts_wait_for_the_witness(api: ApiWorld, policy: Policy, witness: SignerKey) -> None:
    api.drum()
    note = Note.parse(api.get("/checkpoint.unwitnessed").data)
    size = parse_checkpoint(note.text).size
    id_ = api.get("/v1/changes", "shop").json["items"][-1]["id"]
    assert api.get("/checkpoint").status_code == 404
    assert api.get(f"/v1/receipts/{id_}", "shop").status_code == 202
    line = cosign(note.text, witness, 1_760_000_000).line()
    api.drum()  # the log goes on while the witness is on its way
    assert brought(api, "shop", size, line).status_code == 403
    answer = brought(api, "mirror", size, line)
    assert (answer.status_code, answer.json) == (201, {"time": 1_760_000_000})
    assert verify_checkpoint(api.get("/checkpoint").data, policy).level() == "witnessed 1 of 1"
    assert api.get(f"/v1/receipts/{id_}", "shop").status_code == 200


def test_a_line_that_fits_nothing_is_not_kept(api: ApiWorld, policy: Policy, witness: SignerKey) -> None:
    note = Note.parse(api.get("/checkpoint.unwitnessed").data)
    size = parse_checkpoint(note.text).size
    stranger = SignerKey("stranger.example", PrivateKey(api.world.chance.randbytes(32)), COSIGNATURE)
    other = note.text.replace(str(size), str(size + 1))
    refused = [
        brought(api, "mirror", size, cosign(note.text, stranger, 1_760_000_000).line()),
        brought(api, "mirror", size + 1, cosign(note.text, witness, 1_760_000_000).line()),
        brought(api, "mirror", size, cosign(other, witness, 1_760_000_000).line()),
        brought(api, "mirror", size, "not a line"),
    ]
    assert [each.status_code for each in refused] == [404, 404, 422, 400]
    assert api.get("/checkpoint").status_code == 404
