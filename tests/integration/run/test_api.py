"""`barepod run --api`: kubectl's API for as long as the pods run."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.agent.test_api import ask
from tests.support import barepod
from tests.support.api import PODS
from tests.support.barepod import Setup, pod, sh

_LOCAL = Setup(config='[api]\nlisten = ""\n')


def test_the_run_ends_when_its_last_pod_is_deleted(place: Path) -> None:
    file = place / "p.json"
    file.write_text(json.dumps(pod(sh("exec sleep 2311"))))
    with barepod.command(place, ["run", "--api", "-o", "json", str(file)], _LOCAL) as run:
        run.until(lambda: run.phase == "Running")
        run.until(lambda: (place / "run" / "api.sock").exists())
        found = ask(place, "GET", f"{PODS}/p")
        assert found["status"]["phase"] == "Running"
        ask(place, "POST", "/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}})

        ask(place, "DELETE", f"{PODS}/p?gracePeriodSeconds=0")
        assert run.wait() == 0
    assert not (place / "run" / "api.sock").exists()
    # Pods and events are told, and nothing of a Secret.
    assert {type(change).__name__ for _, change in run.changes} == {"Pod", "Event"}


def test_without_it_nothing_is_served(place: Path) -> None:
    with barepod.run(place, pod(sh("exec sleep 2312"))) as run:
        run.until(lambda: run.phase == "Running")
        assert not (place / "run" / "api.sock").exists()
        assert not (place / "state").exists()
