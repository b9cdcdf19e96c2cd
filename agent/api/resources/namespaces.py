"""Namespaces: made, and ended with all that is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from agent.api.machinery.errors import Named, forbidden
from agent.api.machinery.keeping import NowFunction, Removal, StoreKeeper, with_deletion
from agent.api.machinery.resource import Resource
from agent.api.machinery.strategy import ClusterStrategy
from agent.host.identifiers import new_uid
from agent.manifest.errors import FieldError
from agent.manifest.validation import names
from agent.manifest.validation.options import report
from agent.model.api import DeleteOptions
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.namespace import Namespace, NamespaceSpec, NamespaceStatus
from agent.model.pod import Pod
from agent.model.service_account import ServiceAccount
from agent.store.interface import Change, ChangeType, Store

#: Those that are always there.
SYSTEM = ("default", "kube-node-lease", "kube-public", "kube-system")
_IMMORTAL = frozenset({"default", "kube-public", "kube-system"})
_NAME_LABEL = "kubernetes.io/metadata.name"
_ACCOUNT = "default"


class NamespaceStrategy(ClusterStrategy):
    """pkg/registry/core/namespace/strategy.go."""

    def complete(self, obj: Any) -> Any:
        """Its name is a label of it (SetDefaults_Namespace)."""
        meta = obj.metadata
        if not meta.name:
            return obj
        labels = {**meta.labels, _NAME_LABEL: meta.name}
        return replace(obj, metadata=replace(meta, labels=labels))

    def prepare(self, obj: Any) -> tuple[Any, tuple[str, ...]]:
        meta = obj.metadata
        obj = replace(
            obj,
            spec=NamespaceSpec(finalizers=("kubernetes",)),
            status=NamespaceStatus(phase="Active"),
            metadata=replace(meta, deletion_timestamp=None, deletion_grace_period_seconds=None),
        )
        return obj, ()

    def validate(self, obj: Any) -> list[FieldError]:
        name = obj.metadata.name
        errors = super().validate(obj)
        if name and not errors:
            report(errors, "metadata.name", name, names.dns_label(name))
        return errors


class NamespaceKeeper(StoreKeeper):
    """A namespace that is deleted takes its content along, pods by their grace."""

    def __init__(
        self, store: Store, now: NowFunction, resources: Callable[[], Iterable[Resource]]
    ) -> None:
        """`resources` are all the kinds there are."""
        super().__init__(store, now)
        self._resources = resources
        self._ending: set[str] = set()
        store.watch(self._seen)

    def begin(self) -> None:
        """Make those that must be there; go on with what an earlier process began to end."""
        for name in SYSTEM:
            self._ensure(name)
        for pod in self._store.list(Pod):
            self._ensure(pod.metadata.namespace)
        for namespace in self._store.list(Namespace):
            if namespace.metadata.deletion_timestamp is not None:
                self._end(namespace.metadata.name)

    def create(self, obj: Any) -> Any:
        stored = super().create(obj)
        if isinstance(stored, Namespace):
            self._store.put(self._account(stored.metadata.name))
        return stored

    def change(self, new: Any, old: Any) -> Any:
        """Its end does not hang on finalizers of the metadata alone."""
        return self._store.put(new, expected_version=int(old.metadata.resource_version))

    def remove(self, obj: Any, options: DeleteOptions) -> Removal:
        ended = self.removed(obj, options)
        if obj.metadata.deletion_timestamp is not None:
            return Removal(obj, is_gone=False)
        stored = self._store.put(ended)
        self._end(stored.metadata.name)
        return Removal(stored, is_gone=False)

    def removed(self, obj: Any, options: DeleteOptions) -> Any:
        name = obj.metadata.name
        if name in _IMMORTAL:
            raise forbidden(Named("", "namespaces", name), "this namespace may not be deleted")
        ended = with_deletion(obj, self._now(), 0)
        meta = replace(ended.metadata, deletion_grace_period_seconds=None)
        status = replace(ended.status, phase="Terminating")
        return replace(ended, metadata=meta, status=status)

    def _ensure(self, name: str) -> None:
        if self._store.get(Namespace, "", name) is None:
            self.create(self._new(name))

    def _end(self, name: str) -> None:
        self._ending.add(name)
        for resource, obj in self._content(name):
            if resource.keeper is not None and obj.metadata.deletion_timestamp is None:
                resource.keeper.remove(obj, DeleteOptions())
        self._finish(name)

    def _seen(self, change: Change) -> None:
        """What files bring into a namespace that nobody made brings the namespace along."""
        namespace = change.object.metadata.namespace
        if change.type is ChangeType.ADDED and isinstance(change.object, Pod | ConfigMap | Secret):
            self._ensure(namespace)
        if change.type is ChangeType.DELETED and namespace in self._ending:
            self._finish(namespace)

    def _finish(self, name: str) -> None:
        """Remove a namespace in which nothing is left but what was told of its content."""
        if name not in self._ending or any(True for _ in self._content(name)):
            return
        self._ending.discard(name)
        for event in self._store.list(Event, name):
            self._store.delete(Event, name, event.metadata.name)
        self._store.delete(Namespace, "", name)

    def _content(self, name: str) -> Iterable[tuple[Resource, Any]]:
        for resource in self._resources():
            if resource.is_namespaced and resource.keeper is not None:
                model: Any = resource.model
                if model is not Event:
                    for obj in self._store.list(model, name):
                        yield resource, obj

    def _new(self, name: str) -> Namespace:
        strategy = NamespaceStrategy()
        made, _ = strategy.prepare(strategy.complete(Namespace(metadata=ObjectMeta(name=name))))
        namespace: Namespace = made
        return replace(namespace, metadata=self._born(namespace.metadata))

    def _account(self, namespace: str) -> ServiceAccount:
        return ServiceAccount(metadata=self._born(ObjectMeta(name=_ACCOUNT, namespace=namespace)))

    def _born(self, meta: ObjectMeta) -> ObjectMeta:
        now = self._now().replace(microsecond=0)
        return replace(meta, uid=new_uid(), creation_timestamp=now)
