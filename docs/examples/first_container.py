"""Signs that a drum was filled, sends it, waits for the receipt. Run as: first_container.py KEY.pem SITE"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def ask(path: str, body: bytes | None = None, again: tuple[int, ...] = ()) -> str:
    """What the server says; asked again while its status is one of these."""
    head = {"Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/json"}
    while True:
        try:
            answer = urllib.request.urlopen(urllib.request.Request(os.environ["BASE"] + path, body, head))
        except urllib.error.HTTPError as refused:
            answer = refused
        told = str(answer.read(), "utf-8")
        if answer.status not in again:
            return told if answer.status < 300 else sys.exit(told)
        time.sleep(0.5)


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def uuid7() -> str:
    chance = int.from_bytes(os.urandom(10), "big") & ~(15 << 76 | 3 << 62)
    return str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | 2 << 62 | chance))


key, site = load_pem_private_key(Path(sys.argv[1]).read_bytes(), None), sys.argv[2]
assert isinstance(key, Ed25519PrivateKey)
kept = Path(sys.argv[1]).with_suffix(".json")  # the end of my chain, and what was signed last
chain = json.loads(kept.read_text()) if kept.exists() else {"seq": 0, "answered": True}
if chain["answered"]:
    hashed = sha256(key.public_key().public_bytes_raw()).hexdigest()
    me = next(each for each in json.loads(ask("/v1/keys"))["items"] if each["hash"] == hashed)
    party = json.loads(ask("/v1/session"))["party"]
    log, size, root = ask("/checkpoint.unwitnessed").split("\n")[:3]
    container, now = f"container:{uuid7()}", datetime.now(UTC).isoformat(timespec="milliseconds")
    body = {"container": container, "place": {"party": party, "site": site}, "kind": "package", "code": "900-214-08"}
    body |= {"name": "废机油", "mass": {"basis": "weighed", "net_g": 182_000}}
    said = {"v": 1, "ledger": log, "type": "container-filled", "id": uuid7(), "party": party, "by": me["person"]}
    said |= {"key": hashed, "seq": chain["seq"] + 1, "at": now.replace("+00:00", "Z"), "body": body}
    said |= {"seen": {"size": int(size), "root": b64decode(root).hex()}, "about": sorted([container, site])}
    said |= {"prev": chain["prev"]} if chain["seq"] else {}
    message = b"wasteledger/statement/v1\n" + canonical(said)
    signed = {"statement": canonical(said).decode(), "signature": b64encode(key.sign(message)).decode()}
    chain = {"seq": said["seq"], "prev": sha256(message).hexdigest(), "id": said["id"], "about": container}
    chain |= {"signed": signed, "answered": False}
    kept.write_text(json.dumps(chain))  # before it is sent: after a cut the very same bytes go again
ask("/v1/statements", canonical(chain["signed"]), again=(503,))
kept.write_text(json.dumps(chain | {"answered": True}))
kept.with_suffix(".receipt").write_text(ask(f"/v1/receipts/{chain['id']}", again=(202,)))
print(ask(f"/v1/containers/{chain['about']}", again=(404,)))
