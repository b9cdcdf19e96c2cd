"""The spawner process: starts processes for the agent, so that no execve ever stalls its loop.

It is small, single-threaded and has few descriptors, so that a start costs the same whatever the
agent has grown to. Main processes are born as the agent's own children and survive this process;
hook and probe commands are this process' children.

It is also the guardian of a foreground run: when the agent is gone, however it went, it kills
everything that bears the agent's mark. Of a daemon it is the keeper: it then ends what nobody will
know of, commands in flight and half-born processes, and keeps for the next agent what this one gave
it (keeping.py).

Standard library only, few imports: it is on the way to the first exec (see launch.py).
"""

from __future__ import annotations

import _socket
import gc
import os
import time
from _signal import SIG_DFL, SIG_SETMASK, pthread_sigmask, signal  # type: ignore[import-not-found]
from errno import EMFILE
from heapq import heappop, heappush

from agent.host import becoming, cgroup_files, clone, descendants, marks, vfork, wire
from agent.host.capture import Capture, Killing, Watch, by_clone, by_spawn, by_vfork
from agent.host.known import Known
from agent.host.launch import SURVIVED
from agent.host.wire import Channel, Packet

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.host.capture import Begin
    from agent.host.keeping import Keeping
    from agent.host.wire import Message, Spec

_SIGNALS = range(1, 65)
_UNCHANGEABLE = (9, 19, 32, 33)
_SIGKILL = 9
_GUARD_SECONDS = 10.0
#: Short: the next agent waits for us meanwhile.
_TIDY_SECONDS = 2.0
_LOOK_AGAIN = 0.01
_CLEAN_LOOKS = 3


class Starting:
    """A main process between its birth and the outcome of its execve."""

    __slots__ = ("born", "mark", "report", "spec")

    def __init__(self, born: clone.Born, report: int, spec: Spec) -> None:
        self.born = born
        self.report = report
        self.spec = spec
        self.mark = spec.mark


