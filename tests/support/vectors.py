"""Writes the golden vectors into fixtures/vectors: `python -m tests.support.vectors`; never edited by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ledger.custody.events import about_of, parse
from ledger.custody.regimes import regime
from ledger.labels import code
from ledger.log import canonical, hashing, heads, ids, keys, promise, statement
from ledger.log.heads import Head
from ledger.log.proof import verify_receipt
from ledger.log.tiles import TileReader
from ledger.log.wire import encode_base64
from tests.support import log_world as world
from tests.support.examples import examples
from tests.support.repository import ROOT

FOLDER = ROOT / "fixtures" / "vectors"


def canonical_documents() -> Any:
    """Bytes in hex, because most of the refused ones are no text."""
    accepted = [
        b"{}",
        b'{"a":9007199254740991,"b":-9007199254740991,"c":[],"d":{},"e":true}',
        b'{"a":"\\b\\t\\n\\f\\r\\u000b\\"\\\\/"}',
        '{"code":"900-214-08","name":"废矿物油"}'.encode(),
        '{"a":"\\b\u0307"}'.encode(),
    ]
    refused = [
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":null}',
        b'{"a":9007199254740992}',
        '{"a":"A\u030a"}'.encode(),
        b'{"a":"\\ud800"}',
        '{"a":"\u202e"}'.encode(),
        '{"a":"\u200b"}'.encode(),
        b'{"A":1}',
        b'{"a":"\xff"}',
        b"[]",
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"a":"\\u0061"}',
        b'{"a":-0}',
        b'{"a":01}',
    ]
    return {
        "accepted": [{"hex": raw.hex(), "value": canonical.decode(raw, limit=10_000)} for raw in accepted],
        "refused": [{"hex": raw.hex(), "code": reason(raw)} for raw in refused],
    }


def reason(raw: bytes) -> str:
    """The code of the refusal of `raw`."""
    try:
        canonical.decode(raw, limit=10_000)
    except canonical.CanonicalError as error:
        return error.code
    raise AssertionError(f"expected {raw!r} to be refused")


def key_rules() -> Any:
    """Seeds to keys, and the encodings that every verifier must refuse."""
    named = {name: world.private_key(name) for name in ("author", "system", "log")}
    small = sorted(raw.hex() for raw in keys._SMALL_ORDER)
    return {
        "keys": {
            name: {"seed": key.seed.hex(), "public_key": key.public.raw.hex(), "key": key.public.hash.hex()}
            for name, key in named.items()
        },
        "refused_as_key_and_as_r": small,
        "possession": {
            "message": keys.possession_message(
                world.ORIGIN, world.stream("key", 6), world.PARTY, world.PERSON, world.AUTHOR.public.raw.hex()
            ).decode()
        },
    }


def statements() -> Any:
    """One author's chain after the genesis: exact bytes, hashes and signatures."""
    park = world.a_world()
    return [
        {
            "raw": raw.decode(),
            "hash": statement.statement_hash(raw).hex(),
            "signature": encode_base64(statement.sign(raw, world.SYSTEM if index == 0 else world.AUTHOR)),
            "entry": park.entries[index].decode(),
            "leaf_hash": hashing.leaf_hash(park.entries[index]).hex(),
        }
        for index, raw in enumerate(park.statements)
    ]


def events() -> Any:
    """A signed statement of every event type: no format that was ever published changes."""
    made = {}
    for number, (type_, body) in enumerate(examples().items(), 100):
        event = parse(type_, body, regime("cn.1"))
        about = tuple(about_of(event, world.PARTY))
        raw = world.a_statement(id=world.uuid7(number), type=type_, about=about, body=body)
        signature = encode_base64(statement.sign(raw, world.AUTHOR))
        made[type_] = {"raw": raw.decode(), "hash": statement.statement_hash(raw).hex(), "signature": signature}
    return made


