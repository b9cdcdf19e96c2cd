"""Are the names of certificate signers and trust bundles valid? (certificates/validation)"""

from __future__ import annotations

from collections.abc import Callable

from agent.manifest.errors import invalid, required, too_long
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors
from agent.model import gotext

_MAX_DOMAIN = 253
_MAX_NAME = _MAX_DOMAIN + 1 + 253 + 1 + 63


def check_signer_name(name: str, path: str, errors: Errors) -> None:
    """Check `domain/path` (ValidateSignerName)."""
    if not name:
        errors.append(required(path))
        return
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest:
        wrong = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        errors.append(invalid(path, name, wrong))
        return
    if names.size(domain) > _MAX_DOMAIN:
        errors.append(too_long(path, _MAX_DOMAIN))
    _check_parts(domain, names.dns_label, path, errors)
    if "." not in domain:
        wrong = "should be a domain with at least two segments separated by dots"
        errors.append(invalid(path, domain, wrong))
    _check_parts(rest, names.dns_subdomain, path, errors)
    if names.size(name) > _MAX_NAME:
        errors.append(too_long(path, _MAX_NAME))


def _check_parts(
    text: str, validate: Callable[[str], names.Messages], path: str, errors: Errors
) -> None:
    """Check what stands between the dots; only the first bad part is told."""
    for part in text.split("."):
        messages = validate(part)
        for message in messages:
            wrong = f"validating label {gotext.quote(part)}: {message}"
            errors.append(invalid(path, text, wrong))
        if messages:
            return


def check_bundle_name(name: str) -> names.Messages:
    """Messages for the name of a ClusterTrustBundle, which may begin with its signer's name."""
    return names.dns_subdomain(name.rpartition(":")[2])
