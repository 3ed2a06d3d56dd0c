"""What a device signs and verifies in the browser is byte for byte what the ledger's own code does."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from ledger.errors import LedgerError
from ledger.log.checkpoint import Policy
from ledger.log.proof import verify_receipt
from ledger.log.trust import Trust
from tests.support import hostile
from tests.support.repository import ROOT

VECTORS = ROOT / "fixtures" / "vectors"


def vectors(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def page(context: BrowserContext) -> Page:
    made = context.new_page()
    made.goto("/sign-in")
    return made


def in_browser(page: Page, script: str, argument: Any) -> Any:
    """The value of an async function's body, which is given `v` and `core(name)` to import a module."""
    return page.evaluate(
        "async (v) => { const core = (name) => import(`/static/core/${name}.js`); " + script + " }", argument
    )


def test_canonical_documents_have_the_same_bytes_and_others_are_refused(page: Page) -> None:
    found = vectors("canonical")
    made = in_browser(
        page,
        """const { encode, decode } = await core("canonical"), { hex, unhex, utf8 } = await core("bytes");
        return {
          encoded: v.accepted.map((each) => hex(utf8(encode(decode(unhex(each.hex)))))),
          refused: v.refused.map((each) => { try { decode(unhex(each.hex)); return each.hex; } catch { return ""; } }),
        };""",
        found,
    )
    assert made["encoded"] == [each["hex"] for each in found["accepted"]]
    assert [each for each in made["refused"] if each] == []


def test_statements_are_rebuilt_hashed_and_verified_alike(page: Page) -> None:
    keys = {key["key"]: key["public_key"] for key in vectors("keys")["keys"].values()}
    for found in vectors("statements"):
        made = in_browser(
            page,
            """const { build, hashOf, message } = await core("statement"), s = JSON.parse(v.found.raw);
            const { verify } = await core("keys"), { unbase64 } = await core("bytes");
            const chain = { origin: s.ledger, party: s.party, person: s.by, hash: s.key, seq: s.seq - 1,
              prev: s.prev ?? null, seen: s.seen };
            await verify(v.keys[s.key], unbase64(v.found.signature), message(v.found.raw));
            return { raw: build(chain, s), hash: await hashOf(v.found.raw) };""",
            {"found": found, "keys": keys},
        )
        assert made == {"raw": found["raw"], "hash": found["hash"]}


def test_the_objects_of_an_event_are_those_that_its_class_names(page: Page) -> None:
    found = {name: json.loads(each["raw"]) for name, each in vectors("events").items()}
    made = in_browser(
        page,
        """const { ABOUT, about } = await core("about");
        const said = (type) => about(type, v[type].body, v[type].party);
        return Object.fromEntries(Object.keys(ABOUT).map((type) => [type, said(type)]));""",
        found,
    )
    assert made and made == {name: found[name]["about"] for name in made}


def test_receipts_verify_and_one_changed_letter_anywhere_does_not(page: Page) -> None:
    found = vectors("receipts")
    trust = found["trust"] if isinstance(found["trust"], dict) else json.loads(found["trust"])
    script = """const { verifyReceipt } = await core("receipt");
        try { const made = await verifyReceipt(v.receipt, v.policy, v.trust); return made.index; }
        catch (error) { return `refused: ${error.message}`; }"""
    given = {"receipt": found["receipt"], "policy": found["policy"], "trust": trust}
    assert isinstance(in_browser(page, script, given), int)
    receipt: str = found["receipt"]
    for at in range(30, len(receipt) - 1, 97):
        letter = "B" if receipt[at] == "A" else "A"
        changed = receipt[:at] + letter + receipt[at + 1 :]
        answer = in_browser(page, script, given | {"receipt": changed})
        unknown_witness = "witness" in receipt[max(0, at - 110) : at + 110]
        assert str(answer).startswith("refused") or unknown_witness, f"a receipt changed at {at} was taken"


def test_what_an_operator_signs_out_of_form_is_refused_here_as_by_the_command(page: Page) -> None:
    script = """const { verifyReceipt } = await core("receipt");
        const made = [];
        for (const { name, receipt, policy } of v.cases) {
          try { await verifyReceipt(receipt, policy, v.trust); made.push(name); } catch { }
        }
        return made;"""

    def proven(case: hostile.Case) -> bool:
        try:
            verify_receipt(case.receipt, Policy.parse(case.policy), Trust(**hostile.TRUST))
        except LedgerError:
            return False
        return True

    lies, sound = list(hostile.cases()), hostile.sound()
    given = {"cases": [asdict(case) for case in (*lies, *sound)], "trust": hostile.TRUST}
    assert [case.name for case in (*lies, *sound) if proven(case)] == [case.name for case in sound]
    assert in_browser(page, script, given) == [case.name for case in sound]


def test_label_codes_are_read_and_judged_alike(page: Page) -> None:
    found = vectors("label_codes")
    keys = sorted({each["public_key"] for each in found["genuine"]})
    script = """const { parseLabel, verifyLabel } = await core("label");
        return Promise.all(v.links.map(async (link) => {
          try { const code = await parseLabel(link); if (!code) return "no-label-code";
            await verifyLabel(code, v.ledger, v.keys); return [code.label, code.container]; }
          catch (error) { return error.message; } }));"""
    given = {"ledger": found["ledger"], "keys": keys}
    genuine = in_browser(page, script, given | {"links": [each["link"] for each in found["genuine"]]})
    assert genuine == [[each["label"], each["container"]] for each in found["genuine"]]
    refused = in_browser(page, script, given | {"links": [each["link"] for each in found["refused"]]})
    words = {"label-code-mistyped": "mistyped", "label-key-unknown": "forged", "label-forged": "forged"}
    assert refused == [words.get(each["code"], each["code"]) for each in found["refused"]]


def test_proofs_of_the_tree_vectors_hold_in_the_browser(page: Page) -> None:
    leaves = [f"{n:02x}" for n in range(11)]
    made = in_browser(
        page,
        """const { leafHash, nodeHash } = await core("hashing"), { unhex, hex } = await core("bytes");
        const { consistencyProof, verifyConsistency } = await core("merkle");
        const hashes = await Promise.all(v.map((each) => leafHash(unhex(each))));
        const node = async (level, index) => level === 0 ? hashes[index]
          : nodeHash(await node(level - 1, 2 * index), await node(level - 1, 2 * index + 1));
        const root = async (first, last) => { const n = last - first; if (n === 1) return hashes[first];
          let k = 1; while (k * 2 < n) k *= 2;
          return nodeHash(await root(first, first + k), await root(first + k, last)); };
        const faults = [];
        for (let m = 1; m <= v.length; m++) for (let n = m; n <= v.length; n++) {
          const proof = m === n ? [] : await consistencyProof(m, n, node);
          const [r1, r2] = [await root(0, m), await root(0, n)];
          try { await verifyConsistency(m, n, r1, r2, proof); } catch (error) { faults.push(`${m} ${n} ${error}`); }
          const wrong = r1.slice(); wrong[0] ^= 1;
          try { await verifyConsistency(m, n, wrong, r2, proof); faults.push(`${m} ${n} took a wrong root`); } catch {}
        }
        return { faults, root: hex(await root(0, v.length)) };""",
        leaves,
    )
    assert made["faults"] == []
