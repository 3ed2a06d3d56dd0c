"""Who acts at this machine: a key folder a person, with its author chain and the signed bytes not yet answered.

What a crash means: a batch lies signed and synced in the outbox before anybody sees it, and the chain goes on from the
outbox's end; the next command sends those very bytes again and gets the stored answer. The chain file is written after
the answer, the batch deleted after that.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from cli import files
from ledger.errors import LedgerError
from ledger.exchange.author import AuthorChain, Signed
from ledger.log import statement
from ledger.log.checkpoint import parse_checkpoint
from ledger.log.keys import PrivateKey
from ledger.log.note import Note, VerifierKey
from ledger.log.statement import Seen
from ledger.log.tiles import ReadTile
from ledger.log.wire import decode_base64, encode_base64
from ledger.log.witness import NOTHING_SEEN, verify_newer
from ledger.service import Answer, SealedText, Submission


class NoSuchPerson(LedgerError):
    """The keyring holds no such person."""

    code = "no-such-person"
    zh = "密钥环中没有 {name}"
    en = "the keyring holds no {name}"


class PersonExists(LedgerError):
    """A person's key is never overwritten."""

    code = "person-exists"
    zh = "密钥环中已有 {name}"
    en = "the keyring already holds {name}"


class NotYetInLedger(LedgerError):
    """What was signed before could not be delivered, so nothing new is signed on top of it."""

    code = "outbox-stuck"
    zh = "{name} 先前签署的声明未被账本接收：{reason}"
    en = "the ledger does not take what {name} signed before: {reason}"


class KeyringDamaged(LedgerError):
    """A file of the keyring does not hold what was written into it."""

    code = "keyring-damaged"
    zh = "{file} 已损坏（{detail}）；请从备份恢复该文件，没有备份则吊销此密钥，另建新密钥"
    en = "{file} is damaged ({detail}); bring it back from a backup, or revoke this key and make a new one"


@dataclass(slots=True, kw_only=True)
class Member:
    """One person's key, chain and outbox; made by `member`, which holds its lock."""

    folder: Path
    stream: str
    regime: str
    log_key: str
    chain: AuthorChain
    note: bytes

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    def put(self, batch: Sequence[Submission]) -> None:
        """Keep what was just signed, durably, before anybody sees it."""
        if batch:
            self.keep(self.chain.seq - len(batch) + 1, lines(batch))

    def keep(self, first: int, written: bytes) -> None:
        """The same for `lines` of statements that begin with this seq."""
        files.write(self.outbox / f"{first:012d}.jsonl", written)

    def deliver(self, record: Callable[[Sequence[Submission]], list[Answer]]) -> list[Answer]:
        """Send everything in the outbox in order; the answers of the newest batch. Raises NotYetInLedger."""
        answers: list[Answer] = []
        for path in self._batches():
            batch = _batch(path)
            answers = record(batch)
            unwritten = [n for n, answer in enumerate(answers) if answer.outcome == "rejected"]
            if unwritten:
                # Nothing of these was written. Whether their places may be signed anew is known only of bad form.
                first = answers[unwritten[0]]
                if first.code in ("author-fork", "author-gap", "id-reused"):
                    raise NotYetInLedger(name=self.name, reason=first.code) from first.error
                self._settle(batch[: unwritten[0]])
            else:
                self._settle(batch)
            path.unlink()
        return answers

    def look(self, note: bytes, log_key: str, read_tile: ReadTile) -> None:
        """Adopt a newer checkpoint, once shown to extend the one seen before. The log's key is the one this device
        first met."""
        if note == self.note:
            return
        self.log_key = self.log_key or log_key
        newer = verify_newer(note, VerifierKey.parse(self.log_key), self.chain.seen, read_tile)
        self.note, self.chain.seen = note, Seen(size=newer.size, root=newer.root.hex())
        self._save(self.chain.seq, self.chain.prev)

    def _settle(self, batch: Sequence[Submission]) -> None:
        if batch:
            last = statement.parse(batch[-1].raw)
            seq, prev = last.seq, last.hash.hex()
        else:
            saved = _read(self.folder)
            seq, prev = saved["seq"], saved.get("prev", "")
        self._save(seq, prev)
        self.chain.seq, self.chain.prev = seq, prev or None

    def _save(self, seq: int, prev: str | None) -> None:
        saved = _read(self.folder) | {"seq": seq, "prev": prev, "note": self.note.decode(), "log_key": self.log_key}
        files.write(self.folder / "chain.json", _json(saved))

    def _batches(self) -> list[Path]:
        return sorted(self.outbox.glob("*.jsonl"))

    def _continue(self) -> None:
        """Go on from the outbox's end; a batch that the chain file has passed was answered before."""
        for path in self._batches():
            last = statement.parse(_batch(path)[-1].raw)
            if last.seq <= self.chain.seq:
                path.unlink()
            else:
                self.chain.seq, self.chain.prev = last.seq, last.hash.hex()


def names(people: Path) -> list[str]:
    """The people whose keys are here."""
    return sorted(path.parent.name for path in people.glob("*/chain.json"))


