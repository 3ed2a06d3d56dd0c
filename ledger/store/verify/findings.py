"""What a verification says: each place that differs, and the verdict over the whole ledger in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

Level = Literal["hashes", "signatures", "replay"]
LEVELS: Final[tuple[Level, ...]] = ("hashes", "signatures", "replay")

UNPROVEN: Final = (
    "author_fork.received_at",
    "checkpoint.signed_at",
    "quarantine.received_at",
    "split_view.ours",
)
"""Columns that rest on the operator's word: nobody signed them and no hash covers them. Their form and what bounds
them are checked, a likely other value is not found."""

_CHECKS: Final[dict[str, tuple[str, str]]] = {
    "row": ("行", "row"),
    "bytes": ("字节", "bytes"),
    "hash": ("散列", "hash"),
    "signature": ("签名", "signature"),
    "author-chain": ("作者链", "author chain"),
    "link": ("对象链", "object chain"),
    "index-order": ("索引顺序", "index order"),
    "seen": ("所见检查点", "checkpoint seen"),
    "time": ("时间界限", "time bound"),
    "tree": ("默克尔树", "Merkle tree"),
    "checkpoint": ("检查点", "checkpoint"),
    "snapshot": ("流头快照", "head snapshot"),
    "head": ("流头", "head"),
    "authority": ("权限", "authority"),
    "rule": ("规则", "rule"),
    "grams": ("克数", "grams"),
    "state": ("状态", "state"),
    "sealed": ("封存", "sealed field"),
    "projection": ("投影", "projection"),
    "table": ("表", "table"),
    "outside": ("外部签名文本", "note from outside"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place that is not what the rest of the ledger proves it must be.

    `stream`, `seq` and `index` say where in the log, as far as that is known; `row` names rows that stand beside it.
    """

    table: str
    column: str
    check: str
    expected: str
    got: str
    stream: str | None = None
    seq: int | None = None
    index: int | None = None
    row: str = ""

    def says(self, lang: str) -> str:
        """The difference in words, `lang` being "zh" or "en"."""
        zh = lang.startswith("zh")
        what = _CHECKS[self.check][0 if zh else 1]
        place = [f"{self.table}.{self.column}"]
        if self.index is not None:
            place.append(f"索引 {self.index}" if zh else f"index {self.index}")
        if self.stream is not None:
            place.append(f"{self.stream} 第 {self.seq} 号" if zh else f"{self.stream} seq {self.seq}")
        if self.row:
            place.append(self.row)
        if zh:
            return f"{what}不符：{'，'.join(place)}；应为 {self.expected}，实为 {self.got}"
        return f"{what} differs: {', '.join(place)}; expected {self.expected}, got {self.got}"


def shown(value: Any) -> str:
    """A column's value as a reader can compare it."""
    if value is None:
        return "NULL"
    text = value.hex() if isinstance(value, (bytes, memoryview)) else str(value)
    return text if len(text) <= 128 else f"{text[:96]}… ({len(text)})"


