"""What is this field for? Read when somebody asks, for a start has no use for it.

A file has a table for each type, with the fields as clients write them. What a bare host makes of
a field is not told here, but where it is decided (agent.manifest.unsupported).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import tomli

from agent.model.base import Object


def description(model: type[Object], written: str) -> str:
    """Return the description of a field, by its name outside; empty if there is none.

    What a type inherits is described where it is declared, unless the type has its own words.
    """
    for owner in model.__mro__:
        if owner is Object:
            break
        told = _tables(owner.__module__).get(owner.__name__, {}).get(written)
        if told is not None:
            return told
    return ""


@cache
def _tables(module: str) -> dict[str, dict[str, str]]:
    """By type and field, for one module of the model."""
    file = files(__package__) / f"{module.rpartition('.')[2]}.toml"
    return tomli.loads(file.read_text("utf-8"))
