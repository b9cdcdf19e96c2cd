"""What a request asks to be started, recognised by its bytes. Used by the helper process.

A probe asks for the same command each time; taking its environment apart once is enough.
"""

from __future__ import annotations

import os

from agent.host import wire
from agent.host.wire import Spec

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from agent.host.wire import Message

#: So many different ones; each takes some kilobytes.
_KEPT = 256


class Known:
    """The commands that were run last."""

    __slots__ = ("_self", "_specs")

    def __init__(self) -> None:
        self._self = (os.getuid(), {os.getgid(), *os.getgroups()})
        self._specs: dict[bytes, Spec] = {}

    def spec(self, fields: Message) -> Spec:
        """A new one."""
        spec = Spec(*fields)
        if (user := spec.user) is not None and (user[0], {user[1], *user[2]}) == self._self:
            spec.user = None  # needs no preparation
        return spec

    def again(self, fields: bytes, mark: int) -> Spec:
        """As the last time, but for its mark: for use until the next message."""
        spec = self._specs.get(fields)
        if spec is None:
            if len(self._specs) == _KEPT:
                del self._specs[next(iter(self._specs))]
            spec = self._specs[fields] = self.spec(wire.loads(fields))
        spec.mark = mark
        return spec
