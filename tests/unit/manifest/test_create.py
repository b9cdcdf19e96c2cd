"""What becomes of a pod between the request and validation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from agent.manifest import create, gates
from agent.manifest.errors import invalid, required
from agent.model.meta import LabelSelectorRequirement
from agent.model.pod import Pod
from tests.support.pods import container, pod

_APPARMOR = "container.apparmor.security.beta.kubernetes.io/main"


def prepared(given: Pod, features: frozenset[str] = frozenset()) -> Pod:
    return create.prepare_for_create(given, "default", features=features)[0]


def test_a_pod_without_a_namespace_gets_the_requests() -> None:
    given = pod(metadata={"namespace": ""})

    assert create.prepare_for_create(given, "team")[0].metadata.namespace == "team"


def test_a_pod_of_another_namespace_is_refused() -> None:
    with pytest.raises(create.NamespaceMismatchError, match="does not match the namespace sent"):
        create.prepare_for_create(pod(), "team")


def test_a_generated_name_gets_the_suffix() -> None:
    given = pod(metadata={"name": "", "generateName": "job-"})

    result, _ = create.prepare_for_create(given, "default", name_suffix="x7")

    assert result.metadata.name == "job-x7"


def test_what_only_the_system_may_say_is_wiped() -> None:
    given = pod(metadata={"uid": "u", "generation": 7, "selfLink": "/x"})
    then = datetime(2025, 6, 1, tzinfo=UTC)
    given = replace(given, metadata=replace(given.metadata, creation_timestamp=then))

    meta = prepared(given).metadata

    assert (meta.uid, meta.generation, meta.self_link) == ("", 1, "")
    assert meta.creation_timestamp is None


def test_a_new_pod_is_pending() -> None:
    assert prepared(pod()).status.phase == "Pending"


def test_fields_of_gates_that_are_off_are_dropped() -> None:
    given = pod(
        container(
            lifecycle={"stopSignal": "SIGINT"},
            restartPolicy="Never",
            env=[
                {
                    "name": "A",
                    "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "f", "key": "k"}},
                }
            ],
            volumeMounts=[{"name": "image", "mountPath": "/i"}],
        ),
        volumes=[{"name": "image", "image": {"reference": "x"}}],
        hostnameOverride="other",
    )

    spec = prepared(given).spec

    main = spec.containers[0]
    assert (main.lifecycle, main.restart_policy, main.volume_mounts) == (None, None, ())
    assert main.env[0].value_from is not None
    assert main.env[0].value_from.file_key_ref is None
    assert (spec.volumes, spec.hostname_override) == ((), None)


def test_gates_that_are_on_keep_their_fields() -> None:
    given = pod(container(lifecycle={"stopSignal": "SIGINT"}, restartPolicy="Never"))

    assert prepared(given, features=gates.HONOURED).spec == given.spec


def test_an_init_container_may_only_be_a_sidecar() -> None:
    given = pod(
        initContainers=[
            container("a", restartPolicy="Always"),
            container("b", restartPolicy="OnFailure"),
        ]
    )

    policies = [one.restart_policy for one in prepared(given).spec.init_containers]

    assert policies == ["Always", None]


def test_hooks_stay_when_the_stop_signal_goes() -> None:
    hook = {"exec": {"command": ["true"]}}
    given = pod(container(lifecycle={"stopSignal": "SIGINT", "preStop": hook}))

    lifecycle = prepared(given).spec.containers[0].lifecycle

    assert lifecycle is not None
    assert lifecycle.stop_signal is None
    assert lifecycle.pre_stop is not None


def test_an_old_annotation_becomes_a_field_with_a_warning() -> None:
    given = pod(annotations={_APPARMOR: "localhost/mine"})

    result, warnings = create.prepare_for_create(given, "default")

    context = result.spec.containers[0].security_context
    assert context is not None
    assert context.app_armor_profile is not None
    assert context.app_armor_profile.localhost_profile == "mine"
    assert warnings == [
        f"metadata.annotations[{_APPARMOR}]: deprecated since v1.30; "
        'use the "appArmorProfile" field instead'
    ]


def test_a_field_becomes_an_annotation() -> None:
    given = pod(securityContext={"appArmorProfile": {"type": "RuntimeDefault"}})

    result, warnings = create.prepare_for_create(given, "default")

    assert result.metadata.annotations == {_APPARMOR: "runtime/default"}
    assert warnings == []


def test_label_keys_are_merged_into_the_selector() -> None:
    given = pod(
        metadata={"labels": {"app": "web"}},
        topologySpreadConstraints=[
            {
                "maxSkew": 1,
                "topologyKey": "zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {},
                "matchLabelKeys": ["app", "missing"],
            }
        ],
    )

    selector = prepared(given).spec.topology_spread_constraints[0].label_selector

    assert selector is not None
    assert selector.match_expressions == (
        LabelSelectorRequirement(key="app", operator="In", values=("web",)),
    )


def test_a_status_names_every_cause_and_repeats_no_text() -> None:
    errors = [required("spec.a"), required("spec.a"), invalid("spec.b", "x", "is odd")]

    status = create.invalid_status("Pod", "web", errors)

    assert status["message"] == (
        'Pod "web" is invalid: [spec.a: Required value, spec.b: Invalid value: "x": is odd]'
    )
    assert [cause["field"] for cause in status["details"]["causes"]] == [
        "spec.a",
        "spec.a",
        "spec.b",
    ]
    assert (status["reason"], status["code"]) == ("Invalid", 422)


def test_a_single_error_stands_without_brackets() -> None:
    message = create.invalid_message("Pod", "web", [required("spec.a", "now")])

    assert message == 'Pod "web" is invalid: spec.a: Required value: now'


def test_projections_that_need_a_cluster_are_dropped() -> None:
    sources = [
        {"clusterTrustBundle": {"name": "b", "path": "x"}},
        {"podCertificate": {"signerName": "a.b/c", "keyType": "ED25519", "keyPath": "k"}},
        {"configMap": {"name": "c"}},
    ]
    given = pod(volumes=[{"name": "v", "projected": {"sources": sources}}])

    projected = prepared(given).spec.volumes[0].projected

    assert projected is not None
    assert [source.config_map is not None for source in projected.sources] == [False, False, True]
    assert all(source.cluster_trust_bundle is None for source in projected.sources)
    assert all(source.pod_certificate is None for source in projected.sources)


def test_gates_of_cluster_features_keep_their_fields() -> None:
    sources = [{"clusterTrustBundle": {"name": "b", "path": "x"}}]
    volumes = [
        {"name": "v", "projected": {"sources": sources}},
        {"name": "i", "image": {"reference": "x"}},
    ]
    given = pod(volumes=volumes)
    every = gates.HONOURED | {
        "ImageVolume",
        "ClusterTrustBundleProjection",
        "PodCertificateRequest",
    }

    assert prepared(given, every).spec == given.spec


def test_label_keys_are_merged_into_affinity() -> None:
    term = {
        "topologyKey": "zone",
        "labelSelector": {},
        "matchLabelKeys": ["app"],
        "mismatchLabelKeys": ["tenant"],
    }
    given = pod(
        metadata={"labels": {"app": "web", "tenant": "t"}},
        affinity={
            "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 1, "podAffinityTerm": term}
                ]
            },
        },
    )

    affinity = prepared(given).spec.affinity

    assert affinity is not None
    assert affinity.pod_affinity is not None
    (needed,) = affinity.pod_affinity.required_during_scheduling_ignored_during_execution
    assert affinity.pod_anti_affinity is not None
    preferred = affinity.pod_anti_affinity.preferred_during_scheduling_ignored_during_execution
    for selector in (needed.label_selector, preferred[0].pod_affinity_term.label_selector):
        assert selector is not None
        assert [e.operator for e in selector.match_expressions] == ["In", "NotIn"]


def test_windows_pods_have_no_apparmor() -> None:
    given = pod(annotations={_APPARMOR: "unconfined"}, os={"name": "windows"})

    result, warnings = create.prepare_for_create(given, "default")

    assert (result.spec.containers, warnings) == (given.spec.containers, [])


@pytest.mark.parametrize(
    ("profile", "annotation"),
    [
        ({"type": "Unconfined"}, "unconfined"),
        ({"type": "Localhost", "localhostProfile": "mine"}, "localhost/mine"),
        ({"type": "Localhost"}, None),
    ],
)
def test_each_profile_has_its_annotation(profile: dict[str, str], annotation: str | None) -> None:
    given = pod(container(securityContext={"appArmorProfile": profile}))

    assert prepared(given).metadata.annotations.get(_APPARMOR) == annotation


@pytest.mark.parametrize("annotation", ["localhost/", "localhost/ x", "odd"])
def test_an_annotation_that_means_nothing_is_only_told(annotation: str) -> None:
    given = pod(annotations={_APPARMOR: annotation})

    result, warnings = create.prepare_for_create(given, "default")

    assert result.spec.containers[0].security_context is None
    assert len(warnings) == 1


def test_an_annotation_that_repeats_the_pods_profile_is_fine() -> None:
    given = pod(
        annotations={_APPARMOR: "unconfined"},
        securityContext={"appArmorProfile": {"type": "Unconfined"}},
    )

    result, warnings = create.prepare_for_create(given, "default")

    assert (result.spec.containers[0].security_context, warnings) == (None, [])


def test_a_container_with_its_own_profile_keeps_it() -> None:
    own = {"appArmorProfile": {"type": "RuntimeDefault"}}
    given = pod(container(securityContext=own), annotations={_APPARMOR: "unconfined"})

    assert prepared(given).spec == given.spec


def test_a_status_without_causes() -> None:
    assert create.invalid_message("Pod", "web", []) == 'Pod "web" is invalid'
    assert "causes" not in create.invalid_status("Pod", "web", [])["details"]
