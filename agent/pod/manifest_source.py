"""From the files of the manifest directory to pods that run, and what is said of each file.

A file that is broken leaves in force what it held before. Of two files with the same object the
first keeps it. ConfigMaps and Secrets are there before the pods that want them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

import msgspec

from agent.host.clock import Clock
from agent.host.directory_watch import Changes
from agent.host.identifiers import new_uid
from agent.manifest.load import LoadedPod, Manifest
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import EventType, Reason
from agent.model.manifest_file import (
    API_VERSION,
    KIND,
    FileState,
    ManifestFile,
    ManifestFileStatus,
)
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.pod.manifest_reader import DirectoryReading, ManifestReader, Reading, Version
from agent.pod.recorder import Recorder
from agent.rules import claims, mirror
from agent.store.memory import MemoryStore

_KINDS: dict[str, type[Pod] | type[ConfigMap] | type[Secret]] = {
    "Pod": Pod,
    "ConfigMap": ConfigMap,
    "Secret": Secret,
}
#: Pods that are started before others get a turn.
_BATCH = 25
#: Of one file so many problems are told; the row has them all.
_TOLD = 10

Configured = type[ConfigMap] | type[Secret]
Key = tuple[type[Pod] | Configured, str, str]
Held = LoadedPod | ConfigMap | Secret
InThread = Callable[[Callable[[], DirectoryReading]], Awaitable[DirectoryReading]]


class RunsPods(Protocol):
    """Who runs what the files want."""

    def update(self, pod: Pod, ignored: tuple[str, ...] = ()) -> None: ...
    def delete(self, namespace: str, name: str, grace_seconds: int | None = None) -> None: ...


class SourceParts(msgspec.Struct, frozen=True, kw_only=True):
    """The collaborators of a source.

    `tell` hears one line of each problem, and with True one of each that is solved; `in_thread`
    calls a function that may take long.
    """

    reader: ManifestReader
    pods: RunsPods
    store: MemoryStore
    recorder: Recorder
    clock: Clock
    in_thread: InThread
    tell: Callable[[str, bool], None]


class _File(msgspec.Struct):
    """One file: its last good content, and what is wrong with it now.

    `inherited` is what an earlier agent had from it, as long as this one has not read it well.
    """

    version: Version = ()
    good: Manifest = Manifest()
    inherited: frozenset[Key] = frozenset()
    problems: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    is_told: bool = False
    was_bad: bool = False

    @property
    def state(self) -> FileState:
        if self.problems:
            return FileState.BROKEN
        return FileState.CONFLICT if self.conflicts else FileState.ACTIVE


class ManifestSource:
    """Keeps the pods of a node as the manifest directory wants them."""

    def __init__(self, parts: SourceParts) -> None:
        self._parts = parts
        self._files: dict[str, _File] = {
            row.metadata.name: _File(inherited=frozenset(map(_key_of, row.status.objects)))
            for row in parts.store.list(ManifestFile)
        }
        self._owners: dict[Key, str] = {
            key: name for name, file in self._files.items() for key in file.inherited
        }
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the directory itself cannot be read; "" when it can."""
        return self._problem

    @property
    def broken(self) -> int:
        """How many files have problems."""
        return sum(file.state is not FileState.ACTIVE for file in self._files.values())

    async def sync(self, changes: Changes) -> None:
        """Look at what may have changed and act on it."""
        parts = self._parts
        known = {name: file.version for name, file in self._files.items()}
        if changes.everything:
            reading = await parts.in_thread(partial(parts.reader.read_all, known))
            self._tell_directory(reading.problem)
            if reading.problem:  # what was deleted by name before is gone all the same
                reading = await parts.in_thread(partial(self._deleted, changes.names, known))
        else:
            reading = await parts.in_thread(partial(parts.reader.read, changes.names, known))
        self._take(reading)
        await self._apply()

    def _deleted(self, names: frozenset[str], known: Mapping[str, Version]) -> DirectoryReading:
        """Of a directory that is gone itself only files count whose deletion was seen."""
        return DirectoryReading(gone=self._parts.reader.read(names, known).gone)

    def _take(self, reading: DirectoryReading) -> None:
        for name in sorted(reading.gone & self._files.keys()):
            del self._files[name]
            self._parts.store.delete(ManifestFile, "", name)
        for name, found in reading.files.items():
            file = self._files.setdefault(name, _File())
            self._take_file(file, found)

    def _take_file(self, file: _File, found: Reading) -> None:
        file.version = found.version
        file.is_told = False
        if found.problems:
            file.problems = found.problems
            return
        file.problems = ()
        file.good = found.manifest
        file.inherited = frozenset()

    async def _apply(self) -> None:
        """Make what runs be what the files want together."""
        wanted = self._wanted()
        for gone in self._owners.keys() - wanted.keys():
            self._remove(gone)
        self._owners = {key: name for key, (name, _) in wanted.items()}
        for _, held in wanted.values():
            if isinstance(held, ConfigMap | Secret):
                self._publish(held)
        self._report()
        pods = [held for _, held in wanted.values() if isinstance(held, LoadedPod)]
        for number, loaded in enumerate(pods, 1):
            missed = tuple(str(field) for field in loaded.ignored if field.is_missed)
            self._parts.pods.update(mirror.marked(loaded.pod), missed)
            if number % _BATCH == 0:
                await self._parts.clock.sleep(0)

    def _wanted(self) -> dict[Key, tuple[str, Held | None]]:
        """Every object with the file that it comes from; who comes too late is noted.

        None stands for what is to stay as it is: its file was good in the life of another agent.
        """
        offers: dict[Key, dict[str, Held | None]] = {}
        for name in sorted(self._files):
            file = self._files[name]
            for key, held in (*_objects(file.good), *((key, None) for key in file.inherited)):
                offers.setdefault(key, {})[name] = held
        owners = claims.owners(self._owners, {key: list(files) for key, files in offers.items()})
        conflicts: dict[str, list[str]] = {}
        for key, files in offers.items():
            kind, namespace, object_name = key
            for name in files.keys() - {owners[key]}:
                text = f"{kind.__name__} {namespace}/{object_name} comes from {owners[key]} already"
                conflicts.setdefault(name, []).append(f"{self._path(name)}:1: {text}")
        for name, file in self._files.items():
            found = tuple(sorted(conflicts.get(name, ())))
            file.is_told &= found == file.conflicts
            file.conflicts = found
        return {key: (owners[key], files[owners[key]]) for key, files in offers.items()}

    def _remove(self, key: Key) -> None:
        kind, namespace, name = key
        if kind is Pod:
            self._parts.pods.delete(namespace, name)
        elif kind is ConfigMap or kind is Secret:
            self._parts.store.delete(kind, namespace, name)

    def _publish(self, wanted: ConfigMap | Secret) -> None:
        """Store an object unless it is there just so: its users look at every change."""
        meta = wanted.metadata
        stored = self._parts.store.get(type(wanted), meta.namespace, meta.name)
        if stored is None:
            born = self._parts.clock.now().replace(microsecond=0)
            meta = msgspec.structs.replace(meta, uid=new_uid(), creation_timestamp=born)
            wanted = msgspec.structs.replace(wanted, metadata=meta)
        if stored is None or not _is_same(stored, wanted):
            self._parts.store.put(wanted)

    def _report(self) -> None:
        """Rows for all files; events and lines for what is news."""
        owned: dict[str, list[str]] = {}
        for (kind, namespace, object_name), name in self._owners.items():
            owned.setdefault(name, []).append(f"{kind.__name__} {namespace}/{object_name}")
        for name, file in self._files.items():
            stored = self._parts.store.get(ManifestFile, "", name)
            metadata = stored.metadata if stored is not None else self._new_metadata(name)
            row = self._row(metadata, file, tuple(sorted(owned.get(name, ()))))
            if stored is None or not file.is_told or stored.status.objects != row.status.objects:
                self._parts.store.put(row)
            if not file.is_told:
                file.is_told = True
                self._tell_file(name, file)

    def _new_metadata(self, name: str) -> ObjectMeta:
        born = self._parts.clock.now().replace(microsecond=0)
        return ObjectMeta(name=name, uid=new_uid(), creation_timestamp=born)

    def _row(self, metadata: ObjectMeta, file: _File, objects: tuple[str, ...]) -> ManifestFile:
        pods = tuple(
            f"{pod.pod.metadata.namespace}/{pod.pod.metadata.name}" for pod in file.good.pods
        )
        return ManifestFile(
            api_version=API_VERSION,
            kind=KIND,
            metadata=metadata,
            status=ManifestFileStatus(
                state=file.state,
                path=self._path(metadata.name),
                problems=file.problems + file.conflicts,
                pods=pods,
                objects=objects,
                last_transition_time=self._parts.clock.now().replace(microsecond=0),
            ),
        )

    def _tell_file(self, name: str, file: _File) -> None:
        problems = file.problems + file.conflicts
        if not problems and file.was_bad:
            self._parts.tell(f"{self._path(name)}: has no problems any more", True)
        file.was_bad = bool(problems)
        if not problems:
            return
        for text in problems[:_TOLD]:
            self._parts.tell(text, False)
        more = len(problems) - 1
        text = problems[0] + (f" (and {more} more)" if more else "")
        self._parts.recorder.record_node(EventType.WARNING, Reason.INVALID_MANIFEST, text)

    def _tell_directory(self, problem: str) -> None:
        if problem == self._problem:
            return
        was, self._problem = self._problem, problem
        if problem:
            self._parts.tell(problem, False)
            self._parts.recorder.record_node(EventType.WARNING, Reason.INVALID_MANIFEST, problem)
        elif was:
            self._parts.tell(f"{self._parts.reader.directory}: can be read again", True)

    def _path(self, name: str) -> str:
        return f"{self._parts.reader.directory}/{name}"


def _objects(manifest: Manifest) -> Iterable[tuple[Key, Held]]:
    for loaded in manifest.pods:
        meta = loaded.pod.metadata
        yield (Pod, meta.namespace, meta.name), loaded
    for config_map in manifest.config_maps:
        yield (ConfigMap, config_map.metadata.namespace, config_map.metadata.name), config_map
    for secret in manifest.secrets:
        yield (Secret, secret.metadata.namespace, secret.metadata.name), secret


def _is_same(stored: ConfigMap | Secret, wanted: ConfigMap | Secret) -> bool:
    """Whether they differ at most in what a store adds."""
    lived = stored.metadata
    metadata = msgspec.structs.replace(
        wanted.metadata,
        uid=lived.uid,
        resource_version=lived.resource_version,
        creation_timestamp=lived.creation_timestamp,
    )
    return msgspec.structs.replace(wanted, metadata=metadata) == stored


def _key_of(text: str) -> Key:
    """The object that a row names."""
    kind, _, name = text.partition(" ")
    namespace, _, name = name.partition("/")
    return _KINDS[kind], namespace, name