def tree() -> Any:
    """Roots and proofs over the leaves "0", "1", …"""
    park = world.World()
    roots = [park.frontier.root().hex()]
    for number in range(9):
        park.add(b"", str(number).encode())
        roots.append(park.frontier.root().hex())
    reader = TileReader(park.read_tile, 9)
    return {
        "roots_by_size": roots,
        "inclusion_in_9": [[each.hex() for each in reader.inclusion(index)] for index in range(9)],
        "consistency_to_9": {str(old): [each.hex() for each in reader.consistency(old)] for old in range(1, 10)},
        "frontier_of_9": park.frontier.to_bytes().hex(),
    }


def receipts() -> Any:
    """A receipt with the two pinned files, and what it says."""
    park = world.a_world()
    text = park.receipt(2)
    read = verify_receipt(text, world.a_policy(), park.trust)
    return {
        "policy": world.policy_text(),
        "trust": park.trust.format().decode(),
        "receipt": text,
        "checkpoint_note": park.note().encode().decode(),
        "log_signer": world.LOG.encode(),
        "level": {"en": read.level, "zh": read.level_zh},
        "says": {"en": read.says("en"), "zh": read.says("zh")},
    }


def small_forms() -> Any:
    """Promise, sealed commitment, uuid7 and head snapshot."""
    raw = promise.build(
        ledger=world.ORIGIN,
        statement="cd" * 32,
        received_at="2026-02-25T06:13:21.000Z",
        deadline="2026-02-26T06:13:21.000Z",
    )
    held = [Head(stream=world.stream("container", n), seq=n + 1, leaf="ab" * 32) for n in range(3)]
    salt = bytes(range(32))
    return {
        "promise": {"raw": raw.decode(), "signature": encode_base64(promise.sign(raw, world.SYSTEM))},
        "seal": {
            "salt": salt.hex(),
            "path": "driver.name",
            "value": "张三",
            "sealed": hashing.seal_commitment(salt, "driver.name", "张三"),
        },
        "uuid7": {
            "unix_ms": world.START_MS,
            "random10": bytes(range(10)).hex(),
            "uuid7": ids.new_uuid7(world.START_MS, bytes(range(10))),
        },
        "heads": {
            "heads": [{"leaf": head.leaf, "seq": head.seq, "stream": head.stream} for head in held],
            "root": heads.snapshot_root(held).hex(),
        },
    }


def label_codes() -> Any:
    """A container's label and a blank one, what was signed, and codes that must be refused with that key alone."""
    key, label = world.private_key("label"), world.stream("label", 1)
    genuine = []
    for container in (world.stream("container", 2), ""):
        made = code.issue(label=label, container=container, origin=world.ORIGIN, key=key)
        genuine.append(
            {
                "public_key": key.public.raw.hex(),
                "label": label,
                "container": container,
                "message": code.message(label, container, world.ORIGIN).decode(),
                "signature": made.signature.hex(),
                "link": made.link(code.link_base(world.ORIGIN)),
            }
        )
    stranger = code.issue(label=label, origin=world.ORIGIN, key=world.AUTHOR)
    forged = replace(stranger, key_id=key.public.hash[:4])
    mistyped = genuine[1]["link"][:-1] + ("A" if genuine[1]["link"][-1] != "A" else "B")
    return {
        "ledger": world.ORIGIN,
        "genuine": genuine,
        "refused": [
            {"link": stranger.link(code.link_base(world.ORIGIN)), "code": "label-key-unknown"},
            {"link": forged.link(code.link_base(world.ORIGIN)), "code": "label-forged"},
            {"link": mistyped, "code": "label-code-mistyped"},
        ],
    }


VECTORS: dict[str, Callable[[], Any]] = {
    "canonical": canonical_documents,
    "keys": key_rules,
    "statements": statements,
    "events": events,
    "tree": tree,
    "receipts": receipts,
    "small_forms": small_forms,
    "label_codes": label_codes,
}


def written(name: str) -> str:
    """The text that the vector file `name` must have."""
    return json.dumps(VECTORS[name](), ensure_ascii=True, indent=1, sort_keys=True) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in VECTORS:
        (FOLDER / f"{name}.json").write_text(written(name), encoding="ascii")
        print(f"fixtures/vectors/{name}.json")


if __name__ == "__main__":
    main()
