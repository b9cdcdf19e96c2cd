"""One requirement of a label selector (apimachinery: pkg/labels/selector.go, Requirement)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from agent.api.selectors.error import SelectorError
from agent.manifest.errors import FieldError, invalid
from agent.manifest.validation import names

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_INT64: Final = 2**63


class Operator(StrEnum):
    """How a label is compared; the value is how the operator is written."""

    EXISTS = "exists"
    DOES_NOT_EXIST = "!"
    EQUALS = "="
    DOUBLE_EQUALS = "=="
    NOT_EQUALS = "!="
    IN = "in"
    NOT_IN = "notin"
    GREATER = ">"
    LESS = "<"


_SETS: Final = (Operator.IN, Operator.NOT_IN)
_NUMBERS: Final = (Operator.GREATER, Operator.LESS)
_NEGATIVE: Final = (Operator.NOT_EQUALS, Operator.NOT_IN, Operator.DOES_NOT_EXIST)


class Requirement(msgspec.Struct, frozen=True):
    """What one label must be; `values` are sorted."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether `labels` satisfy the requirement; a label that is absent is not equal."""
        found = labels.get(self.key)
        match self.operator:
            case Operator.EXISTS:
                return found is not None
            case Operator.DOES_NOT_EXIST:
                return found is None
            case Operator.GREATER | Operator.LESS:
                return self._compares(found)
            case _:
                included = found is not None and found in self.values
                return included != (self.operator in _NEGATIVE)

    def _compares(self, found: str | None) -> bool:
        number = _integer(found or "")
        limit = _integer(self.values[0])
        if number is None or limit is None:
            return False
        return number > limit if self.operator is Operator.GREATER else number < limit

    def __str__(self) -> str:
        """The canonical text."""
        match self.operator:
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"
            case Operator.IN | Operator.NOT_IN:
                return f"{self.key} {self.operator.value} ({','.join(self.values)})"
            case _:
                return f"{self.key}{self.operator.value}{self.values[0]}"


def requirement(key: str, operator: Operator, values: Iterable[str] = ()) -> Requirement:
    """Return a requirement; raises SelectorError when its parts do not go together."""
    listed = tuple(values)
    errors: list[FieldError] = []
    if messages := names.qualified_name(key):
        errors.append(invalid("key", key, "; ".join(messages)))
    if operator in _SETS and not listed:
        wrong = "for 'in', 'notin' operators, values set can't be empty"
        errors.append(invalid("values", None, wrong))
    if operator in _NUMBERS and _integer(listed[0]) is None:
        wrong = "for 'Gt', 'Lt' operators, the value must be an integer"
        errors.append(invalid("values[0]", listed[0], wrong))
    if operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST) and listed:
        wrong = "values set must be empty for exists and does not exist"
        errors.append(invalid("values", listed, wrong))
    for index, value in enumerate(listed):
        if messages := names.label_value(value):
            errors.append(invalid(f"values[{index}][{key}]", value, "; ".join(messages)))
    if errors:
        texts = list(dict.fromkeys(map(str, errors)))
        raise SelectorError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
    return Requirement(key, operator, tuple(sorted(set(listed))))


def check_key(key: str) -> None:
    """Raise SelectorError when `key` is no key of a label."""
    if messages := names.qualified_name(key):
        raise SelectorError(str(invalid("", key, "; ".join(messages))))


def _integer(text: str) -> int | None:
    if _INTEGER.fullmatch(text) is None:
        return None
    number = int(text)
    return number if -_INT64 <= number < _INT64 else None
