"""The API of the real agent: pods of files, and what outlives the agent."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.support import service
from tests.support.api import PODS, manifest
from tests.support.barepod import pod, sh
from tests.support.service import Agent

pytestmark = pytest.mark.integration

SLEEPS = "exec sleep 2301"


class _Local(http.client.HTTPConnection):
    """HTTP over the agent's socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def ask(place: Path, method: str, path: str, body: object = None) -> Any:
    connection = _Local(place / "run" / "api.sock")
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_the_node_is_ready_when_the_agent_says_so(place: Path, agent: Agent) -> None:
    (node,) = ask(place, "GET", "/api/v1/nodes")["items"]
    (ready,) = [one for one in node["status"]["conditions"] if one["type"] == "Ready"]

    assert (ready["status"], ready["reason"]) == ("True", "AgentReady")


def test_a_pod_of_a_file_is_restarted_by_its_deletion(place: Path, agent: Agent) -> None:
    agent.write("p.json", pod(sh(SLEEPS)))
    agent.until(lambda: agent.running("2301"))
    found = ask(place, "GET", f"{PODS}/p")
    (before,) = agent.running("2301")
    assert found["metadata"]["annotations"]["kubernetes.io/config.source"] == "file"

    ask(place, "DELETE", f"{PODS}/p?gracePeriodSeconds=0")
    agent.until(lambda: agent.running("2301") not in ([], [before]))
    successor = ask(place, "GET", f"{PODS}/p")
    assert successor["metadata"]["uid"] != found["metadata"]["uid"]

    agent.remove("p.json")
    agent.until(lambda: ask(place, "GET", f"{PODS}/p").get("code") == 404)


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_what_the_api_made_outlives_the_agent(place: Path, how: str) -> None:
    with service.lives(place) as lives:
        made = ask(place, "POST", PODS, manifest("exec sleep 2302"))
        ask(place, "POST", "/api/v1/namespaces", _namespace("team"))
        lives.agent.until(lambda: lives.agent.running("2302"))
        before = lives.agent.running("2302")
        if how == "killed":
            lives.replace_agent()
        else:
            lives.agent.run.stop()
            lives.agent.run.close()
            lives.next()

        lives.agent.until(lambda: lives.agent.running("2302"))
        found = ask(place, "GET", f"{PODS}/web")
        namespace = ask(place, "GET", "/api/v1/namespaces/team")
        assert (lives.agent.running("2302") == before) is (how == "killed")
        ask(place, "DELETE", f"{PODS}/web?gracePeriodSeconds=0")
        lives.agent.until(lambda: not lives.agent.running("2302"))

    assert namespace["status"]["phase"] == "Active"
    assert found["metadata"]["uid"] == made["metadata"]["uid"]
    assert "deletionTimestamp" not in found["metadata"]
    assert int(found["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_a_pod_that_waits_for_the_node_still_waits_for_it_later(place: Path) -> None:
    with service.agent(place):
        _cordon(place, True)
        ask(place, "POST", PODS, manifest("exec sleep 2303"))

    with service.agent(place) as agent:
        assert ask(place, "GET", f"{PODS}/web")["status"]["phase"] == "Pending"
        assert agent.running("2303") == []
        _cordon(place, False)
        agent.until(lambda: agent.running("2303"))
        ask(place, "DELETE", f"{PODS}/web?gracePeriodSeconds=0")


def _cordon(place: Path, wanted: bool) -> None:
    node = ask(place, "GET", "/api/v1/nodes")["items"][0]
    node["spec"]["unschedulable"] = wanted
    changed = ask(place, "PUT", f"/api/v1/nodes/{node['metadata']['name']}", node)
    assert changed["kind"] == "Node", changed


def _namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
