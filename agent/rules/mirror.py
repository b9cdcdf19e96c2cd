"""Which pods come from manifest files, and how do they show it?

A kubelet publishes each static pod as a mirror pod that bears these annotations (kubelet/types,
pod_update.go). Its file is what counts: whoever deletes the pod gets a new one in its place.
"""

from __future__ import annotations

import hashlib

import msgspec
from msgspec.structs import replace

from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.model.status import PodStatus

SOURCE = "kubernetes.io/config.source"
MIRROR = "kubernetes.io/config.mirror"
HASH = "kubernetes.io/config.hash"
FILE = "file"
_DIGITS = 32


def marked(pod: Pod) -> Pod:
    """The pod with the annotations of one that comes from a file."""
    fingerprint = hashlib.sha256(msgspec.json.encode(pod)).hexdigest()[:_DIGITS]
    added = {SOURCE: FILE, HASH: fingerprint, MIRROR: fingerprint}
    metadata = replace(pod.metadata, annotations={**pod.metadata.annotations, **added})
    return replace(pod, metadata=metadata)


def is_mirror(pod: Pod) -> bool:
    """Whether the pod comes from a file."""
    annotations = pod.metadata.annotations
    return annotations.get(SOURCE) == FILE and MIRROR in annotations


def successor(pod: Pod) -> Pod:
    """The pod as it was before it lived: what runs after it when it is deleted."""
    meta = pod.metadata
    metadata = ObjectMeta(
        name=meta.name,
        namespace=meta.namespace,
        labels=meta.labels,
        annotations=meta.annotations,
        owner_references=meta.owner_references,
    )
    return replace(pod, metadata=metadata, status=PodStatus())
