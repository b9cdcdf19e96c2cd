"""Which capabilities a container loses."""

from __future__ import annotations

import pytest

from agent.host.capabilities import CapabilityError, dropped
from agent.model.security import Capabilities


@pytest.mark.parametrize(
    ("capabilities", "numbers"),
    [
        (None, ()),
        (Capabilities(add=("NET_ADMIN",)), ()),
        (Capabilities(drop=("CHOWN", "KILL")), (0, 5)),
        (Capabilities(drop=("CAP_CHOWN", "kill")), (0, 5)),
        (Capabilities(drop=("ALL",)), (0, 1, 2, 3, 4, 5)),
        (Capabilities(drop=("all",), add=("KILL", "CHOWN")), (1, 2, 3, 4)),
        (Capabilities(drop=("BPF",)), ()),
    ],
)
def test_what_is_dropped_and_not_added_is_lost(
    capabilities: Capabilities | None, numbers: tuple[int, ...]
) -> None:
    assert dropped(capabilities, last=5) == numbers


def test_an_unknown_capability_is_refused() -> None:
    with pytest.raises(CapabilityError, match="unknown capability FLY"):
        dropped(Capabilities(drop=("FLY",)), last=40)
