"""Which container of a pod is meant? (kubectl: cmd/util/podcmd)"""

from __future__ import annotations

import sys
from typing import Any

from agent.cli.client.errors import ClientError

_DEFAULT = "kubectl.kubernetes.io/default-container"


def of_pod(pod: Any, *, inits_first: bool = False) -> list[str]:
    """The names of its containers, and then or first those of its init containers."""
    spec = pod["spec"]
    mains = [one["name"] for one in spec["containers"]]
    inits = [one["name"] for one in spec.get("initContainers", ())]
    return [*inits, *mains] if inits_first else [*mains, *inits]


def choose(pod: Any, wanted: str) -> str:
    """The container that is named, else the pod's default, else its first; ClientError."""
    metadata = pod["metadata"]
    names = of_pod(pod)
    if wanted:
        if wanted not in names:
            raise ClientError(f"container {wanted} is not valid for pod {metadata['name']}")
        return wanted
    default = str((metadata.get("annotations") or {}).get(_DEFAULT, ""))
    if default in names:
        return default
    if default:
        sys.stderr.write(f'Default container name "{default}" not found in pod\n')
    if len(names) > 1:
        inits = {one["name"] for one in pod["spec"].get("initContainers", ())}
        shown = ", ".join(f"{name} (init)" if name in inits else name for name in names)
        sys.stderr.write(f'Defaulted container "{names[0]}" out of: {shown}\n')
    return names[0]
