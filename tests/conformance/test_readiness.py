"""`started` and `ready` are what the tests of Kubernetes expect."""

from __future__ import annotations

from typing import Any

from agent.rules.container_status import container_statuses
from agent.rules.readiness import ProbeBeliefs, mark_ready_started, wants_readiness_probe
from tests.support import tables
from tests.support.lifecycle import PROBE, pod, results, run


@tables.rows("readiness")
def test_started_and_ready(row: dict[str, Any]) -> None:
    it: dict[str, Any] = {
        "name": "it",
        **{f"{probe}Probe": PROBE for probe in row.get("probes", ())},
    }
    kind = row.get("as", "regular")
    one = pod(
        [it] if kind == "regular" else ["other"],
        init=[it] if kind == "init" else (),
        sidecars=[it] if kind == "sidecar" else (),
    )
    runs = [run("it", row["state"])]
    beliefs = ProbeBeliefs(
        readiness=results(runs, {"it": row["readiness"]} if "readiness" in row else {}),
        startup=results(runs, {"it": row["startup"]} if "startup" in row else {}),
    )

    marked = mark_ready_started(one, container_statuses(one, runs, None, {}), beliefs)

    (status,) = (s for s in marked.init + marked.regular if s.name == "it")
    (container,) = (c for c in one.spec.init_containers + one.spec.containers if c.name == "it")
    assert status.started is row["started"]
    assert status.ready is row["ready"]
    assert wants_readiness_probe(container, status) is row.get("asked", False)
