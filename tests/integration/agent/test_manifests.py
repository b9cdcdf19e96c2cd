"""Files come, change and go; pods follow."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.integration.run.conftest import needs_ordinary_user
from tests.support import service
from tests.support.barepod import Fields, Setup, container, pod, sh
from tests.support.service import Agent

pytestmark = pytest.mark.integration


def sleeper(seconds: int = 1000, name: str = "p", **spec: Any) -> Fields:
    return pod(container("sleep", str(seconds)), name=name, restartPolicy="Always", **spec)


def labelled(manifest: Fields, **labels: str) -> Fields:
    return {**manifest, "metadata": {**manifest["metadata"], "labels": labels}}


def config_map(name: str) -> Fields:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"}}


def test_files_that_are_there_run_and_new_ones_too(place: Path) -> None:
    service.write(place / "manifests", "one.json", sleeper(1001, "one"))
    with service.agent(place) as agent:
        agent.until(lambda: agent.running("1001"))
        agent.write("two.yaml", sleeper(1002, "two"))
        agent.until(lambda: agent.running("1002"))


def test_a_removed_file_ends_its_pod(agent: Agent) -> None:
    agent.write("p.json", sleeper(1003))
    agent.until(lambda: agent.running("1003"))
    agent.remove("p.json")

    agent.until_told("pod is gone", pod="default/p")
    assert agent.running("1003") == []


def test_an_edited_pod_has_its_grace_before_another_takes_its_place(agent: Agent) -> None:
    slow = sh("trap 'sleep 0.5; echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    agent.write("p.json", pod(slow, terminationGracePeriodSeconds=20))
    first = agent.until_told("container runs", pod="default/p")["uid"]
    agent.write("p.json", pod(slow, terminationGracePeriodSeconds=21))
    agent.until_told("container runs", 2, pod="default/p")

    steps = [(line["event"], line["uid"] == first) for line in agent.log() if "uid" in line]
    assert steps.index(("pod is gone", True)) < steps.index(("container runs", False))
    assert [line["exit_code"] for line in agent.log("container ended")] == [0]


def test_a_half_written_file_is_left_alone_until_it_is_closed(agent: Agent) -> None:
    text = json.dumps(sleeper(1004))
    with (agent.manifests / "p.json").open("w") as file:
        file.write(text[:40])
        file.flush()
        agent.write("other.json", sleeper(1005, "other"))
        agent.until(lambda: agent.running("1005"))
        assert agent.log(level="error") == []
        file.write(text[40:])
    agent.until(lambda: agent.running("1004"))

    assert agent.log(level="error") == []


def test_labels_change_without_a_restart_and_an_image_restarts_its_container(agent: Agent) -> None:
    given = sleeper(1006)
    agent.write("p.json", given)
    before = agent.until(lambda: agent.running("1006"))
    agent.write("p.json", labelled(given, tier="web"))
    agent.write("done.json", sleeper(1007, "done"))
    agent.until(lambda: agent.running("1007"))
    assert agent.running("1006") == before

    other = container("sleep", "1006")
    other["image"] = "other"
    agent.write("p.json", labelled(pod(other, restartPolicy="Always"), tier="web"))
    line = agent.until_told("container runs", pod="default/p", restarts=1)

    assert {line["uid"]} == {one["uid"] for one in agent.log("container runs", pod="default/p")}
    assert agent.until(lambda: agent.running("1006")) != before


def test_a_broken_edit_changes_nothing_until_it_is_mended(agent: Agent) -> None:
    agent.write("p.json", sleeper(1008))
    before = agent.until(lambda: agent.running("1008"))
    agent.write("p.yaml.bak", "neither read nor told: [")
    agent.write(
        "q.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containres: []}\n"
    )
    line = agent.until_told("q.yaml:4: spec.containres: unknown field")
    agent.write("p.json", "{")
    agent.until_told("p.json:1: ", level="error")

    assert line["level"] == "error"
    assert agent.running("1008") == before
    agent.write("p.json", sleeper(1008))
    agent.until_told("p.json: has no problems any more")
    assert agent.running("1008") == before


def test_the_same_pod_in_two_files_runs_once_and_the_second_takes_over(agent: Agent) -> None:
    agent.write("b.json", sleeper(1009))
    before = agent.until(lambda: agent.running("1009"))
    agent.write("a.json", sleeper(1010))
    agent.until_told("a.json:1: Pod default/p comes from b.json already", level="error")
    assert (agent.running("1009"), agent.running("1010")) == (before, [])

    agent.remove("b.json")
    agent.until(lambda: agent.running("1010"))
    assert agent.running("1009") == []


def test_a_fifo_a_folder_and_a_large_file_are_told_and_hold_nothing_up(agent: Agent) -> None:
    os.mkfifo(agent.manifests / "fifo.yaml")
    (agent.manifests / "large.yaml").write_text("# much\n" * 200_000)
    agent.until_told("fifo.yaml:1: is a FIFO, not a file")
    agent.until_told("large.yaml:1: is larger than 1024 KiB")
    agent.write("p.json", sleeper(1011))

    agent.until(lambda: agent.running("1011"))


def test_a_directory_that_is_missing_at_first_is_waited_for(place: Path) -> None:
    (place / "manifests").rmdir()
    with service.agent(place) as agent:
        agent.until_told("manifests: cannot be read: no such file or directory")
        service.make_directory(place)
        agent.until_told("manifests: can be read again")
        agent.write("p.json", sleeper(1012))

        agent.until(lambda: agent.running("1012"))


def test_a_directory_that_vanishes_leaves_what_runs(agent: Agent) -> None:
    agent.write("p.json", sleeper(1013))
    before = agent.until(lambda: agent.running("1013"))
    agent.manifests.rename(agent.manifests.with_name("away"))
    agent.until_told("manifests: cannot be read: no such file or directory")
    assert agent.running("1013") == before

    agent.manifests.with_name("away").rename(agent.manifests)
    agent.until_told("manifests: can be read again")
    assert agent.running("1013") == before
    agent.remove("p.json")
    agent.until_told("pod is gone")


def test_a_directory_swapped_for_a_link_is_read_where_the_link_leads(agent: Agent) -> None:
    agent.write("p.json", sleeper(1014))
    agent.until(lambda: agent.running("1014"))
    other = agent.manifests.with_name("other")
    other.mkdir(mode=0o755)
    service.write(other, "q.json", sleeper(1015, "q"))
    link = agent.manifests.with_name("link")
    link.symlink_to(other)
    agent.manifests.rename(agent.manifests.with_name("old"))
    link.rename(agent.manifests)

    agent.until(lambda: agent.running("1015") and not agent.running("1014"))
    service.write(other, "r.json", sleeper(1016, "r"))
    agent.until(lambda: agent.running("1016"))


def test_a_directory_that_may_not_be_read_is_told_and_read_once_it_may(place: Path) -> None:
    needs_ordinary_user()
    service.write(place / "manifests", "p.json", sleeper(1017))
    (place / "manifests").chmod(0o700)
    with service.agent(place, Setup(mode="user")) as agent:
        agent.until_told("manifests: cannot be read: permission denied")
        agent.manifests.chmod(0o755)

        agent.until(lambda: agent.running("1017"))


def test_a_thousand_files_at_once_are_all_read(agent: Agent) -> None:
    for number in range(990):
        service.write(agent.manifests, f"m{number}.json", config_map(f"m{number}"))
    for number in range(10):
        env = [{"name": "K", "valueFrom": {"configMapKeyRef": {"name": "m989", "key": "k"}}}]
        one = pod(container("sleep", "1018", env=env), name=f"p{number}", restartPolicy="Always")
        service.write(agent.manifests, f"z{number}.json", one)

    agent.until(lambda: len(agent.running("1018")) == 10)
    assert agent.log(level="error") == []
