"""Which settings decide what is valid, and how does a check report what it found?"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agent.manifest.errors import FieldError, invalid

Errors = list[FieldError]

#: How Go prints an empty field path, which stands for the object as a whole.
WHOLE_OBJECT = "[]"


class Options(msgspec.Struct, frozen=True, gc=False):
    """What differs between clusters: a flag of the API server, and its feature gates.

    `features` names the gates that are on beside those that Kubernetes 1.34 turns on by itself.
    """

    allow_privileged: bool = True
    features: frozenset[str] = frozenset()

    def enabled(self, gate: str) -> bool:
        """Whether an alpha gate was switched on."""
        return gate in self.features


def report(errors: Errors, path: str, value: object, messages: Iterable[str]) -> None:
    """Append one "Invalid value" for each message."""
    for message in messages:
        errors.append(invalid(path, value, message))
