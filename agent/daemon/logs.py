"""How does the agent log? Key and value on a terminal, fields in the journal, JSON elsewhere.

What a container prints is not here but in its own log files.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Protocol, TextIO

from agent import boot

with boot.without("rich", "better_exceptions"):  # for tracebacks that are never shown; 5 MB
    import structlog

from agent.host.journal import Journal
from agent.host.systemd import is_journal

_PRIORITIES = {"debug": "7", "info": "6", "warning": "4", "error": "3", "critical": "2"}
_STDERR = 2
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9_]")

EventDict = MutableMapping[str, Any]
Processor = Callable[[Any, str, EventDict], Any]


class Log(Protocol):
    """A logger with levels; fields are keyword arguments."""

    def debug(self, event: str, **fields: Any) -> Any: ...
    def info(self, event: str, **fields: Any) -> Any: ...
    def warning(self, event: str, **fields: Any) -> Any: ...
    def error(self, event: str, **fields: Any) -> Any: ...


def open_log(level: str, stream: TextIO, environ: Mapping[str, str]) -> Log:
    """Log to `stream`, which is stderr, or to the journal if that is where it leads."""
    render: list[Processor]
    factory: Callable[..., Any]
    if is_journal(_STDERR, environ) and (journal := _journal()) is not None:
        render, factory = [for_journal], lambda *_: _JournalLogger(journal)
    elif stream.isatty():
        colors = "NO_COLOR" not in environ and environ.get("TERM") != "dumb"
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        render = [stamp, structlog.dev.ConsoleRenderer(colors=colors)]
        factory = structlog.PrintLoggerFactory(stream)
    else:
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        render = [stamp, structlog.processors.JSONRenderer()]
        factory = structlog.PrintLoggerFactory(stream)
    structlog.configure(
        processors=[structlog.processors.add_log_level, *render],
        logger_factory=factory,
        cache_logger_on_first_use=False,
    )
    set_level(level)
    log: Log = structlog.get_logger()
    return log


def set_level(level: str) -> None:
    """Say nothing below this level from now on."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        **{
            **structlog.get_config(),
            "wrapper_class": structlog.make_filtering_bound_logger(number),
        }
    )


class _JournalLogger:
    """Where structlog's last step goes."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def send(self, fields: Mapping[str, str]) -> None:
        self._journal.send(fields)

    debug = info = warning = error = critical = send


def _journal() -> Journal | None:
    try:
        return Journal()
    except OSError:
        return None


def for_journal(_: Any, __: str, event: EventDict) -> tuple[tuple[dict[str, str]], dict[str, str]]:
    """The entry: the text people read, and each field under a name of ours."""
    level = str(event.pop("level", "info"))
    text = str(event.pop("event", ""))
    pairs = " ".join(f"{key}={value}" for key, value in event.items())
    fields = {
        "MESSAGE": f"{text} {pairs}" if pairs else text,
        "PRIORITY": _PRIORITIES.get(level, "6"),
        "SYSLOG_IDENTIFIER": "barepod",
        "SYSLOG_PID": str(os.getpid()),
    }
    for key, value in event.items():
        fields["BAREPOD_" + _NOT_IN_NAMES.sub("_", key.upper())] = str(value)
    return (fields,), {}
