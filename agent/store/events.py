"""Which events have been kept long enough?"""

from __future__ import annotations

from collections import OrderedDict

#: Seconds that an event is kept after it was last written (kube-apiserver: --event-ttl).
EVENT_TTL = 3600.0
#: More events than that push out the ones that were written longest ago.
EVENT_LIMIT = 4096

Name = tuple[str, str]


class EventBounds:
    """Remembers in which order events were written; times are monotonic seconds."""

    def __init__(self, ttl: float = EVENT_TTL, limit: int = EVENT_LIMIT) -> None:
        self._ttl = ttl
        self._limit = limit
        self._written: OrderedDict[Name, float] = OrderedDict()

    def written(self, name: Name, at: float) -> None:
        """An event was written; calls come in order of time."""
        self._written[name] = at
        self._written.move_to_end(name)

    def forget(self, name: Name) -> None:
        """An event is gone."""
        self._written.pop(name, None)

    def surplus(self, now: float) -> list[Name]:
        """The events that must go: too old, or too many."""
        too_many = len(self._written) - self._limit
        found: list[Name] = []
        for name, at in self._written.items():
            if len(found) >= too_many and now - at < self._ttl:
                break
            found.append(name)
        return found

    def next_end(self) -> float | None:
        """When the next event will be too old."""
        oldest = next(iter(self._written.values()), None)
        return None if oldest is None else oldest + self._ttl
