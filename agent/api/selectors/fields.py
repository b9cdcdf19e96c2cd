"""Field selectors: the few fields of each kind by which objects may be chosen.

(apimachinery: pkg/fields/selector.go; the fields of a kind: pkg/apis/core/v1/conversion.go and
the strategies of pkg/registry/core)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from agent.api.selectors.error import SelectorError
from agent.model.base import Object
from agent.model.event import Event
from agent.model.gotext import quote

Getter = Callable[[Any], str]

_OPERATORS: Final = ("!=", "==", "=")
_ESCAPED: Final = "\\,="
_NAME: Final = "metadata.name"
_NAMESPACE: Final = "metadata.namespace"

_METADATA: Final[dict[str, Getter]] = {
    _NAME: lambda obj: str(obj.metadata.name),
    _NAMESPACE: lambda obj: str(obj.metadata.namespace),
}


def _text(value: bool) -> str:
    return "true" if value else "false"


def _pod_ip(pod: Any) -> str:
    return str(pod.status.pod_ips[0].ip) if pod.status.pod_ips else ""


def _source(event: Event) -> str:
    return event.source.component or event.reporting_component


_POD: Final[dict[str, Getter]] = {
    **_METADATA,
    "spec.nodeName": lambda pod: str(pod.spec.node_name),
    "spec.restartPolicy": lambda pod: str(pod.spec.restart_policy),
    "spec.schedulerName": lambda pod: str(pod.spec.scheduler_name),
    "spec.serviceAccountName": lambda pod: str(pod.spec.service_account_name),
    "spec.hostNetwork": lambda pod: _text(pod.spec.host_network),
    "status.phase": lambda pod: str(pod.status.phase),
    "status.podIP": _pod_ip,
    "status.podIPs": lambda _: "",  # known, but without a value in Kubernetes, too
    "status.nominatedNodeName": lambda pod: str(pod.status.nominated_node_name),
}
_EVENT: Final[dict[str, Getter]] = {
    **_METADATA,
    "involvedObject.kind": lambda event: str(event.involved_object.kind),
    "involvedObject.namespace": lambda event: str(event.involved_object.namespace),
    "involvedObject.name": lambda event: str(event.involved_object.name),
    "involvedObject.uid": lambda event: str(event.involved_object.uid),
    "involvedObject.apiVersion": lambda event: str(event.involved_object.api_version),
    "involvedObject.resourceVersion": lambda event: str(event.involved_object.resource_version),
    "involvedObject.fieldPath": lambda event: str(event.involved_object.field_path),
    "reason": lambda event: str(event.reason),
    "reportingComponent": lambda event: str(event.reporting_component),
    "source": _source,
    "type": lambda event: str(event.type),
}
#: Kinds with fields of their own; all others know name and namespace.
_FIELDS: Final[dict[str, Mapping[str, Getter]]] = {
    "Pod": _POD,
    "Event": _EVENT,
    "Node": {
        _NAME: _METADATA[_NAME],
        "spec.unschedulable": lambda node: _text(node.spec.unschedulable),
    },
    "Namespace": {
        _NAME: _METADATA[_NAME],
        "status.phase": lambda namespace: str(namespace.status.phase),
    },
    "Secret": {**_METADATA, "type": lambda secret: str(secret.type)},
    "Service": {
        **_METADATA,
        "spec.clusterIP": lambda service: str(service.spec.cluster_ip),
        "spec.type": lambda service: str(service.spec.type),
    },
}
#: Old names of fields.
_RENAMED: Final = {("Pod", "spec.host"): "spec.nodeName"}


class Term(msgspec.Struct, frozen=True):
    """One field and the value that it must have, or must not have."""

    field: str
    value: str
    equal: bool

    def __str__(self) -> str:
        """The canonical text."""
        value = "".join(f"\\{c}" if c in _ESCAPED else c for c in self.value)
        return f"{self.field}{'=' if self.equal else '!='}{value}"


class Fields(msgspec.Struct, frozen=True):
    """A field selector for objects of one kind; without terms it means everything."""

    kind: str
    terms: tuple[Term, ...] = ()

    def matches(self, obj: Object) -> bool:
        """Say whether an object of the kind is meant; a field that is absent is empty."""
        known = _FIELDS.get(self.kind, _METADATA)
        return all((known[term.field](obj) == term.value) == term.equal for term in self.terms)

    @property
    def name(self) -> str | None:
        """The one name that an object must have to be meant, None when the selector leaves it."""
        return self._pinned(_NAME)

    @property
    def namespace(self) -> str | None:
        """The one namespace that an object must have to be meant."""
        return self._pinned(_NAMESPACE)

    def _pinned(self, field: str) -> str | None:
        values = (term.value for term in self.terms if term.field == field and term.equal)
        return next(values, None)

    def __str__(self) -> str:
        """The canonical text."""
        return ",".join(map(str, self.terms))


def parse(text: str, kind: str) -> Fields:
    """Return the selector of a `fieldSelector` for a kind; raises SelectorError."""
    return Fields(kind, tuple(_converted(term, kind) for term in parse_terms(text)))


def parse_terms(text: str) -> tuple[Term, ...]:
    """Return the terms as written, in canonical order; raises SelectorError."""
    return tuple(_term(part, text) for part in sorted(_parts(text)) if part)


def _converted(term: Term, kind: str) -> Term:
    field = _RENAMED.get((kind, term.field), term.field)
    if kind not in _FIELDS and field not in _METADATA:
        known = ", ".join(map(quote, _METADATA))
        raise SelectorError(f"{quote(field)} is not a known field selector: only {known}")
    if field not in _FIELDS.get(kind, _METADATA):
        raise SelectorError(f"field label not supported: {field}")
    return msgspec.structs.replace(term, field=field)


def _parts(text: str) -> list[str]:
    """Split at commas that are not escaped."""
    parts = [""]
    escaped = False
    for character in text:
        if character == "," and not escaped:
            parts.append("")
        else:
            parts[-1] += character
        escaped = character == "\\" and not escaped
    return parts


def _term(part: str, whole: str) -> Term:
    for at in range(len(part)):
        for operator in _OPERATORS:
            if part.startswith(operator, at):
                value = _unescaped(part[at + len(operator) :])
                return Term(part[:at], value, operator != "!=")
    raise SelectorError(f"invalid selector: '{whole}'; can't understand '{part}'")


def _unescaped(text: str) -> str:
    value = ""
    escaped = False
    for character in text:
        if escaped and character not in _ESCAPED:
            raise _bad_escape(f"\\{character}")
        if escaped or character not in _ESCAPED:
            value += character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            wrong = f"unescaped character in value: {ord(character)}"
            raise SelectorError(f"invalid field selector: {wrong}")
    if escaped:
        raise _bad_escape("\\")
    return value


def _bad_escape(sequence: str) -> SelectorError:
    return SelectorError(f"invalid field selector: invalid escape sequence: {sequence}")
