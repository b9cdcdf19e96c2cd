"""Limits as cgroup v2 settings, as the kubelet and runc compute them."""

from __future__ import annotations

import pytest

from agent.host.limits import Limits, cpu_weight, settings, unenforced


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(), []),
        (
            Limits(memory_bytes=64 * 2**20),
            [("memory.max", "67108864"), ("memory.oom.group", "1")],
        ),
        (Limits(cpu_millis=250), [("cpu.max", "25000 100000")]),
        (Limits(cpu_millis=2500), [("cpu.max", "250000 100000")]),
        (Limits(cpu_millis=1), [("cpu.max", "1000 100000")]),
        (Limits(cpu_request_millis=1000), [("cpu.weight", "39")]),
        (Limits(pids=100), [("pids.max", "100")]),
    ],
)
def test_a_limit_becomes_the_kernels_setting(
    limits: Limits, expected: list[tuple[str, str]]
) -> None:
    assert [(file, value) for _, file, value in settings(limits)] == expected


@pytest.mark.parametrize(
    ("millis", "weight"), [(0, 1), (2, 1), (100, 4), (500, 20), (1000, 39), (256_000, 10_000)]
)
def test_a_cpu_request_becomes_a_weight(millis: int, weight: int) -> None:
    assert cpu_weight(millis) == weight


def test_what_no_controller_enforces_is_told_and_requests_are_not() -> None:
    limits = Limits(memory_bytes=1, cpu_millis=1, cpu_request_millis=1, pids=1)

    assert unenforced(limits, {"memory", "cpu", "pids"}) == ()
    assert unenforced(Limits(cpu_request_millis=1), ()) == ()
    memory, pids = unenforced(limits, {"cpu"})
    assert memory.startswith("resources.limits.memory is not enforced")
    assert pids.startswith("the process limit is not enforced")
