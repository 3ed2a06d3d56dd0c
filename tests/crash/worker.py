"""The process that is killed: records what lies in a folder, sequences, signs, and says each thing once it is done."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from ledger.bootstrap import clock
from ledger.log.keys import PrivateKey
from ledger.log.note import SignerKey
from ledger.service import Keys, Ledger, Submission
from ledger.store.database import open_engine


def main(folder: Path, turns: str) -> None:
    plan = json.loads((folder / "plan.json").read_text())
    ledger = opened(plan)
    submissions = [Submission(raw=raw.encode(), signature=bytes.fromhex(hex_)) for raw, hex_ in plan["submissions"]]
    batches = [submissions[start : start + plan["batch"]] for start in range(0, len(submissions), plan["batch"])]
    tell({"ready": os.getpid()})
    if turns == "in-turn":
        for batch in batches:
            record(ledger, batch)
            publish(ledger)
    else:
        threading.Thread(target=publish_for_ever, args=(ledger,), daemon=True).start()
        for batch in batches:
            record(ledger, batch)
    tell({"end": True})


def opened(plan: dict[str, Any]) -> Ledger:
    keys = plan["keys"]
    return Ledger(
        engine=open_engine(plan["url"]),
        keys=Keys(
            log=SignerKey.parse(keys["log"]),
            promise=PrivateKey(bytes.fromhex(keys["promise"])),
            system=PrivateKey(bytes.fromhex(keys["system"])),
            kek=bytes.fromhex(keys["kek"]),
        ),
        signer_state=Path(plan["signer_state"]),
        clock=clock,
        chance=os.urandom,
    )


def record(ledger: Ledger, batch: list[Submission]) -> None:
    for answer in ledger.record(batch):
        assert answer.outcome in ("recorded", "quarantined"), answer
        entry = None if answer.entry is None else answer.entry.hex()
        tell({"statement": answer.statement, "entry": entry})


def publish(ledger: Ledger) -> None:
    ledger.sequence()
    head = ledger.sign()
    if head is not None:
        tell({"size": head.size, "root": head.root.hex()})


def publish_for_ever(ledger: Ledger) -> None:
    while True:
        publish(ledger)


def tell(what: dict[str, Any]) -> None:
    # One write: what this process says last is whole, or was never said.
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
