"""One command and its agent: found through the configuration, asked, and its failures shown."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from agent.cli.client.connection import Server
from agent.cli.client.errors import ClientError, PlainError
from agent.cli.client.kinds import Kind, Kinds
from agent.cli.interrupts import raise_interrupts
from agent.cli.options import config_option

EXIT_FAILED = 1
EXIT_REFUSED = 2
EXIT_INTERRUPTED = 130
SOCKET = "api.sock"
DEFAULT_NAMESPACE = "default"


class Session:
    """The agent whose configuration it is, and the namespace that is meant ("" for all)."""

    def __init__(self, server: Server, namespace: str | None) -> None:
        """`namespace` is None when the user names none."""
        self.server = server
        self.is_namespace_given = namespace is not None
        self.namespace = DEFAULT_NAMESPACE if namespace is None else namespace
        self.has_failed = False

    @functools.cached_property
    def kinds(self) -> Kinds:
        """What the agent has."""
        return Kinds.of(self.server)

    def place(self, kind: Kind) -> str:
        """The namespace in a path of this kind."""
        return self.namespace if kind.is_namespaced else ""

    def get(self, kind: Kind, name: str) -> Any:
        """One object; ClientError."""
        return self.server.ask("GET", kind.path(self.place(kind), name))

    def tell(self, text: str) -> None:
        """A line on stdout."""
        sys.stdout.write(f"{text}\n")

    def complain(self, error: ClientError) -> None:
        """Show a failure and go on; the command fails in the end."""
        self.warn()
        sys.stdout.flush()
        sys.stderr.write(f"{error.shown}\n")
        self.has_failed = True

    def complain_all(self, errors: Sequence[ClientError]) -> None:
        """The same for several; kubectl puts no word before each of many."""
        for error in errors:
            is_plain = len(errors) > 1 and type(error) is ClientError
            self.complain(PlainError(str(error)) if is_plain else error)

    def warn(self) -> None:
        """Show what the server wants its user to know."""
        for text in self.server.warnings[:]:
            sys.stderr.write(f"Warning: {text}\n")
        self.server.warnings.clear()


def open_session(config_file: str | None, namespace: str | None, command: str) -> Session:
    """The agent of this configuration; nothing is asked yet. ClientError."""
    from agent import config as configuration

    try:
        config = configuration.load(config_file, os.environ, os.geteuid())
    except configuration.ConfigError as exc:
        raise PlainError(str(exc)) from exc
    return Session(Server(f"{config.node.run_dir}/{SOCKET}", command), namespace)


def client_command(function: Callable[..., None]) -> Callable[..., None]:
    """Make `function(session, ...)` a command with `--config` and `-n`; failures exit with 1."""

    @config_option
    @click.option(
        "-n",
        "--namespace",
        metavar="NAME",
        shell_complete=_complete_namespaces,
        help="Namespace of the objects. Default: default.",
    )
    @functools.wraps(function)
    def command(config_file: str | None, namespace: str | None, **options: Any) -> None:
        with failures_shown():
            name = click.get_current_context().info_name or ""
            try:
                session = open_session(config_file, namespace, name)
            except ClientError as exc:
                sys.stderr.write(f"{exc.shown}\n")
                sys.exit(EXIT_REFUSED)
            try:
                function(session, **options)
            except ClientError as exc:
                session.complain(exc)
            session.warn()
            sys.stdout.flush()
            if session.has_failed:
                sys.exit(EXIT_FAILED)

    return command


@contextmanager
def failures_shown() -> Iterator[None]:
    """Nobody sees a traceback: not on Ctrl-C, and not when `| head` has gone."""
    raise_interrupts()
    try:
        yield
    except KeyboardInterrupt:
        _leave(EXIT_INTERRUPTED)
    except BrokenPipeError:
        _leave(EXIT_FAILED)


def _leave(code: int) -> NoReturn:
    """End without a last attempt to write what nobody reads."""
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


class TimedOut(Exception):
    """The time that was given is over."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """TimedOut inside of the block after so many seconds; 0 and less never."""

    def ring(*_: object) -> None:
        raise TimedOut

    if seconds <= 0:
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _complete_namespaces(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> Sequence[str]:
    from agent.cli.client.completion import namespaces

    return namespaces(ctx, incomplete)
