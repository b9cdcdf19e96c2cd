"""ManifestFile: what became of one file of the manifest directory (ours, not Kubernetes')."""

from __future__ import annotations

from enum import StrEnum

from agent.model.base import Object, Time, always
from agent.model.meta import ObjectMeta

API_VERSION = "barepod.dev/v1"
KIND = "ManifestFile"


class FileState(StrEnum):
    """`Active`: all of it is in force. `Broken`: nothing new of it is; what ran before still does.

    `Conflict`: some of its objects come from another file.
    """

    ACTIVE = "Active"
    BROKEN = "Broken"
    CONFLICT = "Conflict"


class ManifestFileStatus(Object):
    """What the agent made of the file when it last changed.

    `pods` are those of its last good content; `objects` are all that are in force from this file,
    as KIND NAMESPACE/NAME: the next agent knows by them what goes when the file has gone.
    """

    state: str = ""
    path: str = ""
    problems: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    last_transition_time: Time | None = None


class ManifestFile(Object):
    """One file; it is named after its name in the directory and has no namespace."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    status: ManifestFileStatus = always(factory=ManifestFileStatus)
