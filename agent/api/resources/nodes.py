"""The node: there is one, and it is kept by the agent; labels, taints and cordon are its users'."""

from __future__ import annotations

from typing import Any

from agent.api.machinery.errors import Named, forbidden
from agent.api.machinery.keeping import Removal, StoreKeeper
from agent.model.api import DeleteOptions

_ONLY = "it stands for the machine that barepod runs on"


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
