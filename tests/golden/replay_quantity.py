"""Quantities: parsing, canonical text, rounding and overflow."""

from __future__ import annotations

from typing import Any

from agent.model import quantity


def replay(case: dict[str, Any]) -> str | None:
    """Compare everything that the real code says of one text."""
    expected: dict[str, Any] = case["expected"]
    try:
        amount = quantity.parse(case["input"])
    except quantity.QuantityError as exc:
        seen: dict[str, Any] = {"error": str(exc)}
        if "jsonCanonical" in expected:  # in JSON, space around the text is allowed
            seen["jsonCanonical"] = quantity.parse(case["input"].strip()).canonical()
    else:
        exact = amount.as_int64()
        seen = {
            "canonical": amount.canonical(),
            "format": amount.format.value,
            "milliValue": str(amount.milli_value()),
            "sign": amount.sign(),
            "storedAs": amount.canonical(),
            "value": str(amount.value()),
        } | ({} if exact is None else {"asInt64": str(exact)})
    return None if seen == expected else f"{case['input']!r}: {seen} is not {expected}"
