"""A container's definition to a running process: image, environment, user, limits, output.

What the container runtime does below a kubelet (CRI: CreateContainer, StartContainer), for plain
processes of this host.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import random

from agent.action.exec import Captured
from agent.action.handler import Target
from agent.action.runner import Engines
from agent.host import capabilities, files, users
from agent.host.limits import Limits
from agent.host.log_engine import Follower
from agent.host.process import Command, SpawnError, parse_signal
from agent.host.spawner import Running
from agent.model.config_data import ConfigMap, Secret
from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.quantity import parse
from agent.model.runtime import ContainerRun, RunState
from agent.model.security import SecurityContext
from agent.pod.facts import Instance
from agent.pod.instance import HostInstance, InstanceParts
from agent.pod.machine import Machine
from agent.pod.message import VARIABLE, TerminationMessage
from agent.pod.starter import ImageError, StartError
from agent.pod.streams import Streams
from agent.rules import environment, images, messages
from agent.rules.actions import container_hash
from agent.rules.downward import ConfigError, Surroundings
from agent.rules.images import ImageEntry

_START_ERROR = 128
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_DRAIN_SECONDS = 1.0
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the pod layer needs of the configuration."""

    node_name: str
    address: str
    log_dir: str
    run_dir: str
    log_max_size: int
    log_max_files: int
    path: str = _DEFAULT_PATH
    is_root: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, ImageEntry] = field(default_factory=dict)
    allocatable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Objects that containers take values from, by namespace and name."""

    config_maps: Callable[[str], Mapping[str, ConfigMap]]
    secrets: Callable[[str], Mapping[str, Secret]]
    follower: Callable[[Pod, str], Follower | None]
    warn: Callable[[Pod, str, str], None]


class HostRuntime:
    """Makes runs of containers on this host."""

    def __init__(self, settings: Settings, machine: Machine, sources: Sources) -> None:
        self._settings = settings
        self._machine = machine
        self._sources = sources

    def ensure_image(self, pod: Pod, container: Container) -> None:
        """Raises ImageError for an image that needs an entry in `[images]` and has none."""
        if not container.command and images.find(self._settings.images, container.image) is None:
            raise ImageError(container.image)

    def create(self, pod: Pod, container: Container, restart_count: int) -> PreparedRun:
        """Prepare a run; raises StartError."""
        blueprint = self.blueprint(pod, container)
        container_id = secrets.token_hex(32)
        try:
            return PreparedRun(
                self._machine,
                self._settings,
                self._sources,
                blueprint,
                Naming(pod, container, container_id, restart_count),
            )
        except OSError as exc:
            raise _not_created(exc) from exc

    def blueprint(self, pod: Pod, container: Container) -> Blueprint:
        """Decide everything about a run without doing anything; raises StartError."""
        entry = images.find(self._settings.images, container.image) or ImageEntry()
        try:
            variables = environment.make_environment(pod, container, self._around(pod))
            command, args = environment.expand_command(container, variables)
            runs_as = users.run_as(
                users.read_accounts(),
                pod=pod.spec.security_context,
                container=container.security_context,
                image_user=entry.user,
                where=f'pod: "{messages.pod_reference(pod)}", container: {container.name}',
            )
            lifecycle = container.lifecycle
            stop = (lifecycle.stop_signal if lifecycle is not None else None) or entry.stop_signal
            stop_signal = parse_signal(stop or "SIGTERM")
            security = container.security_context or SecurityContext()
            dropped = capabilities.dropped(
                security.capabilities, last=capabilities.last_capability()
            )
        except (ConfigError, users.UserError) as exc:
            raise StartError("CreateContainerConfigError", str(exc)) from exc
        except (ValueError, capabilities.CapabilityError) as exc:
            raise StartError("CreateContainerError", str(exc)) from exc
        return Blueprint(
            command=Command(
                argv=images.argv(entry, command, args),
                env=self._environment(pod, entry, runs_as.home, variables),
                cwd=container.working_dir or entry.working_dir or "/",
                user=runs_as.identity,
                no_new_privs=security.allow_privilege_escalation is False,
                cap_drop=dropped if self._settings.is_root else (),
            ),
            stop_signal=stop_signal,
            limits=_limits(container),
        )

    def _around(self, pod: Pod) -> Surroundings:
        namespace = pod.metadata.namespace
        address = self._settings.address
        return Surroundings(
            pod_ips=(address,),
            host_ips=(address,),
            node_name=self._settings.node_name,
            config_maps=self._sources.config_maps(namespace),
            secrets=self._sources.secrets(namespace),
            allocatable=self._settings.allocatable,
        )

    def _environment(
        self, pod: Pod, entry: ImageEntry, home: str, variables: Mapping[str, str]
    ) -> dict[str, str]:
        """The container's variables over the image's over the node's; nothing of our own."""
        return {
            "PATH": self._settings.path or _DEFAULT_PATH,
            "HOME": home,
            "HOSTNAME": environment.hostname(pod),
            **self._settings.env,
            **entry.env,
            **variables,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What a run will be: the command without its termination log, signal, limits."""

    command: Command
    stop_signal: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class Naming:
    """Which run of which container this is."""

    pod: Pod
    container: Container
    container_id: str
    restart_count: int

    def log_directory(self, log_dir: str) -> str:
        meta = self.pod.metadata
        folder = f"{meta.namespace}_{meta.name}_{meta.uid}"
        return f"{log_dir}/{folder}/{self.container.name}"

    def message_path(self, run_dir: str) -> str:
        """Where the container may leave its last words."""
        folder = f"{run_dir}/pods/{self.pod.metadata.uid}"
        return f"{folder}/{self.container.name}.{self.restart_count}"

    def target(self, address: str) -> Target:
        reference = messages.pod_reference(self.pod)
        return Target(
            address=address,
            ports=self.container.ports,
            name=f"{reference}:{self.container.name}",
        )


class PreparedRun:
    """A run whose log, message file and boundary exist (CRI: a created container)."""

    def __init__(
        self,
        machine: Machine,
        settings: Settings,
        sources: Sources,
        blueprint: Blueprint,
        naming: Naming,
    ) -> None:
        """OSError when the machine lacks something; nothing is left behind then."""
        self._machine = machine
        self._settings = settings
        self._blueprint = blueprint
        self._naming = naming
        self._created_at = machine.clock.now()
        message_path = naming.message_path(settings.run_dir)
        _touch(message_path)
        env = {**blueprint.command.env, VARIABLE: message_path}
        self._command = replace(blueprint.command, env=env)
        self._boundary = machine.containment.create(naming.container_id, blueprint.limits)
        for warning in self._boundary.warnings:
            sources.warn(naming.pod, naming.container.name, warning)
        try:
            self._streams = Streams.open(
                naming.container,
                machine.pump,
                naming.log_directory(settings.log_dir),
                naming.restart_count,
                max_size=settings.log_max_size,
                max_files=settings.log_max_files,
                follower=sources.follower(naming.pod, naming.container.name),
            )
        except OSError:
            self._boundary.close()
            raise
        self._message = TerminationMessage(
            message_path, naming.container.termination_message_policy, self._log_tail
        )

    async def start(self) -> tuple[ContainerRun, Instance]:
        """Start the main process; raises StartError."""
        streams = self._streams
        try:
            child = await self._machine.spawner.spawn(
                self._command,
                self._boundary,
                stdin=streams.stdin,
                stdout=streams.stdout,
                stderr=streams.stderr,
                controlling_tty=streams.is_tty,
            )
        except SpawnError as exc:
            await self._abandon()
            raise self._not_started(exc) from exc
        except BaseException:
            await self._abandon()
            raise
        streams.started()
        instance = HostInstance(
            InstanceParts(
                container_id=self._naming.container_id,
                container=self._naming.container,
                target=self._naming.target(self._settings.address),
                child=child,
                boundary=self._boundary,
                streams=streams,
                engines=self._engines(),
                clock=self._machine.clock,
                stop_signal=self._blueprint.stop_signal,
                message=self._message,
            )
        )
        return self._run(RunState.RUNNING, self._machine.clock.now()), instance

    def _run(self, state: RunState, started_at: datetime) -> ContainerRun:
        container = self._naming.container
        return ContainerRun(
            name=container.name,
            container_id=self._naming.container_id,
            state=state,
            created_at=self._created_at,
            started_at=started_at,
            restart_count=self._naming.restart_count,
            spec_hash=container_hash(container),
            image=container.image,
            image_id=container.image,
        )

    def _not_started(self, exc: SpawnError) -> StartError:
        """A program that cannot run counts as a run (containerd: StartError 128)."""
        message = f"unable to start container process: {exc.message}"
        if exc.transient:
            return StartError("RunContainerError", message)
        failed = replace(
            self._run(RunState.EXITED, _NEVER),
            finished_at=self._machine.clock.now(),
            exit_code=_START_ERROR,
            reason="StartError",
            message=message,
        )
        return StartError("RunContainerError", message, failed)

    async def _abandon(self) -> None:
        """Nothing runs: leave no descriptor, boundary or file behind."""
        await self._boundary.kill()
        self._boundary.close()
        self._streams.started()
        self._streams.close()
        self._message.remove()

    def _engines(self) -> Engines:
        machine = self._machine

        def captures(
            argv: tuple[str, ...], timeout: float | None, done: Callable[[Captured], None]
        ) -> Running:
            command = replace(self._command, argv=argv)
            return machine.spawner.capture(command, self._boundary, timeout, done)

        return Engines(
            reactor=machine.reactor,
            scheduler=machine.scheduler,
            resolver=machine.resolver,
            captures=captures,
            random=random,
        )

    async def _log_tail(self) -> str:
        """The end of the output, once all of it is written or a second has passed."""
        with suppress(TimeoutError):
            async with self._machine.clock.timeout(_DRAIN_SECONDS):
                await self._streams.capture.drained()
        return await self._machine.pump.tail(self._streams.capture.path)


def _limits(container: Container) -> Limits:
    limits, requests = container.resources.limits, container.resources.requests
    memory, cpu, request = limits.get("memory"), limits.get("cpu"), requests.get("cpu")
    return Limits(
        memory_bytes=None if memory is None else parse(memory).value(),
        cpu_millis=None if cpu is None else parse(cpu).milli_value(),
        cpu_request_millis=None if request is None else parse(request).milli_value(),
    )


def _touch(path: str) -> None:
    """An empty file that anybody may write, in a directory that only its owner lists."""
    folder = os.path.dirname(path)
    os.makedirs(os.path.dirname(folder), mode=0o755, exist_ok=True)
    files.private_directory(folder, mode=0o711)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        os.fchmod(fd, 0o666)
    finally:
        os.close(fd)


def _not_created(exc: OSError) -> StartError:
    where = f" {exc.filename}" if exc.filename else ""
    reason = (exc.strerror or str(exc)).lower()
    return StartError("CreateContainerError", f"failed to create container:{where} {reason}")
