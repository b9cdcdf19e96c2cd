"""From files to pods: what is started, kept, replaced, and said."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.host.directory_watch import Changes
from agent.model.config_data import ConfigMap
from agent.model.event import Event
from agent.model.manifest_file import ManifestFile
from agent.model.pod import Pod
from agent.pod.manifest_reader import MAX_BYTES, DirectoryReading, ManifestReader
from agent.pod.manifest_source import ManifestSource, SourceParts
from agent.pod.recorder import Recorder
from agent.store.memory import MemoryStore
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio

ALL = Changes(everything=True)


def names(*given: str) -> Changes:
    return Changes(frozenset(given))


def manifest(name: str, image: str = "i", **spec: Any) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"containers": [{"name": "c", "image": image, "command": ["true"]}], **spec},
        }
    )


def config_map(name: str, value: str) -> str:
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    return json.dumps({**data, "data": {"k": value}})


class Node:
    """A source over a directory; `asked` is what the pods' manager was asked for."""

    def __init__(self, directory: Path, store: MemoryStore | None = None) -> None:
        self.directory = directory
        self.clock = VirtualClock()
        self.store = store or MemoryStore()
        self.asked: list[tuple[str, str]] = []
        self.updated: list[Pod] = []
        self.told: list[tuple[str, bool]] = []
        self.source = ManifestSource(
            SourceParts(
                reader=ManifestReader(directory=str(directory)),
                pods=self,
                store=self.store,
                recorder=Recorder(self.store, self.clock, "vm"),
                clock=self.clock,
                in_thread=self._at_once,
                tell=lambda text, good: self.told.append((text, good)),
            )
        )

    def update(self, pod: Pod, ignored: tuple[str, ...] = ()) -> None:
        self.asked.append(("update", pod.metadata.name))
        self.updated.append(pod)

    def delete(self, namespace: str, name: str, grace_seconds: int | None = None) -> None:
        self.asked.append(("delete", name))

    async def _at_once(self, function: Callable[[], DirectoryReading]) -> DirectoryReading:
        return function()

    async def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)
        await self.look(names(name))

    async def remove(self, name: str) -> None:
        (self.directory / name).unlink()
        await self.look(names(name))

    async def look(self, changes: Changes = ALL) -> None:
        self.asked.clear()
        self.told.clear()
        await self.source.sync(changes)

    def problems(self) -> list[str]:
        return [text.removeprefix(f"{self.directory}/") for text, good in self.told if not good]

    def row(self, name: str) -> tuple[str, int]:
        found = self.store.get(ManifestFile, "", name)
        assert found is not None
        return found.status.state, len(found.status.problems)


@pytest_asyncio.fixture
async def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


async def test_every_manifest_of_the_directory_is_run_and_nothing_else(node: Node) -> None:
    for name in ("a.yaml", "b.yml", "c.json", ".hidden.yaml", "notes.txt", "d.yaml~"):
        (node.directory / name).write_text(manifest(name.strip(".~").replace(".", "-")))
    (node.directory / "e.toml").write_text(
        'metadata.name = "e-toml"\nspec.containers = [{name="c", image="i", command=["true"]}]\n'
    )
    await node.look()

    assert node.asked == [("update", n) for n in ("a-yaml", "b-yml", "c-json", "e-toml")]
    assert node.row("a.yaml") == ("Active", 0)


async def test_a_removed_file_ends_its_pods(node: Node) -> None:
    await node.write("a.yaml", manifest("a"))
    await node.remove("a.yaml")

    assert node.asked == [("delete", "a")]
    assert list(node.store.list(ManifestFile)) == []


async def test_a_pod_that_is_renamed_in_its_file_ends_and_the_other_begins(node: Node) -> None:
    await node.write("a.yaml", manifest("a"))
    await node.write("a.yaml", manifest("b"))

    assert node.asked == [("delete", "a"), ("update", "b")]


