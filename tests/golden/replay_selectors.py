"""Replays selectors.jsonl: label and field selectors against the recorded samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.api.selectors import fields, labels
from agent.api.selectors.error import SelectorError
from agent.manifest import kinds
from agent.manifest.decode import decode
from agent.manifest.defaults import default_pod
from agent.model.base import Object
from agent.model.meta import LabelSelector
from agent.model.pod import Pod
from tests.golden.compare import difference

_samples: dict[str, Any] = {}


def prepare(folder: Path) -> None:
    """Read the objects that the selectors are tried on."""
    _samples.update(json.loads((folder / "selectors-samples.json").read_text(encoding="utf-8")))


def replay(case: dict[str, Any]) -> str | None:
    """Compare the canonical text, the matches, or the error."""
    asked = case["input"]
    if asked["type"] == "field":
        answer = _field(asked["selector"], asked["kind"])
    else:
        answer = _label(asked["selector"], asked["type"])
    return difference(answer, case["expected"])


def _label(written: Any, form: str) -> dict[str, Any]:
    try:
        if form == "label":
            selector = labels.parse(written)
        elif written is None:
            selector = labels.of(None)
        else:
            selector = labels.of(decode(LabelSelector, written).object)
    except SelectorError as exc:
        return {"error": str(exc)}
    answer = {
        "canonical": str(selector),
        "empty": selector.is_empty,
        "matches": [selector.matches(sample) for sample in _samples["labels"]],
    }
    return answer if form == "label" else {**answer, "formatted": selector.formatted}


def _field(text: str, kind: str) -> dict[str, Any]:
    try:
        canonical = ",".join(map(str, fields.parse_terms(text)))
    except SelectorError as exc:
        return {"error": str(exc), "stage": "parse"}
    try:
        selector = fields.parse(text, kind)
    except SelectorError as exc:
        return {"canonical": canonical, "error": str(exc), "stage": "convert"}
    return {
        "canonical": canonical,
        "converted": str(selector),
        "matches": [selector.matches(_sample(kind, plain)) for plain in _samples["objects"][kind]],
    }


def _sample(kind: str, plain: dict[str, Any]) -> Object:
    cls = kinds.type_of("v1", kind)
    assert cls is not None
    sample = decode(cls, plain).object
    return default_pod(sample) if isinstance(sample, Pod) else sample
