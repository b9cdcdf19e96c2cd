"""What is decided about an object before it is stored: one strategy for each kind.

apiserver: pkg/registry/rest, create.go and update.go. Strategies decide and do nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from agent.manifest.errors import FieldError, required
from agent.manifest.update.objects import update_object
from agent.manifest.validation import metadata as rules
from agent.manifest.validation import names
from agent.manifest.validation.options import report
from agent.model.meta import ObjectMeta

#: What of an object an update is about; "" is all but its status.
Subresource = Literal["", "status"]


class Strategy:
    """What holds for any kind; each has its own differences.

    `allows_any_version`: an update may leave out the version that it is based on.
    """

    allows_any_version = True
    is_namespaced = True

    def judge(self, given: Any) -> tuple[list[FieldError], tuple[str, ...]]:
        """What a bare host cannot do of what was written, and what it ignores of it."""
        return [], ()

    def complete(self, obj: Any) -> Any:
        """Defaults, filled in for whatever comes from outside."""
        return obj

    def prepare(self, obj: Any) -> tuple[Any, tuple[str, ...]]:
        """A new object as it begins; the second value are warnings for its author."""
        return obj, ()

    def validate(self, obj: Any) -> list[FieldError]:
        """What is wrong with a new object."""
        return check_metadata(obj.metadata)

    def warnings(self, obj: Any) -> tuple[str, ...]:
        """What the author of a valid object should know."""
        return ()

    def update(
        self, new: Any, old: Any, subresource: Subresource
    ) -> tuple[Any, Sequence[FieldError]]:
        """What an update stores in the place of `old`, and what is wrong with it."""
        updated = update_object(new, old, subresource, namespaced=self.is_namespaced)
        return updated.object, updated.errors


class ClusterStrategy(Strategy):
    """A kind that is in no namespace."""

    is_namespaced = False

    def validate(self, obj: Any) -> list[FieldError]:
        return check_metadata(obj.metadata, is_namespaced=False)


def check_metadata(meta: ObjectMeta, *, is_namespaced: bool = True) -> list[FieldError]:
    """What is wrong with the metadata of an object whose name is a DNS subdomain."""
    errors: list[FieldError] = []
    if is_namespaced:
        rules.check_metadata(meta, "metadata", errors)
        return errors
    if not meta.name:
        errors.append(required("metadata.name", "name or generateName is required"))
    else:
        report(errors, "metadata.name", meta.name, names.dns_subdomain(meta.name))
    rules.check_labels(meta.labels, "metadata.labels", errors)
    rules.check_annotations(meta.annotations, "metadata.annotations", errors)
    return errors
