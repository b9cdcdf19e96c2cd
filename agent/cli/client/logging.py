"""logs: which containers' output, and how it is put on one terminal (kubectl: pkg/cmd/logs)."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Iterator
from typing import Any

import msgspec

from agent.cli.client.containers import choose, of_pod
from agent.cli.client.errors import ClientError, Refused
from agent.cli.client.options import selection
from agent.cli.client.session import Session
from agent.model.gotext import quote

#: As many lines of each container where a label selects pods.
_TAIL_OF_MANY = 10
_MOST_FOLLOWED = 5


class Logs(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    pod: str = ""
    container_argument: str = ""
    container: str = ""
    selector: str = ""
    all_containers: bool = False
    follow: bool = False
    previous: bool = False
    tail: int = -1
    since: float = 0.0
    since_time: str = ""
    timestamps: bool = False
    limit_bytes: int = 0
    prefix: bool = False


class _Source(msgspec.Struct, frozen=True):
    """One container."""

    pod: str
    container: str

    @property
    def prefix(self) -> bytes:
        return f"[pod/{self.pod}/{self.container}] ".encode()


class Logging:
    """One `barepod logs`."""

    def __init__(self, session: Session, logs: Logs) -> None:
        self._session = session
        self._logs = logs
        self._pods = session.kinds.core("pods")
        self._lock = threading.Lock()
        self._failures: list[ClientError] = []

    def run(self) -> None:
        """Print what is wanted; ClientError."""
        logs = self._logs
        if bool(logs.pod) is bool(logs.selector):
            raise ClientError(
                "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
                "POD or TYPE/NAME is a required argument for the logs command\n"
                "See 'barepod logs -h' for help and examples"
                if not logs.pod
                else "only a selector (-l) or a POD name is allowed"
            )
        if logs.since and logs.since_time:
            raise ClientError("at most one of `sinceTime` or `sinceSeconds` may be specified")
        if logs.all_containers and (logs.container or logs.container_argument):
            raise ClientError("--all-containers=true should not be specified with container name")
        sources = [source for pod in self._chosen() for source in self._sources(pod)]
        if not sources:
            place = self._session.namespace
            sys.stderr.write(f"No resources found in {place} namespace.\n")
        elif not logs.follow or len(sources) == 1:
            for source in sources:
                self._copy(source)
        else:
            self._follow(sources)

    def _chosen(self) -> Iterator[Any]:
        session, logs = self._session, self._logs
        if logs.selector:
            path = self._pods.path(session.namespace)
            yield from session.server.ask("GET", path, selection(logs.selector))["items"]
            return
        kind, slash, name = logs.pod.rpartition("/")
        if slash and session.kinds.named(kind) != self._pods:
            raise ClientError(f"cannot get the logs from {kind}: only pods have any")
        try:
            yield session.get(self._pods, name)
        except Refused as exc:
            if exc.reason != "NotFound":
                raise
            where = f"in namespace {quote(session.namespace)}"
            raise ClientError(f"error from server ({exc.reason}): {exc} {where}") from exc

    def _sources(self, pod: Any) -> list[_Source]:
        name = pod["metadata"]["name"]
        if self._logs.all_containers:
            return [_Source(name, container) for container in of_pod(pod, inits_first=True)]
        wanted = self._logs.container or self._logs.container_argument
        return [_Source(name, choose(pod, wanted))]

    def _query(self, source: _Source) -> list[tuple[str, str]]:
        logs = self._logs
        query = [("container", source.container)]
        for name, is_on in (
            ("follow", logs.follow),
            ("previous", logs.previous),
            ("timestamps", logs.timestamps),
        ):
            query += [(name, "true")] if is_on else []
        tail = _TAIL_OF_MANY if logs.selector and logs.tail < 0 else logs.tail
        if tail >= 0:
            query.append(("tailLines", str(tail)))
        if logs.since:
            query.append(("sinceSeconds", str(math.ceil(logs.since))))
        if logs.since_time:
            query.append(("sinceTime", logs.since_time))
        if logs.limit_bytes:
            query.append(("limitBytes", str(logs.limit_bytes)))
        return query

    def _copy(self, source: _Source) -> None:
        """One container's output to stdout, as it comes."""
        path = self._pods.path(self._session.namespace, source.pod, "log")
        out = sys.stdout.buffer
        with self._session.server.stream(path, self._query(source), accept="*/*") as pieces:
            for text in _lines(pieces) if self._is_marked else pieces:
                with self._lock:
                    out.write(source.prefix + text if self._logs.prefix else text)
                    out.flush()

    @property
    def _is_marked(self) -> bool:
        """Whether lines must stay whole: they get a prefix, or come beside others."""
        return self._logs.prefix or self._logs.all_containers or bool(self._logs.selector)

    def _follow(self, sources: list[_Source]) -> None:
        """Several containers at once, line by line, until all have ended."""
        if len(sources) > _MOST_FOLLOWED:
            raise ClientError(
                f"you are attempting to follow {len(sources)} log streams, but maximum allowed "
                f"concurrency is {_MOST_FOLLOWED}"
            )
        threads = [
            threading.Thread(target=self._copy_aside, args=(source,), daemon=True)
            for source in sources
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for failure in self._failures:
            self._session.complain(failure)

    def _copy_aside(self, source: _Source) -> None:
        try:
            self._copy(source)
        except ClientError as exc:
            self._failures.append(exc)
        except BrokenPipeError:
            self._failures.append(ClientError("nobody reads the output any more"))


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines; the last one may have no end."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest
