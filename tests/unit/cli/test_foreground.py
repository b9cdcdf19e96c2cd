"""Which exit code does a failed pod give the command?"""

from __future__ import annotations

import msgspec
import pytest

from agent.cli.foreground import exit_code_of
from agent.model.pod import Pod
from agent.model.status import ContainerState, ContainerStateTerminated, ContainerStatus, PodStatus
from tests.support.builders import pod


def ended(name: str, code: int) -> ContainerStatus:
    state = ContainerStateTerminated(exit_code=code, container_id=f"barepod://{name}")
    return ContainerStatus(name=name, state=ContainerState(terminated=state))


def failed(*statuses: ContainerStatus, init: tuple[ContainerStatus, ...] = ()) -> Pod:
    status = PodStatus(phase="Failed", init_container_statuses=init, container_statuses=statuses)
    return msgspec.structs.replace(pod(), status=status)


def order(*names: str) -> dict[str, int]:
    return {f"barepod://{name}": place for place, name in enumerate(names)}


def test_it_is_that_of_the_container_that_failed_first() -> None:
    subject = failed(ended("a", 1), ended("b", 2), ended("c", 0))

    assert exit_code_of(subject, order("c", "b", "a")) == 2


def test_init_containers_count_too() -> None:
    subject = failed(ContainerStatus(name="a"), init=(ended("i", 9),))

    assert exit_code_of(subject, order("i")) == 9


def test_a_container_whose_end_nobody_saw_comes_last() -> None:
    subject = failed(ended("lost", 137), ended("b", 2))

    assert exit_code_of(subject, order("b")) == 2


@pytest.mark.parametrize(("code", "expected"), [(255, 255), (256, 1), (137, 137)])
def test_it_is_never_the_code_of_success(code: int, expected: int) -> None:
    assert exit_code_of(failed(ended("a", code)), order("a")) == expected


def test_a_pod_that_failed_without_a_failed_container_gives_1() -> None:
    assert exit_code_of(failed(ended("a", 0)), order("a")) == 1
