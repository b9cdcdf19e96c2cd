"""Which name, tag and digest does an image reference have? (distribution's reference grammar)"""

from __future__ import annotations

import re
from functools import cache

import msgspec

_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = (
    rf"({_DOMAIN})/({_PATH_PART}(?:/{_PATH_PART})*)(?::(\w[\w.-]{{0,127}}))?(?:@({_DIGEST}))?"
)
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
    match = _pattern().fullmatch(f"{domain}/{path}")
    if match is None or len(match[2]) > _MAX_NAME:
        return None
    digest = match[4] or ""
    if digest and not _is_digest(digest):
        return None
    tag = match[3] or ("" if digest else "latest")
    return ImageReference(match[1], match[2], tag, digest)


@cache
def _pattern() -> re.Pattern[str]:
    """Compiled when the first image is seen."""
    return re.compile(_REFERENCE, re.ASCII)


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
