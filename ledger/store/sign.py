"""Signs tree heads, and never two that contradict each other.

Invariant: whatever is signed extends what the high-water file says, and the file says so before the signature exists.
The file lies outside the data directory, so that restoring a backup of the ledger does not restore it too. A crash
between file and row leaves a size that is signed again, with the same root, by the next run.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, func, select

from ledger.errors import LedgerError, ProofError
from ledger.log.checkpoint import Checkpoint, WrongOrigin, parse_checkpoint, sign_checkpoint
from ledger.log.hashing import leaf_hash
from ledger.log.merkle import Frontier
from ledger.log.note import Note, SignerKey, verify_note
from ledger.log.statement import statement_hash
from ledger.store.failpoints import hit
from ledger.store.moments import Clock, moment
from ledger.store.rows import open_rows
from ledger.store.tables import checkpoint, leaf, log_state, statement

_BATCH: Final = 2_000


class SignerRefused(ProofError):
    """Signing would contradict what was signed before."""

    code = "signer-refused"
    zh = "签名器拒绝签名：{detail}"
    en = "the signer refuses: {detail}"


class HighWaterDamaged(SignerRefused):
    """The file that says how far the checkpoints went does not hold what was written into it."""

    code = "high-water-damaged"
    zh = (
        "签名器的高水位文件 {path} 已损坏；请移走它，从见证方、镜像或纸质单据取得最新检查点，再执行 signer adopt --note"
    )
    en = (
        "the signer's high-water file {path} is damaged; move it away, then take the newest checkpoint from a witness,"
        " a mirror or a paper and run signer adopt --note"
    )


class HighWaterMissing(SignerRefused):
    """Checkpoints exist, and the file that says how far they went does not."""

    code = "high-water-missing"
    zh = (
        "缺少签名器的高水位文件 {path}，而本账本已签过检查点；"
        "请从见证方、镜像或纸质单据取得最新检查点后执行 signer adopt --note"
    )
    en = (
        "the signer's high-water file {path} is missing although checkpoints were signed; get the newest one from a"
        " witness, a mirror or a paper and run `signer adopt --note FILE`"
    )


class LogShrank(SignerRefused):
    """The log is smaller than what was signed: truncated, or an old backup."""

    code = "log-shrank"
    zh = (
        "日志比已签名的更小（被截断或恢复了旧备份）；请停止服务，用 wasteledger restore --from-mirror"
        " 从镜像恢复缺失条目，或改用更新的备份"
    )
    en = (
        "the log is smaller than what was already signed (truncated, or an old backup); stop the server and bring the"
        " missing entries back with `wasteledger restore --from-mirror PLACE`, or use a newer backup"
    )


class LogChanged(SignerRefused):
    """Stored bytes do not give the root that they must give."""

    code = "log-changed"
    zh = "存储内容与应有的树根不符（索引 {index}，列 {column}）"
    en = "stored bytes do not lead to the root they must lead to (index {index}, column {column})"


class SignerBusy(LedgerError):
    """Another signer holds the lock of this log key."""

    code = "signer-busy"
    zh = "另一个签名器正在使用 {path}"
    en = "another signer is using {path}"


@dataclass(frozen=True, slots=True)
class HighWater:
    """How far this log key has signed."""

    frontier: Frontier

    @property
    def size(self) -> int:
        return self.frontier.size

    @property
    def root(self) -> bytes:
        return self.frontier.root()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One log key, its high-water file and the database it reads."""

    engine: Engine
    key: SignerKey
    state: Path
    clock: Clock

    def sign(self) -> Checkpoint | None:
        """Sign the log as it is, if it grew; None when there is nothing new. Raises SignerRefused."""
        with self._alone():
            with self.engine.connect() as connection:
                newest = connection.execute(select(checkpoint).order_by(checkpoint.c.size.desc()).limit(1)).first()
                high = self._high_water(signed_before=newest is not None)
                found = connection.execute(select(log_state.c.size, log_state.c.root)).first()
                if found is None:
                    return None
                size, root = found
                if newest is not None and newest.size > high.size:
                    raise LogChanged(index=newest.size, column="checkpoint.size", expected=high.size, got=newest.size)
                if size < high.size:
                    raise LogShrank(expected=f"at least {high.size}", got=size)
                frontier = self._recomputed(connection, high.frontier, size)
            if frontier.root() != root:
                raise LogChanged(index=size, column="log_state.root", expected=frontier.root().hex(), got=root.hex())
            if newest is not None and newest.size == size:
                if newest.root != root:
                    raise LogChanged(index=size, column="checkpoint.root", expected=root.hex(), got=newest.root.hex())
                return None
            self._remember(frontier)
            head = Checkpoint(origin=self.key.name, size=size, root=root)
            self._publish([head])
            return head

    def adopt(self, raw: bytes) -> Checkpoint:
        """Take a signed note from outside as the high-water mark, once the stored bytes are shown to lead to it."""
        note = Note.parse(raw)
        outside = parse_checkpoint(verify_note(note, [self.key.verifier]).text)
        if outside.origin != self.key.name:
            raise WrongOrigin(expected=self.key.name, got=outside.origin)
        with self._alone(), self.engine.connect() as connection:
            newest = connection.execute(select(checkpoint).order_by(checkpoint.c.size.desc()).limit(1)).first()
            high = self._read() or HighWater(Frontier())
            marks = {outside.size: outside.root}
            if newest is not None:
                marks.setdefault(newest.size, newest.root)
            if high.size:
                marks.setdefault(high.size, high.root)
            size = connection.execute(select(log_state.c.size)).scalar() or 0
            frontier = Frontier()
            for mark in sorted(marks):
                if mark > size:
                    raise LogShrank(expected=f"at least {mark}", got=size)
                frontier = self._recomputed(connection, frontier, mark)
                if frontier.root() != marks[mark]:
                    raise LogChanged(
                        index=mark, column="statement.entry", expected=marks[mark].hex(), got=frontier.root().hex()
                    )
            self._remember(frontier)
        return outside

    def signed(self) -> Frontier:
        """How far the high-water file says that was signed; nothing where there is no such file."""
        high = self._read()
        return Frontier() if high is None else high.frontier

    def verify_length(self) -> None:
        """Raises LogShrank where the log is shorter than what was signed."""
        signed = self.signed().size
        with self.engine.connect() as connection:
            size = connection.execute(select(log_state.c.size)).scalar() or 0
        if size < signed:
            raise LogShrank(expected=f"at least {signed}", got=size)

    def sign_again(self, head: Checkpoint, progress: Callable[[int, int], None]) -> None:
        """Sign every size behind the newest checkpoint up to `head`, which was signed before: nobody knows any more
        which of them authors saw. Each is a beginning of what was signed, so it contradicts nothing."""
        frontier = Frontier()
        with self._alone(), self.engine.connect() as connection:
            done = connection.execute(select(func.max(checkpoint.c.size))).scalar() or 0
            while frontier.size < head.size:
                first = frontier.size
                last = min(head.size, first + _BATCH)
                query = select(leaf.c.hash).where(leaf.c.index >= first, leaf.c.index < last).order_by(leaf.c.index)
                heads = []
                for hash_ in connection.execute(query).scalars():
                    frontier.append(hash_)
                    if frontier.size > done:
                        heads.append(Checkpoint(origin=self.key.name, size=frontier.size, root=frontier.root()))
                connection.rollback()  # what was read never changes; nothing is held while rows are written
                if frontier.size != last or (last == head.size and frontier.root() != head.root):
                    got = f"{frontier.size} {frontier.root().hex()}"
                    expected = f"{head.size} {head.root.hex()}"
                    raise LogChanged(index=frontier.size, column="leaf.hash", expected=expected, got=got)
                if heads:
                    self._publish(heads)
                progress(last, head.size)

    def _recomputed(self, connection: Connection, start: Frontier, size: int) -> Frontier:
        """`start` grown to `size` from the stored bytes, each of which is hashed again."""
        frontier = start.copy()
        while frontier.size < size:
            first = frontier.size
            query = (
                select(leaf.c.index, leaf.c.hash, statement.c.hash, statement.c.entry, statement.c.bytes)
                .join_from(leaf, statement, statement.c.n == leaf.c.n)
                .where(leaf.c.index >= first, leaf.c.index < min(size, first + _BATCH))
                .order_by(leaf.c.index)
            )
            for index, hash_, said, entry_bytes, statement_bytes in connection.execute(query):
                if index != frontier.size:
                    break
                got = leaf_hash(entry_bytes)
                if got != hash_:
                    raise LogChanged(index=index, column="statement.entry", expected=hash_.hex(), got=got.hex())
                if (told := statement_hash(statement_bytes)) != said:
                    raise LogChanged(index=index, column="statement.bytes", expected=said.hex(), got=told.hex())
                frontier.append(got)
            if frontier.size not in (size, first + _BATCH):
                raise LogChanged(index=frontier.size, column="leaf.index", expected="a leaf", got="none")
        return frontier

    def _publish(self, heads: Sequence[Checkpoint]) -> None:
        now = moment(self.clock())
        fresh = [(head.size, head.root, sign_checkpoint(head, self.key).encode(), now) for head in heads]
        rows = open_rows(self.engine)
        try:
            rows.begin()
            rows.insert("checkpoint", fresh)
            hit("sign.before-commit")
            rows.commit()
        except BaseException:
            rows.rollback()
            raise
        finally:
            rows.close()
        hit("sign.after-commit")

    # ------------------------------------------------------------------------------------ the high-water file

    def _high_water(self, *, signed_before: bool) -> HighWater:
        high = self._read()
        if high is None:
            if signed_before:
                raise HighWaterMissing(path=self.state.name)
            return HighWater(Frontier())
        return high

    def _read(self) -> HighWater | None:
        try:
            kept: dict[str, Any] = json.loads(self.state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (ValueError, RecursionError) as error:
            raise HighWaterDamaged(path=self.state.name, got=str(error)[:200]) from None
        try:
            frontier = Frontier.from_bytes(bytes.fromhex(kept["frontier"]))
            kept = {name: kept[name] for name in ("key", "size", "root")}
        except (LookupError, TypeError, ValueError, LedgerError) as error:
            raise HighWaterDamaged(path=self.state.name, got=str(error)[:200]) from None
        if kept["key"] != self.key.verifier.encode():
            raise SignerRefused(
                detail="the high-water file is of another log key", expected=self.key.verifier.encode(), got=kept["key"]
            )
        if (kept["size"], kept["root"]) != (frontier.size, frontier.root().hex()):
            raise SignerRefused(
                detail="the high-water file contradicts itself", expected=kept["size"], got=frontier.size
            )
        return HighWater(frontier)

    def _remember(self, frontier: Frontier) -> None:
        hit("sign.before-high-water")
        text = json.dumps(
            {
                "frontier": frontier.to_bytes().hex(),
                "key": self.key.verifier.encode(),
                "root": frontier.root().hex(),
                "size": frontier.size,
            }
        )
        fresh = self.state.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        hit("sign.high-water-temp-written")
        fresh.replace(self.state)
        hit("sign.high-water-renamed")
        folder = os.open(self.state.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        hit("sign.after-high-water")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The lock goes with the process, so a crash leaves nothing to clean."""
        self.state.parent.mkdir(parents=True, exist_ok=True)
        with self.state.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SignerBusy(path=self.state.name) from None
            yield
