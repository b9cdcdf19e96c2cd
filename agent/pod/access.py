"""Who talks to a running container? Its exec sessions and spectators, which end with it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import msgspec

from agent.host.containment import Boundary
from agent.host.failure import spawn_error
from agent.host.process import Child, Command
from agent.host.streams import Streams
from agent.pod.machine import Machine

if TYPE_CHECKING:
    from agent.host.attachment import Attachment
    from agent.host.exec_session import ExecSession

#: What containerd tells a program on a terminal (WithTTY).
_TERM = {"TERM": "xterm"}


class RunAccess:
    """The ways into one run of a container."""

    def __init__(
        self,
        machine: Machine,
        name: str,
        command: Command,
        boundary: Boundary,
        child: Child,
        streams: Streams,
    ) -> None:
        """`command` started the main process; `name` is what its streams are kept as."""
        self._machine = machine
        self._name = name
        self._command = command
        self._boundary = boundary
        self._child = child
        self._streams = streams
        self._open: set[ExecSession] = set()
        self._attached: set[Attachment] = set()

    async def exec(self, argv: tuple[str, ...], *, stdin: bool, tty: bool) -> ExecSession:
        """Run a command as the container's user, in its place, with what it sees.

        Raises `SpawnError`, also when the container has ended, and `OSError`. The caller closes
        the session, and gives it back to `leave`.
        """
        from agent.host.exec_session import Sessions  # not for those whom nobody visits

        machine, command = self._machine, self._command
        env = {**command.env, **_TERM} if tty else command.env
        inside = self._child if command.mounts else None
        command = msgspec.structs.replace(command, argv=argv, env=env, mounts=())
        sessions = Sessions(
            machine.spawner, machine.reactor, machine.scheduler, machine.containment.reaper
        )
        session = await sessions.open(command, self._boundary, inside, stdin=stdin, tty=tty)
        if self._child.exited:
            session.close()
            raise spawn_error(argv[0], command.cwd, ("container", errno.ESRCH, ""))
        self._open.add(session)
        return session

    def attach(self, *, stdin: bool) -> Attachment:
        """Look at its output from now on, and type if `stdin` (OSError)."""
        from agent.host.attachment import Attachment

        attachment = Attachment(
            self._streams, self._machine.reactor, stdin=stdin, end_input=self._end_input
        )
        self._attached.add(attachment)
        return attachment

    @property
    def has_input(self) -> bool:
        """Whether somebody may still write to its stdin."""
        return self._streams.input is not None

    def leave(self, session: ExecSession) -> None:
        """Close a session."""
        self._open.discard(session)
        session.close()

    def detach(self, attachment: Attachment) -> None:
        """Close an attachment."""
        self._attached.discard(attachment)
        attachment.close()

    def end_sessions(self) -> None:
        """The main process has ended, and with it the container: so do the commands in it."""
        for session in tuple(self._open):
            session.kill()

    def _end_input(self) -> None:
        """Nobody writes to its stdin any more; the next run has a new one."""
        for attachment in self._attached:
            if attachment.stdin is not None:
                attachment.stdin.close()
        self._streams.close()
        self._machine.spawner.release(self._name, "stdin")
