"""What a test needs of the machine: on a laptop its absence skips the test, in CI it fails it."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(text: str) -> NoReturn:
    """Say what is missing, and what to install or do."""
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)
