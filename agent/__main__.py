"""Entry point of `barepod` and `python -m agent`."""

from __future__ import annotations

import os
import sys

# The module behind `signal`, which costs a start the import of `enum`.
from _signal import (  # type: ignore[import-not-found]
    SIG_DFL,
    SIGINT,
    default_int_handler,
    getsignal,
    signal,
)


def main() -> None:
    """Run the command line and exit with its code."""
    _end_when_interrupted()
    _occupy_standard_descriptors()
    if sys.argv[1:2] == ["run"]:
        sys.exit(_run(sys.argv[2:]))
    from agent import boot

    boot.hurry()
    if sys.argv[1:2] != ["agent"]:  # which lives long, and may be upgraded meanwhile
        boot.put_off()
    from agent.cli.main import cli

    sys.exit(cli(prog_name="barepod"))


def _run(arguments: list[str]) -> int:
    """`barepod run`, in the order in which its first container starts soonest.

    The helper process starts beside us before anything is imported. The usual form, nothing but
    files, needs no parser: click costs a tenth of the whole start.
    """
    from agent.host.launch import launch_if_possible

    launched = launch_if_possible()
    from agent import boot

    boot.hurry()
    boot.put_off()
    if arguments and not any(argument.startswith("-") for argument in arguments):
        from agent.cli.start import start

        return start(tuple(arguments), launched=launched)
    from agent.cli.main import cli

    code: int = cli(obj=launched)
    return code


def _end_when_interrupted() -> None:
    """Ctrl-C ends us by the signal, without a traceback, until a command has taken it over.

    A caller that has it ignored (`nohup`, a background job of a script) keeps that.
    """
    if getsignal(SIGINT) is default_int_handler:
        signal(SIGINT, SIG_DFL)


def _occupy_standard_descriptors() -> None:
    """A caller may have closed 0, 1 or 2: no file of ours may get such a number, and our output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


if __name__ == "__main__":
    main()
