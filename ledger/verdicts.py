"""The newest verdict of a whole verification, kept in a small file beside the ledger so that pages can say when."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ledger.store.verify import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """When the ledger was verified, how far, how deep, and what came of it; `says` is the verdict in zh and en."""

    at: str
    size: int
    root: str
    level: str
    ok: bool
    seconds: float
    says: dict[str, list[str]]


def keep(path: Path, verdict: Verdict, at: str) -> Kept:
    """Put the verdict in the place of the one before, whole or not at all."""
    kept = Kept(
        at=at,
        size=verdict.size,
        root=verdict.root,
        level=verdict.level,
        ok=verdict.ok,
        seconds=round(verdict.seconds, 1),
        says={lang: verdict.says(lang)[:_LINES_MAX] for lang in ("zh", "en")},
    )
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(asdict(kept), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)
    _failure(path).unlink(missing_ok=True)
    return kept


_LINES_MAX = 50


def fail(path: Path, error: Exception) -> None:
    """Note that a verification ended without a verdict, and by what kind of error; the next verdict ends that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _failure(path).write_text(type(error).__name__, encoding="utf-8")


def failure(path: Path) -> str:
    """The kind of error that ended the newest verification without a verdict; "" when it had one."""
    try:
        return _failure(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _failure(path: Path) -> Path:
    return path.with_suffix(".failed")


def newest(path: Path) -> Kept | None:
    """The verdict kept there; None when there is none, or none that can be read."""
    try:
        return Kept(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
