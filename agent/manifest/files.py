"""What does a file hold? From a path to documents, with a problem instead of an exception."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

from agent.manifest import kinds
from agent.manifest.document import Document, TextError
from agent.manifest.errors import Problem

#: No manifest is larger.
MAX_BYTES = 3 * 1024 * 1024
STDIN = "-"
_TOML_START = r"""(?:\s*#.*\n|\s*\n)*\s*(?:\[\[?\s*[\w"'-]|[\w"'.-]+\s*=)"""


def read_documents(path: str) -> Iterator[Document | Problem]:
    """Yield the documents of a file (`-` is standard input), or the problem that ended reading.

    Suffixes .json and .toml tell the format; else the text itself does, and mostly it is YAML.
    """
    name = "<stdin>" if path == STDIN else path
    raw = _raw(path, name)
    if isinstance(raw, Problem):
        yield raw
        return
    yield from documents_in(raw, name)


def documents_in(raw: bytes, name: str) -> Iterator[Document | Problem]:
    """The same for what a file of this name was found to hold."""
    text = _text(raw, name)
    if isinstance(text, Problem):
        yield text
        return
    if not text.strip():
        yield Problem(name, 1, "", "is empty")
        return
    try:
        yield from _documents(text, os.path.splitext(name)[1].lower())
    except TextError as exc:
        yield Problem(name, max(exc.line, 1), "", exc.text)


def _raw(path: str, name: str) -> bytes | Problem:
    try:
        if path == STDIN:
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        elif os.path.isdir(path):
            return Problem(name, 1, "", "is a directory: name the files in it")
        else:
            with open(path, "rb") as file:
                raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        return Problem(name, 1, "", f"cannot be read: {reason.lower()}")
    if len(raw) > MAX_BYTES:
        return Problem(name, 1, "", f"is larger than {MAX_BYTES // 1024 // 1024} MiB")
    return raw


def _text(raw: bytes, name: str) -> str | Problem:
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        return Problem(name, line, "", "is binary, not a manifest")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw[: exc.start].count(b"\n") + 1
        return Problem(name, line, "", f"is not UTF-8 (byte 0x{raw[exc.start]:02x})")


def _documents(text: str, suffix: str) -> Iterator[Document]:
    """Each format's reader is imported only when it is needed."""
    if suffix == ".toml" or (
        suffix not in (".json", ".yaml", ".yml") and re.match(_TOML_START, text)
    ):
        from agent.manifest import toml_text

        document = toml_text.read(text)
        if isinstance(document.value, dict):
            kind = document.value.setdefault("kind", "Pod")
            api_version = kinds.api_version_of(kind) if isinstance(kind, str) else None
            document.value.setdefault("apiVersion", api_version or "v1")
        yield document
    elif suffix == ".json" or (suffix not in (".yaml", ".yml") and text.lstrip()[:1] == "{"):
        from agent.manifest import json_text

        yield json_text.read(text)
    else:
        from agent.manifest import yaml_text

        yield from yaml_text.read(text)
