"""What a manifest leaves out is filled in as Kubernetes does."""

from __future__ import annotations

from typing import Any

from agent.manifest.decode import decode, encode
from agent.manifest.defaults import default_pod
from agent.manifest.document import read_path
from agent.model.pod import Pod
from tests.support import tables


@tables.rows("defaults")
def test_a_default_is_set_where_nothing_was(row: dict[str, Any]) -> None:
    decoded = decode(Pod, {"spec": row["spec"]})
    assert decoded.findings == ()

    pod = default_pod(decoded.object)

    spec = encode(pod)["spec"]
    for path, expected in row["becomes"].items():
        value: Any = spec
        for part in read_path(path):
            value = value[part]
        assert value == expected, path
    assert default_pod(pod) == pod
