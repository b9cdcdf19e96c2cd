"""Give a process a view of the files of its own. Runs in the helper's child, before execve.

Standard library only; imported by the helper when a container has mounts for the first time.
"""

from __future__ import annotations

import ctypes
import os
import stat
from errno import EINVAL, ENOSYS

from agent.host import wire
from agent.host.beneath import open_beneath
from agent.host.clone import Failure

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from agent.host.wire import Bind

_CLONE_NEWNS = 0x2_0000
_CLONE_NEWUSER = 0x1000_0000
_MS_RDONLY = 1
_MS_NOSUID = 2
_MS_NODEV = 4
_MS_NOEXEC = 8
_MS_REMOUNT = 32
_MS_NOATIME = 1024
_MS_NODIRATIME = 2048
_MS_BIND = 4096
_MS_REC = 16384
_MS_PRIVATE = 1 << 18
_MS_SLAVE = 1 << 19
_MS_RELATIME = 1 << 21
_MNT_DETACH = 2
_ST_NOATIME = 1024
_ST_NODIRATIME = 2048
_ST_RELATIME = 4096
_SYS_MOUNT_SETATTR = 442
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_ATTR_RDONLY = 1

libc = ctypes.PyDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def enter(pidfd: int) -> None:
    """See the files as the process `pidfd` does; raises `Failure`."""
    kinds = _CLONE_NEWNS if os.geteuid() == 0 else _CLONE_NEWNS | _CLONE_NEWUSER
    if libc.setns(pidfd, kinds) < 0:
        errno = ctypes.get_errno()
        if kinds & _CLONE_NEWUSER and errno == EINVAL:
            return  # it has our user namespace, and so no files of its own: see `mount_all`
        raise Failure("inside", errno)


def mount_all(mounts: tuple[Bind, ...]) -> None:
    """Mount in order, in a new namespace; raises `Failure`.

    What the host mounts and unmounts meanwhile shows here too; what is mounted here shows nowhere
    else. Where nothing can be mounted, a process that can do without is left without.
    """
    try:
        _new_namespace()
    except OSError as exc:
        if all(bind[3] & wire.OPTIONAL for bind in mounts):
            return
        raise Failure("namespace", exc.errno or 0) from None
    missing = [bind for bind in mounts if bind[3] & wire.PRETENDED]
    if missing:
        from agent.host import scaffold

        scaffold.pretend([(bind[2], _is_directory(bind)) for bind in missing])
    sources = [_open(bind) for bind in mounts]
    for fd, (_, _, target, flags) in zip(sources, mounts, strict=True):
        try:
            _bind(fd, target, flags)
        except OSError as exc:
            raise Failure("mount", exc.errno or 0, target) from None
        os.close(fd)


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """The system call (OSError)."""
    words = (os.fsencode(word) if word else None for word in (source, target, kind))
    if libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(data) if data else None) < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), target)


def unmount(path: str) -> None:
    """Take a mount away, at once for new users of the path (OSError)."""
    if libc.umount2(os.fsencode(path), _MNT_DETACH) < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), path)


def _new_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    kinds = _CLONE_NEWNS if uid == 0 else _CLONE_NEWNS | _CLONE_NEWUSER
    if libc.unshare(kinds) < 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if uid != 0:
        # Everybody keeps the number that he has; nobody else has one.
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    mount("none", "/", "", _MS_REC | _MS_SLAVE)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _is_directory(bind: Bind) -> bool:
    fd = _open(bind)
    try:
        return stat.S_ISDIR(os.fstat(fd).st_mode)
    finally:
        os.close(fd)


def _open(bind: Bind) -> int:
    """All sources are opened before anything is mounted: a mount may cover the next source."""
    source, sub_path, target, _ = bind
    try:
        fd = os.open(source, os.O_PATH | os.O_CLOEXEC)
        if not sub_path:
            return fd
        try:
            return open_beneath(fd, sub_path)
        finally:
            os.close(fd)
    except OSError as exc:
        raise Failure("mount", exc.errno or 0, target) from None


def _bind(fd: int, target: str, flags: int) -> None:
    mount(f"/proc/self/fd/{fd}", target, "", _MS_BIND | _MS_REC)
    if not flags & wire.FOLLOWS_HOST:
        mount("none", target, "", _MS_REC | _MS_PRIVATE)
    below = wire.READ_ONLY_BELOW | wire.READ_ONLY_BELOW_OR_FAIL
    if flags & below and _read_only_below(target, must=bool(flags & wire.READ_ONLY_BELOW_OR_FAIL)):
        flags |= wire.READ_ONLY
    found = os.statvfs(target).f_flag
    wanted = _kept(found) | (_MS_RDONLY if flags & wire.READ_ONLY or found & _MS_RDONLY else 0)
    if flags & wire.RUNNABLE and os.geteuid() == 0:
        wanted &= ~_MS_NOEXEC
    if wanted != _kept(found) | found & _MS_RDONLY:
        mount("none", target, "", _MS_BIND | _MS_REMOUNT | wanted)


def _kept(found: int) -> int:
    """The flags of a mount, for mounting it anew: one left out would be refused, or be changed."""
    flags = found & (_MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    for is_set, flag in (
        (_ST_NOATIME, _MS_NOATIME),
        (_ST_NODIRATIME, _MS_NODIRATIME),
        (_ST_RELATIME, _MS_RELATIME),
    ):
        flags |= flag if found & is_set else 0
    return flags


def _read_only_below(target: str, *, must: bool) -> bool:
    """Make a mount and all below it read-only (Linux 5.12); OSError only if it must be."""
    attributes = (ctypes.c_uint64 * 4)(_ATTR_RDONLY, 0, 0, 0)
    path, size = os.fsencode(target), ctypes.sizeof(attributes)
    done = libc.syscall(
        _SYS_MOUNT_SETATTR, _AT_FDCWD, path, _AT_RECURSIVE, ctypes.byref(attributes), size
    )
    if done < 0 and must:
        errno = ctypes.get_errno()
        raise OSError(errno or ENOSYS, os.strerror(errno), target)
    return bool(done == 0)