async def test_a_broken_file_leaves_what_runs_and_is_told_with_its_line(node: Node) -> None:
    await node.write("a.yaml", manifest("a"))
    await node.write(
        "a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {contaners: []}\n"
    )

    assert ("delete", "a") not in node.asked
    assert node.problems()[0].startswith("a.yaml:4: spec.contaners: unknown field")
    assert node.row("a.yaml")[0] == "Broken"
    assert node.source.broken == 1
    (event,) = node.store.list(Event)
    assert (event.type, event.reason) == ("Warning", "InvalidManifest")
    assert (event.involved_object.kind, event.involved_object.name) == ("Node", "vm")
    assert "a.yaml:4" in event.message


async def test_a_broken_file_is_told_once_and_its_mending_too(node: Node) -> None:
    await node.write("a.yaml", "nonsense: [")
    await node.look()
    assert node.told == []

    await node.write("a.yaml", manifest("a"))
    assert node.told == [(f"{node.directory}/a.yaml: has no problems any more", True)]
    assert node.row("a.yaml") == ("Active", 0)
    assert node.source.broken == 0


async def test_a_file_with_one_bad_document_of_two_changes_nothing(node: Node) -> None:
    await node.write("a.yaml", manifest("a") + "\n---\n" + manifest("b", restartPolicy="Maybe"))

    assert node.asked == []


async def test_a_broken_file_that_is_removed_ends_what_it_held_before(node: Node) -> None:
    await node.write("a.yaml", manifest("a"))
    await node.write("a.yaml", "nonsense: [")
    await node.remove("a.yaml")

    assert node.asked == [("delete", "a")]


async def test_the_first_of_two_files_with_one_pod_keeps_it(node: Node) -> None:
    await node.write("b.yaml", manifest("p", image="first"))
    await node.write("a.yaml", manifest("p", image="second"))

    assert {pod.spec.containers[0].image for pod in node.updated} == {"first"}
    assert node.problems() == ["a.yaml:1: Pod default/p comes from b.yaml already"]
    assert (node.row("a.yaml"), node.row("b.yaml")) == (("Conflict", 1), ("Active", 0))


async def test_the_second_file_takes_over_when_the_first_is_gone(node: Node) -> None:
    await node.write("b.yaml", manifest("p", image="first"))
    await node.write("a.yaml", manifest("p", image="second"))
    await node.remove("b.yaml")

    assert node.asked == [("update", "p")]
    assert node.updated[-1].spec.containers[0].image == "second"
    assert node.row("a.yaml") == ("Active", 0)


async def test_config_maps_are_there_first_and_written_only_when_they_change(node: Node) -> None:
    await node.write("z.yaml", config_map("m", "1"))
    first = node.store.get(ConfigMap, "default", "m")
    await node.write("a.yaml", manifest("a"))
    assert node.store.get(ConfigMap, "default", "m") is first

    await node.write("z.yaml", config_map("m", "2"))
    second = node.store.get(ConfigMap, "default", "m")
    assert second is not None
    assert second.data == {"k": "2"}

    await node.remove("z.yaml")
    assert node.store.get(ConfigMap, "default", "m") is None


async def test_files_that_are_no_files_or_too_large_are_problems(node: Node) -> None:
    os.mkfifo(node.directory / "fifo.yaml")
    (node.directory / "folder.yaml").mkdir()
    (node.directory / "large.yaml").write_text("#" * (MAX_BYTES + 1))
    (node.directory / "dangling.yaml").symlink_to("nowhere")
    await node.look()

    assert node.problems() == [
        "fifo.yaml:1: is a FIFO, not a file",
        "folder.yaml:1: is a directory, not a file",
        "large.yaml:1: is larger than 1024 KiB",
    ]


async def test_a_file_that_may_be_read_again_is_no_problem_any_more(node: Node) -> None:
    os.mkfifo(node.directory / "a.yaml")
    await node.look()
    (node.directory / "a.yaml").unlink()
    await node.write("a.yaml", manifest("a"))

    assert node.asked == [("update", "a")]
    assert node.row("a.yaml") == ("Active", 0)


