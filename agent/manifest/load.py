"""Which pods, ConfigMaps and Secrets do these files hold, and what is wrong with them?

The way of a manifest: files -> documents with lines -> objects -> defaults -> validation. Nothing
raises: every problem of every file is told at once, so that the user mends them in one go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from agent.manifest import kinds, secret_data
from agent.manifest.decode import decode
from agent.manifest.defaults import default_pod
from agent.manifest.document import Document, show_path
from agent.manifest.errors import ErrorType, FieldError, Problem
from agent.manifest.files import STDIN, documents_in, read_documents
from agent.manifest.findings import FindingKind
from agent.manifest.gates import HONOURED
from agent.manifest.origin import Origin
from agent.manifest.unsupported import Ignored, unsupported
from agent.manifest.validate import validate_config_map, validate_pod, validate_secret
from agent.model.base import Object
from agent.model.config_data import ConfigMap, Secret
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodTemplateSpec

_NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_DEFAULT_NAMESPACE = "default"
#: Nobody reads more problems of one file than this; the rest is counted.
_MAX_TOLD = 200


class LoadedPod(msgspec.Struct, frozen=True):
    """A pod that can run: complete and valid; `given` is as the user wrote it."""

    pod: Pod
    given: Pod
    origin: Origin
    ignored: tuple[Ignored, ...] = ()

    @property
    def file(self) -> str:
        """The file that it comes from."""
        return self.origin.file

    def line_of(self, path: str) -> int:
        """Return the line of a field, or of the nearest one above that was written."""
        return self.origin.line_of(path)


class Manifest(msgspec.Struct, frozen=True):
    """What a number of files hold together; `notes` tell what happens otherwise than written."""

    pods: tuple[LoadedPod, ...] = ()
    config_maps: tuple[ConfigMap, ...] = ()
    secrets: tuple[Secret, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def load(paths: Sequence[str]) -> Manifest:
    """Read files (`-` is standard input) in order; problems come back, nothing raises."""
    loader = _Loader()
    for path in paths:
        loader.add_file(path)
    return loader.manifest()


def load_content(raw: bytes, name: str) -> Manifest:
    """The same for what one file of this name was found to hold."""
    loader = _Loader()
    loader.add_documents(documents_in(raw, name), name)
    return loader.manifest()


class _Loader:
    """Collects what the files hold."""

    def __init__(self) -> None:
        self._pods: list[LoadedPod] = []
        self._config_maps: list[ConfigMap] = []
        self._secrets: list[Secret] = []
        self._notes: list[str] = []
        self._problems: list[Problem] = []
        self._seen: dict[tuple[str, str, str], Origin] = {}

    def manifest(self) -> Manifest:
        return Manifest(
            tuple(self._pods),
            tuple(self._config_maps),
            tuple(self._secrets),
            tuple(self._notes),
            tuple(self._problems),
        )

    def add_file(self, path: str) -> None:
        """Everything that a file holds; its problems in the order of lines."""
        self.add_documents(read_documents(path), "<stdin>" if path == STDIN else path)

    def add_documents(self, documents: Iterable[Document | Problem], name: str) -> None:
        """What a reader found in a file of this name."""
        before = len(self._problems)
        is_empty = True
        for found in documents:
            if isinstance(found, Problem):
                self._problems.append(found)
            elif found.value is not None:
                self._add_document(found, name)
            else:
                continue  # nothing but comments between two markers
            is_empty = False
        if is_empty:
            self._problems.append(Problem(name, 1, "", "is empty"))
        of_file = sorted(dict.fromkeys(self._problems[before:]), key=lambda p: p.line)
        if len(of_file) > _MAX_TOLD:
            last, more = of_file[_MAX_TOLD - 1], len(of_file) - _MAX_TOLD
            of_file[_MAX_TOLD:] = [Problem(last.file, last.line, "", f"{more} more problems")]
        self._problems[before:] = of_file

    def _add_document(self, document: Document, file: str) -> None:
        origin = Origin(file, document)
        places = document.paths() if document.duplicates else {}
        for repeated in document.duplicates:
            path = (*places.get(id(repeated.holder), ()), repeated.key)
            text = f"duplicate field: already set on line {repeated.first_line}"
            self._problems.append(Problem(file, repeated.line, show_path(path), text))
        self._add_object(origin, "")

    def _add_object(self, origin: Origin, implied_kind: str) -> None:
        """One object, or the items of a list."""
        value = origin.value
        if not isinstance(value, dict):
            self._problems.append(origin.problem((), "must be a map with apiVersion and kind"))
            return
        kind = value.get("kind", implied_kind or None)
        api_version = value.get("apiVersion", kinds.api_version_of(implied_kind))
        if isinstance(kind, str) and kind.endswith("List") and isinstance(api_version, str):
            self._add_items(origin, value, kind.removesuffix("List"))
            return
        problem = _kind_problem(origin, api_version, kind)
        if problem is not None:
            self._problems.append(problem)
        elif kind not in kinds.USED:
            name = _written_name(value)
            self._notes.append(
                f"{origin.file}:{origin.line}: {kind}{name} has no meaning here and is ignored"
            )
        else:
            cls = kinds.type_of(str(api_version), kind)
            assert cls is not None, kind
            self._add_known(origin, cls, kind)

    def _add_items(self, origin: Origin, value: dict[str, Any], kind: str) -> None:
        items = value.get("items")
        if not isinstance(items, list):
            self._problems.append(origin.problem(("items",), "must be a list of objects"))
            return
        if len(origin.base) > 8:
            self._problems.append(origin.problem((), "lists are nested too deep"))
            return
        for index in range(len(items)):
            inner = Origin(origin.file, origin.document, (*origin.base, "items", index))
            self._add_object(inner, kind)

    def _add_known(self, origin: Origin, cls: type[Object], kind: str) -> None:
        decoded = decode(cls, origin.value)
        wrong: list[Problem] = []
        for position, finding in enumerate(decoded.findings):
            if finding.kind is FindingKind.DUPLICATE:
                continue  # told by the document already
            text = finding.text
            if finding.kind is FindingKind.UNKNOWN and position < _MAX_TOLD:
                from agent.manifest.suggest import did_you_mean  # only after a slip

                text += did_you_mean(str(finding.path[-1]), finding.fields)
            wrong.append(origin.problem(finding.path, text))
        self._problems.extend(wrong)
        obj: Any = decoded.object
        if kind == "Pod":
            self._add_pod(origin, obj, wrong)
        elif kind in kinds.TEMPLATES:
            self._add_workload(origin, obj, kind, wrong)
        else:
            self._add_config(origin, obj, kind, wrong)

    def _add_workload(self, origin: Origin, obj: Any, kind: str, wrong: list[Problem]) -> None:
        """The pod template of a workload becomes one pod with the workload's name."""
        template: PodTemplateSpec = (
            obj.spec.job_template.spec.template if kind == "CronJob" else obj.spec.template
        )
        meta = replace(
            template.metadata,
            name=obj.metadata.name,
            generate_name=obj.metadata.generate_name,
            namespace=obj.metadata.namespace,
        )
        pod = Pod(api_version="v1", kind="Pod", metadata=meta, spec=template.spec)
        inner = Origin(origin.file, origin.document, origin.base, kinds.TEMPLATES[kind])
        self._notes.append(
            f"{origin.file}:{origin.line}: {kind} {obj.metadata.name!r} runs as one pod; "
            f"{_LOST[kind]}"
        )
        self._add_pod(inner, pod, wrong)

    def _add_pod(self, origin: Origin, given: Pod, wrong: list[Problem]) -> None:
        """Complete and validate; a pod with wrong fields is looked through for further ones."""
        named = replace(given, metadata=_named(given.metadata, origin))
        pod = default_pod(named)
        verdict = unsupported(given)
        refused = [error.path for error in verdict.refused]
        errors = [
            *verdict.refused,
            *(e for e in validate_pod(pod, features=HONOURED) if not _is_below(e.path, refused)),
        ]
        self._tell(origin, errors, wrong)
        is_new = self._claim("Pod", pod.metadata, origin)
        if is_new and not wrong and not errors:
            self._pods.append(LoadedPod(pod, given, origin, verdict.ignored))

    def _add_config(
        self, origin: Origin, given: ConfigMap | Secret, kind: str, wrong: list[Problem]
    ) -> None:
        meta = _named(given.metadata, origin)
        errors: list[FieldError] = []
        if isinstance(given, ConfigMap):
            config_map = replace(given, metadata=meta)
            errors = validate_config_map(config_map)
            self._config_maps.append(config_map)
        else:
            secret = secret_data.with_string_data(
                replace(given, metadata=meta, type=given.type or "Opaque")
            )
            errors = validate_secret(secret)
            self._secrets.append(secret)
        self._tell(origin, errors, wrong)
        self._claim(kind, meta, origin)

    def _tell(self, origin: Origin, errors: Iterable[FieldError], wrong: list[Problem]) -> None:
        """Tell what validation found, except where a field that could not be read looks absent."""
        for error in errors:
            problem = origin.field_problem(error)
            is_required = error.type is ErrorType.REQUIRED
            if not any(_causes(cause, problem, is_required=is_required) for cause in wrong):
                self._problems.append(problem)

    def _claim(self, kind: str, meta: ObjectMeta, origin: Origin) -> bool:
        """Refuse a second object of the same name."""
        first = self._seen.setdefault((kind, meta.namespace, meta.name), origin)
        if first is origin or not meta.name:
            return True
        text = (
            f"{kind} {meta.namespace}/{meta.name} is already defined at {first.file}:{first.line}"
        )
        self._problems.append(origin.problem(("metadata", "name"), text))
        return False