class Helper:
    """Serves one agent until that closes its end."""

    def __init__(self, channel: Channel, guarded: tuple[int, str] | None) -> None:
        self._channel = channel
        self._watch = Watch()
        self._vfork = vfork.available()
        self._null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        self._starting: dict[int, Starting] = {}
        self._captures: dict[int, Capture] = {}
        self._known = Known()
        self._limits: list[tuple[float, int]] = []  # when commands have had their time
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_count = 0
        self._guard = guarded
        self._keeping: Keeping | None = None
        self._unknown: dict[int, int] = {}  # marks of processes that no record may name yet
        self._killing: set[int] = set()
        self._open = True

    def run(self) -> None:
        """Serve, then guard or keep."""
        self._watch.add(self._channel.sock.fileno(), self._serve)
        while self._open:
            self._watch.turn(self._patience())
            self._run_timers()
        if self._guard is not None:
            mark, cgroup = self._guard
            kill_all(lambda other: marks.same_agent(other, mark), _GUARD_SECONDS, cgroup)
            return
        self._end_unknown()
        if self._keeping is not None:
            os.dup2(self._null, 2)
            _close_all_but(self._keeping.descriptors())
            _reap()
            self._keeping.serve()

    def _end_unknown(self) -> None:
        """End what no later agent will know of: commands, and processes without a record."""
        unknown = self._killing | set(self._unknown.values())
        unknown.update(capture.mark for capture in self._captures.values())
        unknown.update(started.mark for started in self._starting.values())
        if unknown:
            kill_all(unknown.__contains__, _TIDY_SECONDS)

    def _serve(self) -> None:
        try:
            received = self._channel.receive()
        except EOFError:
            self._open = False
            return
        if received is None:
            return
        message, fds = received
        try:
            self._handle(message, fds)
        finally:
            wire.close_all(fds)

    def _handle(self, message: Message, fds: list[int]) -> None:
        kind, id_ = message[:2]
        if kind in (wire.SPAWN, wire.CAPTURE):
            _, _, fields, present, timeout, careful, *mark = message
            if len(fds) != present.bit_count():
                self._fail(kind, id_, clone.Failure("descriptors", EMFILE))
                return
            spec = self._known.again(fields, *mark) if mark else self._known.spec(fields)
            spec.inside = fds[-1] if present & 16 else -1
            self._start(kind, id_, spec, self._by_role(present, fds), timeout, careful)
        elif kind == wire.CANCEL:
            self._cancel(id_)
        elif kind == wire.GUARD:
            self._prepare_for_the_end(message[2], message[3])
        elif kind == wire.PING:
            self._send((wire.PONG, id_))
        elif self._keeping is not None:
            self._handle_kept(self._keeping, message, fds)

    def _prepare_for_the_end(self, guarded: tuple[int, str] | None, keeper: str) -> None:
        self._guard = guarded
        if keeper:
            from agent.host.keeping import Keeping

            self._keeping = Keeping(keeper)

    def _handle_kept(self, keeping: Keeping, message: Message, fds: list[int]) -> None:
        kind, id_ = message[:2]
        if kind == wire.KEEP:
            _, _, name, names, further = message
            keeping.keep(name, names, fds, further=further)
        elif kind == wire.DROP:
            keeping.drop(message[2])
        elif kind == wire.KNOWN:
            self._unknown.pop(id_, None)
        elif kind == wire.CHECK:
            self._send((wire.CHECKED, id_, keeping.missing, keeping.problem))
        elif kind == wire.FAREWELL:
            keeping.forget()

    def _by_role(self, present: int, fds: list[int]) -> tuple[int, int, int, int]:
        if not present:
            return self._null, self._null, self._null, -1
        given = iter(fds)
        stdin, stdout, stderr = (next(given) if present & bit else self._null for bit in (1, 2, 4))
        return stdin, stdout, stderr, next(given) if present & 8 else -1

    def _start(
        self,
        kind: int,
        id_: int,
        spec: Spec,
        fds: tuple[int, int, int, int],
        timeout: float | None,
        careful: bool,
    ) -> None:
        try:
            with clone.Inherited(spec):
                if kind == wire.CAPTURE:
                    self._capture(id_, spec, fds[3], timeout, careful=careful)
                elif careful or not self._spawn_at_once(id_, spec, fds[:3], fds[3]):
                    self._spawn(id_, spec, fds[:3], fds[3])
        except clone.Failure as exc:
            self._fail(kind, id_, exc)
        except OSError as exc:
            self._fail(kind, id_, clone.Failure("descriptors", exc.errno or 0))

    def _fail(self, kind: int, id_: int, failure: clone.Failure) -> None:
        reason = (failure.stage, failure.errno, failure.detail)
        if kind == wire.SPAWN:
            self._send((wire.FAILED, id_, 0, reason))
        else:
            self._send((wire.CAPTURED, id_, -1, 0, False, False, b"", reason))

    def _spawn_at_once(
        self, id_: int, spec: Spec, stdio: tuple[int, int, int], cgroup_fd: int
    ) -> bool:
        """Start it while we stand still; whether that was possible."""
        if self._vfork is None or not vfork.can_take(spec):
            return False
        born = self._vfork.start(spec, stdio, cgroup_fd, as_sibling=True)
        if born is not None:
            self._started(id_, born, spec.mark)
        return born is not None

    def _spawn(self, id_: int, spec: Spec, stdio: tuple[int, int, int], cgroup_fd: int) -> None:
        report, report_end = os.pipe()
        try:
            plan = becoming.Plan(spec, stdio, report_end, os.getppid())
            born = clone.clone(plan.follow, cgroup_fd=cgroup_fd, as_sibling=True)
        except BaseException:
            os.close(report)
            raise
        finally:
            os.close(report_end)
        self._starting[id_] = Starting(born, report, spec)
        os.set_blocking(report, False)
        self._watch.add(report, lambda: self._reported(id_))

    def _reported(self, id_: int) -> None:
        started = self._starting[id_]
        try:
            failure = becoming.read_report(started.report)
        except BlockingIOError:  # an event meant for a former owner of this number
            return
        del self._starting[id_]
        self._watch.remove(started.report)
        os.close(started.report)
        if failure is None:
            self._started(id_, started.born, started.mark)
            if self._vfork is not None:
                self._vfork.rehearse(started.spec)  # it may have to be started again in a hurry
        else:
            os.close(started.born.pidfd)
            self._fail(wire.SPAWN, id_, failure)

    def _started(self, id_: int, born: clone.Born, mark: int) -> None:
        if self._keeping is not None:
            self._unknown[id_] = mark
        self._send((wire.SPAWNED, id_, born.pid, None), (born.pidfd,))
        os.close(born.pidfd)

    def _capture(
        self, id_: int, spec: Spec, cgroup_fd: int, timeout: float | None, *, careful: bool
    ) -> None:
        def answer(message: Message) -> None:
            self._captures.pop(id_, None)
            self._send(message)

        begin = self._way_to_begin(spec, cgroup_fd, careful=careful)
        self._captures[id_] = Capture(id_, spec, cgroup_fd, self._null, begin, self._watch, answer)
        if timeout is not None:
            heappush(self._limits, (time.monotonic() + timeout, id_))

    def _way_to_begin(self, spec: Spec, cgroup_fd: int, *, careful: bool) -> Begin:
        """The cheapest one that can do all that is to be done for the command."""
        if careful:
            return by_clone
        if cgroup_fd < 0 and not spec.prepared_in_child():
            return by_spawn
        if self._vfork is not None and vfork.can_take(spec):
            return by_vfork(self._vfork)
        return by_clone

    def _cancel(self, id_: int) -> None:
        capture = self._captures.get(id_)
        started = self._starting.get(id_)
        if capture is not None:
            self._kill_on(capture.kill(timed_out=False))
        elif started is not None:  # its report then ends without an execve
            descendants.send(started.born.pid, _SIGKILL, lambda _pid: True)

    def _kill_on(self, killing: Killing) -> None:
        def again() -> None:
            if killing.round():
                self._after(_LOOK_AGAIN, again)
            else:
                self._killing.discard(killing.mark)

        self._killing.add(killing.mark)
        self._after(_LOOK_AGAIN, again)

    def _send(self, message: Message, fds: tuple[int, ...] = ()) -> None:
        try:
            if not fds and self._channel.post(message, wait=True):
                return
            packet = Packet(message, fds)
            try:
                self._channel.send(packet, wait=True)
            finally:
                packet.close()
        except OSError:  # the agent is gone: the next receive tells
            return

    def _after(self, delay: float, action: Callable[[], None]) -> None:
        self._timer_count += 1
        heappush(self._timers, (time.monotonic() + delay, self._timer_count, action))

    def _patience(self) -> float:
        while self._limits and self._limits[0][1] not in self._captures:
            heappop(self._limits)  # it has ended, as nearly all do: nobody wakes up for it
        dues = [heap[0][0] for heap in (self._timers, self._limits) if heap]
        return max(min(dues) - time.monotonic(), 0) if dues else -1

    def _run_timers(self) -> None:
        while self._timers and self._timers[0][0] <= time.monotonic():
            heappop(self._timers)[2]()
        while self._limits and self._limits[0][0] <= time.monotonic():
            capture = self._captures.get(heappop(self._limits)[1])
            if capture is not None:
                self._kill_on(capture.kill(timed_out=True))


