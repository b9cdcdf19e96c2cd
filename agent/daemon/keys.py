"""The keys of an agent's API, where the agent and those who ask for them find them."""

from __future__ import annotations

from datetime import datetime

from agent.api.access.credentials import Keys
from agent.config import Config

#: Below the state directory.
FOLDER = "pki"
_EVERYWHERE = ("", "0.0.0.0", "::")


def keys_of(config: Config, now: datetime) -> Keys:
    """The keys, made if there are none yet. OSError."""
    from agent.api.access.keys import load_or_make

    return load_or_make(f"{config.node.state_dir}/{FOLDER}", names_of(config), now)


def names_of(config: Config) -> tuple[str, ...]:
    """What the server may be called: names and addresses for its certificate."""
    host = config.api.listen.rpartition(":")[0].strip("[]")
    names = ("localhost", "127.0.0.1", "::1", config.node.name, config.node.address, host)
    return tuple(dict.fromkeys(name for name in names if name not in _EVERYWHERE))
