"""Is a path of the host what a hostPath volume says it is, and can it be made otherwise?"""

from __future__ import annotations

import os
import stat

_KINDS = {
    "Directory": (stat.S_ISDIR, "directory"),
    "File": (stat.S_ISREG, "file"),
    "Socket": (stat.S_ISSOCK, "socket file"),
    "CharDevice": (stat.S_ISCHR, "character device"),
    "BlockDevice": (stat.S_ISBLK, "block device"),
}


class HostPathError(OSError):
    """The path is something else; `str()` is the kubelet's text."""


def prepare(path: str, kind: str) -> None:
    """Check the path, and make it where the type allows that (OSError).

    Without a type anything will do, and what is missing becomes a directory, as container runtimes
    do it. (pkg/volume/hostpath: checkTypeInternal)
    """
    if not kind:
        if not os.path.lexists(path):
            os.makedirs(path, mode=0o755)
        return
    if kind.endswith("OrCreate"):
        kind = kind.removesuffix("OrCreate")
        if not os.path.exists(path):
            _make(path, kind)
            return
    is_kind, word = _KINDS[kind]
    try:
        matches = is_kind(os.stat(path).st_mode)
    except OSError:
        matches = False
    if not matches:
        raise HostPathError(f"hostPath type check failed: {path} is not a {word}")


def _make(path: str, kind: str) -> None:
    if kind == "Directory":
        os.makedirs(path, mode=0o755)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
