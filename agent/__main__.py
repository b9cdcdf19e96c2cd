"""Entry point of `barepod` and `python -m agent`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    _occupy_standard_descriptors()
    from agent.cli.main import cli

    sys.exit(cli(prog_name="barepod"))


def _occupy_standard_descriptors() -> None:
    """A caller may have closed 0, 1 or 2: no file of ours may get such a number, and our output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


if __name__ == "__main__":
    main()
