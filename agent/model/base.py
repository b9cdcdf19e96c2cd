"""What every Kubernetes object of the model has in common.

A Struct mirrors one Go type of the Kubernetes API and carries its name, because decode errors
name it. Field rules, so that encoding agrees with Go's `omitempty`:

* a plain Go value (`int32`, `string`, slice, map) has its zero value as default and is omitted
  when it is zero;
* a Go pointer is `X | None = None`: an explicit zero stays visible;
* a Go field without `omitempty` uses `always(factory=...)`: optional on input, always written;
* a Go struct (not a pointer) with `omitempty` is written even when empty: also `always(...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, dataclass_transform

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1, extra={"go": "int32"})]
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1, extra={"go": "int64"})]
IntOrString = Annotated[int | str, msgspec.Meta(extra={"go": "intstr.IntOrString"})]
#: A resource quantity in the text form in which it is stored ("250m", "64Mi").
Quantity = Annotated[str, msgspec.Meta(extra={"go": "resource.Quantity"})]
#: Quantities by resource name.
ResourceList = Annotated[dict[str, Quantity], msgspec.Meta(extra={"go": "v1.ResourceList"})]
#: Bytes in the base64 text in which they are written.
Base64 = Annotated[str, msgspec.Meta(extra={"go": "[]uint8"})]
#: A point in time, always UTC; Kubernetes writes whole seconds.
Time = Annotated[datetime, msgspec.Meta(extra={"go": "v1.Time"})]
#: A point in time, always UTC, with microseconds.
MicroTime = Annotated[datetime, msgspec.Meta(extra={"go": "v1.MicroTime"})]
#: A time that was written out though it was never set (Go: time.Time.IsZero).
ZERO_TIME = datetime(1, 1, 1, tzinfo=UTC)


def always(*, factory: Callable[[], Any], name: str | None = None) -> Any:
    """Declare a field that is optional on input and written even when it is zero.

    A default factory other than the empty container types is never treated as "default" by
    `omit_defaults`, which is exactly the behaviour of a Go field without `omitempty`.
    """
    wanted = (lambda: ()) if factory is tuple else factory
    return msgspec.field(default_factory=wanted, name=name)


@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field, always)
)
class _FrozenMeta(msgspec.StructMeta):
    """Tells type checkers what `Object` fixes for all its subclasses."""


class Object(
    msgspec.Struct,
    metaclass=_FrozenMeta,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
):
    """Base of all API types: immutable, camelCase outside, snake_case inside."""
