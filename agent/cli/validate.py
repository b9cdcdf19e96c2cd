"""`barepod validate`: what is wrong with manifests, and what of them has no effect here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from agent.cli.options import config_option, files_argument

if TYPE_CHECKING:
    from agent.config import Config
    from agent.manifest.load import LoadedPod, Manifest

EXIT_REFUSED = 2


@click.command("validate")
@files_argument
@config_option
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text: problems on stderr, the rest on stdout. json: all in one object on stdout.",
)
def command(files: tuple[str, ...], config_file: str | None, output: str) -> None:
    """Check everything in FILE... without running anything; '-' is standard input.

    All problems are told at once, one a line: FILE:LINE: PATH: PROBLEM. For the pods of good
    files: which fields have no effect on a bare host, what the API server would warn about, and
    which images mean nothing here.

    \b
    Exit codes:
      0  all files are good
      2  bad usage or configuration, or at least one file is refused
    """
    from agent.cli.manifests import read_config
    from agent.manifest.load import load

    config = read_config(config_file)
    manifest = load(files)
    if output == "json":
        _print_json(manifest, config)
    else:
        _print_text(files, manifest, config)
    sys.exit(EXIT_REFUSED if manifest.problems else 0)


class Remark(msgspec.Struct, frozen=True):
    """Something a user should know of a field of a good pod.

    `kind` is `ignored` (has no effect here), `warning` (of the API server) or `image` (the
    container would wait for an image that means nothing here).
    """

    kind: str
    line: int
    path: str
    text: str


def _print_text(files: Sequence[str], manifest: Manifest, config: Config) -> None:
    for problem in manifest.problems:
        click.echo(str(problem), err=True)
    for note in manifest.notes:
        click.echo(note)
    bad = {problem.file for problem in manifest.problems}
    for loaded in manifest.pods:
        if loaded.file not in bad:
            _print_pod(loaded, config)
    with_pods = {loaded.file for loaded in manifest.pods}
    for file in dict.fromkeys("<stdin>" if file == "-" else file for file in files):
        if file not in bad | with_pods:
            click.echo(f"{file}: good, but there is no Pod in it")


def _print_pod(loaded: LoadedPod, config: Config) -> None:
    meta, spec = loaded.pod.metadata, loaded.pod.spec
    parts = _count(len(spec.containers), "container")
    if spec.init_containers:
        parts = f"{_count(len(spec.init_containers), 'init container')}, {parts}"
    where = f"{loaded.file}:{loaded.line_of('')}"
    click.echo(f"{where}: Pod {meta.namespace}/{meta.name}: good ({parts})")
    for remark in remarks(loaded, config):
        click.echo(f"{loaded.file}:{remark.line}: {remark.path}: {_sentence(remark)}")


def _sentence(remark: Remark) -> str:
    text = remark.text.replace("\n", "\n    ")
    return text if remark.kind == "image" else f"{remark.kind}: {text}"


def _print_json(manifest: Manifest, config: Config) -> None:
    report = {
        "valid": not manifest.problems,
        "problems": [
            {"file": problem.file, "line": problem.line, "path": problem.path, "text": problem.text}
            for problem in manifest.problems
        ],
        "notes": manifest.notes,
        "pods": [
            {
                "file": loaded.file,
                "line": loaded.line_of(""),
                "namespace": loaded.pod.metadata.namespace,
                "name": loaded.pod.metadata.name,
                "remarks": remarks(loaded, config),
            }
            for loaded in manifest.pods
        ],
    }
    click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))


def remarks(loaded: LoadedPod, config: Config) -> list[Remark]:
    """All remarks on a good pod, in the order of lines."""
    found = [
        *_ignored(loaded),
        *_warnings(loaded),
        *_missing_images(loaded, config),
    ]
    return sorted(found, key=lambda remark: remark.line)


def _ignored(loaded: LoadedPod) -> Iterator[Remark]:
    for field in loaded.ignored:
        yield Remark("ignored", loaded.line_of(field.path), field.path, field.why)


def _warnings(loaded: LoadedPod) -> Iterator[Remark]:
    """What the API server would warn about; its texts begin with the path, or with words."""
    from agent.manifest.validate import pod_warnings

    for warning in pod_warnings(loaded.pod):
        path, _, text = warning.partition(": ")
        if not text or " " in path or not path.startswith(("metadata.", "spec.")):
            path, text = "spec", warning
        yield Remark("warning", loaded.line_of(path), path, text)


def _missing_images(loaded: LoadedPod, config: Config) -> Iterator[Remark]:
    from agent.rules import images

    spec = loaded.pod.spec
    for field, containers in (
        ("initContainers", spec.init_containers),
        ("containers", spec.containers),
    ):
        for index, container in enumerate(containers):
            if not container.command and images.find(config.images, container.image) is None:
                path = f"spec.{field}[{index}].image"
                text = images.unknown_image(container.image)
                yield Remark("image", loaded.line_of(path), path, text)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
