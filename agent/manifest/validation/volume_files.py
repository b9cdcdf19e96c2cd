"""Are the files that a volume makes of keys and pod fields valid?"""

from __future__ import annotations

from agent.manifest.errors import invalid, required
from agent.manifest.validation import names
from agent.manifest.validation.env import VOLUME_FIELDS, check_field_ref, check_resource_field_ref
from agent.manifest.validation.options import Errors, report
from agent.model.volume import DownwardAPIVolumeFile, KeyToPath


def check_mode(mode: int | None, path: str, errors: Errors) -> None:
    """Check permission bits, where given."""
    if mode is not None:
        report(errors, path, mode, names.file_mode(mode))


def check_items(items: tuple[KeyToPath, ...], path: str, errors: Errors) -> None:
    """Check which keys become which files (validateKeyToPath)."""
    for index, item in enumerate(items):
        check_item(item, f"{path}[{index}]", errors)


def check_item(item: KeyToPath, path: str, errors: Errors) -> None:
    """Check one key and its file."""
    if not item.key:
        errors.append(required(f"{path}.key"))
    if not item.path:
        errors.append(required(f"{path}.path"))
    report(errors, f"{path}.path", item.path, names.free_path(item.path))
    check_mode(item.mode, f"{path}.mode", errors)


def check_field_file(file: DownwardAPIVolumeFile, path: str, errors: Errors) -> None:
    """Check a pod field as a file; `path` is the volume's (validateDownwardAPIVolumeFile)."""
    if not file.path:
        errors.append(required(f"{path}.path"))
    report(errors, f"{path}.path", file.path, names.free_path(file.path))
    if file.field_ref is not None:
        check_field_ref(file.field_ref, VOLUME_FIELDS, f"{path}.fieldRef", errors)
        if file.resource_field_ref is not None:
            wrong = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(invalid(path, "resource", wrong))
    elif file.resource_field_ref is not None:
        at = f"{path}.resourceFieldRef"
        check_resource_field_ref(file.resource_field_ref, at, errors, needs_container=True)
    else:
        errors.append(required(path, "one of fieldRef and resourceFieldRef is required"))
    check_mode(file.mode, f"{path}.mode", errors)
