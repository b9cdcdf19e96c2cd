"""top: usage as kubectl prints it (kubectl: pkg/metricsutil/metrics_printer.go)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from agent.cli.client.errors import ClientError
from agent.cli.client.options import selection
from agent.cli.client.session import Session
from agent.cli.client.table import Layout
from agent.model.quantity import parse

_METRICS = "/apis/metrics.k8s.io/v1beta1"
_MEBIBYTE = 1024 * 1024
_UNKNOWN = "<unknown>"


class Top(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    name: str = ""
    selector: str = ""
    by_container: bool = False
    sort_by: str | None = None
    sums: bool = False
    no_headers: bool = False


class Usage(msgspec.Struct, frozen=True):
    """Thousandths of a CPU, and bytes."""

    cpu: int = 0
    memory: int = 0

    @classmethod
    def of(cls, usage: dict[str, str]) -> Usage:
        """From the texts of the server."""
        cpu = parse(usage.get("cpu", "0")).milli_value()
        return cls(cpu, parse(usage.get("memory", "0")).value())

    @classmethod
    def sum(cls, usages: Iterable[Usage]) -> Usage:
        """All of them together."""
        found = list(usages)
        return cls(sum(one.cpu for one in found), sum(one.memory for one in found))

    def cells(self) -> list[str]:
        """`3m`, `14Mi`."""
        return [f"{self.cpu}m", f"{self.memory // _MEBIBYTE}Mi"]


class _Row(msgspec.Struct, frozen=True):
    """A line: the words before the numbers, and the numbers."""

    names: list[str]
    usage: Usage


def top_pods(session: Session, top: Top) -> None:
    """Print what pods use; ClientError."""
    place = f"/namespaces/{session.namespace}" if session.namespace else ""
    items = _ask(session, f"{_METRICS}{place}/pods", top)
    if not items:
        where = f" in {session.namespace} namespace." if session.namespace else ""
        sys.stderr.write(f"No resources found{where}\n")
        return
    rows = [row for item in items for row in _pod_rows(item, top)]
    names = ["POD", "NAME"] if top.by_container else ["NAME"]
    if not session.namespace:
        names.insert(0, "NAMESPACE")
        rows = [
            msgspec.structs.replace(row, names=[item, *row.names])
            for row, item in zip(rows, _namespaces(items, top), strict=True)
        ]
    lines = [[*row.names, *row.usage.cells()] for row in _sorted(rows, top)]
    if top.sums:
        blank = [""] * len(names)
        lines.append([*blank, "________", "________"])
        lines.append([*blank, *Usage.sum(row.usage for row in rows).cells()])
    _write([*names, "CPU(cores)", "MEMORY(bytes)"], lines, top)


def top_nodes(session: Session, top: Top) -> None:
    """Print what the machine uses, also of what it has; ClientError."""
    items = _ask(session, f"{_METRICS}/nodes", top)
    if not items:
        sys.stderr.write("No resources found\n")
        return
    nodes = session.server.ask("GET", session.kinds.core("nodes").path())["items"]
    has = {
        node["metadata"]["name"]: Usage.of(node["status"].get("allocatable", {})) for node in nodes
    }
    rows = [_Row([item["metadata"]["name"]], Usage.of(item["usage"])) for item in items]
    lines = []
    for row in _sorted(rows, top):
        cpu, memory = row.usage.cells()
        all_of_it = has.get(row.names[0], Usage())
        of_cpu = _percent(row.usage.cpu, all_of_it.cpu)
        lines.append(
            [*row.names, cpu, of_cpu, memory, _percent(row.usage.memory, all_of_it.memory)]
        )
    _write(["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"], lines, top)


def _ask(session: Session, path: str, top: Top) -> list[Any]:
    if top.name and top.selector:
        raise ClientError("only one of NAME or --selector can be provided")
    if top.name:
        return [session.server.ask("GET", f"{path}/{top.name}")]
    items: list[Any] = session.server.ask("GET", path, selection(top.selector))["items"]
    return items


def _pod_rows(item: Any, top: Top) -> list[_Row]:
    name = item["metadata"]["name"]
    each = [(one["name"], Usage.of(one["usage"])) for one in item["containers"]]
    if top.by_container:
        return [_Row([name, container], usage) for container, usage in each]
    return [_Row([name], Usage.sum(usage for _, usage in each))]


def _namespaces(items: Iterable[Any], top: Top) -> list[str]:
    """The namespace of each row."""
    return [
        item["metadata"]["namespace"]
        for item in items
        for _ in range(len(item["containers"]) if top.by_container else 1)
    ]


def _sorted(rows: list[_Row], top: Top) -> list[_Row]:
    if top.sort_by is None:
        return sorted(rows, key=lambda row: row.names)
    return sorted(rows, key=lambda row: getattr(row.usage, str(top.sort_by)), reverse=True)


def _percent(part: int, whole: int) -> str:
    return f"{part * 100 // whole}%" if whole else _UNKNOWN


def _write(header: list[str], lines: Sequence[list[str]], top: Top) -> None:
    """Every cell is filled up, the last one too: kubectl ends it with a tab."""
    rows = [*([] if top.no_headers else [header]), *lines]
    for line in Layout().lines([*row, ""] for row in rows):
        sys.stdout.write(f"{line}\n")
