"""What the environment tables cannot say: order, bytes, probes, host names, sub paths."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.config_data import ConfigMap, Secret
from agent.model.container import (
    ConfigMapEnvSource,
    Container,
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    ObjectFieldSelector,
    SecretEnvSource,
)
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec
from agent.rules import environment
from agent.rules.environment import Surroundings
from agent.rules.service_env import Service, ServicePort

POD = Pod(metadata=ObjectMeta(name="web", namespace="default"))
WEB = Service(name="web", namespace="default", cluster_ip="10.9.0.1", ports=(ServicePort(port=80),))


def test_a_config_error_names_the_reason_for_waiting() -> None:
    container = Container(env_from=(EnvFromSource(secret_ref=SecretEnvSource(name="x")),))

    with pytest.raises(environment.ConfigError) as caught:
        environment.make_environment(POD, container, Surroundings())

    assert caught.value.reason == "CreateContainerConfigError"


def test_a_secret_keeps_its_bytes_and_its_plain_text_wins() -> None:
    secret = Secret(
        data={"RAW": base64.b64encode(b"\xff\x00a").decode(), "B": "Yg=="}, string_data={"B": "x"}
    )
    container = Container(env_from=(EnvFromSource(secret_ref=SecretEnvSource(name="s")),))

    made = environment.make_environment(POD, container, Surroundings(secrets={"s": secret}))

    assert made["RAW"].encode("utf-8", "surrogateescape") == b"\xff\x00a"
    assert made["B"] == "x"


def test_a_source_that_names_nothing_gives_nothing() -> None:
    container = Container(
        env_from=(EnvFromSource(prefix="P_"),), env=(EnvVar(name="A", value_from=EnvVarSource()),)
    )

    assert environment.make_environment(POD, container, Surroundings()) == {"A": ""}


def test_services_come_last_and_lose_against_the_container() -> None:
    container = Container(
        env=(
            EnvVar(name="WEB_SERVICE_HOST", value="mine"),
            EnvVar(name="URL", value="$(WEB_SERVICE_HOST):$(WEB_SERVICE_PORT)"),
        )
    )

    made = environment.make_environment(POD, container, Surroundings(services=(WEB,)))

    assert list(made)[:2] == ["WEB_SERVICE_HOST", "URL"]
    assert made["URL"] == "mine:80"
    assert made["WEB_PORT"] == "tcp://10.9.0.1:80"


def test_service_links_can_be_turned_off() -> None:
    pod = Pod(metadata=POD.metadata, spec=PodSpec(enable_service_links=False))

    assert environment.make_environment(pod, Container(), Surroundings(services=(WEB,))) == {}


def test_a_probe_command_sees_only_literal_values_as_they_are_written() -> None:
    field = EnvVarSource(field_ref=ObjectFieldSelector(field_path="metadata.name"))
    container = Container(
        env=(
            EnvVar(name="FOO", value="foo-value"),
            EnvVar(name="CHAIN", value="$(FOO)"),
            EnvVar(name="FIELD", value_from=field),
        )
    )
    argv = ["echo", "$(FOO)", "$(CHAIN)", "[$(FIELD)]", "$(MISSING)", "$$(FOO)"]

    expanded = environment.expand_probe_command(argv, container)

    assert expanded == ("echo", "foo-value", "$(FOO)", "[]", "$(MISSING)", "$(FOO)")


@pytest.mark.parametrize(
    ("spec", "name", "expected"),
    [
        (PodSpec(), "web", "web"),
        (PodSpec(hostname="given"), "web", "given"),
        (PodSpec(hostname="given", hostname_override="other"), "web", "other"),
        (PodSpec(host_network=True, hostname="given"), "web", "vm-1"),
        (PodSpec(), "a" * 61 + "-.b" + "c" * 20, "a" * 61),
    ],
)
def test_the_host_name_is_the_pods_unless_it_shares_the_hosts(
    spec: PodSpec, name: str, expected: str
) -> None:
    pod = Pod(metadata=ObjectMeta(name=name), spec=spec)

    assert environment.hostname(pod, "vm-1") == expected


def test_a_sub_path_is_expanded() -> None:
    assert environment.expand_sub_path("logs/$(POD)$$", {"POD": "web"}) == "logs/web$"


def test_a_sub_path_needs_a_value_for_every_name() -> None:
    with pytest.raises(environment.ConfigError, match="missing value for A, EMPTY"):
        environment.expand_sub_path("$(EMPTY)/$(A)/$(B)", {"EMPTY": "", "B": "b"})


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.text("xy$()AB", max_size=6)), max_size=8))
def test_variables_stand_in_the_order_of_their_first_mention(
    variables: list[tuple[str, str]],
) -> None:
    container = Container(env=tuple(EnvVar(name=name, value=value) for name, value in variables))

    made = environment.make_environment(POD, container, Surroundings())

    assert list(made) == list(dict(variables))


@given(st.dictionaries(st.text("abc", min_size=1), st.text()), st.text("P_", max_size=2))
def test_a_whole_config_map_arrives_unchanged(data: dict[str, str], prefix: str) -> None:
    source = EnvFromSource(prefix=prefix, config_map_ref=ConfigMapEnvSource(name="c"))
    around = Surroundings(config_maps={"c": ConfigMap(data=data)})

    made = environment.make_environment(POD, Container(env_from=(source,)), around)

    assert made == {prefix + key: value for key, value in data.items()}
