"""How does the host make sure that nothing outlives its container?"""

from __future__ import annotations

from typing import Protocol

from agent.host.limits import Limits


class Boundary(Protocol):
    """The fence around one run of one container: everything it starts stays inside."""

    @property
    def mark(self) -> int:
        """The mark that every process of the run bears (see marks.py)."""
        ...

    @property
    def cgroup_fd(self) -> int | None:
        """The directory of the run's cgroup; None without one."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each limit that is not enforced."""
        ...

    def command_mark(self) -> int:
        """A mark for one more command (probe, hook, exec) inside the run."""
        ...

    def pids(self) -> frozenset[int]:
        """All living processes of the run, its commands included."""
        ...

    def signal(self, signum: int, *, exclude: int | None = None) -> int:
        """Send a signal to every process of the run but `exclude`; how many got it."""
        ...

    def oom_killed(self) -> bool:
        """Whether the kernel killed a process of the run for its memory limit."""
        ...

    async def kill(self) -> frozenset[int]:
        """SIGKILL everything and wait until nothing is left; what resisted for 10 s is returned.

        Does not suspend when there is nothing to kill.
        """
        ...

    def close(self) -> None:
        """Remove what stood for the fence; after `kill`."""
        ...


class Containment(Protocol):
    """Makes fences."""

    @property
    def kind(self) -> str:
        """How it holds: "cgroup" or "subreaper"."""
        ...

    @property
    def controllers(self) -> frozenset[str]:
        """The cgroup controllers whose limits are enforced."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know about this host, once."""
        ...

    def create(self, container_id: str, limits: Limits) -> Boundary:
        """A fence for one run; `container_id` must be unique and usable as a file name."""
        ...

    async def close(self) -> None:
        """Kill everything that is left in any fence, and remove the traces."""
        ...
