"""What is owned piece by piece, and what only as a whole? The listType tags of 1.34, as data."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from agent.api.apply.paths import item, member
from agent.manifest import codecs
from agent.manifest.codecs import Codec
from agent.model.base import Object


class Keys(msgspec.Struct, frozen=True):
    """How the items of a list are told apart: by members, or by themselves in a set.

    `defaults` are the values of members that may be left out.
    """

    names: tuple[str, ...] = ()
    defaults: tuple[tuple[str, Any], ...] = ()

    def element(self, value: Any) -> str:
        """Return the element of an item."""
        if not self.names:
            return member(value)
        known = dict(self.defaults) | (value if isinstance(value, dict) else {})
        return item({name: known.get(name) for name in self.names})


_SET: Final = Keys()
_NAME: Final = Keys(("name",))
_TYPE: Final = Keys(("type",))
_IP: Final = Keys(("ip",))
_TCP: Final = (("protocol", "TCP"),)

#: Lists whose items have owners of their own, by Go type and field; all others are one value.
_LISTS: Final[dict[str, dict[str, Keys]]] = {
    "ObjectMeta": {"finalizers": _SET, "ownerReferences": Keys(("uid",))},
    "PodSpec": {
        "volumes": _NAME,
        "initContainers": _NAME,
        "containers": _NAME,
        "ephemeralContainers": _NAME,
        "imagePullSecrets": _NAME,
        "hostAliases": _IP,
        "topologySpreadConstraints": Keys(("topologyKey", "whenUnsatisfiable")),
        "schedulingGates": _NAME,
        "resourceClaims": _NAME,
    },
    "Container": {
        "ports": Keys(("containerPort", "protocol"), _TCP),
        "env": _NAME,
        "volumeMounts": Keys(("mountPath",)),
        "volumeDevices": Keys(("devicePath",)),
    },
    "ResourceRequirements": {"claims": _NAME},
    "PodStatus": {"conditions": _TYPE, "podIPs": _IP, "resourceClaimStatuses": _NAME},
    "ContainerStatus": {"volumeMounts": Keys(("mountPath",)), "allocatedResourcesStatus": _NAME},
    "NodeSpec": {"podCIDRs": _SET},
    "NodeStatus": {"conditions": _TYPE, "addresses": _TYPE},
    "NamespaceStatus": {"conditions": _TYPE},
    "ServiceAccount": {"secrets": _NAME},
    "ServiceSpec": {"ports": Keys(("port", "protocol"), _TCP)},
    "ServiceStatus": {"conditions": _TYPE},
}
#: Types that have one owner as a whole.
_WHOLE_TYPES: Final = frozenset(
    {
        "LabelSelector", "LocalObjectReference", "ObjectReference", "SecretKeySelector",
        "ConfigMapKeySelector", "FileKeySelector", "ObjectFieldSelector",
        "ResourceFieldSelector", "NodeSelector", "NodeSelectorTerm",
        "TypedLocalObjectReference",
    }
)  # fmt: skip
#: Maps that have one owner as a whole.
_WHOLE_MAPS: Final = frozenset({("PodSpec", "nodeSelector"), ("ServiceSpec", "selector")})


class Place(msgspec.Struct, frozen=True):
    """The type of a place in an object; `keys` when it is a list of owned items."""

    codec: Codec | None
    keys: Keys | None = None
    whole: bool = False

    @property
    def has_members(self) -> bool:
        """Whether the place is a struct or a map with owned members."""
        return not self.whole and isinstance(self.codec, (codecs.Struct, codecs.Map))

    def below(self, name: str) -> Place:
        """Return the place of a member; one that the type does not have is one value."""
        codec = self.codec
        if isinstance(codec, codecs.Map):
            return _place(codec.item)
        if not isinstance(codec, codecs.Struct):
            return Place(None)
        found = codec.member(name)
        return Place(None) if found is None else _member(codec.cls, name, found)

    @property
    def item(self) -> Place:
        """Return the place of an item of the list."""
        assert isinstance(self.codec, codecs.Sequence)
        place = _place(self.codec.item)
        return place if self.keys is None or not self.keys.names else _opened(place)


def _opened(place: Place) -> Place:
    """An item that is told apart by its members has owned members, whatever its type."""
    return Place(place.codec)


def _member(cls: type[Object], name: str, codec: Codec) -> Place:
    place = _place(codec)
    for owner in cls.__mro__:
        if (owner.__name__, name) in _WHOLE_MAPS:
            return Place(place.codec, whole=True)
        keys = _LISTS.get(owner.__name__, {}).get(name)
        if keys is not None:
            return Place(place.codec, keys)
    return place


def _place(codec: Codec) -> Place:
    if isinstance(codec, codecs.Pointer):
        codec = codec.inner
    whole = isinstance(codec, codecs.Struct) and codec.cls.__name__ in _WHOLE_TYPES
    return Place(codec, whole=whole)


def place_of(codec: Codec) -> Place:
    """Return the place of a whole object."""
    return _place(codec)
