"""How are the lists and maps of Kubernetes' types merged? The patch tags of 1.34, as data."""

from __future__ import annotations

from typing import Final

import msgspec

from agent.api.patch.error import internal
from agent.manifest import codecs
from agent.manifest.codecs import Codec
from agent.manifest.decode import struct_codec
from agent.model.base import Object
from agent.model.gotext import quote


class Strategy(msgspec.Struct, frozen=True):
    """How one field is merged (the tags patchStrategy and patchMergeKey).

    A list that is not `merge` is replaced; `key` tells the items of a list of maps apart.
    `retain_keys`: a patch made by a client names the members that are to stay.
    """

    merge: bool = False
    key: str = ""
    retain_keys: bool = False


_PLAIN: Final = Strategy()
_SET: Final = Strategy(merge=True)


def _by(key: str, *, retain_keys: bool = False) -> Strategy:
    return Strategy(merge=True, key=key, retain_keys=retain_keys)


#: By Go type and JSON name of the field; what is not here is plain.
_STRATEGIES: Final[dict[str, dict[str, Strategy]]] = {
    "ObjectMeta": {"ownerReferences": _by("uid"), "finalizers": _SET},
    "PodSpec": {
        "volumes": _by("name", retain_keys=True),
        "initContainers": _by("name"),
        "containers": _by("name"),
        "ephemeralContainers": _by("name"),
        "imagePullSecrets": _by("name"),
        "hostAliases": _by("ip"),
        "topologySpreadConstraints": _by("topologyKey"),
        "schedulingGates": _by("name"),
        "resourceClaims": _by("name", retain_keys=True),
    },
    "Container": {
        "ports": _by("containerPort"),
        "env": _by("name"),
        "volumeMounts": _by("mountPath"),
        "volumeDevices": _by("devicePath"),
    },
    "PodStatus": {
        "conditions": _by("type"),
        "hostIPs": _by("ip"),
        "podIPs": _by("ip"),
        "resourceClaimStatuses": _by("name", retain_keys=True),
    },
    "ContainerStatus": {
        "volumeMounts": _by("mountPath"),
        "allocatedResourcesStatus": _by("name"),
    },
    "NodeSpec": {"podCIDRs": _SET},
    "NodeStatus": {"conditions": _by("type"), "addresses": _by("type")},
    "NamespaceStatus": {"conditions": _by("type")},
    "ServiceAccount": {"secrets": _by("name")},
    "ServiceSpec": {"ports": _by("port")},
    "ServiceStatus": {"conditions": _by("type")},
}


class Schema:
    """The type of a place in an object, as far as merging cares."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec.inner if isinstance(codec, codecs.Pointer) else codec

    @classmethod
    def of(cls, kind: type[Object]) -> Schema:
        """Return the schema of a type of the model."""
        return cls(struct_codec(kind))

    @property
    def kind(self) -> str:
        """Go's name of the kind of the type ("struct", "map")."""
        match self._codec:
            case codecs.Struct():
                return "struct"
            case codecs.Map():
                return "map"
            case codecs.Sequence():
                return "slice"
            case _:
                return "interface"

    def member(self, name: str) -> tuple[Schema, Strategy]:
        """Return schema and strategy of a member; raises PatchError when there is none."""
        codec = self._codec
        if isinstance(codec, codecs.Map):
            return Schema(codec.item), _PLAIN
        if not isinstance(codec, codecs.Struct):
            text = "merging an object in json but data type is not struct, instead is: "
            raise internal(text + self.kind)
        found = codec.member(name)
        if found is None:
            struct = codec.cls.__name__
            text = f"unable to find api field in struct {struct} for the json field {quote(name)}"
            raise internal(text)
        return Schema(found), _strategy(codec.cls, name)

    def items(self, name: str) -> tuple[Schema, Strategy]:
        """Return the schema of the items of a list, and its strategy; raises PatchError."""
        schema, strategy = self.member(name)
        if not isinstance(schema._codec, codecs.Sequence):
            raise internal(f"expected slice or array type, but got: {self.kind}")
        return Schema(schema._codec.item), strategy


def _strategy(cls: type[Object], name: str) -> Strategy:
    """A type that extends another one has its fields, and their strategies."""
    for owner in cls.__mro__:
        found = _STRATEGIES.get(owner.__name__, {}).get(name)
        if found is not None:
            return found
    return _PLAIN
