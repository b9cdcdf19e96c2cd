"""Which value does a YAML scalar stand for? As Kubernetes reads it (goyaml v2, then JSON).

These are YAML 1.1's rules with Go's own: `yes`, `on` and even `y` are booleans, 0644 is octal,
base 60 does not exist, a timestamp stays a text, a whole float becomes an integer in JSON.
"""

from __future__ import annotations

import math
import re

from agent.manifest.document import Number

_PREFIX = "tag:yaml.org,2002:"
STR, BOOL, INT, FLOAT, NULL, TIMESTAMP, BINARY = (
    f"{_PREFIX}{name}" for name in ("str", "bool", "int", "float", "null", "timestamp", "binary")
)
_RESOLVABLE = frozenset({"", STR, BOOL, INT, FLOAT, NULL, TIMESTAMP})

_WORDS: dict[str, tuple[str, object]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), (BOOL, True)),
    **dict.fromkeys(("true", "True", "TRUE"), (BOOL, True)),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), (BOOL, False)),
    **dict.fromkeys(("false", "False", "FALSE"), (BOOL, False)),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (FLOAT, math.nan)),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), (FLOAT, math.inf)),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (FLOAT, -math.inf)),
}
# Compiled when the first one is seen that they are for; most integers need no pattern.
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_INT = r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))"
_SHORT = 18
_NUMBER_START = "0123456789+-."


class ScalarError(ValueError):
    """A scalar that cannot be what its tag says, or that JSON has no word for."""

    def __init__(self, text: str, go_text: str = "") -> None:
        super().__init__(text)
        self.go_text = go_text or f"yaml: {text}"


def resolve(tag: str, text: str) -> object:
    """Return the value of a plain (`tag` empty) or tagged scalar.

    Raises ScalarError. goyaml: resolve.go, resolve; sigs.k8s.io/yaml: JSON has neither NaN nor
    infinity.
    """
    if tag == BINARY:
        return _binary(text)
    if tag not in _RESOLVABLE or tag == STR:
        return text
    found, value = _plain(text)
    if tag == FLOAT and found == INT:
        found, value = FLOAT, float(value)  # type: ignore[arg-type]  # an INT is an int
    if tag not in ("", found) and not (tag == TIMESTAMP and found == STR):
        raise ScalarError(f"cannot decode {_short(found)} `{text}` as a {_short(tag)}")
    return resolve_float(value) if isinstance(value, float) else value


def _plain(text: str) -> tuple[str, object]:
    """The tag and value of a plain scalar."""
    word = _WORDS.get(text)
    if word is not None:
        return word
    if text[0] not in _NUMBER_START:
        return STR, text
    if text[0] == ".":
        return _as_float(text) or (STR, text)
    digits = text.replace("_", "")
    return _as_int(digits) or _as_float(digits) or (STR, text)


def _as_int(text: str) -> tuple[str, object] | None:
    """An int64 or uint64 with the prefixes of Go's strconv.ParseInt."""
    if (
        len(text) <= _SHORT
        and text.isascii()
        and text.isdigit()
        and (text[0] != "0" or text == "0")
    ):
        return INT, int(text)
    match = re.fullmatch(_INT, text) if len(text) < 80 else None
    if match is None:
        return None
    sign, hexadecimal, binary, octal, decimal = match.groups()
    for digits, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)):
        if digits is not None:
            value = int(digits, base)
            if sign == "-":
                return (INT, -value) if value <= 2**63 else None
            # ParseUint, which reads what is too large for ParseInt, knows no sign.
            return (INT, value) if value < (2**63 if sign else 2**64) else None
    return None


def _as_float(text: str) -> tuple[str, object] | None:
    if re.fullmatch(_FLOAT, text) is None:
        return None
    value = float(text)
    return None if math.isinf(value) else (FLOAT, value)


def resolve_float(value: float) -> object:
    """What a float is after json.Marshal: a whole one is written without a point."""
    if math.isnan(value) or math.isinf(value):
        text = "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
        raise ScalarError(f"JSON knows no {text}", f"json: unsupported value: {text}")
    if value.is_integer() and abs(value) < 1e21:
        return int(value)
    return Number(value, float_text(value))


def float_text(value: float) -> str:
    """Write a finite float as Go's encoding/json does: shortest digits, exponent from 1e21 on."""
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent and 1e-6 <= abs(value) < 1e21:
        return mantissa.removesuffix(".0")
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    digits, power = _decompose(mantissa, int(exponent or 0))
    sign = "-" if value < 0 else ""
    if -7 < power < 21:
        return sign + (
            f"0.{'0' * (-power - 1)}{digits}" if power < 0 else _with_point(digits, power)
        )
    point = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{point}e{power:+d}"


def _decompose(mantissa: str, exponent: int) -> tuple[str, int]:
    """Digits without zeros at either end, and the power of ten of the first one."""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    power = exponent + len(whole) - 1 - (len(whole + fraction) - len(digits))
    return digits.rstrip("0"), power


def _with_point(digits: str, power: int) -> str:
    padded = digits.ljust(power + 1, "0")
    fraction = padded[power + 1 :]
    return padded[: power + 1] + (f".{fraction}" if fraction else "")


def _binary(text: str) -> str:
    """`!!binary` is decoded; JSON then replaces what is not UTF-8."""
    from agent.manifest import base64_text  # rare

    raw = text.encode(errors="replace")
    if base64_text.error_at(raw) is not None:
        raise ScalarError("!!binary value contains invalid base64 data")
    return base64_text.decode(raw).decode(errors="replace")


def _short(tag: str) -> str:
    return f"!!{tag.removeprefix(_PREFIX)}"


def key_text(value: object) -> str:
    """Return the JSON name for a YAML key; raises ScalarError for what cannot be one.

    sigs.k8s.io/yaml: yaml.go, convertToJSONableObject.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() if value < 2**63:
            return str(value)
        case int():
            raise ScalarError(f"the key {value} is too large")
        case Number():
            return value.text
        case _:
            pass
    raise ScalarError("a key may not be null")
