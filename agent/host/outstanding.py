"""What of all that was asked of the helper has no answer yet, and what if none will come?

Whoever waits is told in any case, once. A command during whose time a helper stopped answering may
be what hung it: it is started in the slow and safe way from then on.
"""

from __future__ import annotations

from agent.host import requests
from agent.host.process import Captured
from agent.host.reaper import Reaper
from agent.host.requests import Birth, Running


class Outstanding:
    """The requests of one spawner, over all its helpers."""

    __slots__ = ("_births", "_last_id", "_reaper", "_running", "_slow")

    def __init__(self, reaper: Reaper) -> None:
        self._reaper = reaper
        self._births: dict[int, Birth] = {}
        self._running: dict[int, Running] = {}
        self._slow: set[str] = set()
        self._last_id = 0

    def __bool__(self) -> bool:
        """Whether anybody waits."""
        return bool(self._births or self._running)

    def next_id(self) -> int:
        """The number of a new request."""
        self._last_id += 1
        return self._last_id

    def expect(self, id_: int, birth: Birth) -> None:
        """A main process was asked for: until it is `born`, it must not be taken for an orphan."""
        self._births[id_] = birth
        self._reaper.expect(birth.mark)

    def born(self, id_: int) -> Birth:
        """It was started, or could not be; `settled` must follow."""
        return self._births.pop(id_)

    def settled(self, birth: Birth) -> None:
        """Its process is watched, or there is none."""
        self._reaper.expect_no_more(birth.mark)

    def add(self, running: Running) -> None:
        """A command was asked for."""
        self._running[running.id] = running

    def commands(self) -> tuple[Running, ...]:
        """Those that have not answered."""
        return tuple(self._running.values())

    def command(self, id_: int) -> Running | None:
        """The one of this number, if it has not answered."""
        return self._running.get(id_)

    def forget(self, id_: int) -> Running | None:
        """Nobody waits for this command any more; None if it has answered before."""
        running = self._running.pop(id_, None)
        if running is not None and running.watchdog is not None:
            running.watchdog.discard(running)
        return running

    def answer(self, id_: int, answer: Captured) -> None:
        """Tell whoever waits for this command, if anybody does."""
        running = self.forget(id_)
        if running is not None:
            running.done(answer)

    def suspect(self, request: Birth | Running) -> None:
        """The helper was stuck while it had this to start."""
        self._slow.add(request.command.argv[0])

    def is_suspect(self, program: str) -> bool:
        """Whether a helper was stuck with it."""
        return program in self._slow

    def marks(self) -> set[int]:
        """What may have been started for those who wait bears these."""
        found = {birth.mark for birth in self._births.values()}
        found.update(running.mark for running in self._running.values())
        return found

    def fail_all(self) -> None:
        """The helper is gone: nobody will answer any more. `marks` is to be asked before."""
        births, self._births = self._births, {}
        for birth in births.values():
            # One of these may have hung the helper in its execve.
            self.suspect(birth)
            self._reaper.expect_no_more(birth.mark)
            birth.result.set_exception(requests.helper_died(birth.command))
        for running in self.commands():
            self.suspect(running)
            self.answer(running.id, Captured(None, error=requests.helper_died(running.command)))
