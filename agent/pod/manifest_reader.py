"""What do the files of the manifest directory hold, as far as they may be believed?

Works in a thread of its own: a large file, or a slow disk, never holds up what runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from agent.host import trusted_file
from agent.host.trusted_file import FileRefused
from agent.manifest.errors import Problem
from agent.manifest.load import Manifest, load_content

MAX_BYTES = 1024 * 1024
SUFFIXES = (".yaml", ".yml", ".json", ".toml")
#: Fields whose values may be secret: a problem tells where they are, never what they hold.
_SECRET = re.compile(r"(^|\.)(data|stringData|value)\b")
_VALUE = re.compile(r", (?:got|not) .*", re.DOTALL)

Version = tuple[int, ...]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One file that is there: a manifest, or why there is none."""

    version: Version
    manifest: Manifest = Manifest()
    problems: tuple[str, ...] = ()


class DirectoryReading(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked for: `files` that are new or changed, and names that are `gone`.

    With a `problem` the directory itself could not be read, and nothing is known of its files.
    """

    files: Mapping[str, Reading] = {}
    gone: frozenset[str] = frozenset()
    problem: str = ""


class ManifestReader(msgspec.Struct, frozen=True, kw_only=True):
    """Reads one directory; `only_root` refuses what others than root could have written."""

    directory: str
    only_root: bool = False

    def read_all(self, known: Mapping[str, Version]) -> DirectoryReading:
        """Every manifest of the directory; of those `known` in this version nothing is told."""
        try:
            trusted_file.check_directory(self.directory, only_root=self.only_root)
            names = [entry.name for entry in Path(self.directory).iterdir()]
        except FileRefused as exc:
            return DirectoryReading(problem=f"{self.directory}: {exc}")
        except OSError as exc:
            reason = (exc.strerror or str(exc)).lower()
            return DirectoryReading(problem=f"{self.directory}: cannot be read: {reason}")
        found = self.read(names, known)
        gone = frozenset(known) - frozenset(names) | found.gone
        return DirectoryReading(files=found.files, gone=gone)

    def read(self, names: Iterable[str], known: Mapping[str, Version]) -> DirectoryReading:
        """These names, as far as they are those of manifests."""
        files: dict[str, Reading] = {}
        gone: set[str] = set()
        for name in sorted(filter(is_manifest_name, names)):
            reading = self._read(f"{self.directory}/{name}", known.get(name))
            if reading is None:
                gone.add(name)
            elif not reading.version or reading.version != known.get(name):
                files[name] = reading
        return DirectoryReading(files=files, gone=frozenset(gone))

    def _read(self, path: str, known: Version | None) -> Reading | None:
        """One file; None when it is not there."""
        try:
            content = trusted_file.read(path, limit=MAX_BYTES, only_root=self.only_root)
        except FileNotFoundError:
            return None
        except FileRefused as exc:
            return Reading(version=(), problems=(f"{path}:1: {exc}",))
        except OSError as exc:
            reason = (exc.strerror or str(exc)).lower()
            return Reading(version=(), problems=(f"{path}:1: cannot be read: {reason}",))
        if content.version == known:
            return Reading(version=content.version)
        try:
            manifest = load_content(content.data, path)
        except Exception as exc:  # noqa: BLE001 - a bug of ours that one file brings to light
            problem = f"{path}:1: cannot be understood, internal error: {type(exc).__name__}"
            return Reading(version=content.version, problems=(problem,))
        problems = tuple(without_value(problem) for problem in manifest.problems)
        return Reading(version=content.version, manifest=manifest, problems=problems)


def is_manifest_name(name: str) -> bool:
    """Whether a file of this name is meant; hidden files are not (kubelet: config/file.go)."""
    return not name.startswith(".") and name.endswith(SUFFIXES)


def without_value(problem: Problem) -> str:
    """The problem as it may be logged: without what may be a secret's value."""
    if _SECRET.search(problem.path):
        problem = msgspec.structs.replace(problem, text=_VALUE.sub("", problem.text))
    return str(problem)
