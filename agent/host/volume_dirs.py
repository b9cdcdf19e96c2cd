"""The directories behind a pod's volumes: made, filled, given to a group, removed.

    BASE/pods/UID/volumes/NAME

A shared lock on `volumes` tells that the pod's agent lives; without one the directory is a
leftover, unless a file `lasting` beside it says that the pod outlives its agent: then the next
agent decides. The standard library's heavier modules are imported where they are needed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Container, Iterable, Mapping

from agent.host.files import private_directory, remove, write_atomically

_READ_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LINK = "..data"
_LASTING = "lasting"


class VolumeDirs:
    """The directories of one pod's volumes below one base directory."""

    def __init__(self, base: str, uid: str, *, is_lasting: bool = False) -> None:
        self._is_lasting = is_lasting
        self._pod = f"{base}/pods/{uid}"
        self._root = f"{self._pod}/volumes"
        self._lock: int | None = None

    def make(self, name: str) -> str:
        """The directory of a volume, which anybody may write (OSError); it may be there already."""
        if self._lock is None:
            self._lock = self._claim()
        path = f"{self._root}/{name}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)
            os.chmod(path, 0o777)
        return path

    def remove(self) -> None:
        """Remove everything (OSError); may take as long as there are files."""
        if self._lock is not None:
            remove_tree(self._root)
            remove(f"{self._pod}/{_LASTING}")
            os.close(self._lock)
            self._lock = None
        with contextlib.suppress(OSError):  # it is not there, or there are other files of the pod
            os.rmdir(self._pod)

    def _claim(self) -> int:
        while True:
            private_directory(self._pod, mode=0o711)
            private_directory(self._root)
            fd = os.open(self._root, _READ_DIRECTORY)
            fcntl.flock(fd, fcntl.LOCK_SH)
            if _is_at(fd, self._root):
                if self._is_lasting:
                    write_atomically(f"{self._pod}/{_LASTING}", b"")
                return fd
            os.close(fd)  # somebody took it for a leftover


def remove_leftovers(base: str, living: Container[str] | None = None) -> None:
    """Remove the volumes of pods whose agent is no more.

    Those that were to outlive it stay, unless `living` says which pods (UIDs) there still are.
    """
    with contextlib.suppress(FileNotFoundError):
        for uid in os.listdir(f"{base}/pods"):
            root = f"{base}/pods/{uid}/volumes"
            is_lasting = os.path.exists(f"{base}/pods/{uid}/{_LASTING}")
            if is_lasting and (living is None or uid in living):
                continue
            with contextlib.suppress(OSError):
                fd = os.open(root, _READ_DIRECTORY)
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove_tree(root)
                    _forget(os.path.dirname(root))
                finally:
                    os.close(fd)


def remove_tree(root: str) -> None:
    """Remove a directory and all in it, memory file systems included (OSError)."""
    import shutil

    for name in os.listdir(root):
        if os.path.ismount(f"{root}/{name}"):
            from agent.host.mounting import unmount

            unmount(f"{root}/{name}")
    shutil.rmtree(root)


def mount_memory(path: str, size: int | None) -> None:
    """A memory file system that anybody may write, of so many bytes at most (OSError)."""
    from agent.host.mounting import mount

    if not os.path.ismount(path):
        options = "mode=0777" if size is None else f"mode=0777,size={size}"
        mount("barepod", path, "tmpfs", 0, options)


def replace_files(
    path: str, files: Mapping[str, tuple[bytes, int]], before_shown: Callable[[], None]
) -> None:
    """Let a volume have exactly these files: a reader sees the old ones or the new, never a mix.

    `files` are content and permissions by path; `before_shown` is called when they are written and
    nobody sees them yet. OSError leaves the old ones.

    The layout is the kubelet's (AtomicWriter), since programs that watch their configuration rely
    on it: `..data` is a link to a directory with the files, and the first part of each path is a
    link through that.
    """
    old, fresh = _linked(path), f"..{os.urandom(8).hex()}"
    try:
        _make_directory(f"{path}/{fresh}")
        for name, (data, mode) in files.items():
            _write(path, f"{fresh}/{name}", data, mode)
        before_shown()
        os.symlink(fresh, f"{path}/{_LINK}_tmp")
        os.rename(f"{path}/{_LINK}_tmp", f"{path}/{_LINK}")
    except BaseException:
        _forget(f"{path}/{fresh}")
        raise
    _link_names(path, {name.split("/", 1)[0] for name in files})
    if old:
        _forget(f"{path}/{old}")


def give_to_group(path: str, gid: int, mode_of: Callable[[int, bool], int]) -> None:
    """Change group and permissions of a directory and all in it (OSError).

    `mode_of` tells the permissions from the old ones and whether it is a directory.
    """
    for name in _all_below(path):
        os.lchown(name, -1, gid)
        found = os.lstat(name).st_mode
        if not stat.S_ISLNK(found):
            os.chmod(name, mode_of(stat.S_IMODE(found), stat.S_ISDIR(found)))


def _all_below(path: str) -> Iterable[str]:
    yield path
    for folder, folders, names in os.walk(path):
        yield from (f"{folder}/{name}" for name in (*folders, *names))


def _linked(path: str) -> str:
    try:
        return os.readlink(f"{path}/{_LINK}")
    except FileNotFoundError:
        return ""


def _make_directory(path: str) -> None:
    os.mkdir(path)
    os.chmod(path, 0o755)  # whatever the umask


def _forget(path: str) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def _write(root: str, name: str, data: bytes, mode: int) -> None:
    folder = root
    for part in name.split("/")[:-1]:
        folder = f"{folder}/{part}"
        if not os.path.isdir(folder):
            _make_directory(folder)
    fd = os.open(f"{root}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


def _link_names(path: str, names: set[str]) -> None:
    """A link for every name, and none for those that are gone; directories are mount points."""
    for name in os.listdir(path):
        if not name.startswith("..") and name not in names and os.path.islink(f"{path}/{name}"):
            os.unlink(f"{path}/{name}")
    for name in names:
        with contextlib.suppress(FileExistsError):
            os.symlink(f"{_LINK}/{name}", f"{path}/{name}")


def _is_at(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except FileNotFoundError:
        return False