async def test_a_directory_that_vanishes_ends_only_what_was_seen_to_be_deleted(
    node: Node, tmp_path: Path
) -> None:
    await node.write("a.yaml", manifest("a"))
    await node.write("b.yaml", manifest("b"))
    moved = tmp_path.with_name("moved")
    tmp_path.rename(moved)
    (moved / "a.yaml").unlink()
    await node.look(Changes(frozenset({"b.yaml"}), everything=True))

    assert node.asked == [("delete", "b"), ("update", "a")]
    assert node.source.problem == f"{tmp_path}: cannot be read: no such file or directory"

    moved.rename(tmp_path)
    await node.look()
    assert node.asked == [("delete", "a"), ("update", "b")]
    assert node.source.problem == ""
    assert node.told == [(f"{tmp_path}: can be read again", True)]


async def test_what_lost_its_file_while_no_agent_lived_goes(node: Node) -> None:
    await node.write("a.yaml", manifest("a"))
    await node.write("c.yaml", config_map("c", "1"))
    for name in ("a.yaml", "c.yaml"):
        (node.directory / name).unlink()

    later = Node(node.directory, node.store)
    await later.look()

    assert later.asked == [("delete", "a")]
    assert list(later.store.list(ConfigMap)) == []
    assert list(later.store.list(ManifestFile)) == []


async def test_a_file_that_broke_while_no_agent_lived_leaves_what_runs(node: Node) -> None:
    await node.write("a.yaml", manifest("a"))
    (node.directory / "a.yaml").write_text("{")

    later = Node(node.directory, node.store)
    await later.look()
    assert later.asked == []
    assert later.row("a.yaml") == ("Broken", 1)

    again = Node(node.directory, node.store)
    await again.look()
    assert again.asked == []
    await again.write("a.yaml", manifest("a", restartPolicy="Never"))
    assert again.asked == [("update", "a")]
    await again.remove("a.yaml")
    assert again.asked == [("delete", "a")]


async def test_nothing_goes_while_the_directory_cannot_be_read(node: Node) -> None:
    await node.write("a.yaml", manifest("a"))
    moved = node.directory.with_name("elsewhere")
    node.directory.rename(moved)

    later = Node(node.directory, node.store)
    await later.look()
    assert later.asked == []

    moved.rename(node.directory)
    await later.look()
    assert later.asked == [("update", "a")]


async def test_an_object_keeps_its_file_over_the_life_of_an_agent(node: Node) -> None:
    await node.write("z.yaml", manifest("a"))
    await node.write("a.yaml", manifest("a"))

    later = Node(node.directory, node.store)
    await later.look()

    assert later.row("a.yaml") == ("Conflict", 1)
    assert later.row("z.yaml") == ("Active", 0)


async def test_what_a_secret_holds_is_never_told(node: Node) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {pin: 31337}\n"
    await node.write("s.yaml", secret)
    await node.write("t.yaml", secret.replace("{pin: 31337}", "hunter2"))
    env: dict[str, Any] = {"containers": [{"name": "c", "env": [{"name": "PIN", "value": 31338}]}]}
    await node.write("u.yaml", manifest("u", **env))

    rows = [row.status.problems for row in node.store.list(ManifestFile)]
    said = repr((rows, [event.message for event in node.store.list(Event)], node.told))
    assert "stringData.pin: must be a string" in said
    assert "value: must be a string" in said
    for value in ("31337", "hunter2", "31338"):
        assert value not in said


async def test_many_problems_of_a_file_are_counted_not_all_told(node: Node) -> None:
    fields: dict[str, Any] = {f"wrong{number}": 1 for number in range(50)}
    await node.write("a.yaml", manifest("a", **fields))

    assert len(node.problems()) == 10
    assert node.row("a.yaml") == ("Broken", 50)
    assert "(and 49 more)" in next(iter(node.store.list(Event))).message
