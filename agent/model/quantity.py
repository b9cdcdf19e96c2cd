"""How much is "250m" or "64Mi", and how is it written canonically?

Numbers are exact at any size; only the int64 accessors overflow, and they do so the way Go does,
because programs have come to show those values (apimachinery: pkg/api/resource, quantity.go).
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec


class QuantityError(ValueError):
    """The text is no quantity; the message is the API server's."""


class Format(StrEnum):
    """The family of suffixes in which a quantity was written."""

    DECIMAL_SI = "DecimalSI"
    BINARY_SI = "BinarySI"
    DECIMAL_EXPONENT = "DecimalExponent"


_PATTERN = r"([+-]?)(0*)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)"
_FORMAT_WRONG = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_NUMERIC_WRONG = "unable to parse numeric part of quantity"
_SUFFIX_WRONG = "unable to parse quantity's suffix"

_DECIMAL_SUFFIXES = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_BY_EXPONENT = {exponent: suffix for suffix, exponent in _DECIMAL_SUFFIXES.items()}
_BINARY_BY_POWER = {power // 10: suffix for suffix, power in _BINARY_SUFFIXES.items()}

_NANO = -9
_MAX_INT64 = 2**63 - 1
#: Decimal digits that always fit into an int64.
_INT64_DIGITS = 18
#: The same for numbers with a binary suffix, less three for each 2^10.
_BINARY_DIGITS = 14
#: Python refuses to read numbers of more digits than this; nobody means such a quantity.
_MAX_DIGITS = 4000


class Amount(msgspec.Struct, frozen=True):
    """`unscaled` times ten to the power of `exponent`, and how it was written.

    `is_int64` says that Go holds it as a scaled int64 and not as a big decimal, which decides how
    the int64 accessors overflow. `text` is the original text where that counts as canonical.
    """

    unscaled: int
    exponent: int = 0
    format: Format = Format.DECIMAL_SI
    is_int64: bool = True
    text: str = ""

    def sign(self) -> int:
        """-1, 0 or 1."""
        return (self.unscaled > 0) - (self.unscaled < 0)

    def compare(self, other: Amount) -> int:
        """-1, 0 or 1 as this is less than, equal to or more than `other`; exact."""
        if self.sign() != other.sign() or not self.unscaled:
            return (self.sign() > other.sign()) - (self.sign() < other.sign())
        mine, theirs = _magnitude(self), _magnitude(other)
        if mine != theirs:  # also keeps 1e2000000000 from being written out
            return self.sign() if mine > theirs else -self.sign()
        lowest = min(self.exponent, other.exponent)
        left = self.unscaled * _ten_to(self.exponent - lowest)
        right = other.unscaled * _ten_to(other.exponent - lowest)
        return (left > right) - (left < right)

    def value(self) -> int:
        """Rounded up to an integer; wraps around outside int64 as Go does (Quantity.Value)."""
        return self._scaled(0)

    def milli_value(self) -> int:
        """Thousandths, rounded up; wraps around outside int64 (Quantity.MilliValue)."""
        return self._scaled(3)

    def as_int64(self) -> int | None:
        """The exact integer where Go has it at hand (Quantity.AsInt64)."""
        if not self.is_int64 or self.exponent < 0:
            return None
        if self.exponent > _INT64_DIGITS:
            return None if self.unscaled else 0
        value = self.unscaled * _ten_to(self.exponent)
        return value if _fits(value) else None

    def canonical(self) -> str:
        """The text in which Kubernetes stores it (Quantity.String)."""
        if self.text:
            return self.text
        if not self.unscaled:
            return "0"
        if self.format is Format.BINARY_SI and (whole := _whole_kibi(self)) is not None:
            return _binary_text(whole)
        return self._decimal_text()

    def _decimal_text(self) -> str:
        digits = str(self.unscaled)
        stripped = digits.rstrip("0")
        exponent = self.exponent + len(digits) - len(stripped)
        below = exponent % 3
        mantissa, exponent = stripped + "0" * below, exponent - below
        if self.format is Format.DECIMAL_EXPONENT:
            return f"{mantissa}e{exponent}" if exponent else mantissa
        # Kubernetes 1.34 knows no suffix from 10^21 on and drops the exponent.
        return mantissa + _DECIMAL_BY_EXPONENT.get(exponent, "")

    def _scaled(self, places: int) -> int:
        """In units of ten to the power of minus `places`, as an int64."""
        return _scaled_int64(self, places) if self.is_int64 else _scaled_decimal(self, places)


def from_int(value: int, written_as: Format = Format.DECIMAL_SI) -> Amount:
    """An amount counted by ourselves (Go: resource.NewQuantity)."""
    return Amount(value, 0, written_as, _fits(value))


def parse(text: str) -> Amount:
    """Read a quantity; QuantityError with Go's text (resource.ParseQuantity)."""
    match = re.fullmatch(_PATTERN, text, re.ASCII)
    if match is None or not text:
        raise QuantityError(_FORMAT_WRONG)
    sign, zeros, number, fraction, suffix = match.groups(default="")
    exponent, written_as = _suffix(suffix)
    digits = (number or "0") + fraction
    if len(digits) > _MAX_DIGITS:
        raise QuantityError(_NUMERIC_WRONG)
    unscaled = -int(digits) if sign == "-" else int(digits)
    if written_as is Format.BINARY_SI:
        if not fraction and len(digits) + exponent * 3 // 10 <= _BINARY_DIGITS:
            kept = text if abs(unscaled) % 8 else ""
            return Amount(unscaled << exponent, 0, written_as, True, kept)
        unscaled, exponent = unscaled << exponent, 0
    exponent -= len(fraction)
    if written_as is not Format.BINARY_SI and len(digits) <= _INT64_DIGITS and exponent >= _NANO:
        is_canonical = not exponent % 3 and digits[0] != "0" and not digits.endswith("000")
        return Amount(unscaled, exponent, written_as, True, text if is_canonical else "")
    if not zeros + number + fraction:
        raise QuantityError(_NUMERIC_WRONG)
    return _decimal(unscaled, exponent, written_as)


def _suffix(suffix: str) -> tuple[int, Format]:
    """The exponent (of ten, or of two for BinarySI) that a suffix stands for."""
    if suffix in _DECIMAL_SUFFIXES:
        return _DECIMAL_SUFFIXES[suffix], Format.DECIMAL_SI
    if suffix in _BINARY_SUFFIXES:
        return _BINARY_SUFFIXES[suffix], Format.BINARY_SI
    digits = suffix[1:].lstrip("+-")
    if suffix[:1] not in ("e", "E") or not digits.isdecimal() or len(digits) > _MAX_DIGITS:
        raise QuantityError(_SUFFIX_WRONG)
    exponent = int(suffix[1:])
    if not _fits(exponent):
        raise QuantityError(_SUFFIX_WRONG)
    return _wrap(exponent, 32), Format.DECIMAL_EXPONENT


def _decimal(unscaled: int, exponent: int, written_as: Format) -> Amount:
    """A big decimal: rounded away from zero to nano units, binary ones capped at int64."""
    if not unscaled:
        return Amount(0, 0, written_as, is_int64=False)
    size = abs(unscaled)
    if exponent < _NANO:
        dropped = _NANO - exponent
        size = 1 if dropped > len(str(size)) else -(-size // _ten_to(dropped))
        exponent = _NANO
    if written_as is Format.BINARY_SI:
        one = _ten_to(-exponent)
        if size > _MAX_INT64 * one:
            size, exponent = _MAX_INT64, 0
        elif size < one:
            written_as = Format.DECIMAL_SI
    return Amount(-size if unscaled < 0 else size, exponent, written_as, is_int64=False)


def _scaled_int64(amount: Amount, places: int) -> int:
    shift = amount.exponent + places
    if shift < 0:
        size = -(-abs(amount.unscaled) // _ten_to(-shift))
        return size if amount.unscaled > 0 else -size
    if shift <= _INT64_DIGITS or not amount.unscaled:
        value = amount.unscaled * _ten_to(min(shift, _INT64_DIGITS))
        if _fits(value):
            return value
    # Go multiplies at once for these powers, and notices the overflow step by step for others.
    return _product(amount.unscaled, shift) if shift in (1, 2, 3, 6, 9) else 0


def _scaled_decimal(amount: Amount, places: int) -> int:
    """Go keeps big decimals in nano units and divides (resource.scaledValue)."""
    shift, nanos = amount.exponent + places, amount.exponent - _NANO
    is_large = nanos > _INT64_DIGITS or amount.unscaled * _ten_to(nanos) >= _MAX_INT64
    if amount.unscaled > 0 and is_large:
        if shift >= 0:
            return _product(amount.unscaled, shift)
        return _wrap(-(-amount.unscaled // _ten_to(-shift)), 64)
    # Smaller ones, and all negative ones, go through int64 first: what does not fit is cut off.
    cut = _product(amount.unscaled, nanos)
    quotient, rest = divmod(abs(cut), _ten_to(-_NANO - places))
    return (quotient if cut > 0 else -quotient) + bool(rest)


def _whole_kibi(amount: Amount) -> int | None:
    """The amount as an integer, if it is one and at least 1Ki in size."""
    if amount.exponent >= 0:
        whole, rest = amount.unscaled * _ten_to(amount.exponent), 0
    else:
        whole, rest = divmod(amount.unscaled, _ten_to(-amount.exponent))
    return whole if not rest and abs(whole) >= 1024 else None


def _binary_text(whole: int) -> str:
    power = 0
    while whole % 1024 == 0:
        whole //= 1024
        power += 1
    return f"{whole}{_BINARY_BY_POWER.get(power, '')}"


def _magnitude(amount: Amount) -> int:
    """The position of the first digit before the decimal point."""
    return len(str(abs(amount.unscaled))) + amount.exponent


def _ten_to(power: int) -> int:
    result: int = 10**power
    return result


def _product(unscaled: int, power: int) -> int:
    """`unscaled` times ten to the power of `power`, cut to an int64."""
    return _wrap(unscaled * pow(10, power, 2**64), 64)


def _wrap(value: int, bits: int) -> int:
    """Two's complement of so many bits."""
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


def _fits(value: int) -> bool:
    return -_MAX_INT64 - 1 <= value <= _MAX_INT64
