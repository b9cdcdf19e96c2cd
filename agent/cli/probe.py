"""`barepod probe`: each probe of a manifest once, now, against this host."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import msgspec

from agent.cli.interrupts import raise_interrupts
from agent.cli.options import PATH, config_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from click.shell_completion import CompletionItem

    from agent.config import Config
    from agent.manifest.load import Manifest
    from agent.model.container import Container
    from agent.model.handler import Probe
    from agent.model.pod import Pod
    from agent.model.runtime import ProbeKind
    from agent.pod.probe_once import Answer

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
_MESSAGE_LENGTH = 100
_HEADER = ("CONTAINER", "KIND", "RESULT", "TIME", "PROBE", "MESSAGE")


def _complete_container(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The names of the containers that have probes in the file that stands there already."""
    from click.shell_completion import CompletionItem

    from agent.manifest.load import load

    # While the option has no value yet, click leaves what stands before it in `args`.
    words = (ctx.params.get("file"), *ctx.args)
    file = next((word for word in words if word and not word.startswith("-")), None)
    if file is None:
        return []
    names = [container.name for _, container, _, _ in _questions(load((file,)), None)]
    return [CompletionItem(name) for name in dict.fromkeys(names) if name.startswith(incomplete)]


@click.command("probe")
@click.argument("file", metavar="FILE", type=PATH)
@click.option(
    "-c",
    "--container",
    metavar="NAME",
    shell_complete=_complete_container,
    help="Only the probes of the containers with this name.",
)
@config_option
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text: a table. json: a list, with messages in full.",
)
def command(file: str, container: str | None, config_file: str | None, output: str) -> None:
    """Run each probe of the Pods in FILE once, now, and show the results; '-' is standard input.

    Containers are not started: network probes ask whoever listens on this machine, exec probes
    run with the environment, user and working directory of their container. The timeout counts;
    delays, periods and thresholds do not.

    \b
    Exit codes:
      0    every probe succeeded
      1    at least one did not
      2    bad usage, configuration or manifest
      130  interrupted
    """
    from agent.cli.manifests import read_config, read_manifest

    config = read_config(config_file)
    manifest = read_manifest((file,))
    asked = _questions(manifest, container)
    if container is not None:
        _check_name(manifest, container)
    if not asked:
        click.echo(f"{file}: no container has a probe", err=True)
    from agent.host import event_loop

    raise_interrupts()
    try:
        answers = event_loop.run(_ask(config, manifest, asked))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    rows = [_row(*question, answer) for question, answer in zip(asked, answers, strict=True)]
    if output == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
    elif rows:
        click.echo(_table(rows))
    sys.exit(0 if all(answer.passed for answer in answers) else EXIT_FAILED)


Question = tuple["Pod", "Container", "ProbeKind", "Probe"]


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """One result; `result` is success, warning, failure, or error if it could not be asked."""

    pod: str
    namespace: str
    container: str
    kind: str
    probe: str
    result: str
    milliseconds: float
    message: str
    exit_code: int | None = None


def _questions(manifest: Manifest, name: str | None) -> list[Question]:
    """The probes of all containers, or of those with one name, in the order of the manifest."""
    from agent.pod.prober import probes_of

    return [
        (loaded.pod, container, kind, probe)
        for loaded in manifest.pods
        for container in (*loaded.pod.spec.init_containers, *loaded.pod.spec.containers)
        if name in (None, container.name)
        for kind, probe in probes_of(container)
    ]


def _check_name(manifest: Manifest, name: str) -> None:
    from agent.cli.manifests import refuse

    names = [
        container.name
        for loaded in manifest.pods
        for container in (*loaded.pod.spec.init_containers, *loaded.pod.spec.containers)
    ]
    if name not in names:
        known = ", ".join(dict.fromkeys(names))
        refuse((f"there is no container {name!r}; there are: {known}",))


async def _ask(config: Config, manifest: Manifest, questions: Iterable[Question]) -> list[Answer]:
    """All at once, as in a kubelet; the answers in the order of the questions."""
    import asyncio
    import os

    from agent.daemon.node import open_machine, settings_of
    from agent.pod.blueprint import Sources
    from agent.pod.probe_once import ProbeOnce
    from agent.pod.runtime import HostRuntime

    def problem(text: str) -> None:
        click.echo(f"barepod: {text}", err=True)

    sources = Sources(
        config_maps=lambda namespace: {
            one.metadata.name: one
            for one in manifest.config_maps
            if one.metadata.namespace == namespace
        },
        secrets=lambda namespace: {
            one.metadata.name: one
            for one in manifest.secrets
            if one.metadata.namespace == namespace
        },
        follower=lambda _pod, _container: None,
        warn=lambda _pod, _container, text: problem(text),
    )
    async with open_machine(None, problem) as machine:
        runtime = HostRuntime(settings_of(config, os.environ), machine, sources)
        once = ProbeOnce(machine, runtime, config.node.address)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(once.ask(pod, container, probe))
                for pod, container, _, probe in questions
            ]
        return [task.result() for task in tasks]


def _row(pod: Pod, container: Container, kind: ProbeKind, probe: Probe, answer: Answer) -> Row:
    from agent.api.describe.probe import describe_probe

    return Row(
        pod=pod.metadata.name,
        namespace=pod.metadata.namespace,
        container=container.name,
        kind=kind.lower(),
        probe=describe_probe(probe),
        result=answer.result.outcome.value,
        milliseconds=round(answer.seconds * 1000, 1),
        message=answer.result.output,
        exit_code=answer.result.exit_code,
    )


def _table(rows: list[Row]) -> str:
    """Aligned columns; a message is cut to its beginning, on one line."""
    cells = [_HEADER] + [
        (
            f"{row.pod}/{row.container}",
            row.kind,
            row.result,
            f"{row.milliseconds:.1f}ms",
            _one_line(row.probe),
            _short(_one_line(row.message)) or _exit_code(row),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADER))]
    lines = [
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join(lines)


def _exit_code(row: Row) -> str:
    return f"exit code {row.exit_code}" if row.exit_code else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _short(text: str) -> str:
    return text if len(text) <= _MESSAGE_LENGTH else text[: _MESSAGE_LENGTH - 3] + "..."
