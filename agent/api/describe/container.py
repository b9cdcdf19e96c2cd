"""The containers of a pod: what they run, how they stand, how they are watched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from agent.api.describe.environment import describe_environment
from agent.api.describe.layout import NONE, Page, stamp, write_resources
from agent.api.describe.probe import describe_probe
from agent.model.container import Container, VolumeMount
from agent.model.pod import Pod
from agent.model.status import ContainerState, ContainerStateTerminated, ContainerStatus


def describe_containers(
    page: Page,
    title: str,
    pod: Pod,
    containers: Iterable[Container],
    statuses: Iterable[ContainerStatus],
    now: datetime,
) -> None:
    """One section for each container (kubectl: describeContainers)."""
    known = {status.name: status for status in statuses}
    page.line(0, f"{title}:")
    for container in containers:
        status = known.get(container.name)
        page.line(1, f"{container.name}:")
        _basics(page, container, status)
        if status is not None:
            _standing(page, status, now)
        write_resources(page, 2, "Limits", container.resources.limits)
        write_resources(page, 2, "Requests", container.resources.requests)
        for name, probe in (
            ("Liveness", container.liveness_probe),
            ("Readiness", container.readiness_probe),
            ("Startup", container.startup_probe),
        ):
            if probe is not None:
                page.line(2, f"{name}:", describe_probe(probe))
        describe_environment(page, pod, container)
        _mounts(page, container)


def _basics(page: Page, container: Container, status: ContainerStatus | None) -> None:
    if status is not None:
        page.line(2, "Container ID:", status.container_id)
    page.line(2, "Image:", container.image)
    if status is not None:
        page.line(2, "Image ID:", status.image_id)
    plural = "s" if len(container.ports) > 1 else ""
    inside = [f"{port.container_port}/{port.protocol}" for port in container.ports]
    outside = [f"{port.host_port}/{port.protocol}" for port in container.ports]
    page.line(2, f"Port{plural}:", ", ".join(inside) or NONE)
    page.line(2, f"Host Port{plural}:", ", ".join(outside) or NONE)
    _words(page, "Command", container.command)
    _words(page, "Args", container.args)


def _words(page: Page, title: str, words: Sequence[str]) -> None:
    if words:
        page.line(2, f"{title}:")
    for word in words:
        for part in word.split("\n"):
            page.line(3, part)


def _standing(page: Page, status: ContainerStatus, now: datetime) -> None:
    _state(page, "State", status.state, now)
    if status.last_state.terminated is not None:
        _state(page, "Last State", status.last_state, now)
    page.line(2, "Ready:", status.ready)
    page.line(2, "Restart Count:", status.restart_count)


def _state(page: Page, title: str, state: ContainerState, now: datetime) -> None:
    """Running, terminated, else waiting (kubectl: describeStatus)."""
    if state.running is not None:
        page.line(2, f"{title}:", "Running")
        page.line(3, "Started:", stamp(state.running.started_at, now))
    elif state.waiting is None and state.terminated is not None:
        page.line(2, f"{title}:", "Terminated")
        _end(page, state.terminated, now)
    else:
        page.line(2, f"{title}:", "Waiting")
        if state.waiting is not None and state.waiting.reason:
            page.line(3, "Reason:", state.waiting.reason)


def _end(page: Page, end: ContainerStateTerminated, now: datetime) -> None:
    if end.reason:
        page.line(3, "Reason:", end.reason)
    if end.message:
        page.line(3, "Message:", end.message)
    page.line(3, "Exit Code:", end.exit_code)
    if end.signal > 0:
        page.line(3, "Signal:", end.signal)
    page.line(3, "Started:", stamp(end.started_at, now))
    page.line(3, "Finished:", stamp(end.finished_at, now))


def _mounts(page: Page, container: Container) -> None:
    if not container.volume_mounts:
        page.line(2, "Mounts:", NONE)
    else:
        page.line(2, "Mounts:")
    for mount in sorted(container.volume_mounts, key=lambda mount: mount.mount_path):
        page.line(3, f"{mount.mount_path} from {mount.name} ({_flags(mount)})")
    if container.volume_devices:
        page.line(2, "Devices:")
    for device in sorted(container.volume_devices, key=lambda device: device.device_path):
        page.line(3, f"{device.device_path} from {device.name}")


def _flags(mount: VolumeMount) -> str:
    mode = "ro" if mount.read_only else "rw"
    return f'{mode},path="{mount.sub_path}"' if mount.sub_path else mode
