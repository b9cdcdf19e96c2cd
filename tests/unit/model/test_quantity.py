"""Quantities are exact, keep their suffix family, and overflow as Go does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import quantity
from agent.model.quantity import Format

SUFFIXES = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
            "e3", "e-7", "E5", "e+2"]  # fmt: skip
TEXTS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 10**22),
    st.one_of(st.just(""), st.integers(0, 10**12).map(".{}".format)),
    st.sampled_from(SUFFIXES),
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0.5", "500m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.3Ki", "307200m"),
        ("0.0001Ki", "102400u"),
        ("2000", "2k"),
        ("020", "020"),
        ("+7", "+7"),
        ("1e4", "10e3"),
        ("5E6", "5E6"),
        ("0.0000000001", "1n"),
        ("-1.2e-12", "-1e-9"),
        ("0e-100", "0"),
        ("16Ei", "9223372036854775807"),
        ("-16Ei", "-9223372036854775807"),
        ("1e2000000000", "100e1999999998"),
        ("123456789012345678901", "123456789012345678901"),
    ],
)
def test_the_canonical_form_keeps_value_and_family(text: str, canonical: str) -> None:
    assert quantity.parse(text).canonical() == canonical


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must match"),
        ("five", "must match"),
        ("1 Gi", "must match"),
        ("1e3Mi", "must match"),
        ("1kk", "suffix"),
        ("1e", "suffix"),
        ("1e99999999999999999999", "suffix"),
        ("+Ei", "numeric"),
        ("9" * 5000, "numeric"),
    ],
)
def test_what_is_no_quantity_is_refused_with_its_reason(text: str, problem: str) -> None:
    with pytest.raises(quantity.QuantityError, match=problem):
        quantity.parse(text)


@pytest.mark.parametrize(
    ("text", "value", "milli"),
    [
        ("250m", 1, 250),
        ("-250m", -1, -250),
        ("1001m", 2, 1001),
        ("0.1Mi", 104858, 104857600),
        ("3Ki", 3072, 3072000),
        ("9999999999.123456789012", 10000000000, 9999999999124),
        ("-1e-12", 1, 1),
    ],
)
def test_the_integer_accessors_round_up_as_go_does(text: str, value: int, milli: int) -> None:
    amount = quantity.parse(text)

    assert (amount.value(), amount.milli_value()) == (value, milli)


@pytest.mark.parametrize(
    ("text", "value", "milli"),
    [
        ("9223372036854775807", 2**63 - 1, -1000),
        ("9223372036854775808", -(2**63), 0),
        ("10E", 0, 0),
        ("9999999999999999k", -8446744073709552616, 1864712049422024128),
        ("7Ei", 7 * 2**60, -(2**63)),
        ("1e40", 0, 0),
    ],
)
def test_what_exceeds_an_int64_wraps_around_as_in_go(text: str, value: int, milli: int) -> None:
    amount = quantity.parse(text)

    assert (amount.value(), amount.milli_value()) == (value, milli)


def test_only_whole_numbers_of_int64_size_are_at_hand_as_int64() -> None:
    texts = ["12", "3k", "1.0", "1e30", "0e30", "1Pi", "9E", "99E"]

    exact = [quantity.parse(text).as_int64() for text in texts]

    assert exact == [12, 3000, None, None, 0, None, 9 * 10**18, None]


def test_an_amount_that_we_counted_is_written_like_any_other() -> None:
    memory = quantity.from_int(8 * 2**30, Format.BINARY_SI)

    assert (memory.canonical(), memory.as_int64()) == ("8Gi", 8 * 2**30)


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("1", "1000m", 0),
        ("1Ki", "1k", 1),
        ("-1", "1n", -1),
        ("0", "-0.0", 0),
        ("0", "-1", 1),
        ("1e2000000000", "5", 1),
        ("-1e2000000000", "-5", -1),
        ("999m", "1", -1),
    ],
)
def test_amounts_compare_by_value(left: str, right: str, order: int) -> None:
    assert quantity.parse(left).compare(quantity.parse(right)) == order
    assert quantity.parse(right).compare(quantity.parse(left)) == -order


@given(TEXTS)
def test_the_canonical_form_is_stable(text: str) -> None:
    once = quantity.parse(text).canonical()

    assert quantity.parse(once).canonical() == once


@given(TEXTS)
def test_the_canonical_form_has_the_same_value_below_an_exa(text: str) -> None:
    amount = quantity.parse(text)

    again = quantity.parse(amount.canonical())

    # From 10^21 on Kubernetes 1.34 itself loses the exponent.
    assert amount.compare(again) == 0 or abs(amount.unscaled) * 10**amount.exponent >= 10**21
