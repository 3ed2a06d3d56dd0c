"""What the commands show of events and exceptions, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cli.words import language
from ledger.custody.events import Event
from ledger.custody.flags import Flag
from ledger.custody.regimes.base import Regime
from ledger.custody.regimes.cn import REGIME
from ledger.telling import KINDS, LINES, REASONS, SEVERITIES, STAGES, STATUS, TITLES, Teller

__all__ = [
    "KINDS", "LINES", "REASONS", "SEVERITIES", "STAGES", "STATUS", "TITLES", "exception", "exception_document",
    "happened", "indented", "word",
]  # fmt: skip
Name = Callable[[str], str]


def word(table: dict[str, tuple[str, str]], key: str) -> str:
    """A key in the reader's language; itself where the table has no word."""
    return _teller(str).word(table, key)


def happened(event: Event, of: str, name: Name) -> str:
    """What an event says of one container or manifest, on one line."""
    return _teller(name).happened(event, of)


def exception(flag: Flag, name: Name, regime: Regime) -> Iterator[str]:
    """An exception in three lines: what, whose and since when, the law and what ends it."""
    return Teller(language(), name, regime).exception(flag)


def exception_document(flag: Flag, name: Name, regime: Regime) -> dict[str, Any]:
    """An exception for machines, with its words in the reader's language."""
    return Teller(language(), name, regime).exception_document(flag)


def _teller(name: Name) -> Teller:
    return Teller(language(), name, REGIME)


def indented(lines: Iterable[str]) -> str:
    """Lines of a section."""
    return "\n".join(f"  {line}" for line in lines)