def kill_all(bears: Callable[[int], bool], seconds: float, cgroup: str = "") -> None:
    """Kill all whose mark `bears` accepts, and all in the cgroups below a directory; then look on.

    Ends when nobody has been seen for some time, or when the time is over.
    """

    def belongs(pid: int) -> bool:
        return bears(marks.read_mark(pid))

    deadline = time.monotonic() + seconds
    clean = 0
    while time.monotonic() < deadline:
        if cgroup:
            cgroup_files.kill(cgroup)
        left = descendants.alive(filter(belongs, descendants.everyone()))
        clean = 0 if left else clean + 1
        for pid in left:
            descendants.send(pid, _SIGKILL, belongs)
        # One that forks and exits for ever may slip through a single look.
        if clean >= _CLEAN_LOOKS and (not cgroup or cgroup_files.remove(cgroup)):
            return
        time.sleep(_LOOK_AGAIN)


def main(fd: int, guarded: list[str]) -> None:
    """Serve the agent at the other end of `fd`; `guarded`: see `launch`."""
    gc.disable()  # hardly any cycles, and a collection would unshare pages in every child
    _close_all_but({fd})
    for number in _SIGNALS:
        if number in SURVIVED:
            # Survive what a terminal or a service manager sends to all; execve resets it.
            signal(number, _ignore)
        elif number not in _UNCHANGEABLE:
            signal(number, SIG_DFL)
    pthread_sigmask(SIG_SETMASK, ())
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    os.chdir("/")
    _bind_what_copies_call()
    os.set_inheritable(fd, False)
    known = (int(guarded[0]), guarded[1]) if guarded else None
    Helper(Channel(_socket.socket(fileno=fd)), known).run()


def _bind_what_copies_call() -> None:
    """The dynamic linker finds a function when it is first called: here once, not in each copy."""
    try:
        os.setsid()
    except OSError:  # as it must be: we have led a session since our birth
        return


def _reap() -> None:
    """The commands that were killed: our own children, and nobody else asks for them any more."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def _close_all_but(kept: set[int]) -> None:
    """Whatever the agent inherited from its own parent ends here."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in kept:
            try:
                os.close(int(name))
            except OSError:  # the directory's own descriptor is gone already
                continue


def _ignore(_number: int, _frame: object) -> None:
    """Not SIG_IGN, which children would inherit."""
