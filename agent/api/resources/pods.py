"""Pods: what may be created and changed, and how they come and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from agent.api.machinery.bodies import check_dry_run
from agent.api.machinery.call import Call
from agent.api.machinery.deleting import check_preconditions
from agent.api.machinery.errors import Named, bad_request, not_found, unavailable
from agent.api.machinery.keeping import NowFunction, Removal, with_deletion
from agent.api.machinery.strategy import Strategy, Subresource
from agent.manifest.create import prepare_for_create
from agent.manifest.defaults import default_pod
from agent.manifest.errors import FieldError, forbidden
from agent.manifest.unsupported import unsupported
from agent.manifest.update.pod import update_pod
from agent.manifest.validate import pod_warnings, validate_pod
from agent.model.api import DeleteOptions, Eviction, Status
from agent.model.pod import Pod
from agent.rules import mirror
from agent.rules.qos import qos_class
from agent.store.interface import Conflict, Store

_MIRROR_FIELD = f"metadata.annotations[{mirror.MIRROR}]"


class RunsPods(Protocol):
    """Who runs pods."""

    @property
    def is_stopping(self) -> bool:
        """Whether nothing is started any more."""
        ...

    def add(self, pod: Pod, ignored: tuple[str, ...] = ()) -> None: ...
    def update(self, pod: Pod, ignored: tuple[str, ...] = ()) -> None: ...
    def changed(self, pod: Pod) -> None: ...
    def delete(self, namespace: str, name: str, grace_seconds: int | None = None) -> None: ...
    def release(self, namespace: str, name: str) -> None: ...


class PlacesPods(Protocol):
    """Who decides whether the node takes a pod now."""

    def holds(self, pod: Pod) -> bool:
        """Whether the pod has to wait."""
        ...

    def held(self, pod: Pod) -> Pod:
        """The pod as it looks while it waits; it is told so."""
        ...


class PodStrategy(Strategy):
    """pkg/registry/core/pod/strategy.go, and what a bare host cannot do."""

    def judge(self, given: Any) -> tuple[list[FieldError], tuple[str, ...]]:
        verdict = unsupported(given)
        return list(verdict.refused), tuple(str(one) for one in verdict.ignored if one.is_missed)

    def complete(self, obj: Any) -> Any:
        return default_pod(obj)

    def prepare(self, obj: Any) -> tuple[Any, tuple[str, ...]]:
        pod, warnings = prepare_for_create(obj, obj.metadata.namespace)
        # Names are made where one that is taken can be made anew.
        metadata = replace(pod.metadata, name=obj.metadata.name)
        status = replace(pod.status, qos_class=qos_class(pod))
        return replace(pod, metadata=metadata, status=status), tuple(warnings)

    def validate(self, obj: Any) -> list[FieldError]:
        errors = validate_pod(obj)
        if mirror.MIRROR in obj.metadata.annotations:
            errors.append(forbidden(_MIRROR_FIELD, "is for pods of manifest files"))
        return errors

    def warnings(self, obj: Any) -> tuple[str, ...]:
        return tuple(pod_warnings(obj))

    def update(
        self, new: Any, old: Any, subresource: Subresource
    ) -> tuple[Any, Sequence[FieldError]]:
        # A manifest does not name the node; what it leaves out is not to be changed.
        spec = replace(new.spec, node_name=new.spec.node_name or old.spec.node_name)
        updated = update_pod(replace(new, spec=spec), old, subresource, qos_class=qos_class)
        return updated.object, updated.errors


class PodKeeper:
    """Pods live with the one who runs them."""

    def __init__(self, store: Store, now: NowFunction, pods: RunsPods, places: PlacesPods) -> None:
        self._store = store
        self._now = now
        self._pods = pods
        self._places = places

    def create(self, obj: Any) -> Any:
        """Run it, unless the node takes no pods now: then it waits."""
        pod: Pod = obj
        meta = pod.metadata
        if self._pods.is_stopping:
            raise unavailable("the agent is stopping: create the pod when it is back")
        there = self._store.get(Pod, meta.namespace, meta.name)
        if there is not None:
            return Conflict(0, int(there.metadata.resource_version))
        if self._places.holds(pod):
            return self._places.held(pod)
        missed = tuple(str(one) for one in unsupported(pod).ignored if one.is_missed)
        self._pods.add(pod, missed)
        return self._store.get(Pod, meta.namespace, meta.name)

    def change(self, new: Any, old: Any) -> Any:
        """The pod goes on as it is now; without finalizers it may be gone for good."""
        stored = self._store.put(new, expected_version=int(old.metadata.resource_version))
        if isinstance(stored, Conflict):
            return stored
        self._pods.changed(stored)
        meta = stored.metadata
        if meta.deletion_timestamp is not None and not meta.finalizers:
            self._pods.release(meta.namespace, meta.name)
        return stored

    def remove(self, obj: Any, options: DeleteOptions) -> Removal:
        """End it by its grace; one from a manifest file comes back as a new pod."""
        pod: Pod = obj
        meta = pod.metadata
        grace = options.grace_period_seconds
        self._pods.delete(meta.namespace, meta.name, None if grace is None else max(grace, 0))
        left = self._store.get(Pod, meta.namespace, meta.name)
        if mirror.is_mirror(pod) and meta.deletion_timestamp is None:
            self._pods.update(mirror.successor(pod))
        if left is None:
            # It had ended already; clients know that an object with this is gone.
            return Removal(self.removed(pod, DeleteOptions(grace_period_seconds=0)), is_gone=False)
        return Removal(left, is_gone=False)

    def removed(self, obj: Any, options: DeleteOptions) -> Any:
        wanted = options.grace_period_seconds
        grace = obj.spec.termination_grace_period_seconds if wanted is None else wanted
        return with_deletion(obj, self._now(), max(grace or 0, 0))

    async def evict(self, call: Call, given: Any) -> Status:
        """Delete by the way of an eviction: there are no disruption budgets that could object."""
        eviction: Eviction = given
        pod = self._store.get(Pod, call.namespace, call.name)
        if pod is None:
            raise not_found(Named("", "pods", call.name))
        if eviction.metadata.name not in ("", call.name):
            raise bad_request("name in URL does not match name in Eviction object")
        options = eviction.delete_options or DeleteOptions()
        check_dry_run(options.dry_run)
        check_preconditions(Named("", "pods", call.name), pod, options)
        if not options.dry_run:
            removal = self.remove(pod, options)
            await self._store.durable(int(removal.object.metadata.resource_version))
        return Status(kind="Status", api_version="v1", status="Success", code=201)
