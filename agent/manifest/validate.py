"""Is a pod, ConfigMap or Secret valid, by the API server's rules and in its words?

The rules are those of Kubernetes 1.34 (k8s.io/kubernetes/pkg/apis/core/validation). All problems
are found at once, in the API server's order.
"""

from __future__ import annotations

from agent.manifest.errors import FieldError, forbidden
from agent.manifest.validation import annotations as pod_annotations
from agent.manifest.validation.images import check_image_spaces
from agent.manifest.validation.metadata import check_metadata
from agent.manifest.validation.options import Errors, Options
from agent.manifest.validation.podspec import check_spec
from agent.model.config_data import ConfigMap, Secret
from agent.model.pod import Pod


def validate_pod(
    pod: Pod, *, allow_privileged: bool = True, features: frozenset[str] = frozenset()
) -> list[FieldError]:
    """What is wrong with a defaulted pod that is to be created (ValidatePodCreate).

    `allow_privileged` is the API server's flag; `features` are alpha gates that are on. Fields
    behind other gates must have been dropped before.
    """
    errors: Errors = []
    check_updated_pod(pod, errors, Options(allow_privileged, features))
    _check_create_only(pod, errors)
    pod_annotations.check_agreement(pod, errors)
    return errors


def check_updated_pod(pod: Pod, errors: Errors, options: Options) -> None:
    """Check metadata and spec of a pod, new or not (validatePodMetadataAndSpec)."""
    check_metadata(pod.metadata, "metadata", errors)
    pod_annotations.check_annotations(pod.metadata.annotations, pod.spec, errors)
    check_spec(pod.spec, pod.metadata, errors, options)
    _check_tokens(pod, errors)
    for kind, containers in (
        ("containers", pod.spec.containers),
        ("initContainers", pod.spec.init_containers),
    ):
        for index, container in enumerate(containers):
            check_image_spaces(container, f"spec.{kind}[{index}]", errors)


def _check_tokens(pod: Pod, errors: Errors) -> None:
    """A pod without a service account has no token to project."""
    if pod.spec.service_account_name:
        return
    for index, volume in enumerate(pod.spec.volumes):
        sources = () if volume.projected is None else volume.projected.sources
        for position, source in enumerate(sources):
            if source.service_account_token is not None:
                at = f"spec.volumes[{index}].projected.sources[{position}].serviceAccountToken"
                wrong = "must not be specified when serviceAccountName is not set"
                errors.append(forbidden(at, wrong))


def _check_create_only(pod: Pod, errors: Errors) -> None:
    """What a pod may get later, but not be created with."""
    if pod.spec.ephemeral_containers:
        errors.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if pod.spec.node_name and pod.spec.scheduling_gates:
        wrong = "cannot be set until all schedulingGates have been cleared"
        errors.append(forbidden("spec.nodeName", wrong))


def pod_warnings(pod: Pod) -> list[str]:
    """What the API server would warn about when it accepts this pod (WarningsOnCreate)."""
    from agent.manifest.validation import warnings  # only who shows them pays for the import

    return warnings.pod_warnings(pod)


def validate_config_map(config_map: ConfigMap) -> list[FieldError]:
    """What is wrong with a ConfigMap (ValidateConfigMap)."""
    from agent.manifest.validation import configdata

    errors: Errors = []
    configdata.check_config_map(config_map, errors)
    return errors


def validate_secret(secret: Secret) -> list[FieldError]:
    """What is wrong with a Secret whose stringData was merged into data (ValidateSecret)."""
    from agent.manifest.validation import configdata

    errors: Errors = []
    configdata.check_secret(secret, errors)
    return errors
