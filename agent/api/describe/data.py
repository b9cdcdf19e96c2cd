"""What does `kubectl describe` print of namespaces, configuration and accounts?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agent.api.describe.events import describe_events
from agent.api.describe.layout import (
    Page,
    stamp,
    write_annotations,
    write_heading,
    write_labels,
    write_table,
)
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.namespace import Namespace
from agent.model.service_account import ServiceAccount

_TOKEN = ("kubernetes.io/service-account-token", "token")
_CONDITIONS = ("Type", "Status", "LastTransitionTime", "Reason", "Message")


def describe_namespace(namespace: Namespace, now: datetime) -> str:
    """A namespace as text (kubectl: describeNamespace)."""
    page = Page()
    _common(page, namespace.metadata, namespaced=False)
    page.line(0, "Status:", namespace.status.phase)
    if namespace.status.conditions:
        page.line(0, "Conditions:")
        rows = (
            (c.type, c.status, stamp(c.last_transition_time, now), c.reason, c.message)
            for c in namespace.status.conditions
        )
        write_table(page, _CONDITIONS, rows)
    return page.text()


def describe_config_map(config_map: ConfigMap, events: Iterable[Event], now: datetime) -> str:
    """A ConfigMap as text: texts as they are, bytes by their number (ConfigMapDescriber)."""
    page = Page()
    _common(page, config_map.metadata)
    _title(page, "Data")
    for key, value in sorted(config_map.data.items()):
        for text in (f"{key}:", "----", value, ""):
            page.line(0, text)
    _title(page, "BinaryData")
    for key, value in sorted(config_map.binary_data.items()):
        page.line(0, f"{key}: {_size(value)} bytes")
    page.line(0, "")
    describe_events(page, events, now)
    return page.text()


def describe_secret(secret: Secret) -> str:
    """A Secret as text: how long its values are, never what they are (describeSecret).

    The one exception is kubectl's: the token of a service account.
    """
    page = Page()
    _common(page, secret.metadata)
    page.line(0, "")
    page.line(0, "Type:", secret.type)
    _title(page, "Data")
    for key, value in sorted(secret.data.items()):
        shown = f"{_size(value)} bytes"
        if (secret.type, key) == _TOKEN:
            shown = _bytes(value).decode("utf-8", "replace")
        page.line(0, f"{key}:", shown)
    return page.text()


def describe_service_account(
    account: ServiceAccount, events: Iterable[Event], now: datetime
) -> str:
    """A ServiceAccount as text (describeServiceAccount)."""
    page = Page()
    _common(page, account.metadata)
    page.lines(0, "Image pull secrets", [one.name for one in account.image_pull_secrets])
    page.lines(0, "Mountable secrets", [one.name for one in account.secrets])
    page.lines(0, "Tokens", [])
    describe_events(page, events, now)
    return page.text()


def _common(page: Page, metadata: ObjectMeta, *, namespaced: bool = True) -> None:
    write_heading(page, metadata, namespaced=namespaced)
    write_labels(page, "Labels", metadata.labels)
    write_annotations(page, metadata.annotations)


def _title(page: Page, title: str) -> None:
    for text in ("", title, "===="):
        page.line(0, text)


def _bytes(value: str) -> bytes:
    from base64 import b64decode

    return b64decode(value)


def _size(value: str) -> int:
    return len(_bytes(value))
