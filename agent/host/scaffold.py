"""Mount points that cannot be made on the host: pretend that their parent directory has them.

The parent is covered by a read-only memory file system that shows the same entries (each one the
real thing, mounted) and the missing one. Whoever could not make the mount point could not have
written into the parent either; only what others add to it later does not show.

Runs in the helper's child, inside its own mount namespace. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import stat

from agent.host.clone import Failure
from agent.host.mounting import libc, mount, unmount

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Iterable

_MS_RDONLY = 1
_MS_REMOUNT = 32
_MS_BIND = 4096
_MS_REC = 16384
_O_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


def pretend(targets: Iterable[tuple[str, bool]]) -> None:
    """Let all targets exist: (path, whether it is a directory). Raises `Failure`."""
    covered: dict[int, str] = {}
    for target, is_directory in targets:
        try:
            if os.path.lexists(target):
                continue
            parent = _nearest(os.path.dirname(target))
            if os.stat(parent).st_dev not in covered:
                _cover(parent)
                covered[os.stat(parent).st_dev] = parent
            _make(target, is_directory=is_directory)
        except OSError as exc:
            raise Failure("mount", exc.errno or 0, target) from None
    for parent in covered.values():
        try:
            mount("none", parent, "", _MS_REMOUNT | _MS_BIND | _MS_RDONLY)
        except OSError as exc:
            raise Failure("mount", exc.errno or 0, parent) from None


def _nearest(path: str) -> str:
    """The deepest directory on the way that is there."""
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return os.path.realpath(path)


def _make(target: str, *, is_directory: bool) -> None:
    os.makedirs(target if is_directory else os.path.dirname(target), exist_ok=True)
    if not is_directory:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))


def _cover(parent: str) -> None:
    if parent == "/":
        _change_root()
        return
    real = os.open(parent, _O_DIRECTORY)
    entries = os.listdir(parent)
    _memory(parent, os.fstat(real).st_mode)
    for name in entries:
        _show(f"/proc/self/fd/{real}/{name}", f"{parent}/{name}")
    os.close(real)


def _change_root() -> None:
    """`/` itself cannot be covered: make another root beside it and move there."""
    entries = os.listdir("/")
    base = next(name for name in entries if name != "proc" and _is_directory(f"/{name}"))
    hidden = os.open(f"/{base}", _O_DIRECTORY)
    _memory(f"/{base}", 0o755)
    for name in entries:
        # With a slash at its end, the link in /proc stands for the directory.
        source = f"/proc/self/fd/{hidden}/" if name == base else f"/{name}"
        _show(source, f"/{base}/{name}")
    os.close(hidden)
    os.chdir(f"/{base}")
    # The old root then lies over the new one, and goes.
    _check(libc.syscall(_pivot_root(), b".", b"."))
    unmount(".")
    os.chdir("/")


def _pivot_root() -> int:
    return {"x86_64": 155}.get(os.uname().machine, 41)


def _memory(path: str, mode: int) -> None:
    mount("barepod", path, "tmpfs", 0, f"mode={stat.S_IMODE(mode):o}")


def _show(source: str, target: str) -> None:
    """The same entry at another place; one that is just being removed is left out."""
    try:
        found = os.lstat(source)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(found.st_mode):
        os.symlink(os.readlink(source), target)
        return
    if stat.S_ISDIR(found.st_mode):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    mount(source, target, "", _MS_BIND | _MS_REC)


def _is_directory(path: str) -> bool:
    return stat.S_ISDIR(os.lstat(path).st_mode)


def _check(result: int) -> None:
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
