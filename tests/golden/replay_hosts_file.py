"""The hosts file of a pod with its own network name."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.model.pod import HostAlias
from agent.rules.hosts import hosts_file
from tests.golden.recorded_runs import describe


def replay(case: dict[str, Any]) -> str | None:
    """Compare the whole text."""
    given = case["input"]
    aliases = msgspec.convert(given["hostAliases"], tuple[HostAlias, ...])
    content = hosts_file(given["podIPs"], given["hostname"], given["domain"], aliases)
    return describe(case["expected"], {"content": content})
