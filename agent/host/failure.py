"""What does a user read when a program could not be started? The words of runc and Go."""

from __future__ import annotations

import errno as errnos
import os

from agent.host.process import SpawnError

_GO = {
    errnos.ELOOP: "too many levels of symbolic links",
    errnos.EMFILE: "too many open files",
    errnos.ENFILE: "too many open files in system",
}


def reason_text(errno: int) -> str:
    """The system's reason as Go writes it: strerror without the capital."""
    text = os.strerror(errno)
    return _GO.get(errno, text[:1].lower() + text[1:])


def os_error_text(exc: OSError) -> str:
    """The path concerned, if any, and the reason, as Go's PathError has them."""
    if exc.errno is None:  # one of ours, with a text of its own
        return str(exc)
    reason = reason_text(exc.errno)
    return f"{exc.filename}: {reason}" if isinstance(exc.filename, str) else reason


def spawn_error(program: str, cwd: str, reason: tuple[str, int, str]) -> SpawnError:
    """The error for what the helper reported: (stage, errno, path concerned).

    Texts: Go os/exec LookPath, runc libcontainer init ("exec", "chdir to cwd").
    """
    stage, errno, detail = reason
    text = reason_text(errno) if errno else detail
    match stage:
        case "lookup":
            message = f"exec: {_quote(program)}: {_lookup_text(errno, detail, text)}"
        case "exec":
            message = f"exec {detail}: {text}"
        case "mount":
            message = f"error mounting a volume at {_quote(detail)}: {text}"
        case "namespace":
            message = f"cannot make a mount namespace for the volumes: {text}{_hint(errno)}"
        case "inside":
            message = f"cannot enter the container's mount namespace: {text}"
        case "cwd":
            message = f"chdir to cwd ({_quote(cwd)}) set in config.json failed: {text}"
        case _:
            message = f"cannot start {_quote(program)}: {stage}: {text}"
    return SpawnError(message, stage=stage, errno=errno)


def _lookup_text(errno: int, path: str, text: str) -> str:
    if not path:
        return "executable file not found in $PATH"
    if errno in (errnos.EISDIR, errnos.EACCES):
        return text
    return f"stat {path}: {text}"


def _hint(errno: int) -> str:
    if errno in (errnos.EPERM, errnos.EACCES, errnos.ENOSPC, errnos.ENOSYS, errnos.EINVAL):
        return "; barepod must run as root, or the kernel must allow user namespaces to its user"
    return ""


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