def create(
    people: Path, name: str, *, seed: bytes, ledger: str, party: str, person: str, stream: str, regime: str
) -> AuthorChain:
    """A new person's folder; raises PersonExists."""
    folder = people / name
    if folder.exists():
        raise PersonExists(name=name)
    (folder / "outbox").mkdir(parents=True, mode=0o700)
    files.write(folder / "key", (seed.hex() + "\n").encode())
    saved = {"ledger": ledger, "party": party, "person": person, "stream": stream, "regime": regime, "seq": 0}
    files.write(folder / "chain.json", _json(saved))
    return AuthorChain(key=PrivateKey(seed), ledger=ledger, party=party, person=person)


@contextmanager
def member(people: Path, name: str) -> Iterator[Member]:
    """The person `name` (a name in the keyring or a folder's path), alone: a second command with this key waits."""
    folder = Path(name) if os.sep in name else people / name
    if not (folder / "chain.json").exists():
        raise NoSuchPerson(name=name, expected=", ".join(names(people)) or "key new")
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        saved = _read(folder)
        note = saved.get("note", "").encode()
        seen = parse_checkpoint(Note.parse(note).text) if note else None
        with _intact(folder / "key"):
            key = PrivateKey(bytes.fromhex((folder / "key").read_text(encoding="utf-8")))
        made = Member(
            folder=folder,
            stream=saved["stream"],
            regime=saved["regime"],
            log_key=saved.get("log_key", ""),
            note=note,
            chain=AuthorChain(
                key=key,
                ledger=saved["ledger"],
                party=saved["party"],
                person=saved["person"],
                seq=saved["seq"],
                prev=saved.get("prev"),
                seen=NOTHING_SEEN if seen is None else Seen(size=seen.size, root=seen.root.hex()),
            ),
        )
        made._continue()
        yield made


def standing(people: Path, name: str) -> dict[str, Any]:
    """What the chain file of a person says: party, person, key stream, seq; raises NoSuchPerson."""
    if not (people / name / "chain.json").exists():
        raise NoSuchPerson(name=name, expected=", ".join(names(people)) or "key new")
    return _read(people / name)


def remembered(people: Path, party: str, name: str, fresh: str) -> str:
    """The id that stands for a name in a party's statements: the one given before, else `fresh`, kept from now on."""
    handlers = _handlers(people)
    own = handlers.setdefault(party, {})
    if name not in own:
        own[name] = fresh
        files.write(people / "handlers.json", _json(handlers))
    return own[name]


def persons(people: Path, name: str, party: str | None) -> list[str]:
    """The ids that stand for a name, in one party's statements or in anybody's."""
    return [own[name] for holder, own in _handlers(people).items() if name in own and party in (None, holder)]


def forget(people: Path, person: str) -> None:
    """Drop a person's name from the list of those named in statements."""
    handlers = _handlers(people)
    for own in handlers.values():
        for name in [name for name, id_ in own.items() if id_ == person]:
            del own[name]
    files.write(people / "handlers.json", _json(handlers))


def _handlers(people: Path) -> dict[str, dict[str, str]]:
    file = people / "handlers.json"
    if not file.exists():
        return {}
    with _intact(file):
        return {party: dict(own) for party, own in json.loads(file.read_text(encoding="utf-8")).items()}


# ---------------------------------------------------------------------------------------------- files


def line(submission: Submission) -> bytes:
    """A signed statement as one line of JSON: what `sign` writes and `record` reads."""
    document: dict[str, Any] = {
        "statement": submission.raw.decode(),
        "signature": encode_base64(submission.signature),
    }
    if submission.sealed:
        document["sealed"] = [
            {"path": each.path, "salt": each.salt.hex(), "value": each.value} for each in submission.sealed
        ]
    if submission.note:
        document["note"] = submission.note.decode()
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def lines(batch: Iterable[Submission]) -> bytes:
    """Signed statements as a file of the outbox."""
    return b"".join(map(line, batch))


def submissions(written: bytes) -> Iterator[Submission]:
    """The signed statements of such lines."""
    return (submission(orjson.loads(each)) for each in written.splitlines())


def submission(document: dict[str, Any]) -> Submission:
    """One such document as what the ledger takes."""
    return Submission(
        raw=document["statement"].encode(),
        signature=decode_base64(document["signature"], "signature"),
        sealed=tuple(
            SealedText(path=each["path"], salt=bytes.fromhex(each["salt"]), value=each["value"])
            for each in document.get("sealed", ())
        ),
        note=document["note"].encode() if "note" in document else None,
    )


def signed(made: Signed, sealed: tuple[SealedText, ...], note: bytes) -> Submission:
    """A statement with what travels beside it."""
    return Submission(raw=made.raw, signature=made.signature, sealed=sealed, note=note or None)


def _batch(path: Path) -> list[Submission]:
    with _intact(path):
        batch = list(submissions(path.read_bytes()))
        if not batch:
            raise ValueError("empty")
    return batch


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "chain.json"
    with _intact(path):
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        kept = {"prev": "", "note": "", "log_key": ""} | saved
        for name in ("ledger", "party", "person", "stream", "regime", "prev", "note", "log_key", "seq"):
            if type(kept[name]) is not (int if name == "seq" else str):
                raise ValueError(name)
    return saved


@contextmanager
def _intact(path: Path) -> Iterator[None]:
    """What goes wrong with a file's content is said with its name."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise KeyringDamaged(file=path, detail=str(error)[:200]) from error


def _json(document: dict[str, Any]) -> bytes:
    present = {name: value for name, value in document.items() if value not in (None, "")}
    return (json.dumps(present, ensure_ascii=False, indent=1) + "\n").encode()
