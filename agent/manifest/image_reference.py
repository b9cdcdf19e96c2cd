"""Which name, tag and digest does an image reference have? (distribution's reference grammar)"""

from __future__ import annotations

import re

import msgspec

_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_PATH = rf"{_PATH_PART}(?:/{_PATH_PART})*"
_TAG = r"\w[\w.-]{0,127}"
_ID_LENGTH, _ID_DIGITS = 64, "abcdef0123456789"
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_DEFAULT_DOMAIN = "docker.io"
_OFFICIAL = "library"
_MAX_NAME = 255


class ImageReference(msgspec.Struct, frozen=True):
    """The parts of a reference; `tag` is `latest` when neither tag nor digest is given."""

    domain: str
    path: str
    tag: str
    digest: str


def parse(text: str) -> ImageReference | None:
    """Take a reference apart as Kubernetes does; None when it is not one.

    distribution: ParseNormalizedNamed; kubernetes: pkg/util/parsers, ParseImageName.
    """
    if len(text) == _ID_LENGTH and not text.strip(_ID_DIGITS):
        return None
    domain, path = _split(text)
    if path.partition(":")[0] != path.partition(":")[0].lower():
        return None
    rest, at, digest = path.partition("@")
    name, colon, tag = rest.partition(":")
    is_wrong = (
        (domain != _DEFAULT_DOMAIN and not _is(_DOMAIN, domain))
        or not _is(_PATH, name)
        or (colon and not _is(_TAG, tag))
        or (at and not (_is(_DIGEST, digest) and _is_digest(digest)))
    )
    if is_wrong or len(name) > _MAX_NAME:
        return None
    return ImageReference(domain, name, tag or ("" if at else "latest"), digest)


def _is(pattern: str, text: str) -> bool:
    """Each part has its pattern: the one for a whole reference takes a start 1 ms to compile."""
    return re.fullmatch(pattern, text, re.ASCII) is not None


def _split(text: str) -> tuple[str, str]:
    """Tell a registry from the first part of a path."""
    first, slash, rest = text.partition("/")
    is_domain = "." in first or ":" in first or first == "localhost" or first != first.lower()
    if not slash or not is_domain:
        first, rest = _DEFAULT_DOMAIN, text
    if first == "index.docker.io":
        first = _DEFAULT_DOMAIN
    if first == _DEFAULT_DOMAIN and "/" not in rest:
        rest = f"{_OFFICIAL}/{rest}"
    return first, rest


def _is_digest(digest: str) -> bool:
    algorithm, _, digits = digest.partition(":")
    return _DIGEST_LENGTHS.get(algorithm) == len(digits) and digits == digits.lower()
