"""Every field of every served kind is described, in few words, and no other."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import agent.api.descriptions
from agent.api.descriptions.reader import description
from agent.model.api import DeleteOptions, Status
from agent.model.base import Object
from agent.model.container import EphemeralContainer
from agent.model.handler import Probe, ProbeHandler
from agent.model.manifest_file import ManifestFile
from agent.model.volume import ConfigMapVolumeSource
from tests.support.world import world

_LEAST, _MOST, _SENTENCES = 10, 240, 3
_FILES = sorted(Path(agent.api.descriptions.__path__[0]).glob("*.toml"))


async def _served() -> set[type[Object]]:
    """What clients read and write, and all that it is made of."""
    async with world() as w:
        roots: list[type[Object]] = [DeleteOptions, ManifestFile, Status]
        for resource in w.catalogue.registry:
            below = (one.model for one in resource.subresources if one.model is not None)
            roots += [resource.wire_model, *below]
    found: set[type[Object]] = set()
    while roots:
        model = roots.pop()
        if model not in found:
            found.add(model)
            for annotation in get_type_hints(model).values():
                roots += _objects(annotation)
    return found


def _objects(annotation: Any) -> Iterator[type[Object]]:
    if isinstance(annotation, type) and issubclass(annotation, Object):
        yield annotation
    for argument in get_args(annotation):
        yield from _objects(argument)


def _told(file: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads(file.read_text("utf-8"))


def _label(model: type[Object]) -> str:
    return f"{model.__module__}.{model.__name__}"


@pytest.mark.asyncio
async def test_every_field_is_described() -> None:
    served = await _served()
    missing = [
        f"{_label(model)}.{written}"
        for model in served
        for written in model.__struct_encode_fields__
        if not description(model, written)
    ]

    assert len(served) > 150
    assert missing == []


@pytest.mark.asyncio
async def test_nothing_else_is_described() -> None:
    served = await _served()
    # A type may be there only for what others inherit from it.
    known = {owner for model in served for owner in model.__mro__}
    for file in _FILES:
        module = import_module(f"agent.model.{file.stem}")
        for name, fields in _told(file).items():
            model = getattr(module, name)
            assert model in known, f"{file.name}: {name}"
            assert set(fields) <= set(model.__struct_encode_fields__), f"{file.name}: {name}"


@pytest.mark.asyncio
async def test_a_field_does_not_repeat_what_its_type_says() -> None:
    for model in await _served():
        written = dict(zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True))
        for attribute, annotation in get_type_hints(model).items():
            for used in _objects(annotation):
                about = description(model, written[attribute])
                said = cleandoc(used.__doc__ or "").partition("\n")[0]
                assert said.lower() not in about.lower(), f"{_label(model)}.{attribute}"


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_a_description_is_some_short_sentences(file: Path) -> None:
    for name, fields in _told(file).items():
        for written, text in fields.items():
            where = f"{name}.{written}: {text}"
            assert _LEAST <= len(text) <= _MOST, where
            assert text.endswith("."), where
            assert text == " ".join(text.split()), where
            assert text.count(". ") < _SENTENCES, where


def test_what_is_inherited_is_described_where_it_is_declared() -> None:
    assert description(EphemeralContainer, "image").startswith("An image name, looked up")
    assert description(Probe, "exec") == description(ProbeHandler, "exec") != ""


def test_a_type_may_say_it_in_its_own_words() -> None:
    assert "ConfigMap" in description(ConfigMapVolumeSource, "name")


def test_what_is_not_there_is_not_described() -> None:
    assert description(Probe, "nope") == ""
