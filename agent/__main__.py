"""Entry point of `barepod` and `python -m agent`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from agent.cli.main import cli

    sys.exit(cli())


if __name__ == "__main__":
    main()
