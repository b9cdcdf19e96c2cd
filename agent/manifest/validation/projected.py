"""Are the sources of a projected volume valid, and do their files not collide?"""

from __future__ import annotations

from agent.manifest.errors import forbidden, invalid, not_supported, required
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, report
from agent.manifest.validation.selectors import check_label_selector
from agent.manifest.validation.signers import check_bundle_name, check_signer_name
from agent.manifest.validation.volume_files import check_field_file, check_item, check_mode
from agent.model.volume import (
    ClusterTrustBundleProjection,
    ConfigMapProjection,
    PodCertificateProjection,
    ProjectedVolumeSource,
    SecretProjection,
    ServiceAccountTokenProjection,
    VolumeProjection,
)

_COLLISION = "conflicting duplicate paths"
_KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_HOUR, _DAY = 3600, 86400


def check_projected(volume: ProjectedVolumeSource, path: str, errors: Errors) -> None:
    """Check a projected volume (validateProjectedVolumeSource)."""
    check_mode(volume.default_mode, f"{path}.defaultMode", errors)
    taken: set[str] = set()
    for index, source in enumerate(volume.sources):
        _check_source(source, path, f"{path}.sources[{index}]", taken, errors)


def _check_source(
    source: VolumeProjection, path: str, at: str, taken: set[str], errors: Errors
) -> None:
    """Check one source at `at`; colliding files are reported at the volume's `path`."""
    if source.secret is not None:
        _check_keys(source.secret, path, f"{at}.secret", taken, errors)
    if source.config_map is not None:
        _check_keys(source.config_map, path, f"{at}.configMap", taken, errors)
    if source.downward_api is not None:
        for file in source.downward_api.items:
            check_field_file(file, f"{at}.downwardAPI", errors)
            _take(file.path, file.path, path, taken, errors)
    if source.service_account_token is not None:
        _check_token(source.service_account_token, path, f"{at}.serviceAccountToken", errors)
    if source.cluster_trust_bundle is not None:
        bundle = source.cluster_trust_bundle
        _check_bundle(bundle, f"{at}.clusterTrustBundle", errors)
        if bundle.path in taken:
            errors.append(invalid(path, bundle.path, _COLLISION))
        taken.add(bundle.path)
    if source.pod_certificate is not None:
        _check_certificate(source.pod_certificate, path, f"{at}.podCertificate", taken, errors)
    given = (
        source.secret, source.config_map, source.downward_api, source.service_account_token,
        source.cluster_trust_bundle, source.pod_certificate,
    )  # fmt: skip
    if sum(projection is not None for projection in given) > 1:
        wrong = "may not specify more than 1 volume type per source"
        errors.append(forbidden(at, wrong))


def _take(file: str, shown: str, path: str, taken: set[str], errors: Errors) -> None:
    """Remember that `file` exists; a second one is an error that shows `shown`."""
    if not file:
        return
    if file in taken:
        errors.append(invalid(path, shown, _COLLISION))
    taken.add(file)


def _check_keys(
    source: SecretProjection | ConfigMapProjection,
    path: str,
    at: str,
    taken: set[str],
    errors: Errors,
) -> None:
    if not source.name:
        errors.append(required(f"{at}.name"))
    for index, item in enumerate(source.items):
        check_item(item, f"{at}.items[{index}]", errors)
        _take(item.path, source.name, path, taken, errors)


def _check_token(token: ServiceAccountTokenProjection, path: str, at: str, errors: Errors) -> None:
    seconds = token.expiration_seconds or 0
    if seconds < 600:
        wrong = "may not specify a duration less than 10 minutes"
        errors.append(invalid(f"{at}.expirationSeconds", seconds, wrong))
    if seconds > 1 << 32:
        wrong = "may not specify a duration larger than 2^32 seconds"
        errors.append(invalid(f"{at}.expirationSeconds", seconds, wrong))
    if not token.path:
        errors.append(required(f"{path}.path"))
    else:
        report(errors, f"{path}.path", token.path, names.free_path(token.path))


def _check_bundle(bundle: ClusterTrustBundleProjection, at: str, errors: Errors) -> None:
    if bundle.name is not None and bundle.signer_name is not None:
        errors.append(invalid(at, bundle, "only one of name and signerName may be used"))
    elif bundle.name is not None:
        if not bundle.name:
            errors.append(required(f"{at}.name", "must be a valid object name"))
        messages = check_bundle_name(bundle.name)
        shown = (f"not a valid clustertrustbundlename: {message}" for message in messages)
        report(errors, f"{at}.name", bundle.name, shown)
        if bundle.label_selector is not None:
            wrong = "labelSelector must be unset if name is specified"
            errors.append(invalid(f"{at}.labelSelector", bundle.label_selector, wrong))
    elif bundle.signer_name is not None:
        if not bundle.signer_name:
            errors.append(required(f"{at}.signerName", "must be a valid signer name"))
        check_signer_name(bundle.signer_name, f"{at}.signerName", errors)
        check_label_selector(bundle.label_selector, f"{at}.labelSelector", errors)
    else:
        errors.append(required(at, "either name or signerName must be specified"))
    if not bundle.path:
        errors.append(required(f"{at}.path"))
    report(errors, f"{at}.path", bundle.path, names.free_path(bundle.path))


def _check_certificate(
    certificate: PodCertificateProjection, path: str, at: str, taken: set[str], errors: Errors
) -> None:
    check_signer_name(certificate.signer_name, f"{at}.signerName", errors)
    if certificate.key_type not in _KEY_TYPES:
        errors.append(not_supported(f"{at}.keyType", certificate.key_type, _KEY_TYPES))
    seconds = certificate.max_expiration_seconds
    if seconds is not None:
        # Kubernetes' own signers give short-lived certificates only.
        domain = certificate.signer_name.partition("/")[0]
        most = _DAY if f".{domain}".endswith(".kubernetes.io") else 91 * _DAY
        for wrong, bad in ((f">= {_HOUR}", seconds < _HOUR), (f"<= {most}", seconds > most)):
            if bad:
                text = f"if provided, maxExpirationSeconds must be {wrong}"
                errors.append(invalid(f"{at}.maxExpirationSeconds", seconds, text))
    files = [
        (field, file)
        for field, file in (
            ("credentialBundlePath", certificate.credential_bundle_path),
            ("keyPath", certificate.key_path),
            ("certificateChainPath", certificate.certificate_chain_path),
        )
        if file
    ]
    for field, file in files:
        report(errors, f"{at}.{field}", file, names.free_path(file))
        _take(file, file, path, taken, errors)
    if not files:
        choice = "credentialBundlePath, keyPath, and certificateChainPath"
        errors.append(required(at, f"specify at least one of {choice}"))
