"""What `kubectl explain` says of the fields that people look up most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SECONDS_BEFORE: Final = "Seconds after the container's start before the first probe; 0 by default."
_GRACE: Final = (
    "Seconds that the container has to end after this probe has failed, instead of the pod's own."
)

#: By type and attribute.
TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "PodSpec": {
        "containers": "What runs; at least one, all at the same time.",
        "init_containers": "What runs before, one after the other, each to its end.",
        "restart_policy": "Always, OnFailure or Never; Always by default.",
        "termination_grace_period_seconds": "Seconds from the signal to the kill; 30 by default.",
        "active_deadline_seconds": "Seconds after which the pod is ended and has failed.",
        "volumes": "What containers may mount.",
    },
    "Container": {
        "name": "Tells it from the pod's other containers; cannot change.",
        "image": "Looked up in [images] of barepod.toml; with `command` it needs no entry.",
        "command": "The program and its first arguments, in place of the image's entrypoint.",
        "args": "Further arguments, in place of the image's cmd; $(NAME) is replaced.",
        "working_dir": "Where it starts.",
        "ports": "Ports that it listens on; probes may use their names.",
        "env": "Environment variables.",
        "env_from": "Whole ConfigMaps and Secrets as environment variables.",
        "resources": "What it needs, and the limits that it is held to.",
        "restart_policy": "Of an init container: Always lets it run beside the others.",
        "volume_mounts": "Where the pod's volumes are seen.",
        "liveness_probe": "The container is restarted when it fails.",
        "readiness_probe": "Whether the container is ready; as long as it fails the pod is not.",
        "startup_probe": "The other probes wait for its first success; it restarts when it fails.",
        "lifecycle": "What is done right after the start, and before the end.",
        "security_context": "User, groups and rights.",
        "stdin": "Whether it has an input that `kubectl attach -i` can write to.",
        "stdin_once": "Whether that input ends with the first one who wrote to it.",
        "tty": "Whether it runs on a terminal; needs `stdin`.",
    },
    "Probe": {
        "initial_delay_seconds": _SECONDS_BEFORE,
        "timeout_seconds": "Seconds after which a probe has failed; 1 by default.",
        "period_seconds": "Seconds from one probe to the next; 10 by default.",
        "success_threshold": "Successes in a row that end a failure; 1 by default.",
        "failure_threshold": "Failures in a row that make a failure; 3 by default.",
        "termination_grace_period_seconds": _GRACE,
    },
    "Lifecycle": {
        "post_start": "Done right after the start; the container is killed if it fails.",
        "pre_stop": "Done before the stop signal, in the time that the pod has to end.",
        "stop_signal": "The signal in place of the image's; needs the pod's `os.name`.",
    },
    "HTTPGetAction": {
        "path": "/ by default.",
        "port": "A number from 1 to 65535, or the name of a container port.",
        "host": "The node's own address by default.",
        "scheme": "HTTP or HTTPS; certificates are not verified.",
        "http_headers": "Headers of the request; one name may come more than once.",
    },
    "TCPSocketAction": {
        "port": "A number from 1 to 65535, or the name of a container port.",
        "host": "The node's own address by default.",
    },
    "ExecAction": {"command": "The program and its arguments; no shell is involved."},
    "GRPCAction": {
        "port": "A number from 1 to 65535.",
        "service": "What the health service is asked about; everything by default.",
    },
    "SleepAction": {"seconds": "How long."},
}
