"""Options of kubectl that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from agent.cli.client import completion, output
from agent.cli.options import PATH

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Decorator = Callable[[_Function], _Function]


def arguments(metavar: str, name: str = "arguments") -> Callable[[_Function], _Function]:
    """`TYPE [NAME ...]` or `TYPE/NAME ...`."""
    return click.argument(name, nargs=-1, metavar=metavar, shell_complete=completion.targets)


def all_namespaces(function: _Function) -> _Function:
    """`-A`."""
    text = "Objects of all namespaces."
    return click.option("-A", "--all-namespaces", is_flag=True, help=text)(function)


def selector(function: _Function) -> _Function:
    """`-l`."""
    text = "Label selector, such as app=web,tier!=back."
    return click.option("-l", "--selector", metavar="QUERY", help=text, default="")(function)


def field_selector(function: _Function) -> _Function:
    """`--field-selector`."""
    text = "Field selector, such as status.phase=Running."
    return click.option("--field-selector", metavar="QUERY", help=text, default="")(function)


def files(function: _Function) -> _Function:
    """`-f`."""
    text = "YAML, JSON or TOML file, directory of such files, or '-' for standard input."
    option = click.option(
        "-f", "--filename", "files", multiple=True, type=PATH, metavar="FILE", help=text
    )
    return option(function)


def objects(function: _Function) -> _Function:
    """By name, by file, by label or field, in which namespaces, or all of a kind."""
    every = click.option(
        "--all", "is_all", is_flag=True, help="All objects of the kind in the namespace."
    )
    by_name = arguments("[TYPE [NAME]... | TYPE/NAME...]")
    return by_name(files(all_namespaces(selector(field_selector(every(function))))))


def container(function: _Function) -> _Function:
    """`-c`."""
    option = click.option(
        "-c",
        "--container",
        metavar="NAME",
        default="",
        shell_complete=completion.containers,
        help="Container. Default: the pod's default container, else its first.",
    )
    return option(function)


def output_option(help_text: str) -> Callable[[_Function], _Function]:
    """`-o`."""
    return click.option(
        "-o",
        "--output",
        default="",
        metavar="FORMAT",
        shell_complete=lambda _ctx, _param, incomplete: [
            name for name in output.NAMES if name.startswith(incomplete)
        ],
        help=help_text,
    )


def dry_run(function: _Function) -> _Function:
    """`--dry-run`."""
    option = click.option(
        "--dry-run",
        type=click.Choice(["none", "client", "server"]),
        default="none",
        help="client: show what would be sent. server: have it checked without keeping it.",
    )
    return option(function)


def selection(selector_text: str, field_text: str = "") -> list[tuple[str, str]]:
    """The query of a list that is selected by these."""
    pairs = (("labelSelector", selector_text), ("fieldSelector", field_text))
    return [pair for pair in pairs if pair[1]]
