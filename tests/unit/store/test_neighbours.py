"""Entries that share objects, directly or by others, come in one task; each other is nobody's neighbour."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.store.neighbours import TASK, Groups, number_of, tasks

numbers = st.integers(1, 7)


@given(st.lists(st.tuples(numbers, numbers), max_size=8))
def test_who_is_joined_by_others_is_joined(pairs: list[tuple[int, int]]) -> None:
    groups = Groups()
    together = {number: {number} for number in range(1, 9)}
    for left, right in pairs:
        groups.join(left, right)
        both = together[left] | together[right]
        together |= dict.fromkeys(both, both)
    assert all((groups.of(a) == groups.of(b)) == (b in together[a]) for a in together for b in together)


def test_what_was_joined_in_a_long_row_is_found_in_one_step_the_next_time() -> None:
    groups = Groups()
    for number in range(9, 0, -1):
        groups.join(number, number + 1)
    assert groups.of(10) == 1
    assert set(groups.joined.values()) == {1}


@given(
    st.lists(st.integers(0, 6), max_size=14),
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), max_size=3),
    st.integers(0, 14),
    st.integers(1, 6),
)
def test_a_task_has_whole_groups_with_something_new_in_the_order_of_their_first_entries(
    owners: list[int], pairs: list[tuple[int, int]], since: int, most: int
) -> None:
    groups = Groups()
    for left, right in pairs:
        groups.join(left, right)
    whole: dict[int, list[int]] = {}
    for index, owner in enumerate(owners):
        whole.setdefault(groups.of(owner) if owner else 0, []).append(index)
    expected: list[list[int]] = []
    for group in whole.values():
        if group[-1] >= since:
            if not expected or len(expected[-1]) + len(group) > most:
                expected.append([])
            expected[-1] += group
    assert list(tasks(owners, groups.of, since, most)) == [sorted(task) for task in expected]


def test_entries_without_an_object_are_cut_by_their_number_alone() -> None:
    owners = [0] * (TASK + 1)
    assert list(tasks(owners, int, TASK)) == [[TASK]]
    assert [len(task) for task in tasks(owners, int, 0)] == [TASK, 1]
    # A group whose number is another's, and the very last entry that has a number of 32 bits.
    assert list(tasks([1, 2**32 - 1, 1], int, 0, 1)) == [[0, 2], [1]]


def test_no_object_has_the_number_of_none() -> None:
    assert number_of(b"") == 1
    assert number_of(b"container:1") != number_of(b"container:2")
