"""Which ports does this machine give to clients that ask for none?

Only through one of these can a socket be connected to itself. The range is a setting that may
change; whoever relies on it renews it when a connect has failed. A port that has come into it
meanwhile and is given to the client that asks for it is closed, and of some 28,000 connects to a
closed port all but one fail.
"""

from __future__ import annotations

_FILE = "/proc/sys/net/ipv4/ip_local_port_range"  # of our network namespace, for IPv6 as well
_ALL = (0, 65535)


class EphemeralPorts:
    """The `first` and the `last` one, as far as is known: without an answer any port may be one."""

    __slots__ = ("_file", "first", "last")

    def __init__(self, file: str = _FILE) -> None:
        self._file = file
        self.first, self.last = _ALL
        self.renew()

    def renew(self) -> None:
        """Look again."""
        try:
            with open(self._file, encoding="ascii") as file:
                self.first, self.last = map(int, file.read().split())
        except (OSError, ValueError):
            self.first, self.last = _ALL
