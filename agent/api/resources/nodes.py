"""The node: there is one, and it is kept by the agent; labels, taints and cordon are its users'."""

from __future__ import annotations

from typing import Any

from agent.api.machinery.errors import Named, forbidden
from agent.api.machinery.keeping import Removal, StoreKeeper
from agent.api.machinery.strategy import WithStatus, check_fixed, check_metadata
from agent.manifest.errors import FieldError
from agent.model.api import DeleteOptions

_ONLY = "it stands for the machine that barepod runs on"


class NodeStrategy(WithStatus):
    """pkg/registry/core/node/strategy.go."""

    def validate(self, obj: Any) -> list[FieldError]:
        return check_metadata(obj.metadata, is_namespaced=False)

    def validate_update(self, new: Any, old: Any) -> list[FieldError]:
        return [*self.validate(new), *check_fixed(new.metadata, old.metadata)]


class NodeKeeper(StoreKeeper):
    """Nodes neither come nor go."""

    def create(self, obj: Any) -> Any:
        raise forbidden(
            Named("", "nodes", obj.metadata.name), "there is one machine, and it is here"
        )

    def remove(self, obj: Any, options: DeleteOptions) -> Removal:
        raise forbidden(Named("", "nodes", obj.metadata.name), _ONLY)

    def removed(self, obj: Any, options: DeleteOptions) -> Any:
        raise forbidden(Named("", "nodes", obj.metadata.name), _ONLY)
