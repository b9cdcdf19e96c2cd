"""Records of containers for tests."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.host.process import Command, Identity
from agent.model.runtime import ContainerRun, RunState, Sandbox
from agent.rules.backoff import BackOffEntry
from agent.store.records import ContainerRecord, HookProgress, PodRecord, ProcessRecord, Trace


def container_record(pod_uid: str, container: str = "main", attempt: int = 0) -> ContainerRecord:
    """A record in which every field says something."""
    started = datetime(2025, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
    return ContainerRecord(
        pod_uid=pod_uid,
        container=container,
        attempt=attempt,
        run=ContainerRun(
            name=container,
            container_id=f"{pod_uid}-{container}-{attempt}",
            state=RunState.RUNNING,
            created_at=started,
            started_at=started,
            restart_count=attempt,
            spec_hash="abc",
        ),
        trace=Trace(
            process=ProcessRecord(
                pid=42, start_ticks=1234567, cgroup="/barepod/x", mark=(1 << 61) + 5
            ),
            command=Command(argv=("sleep", "1"), env={"A": "b"}, user=Identity(uid=1, gid=2)),
            stop_signal=3,
            log_file="/var/log/barepod/0.log",
            output="/run/barepod/main.0.output",
            termination_message_path="/run/barepod/m",
        ),
        began_at=12.5,
        ended_at=13.25,
        post_start=HookProgress.SUCCEEDED,
        pre_stop=HookProgress.RUNNING,
        is_started=True,
        is_ready=False,
    )


def pod_record(pod_uid: str) -> PodRecord:
    """A record in which every field says something."""
    return PodRecord(
        pod_uid=pod_uid,
        boot_id="boot",
        began_at=11.5,
        sandbox=Sandbox(sandbox_id="s", ip="127.0.0.1", attempt=2),
        start_failures={"main": ("ErrImagePull", "no such image")},
        back_off={"main": BackOffEntry(delay=20.0, last_update=11.0)},
    )
