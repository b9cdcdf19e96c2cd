"""Random pods as plain values, for properties."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_WORDS = st.text("abc-./", max_size=4)
_COUNTS = st.integers(0, 100)
_PORTS = st.integers(0, 70000) | _WORDS


def _object(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the fields, each present or not."""
    return st.fixed_dictionaries({}, optional=fields)


_EXEC = _object(command=st.lists(_WORDS, max_size=2))
_HTTP = _object(path=_WORDS, port=_PORTS, scheme=_WORDS)
_PROBE = _object(
    exec=_EXEC,
    httpGet=_HTTP,
    tcpSocket=_object(port=_PORTS),
    grpc=_object(port=_COUNTS, service=_WORDS),
    periodSeconds=_COUNTS,
    terminationGracePeriodSeconds=_COUNTS,
)
_HOOK = _object(exec=_EXEC, httpGet=_HTTP, sleep=_object(seconds=_COUNTS))
_QUANTITIES = st.dictionaries(
    st.sampled_from(["cpu", "memory", "hugepages-2Mi"]),
    st.sampled_from(["1", "250m", "64Mi", "1.5Gi", "1e3", "0"]),
)
_RESOURCES = _object(limits=_QUANTITIES, requests=_QUANTITIES)
_VARIABLE = _object(
    name=_WORDS,
    value=_WORDS,
    valueFrom=_object(
        fieldRef=_object(fieldPath=_WORDS),
        configMapKeyRef=_object(name=_WORDS, key=_WORDS, optional=st.booleans()),
        resourceFieldRef=_object(resource=_WORDS),
    ),
)
_CONTAINER = _object(
    name=_WORDS,
    image=_WORDS,
    command=st.lists(_WORDS, max_size=2),
    env=st.lists(_VARIABLE, max_size=2),
    ports=st.lists(_object(containerPort=_COUNTS, name=_WORDS), max_size=2),
    resources=_RESOURCES,
    livenessProbe=_PROBE,
    lifecycle=_object(postStart=_HOOK, preStop=_HOOK),
    restartPolicy=st.sampled_from(["Always", "Never"]),
    securityContext=_object(runAsUser=_COUNTS, privileged=st.booleans()),
)
_VOLUME = _object(
    name=_WORDS,
    emptyDir=_object(medium=_WORDS),
    configMap=_object(name=_WORDS, defaultMode=_COUNTS),
    downwardAPI=_object(items=st.lists(_object(path=_WORDS, fieldRef=_object()), max_size=1)),
)
#: A pod with any fields in any combination: hardly ever a valid one.
PODS: st.SearchStrategy[dict[str, Any]] = _object(
    metadata=_object(
        name=_WORDS,
        labels=st.dictionaries(_WORDS, _WORDS, max_size=2),
        creationTimestamp=st.sampled_from(["2025-06-01T12:00:00Z"]),
    ),
    spec=_object(
        containers=st.lists(_CONTAINER, max_size=2),
        initContainers=st.lists(_CONTAINER, max_size=2),
        volumes=st.lists(_VOLUME, max_size=2),
        hostNetwork=st.booleans(),
        terminationGracePeriodSeconds=st.integers(-5, 50),
        resources=_RESOURCES,
    ),
)