#: What of a workload has no effect, for the note.
_LOST = {
    "Deployment": "replicas and update strategy are ignored",
    "ReplicaSet": "replicas are ignored",
    "StatefulSet": "replicas, update strategy and claim templates are ignored",
    "DaemonSet": "the update strategy is ignored",
    "Job": "completions, parallelism and back-off limit are ignored",
    "CronJob": "it starts now, and its schedule is ignored",
}


def _kind_problem(origin: Origin, api_version: object, kind: object) -> Problem | None:
    """Say why an object is of no kind that can be used or ignored."""
    used = ", ".join(kinds.USED)
    if not isinstance(kind, str) or not kind:
        text = f"must be one of {used}" if kind is not None else f"is missing: one of {used}"
        return origin.problem(("kind",), text)
    expected = kinds.api_version_of(kind) if kind in kinds.USED else None
    if not isinstance(api_version, str) or not api_version:
        wanted = expected or "v1"
        return origin.problem(("apiVersion",), f'is missing or no text: write "{wanted}"')
    if expected == api_version or kinds.is_cluster_only(api_version, kind):
        return None
    if expected is not None:
        return origin.problem(("apiVersion",), f'must be "{expected}" for a {kind}')
    from agent.manifest.suggest import did_you_mean  # only after a slip

    known = {*kinds.USED, *(name for names in kinds.CLUSTER_ONLY.values() for name in names)}
    return origin.problem(
        ("kind",), f"{kind} of {api_version} is not known here{did_you_mean(kind, known)}"
    )


def _written_name(value: dict[str, Any]) -> str:
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f" {name!r}" if isinstance(name, str) else ""


def _named(meta: ObjectMeta, origin: Origin) -> ObjectMeta:
    """Give a namespace, and for a generateName a name that is the same in every run."""
    name = meta.name
    if not name and meta.generate_name:
        import zlib  # rare

        code = zlib.crc32(f"{origin.file}:{origin.base}:{origin.line}".encode(errors="replace"))
        letters = []
        for _ in range(5):
            code, letter = divmod(code, len(_NAME_LETTERS))
            letters.append(_NAME_LETTERS[letter])
        name = meta.generate_name + "".join(letters)
    return replace(meta, name=name, namespace=meta.namespace or _DEFAULT_NAMESPACE)


def _causes(wrong: Problem, problem: Problem, *, is_required: bool) -> bool:
    """Whether a field looks empty or absent only because `wrong` could not be read."""
    if _is_below(problem.path, (wrong.path,)):
        return True
    return is_required and problem.line == wrong.line


def _is_below(path: str, above: Iterable[str]) -> bool:
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in above)
