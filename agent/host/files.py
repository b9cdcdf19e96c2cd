"""Files that must be whole, private, and where we think they are."""

from __future__ import annotations

import contextlib
import os
import stat

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def write_atomically(path: str, data: bytes, *, mode: int = 0o600, durable: bool = False) -> None:
    """Replace the file at once: a reader sees the old or the new content, never a part.

    `durable` also waits until both would survive a power cut. Raises OSError and leaves nothing.
    """
    folder, name = os.path.split(path)
    folder_fd = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    temporary = f".{name}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        try:
            _write_new(folder_fd, temporary, data, mode=mode, durable=durable)
            os.rename(temporary, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder_fd)
            raise
        if durable:
            os.fsync(folder_fd)
    finally:
        os.close(folder_fd)


def private_directory(path: str, *, mode: int = 0o700) -> None:
    """Make the directory (and its parents), or check that it is ours and give it this mode.

    A link in the last place is refused. OSError says what is wrong.
    """
    parent = os.path.dirname(os.path.abspath(path))
    os.makedirs(parent, mode=0o755, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, mode)
    fd = os.open(path, _DIRECTORY)
    try:
        found = os.fstat(fd)
        if found.st_uid != os.geteuid():
            raise PermissionError(f"{path} belongs to user {found.st_uid}, not to barepod's")
        if stat.S_IMODE(found.st_mode) != mode:
            os.fchmod(fd, mode)
    finally:
        os.close(fd)


def open_below(folder_fd: int, name: str, flags: int, mode: int = 0o600) -> int:
    """Open a file right in a directory, without following a link in its place (OSError)."""
    if "/" in name or name in ("", ".", ".."):
        raise ValueError(f"not a plain file name: {name!r}")
    return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=folder_fd)


def open_directory(path: str) -> int:
    """A descriptor of a directory that is not a link, for `open_below` (OSError)."""
    return os.open(path, _DIRECTORY)


def _write_new(folder_fd: int, name: str, data: bytes, *, mode: int, durable: bool) -> None:
    fd = open_below(folder_fd, name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.fchmod(fd, mode)  # whatever the umask
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)


def public_file(path: str, *, check_folder: bool) -> None:
    """An empty file that anybody may write, in a directory that only its owner may list.

    The directory is made if it is missing. `check_folder`: one that is there may not be ours.
    """
    folder = os.path.dirname(path)
    if check_folder:
        private_directory(folder, mode=0o711)
    try:
        _empty_public_file(path)
    except FileNotFoundError:
        private_directory(folder, mode=0o711)
        _empty_public_file(path)


def _empty_public_file(path: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        os.fchmod(fd, 0o666)
    finally:
        os.close(fd)


def take_tail(path: str, limit: int) -> bytes:
    """The last `limit` bytes of a file that somebody else may have written; then remove it.

    Does not block on a FIFO put in its place and does not follow a link. OSError.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.pread(fd, limit, max(os.fstat(fd).st_size - limit, 0))
    finally:
        os.close(fd)
        remove(path)


def remove(path: str) -> None:
    """Remove a file that may be gone."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def remove_if_empty(folder: str) -> None:
    """Remove a directory that nothing is in; it may be gone."""
    with contextlib.suppress(OSError):
        os.rmdir(folder)
