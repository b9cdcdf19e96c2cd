"""Arguments and options that several commands share, with their shell completion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: A path that is completed by the shell; whether it can be read is told by who reads it.
PATH = click.Path(allow_dash=True)


def files_argument(function: _Function) -> _Function:
    """`FILE...`: manifests; `-` is standard input."""
    decorate = click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
    return decorate(function)


def config_option(function: _Function) -> _Function:
    """`--config FILE`."""
    decorate = click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=PATH,
        help="Configuration (barepod.toml). Default: $BAREPOD_CONFIG, else "
        "/etc/barepod/barepod.toml, for an ordinary user ~/.config/barepod/barepod.toml.",
    )
    return decorate(function)
