"""Objects that share entries form a group; groups have nothing to do with each other: each is judged by itself."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final
from zlib import crc32

TASK: Final = 2_000
_INDEX: Final = 2**32 - 1


def number_of(stream: bytes) -> int:
    """A short number for an object: two that share one are taken together, which does no harm."""
    return crc32(stream) or 1


@dataclass(slots=True)
class Groups:
    """Which objects belong together, by their numbers."""

    joined: dict[int, int] = field(default_factory=dict)

    def join(self, left: int, right: int) -> None:
        """One entry names both."""
        left, right = self.of(left), self.of(right)
        if left != right:
            self.joined[right] = left

    def of(self, number: int) -> int:
        """The number of the group of objects that share entries with this one."""
        root = number
        while (above := self.joined.get(root)) is not None:
            root = above
        while number != root:
            self.joined[number], number = root, self.joined[number]
        return root


def tasks(owners: Sequence[int], group_of: Callable[[int], int], since: int, most: int = TASK) -> Iterator[list[int]]:
    """The indices of all entries as tasks of whole groups, if anything in them is new `since`, of so many entries at
    `most` unless one group alone has more; entries without an object have nothing to do with each other. Groups come in
    the order of their first entries, so that what a task reads lies together."""
    # A group's number may be another's too: then they are taken together, which does no harm.
    marked = array(
        "Q", sorted((group_of(owner) if owner else index // TASK) << 32 | index for index, owner in enumerate(owners))
    )
    starts = [n for n, mark in enumerate(marked) if n == 0 or mark >> 32 != marked[n - 1] >> 32]
    ends = pairwise([*starts, len(marked)])
    groups = sorted((marked[start] & _INDEX) << 64 | start << 32 | end for start, end in ends)
    del starts, ends
    task: list[int] = []
    for group in groups:
        indices = [mark & _INDEX for mark in marked[group >> 32 & _INDEX : group & _INDEX]]
        if indices[-1] < since:
            continue
        if task and len(task) + len(indices) > most:
            yield sorted(task)
            task = []
        task += indices
    if task:
        yield sorted(task)
