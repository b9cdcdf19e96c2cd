"""All kinds that the API serves: a new kind is one declaration here."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.api.machinery.keeping import NowFunction, StoreKeeper
from agent.api.machinery.registry import Registry
from agent.api.machinery.resource import ALL_VERBS, READ_VERBS, Find, Resource, Subresource
from agent.api.machinery.strategy import ClusterStrategy, Strategy
from agent.api.resources import config_data, events, namespaces, nodes, plain, pods, reviews
from agent.model.api import Eviction
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.events_v1 import Event as EventV1
from agent.model.lease import Lease
from agent.model.manifest_file import ManifestFile
from agent.model.metrics import NodeMetrics, PodMetrics
from agent.model.namespace import Namespace
from agent.model.node import Node
from agent.model.pod import Pod
from agent.model.review import (
    SelfSubjectAccessReview,
    SelfSubjectReview,
    SelfSubjectRulesReview,
)
from agent.model.service import Service
from agent.model.service_account import ServiceAccount
from agent.store.interface import Store

_STATUS_VERBS = ("get", "patch", "update")
_STREAM_VERBS = ("create", "get")
_KEPT_VERBS = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")
_METRICS = "metrics.k8s.io"


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the kinds are kept with; `find_pod_metrics` and the other measure when asked."""

    store: Store
    now: NowFunction
    runner: pods.RunsPods
    places: pods.PlacesPods
    find_pod_metrics: Find
    find_node_metrics: Find


