"""Which manifest file does an object come from when several define it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

_Key = TypeVar("_Key")


def owners(held: Mapping[_Key, str], offers: Mapping[_Key, Sequence[str]]) -> dict[_Key, str]:
    """Return the file that each object comes from, of those that offer it.

    Who holds an object keeps it for as long as it offers it, so that a second file never disturbs
    what runs; else the first by name has it, so that a restart decides alike.
    """
    return {
        key: held[key] if held.get(key) in files else min(files)
        for key, files in offers.items()
        if files
    }
