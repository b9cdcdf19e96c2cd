"""The socket of the API in the file system: who may open it needs no token."""

from __future__ import annotations

import asyncio
import errno
import grp
import os
import pwd
import shutil
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.api.access.credentials import ADMIN_GROUP
from agent.api.listener import Service
from agent.api.machinery.call import User
from agent.host import files

#: Who is in this group may use the socket.
GROUP = "barepod"
NAME = "api.sock"
_MODE = 0o660
_CREDENTIALS = struct.Struct("3i")


class LocalListener:
    """`api.sock` in a directory; `problem` hears why there is none."""

    def __init__(self, folder: str, service: Service, problem: Callable[[str], None]) -> None:
        self._folder = folder
        self._service = service
        self._problem = problem
        self._server: asyncio.Server | None = None
        self.path = f"{folder}/{NAME}"

    async def open(self) -> None:
        """Listen, if the file system lets us: without it the rest of the agent works on."""
        try:
            self._server = await self._listen()
        except OSError as exc:
            reason = (exc.strerror or str(exc)).lower()
            self._problem(f"api: cannot listen on {self.path}: {reason}")

    async def close(self) -> None:
        """Listen no more, and leave no socket behind."""
        if self._server is not None:
            self._server.close()
            files.remove(self.path)
        await self._service.close()
        if self._server is not None:
            await self._server.wait_closed()

    async def _listen(self) -> asyncio.Server:
        opened = _bound(self._folder, self.path)
        try:
            loop = asyncio.get_running_loop()
            return await loop.create_unix_server(self._service, sock=opened)
        except BaseException:
            opened.close()
            raise


def local_user(transport: Any) -> User | None:
    """Who is at the other end of the socket; whoever could open it may do everything."""
    found = transport.get_extra_info("socket")
    if found is None or found.family != socket.AF_UNIX:
        return None
    size = _CREDENTIALS.size
    _, uid, _ = _CREDENTIALS.unpack(found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return User(_name_of(uid), (ADMIN_GROUP,))


def _bound(folder: str, path: str) -> socket.socket:
    """The socket, open to nobody before it is open to those who may (OSError).

    It is made in a place of its own and moved: a umask would be that of all threads.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    if Path(path).is_socket():
        _refuse_living(path)  # else it is of an agent that was killed
    private = Path(f"{folder}/.{os.getpid()}")
    private.mkdir(mode=0o700)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        made = private / "s"
        opened.bind(str(made))
        made.chmod(_MODE)
        group = _group_id()
        if group is not None:
            with suppress(PermissionError):  # not a member: then it is for ourselves
                os.chown(made, -1, group)
        made.rename(path)
    except BaseException:
        opened.close()
        raise
    finally:
        shutil.rmtree(private, ignore_errors=True)
    return opened


def _refuse_living(path: str) -> None:
    """Somebody who listens keeps his socket (OSError)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
        tried.setblocking(False)
        if tried.connect_ex(path) in (0, errno.EAGAIN):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), path)


def _group_id() -> int | None:
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid:{uid}"
