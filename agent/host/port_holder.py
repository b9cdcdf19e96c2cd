"""Who holds a TCP port of this machine?"""

from __future__ import annotations

import os
import socket
import sys

_LISTEN = "0A"
_ANY = frozenset({"0" * 8, "0" * 32})


def port_holder(address: str, port: int) -> str:
    """Who listens there: "nginx (pid 17)"; as much of it as can be told, perhaps "".

    `address` is an IP address. Only root sees whose sockets those of other users are.
    """
    wanted = _hexadecimal(address)
    for listener, inode, uid in _listeners(port):
        if listener == wanted or listener in _ANY or wanted in _ANY:
            pid = _owner(inode)
            return f"a process of user {uid}" if pid is None else f"{_name(pid)} (pid {pid})"
    return ""


def _listeners(port: int) -> list[tuple[str, str, str]]:
    """Address, inode and user of everything that listens on a port (proc_net(5))."""
    found: list[tuple[str, str, str]] = []
    for table in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{table}") as lines:
                next(lines, None)
                rows = [line.split() for line in lines]
        except OSError:
            continue
        for fields in rows:
            address, _, number = fields[1].partition(":")
            if fields[3] == _LISTEN and int(number, 16) == port:
                found.append((address, fields[9], fields[7]))
    return found


def _hexadecimal(address: str) -> str:
    """As the kernel prints it: words of four bytes, each in the machine's own order."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        packed = socket.inet_pton(family, address)
    except OSError:
        return ""
    words = (packed[start : start + 4] for start in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


def _owner(inode: str) -> int | None:
    link = f"socket:[{inode}]"
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                if any(_points_to(entry.path, link) for entry in entries):
                    return pid
        except OSError:
            continue
    return None


def _points_to(path: str, link: str) -> bool:
    try:
        return os.readlink(path) == link
    except OSError:
        return False


def _name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().rstrip("\n")
    except OSError:
        return "a process"
