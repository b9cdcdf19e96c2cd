"""The record of a live run in a file beside its output, where a write never waits for a disk.

A database takes milliseconds, on a bad day a tenth of a second, and on a full disk it takes nothing
at all. An agent that is killed meanwhile must not have its successor end what it just started.
"""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from pathlib import Path

import msgspec

from agent.host import files
from agent.model.pod import Pod
from agent.store.records import ContainerRecord, PodRecord


class RunFile(msgspec.Struct, frozen=True):
    """What the file holds: the run as it began, and its pod as it was then.

    `object` is the pod itself: the database may not know that either.
    """

    pod: PodRecord
    container: ContainerRecord
    object: Pod | None = None


def path_of(record: ContainerRecord) -> str:
    """Where the file of this run belongs; "" for a run that does not live, or does not outlast."""
    return f"{record.trace.output}.json" if record.trace is not None and record.trace.output else ""


def write(file: RunFile) -> None:
    """Write the run's file; one that cannot be written is done without."""
    if path := path_of(file.container):
        with suppress(OSError):
            files.write_atomically(path, msgspec.json.encode(file))


def remove(record: ContainerRecord) -> None:
    """The run of this (earlier) record has ended."""
    if path := path_of(record):
        files.remove(path)


def read_all(folder: str) -> list[RunFile]:
    """The files of one pod's folder; what is not whole, or not ours, is passed over."""
    found = []
    for path in sorted(Path(folder).glob("*.output.json")):
        with suppress(OSError, msgspec.MsgspecError):
            found.append(msgspec.json.decode(path.read_bytes(), type=RunFile))
    return found


def unknown_pods(run_dir: str, boot_id: str, known: Container[str]) -> list[Pod]:
    """Pods that have live runs in this boot, and whose UIDs nobody knows."""
    found: dict[str, Pod] = {}
    for folder in sorted(Path(run_dir, "pods").glob("*")):
        for file in () if folder.name in known else read_all(str(folder)):
            if file.object is not None and file.pod.boot_id == boot_id:
                found[file.object.metadata.uid] = file.object
    return list(found.values())
