"""What is decided about an object before it is stored: one strategy for each kind.

apiserver: pkg/registry/rest, create.go and update.go. Strategies decide and do nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from agent.manifest.errors import FieldError, invalid, required
from agent.manifest.validation import metadata as rules
from agent.manifest.validation import names
from agent.manifest.validation.options import report
from agent.model.meta import ObjectMeta


class Strategy:
    """What holds for any kind; each has its own differences.

    `allows_any_version`: an update may leave out the version that it is based on.
    """

    allows_any_version = True

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

    def prepare_update(self, new: Any, old: Any) -> Any:
        """The new state without what such a request cannot change."""
        return new

    def validate_update(self, new: Any, old: Any) -> list[FieldError]:
        """What is wrong with an update."""
        return [*check_metadata(new.metadata), *check_fixed(new.metadata, old.metadata)]


class WithStatus(Strategy):
    """A kind whose status is written through its own subresource only."""

    def prepare_update(self, new: Any, old: Any) -> Any:
        return msgspec.structs.replace(new, status=old.status)


class StatusOnly(Strategy):
    """The subresource `status` of a kind: nothing else changes."""

    def prepare_update(self, new: Any, old: Any) -> Any:
        return msgspec.structs.replace(old, status=new.status)

    def validate_update(self, new: Any, old: Any) -> list[FieldError]:
        return []


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


def check_fixed(new: ObjectMeta, old: ObjectMeta) -> list[FieldError]:
    """What of the metadata never changes (ValidateObjectMetaAccessorUpdate)."""
    wrong = "field is immutable"
    return [
        invalid(f"metadata.{field}", now, wrong)
        for field, now, before in (
            ("name", new.name, old.name),
            ("namespace", new.namespace, old.namespace),
            ("uid", new.uid, old.uid),
        )
        if now != before
    ]
