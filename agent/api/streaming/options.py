"""What does a client ask for? The query of a request, parsed as the API server parses it.

Kubernetes: PodLogOptions, PodExecOptions and PodAttachOptions (k8s.io/api core/v1) and
ValidatePodLogOptions (pkg/apis/core/validation); booleans as Go's ParseBool reads them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from agent.api.streaming.refusal import Refusal, bad_request
from agent.manifest import go_time
from agent.model.gotext import quote

_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_STREAMS: Final = {"All": None, "Stdout": "stdout", "Stderr": "stderr"}


class Query(Protocol):
    """The parameters of a request; some come more than once."""

    def get(self, name: str, /) -> str | None: ...
    def getall(self, name: str, default: list[str], /) -> list[str]: ...


class LogOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a log; `stream` is None for both."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since_seconds: int | None = None
    since_time: datetime | None = None
    stream: str | None = None

    def since(self, now: datetime) -> datetime | None:
        """The moment before which nothing is wanted."""
        if self.since_seconds is not None:
            return now - timedelta(seconds=self.since_seconds)
        return self.since_time


class StreamOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of exec and attach; a terminal has no stderr of its own."""

    container: str = ""
    command: tuple[str, ...] = ()
    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    tty: bool = False


def log_options(query: Query, pod: str) -> LogOptions:
    """Parse the options of a log; raises Refusal."""
    stream = query.get("stream") or "All"
    options = LogOptions(
        container=query.get("container") or "",
        follow=_flag(query, "follow"),
        previous=_flag(query, "previous"),
        timestamps=_flag(query, "timestamps"),
        tail_lines=_number(query, "tailLines"),
        limit_bytes=_number(query, "limitBytes"),
        since_seconds=_number(query, "sinceSeconds"),
        since_time=_time(query, "sinceTime"),
        stream=_STREAMS.get(stream),
    )
    problems = list(_problems(options, stream))
    if problems:
        text = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        raise Refusal(422, "Invalid", f"PodLogOptions {quote(pod)} is invalid: {text}")
    return options


def stream_options(query: Query) -> StreamOptions:
    """Parse the options of exec or attach; raises Refusal."""
    tty = _flag(query, "tty")
    options = StreamOptions(
        container=query.get("container") or "",
        command=tuple(query.getall("command", [])),
        stdin=_flag(query, "stdin"),
        stdout=_flag(query, "stdout"),
        stderr=_flag(query, "stderr") and not tty,
        tty=tty,
    )
    if not (options.stdin or options.stdout or options.stderr):
        raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
    return options


def ports(texts: list[str]) -> tuple[int, ...]:
    """The ports of `?ports=80&ports=81,82`; raises Refusal."""
    return tuple(port(text) for one in texts for text in one.split(","))


def port(text: str) -> int:
    """A port that may be forwarded to; raises Refusal."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
        raise bad_request(f"{quote(text)} is not a port: it must be a number from 1 to 65535")
    return int(text)


def _problems(options: LogOptions, stream: str) -> list[str]:
    problems: list[str] = []
    if options.tail_lines is not None and options.tail_lines < 0:
        problems.append(_invalid("tailLines", options.tail_lines, "greater than or equal to 0"))
    if options.limit_bytes is not None and options.limit_bytes < 1:
        problems.append(_invalid("limitBytes", options.limit_bytes, "greater than 0"))
    if options.since_seconds is not None and options.since_time is not None:
        text = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        problems.append(f"Forbidden: {text}")
    elif options.since_seconds is not None and options.since_seconds < 1:
        problems.append(_invalid("sinceSeconds", options.since_seconds, "greater than 0"))
    if stream not in _STREAMS:
        known = ", ".join(quote(name) for name in _STREAMS)
        problems.append(f"stream: Unsupported value: {quote(stream)}: supported values: {known}")
    return problems


def _invalid(field: str, value: int, must: str) -> str:
    return f"{field}: Invalid value: {value}: must be {must}"


def _flag(query: Query, name: str) -> bool:
    text = query.get(name)
    if text is None or text == "" or text in _FALSE:
        return False
    if text in _TRUE:
        return True
    raise bad_request(f"{name}: strconv.ParseBool: parsing {quote(text)}: invalid syntax")


def _number(query: Query, name: str) -> int | None:
    text = query.get(name)
    if not text:
        return None
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise bad_request(f"{name}: strconv.ParseInt: parsing {quote(text)}: invalid syntax")
    if len(digits) > 18:
        raise bad_request(f"{name}: strconv.ParseInt: parsing {quote(text)}: value out of range")
    return int(text)


def _time(query: Query, name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return go_time.parse(text)
    except go_time.TimeError as exc:
        raise bad_request(f"{name}: {exc}") from exc
