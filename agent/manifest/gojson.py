"""How does Go write a value as JSON? Kubernetes shows bad values so in its messages."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent.model.base import Object

#: JSON names whose Go name is not simply the name with a capital letter.
_GO_NAMES = {
    "ip": "IP",
    "ips": "IPs",
    "uid": "UID",
    "apiGroup": "APIGroup",
    "apiVersion": "APIVersion",
    "hostIPs": "HostIPs",
    "podIPs": "PodIPs",
    "seLinuxOptions": "SELinuxOptions",
    "seLinuxChangePolicy": "SELinuxChangePolicy",
    "gmsaCredentialSpecName": "GMSACredentialSpecName",
    "gmsaCredentialSpec": "GMSACredentialSpec",
    "httpGet": "HTTPGet",
    "httpHeaders": "HTTPHeaders",
    "tcpSocket": "TCPSocket",
    "grpc": "GRPC",
    "tty": "TTY",
    "dnsPolicy": "DNSPolicy",
    "dnsConfig": "DNSConfig",
    "fsGroup": "FSGroup",
    "fsGroupChangePolicy": "FSGroupChangePolicy",
    "os": "OS",
    "fsType": "FSType",
    "nfs": "NFS",
    "csi": "CSI",
    "fc": "FC",
    "rbd": "RBD",
    "iscsi": "ISCSI",
    "cephfs": "CephFS",
    "awsElasticBlockStore": "AWSElasticBlockStore",
    "gcePersistentDisk": "GCEPersistentDisk",
    "storageos": "StorageOS",
}


def to_json(value: object) -> str:
    """Return `value` as Go's json.Marshal writes it: compact, maps sorted, <, > and & escaped.

    A Struct of the core API is printed with its Go field names and explicit nulls, because the
    validation of Kubernetes sees the internal types, which carry no JSON names; a Struct of
    meta/v1 is printed as on the wire.
    """
    import json  # only for messages

    text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _plain(value: object) -> object:
    """Reduce to what json.dumps writes in the order it should be written."""
    if isinstance(value, Object):
        if is_on_the_wire(value):
            return msgspec.to_builtins(value)
        fields = msgspec.structs.fields(value)
        return {go_name(f.encode_name): _member(getattr(value, f.name)) for f in fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def is_on_the_wire(value: Object) -> bool:
    """Whether the validation of Kubernetes sees a value as clients do.

    No internal type stands behind meta/v1, but one does behind the references of the core API,
    which the model has in the same place.
    """
    cls = type(value)
    return cls.__module__ == "agent.model.meta" and not cls.__name__.endswith("ObjectReference")


def _member(value: object) -> object:
    """A field of an internal struct; an empty slice or map is nil there, hence null."""
    return None if value in ((), {}) else _plain(value)


def go_name(json_name: str) -> str:
    """Return the Go field name for a JSON name of the core API ("runAsUser": "RunAsUser")."""
    return _GO_NAMES.get(json_name) or json_name[:1].upper() + json_name[1:]
