"""A posting has two sides, so that nothing can be written that does not add up to zero."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.custody.lots import split
from ledger.custody.postings import Account, Posting, balances, difference, move

A, B, C = (Account(stage, "p", "s", "900-249-08", "c") for stage in ("held", "in-transit", "difference"))
accounts = st.sampled_from([A, B, C])
postings = st.lists(
    st.builds(Posting, st.integers(1, 10**9), accounts, accounts, st.sampled_from(["sent", "received"])), max_size=8
)


def test_a_negative_amount_goes_the_other_way_and_nothing_is_nothing() -> None:
    assert move(5, A, B, "sent") == (Posting(5, A, B, "sent"),)
    assert move(-5, A, B, "sent") == (Posting(5, B, A, "sent"),)
    assert move(0, A, B, "sent") == ()


@settings(max_examples=80)
@given(postings)
def test_balances_add_up_to_zero(said: list[Posting]) -> None:
    assert sum(balances(said).values()) == 0


@settings(max_examples=80)
@given(postings, postings)
def test_before_and_the_difference_are_worth_after(before: list[Posting], after: list[Posting]) -> None:
    changed = difference(after, before)
    assert all(p.grams > 0 for p in changed)
    reached = balances([*before, *changed])
    wanted = balances(after)
    assert {a: g for a, g in reached.items() if g} == {a: g for a, g in wanted.items() if g}


def test_nothing_changed_posts_nothing() -> None:
    said = move(7, A, B, "sent")
    assert difference(said, said) == ()
    assert difference(move(7, A, B, "sent"), move(9, A, B, "sent")) == (Posting(2, B, A, "sent"),)


def test_one_direction_stands_for_a_pair_of_accounts_so_that_a_reversal_meets_what_it_reverses() -> None:
    assert difference((), (*move(7, A, B, "sent"), *move(7, B, A, "sent"))) == ()
    assert difference(move(5, B, A, "sent"), move(5, A, B, "sent")) == (Posting(10, B, A, "sent"),)
    assert [(p.debit, p.credit) for p in difference(move(5, A, B, "sent"), ())] == [(A, B)]


def test_a_difference_is_measured_against_what_it_is_now_of() -> None:
    before, after = move(7, A, B, "gap", 100), move(9, A, B, "gap", 300)
    assert difference(after, before) == (Posting(2, A, B, "gap", 300),)
    assert difference((), before) == (Posting(7, B, A, "gap", 100),)
    # Whichever of the two is looked at first.
    assert difference(after, (*before, *move(1, A, C, "gap", 50)))[0].of_g == 300


def test_the_largest_remainder_gets_the_gram_that_is_left_over() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(10, [6, 3, 1]) == [6, 3, 1]
    assert split(1, [1, 2]) == [0, 1]
    assert split(5, [1, 1]) == [3, 2]
    assert split(0, [4, 5]) == [0, 0]
    assert split(5, [0, 0]) == [0, 0]


@settings(max_examples=100)
@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=9).filter(any))
def test_every_share_is_within_a_gram_of_its_proportion(total: int, weights: list[int]) -> None:
    shares = split(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)
        assert weight or not share
