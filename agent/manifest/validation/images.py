"""Is what a manifest says of an image valid?"""

from __future__ import annotations

from agent.manifest.errors import invalid, not_supported, required
from agent.manifest.validation.options import Errors
from agent.model.container import Container


def check_pull_policy(policy: str, path: str, errors: Errors) -> None:
    """Check when an image is pulled (validatePullPolicy)."""
    supported = ("Always", "IfNotPresent", "Never")
    if not policy:
        errors.append(required(path))
    elif policy not in supported:
        errors.append(not_supported(path, policy, supported))


def check_image_spaces(container: Container, path: str, errors: Errors) -> None:
    """Check that the image has no spaces around it (validateContainerOnlyForPod)."""
    if container.image != container.image.strip():
        wrong = "must not have leading or trailing whitespace"
        errors.append(invalid(f"{path}.image", container.image, wrong))
