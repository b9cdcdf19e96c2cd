"""Which log is meant, or why there is none (kubelet: TestValidateContainerLogStatus)."""

from __future__ import annotations

import pytest

from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.model.status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    PodStatus,
)
from agent.rules.log_source import NoLog, attempt

_MAIN = 'container "main" in pod "web"'
RUNNING = ContainerState(running=ContainerStateRunning())
ENDED = ContainerState(terminated=ContainerStateTerminated(exit_code=1, container_id="barepod://x"))
LOST = ContainerState(terminated=ContainerStateTerminated(exit_code=137))


def waiting(reason: str) -> ContainerState:
    return ContainerState(waiting=ContainerStateWaiting(reason=reason))


def pod(state: ContainerState, last: ContainerState | None = None, restarts: int = 0) -> Pod:
    status = ContainerStatus(
        name="main", state=state, last_state=last or ContainerState(), restart_count=restarts
    )
    return Pod(metadata=ObjectMeta(name="web"), status=PodStatus(container_statuses=(status,)))


@pytest.mark.parametrize(
    ("found", "previous", "expected"),
    [
        (pod(RUNNING), False, 0),
        (pod(ENDED), False, 0),
        (pod(RUNNING, ENDED, 3), False, 3),
        (pod(RUNNING, ENDED, 3), True, 2),
        (pod(ENDED, ENDED, 3), True, 2),
        (pod(waiting("CrashLoopBackOff"), ENDED, 3), False, 3),
        (pod(waiting("CrashLoopBackOff"), ENDED, 3), True, 3),
    ],
)
def test_the_attempt_is_that_of_the_run(found: Pod, previous: bool, expected: int) -> None:
    assert attempt(found, "main", previous=previous) == expected


@pytest.mark.parametrize(
    ("found", "previous", "text"),
    [
        (pod(RUNNING), True, 'previous terminated container "main" in pod "web" not found'),
        (
            pod(RUNNING, LOST, 1),
            True,
            'previous terminated container "main" in pod "web" not found',
        ),
        (pod(LOST), False, 'terminated container "main" in pod "web" not found'),
        (
            pod(waiting("ContainerCreating")),
            False,
            'container "main" in pod "web" is waiting to start: ContainerCreating',
        ),
        (
            pod(waiting("ErrImagePull")),
            False,
            'container "main" in pod "web" is waiting to start: image can\'t be pulled',
        ),
        (
            pod(waiting("ImagePullBackOff")),
            False,
            'container "main" in pod "web" is waiting to start: trying and failing to pull image',
        ),
        (
            Pod(metadata=ObjectMeta(name="web")),
            False,
            'container "main" in pod "web" is not available',
        ),
    ],
)
def test_otherwise_there_is_none(found: Pod, previous: bool, text: str) -> None:
    with pytest.raises(NoLog) as missing:
        attempt(found, "main", previous=previous)

    assert str(missing.value) == text
