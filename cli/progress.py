"""A progress bar on standard error, where somebody can see it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click


class Told(Protocol):
    """Is told how much is done and how much there is; another `stage` begins the bar anew."""

    def __call__(self, done: int, of: int, /, stage: str = "") -> None: ...


@contextmanager
def progress(label: str) -> Iterator[Told]:
    """Shows what it is told; nothing is drawn where nobody looks."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=hidden) as bar:

        def told(done: int, of: int, /, stage: str = "") -> None:
            if stage and bar.label != f"{label}: {stage}":
                # A bar that was full draws nothing more until it is told that it is not.
                bar.label, bar.pos, bar.finished = f"{label}: {stage}", 0, False
            bar.length = max(of, 1)
            bar.update(done - bar.pos)

        yield told
