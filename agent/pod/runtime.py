"""A container's definition to a running process: image, environment, user, limits.

What the container runtime does below a kubelet (CRI: CreateContainer), for plain processes.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent.host import capabilities, files, users
from agent.host.identifiers import new_container_id
from agent.host.limits import Limits
from agent.host.process import Command, parse_signal
from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.quantity import parse
from agent.model.security import SecurityContext
from agent.pod.blueprint import Blueprint, Naming, Settings, Sources, pod_folder
from agent.pod.machine import Machine
from agent.pod.prepared import PreparedRun
from agent.pod.starter import StartError
from agent.pod.storage import Volumes
from agent.rules import environment, images, messages
from agent.rules.downward import ConfigError, Surroundings
from agent.rules.images import ImageEntry

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class HostRuntime:
    """Makes runs of containers on this host."""

    def __init__(self, settings: Settings, machine: Machine, sources: Sources) -> None:
        self._settings = settings
        self._machine = machine
        self._sources = sources

    def reconfigure(self, settings: Settings) -> None:
        """Runs that are made from now on follow these settings."""
        self._settings = settings

    def image_problem(self, container: Container) -> str | None:
        """Why the image cannot be used: without a command it needs an entry in `[images]`."""
        if container.command or images.find(self._settings.images, container.image) is not None:
            return None
        return images.unknown_image(container.image)

    def forget(self, pod: Pod) -> None:
        """Nothing of the pod runs any more: remove the folder of its short-lived files."""
        files.remove_if_empty(pod_folder(self._settings.run_dir, pod))

    def create(
        self, pod: Pod, container: Container, restart_count: int, volumes: Volumes
    ) -> PreparedRun:
        """Prepare a run; raises StartError."""
        naming = Naming(pod, container, new_container_id(), restart_count)
        try:
            blueprint = self._with_mounts(self.blueprint(pod, container), naming, volumes)
            return PreparedRun(self._machine, self._settings, self._sources, blueprint, naming)
        except OSError as exc:
            raise _not_created(exc) from exc

    def blueprint(self, pod: Pod, container: Container) -> Blueprint:
        """Decide everything about a run without doing anything; raises StartError.

        OSError when the machine's accounts cannot be read.
        """
        entry = images.find(self._settings.images, container.image) or ImageEntry()
        try:
            variables = environment.make_environment(pod, container, self.around(pod))
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
            dropped: tuple[int, ...] = ()
            if security.capabilities is not None:
                last = capabilities.last_capability()
                dropped = capabilities.dropped(security.capabilities, last=last)
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
                rlimits=self._settings.rlimits,
                no_new_privs=security.allow_privilege_escalation is False,
                cap_drop=dropped if self._settings.is_root else (),
            ),
            variables=variables,
            stop_signal=stop_signal,
            limits=limits_of(container),
        )

    def _with_mounts(self, blueprint: Blueprint, naming: Naming, volumes: Volumes) -> Blueprint:
        """Add the container's mounts; their mount points and parts of volumes exist then."""
        try:
            message_path = naming.message_path(self._settings.run_dir)
            mounts = volumes.mounts(naming.container, blueprint.variables, message_path)
        except ConfigError as exc:
            raise StartError("CreateContainerConfigError", str(exc)) from exc
        if not mounts:
            return blueprint
        command = msgspec.structs.replace(blueprint.command, mounts=mounts)
        return msgspec.structs.replace(blueprint, command=command)

    def around(self, pod: Pod) -> Surroundings:
        """What values of `pod` may be taken from."""
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
            "HOSTNAME": environment.hostname(pod, self._settings.node_name),
            **self._settings.env,
            **entry.env,
            **variables,
        }


def limits_of(container: Container) -> Limits:
    limits, requests = container.resources.limits, container.resources.requests
    memory, cpu, request = limits.get("memory"), limits.get("cpu"), requests.get("cpu")
    return Limits(
        memory_bytes=None if memory is None else parse(memory).value(),
        cpu_millis=None if cpu is None else parse(cpu).milli_value(),
        cpu_request_millis=None if request is None else parse(request).milli_value(),
    )


def _not_created(exc: OSError) -> StartError:
    where = f" {exc.filename}" if exc.filename else ""
    reason = (exc.strerror or str(exc)).lower()
    return StartError("CreateContainerError", f"failed to create container:{where} {reason}")
