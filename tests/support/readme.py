"""README as data: its code blocks, and the part that is generated from `--help`.

python -m tests.support.readme    writes the generated part anew
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import click

from agent.cli.main import cli
from tests.support.barepod import ROOT

README = ROOT / "README.md"
_BEGIN, _END = "<!-- commands -->\n", "<!-- end of commands -->\n"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WIDTH = 96


class Block(NamedTuple):
    """A fenced block; `line` is where its text begins."""

    language: str
    line: int
    text: str


def blocks(readme: str) -> Iterator[Block]:
    """All fenced blocks, in order."""
    for match in _FENCE.finditer(readme):
        yield Block(match[1], readme.count("\n", 0, match.start(2)) + 1, match[2])


def reference() -> str:
    """The help of each command, as README shows it."""
    context = click.Context(cli, info_name="barepod")
    parts = []
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None, name
        inner = click.Context(
            command,
            info_name=name,
            parent=context,
            terminal_width=_WIDTH,
            help_option_names=["-h", "--help"],
        )
        parts.append(f"### barepod {name}\n\n```text\n{command.get_help(inner)}\n```\n\n")
    return "".join(parts)


def with_reference(readme: str) -> str:
    """README with the generated part as it must be."""
    before, begin, rest = readme.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"README has no {_BEGIN.strip()} ... {_END.strip()}")
    return f"{before}{begin}\n{reference()}{end}{after}"


if __name__ == "__main__":
    README.write_text(with_reference(README.read_text()))
