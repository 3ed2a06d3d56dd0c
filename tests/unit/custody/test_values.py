"""Masses, days, codes and identifiers: each valid one beside its nearest invalid neighbours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.custody import wire
from ledger.custody.regimes.cn import REGIME, check_character
from ledger.custody.values import Code, Day, Decimal, ManifestNumber, Mass, Moment, Region
from ledger.custody.wire import WireError

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def reads(annotation: Any, value: object) -> bool:
    try:
        wire.reader(annotation)(value, "x", REGIME)
    except WireError:
        return False
    return True


@pytest.mark.parametrize(
    ("mass", "holds"),
    [
        ({"basis": "weighed", "net_g": 5}, True),
        ({"basis": "weighed", "net_g": 0}, True),
        ({"basis": "weighed"}, False),
        ({"basis": "volume", "volume_ml": 200_000}, True),
        ({"basis": "counted"}, True),
        ({"basis": "estimated"}, False),
        ({"basis": "estimated", "volume_ml": 5}, True),
        ({"basis": "weighed", "net_g": 5, "gross_g": 8, "tare_g": 3}, True),
        ({"basis": "weighed", "net_g": 5, "gross_g": 8, "tare_g": 4}, False),
        ({"basis": "weighed", "net_g": 5, "declared": {"value": "0.005", "unit": "kg"}}, True),
        ({"basis": "weighed", "net_g": 5, "declared": {"value": "00.005", "unit": "kg"}}, False),
        ({"basis": "weighed", "net_g": 5, "declared": {"value": "5", "unit": "pound"}}, False),
        ({"basis": "guess", "net_g": 5}, False),
    ],
)
def test_a_mass_has_grams_unless_it_is_only_a_volume_or_a_count(mass: dict[str, Any], holds: bool) -> None:
    assert reads(Mass, mass) is holds


@pytest.mark.parametrize(
    ("day", "holds"),
    [("2024-02-29", True), ("2026-02-29", False), ("2026-13-01", False), ("2026-1-01", False), ("3026-01-01", False)],
)
def test_a_day_must_exist(day: str, holds: bool) -> None:
    assert reads(Day, day) is holds
    assert reads(Moment, f"{day}T00:00:00.000Z") is holds


@pytest.mark.parametrize(
    "moment",
    ["2026-01-01T24:00:00.000Z", "2026-01-01T00:60:00.000Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000+08:00"],
)
def test_a_moment_has_three_decimals_and_a_z(moment: str) -> None:
    assert not reads(Moment, moment)


@pytest.mark.parametrize("zero", ["٠", "０", "०"])
def test_digits_are_those_of_ascii(zero: str) -> None:
    for annotation, value in (
        (Moment, "2026-01-01T10:00:10.000Z"),
        (Decimal, "10.5"),
        (Code, "900-249-08"),
        (Code, "900-001-S02"),
        (ManifestNumber, "20261501000001"),
        (Region, "150600"),
    ):
        assert reads(annotation, value)
        assert not reads(annotation, value[::-1].replace("0", zero, 1)[::-1])


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ("900-249-08", True),
        ("900-041-49", True),
        ("261-084-50", True),
        ("900-249-00", False),
        ("900-249-51", False),
        ("900-249-08 ", False),
        ("900-001-S02", True),
        ("SW02", True),
        ("SW2", False),
        ("HW08", False),
    ],
)
def test_a_waste_code_ends_in_its_class(code: str, holds: bool) -> None:
    assert (REGIME.check_code(code) is None) is holds


def test_the_kind_follows_from_the_code() -> None:
    kinds = {"900-249-08": "hazardous", "841-001-01": "medical", "900-001-S02": "industrial", "SW72": "construction"}
    kinds |= {"SW61": "household", "SW90": "sludge", "SW59": "industrial"}
    assert {code: REGIME.kind_of(code) for code in kinds} == kinds


def test_the_credit_code_that_the_standard_is_explained_with_is_accepted() -> None:
    assert check_character("91350100M000100Y4") == "3"
    assert REGIME.check_identifier("uscc", "91350100M000100Y43") is None


credit_body = st.tuples(
    st.text(ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=9, max_size=9),
).map("".join)


@settings(max_examples=60)
@given(body=credit_body, place=st.integers(0, 17), other=st.sampled_from(ALPHABET))
def test_every_single_wrong_character_of_a_credit_code_is_found(body: str, place: int, other: str) -> None:
    code = body + check_character(body)
    assert REGIME.check_identifier("uscc", code) is None
    wrong = code[:place] + other + code[place + 1 :]
    assert (REGIME.check_identifier("uscc", wrong) is None) is (wrong == code)


@settings(max_examples=60)
@given(body=credit_body, place=st.integers(0, 15))
def test_two_neighbours_changed_about_in_a_credit_code_are_found(body: str, place: int) -> None:
    code = body + check_character(body)
    wrong = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert (REGIME.check_identifier("uscc", wrong) is None) is (wrong == code)


@pytest.mark.parametrize("letter", "IOSVZ")
def test_letters_that_look_like_digits_are_not_in_a_credit_code(letter: str) -> None:
    assert REGIME.check_identifier("uscc", f"91999999DEM00000{letter}6") is not None


def test_a_digital_code_is_made_of_a_credit_code_a_waste_code_a_day_and_a_serial() -> None:
    assert REGIME.check_digital_code("91999999DEM0000016" + "90024908" + "20260302" + "001") is None
    assert REGIME.check_digital_code("91999999DEM0000017" + "90024908" + "20260302" + "001") is not None
    assert REGIME.check_digital_code("91999999DEM0000016" + "90024908" + "20260302" + "01") is not None
