"""Which files of a directory may have changed?

inotify tells. Editors write beside a file and rename, others write in place: a file counts as
changed when it was closed after writing, moved here or away, linked, deleted, or its permissions
changed; never while it is half written. Changes that come together are told together.

The directory may not be there yet, may be exchanged for another, or be a link that comes to lead
elsewhere. So each directory and link on the way to it is watched for its own sake: that it is
moved or deleted. What happens to other files in them wakes nobody.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator

import msgspec
from inotify_simple import INotify, flags

from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler, Timer

#: Told when it has been quiet for so long, in seconds; but no later than the second figure.
QUIET, LATEST = 0.1, 1.0
#: Without inotify (its limits are reached) look again after so many seconds.
_RETRY = 10.0
_MAX_LINKS = 40

_LOST = flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT | flags.Q_OVERFLOW | flags.IGNORED
_NAMES = flags.CREATE | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO | flags.ATTRIB
_ITSELF = flags.DELETE_SELF | flags.MOVE_SELF
_INSIDE = _NAMES | _ITSELF | flags.CLOSE_WRITE


class Changes(msgspec.Struct, frozen=True):
    """Names that may have changed; `everything`: it is not known which, so look at all."""

    names: frozenset[str] = frozenset()
    everything: bool = False


class DirectoryWatch:
    """Watches one directory until `close`."""

    def __init__(
        self,
        path: str,
        reactor: Reactor,
        scheduler: Scheduler,
        *,
        changed: Callable[[Changes], None],
        problem: Callable[[str], None],
    ) -> None:
        """`problem` hears why changes cannot be seen for now, and "" when they can again."""
        self._path = os.path.abspath(path)
        self._reactor = reactor
        self._scheduler = scheduler
        self._changed = changed
        self._problem = problem
        self._inotify: INotify | None = None
        self._inside = -1
        self._way: set[int] = set()
        self._expected: dict[int, set[str]] = {}
        self._names: set[str] = set()
        self._is_lost = False
        self._timer: Timer | None = None
        self._latest = 0.0

    def start(self) -> None:
        """Begin to watch; changes from now on are told."""
        self._listen()

    def close(self) -> None:
        """Stop watching; nothing is told any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._let_go()

    def ready(self, events: int) -> None:
        """Something happened in a watched directory."""
        assert self._inotify is not None
        before = len(self._names), self._is_lost
        seen = False
        for event in self._inotify.read(timeout=0):
            seen |= self._note(event.wd, event.mask, event.name)
        if seen or before != (len(self._names), self._is_lost):
            self._settle()

    def _note(self, watch: int, mask: int, name: str) -> bool:
        """Remember what an event means; whether it means anything."""
        is_itself = watch in self._way and not name
        if mask & _LOST or is_itself or name in self._expected.get(watch, ()):
            self._is_lost = True
            return True
        if watch != self._inside or not name or mask & flags.ISDIR:
            return False
        if mask & flags.CREATE and not self._is_complete(name):
            return False
        self._names.add(name)
        return True

    def _is_complete(self, name: str) -> bool:
        """Whether something new is as it will be: a new plain file is closed when it is."""
        try:
            found = os.lstat(f"{self._path}/{name}")
        except OSError:
            return False
        return not stat.S_ISREG(found.st_mode) or found.st_nlink > 1

    def _settle(self) -> None:
        """Tell when it has become quiet, or has been noisy for too long."""
        now = self._scheduler.time()
        if self._timer is None:
            self._latest = now + LATEST
        else:
            self._timer.cancel()
        self._timer = self._scheduler.call_at(min(now + QUIET, self._latest), self._tell)

    def _tell(self) -> None:
        self._timer = None
        names, lost = frozenset(self._names), self._is_lost
        self._names.clear()
        self._is_lost = False
        if lost:
            self._let_go()
            self._listen()
        self._changed(Changes(names, everything=lost))

    def _listen(self) -> None:
        try:
            self._inotify = INotify(nonblocking=True)
            self._reactor.register(self._inotify.fileno(), self)
            self._watch_all(self._inotify)
        except OSError as exc:
            self._let_go()
            self._problem(_why(exc))
            self._is_lost = True
            self._timer = self._scheduler.call_later(_RETRY, self._tell)
        else:
            self._problem("")

    def _watch_all(self, inotify: INotify) -> None:
        """Watch the way to the directory, and the directory itself, as far as there is one."""
        last = None
        for folder, name in way_to(self._path):
            place = os.path.join(folder, name)
            watch = _watch_itself(inotify, place)
            if watch < 0:  # it is not there, or we may not look: its directory tells of it
                self._expect(inotify, folder, name, _NAMES)
                watch = _watch_itself(inotify, place)
            if watch >= 0:
                self._way.add(watch)
                last = folder, name
        if last is not None:
            # A directory that somebody holds open does not tell of its end, but the one above it
            # does. Only the last one can end: what is above is not empty before.
            self._expect(inotify, *last, flags.DELETE)
        self._inside = _add(inotify, self._path, _INSIDE | flags.ONLYDIR)

    def _expect(self, inotify: INotify, folder: str, name: str, mask: int) -> None:
        """Watch a directory for something of this name."""
        watch = _add(inotify, folder, mask | flags.ONLYDIR)
        if watch >= 0:
            self._expected.setdefault(watch, set()).add(name)

    def _let_go(self) -> None:
        if self._inotify is not None:
            self._reactor.unregister(self._inotify.fileno())
            self._inotify.close()
        self._inotify = None
        self._inside = -1
        self._way.clear()
        self._expected.clear()


def way_to(path: str) -> Iterator[tuple[str, str]]:
    """Yield every (directory, name) that is looked up on the way to an absolute path.

    Links are followed, as far as what is on the way exists.
    """
    todo = path.split("/")[::-1]
    here, links = "/", 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            here = os.path.dirname(here)
            continue
        yield here, part
        place = os.path.join(here, part)
        try:
            target = os.readlink(place)
        except OSError:
            here = place
            continue
        links += 1
        if links > _MAX_LINKS:
            return
        here = "/" if target.startswith("/") else here
        todo.extend(target.split("/")[::-1])


def _watch_itself(inotify: INotify, place: str) -> int:
    """A watch for the end of a directory, or of a link or file: these lose a name before."""
    itself = _ITSELF | flags.DONT_FOLLOW
    watch = _add(inotify, place, itself | flags.ONLYDIR)
    # Of a directory, this would also tell about all files in it.
    return watch if watch >= 0 else _add(inotify, place, itself | flags.ATTRIB)


def _add(inotify: INotify, place: str, mask: int) -> int:
    """A watch, or -1 where there is nothing to watch or we may not; OSError when none is left."""
    try:
        return int(inotify.add_watch(place, mask | flags.MASK_ADD))
    except OSError as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP):
            return -1
        raise


def _why(exc: OSError) -> str:
    limits = {
        errno.ENOSPC: "fs.inotify.max_user_watches is reached",
        errno.EMFILE: "fs.inotify.max_user_instances, or the limit of open files, is reached",
    }
    return limits.get(exc.errno or 0, (exc.strerror or str(exc)).lower())
