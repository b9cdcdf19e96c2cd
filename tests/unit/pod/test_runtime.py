"""What is decided about a run before anything is done."""

from __future__ import annotations

import signal
from typing import Any, cast

import msgspec
import pytest

from agent.host.limits import Limits
from agent.model.config_data import ConfigMap
from agent.model.container import (
    ConfigMapEnvSource,
    Container,
    EnvFromSource,
    EnvVar,
    ResourceRequirements,
)
from agent.model.meta import ObjectMeta
from agent.model.security import SecurityContext
from agent.pod.blueprint import Blueprint, Settings, Sources
from agent.pod.machine import Machine
from agent.pod.runtime import HostRuntime
from agent.pod.starter import StartError
from agent.rules.images import ImageEntry
from tests.support.builders import container, pod

_MAP = ConfigMap(metadata=ObjectMeta(name="settings"), data={"COLOUR": "red"})


def runtime(**settings: Any) -> HostRuntime:
    given = {
        "node_name": "vm-1",
        "address": "127.0.0.1",
        "log_dir": "/logs",
        "run_dir": "/run",
        "state_dir": "/state",
        "log_max_size": 1,
        "log_max_files": 2,
        "path": "/usr/bin",
        **settings,
    }
    sources = Sources(
        config_maps=lambda namespace: {"settings": _MAP} if namespace == "default" else {},
        secrets=lambda _: {},
        follower=lambda *_: None,
        warn=lambda *_: None,
    )
    return HostRuntime(Settings(**given), cast(Machine, None), sources)


def blueprint(one: Container, **settings: Any) -> Blueprint:
    return runtime(**settings).blueprint(pod(one), one)


def plain(**fields: Any) -> Container:
    return msgspec.structs.replace(container("c"), **fields)


def test_the_environment_is_made_in_layers_each_over_the_one_before() -> None:
    images = {"i": ImageEntry(env={"A": "image", "B": "image"})}
    variables = (EnvVar(name="B", value="pod"), EnvVar(name="HOSTNAME", value="mine"))

    command = blueprint(
        plain(env=variables), env={"A": "node", "C": "node", "PATH": "/opt"}, images=images
    ).command

    env = dict(command.env)
    assert env.pop("HOME").startswith("/")
    assert env == {"A": "image", "B": "pod", "C": "node", "PATH": "/opt", "HOSTNAME": "mine"}


def test_without_a_word_the_host_path_and_the_pods_name_are_given() -> None:
    env = blueprint(plain()).command.env

    assert (env["PATH"], env["HOSTNAME"]) == ("/usr/bin", "p")
    assert "/usr/bin" in blueprint(plain(), path="").command.env["PATH"].split(":")


@pytest.mark.parametrize(
    ("working_dir", "image_dir", "expected"),
    [("/mine", "/image", "/mine"), ("", "/image", "/image"), ("", "", "/")],
)
def test_the_working_directory_is_the_first_that_is_given(
    working_dir: str, image_dir: str, expected: str
) -> None:
    images = {"i": ImageEntry(working_dir=image_dir)}

    assert blueprint(plain(working_dir=working_dir), images=images).command.cwd == expected


def test_the_command_is_the_containers_else_the_images() -> None:
    images = {"i": ImageEntry(entrypoint=("run",), cmd=("fast",))}

    assert blueprint(plain(), images=images).command.argv == ("true",)
    assert blueprint(plain(command=()), images=images).command.argv == ("run", "fast")
    assert blueprint(plain(command=(), args=("$(A)",)), images=images).command.argv == (
        "run",
        "$(A)",
    )


def test_the_stop_signal_is_sigterm_or_the_images() -> None:
    assert blueprint(plain()).stop_signal == signal.SIGTERM
    images = {"i": ImageEntry(stop_signal="SIGQUIT")}
    assert blueprint(plain(), images=images).stop_signal == signal.SIGQUIT


def test_limits_are_plain_numbers() -> None:
    resources = ResourceRequirements(
        limits={"memory": "64Mi", "cpu": "1500m"}, requests={"cpu": "250m"}
    )

    limits = blueprint(plain(resources=resources)).limits

    assert limits == Limits(memory_bytes=64 * 1024 * 1024, cpu_millis=1500, cpu_request_millis=250)


def test_privilege_escalation_is_taken_away_when_that_is_asked_for() -> None:
    assert not blueprint(plain()).command.no_new_privs
    denied = SecurityContext(allow_privilege_escalation=False)
    assert blueprint(plain(security_context=denied)).command.no_new_privs


def test_values_come_from_the_config_maps_of_the_namespace() -> None:
    source = EnvFromSource(config_map_ref=ConfigMapEnvSource(name="settings"))

    assert blueprint(plain(env_from=(source,))).command.env["COLOUR"] == "red"


def test_a_missing_source_is_a_configuration_error() -> None:
    source = EnvFromSource(config_map_ref=ConfigMapEnvSource(name="other"))

    with pytest.raises(StartError, match='configmap "other" not found') as caught:
        blueprint(plain(env_from=(source,)))

    assert caught.value.reason == "CreateContainerConfigError"
    assert caught.value.run is None


def test_an_unknown_user_of_the_image_is_a_configuration_error() -> None:
    images = {"i": ImageEntry(user="nobody-of-that-name")}

    with pytest.raises(StartError) as caught:
        blueprint(plain(), images=images)

    assert caught.value.reason == "CreateContainerConfigError"


def test_an_unknown_stop_signal_is_an_error_of_the_container() -> None:
    images = {"i": ImageEntry(stop_signal="SIGNOTHING")}

    with pytest.raises(StartError, match='unknown signal "SIGNOTHING"') as caught:
        blueprint(plain(), images=images)

    assert caught.value.reason == "CreateContainerError"


def test_accounts_that_cannot_be_read_are_an_error_of_the_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise OSError(24, "Too many open files", "/etc/passwd")

    monkeypatch.setattr("agent.host.users.read_accounts", fail)
    one = plain()

    with pytest.raises(StartError, match="too many open files") as caught:
        runtime().create(pod(one), one, 0, cast(Any, None))

    assert caught.value.reason == "CreateContainerError"
    assert caught.value.run is None


def test_an_image_needs_an_entry_only_when_there_is_no_command() -> None:
    images = {"i": ImageEntry(cmd=("true",))}

    assert runtime().image_problem(plain()) is None
    assert runtime(images=images).image_problem(plain(command=())) is None
    problem = runtime().image_problem(plain(command=()))
    assert problem is not None
    assert '[images."i"]' in problem
