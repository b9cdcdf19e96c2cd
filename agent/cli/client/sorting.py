"""In which order does `--sort-by` put objects? (kubectl: pkg/cmd/get/sorter.go)"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, TypeVar

from agent.cli.client import jsonpath
from agent.cli.client.errors import ClientError
from agent.model.quantity import QuantityError, parse

T = TypeVar("T")


def sort(items: Sequence[T], objects: Sequence[Any], expression: str) -> list[T]:
    """`items` by a field of the objects beside them; who has no such field comes first."""
    path = jsonpath.parse_relaxed(expression)
    keys = [next(iter(path.find(obj)), None) for obj in objects]
    if len(keys) > 1 and all(key is None for key in keys):
        raise ClientError(
            f'couldn\'t find any field with path "{_braced(expression)}" in the list of objects'
        )

    def by_key(one: tuple[Any, T], other: tuple[Any, T]) -> int:
        return compare(one[0], other[0])

    pairs = sorted(zip(keys, items, strict=True), key=functools.cmp_to_key(by_key))
    return [item for _, item in pairs]


def _braced(expression: str) -> str:
    return expression if expression.startswith("{") else f"{{{expression}}}"


def compare(left: Any, right: Any) -> int:
    """Less than, equal to or greater than 0."""
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if isinstance(left, str) and isinstance(right, str):
        return _compare_texts(left, right)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return (left > right) - (left < right)
    raise ClientError(
        f"unsortable types: a field is {type(left).__name__} here and {type(right).__name__} there"
    )


def _compare_texts(left: str, right: str) -> int:
    """As quantities if both are, else character by character."""
    try:
        return parse(left).compare(parse(right))
    except QuantityError:
        return (left > right) - (left < right)
