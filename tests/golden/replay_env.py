"""Environment, command and arguments of a container."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.model.config_data import ConfigMap, Secret
from agent.model.pod import Pod
from agent.rules import environment
from agent.rules.service_env import Service, ServicePort


def replay(case: dict[str, Any]) -> str | None:
    """Compare the variables, the expanded command line, or the error."""
    given, expected = case["input"], case["expected"]
    pod = msgspec.convert(_defaulted(given["pod"]), Pod)
    containers = {each.name: each for each in pod.spec.init_containers + pod.spec.containers}
    container = containers[given.get("container") or pod.spec.containers[0].name]
    namespace = pod.metadata.namespace
    try:
        env = environment.make_environment(pod, container, _surroundings(given, namespace))
    except environment.MissingObject as exc:
        # The recorded client was a plain API client; a kubelet's cache says "configmap".
        seen: dict[str, Any] = {"error": f'{exc.kind}s "{exc.name}" not found'}
    except environment.ConfigError as exc:
        seen = {"error": str(exc)}
    else:
        command, args = environment.expand_command(container, env)
        seen = {"env": env}
        seen |= {"command": list(command)} if command else {}
        seen |= {"args": list(args)} if args else {}
        expected = {name: value for name, value in expected.items() if name != "subPaths"}
    return None if seen == expected else f"{seen} is not {expected}"


def _defaulted(pod: dict[str, Any]) -> dict[str, Any]:
    """The only default that the environment shows: a request is the limit unless it is given."""
    for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
        resources = container.get("resources", {})
        resources["requests"] = resources.get("limits", {}) | resources.get("requests", {})
    return pod


def _surroundings(given: dict[str, Any], namespace: str) -> environment.Surroundings:
    node = given["node"]
    addresses = node["status"]["addresses"]
    return environment.Surroundings(
        pod_ips=tuple(given["podIPs"]),
        host_ips=tuple(each["address"] for each in addresses if each["type"] == "InternalIP"),
        node_name=node["metadata"]["name"],
        config_maps={
            each.metadata.name: each
            for each in msgspec.convert(given["configMaps"], list[ConfigMap])
            if each.metadata.namespace == namespace
        },
        secrets={
            each.metadata.name: each
            for each in msgspec.convert(given["secrets"], list[Secret])
            if each.metadata.namespace == namespace
        },
        services=tuple(_service(each) for each in given["services"]),
        allocatable=node["status"]["allocatable"],
    )


def _service(given: dict[str, Any]) -> Service:
    return Service(
        name=given["metadata"]["name"],
        namespace=given["metadata"]["namespace"],
        cluster_ip=given["spec"].get("clusterIP", ""),
        ports=tuple(
            ServicePort(
                port=port["port"], name=port.get("name", ""), protocol=port.get("protocol", "TCP")
            )
            for port in given["spec"]["ports"]
        ),
    )
