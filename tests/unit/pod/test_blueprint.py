"""Where the files of one run are, and where network handlers find it."""

from __future__ import annotations

import msgspec

from agent.model.container import ContainerPort
from agent.pod.blueprint import Naming
from tests.support.builders import container, pod


def test_logs_and_message_bear_the_names_of_pod_container_and_run() -> None:
    naming = Naming(pod(), container("c"), "id", 3)

    assert naming.log_directory("/logs") == "/logs/default_p_u/c"
    assert naming.message_path("/run") == "/run/pods/u/c.3"


def test_the_target_knows_the_containers_ports_and_what_to_call_it() -> None:
    port = ContainerPort(container_port=80, name="web")
    naming = Naming(pod(), msgspec.structs.replace(container("c"), ports=(port,)), "id", 0)

    target = naming.target("127.0.0.2")

    assert (target.address, target.ports) == ("127.0.0.2", (port,))
    assert target.name == "p_default(u):c"