class Catalogue:
    """The kinds, and who keeps the namespaces."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._plain = StoreKeeper(parts.store, parts.now)
        self.namespaces = namespaces.NamespaceKeeper(parts.store, parts.now, self._all)
        pod_keeper = pods.PodKeeper(parts.store, parts.now, parts.runner, parts.places)
        self.registry = Registry(
            (
                self._pods(pod_keeper),
                self._namespaces(),
                *self._config(),
                self._nodes(),
                *self._events(),
                *self._others(),
                self._manifest_files(),
                *self._metrics(),
                *_reviews(),
            )
        )

    def _all(self) -> Registry:
        return self.registry

    def _pods(self, keeper: pods.PodKeeper) -> Resource:
        eviction = Subresource(
            name="eviction",
            kind="Eviction",
            group="policy",
            verbs=("create",),
            model=Eviction,
            act=keeper.evict,
        )
        return Resource(
            plural="pods",
            singular="pod",
            kind="Pod",
            short_names=("po",),
            categories=("all",),
            model=Pod,
            strategy=pods.PodStrategy(),
            keeper=keeper,
            subresources=(
                _stream("attach", "PodAttachOptions"),
                eviction,
                _stream("exec", "PodExecOptions"),
                Subresource(name="log", kind="Pod", verbs=("get",), is_stream=True),
                _stream("portforward", "PodPortForwardOptions"),
                _status("Pod"),
            ),
        )

    def _namespaces(self) -> Resource:
        return Resource(
            plural="namespaces",
            singular="namespace",
            kind="Namespace",
            short_names=("ns",),
            is_namespaced=False,
            model=Namespace,
            strategy=namespaces.NamespaceStrategy(),
            keeper=self.namespaces,
            verbs=_KEPT_VERBS,
            subresources=(_status("Namespace"),),
        )

    def _config(self) -> tuple[Resource, ...]:
        return (
            Resource(
                plural="configmaps",
                singular="configmap",
                kind="ConfigMap",
                short_names=("cm",),
                model=ConfigMap,
                strategy=config_data.ConfigMapStrategy(),
                keeper=self._plain,
            ),
            Resource(
                plural="secrets",
                singular="secret",
                kind="Secret",
                model=Secret,
                strategy=config_data.SecretStrategy(),
                keeper=self._plain,
            ),
        )

    def _nodes(self) -> Resource:
        return Resource(
            plural="nodes",
            singular="node",
            kind="Node",
            short_names=("no",),
            is_namespaced=False,
            model=Node,
            strategy=ClusterStrategy(),
            keeper=nodes.NodeKeeper(self._parts.store, self._parts.now),
            subresources=(_status("Node"),),
        )

    def _events(self) -> tuple[Resource, ...]:
        core = Resource(
            plural="events",
            singular="event",
            kind="Event",
            short_names=("ev",),
            model=Event,
            strategy=Strategy(),
            keeper=self._plain,
            micro_times=events.MICRO_TIMES,
        )
        return core, msgspec.structs.replace(
            core,
            group="events.k8s.io",
            field_names=events.FIELD_NAMES,
            wire=EventV1,
            encode=events.encode,
            decode=events.decode,
        )

    def _others(self) -> tuple[Resource, ...]:
        return (
            Resource(
                plural="serviceaccounts",
                singular="serviceaccount",
                kind="ServiceAccount",
                short_names=("sa",),
                model=ServiceAccount,
                strategy=Strategy(),
                keeper=self._plain,
            ),
            Resource(
                plural="services",
                singular="service",
                kind="Service",
                short_names=("svc",),
                categories=("all",),
                model=Service,
                strategy=plain.ServiceStrategy(),
                keeper=self._plain,
                subresources=(_status("Service"),),
            ),
            Resource(
                group="coordination.k8s.io",
                plural="leases",
                singular="lease",
                kind="Lease",
                model=Lease,
                strategy=plain.LeaseStrategy(),
                keeper=self._plain,
                micro_times=("acquireTime", "renewTime"),
            ),
        )

    def _manifest_files(self) -> Resource:
        """What the agent made of its manifest directory: nobody else writes that."""
        return Resource(
            group="barepod.dev",
            plural="manifestfiles",
            singular="manifestfile",
            kind="ManifestFile",
            short_names=("manifests", "mf"),
            is_namespaced=False,
            model=ManifestFile,
            strategy=ClusterStrategy(),
            keeper=self._plain,
            verbs=READ_VERBS,
        )

    def _metrics(self) -> tuple[Resource, ...]:
        verbs = ("get", "list")
        nodes_resource: dict[str, Any] = {"group": _METRICS, "version": "v1beta1", "verbs": verbs}
        return (
            Resource(
                plural="nodes",
                singular="",
                kind="NodeMetrics",
                is_namespaced=False,
                model=NodeMetrics,
                strategy=Strategy(),
                find=self._parts.find_node_metrics,
                **nodes_resource,
            ),
            Resource(
                plural="pods",
                singular="",
                kind="PodMetrics",
                model=PodMetrics,
                strategy=Strategy(),
                find=self._parts.find_pod_metrics,
                **nodes_resource,
            ),
        )


def _stream(name: str, kind: str) -> Subresource:
    return Subresource(name=name, kind=kind, verbs=_STREAM_VERBS, is_stream=True)


def _status(kind: str) -> Subresource:
    return Subresource(name="status", kind=kind, verbs=_STATUS_VERBS)


def _reviews() -> tuple[Resource, ...]:
    authorization, authentication = "authorization.k8s.io", "authentication.k8s.io"
    rows: tuple[tuple[str, str, Any, Any], ...] = (
        (authorization, "v1", SelfSubjectAccessReview, reviews.access),
        (authorization, "v1", SelfSubjectRulesReview, reviews.rules),
        (authentication, "v1", SelfSubjectReview, reviews.subject),
        # kubectl 1.27 knows no other.
        (authentication, "v1beta1", SelfSubjectReview, reviews.subject),
    )
    return tuple(
        Resource(
            group=group,
            version=version,
            plural=f"{model.__name__.lower()}s",
            singular=model.__name__.lower(),
            kind=model.__name__,
            is_namespaced=False,
            model=model,
            strategy=Strategy(),
            verbs=("create",),
            act=act,
        )
        for group, version, model, act in rows
    )
