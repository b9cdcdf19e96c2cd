"""Which resource limits hold on this machine, and what must be said about the others?"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

_PERIOD_US = 100_000
_MIN_QUOTA_US = 1_000
_MIN_SHARES = 2
_MAX_SHARES = 262_144
_SHARES_PER_CPU = 1024
_MILLI = 1000
_MAX_WEIGHT = 10_000


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a container may use; None is unlimited. CPU is in thousandths of a core."""

    memory_bytes: int | None = None
    cpu_millis: int | None = None
    cpu_request_millis: int | None = None
    pids: int | None = None


def settings(limits: Limits) -> Iterator[tuple[str, str, str]]:
    """(controller, file, value) for cgroup v2, in the order in which they are to be written.

    kubelet: cm/helpers_linux.go MilliCPUToQuota, MilliCPUToShares;
    runc: libcontainer/cgroups ConvertCPUSharesToCgroupV2Value;
    `memory.oom.group`: kubelet kills a container as one since 1.28 (singleProcessOOMKill false).
    """
    if limits.memory_bytes is not None:
        yield "memory", "memory.max", str(limits.memory_bytes)
        yield "memory", "memory.oom.group", "1"
    if limits.cpu_millis is not None:
        quota = max(limits.cpu_millis * _PERIOD_US // _MILLI, _MIN_QUOTA_US)
        yield "cpu", "cpu.max", f"{quota} {_PERIOD_US}"
    if limits.cpu_request_millis is not None:
        yield "cpu", "cpu.weight", str(cpu_weight(limits.cpu_request_millis))
    if limits.pids is not None:
        yield "pids", "pids.max", str(limits.pids)


def cpu_weight(millis: int) -> int:
    """The cgroup v2 weight of a CPU request, by way of the shares that the kubelet computes."""
    shares = min(max(millis * _SHARES_PER_CPU // _MILLI, _MIN_SHARES), _MAX_SHARES)
    return 1 + (shares - _MIN_SHARES) * (_MAX_WEIGHT - 1) // (_MAX_SHARES - _MIN_SHARES)


def unenforced(limits: Limits, controllers: Collection[str]) -> tuple[str, ...]:
    """One sentence for each limit that this host cannot hold; a CPU request is no promise.

    No rlimit means the same as a container's limit: RLIMIT_AS and RLIMIT_DATA count what one
    process reserves, not what all of them use, and RLIMIT_NPROC counts a user's processes.
    """
    wanted = (
        ("memory", "resources.limits.memory", limits.memory_bytes),
        ("cpu", "resources.limits.cpu", limits.cpu_millis),
        ("pids", "the process limit", limits.pids),
    )
    return tuple(
        f"{name} is not enforced: this host gives the agent no {controller} controller (cgroup v2)"
        for controller, name, value in wanted
        if value is not None and controller not in controllers
    )
