"""In which form does a client want its answer, and in which form did it write?

apiserver: pkg/endpoints/handlers/negotiation. JSON is always good enough for a client that would
rather have protobuf.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from agent.api.machinery.errors import not_acceptable

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
ACCEPTED = (JSON, YAML)
_ANY = ("*/*", "application/*")
_META_GROUP = "meta.k8s.io"
_META_VERSIONS = ("v1", "v1beta1")
_LONGEST = 4096


class Shape(Enum):
    """What becomes of the objects."""

    OBJECT = ""
    TABLE = "Table"
    PARTIAL = "PartialObjectMetadata"
    PARTIAL_LIST = "PartialObjectMetadataList"


class Form(msgspec.Struct, frozen=True):
    """How an answer is written; `version` is that of the meta group, for a Table."""

    media: str = JSON
    shape: Shape = Shape.OBJECT
    version: str = "v1"
    is_pretty: bool = False


class Media(msgspec.Struct, frozen=True):
    """One media type of a header."""

    type: str
    parameters: dict[str, str]


def media_types(header: str) -> list[Media]:
    """The media types of an Accept header, the most wanted first."""
    found: list[tuple[float, int, Media]] = []
    for place, part in enumerate(header[:_LONGEST].split(",")):
        kind, *rest = part.split(";")
        pairs = (one.partition("=") for one in rest)
        parameters = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if kind.strip():
            weight = _weight(parameters.pop("q", "1"))
            found.append((-weight, place, Media(kind.strip().lower(), parameters)))
    return [media for weight, _, media in sorted(found, key=lambda one: one[:2]) if weight]


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 1.0


def form_of(accept: str, *, is_pretty: bool = False, is_stream: bool = False) -> Form:
    """The first form in an Accept header that we can write; APIError when there is none.

    A stream of YAML documents is nothing that clients read.
    """
    if not accept.strip():
        return Form(is_pretty=is_pretty)
    for media in media_types(accept):
        form = _form(media)
        if form is not None and not (is_stream and form.media == YAML):
            return msgspec.structs.replace(form, is_pretty=is_pretty)
    raise not_acceptable(ACCEPTED)


def _form(media: Media) -> Form | None:
    kind = JSON if media.type in _ANY else media.type
    if kind not in ACCEPTED:
        return None
    wanted = media.parameters.get("as", "")
    if not wanted:
        return Form(media=kind)
    version = media.parameters.get("v", "v1")
    if media.parameters.get("g") != _META_GROUP or version not in _META_VERSIONS:
        return None
    try:
        return Form(media=kind, shape=Shape(wanted), version=version)
    except ValueError:
        return None


def content_type_of(header: str) -> str:
    """The media type of a body, without its parameters."""
    return header.partition(";")[0].strip().lower()
