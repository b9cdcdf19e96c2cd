"""`barepod run`: the pods of manifest files in the foreground, until they end."""

from __future__ import annotations

import sys

import click

from agent.cli.options import config_option, files_argument


@click.command("run")
@click.pass_context
@files_argument
@config_option
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "quiet"]),
    default="text",
    show_default=True,
    help="text: events, status and prefixed output. json: one Kubernetes watch event a line, "
    "container output on stderr. quiet: container output only.",
)
@click.option(
    "--api", "serves", is_flag=True, help="Serve the API for kubectl meanwhile, on api.listen."
)
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    config_file: str | None,
    output: str,
    serves: bool,
) -> None:
    """Run every Pod in FILE... as processes of this machine; '-' is standard input.

    Ends when all pods have ended. Ctrl-C stops them gracefully, a second Ctrl-C kills them at
    once; SIGTERM and SIGHUP do the same.

    \b
    Exit codes:
      0    all pods succeeded, or were stopped on request
      N    a pod failed: the exit code of its container that failed first
      1    barepod could not go on: no process can be started, stdout is on a full disk
      2    bad usage, configuration or manifest; nothing was started
      130  killed by a second Ctrl-C
    """
    from agent.cli.start import start

    code = start(
        files,
        config_file=config_file,
        output=output,
        launched=ctx.find_root().obj,
        serves=serves,
    )
    sys.exit(code)
