"""The files of a cgroup v2 directory: kill, count, remove. Imported by the helper process too."""

from __future__ import annotations

import os

_SIGKILL = 9
_FREEZE_ROUNDS = 100


def read(path: str) -> str:
    """A control file's text; empty if there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        text = b""
        while chunk := os.read(fd, 65536):
            text += chunk
    except OSError:
        return ""
    finally:
        os.close(fd)
    return os.fsdecode(text)


def write(path: str, text: str) -> None:
    """Set a control file (OSError with the kernel's reason)."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def value(text: str, key: str) -> int:
    """A number of a flat keyed file ("populated 1"); 0 if it is not there."""
    for line in text.splitlines():
        name, _, number = line.partition(" ")
        if name == key:
            return int(number)
    return 0


def populated(path: str) -> bool:
    """Whether a living process is in the cgroup or below it."""
    return value(read(f"{path}/cgroup.events"), "populated") == 1


def processes(path: str) -> list[int]:
    """All processes in the cgroup and below it (0 stands for one of another PID namespace)."""
    found: list[int] = []
    for folder in _tree(path):
        found += map(int, read(f"{folder}/cgroup.procs").split())
    return [pid for pid in found if pid > 0]


def kill(path: str) -> None:
    """Begin to SIGKILL everything in the cgroup and below it, as one (kernel 5.14)."""
    try:
        write(f"{path}/cgroup.kill", "1")
    except FileNotFoundError:
        if os.path.isdir(path):
            _kill_frozen(path)
    except OSError:  # it is being removed
        return


def remove(path: str) -> bool:
    """Remove the cgroup and those below it; False as long as something is in it."""
    done = True
    for folder in reversed(_tree(path)):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
        except OSError:
            done = False
    return done


def _kill_frozen(path: str) -> None:
    """For older kernels: frozen, nothing can fork away; SIGKILL works on the frozen."""
    write(f"{path}/cgroup.freeze", "1")
    for _ in range(_FREEZE_ROUNDS):
        still = value(read(f"{path}/cgroup.events"), "frozen") == 1
        for pid in processes(path):
            try:
                os.kill(pid, _SIGKILL)
            except ProcessLookupError:
                continue
        if still:
            break
    write(f"{path}/cgroup.freeze", "0")


def _tree(path: str) -> list[str]:
    """The directory and all below it, upper ones first."""
    found = [path]
    for folder in found:  # grows while it is walked
        try:
            with os.scandir(folder) as entries:
                found += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
    return found