def apart(expected: Any, got: Any) -> tuple[str, str]:
    """Two values as shown; long ones from a little before the byte where they part."""
    if type(expected) is type(got) and isinstance(expected, (bytes, str)) and max(len(expected), len(got)) > 60:
        whole = list(zip(expected, got, strict=False))
        at = next((n for n, (a, b) in enumerate(whole) if a != b), len(whole))
        begin = max(0, at - 4)
        return tuple(f"from {begin}: {shown(each[begin : begin + 28])}" for each in (expected, got))  # type: ignore
    return shown(expected), shown(got)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How far an earlier verification went without a difference: what `since` takes."""

    origin: str
    size: int
    root: str
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was checked, what differs, and on whom it still rests.

    `witnesses` cosigned the newest checkpoint that a policy's witness watched, of `witness_count` known ones;
    `reach` is the size that this checkpoint covers, `signed` that of the newest one that the log signed; `pinned`:
    entry 0 is the one that a trust.json from outside names.
    """

    origin: str
    level: Level
    size: int
    root: str
    waiting: int
    since: int
    signed: int
    reach: int
    witnesses: tuple[str, ...]
    witness_count: int
    outside: int
    pinned: bool
    counts: dict[str, int]
    seconds: float
    differences: tuple[Difference, ...]
    more: int = 0
    unproven: tuple[str, ...] = field(default=UNPROVEN)

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    @property
    def behind(self) -> int:
        """Entries of the log that the projections have not taken in; 0 where projections were not looked at."""
        return self.size - self.counts.get("projected", self.size)

    @property
    def first(self) -> Difference | None:
        """The difference at the lowest index, those beside the log last."""
        return self.differences[0] if self.differences else None

    def verified(self) -> Verified | None:
        """What a later run may continue from; None where something differs."""
        if not self.ok:
            return None
        return Verified(origin=self.origin, size=self.size, root=self.root, level=self.level)

    def trust(self, lang: str) -> str:
        """The level of trust, in words."""
        zh = lang.startswith("zh")
        k, n = len(self.witnesses), self.witness_count
        if k == 0:
            words = (
                "仅由运营方自证：没有见证方，各时间以运营方时钟为准"
                if zh
                else "operator only: no witness cosigned, so times rest on the operator's clock"
            )
        else:
            words = (
                f"经 {n} 个见证方中的 {k} 个见证，至第 {self.reach} 条；其后仅由运营方自证"
                if zh
                else f"witnessed {k} of {n} up to size {self.reach}; what follows rests on the operator only"
            )
        if self.outside:
            words += (
                f"；与 {self.outside} 份外部签名文本一致" if zh else f"; agrees with {self.outside} notes from outside"
            )
        return words

    def says(self, lang: str) -> list[str]:
        """The verdict, line by line."""
        zh = lang.startswith("zh")
        done = [_SAID[level][0 if zh else 1] for level in LEVELS[: LEVELS.index(self.level) + 1]]
        what = ("；" if zh else "; ").join(done)
        counted = "，".join(f"{name} {count}" for name, count in self.counts.items())
        if zh:
            lines = [
                f"账本 {self.origin}：{self.size} 条，树根 {self.root[:16]}…",
                f"已核对：{what}",
                f"计数：{counted}；用时 {self.seconds:.1f} 秒",
                f"信任级别：{self.trust(lang)}",
            ]
            if self.since:
                again = "；此后未再提及的对象，其克数与状态未再重放" if self.level == "replay" else ""
                lines.append(f"前 {self.since} 条此前已核对：本次只证明字节未变，未再验签{again}")
            if not self.pinned:
                lines.append("创世条目未经 trust.json 固定：这是否您所指的账本、其主管机关是谁，只凭运营方之言")
            if self.behind:
                lines.append(f"各表与率只计至第 {self.counts['projected']} 条，其后 {self.behind} 条尚未计入任何数字")
            if self.waiting:
                lines.append(f"{self.waiting} 条尚未编入日志：已核对签名与链，未重放")
            lines.append("只能凭运营方之言的列：" + "、".join(self.unproven))
            lines.append("全部相符" if self.ok else f"不符之处 {len(self.differences) + self.more} 处：")
        else:
            lines = [
                f"ledger {self.origin}: {self.size} entries, root {self.root[:16]}…",
                f"checked: {what}",
                f"counts: {counted.replace('，', ', ')}; {self.seconds:.1f} s",
                f"level of trust: {self.trust(lang)}",
            ]
            if self.since:
                again = (
                    "; grams and states of objects that nothing was said of since, not replayed again"
                    if self.level == "replay"
                    else ""
                )
                lines.append(
                    f"the first {self.since} were verified before: shown to be the same bytes, signatures not repeated"
                    f"{again}"
                )
            if not self.pinned:
                lines.append(
                    "entry 0 is not pinned by a trust.json: that this is the ledger you mean, and who its authorities"
                    " are, rests on the operator's word"
                )
            if self.behind:
                lines.append(
                    f"tables and rates tell of the first {self.counts['projected']} entries only: the last"
                    f" {self.behind} are in no figure yet"
                )
            if self.waiting:
                lines.append(f"{self.waiting} not yet in the log: signatures and chains checked, not replayed")
            lines.append("resting on the operator's word: " + ", ".join(self.unproven))
            lines.append("nothing differs" if self.ok else f"{len(self.differences) + self.more} places differ:")
        lines += [each.says(lang) for each in self.differences]
        if self.more:
            lines.append(f"……另有 {self.more} 处" if zh else f"… and {self.more} more")
        return lines


_SAID: Final[dict[str, tuple[str, str]]] = {
    "hashes": (
        "每条字节的散列、对象链、时间界限、叶、瓦片、树根、检查点",
        "hashes of all bytes, object chains, time bounds, leaves, tiles, root, checkpoints",
    ),
    "signatures": (
        "每份声明的规范字节、签名、作者链、所见检查点，流头快照，密钥的授权，日志旁的全部表",
        "every statement's canonical bytes, signature, author chain and checkpoint seen, head snapshots, the authority"
        " of every key, every table beside the log",
    ),
    "replay": (
        "每条事实的权限、拒绝、克数（每行借贷两方，克数为正，故逐条归零）、状态与投影，均由日志重放得出",
        "authority, refusal, grams (each row two sides and above zero, so each entry sums to zero), state and"
        " projection of every fact, replayed from the log",
    ),
}
